"""The order feed of the broker as a test hears it: a bare websocket, one frame at a time, nothing of ours."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from domain.clock import SystemClock

PATIENCE = 10.0
CLOCK = SystemClock()
RAW = "{{type:cn,Authorization:{token},Sid:{sid},src:WEB}}"
WELCOME = {"ak": "ok", "type": "cn", "task": "cn", "msg": "connected"}
REFUSED = {"ak": "nk", "type": "failed to process request", "task": "nk", "msg": "invalid request format"}


def until(condition: Callable[[], Any], seconds: float = 2 * PATIENCE) -> Any:
    """What the condition gives once it is true; the test fails when it does not become so."""
    end = CLOCK.monotonic() + seconds
    while not (found := condition()):
        assert CLOCK.monotonic() < end, f"not within {seconds} s: {condition}"
        CLOCK.wait(threading.Event(), 0.01)
    return found


class FeedClient:
    """One connection to `/realtime`; `headers` are those of a logged-in wire."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.token, self.sid = headers["Auth"], headers["Sid"]
        self._url = f"{url}/realtime"
        self._runner = asyncio.Runner()
        self._http: ClientSession
        self._socket: ClientWebSocketResponse

    def __enter__(self) -> Self:
        self._runner.run(self._connect())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._http.close())
        self._runner.close()

    def say(self, text: str) -> None:
        """Send a text frame."""
        self._runner.run(self._socket.send_str(text))

    def greet(self, form: str = RAW) -> None:
        """Say who we are."""
        self.say(form.format(token=self.token, sid=self.sid))

    def greet_in_json(self) -> None:
        """The same as JSON."""
        self.say(json.dumps({"type": "cn", "Authorization": self.token, "Sid": self.sid, "src": "WEB"}))

    def text(self) -> str | None:
        """The next frame as it came, None once the connection has ended."""
        message = self._runner.run(self._socket.receive(PATIENCE))
        return str(message.data) if message.type is WSMsgType.TEXT else None

    def frame(self) -> Any:
        """The next frame as JSON, None once the connection has ended."""
        text = self.text()
        return None if text is None else json.loads(text)

    def states(self, count: int) -> list[str]:
        """The states that the next so many order frames tell."""
        return [self.frame()["data"]["ordSt"] for _ in range(count)]

    def answers_a_ping(self, seconds: float = PATIENCE) -> bool:
        """Whether a pong comes back within the seconds."""
        return self._runner.run(self._pinged(seconds))

    async def _connect(self) -> None:
        self._http = ClientSession()
        self._socket = await self._http.ws_connect(self._url, autoping=False, max_msg_size=8 << 20)

    async def _pinged(self, seconds: float) -> bool:
        await self._socket.ping()
        try:
            return (await self._socket.receive(seconds)).type is WSMsgType.PONG
        except TimeoutError:
            return False
