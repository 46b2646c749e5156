"""The exchange's instruments: ours, read from a file, and as the simulator's exchange wants them."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from broker.kotak_neo.fields import Malformed
from broker.kotak_neo.instruments import instruments
from broker.simulator.instruments import PACKAGED
from broker.simulator.instruments import Instrument as Traded
from domain.book import Instrument
from domain.errors import BadInput

SEGMENT = "nse_cm"
_NO_FREEZE = 2**31 - 1
_LOWEST, _HIGHEST = Decimal("0.05"), Decimal(10**9)


def read_lines(path: Path | None = None) -> Iterable[Instrument]:
    """Lines of a file in the broker's own format; without a path the one that comes with the simulator.

    Raises BadInput.
    """
    try:
        return instruments((path or PACKAGED).read_bytes())
    except (OSError, Malformed) as error:
        raise BadInput(
            f"The instrument file {path} of the paper accounts cannot be read: {error}. Correct"
            " NINEFIFTEEN_PAPER_INSTRUMENTS, or unset it."
        ) from error


def traded(line: Instrument) -> Traded:
    """The line as the simulator's exchange wants it."""
    return Traded(
        symbol=line.symbol,
        token=line.token,
        name=line.name,
        series=line.series,
        segment=SEGMENT,
        tick=line.tick,
        lot=line.lot,
        freeze=line.freeze_quantity or _NO_FREEZE,
        low=line.band_low or line.tick,
        high=line.band_high or _HIGHEST,
        auctioned=bool(line.auction),
    )


def unlisted(symbol: str) -> Traded:
    """A stand-in for a symbol of a row that today's file does not have: nothing is offered in it."""
    return traded(Instrument(symbol, "", symbol, "", "", _LOWEST, 1, None, _LOWEST, _HIGHEST))
