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


def read_instruments(text: str) -> list[Instrument]:
    """Every row of the file's text that has a trading symbol. Raises KeyError when it is no instrument file."""
    lines = csv.DictReader(text.splitlines())
    rows = [{key.strip(): value for key, value in row.items() if key} for row in lines]
    return [_instrument(row) for row in rows if row["pTrdSymbol"]]


def _instrument(row: dict[str, str]) -> Instrument:
    return Instrument(
        symbol=row["pTrdSymbol"],
        token=row["pSymbol"],
        name=row["pSymbolName"],
        series=row["pGroup"],
        segment=row["pExchSeg"],
        tick=Decimal(row["dTickSize"]) * _PAISE,
        lot=int(row["lLotSize"]),
        freeze=int(row["lFreezeQty"]),
        low=Decimal(row["dLowPriceRange"] or 0) * _PAISE,
        high=Decimal(row["dHighPriceRange"] or 0) * _PAISE,
        auctioned=row.get("CASEligible") == "Y",
    )
