"""How to speak to Kotak Neo: the host, the time-outs and the rates; all seconds."""

from dataclasses import dataclass

from broker.kotak_neo.hosts import HERE, Reach
from domain.errors import BadInput, NotAllowed

TOO_MANY_ORDERS = 10.0
"""A second: what an account may not reach without being registered as an algorithm."""


@dataclass(frozen=True, slots=True)
class KotakSettings:
    """Rates are requests a second, 0 for no limit (Kotak documents 10 a second over all calls of an account).

    `calls_per_second` is that limit: reads wait for what orders leave of it. Orders stay below 10 a second, where the
    exchange's rules for algorithms begin (SEBI, NSE), and may go without a limit on this machine alone.

    `reach`: the hosts that may be spoken to; this machine alone, if nothing else is said.
    `busy_is_unsent`: a request answered with HTTP 429 never reached the order system (a guess about the gateway);
    without it such a request counts as unknown and is looked up. `clock_skew_limit` is how far our clock may be off
    before a login is refused. `literal_bar`: the `|` of quotes leaves as it is, as from the official SDK, not as %7C.
    `pace`: a factor for the pauses after failures, and `code_seconds`: how long a login code lives, both for drills.
    """

    login_url: str
    call_deadline: float = 10.0
    download_deadline: float = 60.0
    connect_timeout: float = 3.05
    orders_per_second: float = 5.0
    reads_per_second: float = 5.0
    calls_per_second: float = 10.0
    reach: Reach = HERE
    busy_is_unsent: bool = True
    clock_skew_limit: float = 2.0
    literal_bar: bool = True
    pace: float = 1.0
    code_seconds: int = 30

    def __post_init__(self) -> None:
        """Raise BadInput for a rate of orders that no broker may be given."""
        if not 0 <= self.orders_per_second < TOO_MANY_ORDERS:
            raise BadInput(
                f"{self.orders_per_second:g} orders a second are asked for; an account must stay below"
                f" {TOO_MANY_ORDERS:g} (NINEFIFTEEN_ORDERS_PER_SECOND)."
            )
        if self.orders_per_second == 0:
            _require_local(self.login_url)


def _require_local(url: str) -> None:
    try:
        HERE.require(url)
    except NotAllowed:
        raise BadInput(
            "Orders without a limit a second (NINEFIFTEEN_ORDERS_PER_SECOND=0) may go to a broker on this machine only."
        ) from None
