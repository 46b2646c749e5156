"""Kotak's order feeds: one connection for each tenant, one thread for all of them, hints out, nothing else.

    follow(tenure) ─► each second: whose tenure ended, whose session is new? ─► connect ─► greet ─► frames ─► wake

Level-triggered as everything else: what is connected follows from the tenures and the accounts' sessions. Feeds live
in real time, as sockets do; in virtual time nobody follows.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.feed.account import AccountFeed, WayOf
from broker.kotak_neo.feed.settings import FeedSettings, Way
from broker.kotak_neo.names import Names
from broker.kotak_neo.session import Session
from domain.clock import Clock
from domain.tenure import Tenure

log = logging.getLogger(__name__)
GATHER = 0.05
"""Seconds for which new followers are gathered before a look."""
PATIENCE = 2.0
"""Seconds that `close` gives the thread, which is a daemon and holds nothing up after that."""


@dataclass(frozen=True, slots=True)
class _Run:
    session: Session
    task: "asyncio.Task[None]"


class KotakFeeds:
    """Safe to use from any thread. Nothing here raises towards a tenant; without a thread there are no hints."""

    def __init__(self, settings: FeedSettings, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = tls
        self._lock = threading.Lock()
        self._feeds: dict[int, AccountFeed] = {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()
        self._closed = False
        self._running: dict[AccountFeed, _Run] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def follow(self, tenure: Tenure, account: KotakAccount, way_of: WayOf = lambda _: Way()) -> AccountFeed:
        """Wake the tenure at each change of the account's orders until it ends, instead of an earlier one of the user.

        `way_of` tells how a connection under a session leaves this machine.
        """
        feed = AccountFeed(tenure, account, way_of, self._settings, self._clock)
        with self._lock:
            if not self._closed:
                self._feeds[tenure.user_id] = feed
                self._start()
        self._ring()
        return feed

    def close(self, within: float = PATIENCE) -> None:
        """Let every connection go; returns when the thread has ended, or after so many seconds. May be repeated."""
        with self._lock:
            self._closed = True
            self._feeds.clear()
            thread = self._thread
        self._ring()
        if thread is not None:
            thread.join(within)

    def _start(self) -> None:
        if self._thread is not None:
            return
        thread = threading.Thread(target=self._run, name="feeds", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.error("No thread for the order feeds (%s): fills are seen at each cycle.", error)
            self._closed = True
        else:
            self._thread = thread

    def _ring(self) -> None:
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._rung.set)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # a thread's run: hints end, and nothing else
            log.error("The order feeds ended: fills are seen at each cycle.", exc_info=True)
        finally:
            with self._lock:
                self._loop = None

    async def _serve(self) -> None:
        names = Names()
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            while not self._closed:
                self._look(self._wanted(), names)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), self._settings.look)
                    await asyncio.sleep(GATHER)
                self._rung.clear()
        finally:
            with self._lock:
                self._loop = None
            self._look({}, names)
            await asyncio.gather(*self._ending, return_exceptions=True)
            await names.close()

    def _wanted(self) -> dict[AccountFeed, Session]:
        with self._lock:
            for user_id, feed in list(self._feeds.items()):
                if feed.tenure.stopping:
                    del self._feeds[user_id]
            feeds = list(self._feeds.values())
        return dict(_with_session(feeds))

    def _look(self, wanted: dict[AccountFeed, Session], names: Names) -> None:
        """End what is not wanted any more, begin what is."""
        for feed, run in list(self._running.items()):
            if run.session is not wanted.get(feed):
                del self._running[feed]
                run.task.cancel()
        for feed, session in wanted.items():
            if feed not in self._running:
                task = asyncio.create_task(feed.run(session, self._tls, names))
                self._running[feed] = _Run(session, task)
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)


def _with_session(feeds: Iterable[AccountFeed]) -> Iterable[tuple[AccountFeed, Session]]:
    for feed in feeds:
        session = feed.account.session()
        if session is not None:
            yield feed, session
