"""How to speak to Kotak Neo: the host, the time-outs and the rates; all seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KotakSettings:
    """Rates are requests a second, 0 for no limit (Kotak documents 10 a second over all calls of an account).

    `loopback_only` refuses every host but this machine; without it anything beyond loopback must be https.
    `busy_is_unsent`: a request answered with HTTP 429 never reached the order system (a guess about the gateway);
    without it such a request counts as unknown and is looked up. `clock_skew_limit` is how far our clock may be off
    before a login is refused. `literal_bar`: the `|` of quotes leaves as it is, as from the official SDK, not as %7C.
    """

    login_url: str
    call_deadline: float = 10.0
    download_deadline: float = 60.0
    connect_timeout: float = 3.05
    orders_per_second: float = 5.0
    reads_per_second: float = 5.0
    loopback_only: bool = True
    busy_is_unsent: bool = True
    clock_skew_limit: float = 2.0
    literal_bar: bool = True
