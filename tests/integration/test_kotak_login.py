"""The two-step login against a peer; mutations to try: count no refusals; compare no clocks; accept any base URL."""

import base64
import json
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from kotak_peer import Peer, http

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.totp import TotpCodes
from domain.clock import IST, VirtualClock
from domain.errors import BrokerUnavailable, ClockWrong, LoginRefused, NinefifteenError, NotAllowed, TenureLost
from domain.tenure import Tenure
from domain.users import Credentials

SECRET = "JBSWY3DPEHPK3PXP"
KEY = "11111111-2222-3333-4444-555555555555"
CREDENTIALS = Credentials(KEY, "+919876543210", "AB123", "654321", SECRET)
BAD_TOTP = http(401, {"status": "error", "message": "Invalid credentials or TOTP.", "errorCode": "401"})
BAD_MPIN = http(200, {"stCode": 401, "errMsg": "Invalid MPIN", "status": "failure"})
FIRST, SECOND = "/login/1.0/tradeApiLogin", "/login/1.0/tradeApiValidate"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 3, 0, 2, tzinfo=UTC))


class Kotak:
    """Answers both steps; either answer can be replaced."""

    def __init__(self) -> None:
        self.first: bytes | None = None
        self.second: bytes | None = None
        self.headers: Callable[[], dict[str, str]] = dict
        self.before: Callable[[], None] = lambda: None
        self.data: dict[str, Any] = {}

    def __call__(self, peer: Peer, connection: socket.socket, request: bytes) -> None:
        self.before()
        if request.startswith(f"POST {FIRST} ".encode()):
            data = {"token": "view-token", "sid": "view-sid", "kType": "View"}
            connection.sendall(self.first or http(200, {"data": data}, **self.headers()))
        else:
            data = {"token": "trade-token", "sid": "trade-sid", "kType": "Trade", "baseUrl": peer.url, **self.data}
            connection.sendall(self.second or http(200, {"data": data}, **self.headers()))


class Desk:
    """A client without a session."""

    def __init__(self, url: str, clock: VirtualClock, credentials: Credentials = CREDENTIALS, **changed: Any) -> None:
        self.settings = KotakSettings(url, **changed)
        self.account = KotakAccount(credentials, self.settings, clock)
        self.tenure = Tenure(1, 1, "asha")
        self.clock = clock
        self.client = self.another(self.tenure)

    def another(self, tenure: Tenure) -> KotakNeo:
        return KotakNeo(self.account, tenure, self.clock, self.settings, lambda: None)

    def refused(self, error: type[NinefifteenError]) -> str:
        """What is told; afterwards the next attempt is due."""
        with pytest.raises(error) as raised:
            self.client.login()
        self.clock.advance(60)
        return str(raised.value)

    def refused_for_good(self) -> str:
        """Both refusals; the words of the last."""
        assert "refusal 1 of 2" in self.refused(BrokerUnavailable)
        return self.refused(LoginRefused)


def body(request: bytes) -> dict[str, str]:
    parsed: dict[str, str] = json.loads(request.partition(b"\r\n\r\n")[2])
    return parsed


def test_a_login_takes_two_steps_and_gives_a_session_until_midnight(clock: VirtualClock) -> None:
    with Peer(Kotak()) as peer:
        desk = Desk(peer.url, clock)
        desk.client.login()
        session = desk.account.session()
    assert peer.paths == [FIRST, SECOND]
    asked = {"mobileNumber": "+919876543210", "ucc": "AB123", "totp": TotpCodes(SECRET).next(clock, Tenure(1, 1))}
    assert body(peer.requests[0]) == asked
    assert body(peer.requests[1]) == {"mpin": "654321"}
    assert b"sid: view-sid" in peer.requests[1]
    assert b"Auth: view-token" in peer.requests[1]
    assert session is not None
    assert (session.token, session.sid, session.base_url) == ("trade-token", "trade-sid", peer.url)
    assert session.expires == datetime(2026, 11, 24, 0, 0, tzinfo=IST)


def test_the_tokens_own_end_is_kept(clock: VirtualClock) -> None:
    ends = clock.now() + timedelta(hours=2)
    payload = base64.urlsafe_b64encode(json.dumps({"exp": int(ends.timestamp())}).encode()).decode().rstrip("=")
    kotak = Kotak()
    kotak.data = {"token": f"e30.{payload}.c2ln"}
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        desk.client.login()
        session = desk.account.session()
    assert session is not None
    assert session.expires == ends


def test_a_good_session_is_not_made_again_by_the_next_generation(clock: VirtualClock) -> None:
    with Peer(Kotak()) as peer:
        desk = Desk(peer.url, clock)
        desk.client.login()
        desk.client.login()
        desk.another(Tenure(1, 2, "asha")).login()
    assert len(peer.requests) == 2


