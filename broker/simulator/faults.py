"""Faults on command: what goes wrong with which call of which account, how often."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from broker.simulator import answers
from broker.simulator.answers import Answer

ANY_CALL = "any"


class Kind(StrEnum):
    """What goes wrong. "Accepted" means that the call was carried out all the same."""

    LOST_REPLY = "lost_reply"
    """Accepted, then the connection is dropped."""
    DROP_BEFORE = "drop_before"
    """The connection is dropped, nothing was carried out."""
    LATE_REPLY = "late_reply"
    """Accepted, answered after the seconds."""
    HANG = "hang"
    """Nothing is carried out, the connection is dropped after the seconds."""
    HANG_AFTER = "hang_after"
    """Accepted, the connection is dropped after the seconds."""
    BAD_GATEWAY = "502_html"
    """Not accepted, a page instead of JSON."""
    UNAVAILABLE_AFTER = "503_after"
    """Accepted, 503 answered."""
    GARBAGE_AFTER = "garbage_after"
    """Accepted, the answer is not JSON."""
    OK_WITHOUT_NUMBER = "ok_without_number"
    """Accepted, the answer says Ok and names no order."""
    TOO_MANY = "429"
    """Not accepted, 429 answered."""
    SESSION_DEATH = "session_death"
    """Every session of the account ends; the call is refused with 100022."""
    ADDRESS_REFUSED = "ip_refused"
    """Not accepted, 100008: the address is not on the account's list."""
    OTHER_ADDRESS = "ip_changed"
    """Not accepted, 1037: the session was begun from another address."""
    REJECT = "reject"
    """Accepted, then refused by the risk checks in the given text (place, modify, cancel)."""
    NO_DATA = "no_data"
    """A report says "No Data" whatever there is."""
    MISSING_ROWS = "missing_rows"
    """The order book lacks its newest rows."""
    MALFORMED_ROW = "malformed_row"
    """The newest row of the order book has words where numbers belong."""


@dataclass(slots=True, eq=False)
class Fault:
    """One fault on order. `ucc` None means every account; `rows` counts for missing rows only."""

    call: str
    kind: Kind
    ucc: str | None = None
    times: int = 1
    seconds: float = 0.0
    text: str = "RMS:Rule: Rejected on command"
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client gets after the seconds: the answer, or a dropped connection for None."""

    answer: Answer | None
    seconds: float = 0.0


class Faults:
    """The faults that wait for their call, first ordered first used."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Have it happen the next `times` times."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self._waiting.clear()

    def take(self, ucc: str | None, call: str) -> Fault | None:
        """The fault for this call, used up by one."""
        for fault in self._waiting:
            if fault.call in (call, ANY_CALL) and fault.ucc in (None, ucc):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        fault.times -= 1
        if fault.times <= 0:
            self._waiting.remove(fault)


_INSTEAD: dict[Kind, Answer | None] = {
    Kind.DROP_BEFORE: None,
    Kind.HANG: None,
    Kind.BAD_GATEWAY: answers.BAD_GATEWAY,
    Kind.TOO_MANY: answers.TOO_MANY,
    Kind.SESSION_DEATH: answers.NO_SESSION,
    Kind.ADDRESS_REFUSED: answers.ADDRESS_REFUSED,
    Kind.OTHER_ADDRESS: answers.OTHER_ADDRESS,
    Kind.NO_DATA: answers.NO_DATA,
}
_AFTERWARDS: dict[Kind, Answer | None] = {
    Kind.LOST_REPLY: None,
    Kind.HANG_AFTER: None,
    Kind.UNAVAILABLE_AFTER: answers.UNAVAILABLE,
    Kind.GARBAGE_AFTER: answers.GARBAGE,
    Kind.OK_WITHOUT_NUMBER: answers.OK_WITHOUT_NUMBER,
}


def outcome_under(fault: Fault, carry_out: Callable[[], Answer]) -> Outcome:
    """What the client gets of a call under the fault; carried out or not as its kind says."""
    if fault.kind in _INSTEAD:
        return Outcome(_INSTEAD[fault.kind], fault.seconds)
    answer: Answer | None = carry_out()
    return Outcome(_AFTERWARDS.get(fault.kind, answer), fault.seconds)
