"""What is left to say after the close: the coverage of the last minute, the counts, what broke, what to try next."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TextIO

from rich.console import Console

from cli.day.evidence import Evidence
from cli.day.log import Said
from cli.day.promises import duplicates, oversold
from cli.day.tables import coverage_table
from domain.coverage import Coverage, CoverState

NEXT = "Next: .venv/bin/python run.py --help; the README shows how to play a drill of your own with `serve --drill`."
WIDE = 150
"""Columns where there is no terminal to ask."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the day went; `evidence` is None when it ended before there was any."""

    log: Sequence[Said]
    last: Sequence[Coverage]
    evidence: Evidence | None
    broken: Sequence[str]
    seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """Positions of the day: protected or explained at the last minute, or sold; and what must be 0."""
        protected = sum(one.state is CoverState.PROTECTED for one in self.last)
        positions = self.evidence.positions if self.evidence else ()
        orders = self.evidence.orders if self.evidence else ()
        return {
            "positions": len(positions),
            "protected": protected,
            "explained": len(self.last) - protected,
            "sold": sum(row["closed_at"] is not None for row in positions),
            "lapsed": sum(row["status"] == "LAPSED" for row in orders),
            "duplicates": duplicates(self.evidence) if self.evidence else 0,
            "oversold": oversold(self.evidence) if self.evidence else 0,
        }


def write_report(outcome: Outcome, out: TextIO) -> None:
    """For people."""
    console = Console(file=out, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(file=out, highlight=False, width=WIDE)
    if outcome.last:
        console.print("\nCoverage at the last minute before the close", style="bold")
        console.print(coverage_table(outcome.last))
    if outcome.evidence:
        console.print(f"\n{_counted(outcome.counts)}")
    for sentence in outcome.broken:
        console.print(f"BROKEN {sentence}", style="bold red", markup=False)
    if not outcome.broken:
        console.print(f"Every invariant held, by the broker's own ledger; {outcome.seconds:.0f} s.", style="green")
    console.print(NEXT, markup=False)


def as_json(outcome: Outcome) -> str:
    """One object on one line."""
    whole = {
        **outcome.counts,
        "seconds": round(outcome.seconds, 1),
        "coverage": [asdict(one) for one in outcome.last],
        "events": [asdict(said) for said in outcome.log],
        "broken": list(outcome.broken),
        "next": NEXT,
    }
    return json.dumps(whole, default=str)


def _counted(counts: dict[str, int]) -> str:
    return (
        f"{counts['positions']} positions: {counts['sold']} sold; at the last minute {counts['protected']} protected,"
        f" {counts['explained']} without an order and saying why. {counts['lapsed']} orders lapsed at the close."
        f"\nduplicates = {counts['duplicates']}, oversold = {counts['oversold']}"
    )
