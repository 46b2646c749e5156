"""The side of the control door for what goes wrong: faults on command, by chance and on schedule."""

from collections.abc import Mapping
from datetime import datetime

from broker.simulator.clock import LONGEST
from broker.simulator.doorway import Doorway
from broker.simulator.faults import REFUSAL_CODE, REFUSAL_TEXT, Fault
from broker.simulator.kinds import ANY_CALL, FEED_CALLS, NOBODYS, Kind, fits
from broker.simulator.ledger_report import Report
from broker.simulator.routes import CALLS
from broker.simulator.settings import seconds

MOST_ROWS = 100_000
MOST_MEBIBYTES = 1024
_SIZES: dict[str, tuple[float, float]] = {
    "times": (1, 1_000_000_000),
    "probability": (0.000_000_1, 1),
    "seconds": (0, LONGEST),
    "rows": (1, MOST_ROWS),
    "after": (0, LONGEST),
    "lasting": (0.001, LONGEST),
}


class FaultDoor(Doorway):
    """Faults are ordered here; the faults themselves keep count."""

    def fault(
        self,
        call: str,
        kind: Kind | str,
        *,
        ucc: str | None = None,
        times: int | None = 1,
        seconds: float = 0.0,
        text: str = REFUSAL_TEXT,
        code: int = REFUSAL_CODE,
        rows: int = 1,
        probability: float = 1.0,
        after: float = 0.0,
        lasting: float | None = None,
    ) -> None:
        """Have the next calls of that name go wrong ("any" for every call, no `ucc` for every account).

        At most `times` calls (None: until cleared), each with the probability. The dice are the seed's: one for each
        fault in its order, account and call, so that other accounts and calls do not change what befalls this one.
        On schedule: not before `after` seconds from now, and for no more than `lasting` seconds then.
        """
        with self._now() as now:
            befalls = _kind(call, kind)
            if ucc is not None and self._broker.book(ucc) and call == NOBODYS:
                raise ValueError(f"the call {call} is no account's; leave ucc out")
            numbers = {"times": times, "probability": probability, "seconds": seconds, "rows": rows, "after": after}
            _require_sizes(befalls, numbers | {"lasting": lasting})
            fault = Fault(call, befalls, ucc, times, seconds, text, rows, code, probability)
            self._schedule(fault, now, after, lasting)

    def _schedule(self, fault: Fault, now: datetime, after: float, lasting: float | None) -> None:
        broker, begins = self._broker, now + seconds(after)
        broker.faults.plan(fault)
        if after:
            broker.at(begins, lambda _: broker.faults.begin(fault))
        else:
            broker.faults.begin(fault)
        if lasting is not None:
            broker.at(begins + seconds(lasting), lambda _: broker.faults.end(fault))

    def clear_faults(self) -> None:
        """Nothing goes wrong any more; what struck so far stays counted."""
        with self._now():
            self._broker.faults.clear()

    def faults(self) -> Report:
        """How often each kind struck, in all and by call, and what still waits."""
        with self._now():
            return self._broker.faults.report()


def _kind(call: str, kind: str) -> Kind:
    """The kind as such; ValueError for a call or a kind that is not known, and for two that never meet."""
    calls = CALLS | FEED_CALLS
    if call not in calls | {ANY_CALL}:
        raise ValueError(f"there is no call {call}; calls are {', '.join(sorted(calls))}, {ANY_CALL}")
    able = ", ".join(sorted(one for one in Kind if fits(one, call)))
    if kind not in set(Kind):
        raise ValueError(f"there is no kind {kind}; what can befall {call} is {able}")
    if not fits(Kind(kind), call):
        raise ValueError(f"{kind} cannot befall {call}; what can befall it is {able}")
    return Kind(kind)


def _require_sizes(kind: Kind, numbers: Mapping[str, float | None]) -> None:
    for name, number in numbers.items():
        least, most = (1, MOST_MEBIBYTES) if name == "rows" and kind is Kind.HUGE_FRAME else _SIZES[name]
        if number is not None and not least <= number <= most:
            raise ValueError(f"{name} of {kind} cannot be {number}; it is {least} at least and {most} at most")
