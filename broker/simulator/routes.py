"""Which path is which call, who may make it, and whether it counts against the rate limit."""

from collections.abc import Callable
from dataclasses import dataclass

from broker.simulator import candles, login, market_data, reports, trading
from broker.simulator.accounts import Account
from broker.simulator.answers import Answer
from broker.simulator.visit import Visit


@dataclass(frozen=True, slots=True)
class Route:
    """`call` is the name that faults use; `changes` marks a call that changes orders, `market` one about the market."""

    call: str
    guard: Callable[[Visit], Account | None]
    answer: Callable[[Visit], Answer]
    changes: bool = False
    market: bool = False

    @property
    def at_base(self) -> bool:
        """Whether it is served below the base URL of the account alone, and not at the login host."""
        return not self.market and self.call not in _AT_THE_LOGIN_HOST


_AT_THE_LOGIN_HOST = frozenset({"login", "validate", "client_ip", "instruments", "configuration"})
_EXACT: dict[tuple[str, str], Route] = {
    ("POST", "/login/1.0/tradeApiLogin"): Route("login", login.by_credentials, login.totp_login),
    ("POST", "/login/1.0/tradeApiValidate"): Route("validate", login.by_view_token, login.validate_mpin),
    ("GET", "/login/1.0/get-client-ip"): Route("client_ip", login.by_both, login.client_ip),
    ("POST", "/quick/order/rule/ms/place"): Route("place", login.from_its_address, trading.place, changes=True),
    ("POST", "/quick/order/vr/modify"): Route("modify", login.from_its_address, trading.modify, changes=True),
    ("POST", "/quick/order/cancel"): Route("cancel", login.from_its_address, trading.cancel, changes=True),
    ("GET", "/quick/user/orders"): Route("orders", login.by_trade_token, reports.orders),
    ("POST", "/quick/order/history"): Route("history", login.by_trade_token, reports.history),
    ("GET", "/quick/user/trades"): Route("trades", login.by_trade_token, reports.trades),
    ("GET", "/portfolio/v2/positions"): Route("positions", login.by_trade_token, reports.positions),
    ("GET", "/quick/user/positions"): Route("positions", login.by_trade_token, reports.positions),
    ("GET", "/portfolio/v1/holdings"): Route("holdings", login.by_trade_token, reports.holdings),
    ("POST", "/quick/user/limits"): Route("limits", login.by_trade_token, reports.limits),
    ("POST", "/quick/user/check-margin"): Route("margin", login.by_trade_token, reports.check_margin),
    ("GET", "/script-details/1.0/masterscrip/file-paths"): Route(
        "instruments", login.by_consumer_key, market_data.file_paths
    ),
    ("GET", "/5config/config"): Route("configuration", login.nobody, login.configuration),
    ("GET", "/market-data/1.0/historical/details"): Route(
        "candles", login.by_consumer_key, candles.candles, market=True
    ),
}
_PREFIXES: tuple[tuple[str, Route], ...] = (
    ("/quick/user/orders/", Route("orders", login.by_trade_token, reports.one_order)),
    ("/script-details/1.0/quotes/neosymbol/", Route("quotes", login.by_consumer_key, market_data.quotes, market=True)),
    ("/csv/", Route("instruments", login.nobody, market_data.instrument_csv)),
)
CALLS = frozenset(route.call for route in (*_EXACT.values(), *(route for _, route in _PREFIXES)))
"""Every name by which a fault can name a call."""


def find(method: str, path: str) -> tuple[Route, str] | None:
    """The route of a decoded path and what follows it; None when there is no such call."""
    route = _EXACT.get((method, path))
    if route:
        return route, ""
    if method == "GET":
        for prefix, candidate in _PREFIXES:
            if path.startswith(prefix):
                return candidate, path.removeprefix(prefix)
    return None
