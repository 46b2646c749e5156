"""HTTP connections that ask the call at hand for permission after connect and TLS and before the first byte."""

import socket
import ssl
from functools import partial
from typing import Any

from requests import Session
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from broker.kotak_neo.call import Call, Withheld
from broker.kotak_neo.dialling import Dialling
from broker.kotak_neo.lookups import Lookups

_PATIENCE = 3.0
"""Seconds for one address where urllib3 has no time-out of its own."""


class Line:
    """What the connections of one thread share: the call they are used for at the moment."""

    def __init__(self, lookups: Lookups | None = None) -> None:
        self.call: Call | None = None
        self.literal = ""
        self.lookups = lookups or Lookups()

    def written(self, target: str) -> str:
        """The target of the request at hand with the characters that are to leave as they are."""
        for character in self.literal:
            target = target.replace(f"%{ord(character):02X}", character)
        return target

    def permit(self, connected: socket.socket) -> None:
        """Let the first byte of the call at hand pass, or raise Withheld."""
        self.at_hand().permit(connected)

    def at_hand(self) -> Call:
        """The call at hand. Raises Withheld."""
        if self.call is None:
            raise Withheld("no call is under way")
        return self.call


class _Checked(HTTPConnection):
    """Gathers a request and gives it to the socket in one piece: one permission, one system call, nothing half sent."""

    def __init__(self, line: Line, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        self._parts: list[bytes] = []
        self._tunnelling = False

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Connect if need be, ask for permission, send."""
        self._parts = []
        super().request(method, self._line.written(url), *args, **kwargs)
        if self.sock is None:
            self.connect()
        self._line.permit(self.sock)
        super().send(b"".join(self._parts))

    def send(self, data: Any) -> None:
        """Keep what http.client wants to send until the request is whole; how to reach the broker is no request yet."""
        if self._tunnelling:
            super().send(data)
        else:
            self._parts.append(data)

    def _new_conn(self) -> socket.socket:
        """Connect within the time of the call at hand."""
        patience = self.timeout if isinstance(self.timeout, int | float) else _PATIENCE
        way = Dialling(self._line.lookups, patience, self.source_address, self._options())
        try:
            return way.connect(self._dns_host.strip("[]"), self.port, self._line.at_hand())
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, "no connection") from error

    def _options(self) -> list[tuple[int, int, int]]:
        return [(level, name, int(value)) for level, name, value in self.socket_options or ()]

    def _tunnel(self) -> None:
        self._tunnelling = True
        try:
            super()._tunnel()
        finally:
            self._tunnelling = False


class _CheckedTls(_Checked, HTTPSConnection):
    """The same after the TLS handshake."""


class _Pools(PoolManager):
    """Pools whose connections know the line; a request context cannot carry it, being a key."""

    def __init__(self, line: Line, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _CheckedTls if scheme == "https" else _Checked
        pool.ConnectionCls = partial(kind, self._line)  # type: ignore[assignment]
        return pool


class _ProxyPools(_Pools, ProxyManager):
    """The same through a proxy."""


class _Adapter(HTTPAdapter):
    def __init__(self, line: Line, tls: ssl.SSLContext | None, give_up: float, source: str | None) -> None:
        self._line = line
        self._tls = tls
        self._source = None if source is None else (source, 0)
        self._options = [*HTTPConnection.default_socket_options, *_give_up_after(give_up)]
        super().__init__(pool_connections=4, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        """Build the pools around the line and the process's one TLS context."""
        self.poolmanager = _Pools(
            self._line,
            num_pools=connections,
            maxsize=maxsize,
            block=block,
            ssl_context=self._tls,
            socket_options=self._options,
            source_address=self._source,
        )

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """The pools through the proxy, whose user and password stand in its URL."""
        if proxy not in self.proxy_manager:
            self.proxy_manager[proxy] = _ProxyPools(
                self._line,
                proxy,
                proxy_headers=self.proxy_headers(proxy),
                num_pools=4,
                maxsize=1,
                ssl_context=self._tls,
                socket_options=self._options,
            )
        return self.proxy_manager[proxy]

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the authorities to the TLS context; loading them per connection costs milliseconds and memory."""


class _NoCookies(RequestsCookieJar):
    """Stays empty: the broker keeps no state with us beyond its session."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Take nothing."""


class LineSession(Session):
    """A requests session that never re-sends: no retries, no redirects, no cookies, no .netrc.

    Its sockets are bound to `source` or go to `proxy`, and go nowhere when that cannot be; no environment changes it.
    """

    def __init__(
        self,
        line: Line,
        tls: ssl.SSLContext | None,
        give_up: float,
        source: str | None = None,
        proxy: str | None = None,
    ) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies = _NoCookies()
        self.proxies = {"http": proxy, "https": proxy} if proxy else {}
        adapter = _Adapter(line, tls, give_up, source)
        self.mount("http://", adapter)
        self.mount("https://", adapter)

    def get_redirect_target(self, resp: Any) -> None:
        """None: where an answer points to is not even read."""


def _give_up_after(seconds: float) -> list[tuple[int, int, int]]:
    """Unacknowledged bytes are dropped by the kernel, too, even for a process that was killed meanwhile (Linux)."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    return [] if option is None else [(socket.IPPROTO_TCP, option, int(seconds * 1000))]
