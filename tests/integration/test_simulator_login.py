"""The simulator lets in whom the broker would let in, and says no in the broker's words."""

import base64
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyotp
import pytest
import requests
from simulator_client import ORDERS, Client

from broker.kotak_neo.totp import TotpCodes
from broker.simulator import Account, Simulator
from broker.simulator.login import LoginCodes
from domain.clock import VirtualClock
from domain.tenure import Tenure


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def test_a_login_gives_a_trade_token_that_ends_at_midnight_in_india(client: Client, clock: VirtualClock) -> None:
    data = client.log_in(clock.now())
    middle = data["token"].split(".")[1]
    ends = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"]
    assert datetime.fromtimestamp(ends, ZoneInfo("Asia/Kolkata")).isoformat() == "2026-11-24T00:00:00+05:30"
    assert data["kType"] == "Trade"
    assert data["baseUrl"] == client.broker.url


def test_a_secret_is_long_enough_for_every_library_of_login_codes(client: Client, clock: VirtualClock) -> None:
    secret = client.account.totp_secret
    assert (len(secret), len(base64.b32decode(secret))) == (32, 20)
    assert client.view(pyotp.TOTP(secret).at(clock.now())).status_code == 200


def test_an_account_with_a_secret_of_eighty_bits_as_some_real_ones_have_it_can_log_in_too(clock: VirtualClock) -> None:
    short = Account("key", "+919876543210", "AB123", "246813", "JBSWY3DPEHPK3PXP")
    with Simulator([short], clock=clock) as broker:
        code = TotpCodes(short.totp_secret).next(clock, Tenure(1, 1))
        assert Client(broker, short, clock.now()).view(code).status_code == 200


def test_the_code_of_a_minute_ago_is_refused_and_the_neighbouring_one_taken(
    client: Client, clock: VirtualClock
) -> None:
    codes = LoginCodes(client.account.totp_secret)
    assert client.view(codes.at(clock.now() - timedelta(seconds=30))).status_code == 200
    refused = client.view(codes.at(clock.now() - timedelta(seconds=90)))
    assert refused.status_code == 401
    assert refused.json()["message"] == "Invalid credentials or TOTP."


@pytest.mark.parametrize("changes", [{"mobileNumber": "9876543210"}, {"ucc": "ZZZZZ"}, {"totp": "000000"}])
def test_one_wrong_credential_is_refused(client: Client, clock: VirtualClock, changes: dict[str, str]) -> None:
    right = {"totp": LoginCodes(client.account.totp_secret).at(clock.now())}
    assert client.view(**right).status_code == 200
    assert client.view(**right | changes).status_code == 401


def test_a_wrong_mpin_is_refused(client: Client, clock: VirtualClock) -> None:
    view = client.view(LoginCodes(client.account.totp_secret).at(clock.now())).json()["data"]
    assert client.validate(view, "x").json() == {"status": "error", "message": "Invalid MPIN.", "errorCode": "401"}


def test_a_view_token_cannot_trade(client: Client, clock: VirtualClock) -> None:
    view = client.view(LoginCodes(client.account.totp_secret).at(clock.now())).json()["data"]
    client.headers |= {"Auth": view["token"], "Sid": view["sid"]}
    assert client.place("a1").json()["stCode"] == 100021
    assert client.broker.ledger()["orders"] == []


def test_an_unknown_token_is_refused_with_http_200(client: Client) -> None:
    client.headers["Auth"] = "x"
    answer = client.http.get(client.broker.url + ORDERS, headers=client.headers)
    assert (answer.status_code, answer.json()["stCode"]) == (200, 100022)


def test_a_token_dies_at_midnight_and_not_before(client: Client, clock: VirtualClock) -> None:
    clock.advance_to(datetime(2026, 11, 23, 23, 59, 59, tzinfo=ZoneInfo("Asia/Kolkata")))
    assert client.get(ORDERS)["stCode"] == 5203
    clock.advance(1)
    assert client.get(ORDERS)["stCode"] == 100022


def test_a_second_login_ends_the_first_session_only_when_told_to(client: Client, clock: VirtualClock) -> None:
    first = dict(client.headers)
    client.log_in(clock.now())
    client.headers, second = first, client.headers
    assert client.get(ORDERS)["stCode"] == 5203
    client.headers = second
    client.broker.configure(one_session=True)
    client.log_in(clock.now())
    client.headers = second
    assert client.get(ORDERS)["stCode"] == 100022


def test_the_address_is_told_with_code_1000(client: Client) -> None:
    answer = client.get("/login/1.0/get-client-ip")
    assert (answer["stCode"], answer["data"][0]["ip"]) == (1000, "127.0.0.1")


def test_the_date_of_an_answer_is_the_virtual_one(client: Client) -> None:
    answer = requests.get(client.broker.url + ORDERS, headers=client.headers, timeout=5)
    assert answer.headers["Date"] == "Mon, 23 Nov 2026 03:00:00 GMT"


def test_no_account_sees_the_orders_of_another(client: Client, clock: VirtualClock) -> None:
    client.sell("a1")
    other = Client(client.broker, client.broker.accounts[1], clock.now())
    assert (len(client.book()), other.book()) == (1, [])
