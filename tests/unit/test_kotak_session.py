"""Sessions, hosts, skew: small facts with large effects. The mutation to try: compare days in UTC."""

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from requests.structures import CaseInsensitiveDict

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.hosts import HERE, Reach
from broker.kotak_neo.login.seen_address import seen_address
from broker.kotak_neo.session import opened
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.skew import skew
from broker.kotak_neo.wire import Answer
from domain.clock import IST, VirtualClock
from domain.errors import BrokerUnavailable, NotAllowed
from domain.tenure import Tenure
from domain.users import Credentials

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=IST).astimezone(UTC)
MIDNIGHT = datetime(2026, 11, 24, 0, 0, tzinfo=IST).astimezone(UTC)


def jwt(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def account(clock: VirtualClock) -> KotakAccount:
    credentials = Credentials("11111111-2222-3333-4444-555555555555", "+919876543210", "AB123", "654321", "JBSW" * 4)
    return KotakAccount(credentials, KotakSettings("http://127.0.0.1:1"), clock)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", jwt([]), jwt({}), jwt({"exp": "x"}), jwt({"exp": 1e300})])
def test_without_a_usable_exp_a_session_ends_at_midnight_ist(token: str) -> None:
    assert opened(token, "sid", "http://127.0.0.1:1", NINE).expires == MIDNIGHT


def test_the_tokens_own_exp_counts() -> None:
    ends = NINE + timedelta(hours=1)
    one = opened(jwt({"exp": ends.timestamp()}), "sid", "http://127.0.0.1:1", NINE)
    assert one.expires == ends
    assert one.good_at(ends - timedelta(minutes=3))
    assert not one.good_at(ends - timedelta(minutes=2))


def test_a_session_of_yesterday_is_not_good_even_if_its_token_says_so() -> None:
    late = opened(jwt({"exp": (MIDNIGHT + timedelta(hours=9)).timestamp()}), "sid", "http://127.0.0.1:1", NINE)
    assert late.good_at(MIDNIGHT - timedelta(seconds=1))
    assert not late.good_at(MIDNIGHT)


def test_a_base_url_may_carry_a_path() -> None:
    assert opened("t", "s", "http://127.0.0.1:1/xyz/", NINE).url("/quick/x") == "http://127.0.0.1:1/xyz/quick/x"


def test_secrets_do_not_show_in_a_representation() -> None:
    shown = repr(opened("secret-token", "secret-sid", "http://127.0.0.1:1", NINE))
    assert "secret" not in shown


def test_the_account_forgets_only_the_session_that_ended() -> None:
    clock, tenure = VirtualClock(NINE), Tenure(1, 1)
    one = account(clock)
    old, new = opened("old", "sid", "http://127.0.0.1:1", NINE), opened("new", "sid", "http://127.0.0.1:1", NINE)
    with one.turn(tenure):
        one.remember(new, tenure)
    one.forget(old)
    assert one.session() is new
    one.forget(new)
    assert one.session() is None


def test_there_is_one_login_at_a_time() -> None:
    one = account(VirtualClock(NINE))
    with one.turn(Tenure(1, 1)), pytest.raises(BrokerUnavailable), one.turn(Tenure(1, 2)):
        pass
    with one.turn(Tenure(1, 2)):
        pass


def test_a_revoked_thread_that_hangs_in_a_login_neither_blocks_nor_overwrites_its_successor() -> None:
    clock, stuck, heir = VirtualClock(NINE), Tenure(1, 1), Tenure(1, 2)
    one = account(clock)
    late, current = opened("a", "s", "http://127.0.0.1:1", NINE), opened("b", "s", "http://127.0.0.1:1", NINE)
    with one.turn(stuck):
        stuck.revoke()
        with one.turn(heir):
            one.remember(late, stuck)
            assert one.session() is None
            one.remember(current, heir)
    assert one.session() is current


def test_a_body_that_repeats_a_secret_loses_it() -> None:
    clock, tenure = VirtualClock(NINE), Tenure(1, 1)
    one = account(clock)
    with one.turn(tenure):
        one.remember(opened("t" * 40, "s" * 36, "http://127.0.0.1:1", NINE), tenure)
    body = b'{"m":"%s %s 11111111-2222-3333-4444-555555555555"}' % (b"t" * 40, b"s" * 36)
    assert one.hide(body) == b'{"m":"(hidden) (hidden) (hidden)"}'


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"])
def test_loopback_is_allowed(host: str) -> None:
    HERE.require(f"http://{host}:8080/x")


@pytest.mark.parametrize(
    "url",
    [
        "https://mis.kotaksecurities.com", "http://127.0.0.1@mis.kotaksecurities.com/", "http://10.0.0.1/", "http://[/",
        "http://127.0.0.1.nip.io/", "", "/quick", "http://localhost.evil.test/", "http://0.0.0.0/",
    ],
)  # fmt: skip
def test_everything_beyond_loopback_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        HERE.require(url)


BROKER = Reach.of("https://mis.kotaksecurities.com")


@pytest.mark.parametrize("url", ["https://e21.kotaksecurities.com/x", "wss://cis.KotakSecurities.com/realtime"])
def test_a_live_account_reaches_the_brokers_hosts(url: str) -> None:
    BROKER.require(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://mis.kotaksecurities.com", "ws://mis.kotaksecurities.com", "https://evilkotaksecurities.com",
        "https://mis.kotaksecurities.com.evil.test/", "https://mis.kotaksecurities.com@evil.test/", "https://[/", "",
        "https://127.0.0.1:8915/", "https://localhost/", "/quick",
    ],
)  # fmt: skip
def test_a_live_account_reaches_no_other_host_and_no_simulator(url: str) -> None:
    with pytest.raises(NotAllowed):
        BROKER.require(url)
    assert not BROKER.allows(url)