def test_the_session_of_yesterday_is_replaced(clock: VirtualClock) -> None:
    with Peer(Kotak()) as peer:
        desk = Desk(peer.url, clock)
        desk.client.login()
        clock.advance_to(datetime(2026, 11, 24, 8, 30, tzinfo=IST))
        assert desk.account.session() is None
        desk.client.login()
    assert len(peer.requests) == 4


def test_no_code_is_sent_twice_for_an_account(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.second = http(503, b"")
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(3):
            desk.refused(BrokerUnavailable)
    codes = [body(request)["totp"] for request in peer.requests if request.startswith(f"POST {FIRST}".encode())]
    assert len(codes) == len(set(codes)) == 3


def test_no_code_is_sent_in_its_last_three_seconds() -> None:
    clock = VirtualClock(datetime(2026, 11, 23, 3, 0, 28, tzinfo=UTC))
    with Peer(Kotak()) as peer:
        Desk(peer.url, clock).client.login()
    assert peer.paths == [FIRST, SECOND]
    assert clock.monotonic() >= 2.0


@pytest.mark.parametrize(
    "answer",
    [
        BAD_TOTP,
        http(200, {"stCode": 429, "errMsg": "Invalid UCC", "status": "failure"}),
        http(400, {"error": [{"code": "400", "message": "Missing required field 'Ucc'"}]}),
        http(403, {"status": "error", "message": "forbidden", "errorCode": "403"}),
    ],
)
def test_a_refused_first_step_names_what_may_be_wrong(clock: VirtualClock, answer: bytes) -> None:
    kotak = Kotak()
    kotak.first = answer
    with Peer(kotak) as peer:
        told = Desk(peer.url, clock).refused_for_good()
    assert "asha#1" in told
    assert "TOTP" in told
    assert ".." not in told
    assert "Correct the credentials: run.py user set-credentials asha --credentials FILE." in told
    assert "run.py user restart asha (it raises users.revision)" in told
    assert peer.paths == [FIRST, FIRST]


def test_a_refused_mpin_is_named(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.second = BAD_MPIN
    with Peer(kotak) as peer:
        told = Desk(peer.url, clock).refused_for_good()
    assert "(MPIN)" in told
    assert "Invalid MPIN" in told


def test_after_two_refusals_the_broker_is_not_asked_again(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.first = BAD_TOTP
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        desk.refused_for_good()
        told = [desk.refused(LoginRefused) for _ in range(3)]
        assert len(peer.requests) == 2
        kotak.first = None
        desk.refused(LoginRefused)
        Desk(peer.url, clock).client.login()
    assert "2 times" in told[-1]
    assert "Invalid credentials or TOTP." in told[-1]


def test_a_refused_login_is_not_repeated_before_a_minute_has_passed(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.first = BAD_TOTP
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(59):
            with pytest.raises(BrokerUnavailable, match=r"next login comes at 08:31:02 IST|refusal 1 of 2"):
                desk.client.login()
            clock.advance(1)
        assert len(peer.requests) == 1
        kotak.first = None
        clock.advance(1)
        desk.client.login()


def test_a_login_that_fails_in_passing_is_repeated_later_and_later(clock: VirtualClock) -> None:
    """Catches: a cycle that logs in every five seconds."""
    kotak = Kotak()
    kotak.first = http(503, b"")
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(300):
            with pytest.raises(BrokerUnavailable):
                desk.client.login()
            clock.advance(1)
    assert 8 <= len(peer.requests) <= 12


def test_sessions_that_die_as_soon_as_they_are_made_are_not_made_for_ever(clock: VirtualClock) -> None:
    with Peer(Kotak()) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(120):
            try:
                desk.client.login()
            except BrokerUnavailable:
                clock.advance(1)
                continue
            session = desk.account.session()
            assert session is not None
            desk.account.forget(session)
    assert 4 <= peer.paths.count(FIRST) <= 8


def test_a_login_that_worked_forgives_an_earlier_refusal(clock: VirtualClock) -> None:
    kotak = Kotak()
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(3):
            kotak.first = BAD_TOTP
            desk.refused(BrokerUnavailable)
            kotak.first = None
            desk.client.login()
            session = desk.account.session()
            assert session is not None
            clock.advance(60)
            desk.account.forget(session)


@pytest.mark.parametrize(
    "answer",
    [
        http(503, b"<html>"),
        http(429, {"code": 429, "message": "too many request received"}),
        http(424, {"message": "dependency error"}),
        http(403, b"<html>blocked by the edge</html>"),
        http(200, b"<html>maintenance</html>"),
        http(200, {"data": {"token": "", "sid": "x"}}),
        http(200, {"data": {"token": "a\nb", "sid": "x"}}),
        http(200, {"data": {"token": 1, "sid": 2}}),
        http(200, {"data": []}),
        http(200, []),
        http(302, b"", Location="http://127.0.0.1:1/"),
    ],
)
def test_what_says_nothing_about_the_credentials_is_no_refusal(clock: VirtualClock, answer: bytes) -> None:
    kotak = Kotak()
    kotak.first = answer
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(3):
            desk.refused(BrokerUnavailable)
        kotak.first = None
        desk.client.login()


@pytest.mark.parametrize("base_url", ["", "ftp://127.0.0.1", None, 5])
def test_a_session_without_a_usable_address_is_none(clock: VirtualClock, base_url: Any) -> None:
    kotak = Kotak()
    kotak.data = {"baseUrl": base_url}
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        desk.refused(BrokerUnavailable)
        assert desk.account.session() is None


def test_a_base_url_beyond_loopback_is_not_allowed(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.data = {"baseUrl": "https://e43.kotaksecurities.com"}
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        told = desk.refused(NotAllowed)
        assert desk.account.session() is None
    assert "e43.kotaksecurities.com" in told


def test_a_login_host_beyond_loopback_is_never_spoken_to(clock: VirtualClock) -> None:
    told = Desk("https://mis.kotaksecurities.com", clock).refused(NotAllowed)
    assert "mis.kotaksecurities.com" in told


@pytest.mark.parametrize("ahead", [timedelta(seconds=10), timedelta(seconds=-10), timedelta(minutes=5)])
def test_a_wrong_clock_stops_the_login_before_the_mpin_is_sent(clock: VirtualClock, ahead: timedelta) -> None:
    kotak = Kotak()
    kotak.headers = lambda: {"Date": format_datetime(clock.now() + ahead, usegmt=True)}
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        told = desk.refused(ClockWrong)
        skew = desk.client.clock_skew()
    assert peer.paths == [FIRST]
    assert skew is not None
    assert abs(skew - ahead.total_seconds()) <= 1.0
    assert "limit 2.0 s" in told


def test_a_code_that_was_refused_because_of_the_clock_does_not_count_against_the_credentials(
    clock: VirtualClock,
) -> None:
    kotak = Kotak()
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        for _ in range(3):
            date = format_datetime(clock.now() + timedelta(minutes=5), usegmt=True)
            kotak.first = BAD_TOTP.replace(b"\r\n", f"\r\nDate: {date}\r\n".encode(), 1)
            desk.refused(ClockWrong)
        kotak.first = None
        desk.client.login()


def test_a_clock_within_resolution_and_limit_is_right(clock: VirtualClock) -> None:
    kotak = Kotak()
    kotak.headers = lambda: {"Date": format_datetime(clock.now() - timedelta(seconds=2.5), usegmt=True)}
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        desk.client.login()
        assert desk.client.clock_skew() is not None


def test_a_second_thread_does_not_log_in_beside_the_first(clock: VirtualClock) -> None:
    kotak = Kotak()
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        inside, go_on = threading.Event(), threading.Event()
        kotak.before = lambda: (inside.set(), go_on.wait(5))  # type: ignore[assignment,return-value]
        first = threading.Thread(target=desk.client.login)
        first.start()
        assert inside.wait(5)
        with pytest.raises(BrokerUnavailable, match="logging this account in"):
            desk.another(Tenure(1, 2, "asha")).login()
        go_on.set()
        first.join(5)
        desk.another(Tenure(1, 2, "asha")).login()
    assert peer.paths == [FIRST, SECOND]


def test_a_revoked_tenure_does_not_log_in(clock: VirtualClock) -> None:
    with Peer(Kotak()) as peer:
        desk = Desk(peer.url, clock)
        desk.tenure.revoke()
        desk.refused(TenureLost)
    assert peer.requests == []


def test_a_tenure_that_is_revoked_between_the_steps_sends_no_mpin(clock: VirtualClock) -> None:
    kotak = Kotak()
    with Peer(kotak) as peer:
        desk = Desk(peer.url, clock)
        kotak.before = desk.tenure.revoke
        desk.refused(TenureLost)
    assert peer.paths == [FIRST]


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials("", "+919876543210", "AB123", "654321", SECRET),
        Credentials("key\r\nX: y", "+919876543210", "AB123", "654321", SECRET),
        Credentials(KEY, "+919876543210", "AB123", "", SECRET),
        Credentials(KEY, "+919876543210", "AB123", "654321", "no base32!"),
    ],
)
def test_credentials_that_cannot_work_are_not_sent(clock: VirtualClock, credentials: Credentials) -> None:
    with Peer(Kotak()) as peer:
        told = Desk(peer.url, clock, credentials).refused(LoginRefused)
    assert peer.requests == []
    assert credentials.totp_secret not in told


def test_no_secret_is_told_when_the_broker_repeats_it(clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    kotak = Kotak()
    code = TotpCodes(SECRET).next(clock, Tenure(1, 1))
    kotak.second = http(401, {"message": f"bad {code} 654321 {KEY} {SECRET} +919876543210", "errorCode": "401"})
    with Peer(kotak) as peer:
        told = Desk(peer.url, clock).refused(BrokerUnavailable) + caplog.text
        assert body(peer.requests[0])["totp"] == code
    for secret in ("654321", KEY, SECRET, "9876543210", code):
        assert secret not in told
