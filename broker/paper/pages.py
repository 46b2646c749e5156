"""The pages of one paper account as its client opens them: brought up to now, at the prices that can be had."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from broker.paper.bell import Bell, next_fill
from broker.paper.counter import by_hand
from broker.paper.credibility import require_credible
from broker.paper.market import Market
from broker.paper.pit import Pit
from broker.paper.store import Page, Store
from broker.simulator.clock import ist_date
from domain.clock import Clock
from domain.errors import BrokerUnavailable, DatabaseUnavailable
from domain.market import Calendar
from domain.tenure import Tenure

log = logging.getLogger(__name__)


class Pages:
    """`latency` (seconds) is that of the account as it was last seen; `trouble` says what keeps prices away."""

    def __init__(
        self, tenure: Tenure, clock: Clock, calendar: Calendar, store: Store, market: Market, bell: Bell | None
    ) -> None:
        self.trouble = ""
        self.latency = 0.0
        self._tenure = tenure
        self._clock = clock
        self._calendar = calendar
        self._store = store
        self._market = market
        self._bell = bell
        self._live: set[str] = set()

    @contextmanager
    def open(self, wanted: set[str]) -> Iterator[tuple[Page, Pit]]:
        """The account's page with its exchange brought up to now, in as many transactions as that takes; the owner's
        wishes are done. What happens to it is kept when the block ends. Raises what the store does, and
        BrokerUnavailable for a book that cannot be gone on with.
        """
        behind = True
        while behind:
            with self._store.page() as page:
                rows, now = page.read(), self._clock.now()
                require_credible(rows.account, now)
                symbols = wanted | {hand.symbol for hand in rows.hands if hand.symbol}
                pit = Pit(rows, page, symbols, self._market, self._calendar, now)
                behind = pit.behind
                if not behind:
                    pit.done = tuple(by_hand(pit, hand) for hand in rows.hands)
                    yield page, pit
                news = pit.news()
                if news is not None:
                    page.write(news)
        self.latency, self._live = pit.latency, pit.live_symbols
        if self._bell is not None:
            self._bell.expect(self._tenure, next_fill(pit, self._market))

    def look_at_prices(self) -> None:
        """Prices that cannot be had stand still: nothing trades at a price that nobody has seen."""
        try:
            self._market.load(ist_date(self._clock.now()))
            self._market.refresh(self._live)
        except (BrokerUnavailable, DatabaseUnavailable) as error:
            if self.trouble != str(error):
                log.warning("%s: no new prices for the paper account: %s", self._tenure, error)
            self.trouble = str(error)
        else:
            self.trouble = ""
