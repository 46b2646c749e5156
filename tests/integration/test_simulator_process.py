"""The simulator as a process: one line, then service, then a clean end; a taken port is told upward."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from simulator_client import SYMBOL, Client, Wire

from broker.simulator import Account, Simulator, serve

SCRIPT = "import sys; from broker.simulator import serve; sys.exit(serve(accounts=2, open_in=3600, day_length=60))"


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    yield running
    if running.poll() is None:
        running.kill()
    running.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_ends_with_zero(process: subprocess.Popen[str], number: signal.Signals) -> None:
    assert process.stdout is not None
    hello = json.loads(process.stdout.readline())
    people = [Account(**account) for account in hello["accounts"]]
    assert len(people) == 2
    assert Wire(hello["url"], people[0], datetime.now(UTC)).book() == []
    process.send_signal(number)
    assert process.wait(timeout=10) == 0


def test_a_taken_port_is_an_os_error() -> None:
    with Simulator() as broker, pytest.raises(OSError, match="in use"):
        serve(port=int(broker.url.rpartition(":")[2]))


def test_the_same_seed_gives_the_same_accounts_however_many() -> None:
    few, many, other = Simulator(2), Simulator(5), Simulator(2, seed=7)
    for broker in (few, many, other):
        broker.stop()
    assert many.accounts[:2] == few.accounts
    assert other.accounts != few.accounts
    assert len({account.ucc for account in many.accounts}) == 5


def test_it_works_on_the_machines_clock_too() -> None:
    with Simulator(open_delay=0.0, holdings={SYMBOL: 10}) as broker:
        client = Client(broker, broker.accounts[0], datetime.now(UTC))
        number = client.sell("a1")
        assert client.row(number)["ordSt"] == "open"
