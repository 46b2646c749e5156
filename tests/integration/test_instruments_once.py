"""One instrument file a day for all tenants, in memory and in PostgreSQL; one TLS context for all.

The mutations to try: forget the day in `InstrumentTable.load`; leave out the second lock; make a context per client.
"""

import gc
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from kotak_peer import Peer, answering, http, tls_of

from cli.tenant_factory import TenantFactory
from domain.book import Instrument
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable
from domain.market import ExchangeCalendar
from domain.register import Register
from domain.tenure import Tenure
from domain.users import Credentials
from repositories.database import Database
from repositories.instruments import InstrumentsRepository
from repositories.vault import Vault
from service import instrument_table
from service.instrument_table import InstrumentTable
from settings import Settings
from tests.supervision import USER
from tests.world import BELL, World

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
IFB = Instrument(
    "IFBIND-EQ", "1485", "IFB INDUSTRIES LTD", "EQ", "INE559A01017", Decimal("0.05"), 1, 121151, Decimal("660.35"),
    Decimal("990.45"), True,
)  # fmt: skip
BLOCK = Instrument("IFBIND-BL", "1486", "IFB", "BL", "INE559A01017", Decimal("0.05"), 1, None, None, None)


def downloads(world: World) -> int:
    return sum(count for kind, count in world.broker.faults()["struck"].items() if kind == "late_reply")


def test_two_tenants_share_one_download_and_a_restart_needs_none(world: World) -> None:
    world.broker.fault("instruments", "late_reply", times=None)
    first, second = world.tenant(0), world.tenant(1)
    for tenant in (first, second):
        tenant.holds("IFBIND-EQ", 10)
        tenant.at_the_bell()
    assert downloads(world) == 2, "the list of files, and the file"
    world.instruments = InstrumentTable(InstrumentsRepository(world.database))
    first.restart()
    first.cycle(3)
    assert downloads(world) == 2
    assert [row["ordSt"] for row in first.at_broker()] == ["open"]


def test_the_next_day_has_its_own_file(world: World) -> None:
    world.broker.fault("instruments", "late_reply", times=None)
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    world.the_day_after()
    tenant.cycle(2)
    assert downloads(world) == 4


def test_the_rows_give_back_what_the_file_had(database: Database) -> None:
    repository = InstrumentsRepository(database)
    more = (Instrument(f"S{n}-EQ", str(n), "S", "EQ", "", Decimal(1), n + 1, None, None, None) for n in range(1200))
    many = [IFB, BLOCK, *more]
    repository.replace(MONDAY, Register(many))
    assert list(repository.of_day(MONDAY)) == list(Register(many))
    assert repository.find("IFBIND-EQ") == IFB
    repository.replace(TUESDAY, [IFB])
    assert (len(repository.of_day(MONDAY)), list(repository.of_day(TUESDAY))) == (0, [IFB])


def test_a_download_that_breaks_off_changes_no_row(database: Database) -> None:
    repository = InstrumentsRepository(database)
    repository.replace(MONDAY, [IFB, BLOCK])

    def breaking() -> Iterable[Instrument]:
        for number in range(700):
            yield Instrument(f"S{number}-EQ", "1", "S", "EQ", "", Decimal(1), 1, None, None, None)
        raise BrokerUnavailable("gone")

    with pytest.raises(BrokerUnavailable):
        repository.replace(TUESDAY, breaking())
    assert (len(repository.of_day(MONDAY)), repository.count()) == (2, 2)


