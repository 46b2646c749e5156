"""Which of Kotak's calls a request is, told by its method and path, wherever the base URL puts that path."""

import re
from enum import StrEnum
from urllib.parse import urlsplit


class CallName(StrEnum):
    """The calls that this client makes."""

    LOGIN = "login"
    VALIDATE = "validate"
    CLIENT_IP = "client-ip"
    PLACE = "place"
    MODIFY = "modify"
    CANCEL = "cancel"
    ORDER = "order"
    ORDERS = "orders"
    HISTORY = "history"
    TRADES = "trades"
    POSITIONS = "positions"
    HOLDINGS = "holdings"
    LIMITS = "limits"
    MARGIN = "margin"
    QUOTES = "quotes"
    CANDLES = "candles"
    FILE_PATHS = "file-paths"
    INSTRUMENTS = "instruments"
    OTHER = "other"


CHANGES = frozenset({CallName.PLACE, CallName.MODIFY, CallName.CANCEL})
LOGINS = frozenset({CallName.LOGIN, CallName.VALIDATE})
_ENDS: tuple[tuple[str, str, CallName], ...] = (
    ("POST", r"/login/1\.0/tradeApiLogin", CallName.LOGIN),
    ("POST", r"/login/1\.0/tradeApiValidate", CallName.VALIDATE),
    ("GET", r"/login/1\.0/get-client-ip", CallName.CLIENT_IP),
    ("POST", r"/quick/order/rule/ms/place", CallName.PLACE),
    ("POST", r"/quick/order/vr/modify", CallName.MODIFY),
    ("POST", r"/quick/order/cancel", CallName.CANCEL),
    ("GET", r"/quick/user/orders/[^/]+", CallName.ORDER),
    ("GET", r"/quick/user/orders", CallName.ORDERS),
    ("POST", r"/quick/order/history", CallName.HISTORY),
    ("GET", r"/quick/user/trades", CallName.TRADES),
    ("GET", r"/portfolio/v2/positions", CallName.POSITIONS),
    ("GET", r"/portfolio/v1/holdings", CallName.HOLDINGS),
    ("POST", r"/quick/user/limits", CallName.LIMITS),
    ("POST", r"/quick/user/check-margin", CallName.MARGIN),
    ("GET", r"/script-details/1\.0/quotes/neosymbol/.+", CallName.QUOTES),
    ("GET", r"/market-data/1\.0/historical/details", CallName.CANDLES),
    ("GET", r"/script-details/1\.0/masterscrip/file-paths", CallName.FILE_PATHS),
    ("GET", r"/.*nse_cm[^/]*\.csv", CallName.INSTRUMENTS),
)


def call_of(method: str, url: str) -> CallName:
    """The call of a request; OTHER for one that is not in the table."""
    parts = urlsplit(url)
    ends = [(end, name) for verb, end, name in _ENDS if verb == method]
    # A base URL with a query of its own would swallow the path that is joined to it.
    found = (name for text in (parts.path, parts.query) for end, name in ends if re.search(f"{end}$", text))
    return next(found, CallName.OTHER)
