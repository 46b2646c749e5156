"""The floor: the same orders sent by bare threads with `requests`, one for each account, no database, no limits."""

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests

from benchmarks.market import SHARES, TARGET, symbols
from benchmarks.peer import PATIENCE, Peer
from broker.kotak_neo.totp import TotpCodes
from broker.simulator import Account
from domain.clock import SystemClock
from domain.tenure import Tenure

LOGINS = 10
PLACE = "quick/order/rule/ms/place"
FORM = {
    "am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": TARGET, "pt": "L",
    "qt": str(SHARES), "rt": "DAY", "tp": "0", "tt": "S", "os": "NEOTRADEAPI",
}  # fmt: skip


class Sender:
    """One account, logged in, with a connection that is open."""

    def __init__(self, peer: Peer, account: Account) -> None:
        self._account = account
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Authorization": account.consumer_key, "neo-fin-key": "neotradeapi"})
        self._address = f"{self._log_in(peer)}/{PLACE}"

    def send_all(self, traded: Sequence[str]) -> None:
        """One order for each symbol, one after the other."""
        for number, symbol in enumerate(traded):
            form = {"jData": json.dumps({**FORM, "ts": symbol, "ig": f"F{self._account.ucc}N{number}"})}
            answer = self._session.post(self._address, data=form, timeout=PATIENCE).json()
            assert answer["stat"] == "Ok", answer

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def _log_in(self, peer: Peer) -> str:
        account = self._account
        code = TotpCodes(account.totp_secret).next(SystemClock(), Tenure(0, 0, "floor"))
        view = self._ask(peer, "tradeApiLogin", {"mobileNumber": account.mobile, "ucc": account.ucc, "totp": code})
        self._session.headers.update({"Auth": view["token"], "sid": view["sid"]})
        trade = self._ask(peer, "tradeApiValidate", {"mpin": account.mpin})
        self._session.headers.update({"Auth": trade["token"], "Sid": trade["sid"]})
        return str(trade["baseUrl"])

    def _ask(self, peer: Peer, step: str, asked: dict[str, str]) -> dict[str, Any]:
        answer = self._session.post(f"{peer.url}/login/1.0/{step}", json=asked, timeout=PATIENCE).json()
        data: dict[str, Any] = answer["data"]
        return data


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds from a common start until the last answer, and the processor seconds that this process took for it."""

    seconds: float
    processor: float


def run_floor(peer: Peer, accounts: Sequence[Account]) -> Floor:
    """Every account's orders, all accounts at the same time."""
    with ThreadPoolExecutor(LOGINS) as pool:
        senders = list(pool.map(partial(Sender, peer), accounts))
    traded = symbols(peer.positions)
    start = threading.Barrier(len(senders) + 1)
    threads = [threading.Thread(target=_run, args=(sender, traded, start), name="floor") for sender in senders]
    for thread in threads:
        thread.start()
    start.wait()
    began, used = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    floor = Floor(time.perf_counter() - began, time.process_time() - used)
    for sender in senders:
        sender.close()
    return floor


def _run(sender: Sender, traded: Sequence[str], start: threading.Barrier) -> None:
    start.wait()
    sender.send_all(traded)
