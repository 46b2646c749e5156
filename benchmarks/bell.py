"""The opening bell against the floor: `python benchmarks/bell.py`, or `make bench`. Figures are printed, never barred.

    floor    the same orders by bare threads with `requests`, no database
    ours     the service itself: from the bell until the last answer is committed

Beside it: what waiting and quiet cycles cost, the client's calls beside bare `requests` and Kotak's own SDK, and the
simulator's own limit.

Exits with 1 when a position does not end with exactly one live sell at the broker.
"""

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.calls import measure_calls
from benchmarks.cycles import measure_cycles
from benchmarks.feed import measure_fills
from benchmarks.floor import run_floor
from benchmarks.limit import measure_limits
from benchmarks.machine import facts, pinned
from benchmarks.options import Options, parse
from benchmarks.ours import Bells, TooLate
from benchmarks.peer import peer
from benchmarks.report import Limited, Pair, Results, print_json, print_tables
from benchmarks.rows import Rows, rows
from benchmarks.service_process import logged
from benchmarks.waiting import measure_waiting

Run = TypeVar("Run")
ATTEMPTS = 3
RATE = 5.0
LIMITED_USERS = 20
LIMITED_POSITIONS = 20
"""Four seconds' worth at that rate."""
CALLS = 200
LIMIT_SECONDS = 3.0
FED_USERS = 20
FILLS = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for and print it; the exit code."""
    options = parse(arguments)
    results = Results(facts(), options)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ninefifteen-bench-")))
        stack.enter_context(logged(folder, options.log_level))
        _measure(results, folder, stack.enter_context(rows(folder)))
    (print_json if options.json else print_tables)(results)
    return 1 if results.faults else 0


def _measure(results: Results, folder: Path, server: Rows) -> None:
    options = results.options
    if options.wants("bell"):
        bells = Bells(folder, server, options.users)
        for on_one_core in options.variants:
            for _ in range(options.repeats):
                results.pairs.append(_in_time(partial(_pair, options, folder, bells, on_one_core)))
    if options.wants("rate"):
        bells = Bells(folder, server, LIMITED_USERS)
        results.limited.append(_in_time(partial(_limited, options, folder, bells)))
    if options.wants("cycles"):
        _say("quiet cycles")
        results.cycles += measure_cycles(folder, server)
    if options.wants("waiting"):
        _wait(results, folder, server)
    if options.wants("calls"):
        _say("calls of the client")
        results.calls += measure_calls(folder, CALLS, options.repeats)
    if options.wants("limit"):
        _say("the simulator's limit")
        results.limits += measure_limits(folder, LIMIT_SECONDS)
    if options.wants("feed"):
        _say("fills with and without the order feed")
        for fed in (True, False):
            users = min(options.users, FED_USERS)
            results.fills.append(measure_fills(folder, server, users, FILLS, options.latency, fed))


def _in_time(run: Callable[[], Run]) -> Run:
    for _ in range(ATTEMPTS):
        try:
            return run()
        except TooLate:
            _say("again, since the bell rang before every tenant waited for it")
    raise SystemExit(f"The tenants were not ready for the bell in {ATTEMPTS} attempts, each with twice the time.")


def _pair(options: Options, folder: Path, bells: Bells, on_one_core: bool) -> Pair:
    _say(f"bell {'on one core' if on_one_core else 'on all cores'}")
    with peer(folder, 2 * options.users, options.positions, options.latency) as broker, pinned(on_one_core):
        floor = run_floor(broker, broker.accounts[options.users :])
        return Pair(on_one_core, floor, bells.ring(broker, broker.accounts[: options.users], options.rate))


def _limited(options: Options, folder: Path, bells: Bells) -> Limited:
    users, positions = min(options.users, LIMITED_USERS), LIMITED_POSITIONS
    rate = options.rate or RATE
    _say(f"bell at {rate:g} orders a second")
    with peer(folder, users, positions, options.latency) as broker:
        return Limited(users, positions, rate, bells.ring(broker, broker.accounts, rate))


def _wait(results: Results, folder: Path, server: Rows) -> None:
    options = results.options
    _say("tenants that wait")
    results.waiting.append(measure_waiting(folder, server, options.waiting, 1, options.watch, awake=False))
    awake = min(options.users, options.waiting)
    results.waiting.append(measure_waiting(folder, server, awake, options.positions, options.watch / 4, awake=True))


def _say(what: str) -> None:
    if sys.stderr.isatty():
        print(f"measuring: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
