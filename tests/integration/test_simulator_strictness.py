"""The simulator is no kinder than the broker: what the real one refuses, mangles or ignores, it does as well.

Mutations to try: read quantities with `int`; ask nobody for a consumer key; let `updRecvTm` be the time of the state.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from simulator_client import CANCEL, LOGIN, MODIFY, ORDERS, PLACE, SYMBOL, Client

from broker.simulator import Simulator
from broker.simulator.login import LoginCodes
from domain.clock import VirtualClock

BODY_INVALID = {"stCode": 1007, "errMsg": "body invalid", "stat": "bad request"}
ORDER = {
    "am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": "900", "pt": "L", "qt": "10", "rt": "DAY",
    "tp": "0", "ts": SYMBOL, "tt": "S",
}  # fmt: skip
CHANGE = {"pr": "901", "pt": "L", "qt": "10", "tp": "0", "vd": "DAY"}
MARGIN = {
    "brkName": "KOTAK", "brnchId": "ONLINE", "exSeg": "nse_cm", "prc": "800", "prcTp": "L", "prod": "CNC", "qty": "1",
    "tok": "1485", "trnsTp": "B",
}  # fmt: skip
ALL = {"seg": "ALL", "exch": "ALL", "prod": "ALL"}
LIMITS, HISTORY, CHECK = "/quick/user/limits", "/quick/order/history", "/quick/user/check-margin"
QUOTES = "/script-details/1.0/quotes/neosymbol/"
PATHS = "/script-details/1.0/masterscrip/file-paths"


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100, "GRPLTD-BE": 10}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def without(words: dict[str, str], key: str) -> dict[str, str]:
    return {name: value for name, value in words.items() if name != key}


def resting(client: Client, clock: VirtualClock, **changes: str) -> str:
    number = client.sell(**changes)
    clock.advance(1)
    return number


def rejection(client: Client, clock: VirtualClock, **changes: str) -> str:
    row = client.row(resting(client, clock, **changes))
    assert row["ordSt"] == "rejected"
    return str(row["rejRsn"])


@pytest.mark.parametrize("key", ["am", "es", "pc", "pr", "pt", "qt", "rt", "tp", "ts", "tt"])
def test_an_order_that_lacks_a_key_is_no_order(client: Client, key: str) -> None:
    assert client.send(PLACE, without(ORDER, key)).json() == BODY_INVALID
    assert client.send(PLACE, ORDER | {key: None}).json() == BODY_INVALID
    assert client.book() == []


@pytest.mark.parametrize("key", ["no", "pr", "pt", "qt", "tp", "vd"])
def test_a_change_that_lacks_a_key_changes_nothing(client: Client, clock: VirtualClock, key: str) -> None:
    number = resting(client, clock)
    assert client.send(MODIFY, without({"no": number, **CHANGE}, key)).json() == BODY_INVALID
    clock.advance(1)
    assert client.row(number)["prc"] == "900.00"


def test_a_cancel_that_names_no_order_is_no_cancel(client: Client) -> None:
    assert client.send(CANCEL, {"am": "NO"}).json() == BODY_INVALID
    assert client.send(CANCEL, {"on": "1", "am": "NO"}).json()["stCode"] == 1021


@pytest.mark.parametrize("key", [*MARGIN])
def test_a_question_about_margin_that_lacks_a_key_is_none(client: Client, key: str) -> None:
    assert client.send(CHECK, MARGIN).json()["rmsVldtd"] == "OK"
    assert client.send(CHECK, without(MARGIN, key)).json() == BODY_INVALID


@pytest.mark.parametrize("price", ["9_00", "९००", "9E2", " 900", "+900", "-900", "0x384", "900.", "", "Infinity"])
def test_only_plain_digits_are_a_price(client: Client, price: str) -> None:
    assert client.place(pr=price).json()["stCode"] == 5202


@pytest.mark.parametrize("quantity", ["1_0", " 10", "१०", "+10", "-10", "10.0", "1e1", ""])
def test_only_plain_digits_are_a_quantity(client: Client, quantity: str) -> None:
    assert client.place(qt=quantity).json() == {
        "stCode": 1009, "errMsg": "please provide valid quantity", "stat": "Not_Ok",
    }  # fmt: skip


@pytest.mark.parametrize("price", ["0.0", "0.00", "", "900", "x"])
def test_a_market_order_has_the_price_of_a_plain_zero(client: Client, clock: VirtualClock, price: str) -> None:
    """Market rules §3.3."""
    number = resting(client, clock)
    assert client.place(pt="MKT", pr=price).json()["stCode"] == 1009
    assert client.send(MODIFY, {"no": number, **CHANGE, "pt": "MKT", "pr": price}).json()["stCode"] == 1009
    assert client.send(MODIFY, {"no": number, **CHANGE, "pt": "MKT", "pr": "0"}).json()["stat"] == "Ok"


@pytest.mark.parametrize("kind", [None, "application/json", "text/plain", "multipart/form-data"])
@pytest.mark.parametrize("path", [PLACE, LIMITS])
def test_a_form_that_is_called_something_else_is_not_read(client: Client, kind: str | None, path: str) -> None:
    form = "jData=" + quote(json.dumps(ORDER | ALL))
    headers = client.headers | ({"Content-Type": kind} if kind else {})
    assert client.http.post(client.url + path, data=form.encode(), headers=headers).json() == BODY_INVALID
    headers["Content-Type"] = "Application/X-WWW-Form-Urlencoded; charset=UTF-8"
    assert client.http.post(client.url + path, data=form, headers=headers).json()["stat"] == "Ok"


@pytest.mark.parametrize("path", [LIMITS, HISTORY, CHECK, PLACE, MODIFY, CANCEL])
def test_a_call_without_its_form_is_refused(client: Client, path: str) -> None:
    assert client.http.post(client.url + path, headers=client.headers).json() == BODY_INVALID


@pytest.mark.parametrize("tag", [r"\ud800", r"a\udfffb"])
def test_half_a_character_spoils_the_form_and_not_the_book(client: Client, tag: str) -> None:
    text = json.dumps(ORDER | {"ig": "TAG"}).replace("TAG", tag)
    form = {"jData": text}
    assert client.http.post(client.url + PLACE, data=form, headers=client.headers).json() == BODY_INVALID
    assert client.book() == []


def test_brackets_without_end_are_a_bad_body_and_no_accident(client: Client) -> None:
    form = {"jData": "[" * 200_000}
    assert client.http.post(client.url + PLACE, data=form, headers=client.headers).json() == BODY_INVALID
    headers = {"Authorization": client.account.consumer_key, "Content-Type": "application/json"}
    assert requests.post(client.url + LOGIN, data="[" * 200_000, headers=headers, timeout=5).json() == BODY_INVALID


def test_a_stop_order_has_its_trigger_on_the_right_side_of_its_limit(client: Client, clock: VirtualClock) -> None:
    assert "wrong side" in rejection(client, clock, pt="SL", pr="800", tp="799.95")
    assert "wrong side" in rejection(client, clock, pt="SL", pr="850", tp="850.05", tt="B")
    assert "price range" in rejection(client, clock, pt="SL", pr="800", tp="0")
    assert rejection(client, clock, pt="SL", pr="800", tp="805.01").startswith("16283 : ")


def test_a_price_off_the_tick_is_refused_in_the_words_seen_live(client: Client, clock: VirtualClock) -> None:
    assert rejection(client, clock, pr="900.01") == "16283 : Order price is not a multiple of tick size"


@pytest.mark.parametrize(("disclosed", "good"), [("0", True), ("1", True), ("9", True), ("10", False), ("99", False)])
def test_a_disclosed_quantity_is_a_tenth_or_more_and_not_all(
    client: Client, clock: VirtualClock, disclosed: str, good: bool
) -> None:
    row = client.row(resting(client, clock, dq=disclosed))
    assert (row["ordSt"], row["dscQty"]) == ("open" if good else "rejected", int(disclosed))
    assert client.place(dq="some").json()["stCode"] == 5202


def test_intraday_is_not_for_trade_for_trade(client: Client, clock: VirtualClock) -> None:
    words = {"ts": "GRPLTD-BE", "pr": "2800", "qt": "1"}
    assert "MIS" in rejection(client, clock, **words, pc="MIS")
    assert client.row(resting(client, clock, **words))["ordSt"] == "open"


def test_a_change_restates_type_and_trigger(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock, pt="SL", pr="800", tp="805")
    client.send(MODIFY, {"no": number, **CHANGE, "pt": "SL", "pr": "790", "tp": "795"})
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["prc"], row["trgPrc"]) == ("trigger pending", "790.00", "795.00")
    client.broker.set_price(SYMBOL, 800)
    assert client.row(number)["ordSt"] == "trigger pending"
    client.send(MODIFY, {"no": number, **CHANGE, "pt": "L", "pr": "900", "tp": "0"})
    clock.advance(1)
    assert (client.row(number)["ordSt"], client.row(number)["prcTp"]) == ("open", "L")
    client.send(MODIFY, {"no": number, **CHANGE, "pt": "SL", "pr": "700", "tp": "705"})
    clock.advance(1)
    client.broker.set_price(SYMBOL, 900)
    assert (client.row(number)["ordSt"], client.row(number)["fldQty"]) == ("trigger pending", 0)
    client.broker.set_price(SYMBOL, 700)
    assert client.row(number)["ordSt"] == "complete"


def test_a_change_to_a_market_stop_leaves_the_order_open(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock)
    client.send(MODIFY, {"no": number, **CHANGE, "pt": "SL-M", "pr": "0", "tp": "800"})
    clock.advance(1)
    row = client.row(number)
    assert (row["ordSt"], row["prcTp"], row["rejRsn"]) == ("open", "L", "Market order with Algo Id not allowed")
    assert client.send(MODIFY, {"no": number, **CHANGE, "pt": "X"}).json()["stCode"] == 5202


def test_history_cannot_be_sorted_by_the_time_of_its_receipt(client: Client, clock: VirtualClock) -> None:
    """The wire specification, §3.5: it rises from the newest state to the oldest."""
    number = resting(client, clock)
    rows = client.send(HISTORY, {"nOrdNo": number}).json()["data"]
    told = [row["updRecvTm"] for row in rows]
    assert len(rows) == 4
    assert told == sorted(set(told))
    assert told[0] // 10**9 == int(clock.now().timestamp())


def test_a_part_of_the_funds_is_told_as_nothing_and_a_net_is_a_float(client: Client, clock: VirtualClock) -> None:
    client.broker.set_funds(client.account.ucc, "900.3")
    client.sell(tt="B", pr="700.10", qt="1")
    clock.advance(1)
    assert client.send(LIMITS, ALL).json()["Net"] == "200.19999999999993"
    assert client.send(LIMITS, ALL | {"seg": "CASH"}).json()["Net"] == "0.0"
    assert client.send(LIMITS, without(ALL, "prod")).json() == BODY_INVALID
    assert client.http.get(client.url + LIMITS, headers=client.headers).status_code == 404


def test_the_old_way_to_ask_for_holdings_is_no_route(client: Client) -> None:
    answer = client.http.get(f"{client.url}/portfolio/v1/holdings?sId=server1", headers=client.headers)
    (error,) = answer.json()["error"]
    assert (answer.status_code, "Please use /portfolio/v1/holdings" in error["message"]) == (404, True)
    assert client.http.get(f"{client.url}/portfolio/v1/holdings?sId=", headers=client.headers).status_code == 404
    assert client.get("/portfolio/v1/holdings")["data"][0]["quantity"] == 100


def test_a_holding_has_either_of_its_two_shapes(client: Client) -> None:
    short = client.get("/portfolio/v1/holdings")["data"][0]
    client.broker.configure(rich_holdings=True)
    rich = client.get("/portfolio/v1/holdings")["data"][0]
    assert (short | rich) == rich
    assert (len(rich) - len(short), rich["series"]) == (19, "EQ")


@pytest.mark.parametrize("path", [f"{QUOTES}nse_cm|1485", PATHS, "/market-data/1.0/historical/details?interval=D"])
def test_the_market_is_told_to_none_without_a_consumer_key(client: Client, path: str) -> None:
    for key in ({}, {"Authorization": "x"}, {"Authorization": f"Bearer {client.account.consumer_key}"}):
        assert requests.get(client.url + path, headers=key, timeout=5).status_code == 401


def test_a_login_says_where_it_comes_from(client: Client, clock: VirtualClock) -> None:
    """The wire specification, §1.2: all headers are required of the login calls."""
    words = {"mobileNumber": client.account.mobile, "ucc": client.account.ucc}
    words["totp"] = LoginCodes(client.account.totp_secret).at(clock.now())
    key = {"Authorization": client.account.consumer_key}
    assert requests.post(client.url + LOGIN, json=words, headers=key, timeout=5).status_code == 401
    known = key | {"neo-fin-key": "neotradeapi"}
    assert requests.post(client.url + LOGIN, json=words, headers=known, timeout=5).status_code == 200
    number: dict[str, Any] = words | {"totp": int(words["totp"])}
    assert requests.post(client.url + LOGIN, json=number, headers=known, timeout=5).status_code == 401
    assert requests.post(client.url + LOGIN, data=words, headers=known, timeout=5).json() == BODY_INVALID


def test_the_address_is_told_to_whoever_has_token_and_key(client: Client) -> None:
    del client.headers["Authorization"]
    answer = client.http.get(f"{client.url}/login/1.0/get-client-ip", headers=client.headers)
    assert answer.status_code == 401
    assert client.get(ORDERS)["stCode"] == 5203


def test_a_refused_login_may_be_http_200_of_another_shape(client: Client, clock: VirtualClock) -> None:
    view = client.view(LoginCodes(client.account.totp_secret).at(clock.now())).json()["data"]
    client.broker.configure(login_error_status=200)
    refused = client.validate(view, "000")
    assert refused.status_code == 200
    assert refused.json() == {"stCode": 401, "errMsg": "Invalid MPIN", "status": "failure"}
    assert client.view("000000").json()["status"] == "failure"


def test_a_login_code_opens_once_where_told_so(client: Client, clock: VirtualClock) -> None:
    code = LoginCodes(client.account.totp_secret).at(clock.now())
    client.broker.configure(code_once=True)
    assert [client.view(code).status_code for _ in range(2)] == [200, 401]
    clock.advance(60)
    assert client.view(LoginCodes(client.account.totp_secret).at(clock.now())).status_code == 200


def test_errors_come_in_the_shapes_of_the_documents_where_told_so(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock)
    client.cancel(number)
    clock.advance(1)
    assert client.cancel(number)["errMsg"] == "order is completed"
    client.broker.configure(documented_errors=True)
    assert client.cancel(number) == {
        "stat": "Not_Ok", "emsg": "Order already cancelled or not found.", "stCode": 1006,
    }  # fmt: skip
    assert client.modify(number, "901", "10")["emsg"] == "Order cannot be modified as it is already executed."
    client.headers["Auth"] = "x"
    assert client.get(ORDERS) == {"stat": "Not_Ok", "emsg": "Invalid session", "stCode": 1003}


def test_a_symbol_is_quoted_by_its_token_alone_and_an_index_by_its_name(client: Client) -> None:
    assert client.get(f"{QUOTES}nse_cm|{SYMBOL}")["stCode"] == 1009
    assert client.get(f"{QUOTES}nse_cm|NIFTY/ltp")[0]["exchange_token"] == "26000"


@pytest.mark.parametrize(
    ("chosen", "keys"),
    [
        ("oi", {"open_int"}),
        ("52W", {"year_high", "year_low"}),
        ("52w", {"year_high", "year_low"}),
        ("scrip_details", set()),
        ("circuit_limits", {"low_price_range", "high_price_range"}),
    ],
)
def test_every_documented_filter_of_a_quote_is_known(client: Client, chosen: str, keys: set[str]) -> None:
    (row,) = client.get(f"{QUOTES}nse_cm|1485/{chosen}")
    assert row.keys() == keys | {"exchange_token", "display_symbol", "exchange"}


def test_the_instrument_file_is_one_of_many_and_of_today(client: Client) -> None:
    paths = client.get(PATHS)["data"]["filesPaths"]
    texts = {path.rpartition("/")[2]: requests.get(path, timeout=5).text for path in paths}
    assert len(texts) == 7
    assert [name for name, text in texts.items() if SYMBOL in text] == ["nse_cm-v1.csv"]
    assert all(text.startswith("pSymbol,") for text in texts.values())
    for wrong in ("2026-11-22/transformed-v1/nse_cm-v1.csv", "2026-11-23/nse_cm-v1.csv", "nse_cm.csv"):
        assert requests.get(f"{client.url}/csv/{wrong}", timeout=5).status_code == 404


@pytest.mark.parametrize("host", ["e21.kotaksecurities.com", "MIS.kotaksecurities.com:443"])
def test_a_host_that_base_url_did_not_name_is_the_wrong_one(client: Client, host: str) -> None:
    headers = client.headers | {"Host": host}
    for path in (ORDERS, "/portfolio/v1/holdings"):
        assert requests.get(client.url + path, headers=headers, timeout=5).json()["stCode"] == 200032
    assert requests.get(f"{client.url}{QUOTES}nse_cm|1485", headers=headers, timeout=5).status_code == 200
    assert (
        requests.get(client.url + ORDERS, headers=client.headers | {"Host": "localhost"}, timeout=5).json()["stCode"]
        == 5203
    )
