"""What was measured, as tables for people and as JSON for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks.calls import NO_SDK, SDK, Called
from benchmarks.cycles import Cycle
from benchmarks.feed import Fills
from benchmarks.floor import Floor
from benchmarks.limit import Limit
from benchmarks.options import Options
from benchmarks.ours import Bell
from benchmarks.waiting import Waiting

WIDTH = 118


@dataclass(frozen=True, slots=True)
class Pair:
    """Floor and ours, one after the other; `pinned`: this process on one core. Seconds."""

    pinned: bool
    floor: Floor
    ours: Bell

    @property
    def ratio(self) -> float:
        """How many times as long ours took."""
        return self.ours.answered / self.floor.seconds


@dataclass(frozen=True, slots=True)
class Limited:
    """A bell under a rate (orders a second and account)."""

    users: int
    positions: int
    rate: float
    ours: Bell

    @property
    def ideal(self) -> float:
        """Seconds in which the rate alone lets the last order go."""
        return float(ceil(self.positions / self.rate))


@dataclass(slots=True)
class Results:
    """Everything that one run of the benchmark found."""

    facts: dict[str, str]
    options: Options
    pairs: list[Pair] = field(default_factory=list)
    limited: list[Limited] = field(default_factory=list)
    cycles: list[Cycle] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    fills: list[Fills] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """What was not as it must be, whatever the figures."""
        bells = [pair.ours for pair in self.pairs] + [one.ours for one in self.limited]
        return [fault for bell in bells for fault in bell.faults]

    def ratio(self, pinned: bool) -> float:
        """The median of a series."""
        return median(pair.ratio for pair in self.pairs if pair.pinned is pinned)


def print_json(results: Results) -> None:
    """Everything, one object."""
    ratios = {_where(pinned): results.ratio(pinned) for pinned in _variants(results)}
    print(json.dumps({**asdict(results), "median_ratio": ratios, "faults": results.faults}, indent=2))


def print_tables(results: Results) -> None:
    """Plain text, coloured in nothing."""
    console = Console(width=WIDTH, highlight=False)
    for name, fact in results.facts.items():
        console.print(f"{name:12} {fact}")
    for table in (
        _bells(results),
        _rates(results),
        _cycles(results),
        _waits(results),
        _fills(results),
        _calls(results),
        _limits(results),
    ):
        if table.row_count:
            console.print()
            console.print(table)
    console.print()
    if results.calls and not any(one.by == SDK for one in results.calls):
        console.print(NO_SDK)
    for fault in results.faults[:10]:
        console.print(f"WRONG: {fault}")
    if not results.faults and (results.pairs or results.limited):
        console.print("Checked: every position has exactly one live sell at the broker, and never had more.")


def _bells(results: Results) -> Table:
    asked = results.options
    limit = f"{asked.rate:g} orders/s" if asked.rate else "no rate limit"
    table = _table(
        f"Bell: {asked.users} users × {asked.positions} positions, latency {1000 * asked.latency:g} ms, {limit}",
        "this process", "floor s", "its cpu",
        "ours s", "ratio", "its cpu", "first order", "last order", "tx/order", "stmt/order",
    )  # fmt: skip
    for pinned in _variants(results):
        for pair in (pair for pair in results.pairs if pair.pinned is pinned):
            table.add_row(
                _where(pinned),
                f"{pair.floor.seconds:.2f}",
                f"{pair.floor.processor:.2f}",
                *_bell(pair.ours, pair.ratio),
            )
        table.add_row(_where(pinned), "", "", "median", f"{results.ratio(pinned):.2f}", *[""] * 5, end_section=True)
    return table


def _rates(results: Results) -> Table:
    table = _table(
        "Bell under a rate limit",
        "case", "n/rate s", "ours s", "ratio", "its cpu", "first order", "last order", "tx/order", "stmt/order",
    )  # fmt: skip
    for one in results.limited:
        case = f"{one.users} × {one.positions} at {one.rate:g}/s"
        table.add_row(case, f"{one.ideal:.2f}", *_bell(one.ours, one.ours.answered / one.ideal))
    return table


def _bell(bell: Bell, ratio: float) -> list[str]:
    times = [
        f"{bell.answered:.2f}",
        f"{ratio:.2f}",
        f"{bell.processor:.2f}",
        f"{bell.first_sent:.2f}",
        f"{bell.last_sent:.2f}",
    ]
    return times + [f"{count / bell.orders:.2f}" for count in (bell.counts.transactions, bell.counts.statements)]


def _cycles(results: Results) -> Table:
    table = _table("One quiet cycle", "positions", "old orders", "statements", "transactions", "milliseconds")
    for cycle in results.cycles:
        counts = [f"{cycle.statements:g}", f"{cycle.transactions:g}", f"{cycle.milliseconds:.1f}"]
        table.add_row(str(cycle.positions), str(cycle.old_orders), *counts)
    return table


def _waits(results: Results) -> Table:
    table = _table("Tenants that wait", "tenants", "state", "kB each", "% of a core, all", "s to start")
    for wait in results.waiting:
        state = "logged in, before the bell" if wait.logged_in else "market closed"
        table.add_row(
            str(wait.tenants),
            state,
            f"{wait.bytes_each / 1024:.0f}",
            f"{wait.percent_of_a_core:.1f}",
            f"{wait.seconds_to_start:.1f}",
        )
    return table


def _fills(results: Results) -> Table:
    table = _table("From a fill to its row", "order feed", "tenants", "cycle s", "fills", "median s", "slowest s")
    for one in results.fills:
        counts = [str(one.tenants), f"{one.cycle:g}", str(one.fills)]
        table.add_row("on" if one.fed else "off", *counts, f"{one.median:.3f}", f"{one.slowest:.3f}")
    return table


def _calls(results: Results) -> Table:
    table = _table("Calls of one thread, latency 0", "call", "by", "calls/s", "its cpu, ms a call")
    for one in results.calls:
        table.add_row(one.call, one.by, f"{one.per_second:.0f}", f"{one.processor_ms:.2f}")
    return table


def _limits(results: Results) -> Table:
    table = _table("The simulator's limit on one core", "call", "answers/s", "answers/s of its cpu")
    for one in results.limits:
        table.add_row(one.call, f"{one.answers / one.seconds:.0f}", f"{one.of_a_core:.0f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table


def _variants(results: Results) -> Sequence[bool]:
    return sorted({pair.pinned for pair in results.pairs})


def _where(pinned: bool) -> str:
    return "on one core" if pinned else "on all cores"
