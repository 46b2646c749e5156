"""Faults on command: what goes wrong with which call of which account, how often."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from broker.simulator import answers
from broker.simulator.answers import Answer, not_ok
from broker.simulator.kinds import ANY_CALL, FEED_CALLS, Kind, fits

REFUSAL_TEXT = "RMS:Rule: Rejected on command"
REFUSAL_CODE = 1004


@dataclass(slots=True, eq=False)
class Fault:
    """One fault on order. `ucc` None means every account, `times` None any number; `rows` counts for missing rows."""

    call: str
    kind: Kind
    ucc: str | None = None
    times: int | None = 1
    seconds: float = 0.0
    text: str = REFUSAL_TEXT
    rows: int = 1
    code: int = REFUSAL_CODE
    probability: float = 1.0
    seed: str = ""
    dice: dict[tuple[str | None, str], random.Random] = field(default_factory=dict)

    def strikes(self, ucc: str | None, call: str) -> bool:
        """Whether it befalls this call of this account; draws from their own dice."""
        if not self._names(call) or self.ucc not in (None, ucc):
            return False
        if self.probability >= 1:
            return True
        if (ucc, call) not in self.dice:
            self.dice[ucc, call] = random.Random(f"{self.seed} {ucc} {call}")
        return self.dice[ucc, call].random() < self.probability

    def _names(self, call: str) -> bool:
        return self.call == call or (self.call == ANY_CALL and call not in FEED_CALLS and fits(self.kind, call))

    def words(self) -> dict[str, Any]:
        """What it is waiting for."""
        names = ("call", "kind", "ucc", "times", "probability")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the client gets after the seconds: the answer, or a dropped connection for None."""

    answer: Answer | None
    seconds: float = 0.0


class Faults:
    """The faults that wait for their call, first ordered first used, and a count of those that struck."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._waiting: list[Fault] = []
        self._planned: list[Fault] = []
        self._ordered: Counter[tuple[str, str, str | None]] = Counter()
        self._struck: Counter[tuple[str, str]] = Counter()

    def add(self, fault: Fault) -> None:
        """Have it happen the next `times` times."""
        name = (fault.call, str(fault.kind), fault.ucc)
        self._ordered[name] += 1
        fault.seed = f"fault {self._seed} {name} {self._ordered[name]}"
        self._waiting.append(fault)

    def plan(self, fault: Fault) -> None:
        """It is to come; `begin` has it come unless all was cleared before."""
        self._planned.append(fault)

    def begin(self, fault: Fault) -> None:
        """What was planned happens from now on."""
        if fault in self._planned:
            self._planned.remove(fault)
            self.add(fault)

    def end(self, fault: Fault) -> None:
        """It happens no more, however often it was to; harmless when it is over."""
        if fault in self._waiting:
            self._waiting.remove(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more, nor later; the counts stay."""
        self._waiting.clear()
        self._planned.clear()

    def take(self, ucc: str | None, call: str) -> Fault | None:
        """The fault for this call, used up by one."""
        for fault in self._waiting:
            if fault.strikes(ucc, call):
                self._use(fault)
                self._struck[call, str(fault.kind)] += 1
                return fault
        return None

    def report(self) -> dict[str, Any]:
        """`struck` by kind, `calls` by call and kind, what is `waiting`, and what is `planned`."""
        struck: Counter[str] = Counter()
        calls: dict[str, dict[str, int]] = {}
        for (call, kind), count in sorted(self._struck.items()):
            struck[kind] += count
            calls.setdefault(call, {})[kind] = count
        waiting, planned = ([fault.words() for fault in faults] for faults in (self._waiting, self._planned))
        return {"struck": dict(struck), "calls": calls, "waiting": waiting, "planned": planned}

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
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
    Kind.BAD_GATEWAY_AFTER: answers.BAD_GATEWAY,
    Kind.UNAVAILABLE_AFTER: answers.UNAVAILABLE,
    Kind.GARBAGE_AFTER: answers.GARBAGE,
    Kind.OK_WITHOUT_NUMBER: answers.OK_WITHOUT_NUMBER,
}


def outcome_under(fault: Fault, carry_out: Callable[[], Answer]) -> Outcome:
    """What the client gets of a call under the fault; carried out or not as its kind says."""
    if fault.kind is Kind.SYNC_REJECT:
        return Outcome(not_ok(fault.code, fault.text), fault.seconds)
    if fault.kind in _INSTEAD:
        return Outcome(_INSTEAD[fault.kind], fault.seconds)
    answer: Answer | None = carry_out()
    if fault.kind is Kind.LATE_ROW:
        return Outcome(answer)
    return Outcome(_AFTERWARDS.get(fault.kind, answer), fault.seconds)
