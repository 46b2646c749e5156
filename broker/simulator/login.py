"""The two login steps, and who may make which call."""

import base64
from typing import Any

import pyotp

from broker.simulator.accounts import Account
from broker.simulator.answers import (
    BAD_LOGIN,
    WRONG_CREDENTIALS,
    WRONG_MPIN,
    Answer,
    Refusal,
    login_error,
    missing_field,
    say,
)
from broker.simulator.clock import IST
from broker.simulator.sessions import Session
from broker.simulator.visit import Visit

_CENTRE = "SIM"
_ORIGIN = "neotradeapi"
"""What every login says of itself."""


class LoginCodes(pyotp.TOTP):
    """RFC 6238 with secrets of 80 bits, 16 characters, as brokers give them out; pyotp alone refuses them."""

    def byte_secret(self) -> bytes:
        """The key itself."""
        return base64.b32decode(self.secret)


def by_credentials(visit: Visit) -> Account | None:
    """The account that a login is about, by client code; None when there is no such account."""
    book = visit.broker.books.get(str(visit.json().get("ucc", "")))
    return book.account if book else None


def by_view_token(visit: Visit) -> Account | None:
    """The account of the view token of the first login step."""
    token, sid = visit.headers.get("Auth", ""), visit.headers.get("sid", "")
    session = visit.broker.sessions.viewing(token, sid, visit.now)
    return session.account if session else None


def by_trade_token(visit: Visit) -> Account | None:
    """The account of the trade token. Raises Refusal with 100021 or 100022."""
    return _trading(visit).account


def from_its_address(visit: Visit) -> Account | None:
    """The account of the trade token, calling from an address that may change its orders. Raises Refusal."""
    session = _trading(visit)
    visit.broker.addresses.admit(session, visit.remote, visit.broker.settings.static_ip)
    return session.account


def by_consumer_key(visit: Visit) -> Account | None:
    """The account of the consumer key. Raises Refusal."""
    account = visit.broker.by_key.get(visit.headers.get("Authorization", ""))
    if account is None:
        raise Refusal(BAD_LOGIN)
    return account


def by_both(visit: Visit) -> Account | None:
    """The account of the trade token, whose consumer key comes along. Raises Refusal."""
    account = _trading(visit).account
    if visit.headers.get("Authorization") != account.consumer_key:
        raise Refusal(BAD_LOGIN)
    return account


def nobody(visit: Visit) -> Account | None:
    """No account: open to all."""
    return None


def totp_login(visit: Visit) -> Answer:
    """First step: mobile number, client code, TOTP (one step of 30 s either way) for a view token."""
    asked = visit.json()
    for name in ("mobileNumber", "ucc", "totp"):
        if not asked.get(name):
            raise Refusal(missing_field(name[0].upper() + name[1:]))
    account = visit.account
    if account is None or not _is_theirs(account, asked, visit):
        raise _wrong(WRONG_CREDENTIALS, visit)
    if visit.broker.settings.code_once and not visit.broker.sessions.use(account, asked["totp"]):
        raise _wrong(WRONG_CREDENTIALS, visit)
    return _welcome(visit.broker.sessions.begin(account, False, visit.now, visit.remote), visit, {})


def validate_mpin(visit: Visit) -> Answer:
    """Second step: MPIN for a trade token and the addresses to use with it."""
    mpin = visit.json().get("mpin")
    if not mpin:
        raise Refusal(missing_field("Mpin"))
    account = visit.account
    if account is None or not _comes_from(account, visit):
        raise _wrong(WRONG_CREDENTIALS, visit)
    if mpin != account.mpin:
        raise _wrong(WRONG_MPIN, visit)
    if visit.broker.settings.one_session:
        visit.broker.sessions.end(account)
    addresses = {
        "baseUrl": visit.base + visit.broker.settings.base_path,
        "feedUrl": f"{visit.base}/apifeed",
        "rtUrl": f"{visit.base}/realtime",
    }
    return _welcome(visit.broker.sessions.begin(account, True, visit.now, visit.remote), visit, addresses)


def client_ip(visit: Visit) -> Answer:
    """The address that the broker sees."""
    time = f"{visit.now.astimezone(IST):%Y-%m-%d %H:%M:%S.%f}"[:-3]
    return say({"data": [{"ip": visit.remote, "time": time}], "stCode": 1000, "status": "success"})


def configuration(visit: Visit) -> Answer:
    """Where the feeds of the accounts' data centre are, as the broker's configuration service tells."""
    source = {f"{_CENTRE}_broadcast_source": "sim", f"{_CENTRE}_sim_broadcast_endpoint": f"{visit.base}/apifeed"}
    return say({"data": {"configs": {**source, f"{_CENTRE}_sim_interactive_endpoint": f"{visit.base}/realtime"}}})


def _trading(visit: Visit) -> Session:
    token, sid = visit.headers.get("Auth", ""), visit.headers.get("Sid", "")
    return visit.broker.sessions.trading(token, sid, visit.now)


def _is_theirs(account: Account, asked: dict[str, Any], visit: Visit) -> bool:
    code, period = asked["totp"], visit.broker.settings.code_seconds
    return (
        _comes_from(account, visit)
        and isinstance(code, str)
        and asked["mobileNumber"] == account.mobile
        and LoginCodes(account.totp_secret, interval=period).verify(code, for_time=visit.now, valid_window=1)
    )


def _comes_from(account: Account, visit: Visit) -> bool:
    """Whether the headers of a login are the account's."""
    key, origin = visit.headers.get("Authorization"), visit.headers.get("neo-fin-key")
    return key == account.consumer_key and origin == _ORIGIN


def _wrong(message: str, visit: Visit) -> Refusal:
    return Refusal(login_error(message, visit.broker.settings.login_error_status))


def _welcome(session: Session, visit: Visit, addresses: dict[str, str]) -> Answer:
    account = session.account
    data = {
        "token": session.token,
        "sid": session.sid,
        "rid": visit.broker.sessions.identifier(),
        "hsServerId": "",
        "isUserPwdExpired": False,
        "ucc": account.ucc,
        "greetingName": account.user,
        "isTrialAccount": False,
        "dataCenter": _CENTRE,
        "searchAPIKey": "",
        "derivativesRiskDisclosure": "",
        "mfAccess": 1,
        "dataCenterMap": None,
        "dormancyStatus": "A",
        "asbaStatus": "",
        "clientType": "RI",
        "isNRI": False,
        "kId": account.user,
        "kType": "Trade" if session.trades else "View",
        "status": "success",
        "incRange": 0,
        "incUpdFlag": "",
        "clientGroup": "",
        "kraStatus": "",
        "rcFlag": 0,
        **addresses,
    }
    return say({"data": data})
