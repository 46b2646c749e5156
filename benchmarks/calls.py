"""Our client beside bare `requests` and beside Kotak's own SDK: the same calls to the same simulator, by turns.

Calls a second are those of one thread that does nothing else; the processor time is this process's alone, the
simulator being another one.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.floor import FORM, PLACE, Sender
from benchmarks.market import SHARES, symbols, write_instruments
from benchmarks.peer import Peer, peer
from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.simulator import Account
from domain.book import NewOrder
from domain.clock import SystemClock
from domain.orders import Side
from domain.outcomes import Accepted
from domain.tenure import Tenure
from domain.users import Credentials

POSITIONS = 10
"""Orders in each account's book before anything is measured, and symbols in a call for quotes."""
TOKENS = [str(10_000 + number) for number in range(POSITIONS)]
QUOTES = f"script-details/1.0/quotes/neosymbol/{','.join(f'nse_cm|{token}' for token in TOKENS)}/all"
SDK = "the SDK"
NO_SDK = "Kotak's own SDK is not installed (pip install kotakneoapi): it is left out."
Calls = dict[str, Callable[[], object]]
"""The same things in the same order, whoever does them; the one that grows the book comes last."""


@dataclass(frozen=True, slots=True)
class Called:
    """One thing done by one of them; medians over the turns."""

    call: str
    by: str
    per_second: float
    processor_ms: float


def measure_calls(folder: Path, times: int, turns: int) -> list[Called]:
    """So many calls of each kind in each turn. Without the SDK there are no figures of it."""
    write_instruments(folder / "instruments.csv", POSITIONS)
    with peer(folder, 3, POSITIONS, latency=0.0) as broker, _everybody(broker) as people:
        kinds = list(people["requests"])
        return [found for call in kinds for found in _by_turns(people, call, times, turns)]


def _by_turns(people: dict[str, Calls], call: str, times: int, turns: int) -> Iterator[Called]:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in people}
    for _ in range(turns):
        for name, calls in people.items():
            found[name].append(_timed(calls[call], times))
    for name, figures in found.items():
        seconds, processor = (median(column) for column in zip(*figures, strict=True))
        yield Called(call, name, times / seconds, 1000 * processor / times)


def _timed(call: Callable[[], object], times: int) -> tuple[float, float]:
    began, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        call()
    return time.perf_counter() - began, time.process_time() - used


@contextmanager
def _everybody(broker: Peer) -> Iterator[dict[str, Calls]]:
    senders = [Sender(broker, account) for account in broker.accounts]
    for sender in senders:
        sender.send_all(symbols(POSITIONS))
    ours = _client(broker, broker.accounts[1])
    people = {"requests": _bare(senders[0]), "ours": _ours(ours)}
    if sdk := _sdk(broker, senders[2]):
        people[SDK] = sdk
    try:
        yield people
    finally:
        ours.close()
        for sender in senders:
            sender.close()


def _bare(sender: Sender) -> Calls:
    numbers = count(1)
    order = {**FORM, "ts": symbols(1)[0], "tt": "B", "pr": "700.00"}
    return {
        f"order book of {POSITIONS}": lambda: sender.get("quick/user/orders")["data"],
        f"quotes of {POSITIONS}": lambda: sender.get(QUOTES),
        "place": lambda: sender.post(PLACE, json.dumps({**order, "ig": f"R{next(numbers)}"}))["nOrdNo"],
    }


def _client(broker: Peer, account: Account) -> KotakNeo:
    clock, settings = SystemClock(), KotakSettings(broker.url, orders_per_second=0, reads_per_second=0)
    secrets = Credentials(account.consumer_key, account.mobile, account.ucc, account.mpin, account.totp_secret)
    client = KotakNeo(KotakAccount(secrets, settings, clock), Tenure(1, 1, "bench"), clock, settings, lambda: None)
    client.login()
    return client


def _ours(client: KotakNeo) -> Calls:
    numbers, clock = count(1), SystemClock()

    def place() -> None:
        order = NewOrder(f"O{next(numbers)}", symbols(1)[0], Side.BUY, SHARES, Decimal("700.00"))
        outcome = client.place(order, clock.monotonic() + 10)
        assert isinstance(outcome, Accepted), outcome

    return {
        f"order book of {POSITIONS}": client.order_book,
        f"quotes of {POSITIONS}": lambda: client.quotes(TOKENS),
        "place": place,
    }


def _sdk(broker: Peer, sender: Sender) -> Calls | None:
    quiet = {"NEO_LOG_FILE_ENABLED": "false", "NEO_LOG_LEVEL": "NOLOG", "NO_PROXY": "*"}
    os.environ.update(quiet)
    try:
        client: Any = import_module("neo_api_client").NeoAPI(consumer_key=sender.account.consumer_key)
    except ImportError:
        return None
    known = client.configuration
    known.base_url, known.edit_token, known.edit_sid = broker.url, sender.token, sender.sid
    numbers = count(1)
    asked = [{"exchange_segment": "nse_cm", "instrument_token": token} for token in TOKENS]

    def place() -> None:
        tag, symbol = f"S{next(numbers)}", symbols(1)[0]
        answer = client.place_order("nse_cm", "CNC", "700.00", "L", str(SHARES), "DAY", symbol, "B", tag=tag)
        assert answer["stat"] == "Ok", answer

    return {
        f"order book of {POSITIONS}": lambda: client.order_report()["data"],
        f"quotes of {POSITIONS}": lambda: client.quotes(asked),
        "place": place,
    }
