"""The simulator's own limit: how much it answers while it has one core for itself, over a few open connections.

The load comes from this process, from a selector and raw sockets, on another core where there is one. What counts is
the answers for each second of the simulator's own processor time: that figure is the same on a busy machine.
"""

import json
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.floor import FORM, PLACE, Sender
from benchmarks.machine import pinned
from benchmarks.market import symbols, write_instruments
from benchmarks.peer import Peer, peer

CONNECTIONS = 8
POSITIONS = 10
"""Orders in the account's book, and symbols in a call for quotes."""
TICKS = os.sysconf("SC_CLK_TCK")
MOST_BYTES = 1 << 20
Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Limit:
    """Answers of one kind; seconds of the wall clock, and of the simulator's processor."""

    call: str
    answers: int
    seconds: float
    processor: float

    @property
    def of_a_core(self) -> float:
        """Answers for each second of a core."""
        return self.answers / self.processor


def measure_limits(folder: Path, seconds: float) -> list[Limit]:
    """Each kind of call for so many seconds, against a fresh simulator."""
    write_instruments(folder / "instruments.csv", POSITIONS)
    with peer(folder, 1, POSITIONS, latency=0.0) as broker, _apart(broker):
        sender = Sender(broker, broker.accounts[0])
        sender.send_all(symbols(POSITIONS))
        headers = sender.headers
        sender.close()
        return [_measure(broker, call, make, seconds) for call, make in _calls(headers).items()]


def _calls(headers: str) -> dict[str, Make]:
    tokens = ",".join(f"nse_cm|{10_000 + number}" for number in range(POSITIONS))
    reads = {
        f"order book of {POSITIONS}": "/quick/user/orders",
        "holdings": "/portfolio/v1/holdings",
        f"quotes of {POSITIONS}": f"/script-details/1.0/quotes/neosymbol/{tokens}/all",
    }
    calls: dict[str, Make] = {call: _always(f"GET {path} HTTP/1.1\r\n{headers}\r\n") for call, path in reads.items()}
    return calls | {"place, and the order's whole life": _placing(headers)}


def _always(request: str) -> Make:
    raw = request.encode()
    return lambda: raw


def _placing(headers: str) -> Make:
    numbers = count(1)

    def make() -> bytes:
        order = {**FORM, "ts": symbols(1)[0], "tt": "B", "pr": "700.00", "ig": f"L{next(numbers)}"}
        body = urlencode({"jData": json.dumps(order)})
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        return f"POST /{PLACE} HTTP/1.1\r\n{headers}{kind}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    return make


def _measure(broker: Peer, call: str, make: Make, seconds: float) -> Limit:
    with _connected(broker) as waiting:
        for key in list(waiting.get_map().values()):
            _ask(key, make)
        began, used = time.perf_counter(), _processor(broker.pid)
        answers = 0
        while time.perf_counter() - began < seconds:
            for key, _ in waiting.select(1.0):
                if _answered(key):
                    answers += 1
                    _ask(key, make)
        return Limit(call, answers, time.perf_counter() - began, _processor(broker.pid) - used)


def _ask(key: selectors.SelectorKey, make: Make) -> None:
    key.data.clear()
    _socket(key).sendall(make())


def _answered(key: selectors.SelectorKey) -> bool:
    """Whether the answer is whole. Raises when it is no success."""
    received: bytearray = key.data
    received += _socket(key).recv(MOST_BYTES)
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"The simulator refused the load: {bytes(received[:300])!r}")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
    return len(body) >= length


def _socket(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


@contextmanager
def _connected(broker: Peer) -> Iterator[selectors.DefaultSelector]:
    waiting = selectors.DefaultSelector()
    address = urlsplit(broker.url)
    for _ in range(CONNECTIONS):
        connection = socket.create_connection((address.hostname or "", address.port or 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting.register(connection, selectors.EVENT_READ, bytearray())
    try:
        yield waiting
    finally:
        for key in list(waiting.get_map().values()):
            _socket(key).close()
        waiting.close()


@contextmanager
def _apart(broker: Peer) -> Iterator[None]:
    """The simulator on the first core, this process on the last one."""
    os.sched_setaffinity(broker.pid, {min(os.sched_getaffinity(0))})
    with pinned(True):
        yield


def _processor(pid: int) -> float:
    """Processor seconds that the process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
