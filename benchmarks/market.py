"""A made-up exchange with as many symbols as a benchmark needs; each trades like the first of the simulator's file."""

from pathlib import Path

from broker.simulator.instruments import PACKAGED

SHARES = 10
"""Shares of each position."""
AVERAGE_PRICE = "800"
RULE = {"target_percent": 6}
TARGET = "848.00"
"""What the rule makes of the average price: inside the day's band, above the last price, so that the sell rests."""


def symbols(count: int) -> list[str]:
    """The first so many trading symbols."""
    return [f"{_name(number)}-EQ" for number in range(count)]


def write_instruments(path: Path, count: int) -> Path:
    """Write an instrument file in the broker's format with so many lines; its path."""
    header, first, *_ = PACKAGED.read_text().splitlines()
    path.write_text("\n".join([header, *(_line(first, number) for number in range(count))]) + "\n")
    return path


def _line(like: str, number: int) -> str:
    columns = like.split(",")
    name = _name(number)
    columns[0], columns[4], columns[5], columns[7] = str(10_000 + number), name, f"{name}-EQ", name
    return ",".join(columns)


def _name(number: int) -> str:
    return f"BELL{number:04d}"
