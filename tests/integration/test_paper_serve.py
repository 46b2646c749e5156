"""Paper as its users start it: two commands, no broker, no credentials; and through kills in real time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.clock import SystemClock
from repositories.embedded import open_embedded
from tests.commands import ROOT, RULE

CLOCK = SystemClock()
SCRIPT = "when,symbol,price,liquidity\n09:00,IFBIND-EQ,800,\n+0,IFBIND-EQ,800,\n"


def until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What the condition gives once it is true; the test fails when it does not become so."""
    end = CLOCK.monotonic() + seconds
    while not (found := condition()):
        assert CLOCK.monotonic() < end, f"not within {seconds} s"
        CLOCK.wait(Event(), 0.05)
    return found


class Paper:
    """A home of its own, and the commands and rows of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        plain = {name: value for name, value in os.environ.items() if not name.startswith("NINEFIFTEEN_")}
        self.environment = plain | {
            "NINEFIFTEEN_HOME": str(home),
            "NINEFIFTEEN_LEASE_SECONDS": "2",
            "NINEFIFTEEN_CYCLE_SECONDS": "1",
            "NINEFIFTEEN_PACE": "0.5",
        }
        self.server = open_embedded(home / "database")
        self.services: list[subprocess.Popen[str]] = []

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb, to its end."""
        command = [sys.executable, str(ROOT / "run.py"), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)

    def serve(self, *words: str, drill: bool = True) -> subprocess.Popen[str]:
        """The service; in a drill its bell is ringing."""
        ringing = ("--drill", "--open-in", "0", "--day-length", "600") if drill else ()
        command = [sys.executable, str(ROOT / "run.py"), "serve", *ringing]
        service = subprocess.Popen([*command, *words], env=self.environment, stdout=subprocess.PIPE, text=True)
        self.services.append(service)
        return service

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a person with psql sees."""
        with psycopg.connect(self.server.url, row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """End what was started."""
        for service in self.services:
            service.kill()
            service.wait()
            assert service.stdout is not None
            service.stdout.close()
        self.server.close()


@pytest.fixture
def paper() -> Iterator[Paper]:
    """Nothing yet."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with TemporaryDirectory(prefix="ninefifteen-paper-", dir=memory) as folder:
        opened = Paper(Path(folder))
        yield opened
        opened.close()


def test_two_commands_are_a_paper_account_that_is_served(paper: Paper) -> None:
    added = paper.run("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    assert (added.returncode, added.stderr) == (0, "")
    service = paper.serve()
    assert service.stdout is not None
    assert service.stdout.readline() == "Paper accounts: no broker, no money; prices: random walk, seed 915\n"
    assert service.stdout.readline() == "Serving 1 of 1 users: ravi (paper)\n"
    until(lambda: paper.rows("SELECT 1 FROM heartbeats WHERE state = 'TRADING'"))
    log = (paper.home / "logs" / "service.log").read_text()
    assert " ravi(paper)#" in log


def test_an_account_that_is_not_live_is_refused_beside_a_paper_account_that_is_served(paper: Paper) -> None:
    paper.run("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    paper.rows("INSERT INTO users (name, broker, exit_rule) VALUES ('asha', 'kotak_neo', '{\"target_percent\": 6}')")
    paper.serve(drill=False)
    until(lambda: paper.rows("SELECT 1 FROM heartbeats WHERE state IN ('TRADING', 'WAITING')"))
    until(lambda: paper.rows("SELECT 1 FROM heartbeats WHERE state = 'REFUSED' AND text LIKE 'asha is not live%'"))


def test_no_drill_is_played_with_the_broker_itself(paper: Paper) -> None:
    paper.run("user", "list")
    paper.rows("INSERT INTO users (name, broker, exit_rule) VALUES ('asha', 'kotak_neo', '{\"target_percent\": 6}')")
    refused = paper.run("serve", "--drill", "--open-in", "5")
    assert (refused.returncode, "not on this machine" in refused.stderr) == (6, True)


def test_prices_without_sense_are_told_at_the_start(paper: Paper) -> None:
    paper.run("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    paper.environment["NINEFIFTEEN_PAPER_PRICES"] = "walk:often"
    refused = paper.run("serve")
    assert (refused.returncode, "NINEFIFTEEN_PAPER_PRICES=walk:often is no walk" in refused.stderr) == (3, True)


def test_kills_at_the_worst_points_leave_one_paper_sell_that_is_sold_once(paper: Paper) -> None:
    """Before the send; after it and before its answer is kept; then at rest, with the price at the target meanwhile."""
    script = paper.home / "prices.csv"
    script.write_text(SCRIPT)
    paper.environment["NINEFIFTEEN_PAPER_PRICES"] = str(script)
    paper.run("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    paper.run("paper", "hold", "ravi", "IFBIND-EQ", "60", "800")
    paper.rows("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'IFBIND-EQ', 10, 800)")
    paper.environment["NINEFIFTEEN_PACE"] = "0.1"
    for label, there in (("before_send:place", 0), ("after_send:place", 1)):
        service = paper.serve("--die-at", label)
        assert until(lambda service=service: service.poll(), 60) == -signal.SIGKILL, label
        assert len(paper.rows("SELECT 1 FROM paper_orders")) == there
    service = paper.serve()
    until(lambda: paper.rows("SELECT 1 FROM orders WHERE status = 'OPEN'"), 60)
    assert len(paper.rows("SELECT 1 FROM paper_orders")) == 1
    service.kill()
    service.wait()
    script.write_text(SCRIPT + "+1,IFBIND-EQ,850,\n")
    paper.serve()
    until(lambda: paper.rows("SELECT 1 FROM positions WHERE close_reason = 'SOLD'"), 60)
    (trade,) = paper.rows("SELECT * FROM paper_trades")
    assert (trade["quantity"], trade["price"]) == (10, 848)
    assert paper.rows("SELECT cash FROM paper_accounts") == [{"cash": 1_000_000 + 8480}]


def test_a_paper_fill_is_in_the_rows_within_a_second_though_cycles_are_far_between(paper: Paper) -> None:
    """Catches: a fill that is seen with the next cycle alone, here up to twenty seconds late."""
    script = paper.home / "prices.csv"
    script.write_text(SCRIPT + "+12,IFBIND-EQ,850,\n")
    paper.environment |= {"NINEFIFTEEN_PAPER_PRICES": str(script), "NINEFIFTEEN_CYCLE_SECONDS": "20"}
    del paper.environment["NINEFIFTEEN_PACE"]
    paper.run("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    paper.run("paper", "hold", "ravi", "IFBIND-EQ", "10", "800")
    paper.rows("INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'IFBIND-EQ', 10, 800)")
    paper.serve()
    until(lambda: paper.rows("SELECT 1 FROM positions WHERE close_reason = 'SOLD'"), 40)
    (late,) = paper.rows("SELECT extract(epoch FROM p.closed_at - t.at) AS s FROM positions p, paper_trades t")
    assert 0 <= late["s"] < 2
