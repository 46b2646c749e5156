"""What the benchmark is asked for: the command line, read once."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Times in seconds. `rate` is orders a second and account, 0 for no limit."""

    users: int
    positions: int
    latency: float
    rate: float
    repeats: int
    pin: str
    waiting: int
    watch: float
    log_level: str
    json: bool
    only: str | None

    @property
    def variants(self) -> tuple[bool, ...]:
        """Whether to keep this process on one core, for each series of runs."""
        return {"both": (False, True), "yes": (True,), "no": (False,)}[self.pin]

    def wants(self, part: str) -> bool:
        """Whether a part of the benchmark is to run."""
        return self.only in (None, part)


PARTS = ("bell", "rate", "cycles", "waiting", "feed", "calls", "limit")


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; `--quick` makes everything small first, what is given beside it still counts."""
    parser = _parser()
    quick = parser.parse_known_args(arguments)[0].quick
    if quick:
        parser.set_defaults(users=20, positions=5, repeats=1, pin="no", waiting=100, watch=3.0)
    values = vars(parser.parse_args(arguments))
    del values["quick"]
    return Options(**values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bell", description="The opening bell against the floor, and what it costs.")
    add = parser.add_argument
    add("--users", type=_count, default=100, help="accounts, each with its own tenant (100)")
    add("--positions", type=_count, default=10, help="open positions of each account (10)")
    add("--latency", type=float, default=0.02, help="seconds before the broker carries out a request (0.02)")
    add("--rate", type=float, default=0.0, help="orders a second and account at the bell; 0: no limit (0)")
    add("--repeats", type=_count, default=3, help="runs of floor and of ours, by turns (3)")
    add("--pin", choices=("both", "yes", "no"), default="both", help="this process kept on one core, or not (both)")
    add("--waiting", type=_count, default=1000, help="tenants that wait while the market is closed (1000)")
    add("--watch", type=float, default=20.0, help="seconds for which they are watched (20, the pause between looks)")
    add("--log-level", choices=("INFO", "WARNING"), default="INFO", help="what the service writes to its files (INFO)")
    add("--only", choices=PARTS, help="one part alone")
    add("--json", action="store_true", help="JSON instead of tables")
    add("--quick", action="store_true", help="a small run of everything, in seconds")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"{number} is not from 1 to 1000")
    return number
