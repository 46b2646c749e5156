"""The simulated broker as a process: one JSON line says where it is and who may log in, then it serves until told."""

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from broker.simulator.clock import LONGEST, SystemClock
from broker.simulator.host import new_loop
from broker.simulator.simulator import SEED, Simulator


def serve(
    *,
    port: int = 0,
    accounts: int = 1,
    seed: int = SEED,
    latency: float = 0.0,
    rate_limit: int = 10,
    instruments: Path | None = None,
    holdings: Mapping[str, int] | None = None,
    open_in: float | None = None,
    day_length: float | None = None,
    prices: Path | None = None,
    walk: float | None = None,
    walk_every: float = 1.0,
    certificate: Path | None = None,
    name: str = "127.0.0.1",
) -> int:
    """Serve until SIGTERM or SIGINT, then return 0. OSError when the port is taken or a file unreadable, ValueError
    when something given makes no sense.

    `open_in` and `day_length` are seconds: the market opens that long from now (at once) and stays open that long
    (6 h 15 min); with neither it is always open. `prices` is a price script (see `price_file`); `walk` has all prices
    walk at random, a usual step of so many per cent every `walk_every` seconds. `certificate` (PEM with its key)
    makes it https, under `name`. The first line on standard output is
    `{"url": ..., "accounts": [{"consumer_key", "mobile", "ucc", "mpin", "totp_secret"}, ...]}`.
    """
    simulator = Simulator(
        accounts,
        seed=seed,
        port=port,
        instruments=instruments,
        holdings=holdings,
        day=_day(open_in, day_length),
        tls=_tls(certificate),
        name=name,
        latency=latency,
        rate_limit=rate_limit,
    )
    if prices is not None:
        _play(prices, simulator)
    if walk is not None:
        simulator.walk_prices(walk, walk_every)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_until_signalled(simulator))
    return 0


async def _until_signalled(simulator: Simulator) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await simulator.serve(lambda: _announce(simulator), stop)


def _announce(simulator: Simulator) -> None:
    people = [asdict(account) for account in simulator.accounts]
    sys.stdout.write(json.dumps({"url": simulator.url, "accounts": people}) + "\n")
    sys.stdout.flush()


def _tls(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.read_bytes()  # whose error names the file, as that of the next line does not
    try:
        tls.load_cert_chain(certificate, password="")  # a key under a password would have somebody asked at a terminal
    except (ssl.SSLError, ValueError) as error:
        raise ValueError(
            f"{certificate} is not a certificate in PEM with its private key below it, without a password"
        ) from error
    return tls


def _play(prices: Path, simulator: Simulator) -> None:
    try:
        simulator.play_prices(prices.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{prices} is no text; write a price script as CSV in UTF-8") from None
    except ValueError as wrong:
        raise ValueError(f"{prices}: {wrong}") from wrong


def _day(open_in: float | None, day_length: float | None) -> tuple[datetime, datetime] | None:
    if open_in is None and day_length is None:
        return None
    for name, amount in {"open_in": open_in or 0, "day_length": day_length or 0}.items():
        if not 0 <= amount <= LONGEST:
            raise ValueError(f"{name} is 0 to {LONGEST} seconds, not {amount}")
    opens = SystemClock().now() + timedelta(seconds=open_in or 0)
    return opens, opens + timedelta(seconds=day_length if day_length is not None else 22_500)
