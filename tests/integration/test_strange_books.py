"""Books with rows that nobody of ours made: after-market orders of the owner, and values that no order can have.

Mutations to try: take an after-market order of last night for yesterday's; let a row's fill be anything.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from relay import Relay

from domain.clock import VirtualClock
from domain.orders import OrderStatus
from repositories.database import Database
from tests.world import BELL, World

SYMBOL = "IFBIND-EQ"
AMO: dict[str, Any] = {
    "nOrdNo": "261120000900001", "ordSt": "after market order req received", "stat": "after market order req received",
    "ordGenTp": "AMO", "GuiOrdId": "NEOAPP-0f6c", "trdSym": SYMBOL, "trnsTp": "S", "qty": 10, "fldQty": 0,
    "unFldSz": 10, "prc": "900.00", "avgPrc": "0.00", "rejRsn": "--", "prod": "CNC", "ordSrc": "ADMINCPPAPI_MOB",
    "ordDtTm": "20-Nov-2026 20:00:00", "ordEntTm": "20-Nov-2026 20:00:00", "exCfmTm": "--", "exOrdId": "NA",
}  # fmt: skip


@pytest.fixture
def line(database: Database, clock: VirtualClock) -> Iterator[tuple[World, Relay]]:
    """A world whose broker is spoken to over a line that a test may change."""
    world = World(database, clock)
    with Relay(world.broker.url) as relay:
        world.kotak = replace(world.kotak, login_url=relay.url)
        yield world, relay
    world.close()


def with_rows(*rows: dict[str, Any]) -> Any:
    """The order book with further rows."""

    def change(body: dict[str, Any]) -> dict[str, Any]:
        told = body.get("data") or []
        return {"stat": "Ok", "stCode": 200, "data": [*told, *rows]}

    return change


def test_an_after_market_order_of_last_night_takes_its_shares_from_the_bell_on(line: tuple[World, Relay]) -> None:
    """It was entered yesterday and is today's: the shares that it offers are not offered twice."""
    world, relay = line
    relay.changes["/quick/user/orders"] = with_rows(AMO)
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    assert tenant.at_broker() == []
    assert tenant.position(number)["reason"] == "NOT_FREE"
    relay.changes["/quick/user/orders"] = with_rows(
        AMO | {"ordSt": "cancelled after market order", "ordDtTm": "23-Nov-2026 09:20:00"}
    )
    tenant.cycle(4)
    (order,) = tenant.live_at_broker()
    assert order["qty"] == 10
    assert not any("/quick/order/" in path and "place" not in path and "history" not in path for path in relay.asked)


def test_what_the_after_market_order_leaves_is_protected(line: tuple[World, Relay]) -> None:
    world, relay = line
    relay.changes["/quick/user/orders"] = with_rows(AMO | {"qty": 4, "unFldSz": 4})
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10, own=2)
    tenant.at_the_bell()
    (order,) = tenant.live_at_broker()
    assert order["qty"] == 8


NONSENSE: tuple[dict[str, Any], ...] = (
    {"fldQty": -5},
    {"fldQty": 10**15},
    {"fldQty": "99999999999", "qty": "2147483647"},
    {"prc": "1e25"},
    {"prc": "-1.00"},
    {"nOrdNo": "9" * 5000},
    {"GuiOrdId": "x" * 9000},
    {"trdSym": "y" * 9000},
    {"prod": "z" * 9000, "ordSrc": "z" * 9000},
    {"nOrdNo": "26112\u0000000"},
    {"ordEntTm": "01-Jan-0001 00:00:00", "ordDtTm": "31-Dec-9999 23:59:59"},
    {"fldQty": 2147483647},
)


@pytest.mark.parametrize("whose", ["others", "ours"])
def test_a_row_that_no_order_can_have_spoils_no_other(line: tuple[World, Relay], whose: str) -> None:
    world, relay = line
    tenant = world.tenant()
    number = tenant.holds("RELIANCE-EQ", 10, "2400")
    strange = tenant.holds(SYMBOL, 10, own=200)
    tenant.at_the_bell()
    for nonsense in NONSENSE:

        def strange_row(body: dict[str, Any], nonsense: dict[str, Any] = nonsense) -> dict[str, Any]:
            rows = body["data"]
            if whose == "ours":
                return body | {"data": [row | nonsense if row["trdSym"] == SYMBOL else row for row in rows]}
            others = next(row for row in rows if row["trdSym"] == SYMBOL)
            return body | {"data": [*rows, others | {"nOrdNo": "261123000000777", "GuiOrdId": "app"} | nonsense]}

        relay.changes["/quick/user/orders"] = strange_row
        tenant.cycle(3)
        assert tenant.position(number)["reason"] is None, nonsense
        relay.changes.pop("/quick/user/orders")
        tenant.cycle(3, seconds=10)
        states = {order["symbol"]: order["status"] for order in tenant.orders()}
        assert states == {SYMBOL: OrderStatus.OPEN, "RELIANCE-EQ": OrderStatus.OPEN}, nonsense
        assert tenant.position(strange)["quantity"] == 10, nonsense
    assert len(tenant.orders()) == len(tenant.at_broker()) == len(tenant.live_at_broker()) == 2
    assert world.clock.now() > BELL


def test_a_fill_whose_price_is_none_counts_at_the_limit(line: tuple[World, Relay]) -> None:
    world, relay = line
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    relay.changes["/quick/user/orders"] = lambda body: (
        body | {"data": [row | {"fldQty": 5, "avgPrc": "1e29"} for row in body["data"]]}
    )
    tenant.cycle()
    (order,) = tenant.orders()
    assert (order["filled"], order["execution_price"]) == (5, order["price"])
    assert tenant.position(number)["quantity"] == 5