def test_a_login_host_of_ones_own_is_reached_besides() -> None:
    reach = Reach.of("https://gateway.example/kotak")
    reach.require("https://gateway.example/x")
    reach.require("https://lapi.kotaksecurities.com/file.csv")
    assert Reach.of("http://127.0.0.1:8915") is HERE


def test_only_a_live_account_may_use_a_proxy_elsewhere() -> None:
    BROKER.require_proxy("http://user:word@203.0.113.9:3128")
    HERE.require_proxy("http://127.0.0.1:3128")
    with pytest.raises(NotAllowed, match=r"the proxy 203\.0\.113\.9"):
        HERE.require_proxy("http://user:word@203.0.113.9:3128")


def answered(date: str | None, took: float = 0.0) -> Answer:
    return Answer(200, b"", 0.0, NINE, NINE + timedelta(seconds=took), date)


@pytest.mark.parametrize(
    ("ahead", "took", "expected"),
    [(0, 0.0, 0.0), (-0.9, 0.0, 0.0), (5, 0.0, 5.0), (5, 2.0, 3.0), (-5, 0.0, -4.0), (-5, 2.0, -4.0), (1, 1.0, 0.0)],
)
def test_skew_is_what_resolution_and_round_trip_do_not_explain(ahead: float, took: float, expected: float) -> None:
    date = (NINE + timedelta(seconds=ahead)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert skew(answered(date, took)) == pytest.approx(expected)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Mon, 99 Nov 2026 03:30:00 GMT"])
def test_a_date_that_says_nothing_is_no_skew(date: str | None) -> None:
    assert skew(answered(date)) is None


def test_a_date_in_another_zone_is_understood() -> None:
    assert skew(answered(format_datetime(NINE.astimezone(IST)))) == 0.0


def test_the_date_of_an_answer_out_of_a_cache_is_no_skew() -> None:
    """The instrument file comes from a CDN; its date stopped every order until the next answer."""
    moment = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
    stale = format_datetime(moment - timedelta(hours=3), usegmt=True)
    headers = CaseInsensitiveDict({"Age": "10800", "Date": stale})
    assert skew(Answer(200, b"", 0.0, moment, moment, stale, headers=headers)) is None


@pytest.mark.parametrize(
    ("told", "means"),
    [("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("2001:db8::1", "2001:db8::1")],
)
def test_the_address_that_the_broker_sees_is_read_in_either_dress(told: str, means: str) -> None:
    said = {"data": [{"ip": told, "time": "2026-11-23 09:15:00.000"}], "stCode": 1000, "status": "success"}
    assert str(seen_address(Answer(200, json.dumps(said).encode()))) == means
