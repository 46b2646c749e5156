"""One request out, one answer in: the only module that lets bytes go to Kotak, under a call's limits."""

import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import requests

from broker.kotak_neo.breakage import BROKEN, NoAnswer, Odd, hung, what_broke
from broker.kotak_neo.call import Call
from broker.kotak_neo.connections import Line, LineSession
from broker.kotak_neo.egress import Egress
from broker.kotak_neo.lookups import Lookups
from broker.kotak_neo.settings import KotakSettings
from domain.clock import Clock

MEBIBYTE = 1024 * 1024
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; headers and bodies carry secrets and are never printed.

    `literal`: characters of the path that leave as they are, though requests would write them as %7C and the like.
    `largest`: bytes of an answer, unpacked, above which it is none. `elsewhere`: to a host that is not the broker's
    own, whose trouble says nothing about it.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    json: Mapping[str, str] | None = field(default=None, repr=False)
    literal: str = ""
    largest: int = 16 * MEBIBYTE
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `began` is boot-time seconds, `began_at` and `ended_at` the wall clock (UTC).

    `whole`: it said how long it is, and is; without, nobody can tell a whole body from one that was cut.
    `headers` may carry secrets and are never printed.
    """

    status: int
    body: bytes = field(repr=False)
    began: float = 0.0
    began_at: datetime | None = None
    ended_at: datetime | None = None
    date: str | None = None
    retry_after: str | None = None
    whole: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Wire:
    """The connections of one thread; keep-alive between calls, nothing sent twice."""

    def __init__(
        self,
        clock: Clock,
        settings: KotakSettings,
        tls: ssl.SSLContext | None,
        egress: Egress | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._line = Line(lookups)
        self._tls = tls
        self._egress = egress or Egress()
        self._address = ""
        self._session = self._connections("")

    def send(self, ask: Ask, call: Call, address: str = "") -> Answer:
        """Exchange under the call's limits, from the egress address.

        Raises NoAnswer, Withheld and, for a host or a proxy out of reach, NotAllowed.
        """
        self._settings.reach.require_proxy(self._egress.proxy)
        self._leave_from(address)
        began, began_at, proxied = self._clock.monotonic(), self._clock.now(), self._egress.proxy is not None
        with call:
            self._line.call, self._line.literal = call, ask.literal
            try:
                response, body = self._exchange(ask, call)
            except (*BROKEN, Odd) as error:
                raise NoAnswer(what_broke(error, call, proxied), call.begun, hung(error, call)) from None
            finally:
                self._line.call = None
        return _answer(response, body, began, began_at, self._clock.now())

    def close(self) -> None:
        """Let the connections go."""
        self._session.close()

    def _leave_from(self, address: str) -> None:
        """Connections of another address are let go: the broker would not take orders from them."""
        if address != self._address:
            self._session.close()
            self._session, self._address = self._connections(address), address

    def _connections(self, address: str) -> LineSession:
        egress = self._egress
        return LineSession(self._line, self._tls, self._settings.call_deadline, egress.source(address), egress.proxy)

    def _exchange(self, ask: Ask, call: Call) -> tuple[requests.Response, bytes]:
        prepared = self._session.prepare_request(
            requests.Request(ask.method, ask.url, headers=dict(ask.headers), data=ask.form, json=ask.json)
        )
        self._settings.reach.require(prepared.url or "")
        connect = min(self._settings.connect_timeout, max(call.remaining, 0.001))
        # The alarm comes first; the read time-out is what remains if it never does.
        times = (connect, call.remaining + 1.0)
        # A body that was not read to its end closes its connection, so that nothing of it can meet the next request.
        with closing(self._session.send(prepared, timeout=times, allow_redirects=False, stream=True)) as response:
            if response.status_code < HTTPStatus.OK:
                raise Odd(f"HTTP {response.status_code}, an interim answer that is not waited for")
            return response, _body(response, ask.largest)


def _body(response: requests.Response, largest: int) -> bytes:
    """The whole body, unpacked piece by piece: a few hundred bytes can be packed gigabytes."""
    pieces: list[bytes] = []
    room = largest
    for piece in response.iter_content(_PIECE):
        room -= len(piece)
        if room < 0:
            raise Odd(f"an answer of more than {largest // MEBIBYTE} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _answer(response: requests.Response, body: bytes, began: float, began_at: datetime, ended_at: datetime) -> Answer:
    headers = response.headers
    return Answer(
        response.status_code,
        body,
        began,
        began_at,
        ended_at,
        headers.get("Date"),
        headers.get("Retry-After"),
        "Content-Length" in headers or "chunked" in headers.get("Transfer-Encoding", "").lower(),
        headers,
    )
