"""Prices move when a test moves them; orders trade as an exchange would let them, within the trading day."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, rate_limit=0, holdings={SYMBOL: 100}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def resting(client: Client, clock: VirtualClock, tag: str = "a1", **changes: str) -> str:
    """A sell of 10 at 900 that has reached the exchange."""
    number = client.sell(tag, **changes)
    clock.advance(1)
    return number


def test_a_resting_sell_trades_at_its_limit_once_the_price_is_there(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock)
    client.broker.set_price(SYMBOL, "899.95")
    assert client.row(number)["fldQty"] == 0
    client.broker.set_price(SYMBOL, "905")
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["avgPrc"], row["unFldSz"]) == ("complete", 10, "900.00", 0)


def test_a_resting_buy_trades_at_its_limit_once_the_price_is_there(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock, tt="B", pr="800")
    client.broker.set_price(SYMBOL, "800.05")
    assert client.row(number)["fldQty"] == 0
    client.broker.set_price(SYMBOL, "790")
    assert (client.row(number)["ordSt"], client.row(number)["avgPrc"]) == ("complete", "800.00")


def test_an_order_that_is_marketable_on_arrival_trades_at_the_last_price(client: Client, clock: VirtualClock) -> None:
    assert client.row(resting(client, clock, pr="700"))["avgPrc"] == "825.40"


def test_liquidity_makes_partial_fills_with_a_trade_row_each(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock)
    client.broker.set_price(SYMBOL, 900, liquidity=3)
    row = client.row(number)
    assert (row["ordSt"], row["fldQty"], row["unFldSz"]) == ("open", 3, 7)
    client.broker.set_price(SYMBOL, 900, liquidity=5)
    client.broker.fill(number, 2, "901")
    trades = client.get("/quick/user/trades")
    assert trades["stat"] == "ok"
    assert [(one["fldQty"], one["avgPrc"]) for one in trades["data"]] == [(3, "900.00"), (5, "900.00"), (2, "901.00")]
    assert len({one["flId"] for one in trades["data"]}) == 3
    assert (client.row(number)["ordSt"], client.row(number)["avgPrc"]) == ("complete", "900.20")


def test_the_better_limit_and_then_the_earlier_order_trades_first(client: Client, clock: VirtualClock) -> None:
    dear = resting(client, clock, "a1", pr="901")
    early = resting(client, clock, "a2")
    late = resting(client, clock, "a3")
    client.broker.set_price(SYMBOL, 901, liquidity=15)
    assert [client.row(number)["fldQty"] for number in (early, late, dear)] == [10, 5, 0]


def test_the_higher_bid_trades_first(client: Client, clock: VirtualClock) -> None:
    low, high = resting(client, clock, "b1", tt="B", pr="800"), resting(client, clock, "b2", tt="B", pr="801")
    client.broker.set_price(SYMBOL, 799, liquidity=10)
    assert [(client.row(number)["fldQty"], client.row(number)["trnsTp"]) for number in (low, high)] == [
        (0, "B"),
        (10, "B"),
    ]


def test_no_more_can_be_filled_than_is_left(client: Client, clock: VirtualClock) -> None:
    number = resting(client, clock)
    with pytest.raises(ValueError, match="10 left: cannot fill 11"):
        client.broker.fill(number, 11)
    assert client.row(number)["fldQty"] == 0


def test_positions_count_the_day_and_holdings_stay_those_of_the_morning(client: Client, clock: VirtualClock) -> None:
    resting(client, clock, pr="825.40")
    resting(client, clock, "b1", tt="B", pr="825.40", qt="4")
    for path in ("/portfolio/v2/positions", "/quick/user/positions"):
        (row,) = client.get(path)["data"]
        assert (row["flBuyQty"], row["flSellQty"], row["sellAmt"]) == ("4", "10", "8254.00")
    (holding,) = client.get("/portfolio/v1/holdings")["data"]
    assert (holding["quantity"], holding["sellableQuantity"], holding["exchangeIdentifier"]) == (100, 94, "1485")


def test_the_days_trades_are_in_the_holdings_of_the_next_day(client: Client, clock: VirtualClock) -> None:
    resting(client, clock, tt="B", pr="825.40", qt="20")
    resting(client, clock, "a2", pr="825.40", qt="5")
    clock.advance(86_400)
    client.log_in(clock.now())
    (holding,) = client.get("/portfolio/v1/holdings")["data"]
    assert (holding["quantity"], holding["sellableQuantity"]) == (115, 115)
    assert client.get("/portfolio/v2/positions")["stCode"] == 5203


def test_orders_before_the_open_are_rejected_in_plain_words(client: Client, clock: VirtualClock) -> None:
    client.broker.trade_within(clock.now() + timedelta(seconds=10), clock.now() + timedelta(seconds=20))
    early = resting(client, clock)
    clock.advance(9)
    in_time = resting(client, clock, "a2")
    assert [client.row(number)["ordSt"] for number in (early, in_time)] == ["rejected", "open"]
    assert "not open yet" in client.row(early)["rejRsn"]


def test_the_close_ends_what_rests_at_exactly_its_moment(client: Client, clock: VirtualClock) -> None:
    closes = clock.now() + timedelta(seconds=20)
    client.broker.trade_within(clock.now(), closes)
    number = resting(client, clock)
    client.broker.set_price(SYMBOL, 900, liquidity=4)
    clock.advance(3600)
    client.broker.set_price(SYMBOL, 900)
    row = client.row(number)
    assert (row["ordSt"], row["rejRsn"], row["fldQty"], row["cnlQty"]) == ("cancelled", "--", 4, 6)
    assert row["ordDtTm"] == "23-Nov-2026 08:30:20"
    late = resting(client, clock, "a2")
    assert "closed" in client.row(late)["rejRsn"]


def test_an_order_at_the_moment_of_the_close_is_too_late(client: Client, clock: VirtualClock) -> None:
    client.broker.trade_within(clock.now(), clock.now() + timedelta(seconds=20))
    clock.advance(20)
    assert client.row(resting(client, clock))["ordSt"] == "rejected"


def test_quotes_are_a_list_of_strings_and_take_both_spellings_of_the_bar(client: Client) -> None:
    client.broker.set_price(SYMBOL, "801.5")
    for bar in ("|", "%7C"):
        (quote,) = client.get(f"/script-details/1.0/quotes/neosymbol/nse_cm{bar}1485/ltp")
        assert (quote["exchange_token"], quote["ltp"]) == ("1485", "801.5000")
    both = client.get("/script-details/1.0/quotes/neosymbol/nse_cm|1485,nse_cm|2885")
    assert [quote["display_symbol"] for quote in both] == [SYMBOL, "RELIANCE-EQ"]
    assert both[0]["high_price_range"] == "990.4500"
    assert client.get("/script-details/1.0/quotes/neosymbol/nse_cm|99999/all")["stCode"] == 1009


def test_a_moved_band_admits_what_it_refused(client: Client, clock: VirtualClock) -> None:
    refused = resting(client, clock, pr="1000")
    client.broker.set_band(SYMBOL, 700, 1100)
    admitted = resting(client, clock, "a2", pr="1000")
    assert [client.row(number)["ordSt"] for number in (refused, admitted)] == ["rejected", "open"]


def test_the_instrument_file_is_served_where_the_paths_say(client: Client) -> None:
    *_, path = client.get("/script-details/1.0/masterscrip/file-paths")["data"]["filesPaths"]
    header, first, *_rest = requests.get(path, timeout=5).text.splitlines()
    assert (len(header.split(",")), first.split(",")[5]) == (79, SYMBOL)
    assert "dTickSize ," in header


def test_funds_are_strings_and_margin_has_six_decimals(client: Client) -> None:
    limits = client.send("/quick/user/limits", {"seg": "ALL", "exch": "ALL", "prod": "ALL"}).json()
    assert (limits["Net"], limits["stCode"], limits["stat"]) == ("10000000.0", 200, "Ok")
    words = {"exSeg": "nse_cm", "prc": "100", "prcTp": "L", "prod": "CNC", "qty": "2", "tok": "1485", "trnsTp": "B"}
    words |= {"brkName": "KOTAK", "brnchId": "ONLINE"}
    assert client.send("/quick/user/check-margin", words).json()["ordMrgn"] == "200.000000"


def test_an_account_without_holdings_is_told_so(client: Client) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 0)
    assert "No holdings found" in client.get("/portfolio/v1/holdings")["errMsg"]
