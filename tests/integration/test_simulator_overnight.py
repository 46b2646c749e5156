"""Corporate actions and changes of series: holdings, prices and the instrument file agree on the next morning."""

import csv
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from simulator_client import SYMBOL, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock, rate_limit=0, holdings={SYMBOL: 15}) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def file_row(client: Client) -> dict[str, str]:
    """The line of the token in the instrument file as a client downloads it."""
    *_, path = client.get("/script-details/1.0/masterscrip/file-paths")["data"]["filesPaths"]
    lines = csv.DictReader(requests.get(path, timeout=5).text.splitlines())
    return next({key.strip(): value for key, value in line.items()} for line in lines if line["pSymbol"] == "1485")


def holding(client: Client) -> dict[str, Any]:
    (row,) = client.get("/portfolio/v1/holdings")["data"]
    return dict(row)


def command(client: Client, name: str, **words: Any) -> requests.Response:
    return requests.post(f"{client.broker.url}/control/{name}", json=words, timeout=5)


def test_a_split_multiplies_every_holding_and_divides_prices_and_band(client: Client, clock: VirtualClock) -> None:
    client.broker.set_holding(client.account.ucc, SYMBOL, 15, "800")
    assert command(client, "corporate-action", symbol=SYMBOL, new=5, old=1, isin="INE559A01025").status_code == 200
    row = holding(client)
    assert (row["quantity"], row["sellableQuantity"], row["averagePrice"]) == (75, 75, 160.0)
    other = Client(client.broker, client.broker.accounts[1], clock.now())
    assert holding(other)["quantity"] == 75
    (quote,) = client.get("/script-details/1.0/quotes/neosymbol/nse_cm|1485/all")
    shown = (quote["ltp"], quote["low_price_range"], quote["high_price_range"])
    assert shown == ("165.0500", "132.0500", "198.0500")
    line = file_row(client)
    assert (line["pISIN"], line["dLowPriceRange"], line["dHighPriceRange"]) == ("INE559A01025", "13205", "19805")
    assert line["pCreditRating"] == "132.05-198.05"


def test_a_bonus_leaves_the_isin_and_loses_fractions(client: Client) -> None:
    before = file_row(client)
    client.broker.corporate_action(SYMBOL, 3, 2)
    assert holding(client)["quantity"] == 22
    assert file_row(client)["pISIN"] == before["pISIN"]


def test_all_shares_after_a_split_can_be_sold_and_none_counts_as_oversold(client: Client, clock: VirtualClock) -> None:
    client.broker.corporate_action(SYMBOL, 5, 1)
    client.broker.configure(rms_holdings=False)
    number, beyond = client.sell("a1", qt="75", pr="165.05"), client.sell("a2", qt="1", pr="190")
    clock.advance(1)
    assert [client.row(one)["ordSt"] for one in (number, beyond)] == ["complete", "open"]
    assert client.broker.ledger()["totals"]["oversold"] == 1


def test_a_price_of_before_the_split_is_outside_the_band(client: Client, clock: VirtualClock) -> None:
    client.broker.corporate_action(SYMBOL, 5, 1)
    number = client.sell("a1")
    clock.advance(1)
    assert "price range 132.05-198.05" in client.row(number)["rejRsn"]


def test_a_change_of_series_renames_the_symbol_and_keeps_token_isin_and_holdings(
    client: Client, clock: VirtualClock
) -> None:
    before = file_row(client)
    assert command(client, "change-series", symbol=SYMBOL, series="BE").json() == {"symbol": "IFBIND-BE"}
    after = file_row(client)
    assert {name: after[name] for name in after if after[name] != before[name]} == {
        "pGroup": "BE",
        "pTrdSymbol": "IFBIND-BE",
    }
    row = holding(client)
    assert (row["quantity"], row["exchangeIdentifier"]) == (15, "1485")
    assert client.place("a1").json()["stCode"] == 1007
    number = client.sell("a2", ts="IFBIND-BE", pr="825.40")
    clock.advance(1)
    placed = client.row(number)
    assert (placed["ordSt"], placed["trdSym"], placed["series"], placed["tok"]) == (
        "complete",
        "IFBIND-BE",
        "BE",
        "1485",
    )
    assert client.broker.ledger()["totals"]["oversold"] == 0


def test_shares_bought_today_cannot_be_sold_today_after_a_move_to_trade_for_trade(
    client: Client, clock: VirtualClock
) -> None:
    symbol = client.broker.change_series(SYMBOL, "BE")
    client.sell("b1", tt="B", ts=symbol, qt="5", pr="825.40")
    clock.advance(1)
    refused, taken = client.sell("a1", ts=symbol, qt="20"), client.sell("a2", ts=symbol, qt="15")
    clock.advance(1)
    assert [client.row(number)["ordSt"] for number in (refused, taken)] == ["rejected", "open"]
    clock.advance(86_400)
    client.log_in(clock.now())
    assert holding(client)["quantity"] == 20


def test_both_wait_for_the_night(client: Client, clock: VirtualClock) -> None:
    client.sell("a1", pr="825.40", qt="5")
    clock.advance(1)
    for name, words in (("corporate-action", {"new": 2, "old": 1}), ("change-series", {"series": "BE"})):
        assert "overnight" in command(client, name, symbol=SYMBOL, **words).json()["error"]
    assert file_row(client)["pTrdSymbol"] == SYMBOL
    clock.advance(86_400)
    client.log_in(clock.now())
    client.broker.corporate_action(SYMBOL, 2, 1)
    assert holding(client)["quantity"] == 20


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("corporate-action", {"symbol": SYMBOL, "new": 0, "old": 1}, "not a ratio"),
        ("corporate-action", {"symbol": "NOSUCH", "new": 2, "old": 1}, "no instrument NOSUCH"),
        ("change-series", {"symbol": SYMBOL, "series": "EQ"}, "cannot become"),
        ("change-series", {"symbol": SYMBOL, "series": ""}, "cannot become"),
    ],
)
def test_what_makes_no_sense_is_refused(client: Client, name: str, words: dict[str, Any], said: str) -> None:
    answer = command(client, name, **words)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
