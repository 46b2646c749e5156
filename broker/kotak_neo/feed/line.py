"""One connection to the order feed: opened, greeted, listened to until it ends. Raises FeedEnded, which says why.

Whatever the other side does is bounded: the time to the welcome, the silence between heartbeats, the size of a frame,
and how much may come in how long. Redirects are not followed and nothing is inflated.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

from aiohttp import (
    ClientError,
    ClientHttpProxyError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    DummyCookieJar,
    TCPConnector,
    TraceConfig,
    WSMessage,
    WSMsgType,
    WSServerHandshakeError,
)
from aiohttp.abc import AbstractResolver

from broker.kotak_neo.feed.allowance import Allowance
from broker.kotak_neo.feed.notes import FeedNotes
from broker.kotak_neo.feed.settings import FeedSettings, Way
from broker.kotak_neo.feed.words import Meaning, meaning
from domain.errors import NotAllowed

_FAREWELL = 0.5
"""Seconds for the closing words."""


class FeedEnded(Exception):
    """The connection is over. `greeted`: the broker had heard a greeting and has not welcomed it."""

    def __init__(self, text: str, greeted: bool = False) -> None:
        super().__init__(text)
        self.greeted = greeted


class FeedLine:
    """Lives for one connection. `news` is called for each frame that may be about an order."""

    def __init__(
        self,
        settings: FeedSettings,
        way: Way,
        tls: ssl.SSLContext | None,
        names: AbstractResolver,
        allowance: Allowance,
        news: Callable[[], None],
        notes: FeedNotes,
    ) -> None:
        self._settings = settings
        self._way = way
        self._tls = tls
        self._names = names
        self._allowance = allowance
        self._news = news
        self._notes = notes

    async def listen(self, url: str, greeting: str, welcomed: Callable[[], None]) -> NoReturn:
        """Open, greet, call `welcomed`, and listen. Raises FeedEnded; ends otherwise by being cancelled only."""
        try:
            self._way.reach.require(url)
            self._way.reach.require_proxy(self._way.proxy)
            async with self._http() as http, self._greeted(http, url, greeting) as socket:
                welcomed()
                while True:
                    if await self._next(socket) is Meaning.NEWS:
                        self._news()
        except (ClientError, NotAllowed, OSError, ValueError) as error:
            raise FeedEnded(_words(error)) from error

    @asynccontextmanager
    async def _http(self) -> AsyncIterator[ClientSession]:
        local = (self._way.local_address, 0) if self._way.local_address else None
        connector = TCPConnector(limit=1, local_addr=local, resolver=self._names, ssl=self._tls or True)
        async with ClientSession(
            connector=connector, cookie_jar=DummyCookieJar(), trace_configs=[_no_redirects()]
        ) as http:
            yield http

    @asynccontextmanager
    async def _greeted(self, http: ClientSession, url: str, greeting: str) -> AsyncIterator[ClientWebSocketResponse]:
        socket: ClientWebSocketResponse | None = None
        try:
            async with asyncio.timeout(self._settings.open_within):
                socket = await self._open(http, url)
                await socket.send_str(greeting)
                await self._welcome(socket)
            yield socket
        except TimeoutError as error:
            raise FeedEnded("no welcome in time", greeted=socket is not None) from error
        finally:
            if socket is not None:
                with suppress(TimeoutError, ClientError, OSError):
                    async with asyncio.timeout(_FAREWELL):
                        await socket.close()

    async def _open(self, http: ClientSession, url: str) -> ClientWebSocketResponse:
        return await http.ws_connect(
            url,
            proxy=self._way.proxy,
            autoping=False,
            heartbeat=self._settings.heartbeat,
            max_msg_size=self._settings.longest_frame,
            timeout=ClientWSTimeout(ws_close=_FAREWELL),
        )

    async def _welcome(self, socket: ClientWebSocketResponse) -> None:
        """Wait for the answer to the greeting; news is as good as one."""
        while True:
            try:
                found = await self._next(socket)
            except FeedEnded as ended:
                raise FeedEnded(f"not welcome: {ended}", greeted=True) from ended
            if found is Meaning.REFUSAL:
                raise FeedEnded("the greeting was refused", greeted=True)
            if found in (Meaning.WELCOME, Meaning.NEWS):
                return

    async def _next(self, socket: ClientWebSocketResponse) -> Meaning:
        message = await socket.receive()
        self._pay(message)
        await asyncio.sleep(0)  # frames that are here already would otherwise be read before anybody else's turn
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            found = meaning(message.data) if message.type is WSMsgType.TEXT else Meaning.NONSENSE
            self._notes.said(message.data, found)
            return found
        if message.type is WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type is not WSMsgType.PONG:
            raise FeedEnded(_ending(message, socket))
        return Meaning.NOTHING

    def _pay(self, message: WSMessage) -> None:
        cost = self._settings.frame_cost + (len(message.data) if isinstance(message.data, str | bytes) else 0)
        if self._allowance.take(cost) < cost:
            raise FeedEnded("it sends more than a feed may")


def _no_redirects() -> TraceConfig:
    """A greeting carries the session's token; it goes where the login said, and nowhere else."""
    config = TraceConfig()
    config.on_request_redirect.append(_refuse_redirect)
    return config


async def _refuse_redirect(*_: object) -> None:
    raise FeedEnded("it was redirected, which is not followed")


def _ending(message: WSMessage, socket: ClientWebSocketResponse) -> str:
    error = message.data if message.type is WSMsgType.ERROR else socket.exception()
    if isinstance(error, TimeoutError):
        return "no answer to a ping"
    if isinstance(error, Exception):
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return f"the broker closed it ({socket.close_code})"


def _words(error: Exception) -> str:
    """What broke, without the address, which the broker made up."""
    if isinstance(error, ClientHttpProxyError):
        return f"the proxy answered {error.status}: correct proxy_url in the credentials, or the proxy"
    if isinstance(error, WSServerHandshakeError):
        return f"no websocket there, HTTP {error.status}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, NotAllowed) else type(error).__name__
