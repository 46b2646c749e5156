"""The market that paper accounts trade in: its instruments and its prices, from a file and a source of prices."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Protocol

from broker.paper.candles import candles_of
from broker.paper.prices import DailyPrices, Path
from domain.book import Instrument, Quote
from domain.candles import Candle, Interval
from domain.errors import BrokerUnavailable


class Market(Protocol):
    """`path` asks nobody and may be called inside a transaction; what asks somebody raises BrokerUnavailable."""

    @property
    def words(self) -> str:
        """Which source of prices it is, for people."""

    def load(self, day: date) -> None:
        """Make sure of the day's lines."""

    def find(self, symbol: str) -> Instrument | None:
        """The line of a trading symbol."""

    def instruments(self) -> Iterable[Instrument]:
        """The whole file of the day."""

    def refresh(self, symbols: Iterable[str]) -> None:
        """Have the present prices of these at hand."""

    def path(self, line: Instrument, since: datetime, until: datetime) -> Path:
        """The price at `since` and what came after it up to and with `until`."""

    def quotes(self, tokens: Sequence[str], now: datetime) -> tuple[Quote, ...]:
        """Last prices, without those of tokens that nobody knows."""

    def candles(self, token: str, interval: Interval, first: date, last: date, now: datetime) -> tuple[Candle, ...]:
        """Prices of the past, both days included."""

    def close(self) -> None:
        """Let connections go."""


class FileMarket:
    """Instruments of one file; prices that are known beforehand. Shared by every paper account of the process."""

    def __init__(self, lines: Iterable[Instrument], prices: DailyPrices) -> None:
        self.words = prices.words
        self._prices = prices
        self._lines = {line.symbol: line for line in lines}
        self._by_token = {line.token: line for line in self._lines.values()}

    def load(self, day: date) -> None:
        """They are there, the same on every day."""

    def find(self, symbol: str) -> Instrument | None:
        """The line of a trading symbol."""
        return self._lines.get(symbol)

    def instruments(self) -> Iterable[Instrument]:
        """Every line."""
        return self._lines.values()

    def refresh(self, symbols: Iterable[str]) -> None:
        """Nobody has to be asked."""

    def path(self, line: Instrument, since: datetime, until: datetime) -> Path:
        """The price at `since` and what came after it up to and with `until`."""
        return self._prices.path(line, since, until)

    def quotes(self, tokens: Sequence[str], now: datetime) -> tuple[Quote, ...]:
        """Last prices of those tokens that have one."""
        lines = [self._by_token[token] for token in tokens if token in self._by_token]
        return tuple(quote for line in lines if (quote := self._quote(line, now)) is not None)

    def candles(self, token: str, interval: Interval, first: date, last: date, now: datetime) -> tuple[Candle, ...]:
        """Candles of the same prices that orders trade at. Raises BrokerUnavailable for a token that is not there."""
        line = self._by_token.get(token)
        if line is None:
            raise BrokerUnavailable(f"There is no instrument with the token {token}.")
        return candles_of(self._prices, line, interval, first, last, now)

    def close(self) -> None:
        """There are none."""

    def _quote(self, line: Instrument, now: datetime) -> Quote | None:
        last = self._prices.path(line, now, now).last
        if last is None:
            return None
        return Quote(line.token, line.symbol, last.price, last.at, line.band_low, line.band_high)
