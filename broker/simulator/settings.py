"""How the simulated broker behaves: delays, limits and switches, every one settable while it runs."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta


@dataclass(slots=True)
class Settings:
    """Delays in seconds. Changed only through `change`, under the broker's lock."""

    latency: float = 0.0
    """From the arrival of a request until it is carried out."""
    rate_limit: int = 10
    """Calls per second and account (a bucket of that size); 0 for no limit at all."""
    limit_reads: bool = True
    """Whether reads draw from the same bucket, and calls about the market from one of their own, or orders alone."""
    quote_limit: int = 25
    """Quotes and other calls about the market per second and account, where reads are limited; 0 for none."""
    retry_after: bool = True
    """Whether an answer of "too many" says after how many seconds to come again."""
    book_delay: float = 0.0
    """From acceptance until the order shows in the order book; the exchange has it all the same."""
    open_delay: float = 0.05
    """From acceptance until the exchange has the order; the risk checks come at two thirds of it."""
    modify_delay: float = 0.02
    cancel_delay: float = 0.02
    rms_holdings: bool = True
    """Whether a sell needs free shares; the real check cannot be relied on."""
    cash: float = 10_000_000.0
    """Rupees of every account that the control door has given no funds of its own."""
    rms_margin: bool = True
    """Whether a buy needs cash."""
    holdings_shrink: bool = False
    """Whether `quantity` in the holdings falls with today's sales, like `sellableQuantity`, or is the morning's."""
    sellable_nets_orders: bool = False
    """Whether `sellableQuantity` is less what live sell orders take."""
    rewrite_tags: bool = True
    """Whether the broker replaces the client's tag after a modify and a cancel, as the real one does."""
    amo_after_close: float = 900.0
    """From the end of trading until orders for the next opening are taken (15:45)."""
    amo_before_open: float = 1080.0
    """Before the opening no more of them are taken (08:57)."""
    amo_for_life: bool = True
    """Whether an after-market order still wants `am` `YES` for a change or a cancel after it was sent on."""
    duplicate_status: int = 400
    """The HTTP status of a refused duplicate; 200 has been seen too."""
    documented_errors: bool = False
    """Whether ended orders and unknown sessions are refused as the documents have it (1006 and 1003, `emsg`)."""
    login_error_status: int = 401
    """The HTTP status of a refused login; with 200, which has been seen too, its body has another shape."""
    rich_holdings: bool = False
    """Whether a holding has the keys of the other official shape as well."""
    code_once: bool = False
    """Whether a login code opens once only; nobody has told what the real broker does."""
    code_seconds: int = 30
    """How long a login code lives; a drill whose times are shorter may have it shorter as well."""
    one_session: bool = False
    """Whether a new login ends the account's earlier sessions."""
    static_ip: bool = False
    """Whether accounts without whitelisted addresses may change no orders; those with some are always held to them."""
    session_hours: float = 0.0
    """How long a token lives, at most until midnight in India; 0 for until then."""
    base_path: str = ""
    """A path, such as `/e43`, that `baseUrl` carries; trading calls beside it are at the wrong host (200032)."""
    strict_strings: bool = True
    """Whether a value in jData that is neither a string nor null spoils the whole."""
    feed_takes_raw: bool = True
    """Whether the order feed takes the greeting that is not JSON; a form that it does not take drops the connection."""
    feed_takes_json: bool = True
    """Whether the order feed takes the greeting in JSON."""
    feed_snapshot: bool = True
    """Whether the order feed tells every order of the day when it was greeted."""

    def change(self, **values: object) -> None:
        """Set some of them; a name, type or size that is not known raises ValueError and changes nothing."""
        known = {field.name for field in dataclasses.fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting {name}; known: {', '.join(sorted(known))}")
            if type(value) not in _accepted(getattr(self, name)):
                raise ValueError(f"setting {name} cannot be {value!r}; it is such as {getattr(self, name)!r}")
            _require_bounds(name, value)
        for name, value in values.items():
            setattr(self, name, value)


_BOUNDS: dict[str, tuple[float, float]] = {
    "cash": (0, 10**15),
    "code_seconds": (1, 86_400),
    "session_hours": (0, 24),
    "login_error_status": (200, 599),
    "duplicate_status": (200, 599),
}
_ANY_SIZE = (0, 10**9)
"""Seconds and counts; with more of them no date could be reckoned any more."""


def _require_bounds(name: str, value: object) -> None:
    least, most = _BOUNDS.get(name, _ANY_SIZE)
    if isinstance(value, int | float) and not least <= value <= most:
        raise ValueError(f"setting {name} cannot be {value}; it is {least} at least and {most} at most")
    if name == "base_path" and value and (not str(value).startswith("/") or str(value).endswith("/")):
        raise ValueError(f"setting base_path cannot be {value!r}; it begins with / and ends without, such as '/e43'")


def _accepted(current: object) -> tuple[type, ...]:
    return (int, float) if isinstance(current, float) else (type(current),)


def seconds(amount: float) -> timedelta:
    """The amount as a span of time."""
    return timedelta(seconds=amount)
