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
        self.account = account
        self.token = self.sid = ""
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Authorization": account.consumer_key, "neo-fin-key": "neotradeapi"})
        self._url = self._log_in(peer)

    def send_all(self, traded: Sequence[str]) -> None:
        """One order for each symbol, one after the other."""
        for number, symbol in enumerate(traded):
            answer = self.post(PLACE, json.dumps({**FORM, "ts": symbol, "ig": f"F{self.account.ucc}N{number}"}))
            assert answer["stat"] == "Ok", answer

    @property
    def headers(self) -> str:
        """What a request of this account says of itself, as lines of HTTP."""
        known = {"Host": "localhost", "Auth": self.token, "Sid": self.sid, "Authorization": self.account.consumer_key}
        return "".join(f"{name}: {value}\r\n" for name, value in known.items())

    def post(self, path: str, words: str) -> Any:
        """The answer to a form with jData."""
        return self._session.post(f"{self._url}/{path}", data={"jData": words}, timeout=PATIENCE).json()

    def get(self, path: str) -> Any:
        """The answer to a read."""
        return self._session.get(f"{self._url}/{path}", timeout=PATIENCE).json()

    def close(self) -> None:
        """Let the connection go."""
        self._session.close()

    def _log_in(self, peer: Peer) -> str:
        account = self.account
        code = TotpCodes(account.totp_secret).next(SystemClock(), Tenure(0, 0, "floor"))
        view = self._ask(peer, "tradeApiLogin", {"mobileNumber": account.mobile, "ucc": account.ucc, "totp": code})
        self._session.headers.update({"Auth": view["token"], "sid": view["sid"]})
        trade = self._ask(peer, "tradeApiValidate", {"mpin": account.mpin})
        self.token, self.sid = trade["token"], trade["sid"]
        self._session.headers.update({"Auth": self.token, "Sid": self.sid})
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
