"""The simulated broker as a process of its own, and its evidence."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from benchmarks.market import SHARES, symbols, write_instruments
from broker.simulator import Account

RUN = Path(__file__).resolve().parent.parent / "run.py"
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A running simulator."""

    url: str
    accounts: tuple[Account, ...]
    positions: int
    pid: int

    def ledger(self) -> dict[str, Any]:
        """What really happened there."""
        report: dict[str, Any] = requests.get(f"{self.url}/control/ledger", timeout=PATIENCE).json()
        return report

    def faults(self, ledger: dict[str, Any], accounts: Sequence[Account]) -> list[str]:
        """What is not as it must be: every position of these accounts has exactly one live sell, and had never more."""
        uccs = {account.ucc for account in accounts}
        wanted = {(ucc, symbol) for ucc in uccs for symbol in symbols(self.positions)}
        sells = [o for o in ledger["orders"] if o["ucc"] in uccs and o["side"] == "SELL"]
        live = Counter((o["ucc"], o["symbol"]) for o in sells if o["finished"] is None and o["quantity"] == SHARES)
        found = [f"{len(sells)} sells were placed for {len(wanted)} positions"] if len(sells) != len(wanted) else []
        found += [f"{key[0]} {key[1]}: {live[key]} live sells" for key in sorted(wanted) if live[key] != 1]
        found += [f"oversold by {ledger['totals']['oversold']}"] if ledger["totals"]["oversold"] else []
        return found


@contextmanager
def peer(folder: Path, accounts: int, positions: int, latency: float) -> Iterator[Peer]:
    """A fresh simulator without a rate limit whose accounts hold what the positions say; ended afterwards."""
    listed = write_instruments(folder / "instruments.csv", positions)
    command = [sys.executable, str(RUN), "simulator", "--accounts", str(accounts), "--rate-limit", "0"]
    command += ["--latency", str(latency), "--instruments", str(listed)]
    for symbol in symbols(positions):
        command += ["--holding", f"{symbol}={SHARES}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _announced(process, positions)
        finally:
            process.terminate()


def _announced(process: "subprocess.Popen[str]", positions: int) -> Peer:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit("The simulator did not start; see its message above.")
    said = json.loads(line)
    return Peer(said["url"], tuple(Account(**account) for account in said["accounts"]), positions, process.pid)
