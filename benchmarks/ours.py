"""Ours at the bell: the real service over the simulator, from the ringing until the last answer is durable."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.counting import Counter, Counts
from benchmarks.market import symbols
from benchmarks.peer import Peer
from benchmarks.rows import Rows
from benchmarks.service_process import served, settings_for
from broker.simulator import Account
from domain.clock import SystemClock
from domain.market import drill

WHOLE_DAY = 22_500.0
PATIENCE = 60.0
"""Seconds after the bell until a run is given up."""
QUIET = 10.0
"""Seconds before the bell in which a tenant asks nothing that may hang: the deadline of a call."""
POLL = 0.05
"""Seconds between two looks at whether all is done; the times themselves come from rows and ledger."""

READY = (
    "SELECT (SELECT count(*) FROM heartbeats WHERE state = 'WAITING' AND book_at IS NOT NULL) = %(users)s"
    " AND (SELECT count(*) FROM account_days) = %(positions)s AND NOT EXISTS (SELECT FROM orders)"
)
DONE = "SELECT count(*) = %(positions)s FROM sends WHERE outcome = 'accepted'"
LAST_ANSWER = "SELECT extract(epoch FROM max(pg_xact_commit_timestamp(xmin))) FROM sends WHERE outcome = 'accepted'"
UNPROTECTED = (
    "SELECT count(*) FROM positions p WHERE p.closed_at IS NULL AND 1 <> (SELECT count(*) FROM orders o"
    " WHERE o.position_id = p.id AND o.status IN ('ACCEPTED', 'OPEN') AND o.broker_order_id IS NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class Bell:
    """Seconds after the bell: the first and the last order at the broker, and the last answer committed here.

    `processor` are the seconds that this process computed meanwhile; `lead` is how long the tenants needed until they
    waited. Faults are sentences; there must be none.
    """

    first_sent: float
    last_sent: float
    answered: float
    orders: int
    counts: Counts
    processor: float
    lead: float
    faults: tuple[str, ...]


class TooLate(Exception):
    """The bell rang before every tenant waited for it; the run says nothing."""


class Bells:
    """Rings for fresh accounts in fresh rows; learns how long before the bell the tenants must be started."""

    def __init__(self, folder: Path, rows: Rows, users: int) -> None:
        self._folder = folder
        self._rows = rows
        self._lead = QUIET + 10.0 + 0.05 * users

    def ring(self, peer: Peer, accounts: Sequence[Account], rate: float) -> Bell:
        """One run. Raises TooLate: once more, with a fresh peer; the tenants are given twice the time then."""
        with self._rows.fresh() as url:
            self._rows.enter(url, accounts, [symbols(peer.positions)] * len(accounts), len(accounts))
            try:
                return self._served(peer, accounts, rate, url)
            except TooLate:
                self._lead *= 2
                raise

    def _served(self, peer: Peer, accounts: Sequence[Account], rate: float, url: str) -> Bell:
        numbers = {"users": len(accounts), "positions": len(accounts) * peer.positions}
        moved = drill(SystemClock().now(), self._lead, WHOLE_DAY)
        settings = settings_for(self._folder, peer.url, rate)
        bell = moved.bell.timestamp()
        counter = Counter()
        with self._watch(url) as watch:
            with served(settings, url, self._rows.vault, moved) as database, counter.on(database.engine):
                lead = self._lead - watch.until_ready(numbers, bell)
                self._lead = min(self._lead, QUIET + 1.5 * lead + 1.5)
                processor = watch.until_done(numbers, bell)
            answered = watch.last_answer()
            faults = watch.faults()
        ledger = peer.ledger()
        sent = _sent(ledger, accounts)
        counts = counter.between(bell, answered, tenants_only=True)
        faults += peer.faults(ledger, accounts)
        return Bell(
            min(sent) - bell, max(sent) - bell, answered - bell, len(sent), counts, processor, lead, tuple(faults)
        )

    def _watch(self, url: str) -> "_Watch":
        return _Watch(self._rows.open(url))


class _Watch(AbstractContextManager["_Watch"]):
    """An administrator's eye on the rows, over a connection that is not counted."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def until_ready(self, numbers: dict[str, int], bell: float) -> float:
        """Wait until every tenant waits; the seconds that are left before the bell. Raises TooLate."""
        while not self._value(READY, numbers):
            if time.time() > bell - POLL:
                raise TooLate
            time.sleep(POLL)
        return bell - time.time()

    def until_done(self, numbers: dict[str, int], bell: float) -> float:
        """Wait for the last answer, or until patience is over; the processor seconds that this process took."""
        time.sleep(max(0.0, bell - time.time()))
        used = time.process_time()
        while not self._value(DONE, numbers) and time.time() < bell + PATIENCE:
            time.sleep(POLL)
        return time.process_time() - used

    def last_answer(self) -> float:
        """When the last answer was committed (wall clock)."""
        return float(self._value(LAST_ANSWER, {}) or 0)

    def faults(self) -> list[str]:
        """What the rows say that they must not."""
        bare = int(self._value(UNPROTECTED, {}))
        return [f"{bare} open positions without exactly one accepted sell row"] if bare else []

    def _value(self, query: str, numbers: dict[str, int]) -> Any:
        return self._connection.execute(query, numbers).fetchone()[0]


def _sent(ledger: dict[str, Any], accounts: Sequence[Account]) -> list[float]:
    uccs = {account.ucc for account in accounts}
    return [datetime.fromisoformat(o["created"]).timestamp() for o in ledger["orders"] if o["ucc"] in uccs] or [0.0]
