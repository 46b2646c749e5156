"""The instrument file of the day, read as the broker writes it: 79 columns, some names with trailing blanks, paise.

The last column, CASEligible, came in August 2026; a file without it has no closing auction.
"""

import csv
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

PACKAGED = Path(__file__).with_name("instruments.csv")
TRADE_FOR_TRADE = frozenset({"BE", "BZ", "ST", "T", "TS", "Z"})
_PAISE = Decimal("0.01")
_NUMBERS: dict[str, type[int] | type[Decimal]] = {
    "dTickSize": Decimal,
    "lLotSize": int,
    "lFreezeQty": int,
    "dLowPriceRange": Decimal,
    "dHighPriceRange": Decimal,
}
NEEDED = frozenset({"pTrdSymbol", "pSymbol", "pSymbolName", "pGroup", "pExchSeg", *_NUMBERS})
"""The columns that are read."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """One row of the file. Prices in rupees, quantities in shares; `tick` is not positive for an index."""

    symbol: str
    token: str
    name: str
    series: str
    segment: str
    tick: Decimal
    lot: int
    freeze: int
    low: Decimal
    high: Decimal
    auctioned: bool = False
    """Whether the closing auction is for it."""

    @property
    def tradable(self) -> bool:
        """Whether it takes orders; an index does not."""
        return self.tick > 0 and self.high > 0

    @property
    def same_day_sale(self) -> bool:
        """Whether shares bought today may be sold today (not in a trade-for-trade series)."""
        return self.series not in TRADE_FOR_TRADE

    def on_tick(self, price: Decimal) -> bool:
        """Whether the price is a multiple of the tick."""
        return price % self.tick == 0

    def band_columns(self) -> dict[str, str]:
        """The band as the columns of the file write it."""
        return {
            "dLowPriceRange": str(int(self.low * 100)),
            "dHighPriceRange": str(int(self.high * 100)),
            "pCreditRating": f"{self.low:.2f}-{self.high:.2f}",
        }

    def down_to_tick(self, price: Decimal) -> Decimal:
        """The nearest price at or below that is a multiple of the tick."""
        return price - price % self.tick if self.tick > 0 else price


def load_instruments(path: Path, content: bytes) -> list[Instrument]:
    """Every instrument of the file's content. Raises ValueError that names the file, and what is wrong with it."""
    try:
        return read_instruments(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        wrong = "it is no text"
    except (ValueError, csv.Error) as error:
        wrong = str(error)
    raise ValueError(
        f"the instrument file {path} cannot be read: {wrong}; take the broker's file of NSE cash (nse_cm), as it is"
    )


def read_instruments(text: str) -> list[Instrument]:
    """Every row of the file's text that has a trading symbol. Raises ValueError when it is no instrument file."""
    lines = csv.DictReader(text.splitlines())
    if missing := NEEDED.difference(name.strip() for name in lines.fieldnames or ()):
        raise ValueError(f"columns missing: {', '.join(sorted(missing))}")
    found = []
    for row in lines:
        named = {key.strip(): value for key, value in row.items() if key}
        if named["pTrdSymbol"]:
            found.append(_sound(named, lines.line_num))
    if not found:
        raise ValueError("it has not one instrument")
    return found


def _sound(row: dict[str, str], number: int) -> Instrument:
    for name, kind in _NUMBERS.items():
        try:
            kind(row[name] or 0)
        except (ValueError, ArithmeticError):
            raise ValueError(f"line {number} has {row[name]!r} in the column {name}") from None
    if short := [name for name in NEEDED if row[name] is None]:
        raise ValueError(f"line {number} ends before the column {min(short)}")
    return _instrument(row)


def _instrument(row: dict[str, str]) -> Instrument:
    return Instrument(
        symbol=row["pTrdSymbol"],
        token=row["pSymbol"],
        name=row["pSymbolName"],
        series=row["pGroup"],
        segment=row["pExchSeg"],
        tick=Decimal(row["dTickSize"] or 0) * _PAISE,
        lot=int(row["lLotSize"] or 0),
        freeze=int(row["lFreezeQty"] or 0),
        low=Decimal(row["dLowPriceRange"] or 0) * _PAISE,
        high=Decimal(row["dHighPriceRange"] or 0) * _PAISE,
        auctioned=row.get("CASEligible") == "Y",
    )
