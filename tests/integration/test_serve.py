"""The service as a process, in real time: rows in, orders out, through restarts, kills and a dead database."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
import requests
from psycopg.rows import dict_row

from domain.clock import SystemClock
from repositories.embedded import open_embedded

ROOT = Path(__file__).parents[2]
CLOCK = SystemClock()


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition gives once it is true; the test fails when it does not become so."""
    end = CLOCK.monotonic() + seconds
    while not (found := condition()):
        assert CLOCK.monotonic() < end, f"not within {seconds} s: {condition}"
        CLOCK.wait(threading.Event(), 0.05)
    return found


class Drill:
    """A simulator and a service as processes, and the database that they leave their rows in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("NINEFIFTEEN_")},
            "NINEFIFTEEN_HOME": str(home),
            "NINEFIFTEEN_LEASE_SECONDS": "2",
            "NINEFIFTEEN_CYCLE_SECONDS": "1",
            "NINEFIFTEEN_PACE": "0.5",
        }
        self.simulator = self.run("simulator", "--accounts", "2", "--rate-limit", "0", "--holding", "IFBIND-EQ=60")
        assert self.simulator.stdout is not None
        first = json.loads(self.simulator.stdout.readline())
        self.url, self.accounts = first["url"], first["accounts"]
        self.environment["NINEFIFTEEN_KOTAK_URL"] = self.url
        self.server = open_embedded(home / "database")
        self.service = self.serve()

    def run(self, *words: str) -> subprocess.Popen[str]:
        """A verb as a process."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *words], env=self.environment, stdout=subprocess.PIPE, text=True
        )

    def serve(self) -> subprocess.Popen[str]:
        """The service, its bell ringing."""
        return self.run("serve", "--drill", "--open-in", "0", "--day-length", "600")

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What a person with psql sees."""
        with psycopg.connect(self.server.url, row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def add_user(self, number: int, name: str) -> None:
        """One account by SQL alone, with a position."""
        self.rows(
            "INSERT INTO users (id, name, broker, exit_rule) VALUES (%s, %s, 'kotak_neo', '{\"target_percent\": 6}')",
            number,
            name,
        )
        self.rows(
            "INSERT INTO credentials (user_id, incoming) VALUES (%s, %s)", number, json.dumps(self.accounts[number - 1])
        )
        self.rows(
            "INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (%s, 'IFBIND-EQ', 10, 800)", number
        )

    def open_sells(self) -> list[tuple[int, Any]]:
        """User and price of the sells that rest."""
        query = "SELECT user_id, price FROM orders WHERE side = 'SELL' AND status = 'OPEN' ORDER BY user_id"
        return [(row["user_id"], int(row["price"])) for row in self.rows(query)]

    def generations(self) -> dict[int, int]:
        """Who serves whom."""
        return {row["user_id"]: row["generation"] for row in self.rows("SELECT * FROM tenants")}

    def ledger(self) -> dict[str, Any]:
        """What really happened."""
        return dict(requests.get(f"{self.url}/control/ledger", timeout=5).json()["totals"])

    def close(self) -> None:
        """End what was started."""
        for process in (self.service, self.simulator):
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        self.server.close()


@pytest.fixture
def drill() -> Iterator[Drill]:
    """A running drill in a folder that another account may enter."""
    with TemporaryDirectory(prefix="ninefifteen-serve-") as folder:
        made = Drill(Path(folder))
        yield made
        made.close()


def test_a_day_through_restarts_and_kills_leaves_one_sell_for_each_position(drill: Drill):
    until(lambda: drill.rows("SELECT 1 AS one FROM pg_tables WHERE tablename = 'supervisors'"))
    until(lambda: drill.rows("SELECT 1 AS one FROM supervisors"))
    drill.add_user(1, "asha")
    drill.add_user(2, "ravi")
    until(lambda: drill.open_sells() == [(1, 848), (2, 848)])
    assert drill.rows("SELECT 1 AS one FROM credentials WHERE incoming IS NOT NULL OR sealed IS NULL") == []

    drill.rows("""UPDATE users SET exit_rule = '{"target_percent": 7}' WHERE id = 2""")
    until(lambda: drill.open_sells() == [(1, 848), (2, 856)])

    before = drill.generations()
    drill.rows("UPDATE users SET revision = revision + 1 WHERE id = 2")
    until(lambda: drill.generations()[2] > before[2])
    assert drill.generations()[1] == before[1]

    postmaster = int((next(drill.home.rglob("postmaster.pid"))).read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: answers(drill))
    drill.rows("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'ITC-EQ', 1, 400)")
    requests.post(
        f"{drill.url}/control/holdings",
        json={"ucc": drill.accounts[0]["ucc"], "symbol": "ITC-EQ", "quantity": 9},
        timeout=5,
    )
    until(lambda: drill.open_sells() == [(1, 848), (1, 424), (2, 856)], 60)

    drill.service.kill()
    drill.service.wait()
    drill.rows("UPDATE positions SET quantity = 20 WHERE user_id = 2")
    drill.service = drill.serve()
    until(lambda: [row["quantity"] for row in drill.rows(RESTING)] == [10, 1, 20], 60)
    assert drill.ledger()["max_live_api_sells"] == 1
    assert drill.ledger()["oversold"] == 0

    drill.service.send_signal(signal.SIGTERM)
    assert drill.service.wait(30) == 0
    assert drill.ledger()["live_orders"] == 3
    log = (drill.home / "logs" / "service.log").read_text()
    assert "asha#" in log
    secrets = [account[name] for account in drill.accounts for name in ("totp_secret", "consumer_key")]
    assert not [secret for secret in secrets if secret in log]
    assert (drill.home / "logs" / "tenant-ravi.log").exists()


RESTING = "SELECT quantity FROM orders WHERE side = 'SELL' AND status = 'OPEN' ORDER BY user_id, symbol"


def answers(drill: Drill) -> bool:
    """Whether the database is there again, brought back by the service and by nobody else."""
    try:
        return bool(drill.rows("SELECT 1 AS one"))
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize(
    ("words", "changed", "code", "says"),
    [
        (["serve", "--drill"], {"KOTAK_URL": "http://127.0.0.1:9"}, 3, "--drill needs --open-in"),
        (["serve", "--open-in", "5"], {"KOTAK_URL": "http://127.0.0.1:9"}, 3, "add --drill"),
        (["serve", "--drill", "--open-in", "5"], {}, 6, "not on this machine"),
        (["simulator", "--port", "TAKEN"], {}, 6, "cannot be used"),
        (["simulator", "--holding", "nonsense"], {}, 3, "SYMBOL=SHARES"),
        (["serve"], {"KOTAK_URL": "http://127.0.0.1:9", "HOME": "/dev/null/x"}, 6, "cannot be written"),
    ],
)
def test_what_cannot_be_started_is_a_sentence(words, changed, code, says, tmp_path):
    environment = {**os.environ, "NINEFIFTEEN_HOME": str(tmp_path)}
    environment |= {f"NINEFIFTEEN_{name}": value for name, value in changed.items()}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = [str(taken.getsockname()[1]) if word == "TAKEN" else word for word in words]
        done = run_verb(words, environment)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def run_verb(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *words], env=environment, capture_output=True, text=True, timeout=60
    )
