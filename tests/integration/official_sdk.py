"""Kotak's own SDK, pointed at a server on this machine: the independent witness of our client and of the simulator.

It has no setting for the address; an HTTP transport of its constructor is its official hook, and rewrites every URL.
It would write a log into the working folder and caches into the home folder: both are turned off or led elsewhere
before it is imported, and so is every proxy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from broker.simulator import Account
from broker.simulator.login import LoginCodes

Json = dict[str, Any]
NSE = "nse_cm"


class ToLoopback(httpx.BaseTransport):
    """Sends everything to one address; `asked` keeps what the SDK wanted to reach."""

    def __init__(self, url: str) -> None:
        self.asked: list[httpx.URL] = []
        self._url = httpx.URL(url)
        self._inner = httpx.HTTPTransport(retries=0, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Exchange the scheme, host and port; the Host header goes on naming the real host."""
        self.asked.append(request.url)
        request.url = request.url.copy_with(scheme=self._url.scheme, host=self._url.host, port=self._url.port)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Let the connections go."""
        self._inner.close()


@contextmanager
def official(url: str, consumer_key: str, folder: Path) -> Iterator[Any]:
    """A `NeoAPI` that speaks to the URL, its files in the folder; `.transport` shows where it wanted to go."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in quiet(folder).items():
            patch.setenv(name, value)
        transport = ToLoopback(url)
        client = import_module("neo_api_client").NeoAPI(consumer_key=consumer_key, transport=transport, timeout=10)
        client.transport = transport
        try:
            yield client
        finally:
            client.api_client.rest_client.close()


def sign_in(client: Any, account: Account, now: datetime) -> Json:
    """Both login steps; the SDK's answer to the second."""
    client.totp_login(account.mobile, account.ucc, LoginCodes(account.totp_secret).at(now))
    answer: Json = client.totp_validate(account.mpin)
    return answer


def order_data(row: Json) -> Any:
    """A row of the order book as the SDK types it."""
    return import_module("neo_api_client.websocket.orderfeed.models").OrderData.model_validate(row)


def position_data(row: Json) -> Any:
    """A row of the positions as the SDK types it."""
    return import_module("neo_api_client.websocket.orderfeed.models").PositionData.model_validate(row)


def quiet(folder: Path) -> dict[str, str]:
    """The environment in which it writes nothing but below the folder, and knows no proxy."""
    return {
        "NEO_LOG_FILE_ENABLED": "false",
        "NEO_LOG_LEVEL": "NOLOG",
        "NEO_SCRIP_CACHE_DIR": str(folder / "scrips"),
        "NEO_HOLDINGS_CACHE_DIR": str(folder / "holdings"),
        "NO_PROXY": "*",
    }
