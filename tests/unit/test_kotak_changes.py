"""What is put on the wire; the mutation to try: write the price with `str`."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from broker.kotak_neo import headers
from broker.kotak_neo.changes import cancelling, modifying, placing, rupees
from broker.kotak_neo.session import Session
from domain.book import NewOrder, PriceChange
from domain.orders import Side

ORDER = NewOrder("nf7abc", "M&M-EQ", Side.SELL, 10, Decimal("815.5"))


@pytest.mark.parametrize(
    ("price", "written"),
    [("815.5", "815.50"), ("8.155E+2", "815.50"), ("1E+3", "1000.00"), ("0.05", "0.05"), ("100000", "100000.00")],
)
def test_money_is_written_in_plain_rupees_and_paise(price: str, written: str) -> None:
    assert rupees(Decimal(price)) == written


@pytest.mark.parametrize("price", ["0", "-1", "815.555", "NaN", "Infinity", "0.001"])
def test_what_is_no_price_is_never_written(price: str) -> None:
    with pytest.raises(ValueError, match="price"):
        rupees(Decimal(price))


def test_a_new_order_is_a_day_limit_order_for_delivery_under_its_tag() -> None:
    change = placing(ORDER)
    assert change.path == "quick/order/rule/ms/place"
    assert json.loads(change.form()["jData"]) == {
        "am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": "815.50", "pt": "L",
        "qt": "10", "rt": "DAY", "tp": "0", "ts": "M&M-EQ", "tt": "S", "ig": "nf7abc", "os": "NEOTRADEAPI",
    }  # fmt: skip


def test_a_price_change_restates_the_order() -> None:
    change = modifying(PriceChange("2611220001", "IDEA-EQ", Side.SELL, 10, Decimal(802), "14366"))
    assert change.path == "quick/order/vr/modify"
    assert json.loads(change.form()["jData"]) == {
        "no": "2611220001", "tk": "14366", "es": "nse_cm", "ts": "IDEA-EQ", "tt": "S", "pc": "CNC", "pt": "L",
        "pr": "802.00", "qt": "10", "tp": "0", "dq": "0", "mp": "0", "vd": "DAY", "dd": "NA", "am": "NO",
        "os": "NEOTRADEAPI",
    }  # fmt: skip


def test_a_cancel_names_the_order() -> None:
    change = cancelling("2611220001")
    assert (change.path, json.loads(change.form()["jData"])) == ("quick/order/cancel", {"on": "2611220001", "am": "NO"})


def test_every_value_is_a_string() -> None:
    for change in (placing(ORDER), modifying(PriceChange("1", "X", Side.BUY, 1, Decimal(1))), cancelling("1")):
        assert all(isinstance(value, str) for value in change.fields.values())


@pytest.mark.parametrize(("tag", "quantity"), [("", 1), ("t", 0), ("t", -1)])
def test_an_order_without_a_tag_or_shares_is_never_written(tag: str, quantity: int) -> None:
    with pytest.raises(ValueError, match="tag and a quantity"):
        placing(NewOrder(tag, "IDEA-EQ", Side.SELL, quantity, Decimal(1)))


def test_order_calls_carry_every_header_that_either_document_asks_for() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    sent = headers.for_orders("key", Session("token", "sid", "http://127.0.0.1", now, now))
    assert sent == {
        "Authorization": "key", "Sid": "sid", "Auth": "token", "neo-fin-key": "neotradeapi",
        "accept": "application/json", "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
