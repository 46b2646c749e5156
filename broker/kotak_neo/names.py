"""Host names become addresses on one daemon thread, which may hang without holding up a loop or the process's end.

The executor that asyncio would use for that has several threads, and the interpreter waits for each of them.
"""

import asyncio
import socket
import threading
from queue import SimpleQueue

from aiohttp.abc import AbstractResolver, ResolveResult

Asked = tuple[str, int, socket.AddressFamily]
Found = list[ResolveResult] | OSError


class Names(AbstractResolver):
    """Belongs to one loop. A name that is being looked up already is not asked for again."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pending: dict[Asked, asyncio.Future[Found]] = {}
        self._queue: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError."""
        asked = (host, port, family)
        if asked not in self._pending:
            self._pending[asked] = self._loop.create_future()
            self._start()
            self._queue.put(asked)
        found = await asyncio.shield(self._pending[asked])
        if isinstance(found, OSError):
            raise found
        return found

    async def close(self) -> None:
        """Let the thread end once it has answered."""
        self._queue.put(None)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="feeds-names", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while (asked := self._queue.get()) is not None:
            found = _addresses(*asked)
            try:
                self._loop.call_soon_threadsafe(self._answer, asked, found)
            except RuntimeError:  # the loop has ended meanwhile
                return

    def _answer(self, asked: Asked, found: Found) -> None:
        self._pending.pop(asked).set_result(found)


def _addresses(host: str, port: int, family: socket.AddressFamily) -> Found:
    try:
        lines = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    except OSError as error:
        return error
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=int(address[1]),
            family=kind,
            proto=proto,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, proto, _, address in lines
    ]
