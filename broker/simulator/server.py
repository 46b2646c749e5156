"""HTTP in front of the broker: one handler for every call, light enough for thousands of requests a second.

A call arrives, waits the latency, is carried out in one piece under the broker's lock, and is answered, late or never
when a fault says so.
"""

import ipaddress
from email.utils import format_datetime

from aiohttp import web

from broker.simulator.answers import TOO_MANY, TOO_MANY_AND_NO_MORE, WRONG_HOST, Answer, Refusal, invalid_route
from broker.simulator.brokerage import Brokerage
from broker.simulator.clock import pass_time
from broker.simulator.control import CONTROL, ControlDesk
from broker.simulator.faults import Outcome, outcome_under
from broker.simulator.feed_line import PATH as REALTIME
from broker.simulator.feed_line import FeedDesk
from broker.simulator.kinds import Kind
from broker.simulator.routes import Route, find
from broker.simulator.visit import Visit

_KOTAK = ".kotaksecurities.com"
KEEP_ALIVE = 900.0
"""Seconds that an idle connection is kept."""


class Handler:
    """Answers every request. `base` is the server's own address, handed out at login."""

    def __init__(self, broker: Brokerage, base: str) -> None:
        self._broker = broker
        self._base = base
        self._control = ControlDesk(broker)
        self._feed = FeedDesk(broker)
        self._virtual = hasattr(broker.clock, "advance")

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request; on a dropped connection nobody reads it."""
        if request.path == REALTIME:
            return await self._feed(request)
        body = await request.read() if request.can_read_body else b""
        path = request.path
        if path.startswith(CONTROL):
            return self._response(self._controlled(request, path, body))
        prefix = self._broker.settings.base_path
        found = find(request.method, path.removeprefix(prefix))
        if found is None:
            return self._response(invalid_route(path))
        if found[0].at_base and (not path.startswith(prefix) or _is_another(request.host, self._base)):
            return self._response(WRONG_HOST)
        await pass_time(self._broker.clock, self._broker.settings.latency)
        outcome = self._carry_out(request, found[0], found[1], body)
        await pass_time(self._broker.clock, outcome.seconds)
        if outcome.answer is None:
            return _drop(request)
        return self._response(outcome.answer)

    def _carry_out(self, request: web.BaseRequest, route: Route, tail: str, body: bytes) -> Outcome:
        broker = self._broker
        with broker.lock:
            now = broker.settle()
            remote = broker.addresses.see(request.remote or "")
            visit = Visit(broker, request.headers, tail, body, now, self._base, remote)
            visit.query = request.rel_url.raw_query_string
            try:
                return _outcome(route, visit)
            except Refusal as refusal:
                return Outcome(refusal.answer)

    def _controlled(self, request: web.BaseRequest, path: str, body: bytes) -> Answer:
        if not ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback:
            return invalid_route(path)
        return self._control.answer(request.method, path, body)

    def _response(self, answer: Answer) -> web.Response:
        response = web.Response(
            body=answer.body, status=answer.status, content_type=answer.content_type, headers=answer.headers
        )
        if self._virtual:
            response.headers["Date"] = format_datetime(self._broker.clock.now(), usegmt=True)
        return response


def _is_another(host: str, base: str) -> bool:
    """Whether a client that had its hosts rewritten wanted another one than `baseUrl` names."""
    return host.partition(":")[0].lower().endswith(_KOTAK) and host.lower() != base.partition("://")[2]


def _outcome(route: Route, visit: Visit) -> Outcome:
    visit.account = route.guard(visit)
    ucc = visit.account.ucc if visit.account else None
    if ucc and not _admitted(route, ucc, visit):
        return Outcome(TOO_MANY if visit.broker.settings.retry_after else TOO_MANY_AND_NO_MORE)
    visit.fault = visit.broker.faults.take(ucc, route.call)
    if visit.fault is None:
        return Outcome(route.answer(visit))
    if visit.fault.kind is Kind.SESSION_DEATH and visit.account:
        visit.broker.sessions.end(visit.account)
    return outcome_under(visit.fault, lambda: _answer(route, visit))


def _answer(route: Route, visit: Visit) -> Answer:
    try:
        return route.answer(visit)
    except Refusal as refusal:
        return refusal.answer


def _admitted(route: Route, ucc: str, visit: Visit) -> bool:
    settings = visit.broker.settings
    if not settings.rate_limit or not (route.changes or settings.limit_reads):
        return True
    moment = visit.broker.clock.monotonic()
    if route.market:
        return visit.broker.throttle.admits(f"{ucc} quotes", settings.quote_limit, moment)
    return visit.broker.throttle.admits(ucc, settings.rate_limit, moment)


def _drop(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
