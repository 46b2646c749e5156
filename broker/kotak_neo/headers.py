"""Which headers go with which kind of call; they carry the secrets."""

from broker.kotak_neo.session import Session

_FIN_KEY = {"neo-fin-key": "neotradeapi"}
_ACCEPT = {"accept": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def for_login(consumer_key: str, sid: str = "", view_token: str = "") -> dict[str, str]:
    """Both login steps; the second adds the sid and token of the first."""
    second = {"sid": sid, "Auth": view_token} if view_token else {}
    return {"Authorization": consumer_key, **_FIN_KEY, **_ACCEPT, **second}


def for_orders(consumer_key: str, session: Session) -> dict[str, str]:
    """Place, modify, cancel: the union of what the SDK and the REST documents send, each of which works."""
    return {"Authorization": consumer_key, **for_reads(session), **_FORM}


def for_address(consumer_key: str, session: Session) -> dict[str, str]:
    """Which address the broker sees."""
    return {"Authorization": consumer_key, **for_reads(session)}


def for_reads(session: Session) -> dict[str, str]:
    """Orders, trades, holdings, positions, funds, margin."""
    return {"Sid": session.sid, "Auth": session.token, **_FIN_KEY, **_ACCEPT}


def for_data(consumer_key: str) -> dict[str, str]:
    """Quotes, candles and the list of instrument files: the consumer key alone."""
    return {"Authorization": consumer_key, **_ACCEPT}