def test_while_two_tenants_download_a_third_one_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that hangs keeps its own tenant and one more waiting, not all of them asking at once."""
    monkeypatch.setattr(instrument_table, "PATIENCE", 0.01)
    table = InstrumentTable(InstrumentsRepository(database))
    begun, go = threading.Semaphore(0), threading.Event()
    asked: list[int] = []

    def slowly(number: int) -> Callable[[], list[Instrument]]:
        def fetch() -> list[Instrument]:
            asked.append(number)
            begun.release()
            assert go.wait(10)
            return [IFB, BLOCK]

        return fetch

    threads = [threading.Thread(target=table.load, args=(MONDAY, slowly(number))) for number in range(2)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=10)
    with pytest.raises(BrokerUnavailable, match="Two other tenants"):
        table.load(MONDAY, slowly(2))
    go.set()
    for thread in threads:
        thread.join(10)
    table.load(MONDAY, slowly(3))
    assert asked == [0, 1]
    assert table.find("IFBIND-EQ") == IFB


def contexts() -> int:
    gc.collect()
    return sum(issubclass(type(thing), ssl.SSLContext) for thing in gc.get_objects())


def test_all_tenants_of_a_process_share_one_tls_context(
    database: Database, clock: VirtualClock, psql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also while each of them has its own connection open."""
    server, trusted = tls_of(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    vault = Vault([Fernet.generate_key().decode()])
    with Peer(answering(http(503, b"")), server) as peer:
        before = contexts()
        factory = TenantFactory(
            database, vault, clock, ExchangeCalendar(), Settings(kotak_url=peer.url, kotak_order_feed=False)
        )
        services = []
        for number in range(1, 6):
            sealed = vault.seal(Credentials("k" * 36, f"+9198765432{number:02}", f"AB12{number}", "654321", "JBSW" * 4))
            psql.execute(USER, (number, f"user{number}"))
            psql.execute("INSERT INTO tenants (user_id, generation) VALUES (%s, 1)", (number,))
            psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (%s, %s)", (number, sealed))
            services.append(factory(Tenure(number, 1, f"user{number}")))
            with pytest.raises(BrokerUnavailable, match="HTTP 503"):
                services[-1].ports.broker.login()
        assert peer.connections == len(services)
        assert contexts() - before == 1


def test_without_todays_file_the_last_one_serves_from_the_bell_on_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The host of the file is not the broker's: without it no position of any account would be protected."""
    tenant = world.tenant()
    kept = InstrumentsRepository(world.database)
    kept.replace(MONDAY - timedelta(days=3), [replace(IFB, band_high=Decimal(700))])
    tenant.holds("IFBIND-EQ", 10)
    world.broker.fault("instruments", "502_html", times=None)
    tenant.service.look()
    world.clock.advance_to(BELL)
    for _ in range(4):
        tenant.service.look()
        world.clock.advance(1)
    (order,) = tenant.live_at_broker()
    assert order["prc"] == "848.00"
    told = str(world.row("SELECT text FROM heartbeats WHERE user_id = 1")["text"])
    assert "the instrument file of 20 Nov 2026 is used, without its bands" in told
    (alarm,) = [one.getMessage() for one in caplog.records if one.levelname == "CRITICAL"]
    assert "today's cannot be had" in alarm
    world.broker.clear_faults()
    for _ in range(70):
        tenant.service.look()
        world.clock.advance(5)
    assert len(kept.of_day(MONDAY)) > 1
    assert "instrument file" not in str(world.row("SELECT text FROM heartbeats WHERE user_id = 1")["text"])
    assert len(tenant.live_at_broker()) == 1


def test_a_file_that_hangs_does_not_make_the_bell_late(world: World) -> None:
    tenant = world.tenant()
    InstrumentsRepository(world.database).replace(MONDAY - timedelta(days=3), [IFB])
    tenant.holds("IFBIND-EQ", 10)
    world.broker.fault("instruments", "hang", times=None, seconds=50)
    world.clock.advance_to(BELL - timedelta(minutes=10))
    while world.clock.now() < BELL + timedelta(seconds=8):
        tenant.service.look()
        world.clock.advance(1)
    assert len(tenant.live_at_broker()) == 1


def test_a_file_of_last_month_is_no_file(world: World) -> None:
    tenant = world.tenant()
    InstrumentsRepository(world.database).replace(MONDAY - timedelta(days=30), [IFB])
    tenant.holds("IFBIND-EQ", 10)
    world.broker.fault("instruments", "502_html", times=None)
    world.clock.advance_to(BELL)
    tenant.service.look()
    assert tenant.at_broker() == []
    assert world.row("SELECT state FROM heartbeats WHERE user_id = 1")["state"] == "HELD"
