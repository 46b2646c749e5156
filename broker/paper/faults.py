"""What goes wrong with a call to the paper broker, on command: the simulator's kinds, as Kotak's client meets them."""

from broker.retrying import Passing
from broker.simulator.kinds import Kind
from domain.errors import BrokerUnavailable
from domain.outcomes import NotSent, Outcome, Refused, Unknown
from domain.paper import PaperFault

CARRIED_OUT = frozenset({
    Kind.LOST_REPLY, Kind.LATE_REPLY, Kind.HANG_AFTER, Kind.BAD_GATEWAY_AFTER, Kind.UNAVAILABLE_AFTER,
    Kind.GARBAGE_AFTER, Kind.OK_WITHOUT_NUMBER, Kind.REJECT, Kind.LATE_ROW,
})  # fmt: skip
"""The broker does what it was asked all the same."""
ANSWERED = frozenset({Kind.LATE_REPLY, Kind.REJECT, Kind.LATE_ROW})
"""And says so."""
OF_REPORTS = frozenset({Kind.NO_DATA, Kind.MISSING_ROWS, Kind.MALFORMED_ROW, Kind.LATE_REPLY})
"""The report is given, though not as it should be."""


def carried_out(fault: PaperFault | None) -> bool:
    """Whether a change happens under the fault."""
    return fault is None or fault.kind in CARRIED_OUT


def outcome_under(fault: PaperFault, busy_is_unsent: bool) -> Outcome | None:
    """How a change ends for its client; None where the broker's own answer counts."""
    match fault.kind:
        case Kind.LATE_REPLY | Kind.REJECT | Kind.LATE_ROW | Kind.NO_DATA | Kind.MISSING_ROWS | Kind.MALFORMED_ROW:
            return None
        case Kind.TOO_MANY if busy_is_unsent:
            return NotSent("the broker's gateway turned it away (429): a fault on command")
        case Kind.SESSION_DEATH | Kind.OTHER_ADDRESS:
            return NotSent("session: ended, a fault on command")
        case Kind.ADDRESS_REFUSED:
            return Refused("100008", "unauthorized", _evidence(fault))
        case Kind.SYNC_REJECT:
            return Refused(str(fault.code), fault.text, _evidence(fault))
    return Unknown(f"sent, and no answer that could be read: {fault.kind}, a fault on command", _evidence(fault))


def fail(fault: PaperFault | None) -> None:
    """Raise what a read meets under the fault; return where there is a report."""
    if fault is None or fault.kind in OF_REPORTS:
        return
    if fault.kind in (Kind.GARBAGE_AFTER, Kind.ADDRESS_REFUSED, Kind.SYNC_REJECT, Kind.OK_WITHOUT_NUMBER):
        raise BrokerUnavailable(f"the paper broker's report cannot be read: {fault.kind}, a fault on command")
    if fault.kind in (Kind.REJECT, Kind.LATE_ROW):
        return
    raise Passing(f"the paper broker did not answer: {fault.kind}, a fault on command")


def _evidence(fault: PaperFault) -> dict[str, object]:
    return {"paper": True, "fault": fault.kind}
