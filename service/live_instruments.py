"""The instrument file as one tenant sees it: the day's lines, with the bands that quotes have shown since."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from domain.book import Instrument, Quote
from domain.models import Position
from service.instrument_table import InstrumentTable

Band = tuple[Decimal, Decimal, datetime]


class LiveInstruments:
    """The shared table with this tenant's newer bands on top; a new one knows the file alone, and asks again."""

    def __init__(self, table: InstrumentTable) -> None:
        self._table = table
        self._bands: dict[str, Band] = {}
        self._day = table.day

    def find(self, *symbols: str | None) -> Instrument | None:
        """The first of these trading symbols that the file has."""
        return self._with_band(self._table.find(*symbols))

    def of(self, position: Position) -> Instrument | None:
        """What a position's orders are in."""
        return self._with_band(self._table.of(position))

    def note(self, quotes: Iterable[Quote], now: datetime) -> None:
        """Take over the bands that these quotes show now (NSE: a band may slide during the day)."""
        for quote in quotes:
            if quote.band_low is not None and quote.band_high is not None:
                self._bands[quote.token] = (quote.band_low, quote.band_high, now)

    def _with_band(self, line: Instrument | None) -> Instrument | None:
        if self._day != self._table.day:
            self._day, self._bands = self._table.day, {}
        if line is None or line.token not in self._bands:
            return line
        low, high, seen = self._bands[line.token]
        return replace(line, band_low=low, band_high=high, band_at=seen)
