"""One account's order feed over a day: connected again and again, ever more slowly while that does not help."""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable

from aiohttp.abc import AbstractResolver

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.feed.allowance import Allowance
from broker.kotak_neo.feed.hint import Hint
from broker.kotak_neo.feed.line import FeedEnded, FeedLine
from broker.kotak_neo.feed.notes import FeedNotes
from broker.kotak_neo.feed.settings import FeedSettings, Greeting, Way
from broker.kotak_neo.feed.words import address, json_greeting, raw_greeting
from broker.kotak_neo.session import Session
from domain.clock import Clock
from domain.tenure import Tenure

log = logging.getLogger(__name__)
TELL_AFTER = 3
"""Attempts in vain until somebody may have to know; drops are common, and nothing is lost by one."""
WayOf = Callable[[Session], Way]
_GREETINGS = {Greeting.RAW: raw_greeting, Greeting.JSON: json_greeting}


class AccountFeed:
    """An `OrderFeed`. `run` belongs to the feeds' thread; `text` may be read from any."""

    def __init__(
        self, tenure: Tenure, account: KotakAccount, way_of: WayOf, settings: FeedSettings, clock: Clock
    ) -> None:
        self.tenure = tenure
        self.account = account
        self.text = "order feed not connected"
        self._way_of = way_of
        self._settings = settings
        self._clock = clock
        self._allowance = Allowance(settings.bytes_a_second, settings.burst, clock)
        auto = settings.greeting is Greeting.AUTO
        self._forms = [Greeting.RAW, Greeting.JSON] if auto else [settings.greeting]
        self._failures = 0

    async def run(self, session: Session, tls: ssl.SSLContext | None, names: AbstractResolver) -> None:
        """Keep connected under the session until cancelled."""
        hint = Hint(self.tenure.wake, self._settings.wakes_a_second, asyncio.get_running_loop())
        notes = FeedNotes(self.account.tap, session, self._clock)
        line = FeedLine(self._settings, self._way_of(session), tls, names, self._allowance, hint.ring, notes)
        self._failures = 0
        try:
            while True:
                await self._stand(line, session, hint, notes)
                await asyncio.sleep(self._pause())
        finally:
            notes.ended("let go")
            hint.cancel()
            self.text = "order feed not connected"

    async def _stand(self, line: FeedLine, session: Session, hint: Hint, notes: FeedNotes) -> None:
        """One connection, to its end. After the welcome the tenant looks: something may have been missed."""
        loop = asyncio.get_running_loop()
        since: list[float] = []

        def welcomed() -> None:
            since.append(loop.time())
            self._say_connected()
            hint.ring()

        form = self._forms[0]
        notes.greeted(form)
        try:
            await line.listen(address(session), _GREETINGS[form](session), welcomed)
        except (FeedEnded, ValueError) as ended:
            if isinstance(ended, FeedEnded) and ended.greeted:
                self._forms.append(self._forms.pop(0))
            self._say_lost(str(ended))
            notes.ended(str(ended))
        except Exception as error:  # a feed's run: what its broker makes it fall over ends nobody else's
            log.error("%s: the order feed fell", self.tenure, exc_info=True)
            self._say_lost(type(error).__name__)
            notes.ended(type(error).__name__)
        if since and loop.time() - since[0] >= self._settings.steady_after:
            self._failures = 0
        self._failures += 1

    def _pause(self) -> float:
        longest = min(self._settings.longest_pause, self._settings.first_pause * 2.0 ** min(self._failures - 1, 16))
        return longest * random.uniform(0.5, 1.5)  # spreads the tenants after an outage of the broker

    def _say_connected(self) -> None:
        self.text = "order feed connected"
        log.info("%s: order feed connected, greeted in the form %s", self.tenure, self._forms[0])

    def _say_lost(self, why: str) -> None:
        self.text = f"order feed not connected: {why}"
        attempts = self._failures + 1
        level = logging.WARNING if attempts == TELL_AFTER else logging.INFO if attempts < TELL_AFTER else logging.DEBUG
        log.log(level, "%s: no order feed (%s); fills are seen at each cycle", self.tenure, why)
