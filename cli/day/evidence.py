"""All that a day is judged by, and the two numbers that must be 0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.coverage import Coverage

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a day is judged by. `users`: account → user number; `held`: shares of ours at the bell, by account
    and symbol; `last`: coverage just before the close; `restarted`: user and the generation that was replaced."""

    ledger: Mapping[str, Any]
    users: Mapping[str, int]
    held: Mapping[tuple[str, str], int]
    positions: Sequence[Row]
    orders: Sequence[Row]
    sends: Sequence[Row]
    last: Sequence[Coverage]
    restarted: tuple[int, int]
    service_code: int

    def acquired(self, line: Row) -> int:
        """Shares of a symbol that were ever ours in an account: held at the bell and bought since."""
        return self.held.get((line["ucc"], line["symbol"]), 0) + int(line["bought"])
