"""Every step that an order may take, and the evidence that each needs: the one table of the state machine.

The database holds the same table (`order_transitions`) and refuses the service any other step; a test compares the two.
What the broker reports is never refused: every step that a row of its book can cause is in here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.orders import OrderStatus, Side

S = OrderStatus


class Proof(StrEnum):
    """What a step rests on; all of it is stored."""

    INTENT = "INTENT"
    """A committed row of `sends`."""
    REPLY = "REPLY"
    """The broker's own answer to a send."""
    BOOK = "BOOK"
    """A row of the broker's order book."""
    HOLDINGS = "HOLDINGS"
    """The holdings of a later day, read twice alike, in an account without own shares of the symbol."""
    OPERATOR = "OPERATOR"
    """A row of `settlements`, with who wrote it and why."""
    OURS = "OURS"
    """Nothing of it ever left this machine: every send of it ended as not sent, or there was none."""
    POSITION = "POSITION"
    """The position that it belongs to is closed."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of an order of one side, and what may prove it."""

    side: Side
    before: OrderStatus
    after: OrderStatus
    proofs: tuple[Proof, ...]


AT_BROKER = (S.ACCEPTED, S.OPEN, S.CANCELLING)
STOPPED = (S.REJECTED, S.CANCELLED, S.LAPSED)
TERMINAL = frozenset({S.EXECUTED, S.ONGOING, S.CLOSED, *STOPPED})
"""States in which nothing of an order can trade any more."""
LATE = (Proof.BOOK, Proof.HOLDINGS, Proof.OPERATOR)
"""What may end an order of an earlier day."""


def _both(side: Side) -> Iterator[Transition]:
    done = S.EXECUTED if side is Side.SELL else S.ONGOING

    def steps(before: Iterable[OrderStatus], after: Iterable[OrderStatus], *proofs: Proof) -> Iterator[Transition]:
        return (Transition(side, old, new, proofs) for old in before for new in after if old is not new)

    yield from steps([S.SUBMITTING], [S.ACCEPTED], Proof.REPLY, Proof.BOOK, Proof.OPERATOR)
    yield from steps([S.SUBMITTING], [S.REJECTED], Proof.REPLY, Proof.BOOK)
    yield from steps([S.SUBMITTING], [S.CANCELLED], Proof.BOOK, Proof.OURS, Proof.HOLDINGS, Proof.OPERATOR)
    yield from steps([S.SUBMITTING, S.ACCEPTED], [S.OPEN], Proof.BOOK)
    yield from steps([S.OPEN], [S.CANCELLING], Proof.INTENT)
    yield from steps([S.CANCELLING], [S.OPEN], Proof.BOOK, Proof.REPLY)
    yield from steps(AT_BROKER, [S.REJECTED], Proof.BOOK)
    yield from steps([S.ACCEPTED], [S.CANCELLED], Proof.BOOK, Proof.OPERATOR)
    yield from steps([S.OPEN, S.CANCELLING], [S.CANCELLED], Proof.BOOK)
    yield from steps([S.SUBMITTING, *AT_BROKER], [S.LAPSED, done], *LATE)
    yield from steps(STOPPED, [S.ACCEPTED, S.OPEN, done, *STOPPED], Proof.BOOK)
    yield from steps([done], [S.OPEN], Proof.BOOK)


def _buys() -> Iterator[Transition]:
    yield Transition(Side.BUY, S.REQUESTED, S.SUBMITTING, (Proof.INTENT,))
    yield Transition(Side.BUY, S.REQUESTED, S.REJECTED, (Proof.OURS,))
    yield Transition(Side.BUY, S.ONGOING, S.CLOSED, (Proof.POSITION,))
    yield Transition(Side.BUY, S.CLOSED, S.ONGOING, (Proof.BOOK,))
    yield Transition(Side.BUY, S.CLOSED, S.OPEN, (Proof.BOOK,))


TRANSITIONS: tuple[Transition, ...] = (*_both(Side.SELL), *_both(Side.BUY), *_buys())
"""All of them; what is not in here is a defect of ours, never a state."""

MEANING: dict[OrderStatus, str] = {
    S.REQUESTED: "a buy that somebody asked for by a row; nothing was sent",
    S.SUBMITTING: "committed, and on its way or in doubt: it may be at the broker, nobody has seen it there",
    S.ACCEPTED: "the broker gave it a number; the exchange may still refuse it",
    S.OPEN: "the broker's order book shows it resting",
    S.CANCELLING: "we asked for its end, which the book does not show yet",
    S.EXECUTED: "a sell of which every share is sold",
    S.ONGOING: "a buy that ended with shares bought; they are held",
    S.CLOSED: "a buy whose position is gone",
    S.REJECTED: "refused, with the broker's words",
    S.CANCELLED: "ended before all was filled, by us or by the owner: the reason says by whom",
    S.LAPSED: "ended by the exchange: end of day, closing auction, a band that slid",
}
"""What each state says, for people."""


def allowed(side: Side, before: OrderStatus, after: OrderStatus) -> bool:
    """Whether an order may take this step; staying where it is is none."""
    return before is after or (side, before, after) in _KNOWN


_KNOWN = frozenset((step.side, step.before, step.after) for step in TRANSITIONS)
