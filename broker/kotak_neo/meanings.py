"""What Kotak means by an answer: the one table from code and shape to what follows, for changes and for reads.

Sources: Kotak's REST documents, FAQ, the official SDK and live reports. The first line that fits decides. Only what is
listed is a refusal; whatever is new, contradictory or unreadable stays unknown, since a refusal that was none would
sell twice. Codes of the first gateway (10020, 10300, 91400, 900901; retired in October 2025) are left out on purpose.
"""

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What an answer looks like, before anybody asks for its code."""

    UNSENT = "no connection, or the last check said no"
    SILENCE = "the connection broke, or the deadline came"
    PAGE = "no JSON that can be read: a page, a cut answer"
    CORE = "words: `already exists`, `error from core`"
    NO_HOLDINGS = "words: `no holdings found`"
    MIXED = "Ok or an order number, and something against it"
    OK = "Ok, with nothing against it"
    WORDS = "an object that says something"
    MUTE = "an object that says nothing"


class Effect(StrEnum):
    """What follows from an answer."""

    DONE = "done"
    NO_ROWS = "no rows"
    REFUSED = "refused"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"
    LOG_IN = "log in again"
    BARRED = "not from here"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as the table sees it; `http` is 0 where there was none."""

    shape: Shape
    http: int = 0
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """All of `shapes`, `http` and `codes` must fit; None fits everything. `own`: no code but the HTTP status's own.

    `change` is for place, modify, cancel: LOG_IN, BARRED and WAIT mean that the order system never saw the request.
    `read` is for all other calls: REFUSED that asking again at once does not help, WAIT that it may.
    """

    shapes: frozenset[Shape] | None
    http: Container[int] | None
    codes: frozenset[int | None] | None
    change: Effect
    read: Effect
    says: str
    own: bool = False

    def fits(self, seen: Seen) -> bool:
        """Whether this line is about such an answer."""
        return (
            (self.shapes is None or seen.shape in self.shapes)
            and (self.http is None or seen.http in self.http)
            and (self.codes is None or seen.code in self.codes)
            and (not self.own or seen.code in (None, seen.http))
        )


def line_for(seen: Seen) -> Line:
    """The first line that fits; the last one fits everything."""
    return next(line for line in TABLE if line.fits(seen))


GOOD = range(200, 300)
CLEAR = frozenset({*GOOD, 400, 401, 403, 404, 422})
"""Statuses under which a code is believed: a definite answer would come with one of these."""

DOOR = frozenset({401, 403})
TROUBLE = frozenset({424, *range(500, 600)})
SESSION_OVER: frozenset[int | None] = frozenset({1003, 1037, 100021, 100022, 200032})
"""The gateway knows no such session, for this address or at this host."""

DONE, NO_ROWS, REFUSED, NOT_SENT, UNKNOWN, LOG_IN, BARRED, WAIT = Effect
_OK = frozenset({Shape.OK})
_WORDS = frozenset({Shape.WORDS})
_ANSWER = frozenset({Shape.OK, Shape.WORDS, Shape.MUTE})


def _only(shape: Shape, http: Container[int] | None, change: Effect, read: Effect, says: str) -> Line:
    return Line(frozenset({shape}), http, None, change, read, says)


def _code(code: int, change: Effect, read: Effect, says: str) -> Line:
    return Line(_ANSWER, CLEAR, frozenset({code}), change, read, says)


TABLE: tuple[Line, ...] = (
    _only(Shape.UNSENT, None, NOT_SENT, WAIT, "nothing left this machine"),
    _only(Shape.SILENCE, None, UNKNOWN, WAIT, "sent, and no whole answer: the book tells"),
    _only(Shape.CORE, None, UNKNOWN, REFUSED, "the order is there or just arriving, or the core refused it: look"),
    _only(Shape.MIXED, None, UNKNOWN, REFUSED, "Ok without an order number, or with an error: nobody knows"),
    Line(_OK, GOOD, frozenset({200, 1000, None}), DONE, DONE, "success (1000: of the client's address)"),
    Line(None, {429}, None, WAIT, WAIT, "too many requests: turned away by the gateway, before the order system"),
    _only(Shape.NO_HOLDINGS, CLEAR - DOOR, UNKNOWN, NO_ROWS, "No holdings found for this client: no rows"),
    Line(_ANSWER, CLEAR - DOOR, frozenset({5203}), UNKNOWN, NO_ROWS, "No Data: success with zero rows"),
    _code(32, UNKNOWN, REFUSED, "error from core: a repeated tag, or a refusal of the core"),
    _code(429, UNKNOWN, WAIT, "too many requests, told in an answer: by whom is not known"),
    _code(1003, LOG_IN, LOG_IN, "Invalid session"),
    _code(1004, REFUSED, REFUSED, "Insufficient balance"),
    _code(1005, UNKNOWN, WAIT, "Internal Error: in passing, and nobody says how far it came"),
    _code(1006, REFUSED, REFUSED, "Invalid Exchange; order executed already, cancelled already or not found"),
    _code(1007, REFUSED, REFUSED, "Invalid Symbol; body invalid"),
    _code(1009, REFUSED, REFUSED, "Invalid Quantity; Invalid instrument/code (quotes)"),
    _code(1017, REFUSED, REFUSED, "algo order not allowed"),
    _code(1021, REFUSED, REFUSED, "order is completed"),
    _code(1037, LOG_IN, LOG_IN, "the session was made from another address"),
    _code(1041, REFUSED, REFUSED, "no last price for a market order: use a limit order"),
    _code(5202, REFUSED, REFUSED, "Invalid Request"),
    _code(5204, UNKNOWN, REFUSED, "Bad Input, or Client OrderID already exists"),
    _code(100008, BARRED, REFUSED, "unauthorized: the address is not on the account's list"),
    _code(100021, LOG_IN, LOG_IN, "invalid access type: trading with a view token"),
    _code(100022, LOG_IN, LOG_IN, "invalid session token"),
    _code(200032, LOG_IN, LOG_IN, "Invalid URL: another base URL holds since the last login"),
    Line(None, None, SESSION_OVER, UNKNOWN, LOG_IN, "a session's code under the status of a fault"),
    Line(_WORDS, DOOR, None, LOG_IN, LOG_IN, "bad credentials or session, in words", own=True),
    Line(None, DOOR, None, UNKNOWN, LOG_IN, "a closed door, but not in words that the gateway uses"),
    Line(None, TROUBLE, None, UNKNOWN, WAIT, "dependency, server or gateway error: how far it came is not known"),
    Line(None, {404}, None, UNKNOWN, REFUSED, "no such route: a defect of ours, or a moved host"),
    _only(Shape.PAGE, None, UNKNOWN, REFUSED, "a page of the edge, a cut answer, another protocol"),
    Line(None, None, None, UNKNOWN, REFUSED, "not in this table"),
)

REFUSALS = frozenset(code for line in TABLE if line.change is REFUSED for code in line.codes or () if code is not None)
"""The codes that definitely refuse a change."""
