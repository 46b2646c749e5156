"""Runs the handler on a socket until told to stop."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable

from aiohttp import web

from broker.simulator.server import KEEP_ALIVE, Handler

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PATIENCE = 0.1
"""Seconds that calls under way get at the end."""


def listen(port: int) -> socket.socket:
    """A socket on this machine only; port 0 takes any. OSError when the port is taken."""
    return socket.create_server(("127.0.0.1", port), backlog=1024)


def address(listening: socket.socket, name: str, secure: bool) -> str:
    """The URL of the socket, under the name that clients know it by. ValueError for what is no name of a host."""
    if not _HOST.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a host; write it without scheme and port, such as sim.example")
    return f"{'https' if secure else 'http'}://{name}:{listening.getsockname()[1]}"


def new_loop() -> asyncio.AbstractEventLoop:
    """The fastest event loop that is installed: a quarter of a call's time is the loop's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


async def host(
    handler: Handler,
    listening: socket.socket,
    tls: ssl.SSLContext | None,
    ready: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Serve until the event is set; `ready` is called once requests are answered."""
    server = web.Server(handler, access_log=None, keepalive_timeout=KEEP_ALIVE)
    runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE)
    await runner.setup()
    try:
        await web.SockSite(runner, listening, ssl_context=tls).start()
        ready()
        await stop.wait()
    finally:
        await runner.cleanup()
