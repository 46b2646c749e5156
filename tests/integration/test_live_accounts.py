"""`users.live`: who trades with money meets the broker alone, who does not meets a simulator alone.

The broker is the simulator over TLS under a host name of Kotak's, which this process looks up as 127.0.0.1.
Mutations to try: serve whoever is wanted wherever the URL leads; let a live account go on in a simulator's session.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from feed_client import until
from kotak_peer import tls_of
from simulator_client import SYMBOL

from broker.simulator import Simulator
from cli.serve import supervisor
from domain.clock import SystemClock
from domain.errors import BadInput
from domain.market import drill
from repositories.database import Database
from repositories.users import UsersRepository
from repositories.vault import Vault
from settings import Settings
from tests.commands import Commands

HOST = "mis.kotaksecurities.com"
RULE = {"target_percent": 6}
PATIENCE = 20.0


@pytest.fixture
def kotak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A broker under Kotak's name, over TLS; looked up, as all names of Kotak's, as this machine."""
    tls, trusted = tls_of(tmp_path, HOST)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    look_up = socket.getaddrinfo

    def at_home(host: Any, *rest: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if str(host).endswith("kotaksecurities.com") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", at_home)
    with Simulator(1, rate_limit=0, holdings={SYMBOL: 10}, tls=tls, name=HOST) as made:
        yield made


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(database_url, tmp_path, monkeypatch, capsys)


def enter(psql: psycopg.Connection, broker: Simulator, live: bool, address: str | None = "127.0.0.2") -> None:
    """What a person with psql enters: one account with one position."""
    psql.execute(
        "INSERT INTO users (id, name, broker, exit_rule, live, egress_ip) VALUES (1, 'asha', 'kotak_neo', %s, %s, %s)",
        (json.dumps(RULE), live, address),
    )
    credentials = json.dumps(asdict(broker.accounts[0]))
    psql.execute("INSERT INTO credentials (user_id, incoming) VALUES (1, %s)", (credentials,))
    psql.execute("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, %s, 10, 800)", (SYMBOL,))


@contextmanager
def served(url: str, database: Database, home: Path) -> Iterator[None]:
    """The service in its trading hours, for as long as it lasts."""
    clock = SystemClock()
    vault = Vault([Fernet.generate_key().decode()])
    with supervisor(Settings(home=home, kotak_url=url), database, vault, clock, drill(clock.now(), 0, 3600)) as running:
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            running.stop()
            thread.join(PATIENCE)


def said(psql: psycopg.Connection, state: str) -> str:
    """The text of the tenant, once it is in that state."""
    rows: list[tuple[str]] = []

    def there() -> bool:
        rows[:] = psql.execute("SELECT text FROM heartbeats WHERE state = %s", (state,)).fetchall()
        return bool(rows)

    until(there, PATIENCE)
    return rows[0][0]


def test_a_live_account_is_protected_over_tls_under_the_brokers_name_with_its_feed(
    kotak: Simulator, database: Database, psql: psycopg.Connection, tmp_path: Path
) -> None:
    enter(psql, kotak, live=True)
    with served(kotak.url, database, tmp_path):
        until(lambda: psql.execute("SELECT 1 FROM orders WHERE status = 'OPEN'").fetchone() is not None, PATIENCE)
        until(lambda: said(psql, "TRADING").endswith("order feed connected"), PATIENCE)
        kotak.set_price(SYMBOL, "848")
        until(lambda: psql.execute("SELECT 1 FROM positions WHERE closed_at IS NOT NULL").fetchone() is not None)
    totals = kotak.ledger()["totals"]
    assert (totals["api_orders"], totals["sold"], totals["live_orders"]) == (1, 10, 0)


def test_an_account_that_is_not_live_never_meets_the_broker_and_says_why(
    kotak: Simulator, database: Database, psql: psycopg.Connection, tmp_path: Path
) -> None:
    enter(psql, kotak, live=False)
    kotak.fault("any", "late_reply", times=None)
    with served(kotak.url, database, tmp_path):
        text = said(psql, "REFUSED")
        assert text.startswith(f"asha is not live, and the broker at {HOST} is not on this machine: nothing was sent.")
        assert "run.py user set-live asha on" in text
        assert kotak.faults()["calls"] == {}
        UsersRepository(database).set_live(1, True)
        until(lambda: psql.execute("SELECT 1 FROM orders WHERE status = 'OPEN'").fetchone() is not None, PATIENCE)
        UsersRepository(database).set_live(1, False)
        assert said(psql, "REFUSED").startswith("asha is not live")


def test_a_live_account_meets_no_simulator(database: Database, psql: psycopg.Connection, tmp_path: Path) -> None:
    with Simulator(1, holdings={SYMBOL: 10}) as simulator:
        enter(psql, simulator, live=True)
        simulator.fault("any", "late_reply", times=None)
        with served(simulator.url, database, tmp_path):
            text = said(psql, "REFUSED")
        assert text.startswith("asha is live: its orders are at Kotak, and the broker at 127.0.0.1 is a simulator")
        assert simulator.faults()["calls"] == {}


def test_a_live_account_without_an_address_of_its_own_is_refused(
    kotak: Simulator, database: Database, psql: psycopg.Connection, tmp_path: Path
) -> None:
    enter(psql, kotak, live=True, address=None)
    with served(kotak.url, database, tmp_path):
        assert said(psql, "REFUSED").startswith("asha has no egress address, and a live account leaves from its own")


def test_a_live_account_does_not_go_on_in_the_session_of_a_simulator(
    kotak: Simulator, database: Database, psql: psycopg.Connection, tmp_path: Path
) -> None:
    """The session is of today, from the same address, and kept under the same key."""
    key = [Fernet.generate_key().decode()]
    clock = SystemClock()
    with Simulator(list(kotak.accounts), holdings={SYMBOL: 10}) as simulator:
        enter(psql, simulator, live=False)
        psql.execute("DELETE FROM positions")
        chosen = Settings(home=tmp_path, kotak_url=simulator.url, kotak_order_feed=False)
        with supervisor(chosen, database, Vault(key), clock, drill(clock.now(), 0, 3600)) as running:
            thread = threading.Thread(target=running.run, daemon=True)
            thread.start()
            said(psql, "TRADING")
            running.stop()
            thread.join(PATIENCE)
    assert psql.execute("SELECT count(*) FROM logins WHERE outcome = 'accepted'").fetchone() == (1,)
    psql.execute("UPDATE users SET live = true")
    psql.execute("DELETE FROM heartbeats")
    chosen = Settings(home=tmp_path, kotak_url=kotak.url, kotak_order_feed=False)
    with supervisor(chosen, database, Vault(key), clock, drill(clock.now(), 0, 3600)) as running:
        thread = threading.Thread(target=running.run, daemon=True)
        thread.start()
        kotak.fault("orders", "late_reply", times=None)
        until(lambda: bool(kotak.faults()["calls"].get("orders")), 60)
        running.stop()
        thread.join(PATIENCE)
    assert psql.execute("SELECT count(*) FROM logins WHERE outcome = 'accepted'").fetchone() == (2,)


def test_live_is_switched_by_a_verb_that_says_what_it_means(cli: Commands, psql: psycopg.Connection) -> None:
    account = ("--broker", "kotak_neo", "--exit-rule", json.dumps(RULE), "--credentials", cli.credentials())
    cli("user", "add", "asha", *account, "--disabled")
    refused = cli("user", "set-live", "asha", "on")
    assert (refused.code, "asha has no egress address" in refused.err) == (3, True)
    cli("user", "set-egress", "asha", "203.0.113.7")
    told = cli("user", "set-live", "asha", "on")
    assert (told.code, told.out) == (
        0,
        "User asha is live: its orders are real from now on, and leave from 203.0.113.7. One share first: runbook.\n",
    )
    assert psql.execute("SELECT live, live_since IS NOT NULL, revision FROM users").fetchone() == (True, True, 3)
    assert cli("user", "set-live", "asha", "maybe").code == 3
    assert "is served with a simulator" in cli("user", "set-live", "asha", "off").out
    events = [event for (event,) in psql.execute("SELECT event FROM journal WHERE event LIKE 'USER%LIVE' ORDER BY id")]
    assert events == ["USER_LIVE", "USER_NOT_LIVE"]


def test_paper_is_never_live_and_nobody_is_without_credentials(cli: Commands, psql: psycopg.Connection) -> None:
    cli("user", "add", "ravi", "--broker", "paper", "--exit-rule", json.dumps(RULE))
    assert "trades on paper and is never live" in cli("user", "set-live", "ravi", "on").err
    psql.execute(
        "INSERT INTO users (name, broker, exit_rule, egress_ip) VALUES ('asha', 'kotak_neo', %s, '203.0.113.7')",
        (json.dumps(RULE),),
    )
    assert "asha has no credentials" in cli("user", "set-live", "asha", "on").err


def test_a_check_of_the_broker_itself_needs_no_account_that_is_live(kotak: Simulator, cli: Commands) -> None:
    fields = asdict(kotak.accounts[0])
    done = cli("kotak", "check", "--credentials", cli.credentials(**fields), "--url", kotak.url)
    assert (done.code, "Nothing was placed, changed or cancelled" in done.out) == (0, True)


ORDER = """
INSERT INTO orders (user_id, position_id, side, symbol, status, tag, quantity, price, trading_day)
VALUES (1, (SELECT id FROM positions), 'SELL', %s, 'SUBMITTING', 'a1', 10, 848, '2026-11-23')
"""


def test_orders_of_a_simulator_are_never_taken_for_the_brokers(
    database: Database, psql: psycopg.Connection, kotak: Simulator
) -> None:
    enter(psql, kotak, live=False)
    psql.execute(ORDER, (SYMBOL,))
    with pytest.raises(psycopg.errors.CheckViolation, match="its orders were a simulator's"):
        psql.execute("UPDATE users SET live = true")
    with pytest.raises(BadInput, match="Enter the account as another user"):
        UsersRepository(database).set_live(1, True)


def test_who_was_live_before_its_orders_may_rest_and_be_live_again(psql: psycopg.Connection, kotak: Simulator) -> None:
    enter(psql, kotak, live=True)
    psql.execute(ORDER, (SYMBOL,))
    psql.execute("UPDATE users SET live = false, live_since = NULL")
    psql.execute("UPDATE users SET live = true")
    assert psql.execute("SELECT live, revision FROM users").fetchone() == (True, 3)
