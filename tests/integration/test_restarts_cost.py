"""Restart after restart of a tenant, with its feed, over real HTTP and rows: nothing is left of them but the account.

Mutations to try: keep the client's connections; keep a feed of each generation; a TLS context for each client.
"""

import gc
import ssl
import threading
import tracemalloc
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from feed_client import until

from broker.simulator import Simulator
from cli.tenant_factory import TenantFactory
from domain.clock import VirtualClock
from domain.market import ExchangeCalendar
from domain.tenure import Tenure
from domain.users import Credentials
from repositories.vault import Vault
from settings import Settings
from tests.supervision import Stage
from tests.world import BELL

FILES = Path("/proc/self/fd")
RESTARTS = 50
"""Two hundred were measured when this was written: 1 kB each, no descriptor, no thread; the caches grow meanwhile."""


def descriptors() -> int:
    return len(list(FILES.iterdir()))


@pytest.mark.skipif(not FILES.is_dir(), reason="counts descriptors where Linux shows them")
def test_restarts_leave_neither_descriptors_nor_threads_nor_memory(
    stage: Stage, psql: psycopg.Connection, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    real = ssl.SSLContext.load_default_certs
    monkeypatch.setattr(
        ssl.SSLContext, "load_default_certs", lambda self, *a, **k: (made.append(self), real(self, *a, **k))
    )
    clock.advance_to(BELL + timedelta(minutes=1))
    vault = Vault([Fernet.generate_key().decode()])
    with Simulator(clock=clock, rate_limit=0) as simulator:
        person = simulator.accounts[0]
        right = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (1, %s)", (vault.seal(right),))
        psql.execute("INSERT INTO tenants (user_id, generation) VALUES (1, 0)")
        settings = Settings(kotak_url=simulator.url, reads_per_second=0)
        with closing(TenantFactory(stage.rows.database, vault, clock, ExchangeCalendar(), settings)) as factory:

            def restart() -> None:
                row = psql.execute("UPDATE tenants SET generation = generation + 1 RETURNING generation").fetchone()
                assert row is not None
                tenure = Tenure(1, int(row[0]), "asha")
                service = factory(tenure)
                service.initialize()
                service.cycle()
                tenure.stop()
                service.ports.broker.close()

            for _ in range(20):
                restart()
            gc.collect()
            tracemalloc.start()
            memory, files, threads = tracemalloc.get_traced_memory()[0], descriptors(), threading.active_count()
            for _ in range(RESTARTS):
                restart()
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - memory
            tracemalloc.stop()
            until(lambda: descriptors() <= files + 2 and threading.active_count() <= threads + 1)
            assert grown < 20_000 * RESTARTS, f"{grown / RESTARTS:.0f} bytes a restart"
            assert psql.execute("SELECT count(*) FROM logins").fetchone() == (1,)
    assert len(made) <= 1
