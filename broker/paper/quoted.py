"""Prices as a real account's quotes tell them. What happened while nobody looked is not known, and nothing traded."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from broker.paper.prices import Path, Tick
from domain.book import Instrument, Quote
from domain.candles import Candle, Interval
from domain.clock import Clock
from domain.errors import BrokerUnavailable

Ask = Callable[[Sequence[str]], Iterable[Quote]]

AGE = timedelta(seconds=2)
"""A quote is as good as new for so long: however many paper accounts look, the real one is asked no more often."""
FRESH = timedelta(seconds=15)
"""What was learnt longer ago is no price that anybody could trade at."""
OF_NOW = timedelta(minutes=5)
"""A quote that by its own word is older tells where the price once stood; nothing has traded there since."""
FOLLOWED = timedelta(minutes=1)
"""Symbols that somebody has asked for within so long are asked for together."""


class Lines(Protocol):
    """The instruments of the real account's broker."""

    def load(self, day: date) -> None:
        """Make sure of the day's lines. Raises BrokerUnavailable."""

    def find(self, symbol: str) -> Instrument | None:
        """The line of a trading symbol."""

    def fetch(self) -> Iterable[Instrument]:
        """Download the file of the day. Raises BrokerUnavailable."""

    def candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        """Prices of the past. Raises BrokerUnavailable."""


@dataclass(frozen=True, slots=True)
class Known:
    """The latest tick of a token and the one before it; when it was last asked for."""

    wanted: datetime
    latest: Tick | None = None
    before: Tick | None = None

    @property
    def at(self) -> datetime | None:
        """When it was last learnt."""
        return self.latest.at if self.latest else None


class QuoteBoard:
    """The quotes of one real account, shared by every paper account of the process that lives on them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._known: dict[str, Known] = {}

    def refresh(self, tokens: Sequence[str], ask: Ask) -> None:
        """Have quotes of these that are not old; while another thread asks, what is known must do."""
        now = self._clock.now()
        with self._lock:
            for token in tokens:
                self._known[token] = replace(self._known.get(token, Known(now)), wanted=now)
            stale = any(_old(self._known[token], now) for token in tokens)
        if stale and self._asking.acquire(blocking=False):
            try:
                self._take_in(ask(self._followed(now)))
            finally:
                self._asking.release()

    def learn(self, quotes: Iterable[Quote]) -> None:
        """Take in what somebody has asked for anyway."""
        self._take_in(quotes, follow=True)

    def stale(self, tokens: Iterable[str]) -> list[str]:
        """Those of which nothing is known that is fresh."""
        now = self._clock.now()
        with self._lock:
            known = {token: self._known.get(token) for token in tokens}
        return [token for token, one in known.items() if one is None or one.at is None or now - one.at > FRESH]

    def path(self, token: str, since: datetime, until: datetime) -> Path:
        """What is known: at most the latest quote and the one before it; no start that was not fresh then."""
        with self._lock:
            known = self._known.get(token)
        ticks = [tick for tick in (known.before, known.latest) if tick and tick.at <= until] if known else []
        earlier = [tick for tick in ticks if timedelta(0) <= since - tick.at <= FRESH]
        return Path(earlier[-1] if earlier else None, tuple(tick for tick in ticks if tick.at > since))

    def _followed(self, now: datetime) -> Sequence[str]:
        with self._lock:
            self._known = {t: k for t, k in self._known.items() if now - k.wanted <= FOLLOWED}
            return sorted(self._known)

    def _take_in(self, quotes: Iterable[Quote], *, follow: bool = False) -> None:
        now = self._clock.now()
        with self._lock:
            for quote in quotes:
                known = self._known.get(quote.token, Known(now) if follow else None)
                if known is not None and quote.last_price > 0 and (quote.at is None or now - quote.at <= OF_NOW):
                    self._known[quote.token] = Known(known.wanted, Tick(now, quote.last_price), known.latest)


class QuotedMarket:
    """The market as one real account sees it; `ask` reads its quotes for this tenant's thread."""

    def __init__(self, board: QuoteBoard, ask: Ask, lines: Lines, name: str, release: Callable[[], None]) -> None:
        self.words = f"quotes of {name}"
        self._release = release
        self._board = board
        self._ask = ask
        self._lines = lines

    def load(self, day: date) -> None:
        """Make sure of the day's lines. Raises BrokerUnavailable."""
        self._lines.load(day)

    def find(self, symbol: str) -> Instrument | None:
        """The line of a trading symbol."""
        return self._lines.find(symbol)

    def instruments(self) -> Iterable[Instrument]:
        """The file of the real account's broker. Raises BrokerUnavailable."""
        return self._lines.fetch()

    def refresh(self, symbols: Iterable[str]) -> None:
        """Ask for what is older than two seconds. Raises BrokerUnavailable, also when the answer told nothing new."""
        lines = {line.token: line.symbol for symbol in symbols if (line := self.find(symbol)) is not None}
        if not lines:
            return
        self._board.refresh(sorted(lines), self._ask)
        stale = sorted(lines[token] for token in self._board.stale(lines))
        if stale:
            more = f" and {len(stale) - 3} more" if len(stale) > 3 else ""
            raise BrokerUnavailable(
                f"the {self.words}: none that is fresh for {', '.join(stale[:3])}{more}; nothing trades there"
                " meanwhile."
            )

    def path(self, line: Instrument, since: datetime, until: datetime) -> Path:
        """What is known of the symbol's price."""
        return self._board.path(line.token, since, until)

    def quotes(self, tokens: Sequence[str], now: datetime) -> tuple[Quote, ...]:
        """The real account's quotes. Raises BrokerUnavailable."""
        del now
        quotes = tuple(self._ask(tokens))
        self._board.learn(quotes)
        return quotes

    def candles(self, token: str, interval: Interval, first: date, last: date, now: datetime) -> tuple[Candle, ...]:
        """As the real account's broker has them. Raises BrokerUnavailable."""
        del now
        return self._lines.candles(token, interval, first, last)

    def close(self) -> None:
        """Let the connections of this thread go."""
        self._release()


def unserved(name: str) -> BrokerUnavailable:
    """What is raised instead of logging another tenant's account in."""
    return BrokerUnavailable(
        f"The paper account lives on the quotes of {name}, who has no session at the moment: it is made by"
        f" {name}'s own tenant, which this process has to serve."
    )


def _old(known: Known, now: datetime) -> bool:
    return known.at is None or now - known.at > AGE
