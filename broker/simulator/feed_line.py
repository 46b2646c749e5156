"""The order feed's websocket: a greeting in, frames out.

    connect ─► hello ─┬─► ok: every order of the day, then a frame for each change
                      └─► nk: an unreadable one may be followed by another, a refused one ends the connection

Nothing happens by itself in the simulator; so that a frame comes in time all that is due is settled every few
milliseconds as long as somebody listens, unless time is virtual: then it is told when somebody moves it.
"""

import asyncio
from contextlib import suppress
from datetime import datetime

from aiohttp import WSMsgType, web

from broker.simulator.answers import Refusal
from broker.simulator.brokerage import Brokerage
from broker.simulator.feed import DROP, Listener
from broker.simulator.feed_frames import GARBAGE, REFUSED, WELCOME, Hello, is_heartbeat, order_frame, read_hello
from broker.simulator.kinds import Kind

PATH = "/realtime"
TICK = 0.02
"""Seconds between two looks at what is due."""
LONGEST_QUEUE = 50_000
"""Frames that may wait for a client which does not read; with one more it is dropped."""
LONGEST_HELLO = 64 * 1024
_INSTEAD: dict[Kind, list[str | None]] = {
    Kind.SILENCE: [],
    Kind.DEAF: [],
    Kind.DROP_BEFORE: [DROP],
    Kind.LOST_REPLY: [WELCOME, DROP],
    Kind.REFUSE_HELLO: [REFUSED, DROP],
    Kind.SESSION_DEATH: [REFUSED, DROP],
}
"""What a greeting is answered with under a fault that keeps it from being welcome."""


class FeedDesk:
    """Answers every connection to the order feed."""

    def __init__(self, broker: Brokerage) -> None:
        self._broker = broker
        self._virtual = hasattr(broker.clock, "advance")
        self._open = 0
        self._keeper: asyncio.Task[None] | None = None

    async def __call__(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Serve one connection to its end."""
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=LONGEST_HELLO)
        await socket.prepare(request)
        line = _Line(self._broker, socket)
        self._open += 1
        if (self._keeper is None or self._keeper.done()) and not self._virtual:
            self._keeper = asyncio.create_task(self._keep_time())
        try:
            await line.serve()
        finally:
            self._open -= 1
            if request.transport is not None and not socket.closed:
                request.transport.abort()
        return socket

    async def _keep_time(self) -> None:
        while self._open:
            with self._broker.lock:
                now = self._broker.settle()
                for listener in self._broker.feeds.open_ones():
                    if not self._broker.sessions.knows(listener.session, now):
                        listener.say(DROP)
            await asyncio.sleep(TICK)


class _Line:
    """One connection. Frames wait in a queue of the server's loop, where the lock is not held."""

    def __init__(self, broker: Brokerage, socket: web.WebSocketResponse) -> None:
        self._broker = broker
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listener: Listener | None = None
        self._deaf = False

    async def serve(self) -> None:
        """Hear and speak until one of the two ends."""
        tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._speak())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            with self._broker.lock:
                if self._listener is not None:
                    self._broker.feeds.leave(self._listener)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def say(self, frame: str | None) -> None:
        """Have a frame sent, or the connection dropped; from any thread."""
        with suppress(RuntimeError):  # the server has stopped
            self._loop.call_soon_threadsafe(self._put, frame)

    def _put(self, frame: str | None) -> None:
        if self._queue.qsize() <= LONGEST_QUEUE:
            self._queue.put_nowait(frame if self._queue.qsize() < LONGEST_QUEUE else DROP)

    async def _hear(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.data)
            elif message.type is WSMsgType.PING and not self._is_deaf():
                await self._socket.pong(message.data)

    async def _speak(self) -> None:
        while (frame := await self._queue.get()) is not DROP:
            await self._socket.send_str(frame)

    def _is_deaf(self) -> bool:
        return self._deaf or (self._listener is not None and self._listener.deaf)

    def _take(self, text: str) -> None:
        if is_heartbeat(text):
            return
        hello = read_hello(text)
        with self._broker.lock:
            now = self._broker.settle()
            for said in [REFUSED] if hello is None else self._answers(hello, now):
                self.say(said)

    def _answers(self, hello: Hello, now: datetime) -> list[str | None]:
        settings = self._broker.settings
        if not (settings.feed_takes_raw if hello.raw else settings.feed_takes_json):
            return [DROP]
        try:
            session = self._broker.sessions.trading(hello.token, hello.sid, now)
        except Refusal:
            return [REFUSED, DROP]
        fault = self._broker.feeds.greeted(session.account)
        kind = fault.kind if fault is not None else None
        if kind is Kind.SESSION_DEATH:
            self._broker.sessions.end(session.account)
        self._deaf = kind is Kind.DEAF
        if kind is not None and kind in _INSTEAD:
            return _INSTEAD[kind]
        return self._welcome(Listener(session, self.say), kind)

    def _welcome(self, listener: Listener, kind: Kind | None) -> list[str | None]:
        if self._listener is not None:
            self._broker.feeds.leave(self._listener)
        self._listener = listener
        self._broker.feeds.admit(listener)
        orders = self._broker.books[listener.ucc].orders.values() if self._broker.settings.feed_snapshot else ()
        return [GARBAGE if kind is Kind.GARBAGE_FRAME else WELCOME, *map(order_frame, orders)]
