"""The simulated broker as an object in the caller's own process: real HTTP on this machine, one thread.

with Simulator(accounts=2, clock=clock) as broker:
    broker.set_price("IFBIND-EQ", "801.50")
    requests.get(f"{broker.url}/quick/user/orders", headers=...)
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

from broker.simulator.accounts import Account, make_accounts
from broker.simulator.brokerage import Brokerage
from broker.simulator.clock import Clock, SystemClock
from broker.simulator.door import ControlDoor
from broker.simulator.host import address, host, listen, new_loop
from broker.simulator.market_door import AuctionTimes
from broker.simulator.server import Handler
from broker.simulator.settings import Settings

SEED = 915


class Simulator(ControlDoor):
    """A broker with accounts, a market and a control door. Start it once; a stopped one stays stopped.

    `day` is the opening and the closing moment and, if wanted, the closing auction (see
    `trade_within`); None is always open. `holdings` are shares of each symbol that every
    account holds from the start. `tls` makes it https; `name` is the host in the URLs that it hands
    out, for clients that look it up by themselves. `settings` are the fields of Settings.
    """

    def __init__(
        self,
        accounts: int | Sequence[Account] = 1,
        *,
        clock: Clock | None = None,
        seed: int = SEED,
        port: int = 0,
        instruments: Path | None = None,
        holdings: Mapping[str, int] | None = None,
        day: tuple[datetime, datetime] | tuple[datetime, datetime, AuctionTimes] | None = None,
        tls: ssl.SSLContext | None = None,
        name: str = "127.0.0.1",
        **settings: object,
    ) -> None:
        people = make_accounts(accounts, seed) if isinstance(accounts, int) else accounts
        behaviour = Settings()
        behaviour.change(**settings)
        broker = Brokerage(people, clock or SystemClock(), behaviour, instruments, seed)
        super().__init__(broker)
        for account in people:
            for symbol, quantity in (holdings or {}).items():
                self._hold(account.ucc, symbol, quantity)
        if day:
            self.trade_within(*day)
        self._socket = listen(port)
        self.url = address(self._socket, name, tls is not None)
        self._tls = tls
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def _hold(self, ucc: str, symbol: str, quantity: int) -> None:
        try:
            self.set_holding(ucc, symbol, quantity)
        except ValueError as wrong:
            raise ValueError(f"the holding {symbol}={quantity}: {wrong}") from wrong

    def start(self) -> "Simulator":
        """Answer requests from now on."""
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Answer no more; returns when the thread has ended. Harmless when it never started."""
        if self._thread.is_alive() and self._loop:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._socket.close()

    def __enter__(self) -> "Simulator":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(self.serve(self._ready.set, self._stop))

    async def serve(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        """Answer requests on the running event loop until the event is set; instead of `start` and `stop`."""
        self._loop = asyncio.get_running_loop()
        await host(Handler(self._broker, self.url), self._socket, self._tls, ready, stop)
