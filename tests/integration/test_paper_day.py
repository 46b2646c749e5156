"""A trading day on paper: the same rows, the same service, the same broker protocol; prices from a script."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.world import PaperTenant, World

Scripted = Callable[..., PaperTenant]


@pytest.fixture
def scripted(world: World, tmp_path: Path) -> Scripted:
    """A paper tenant whose prices are the given lines, each `when,symbol,price,liquidity`."""

    def make(*lines: str, user_id: int = 101) -> PaperTenant:
        path = tmp_path / f"prices{user_id}.csv"
        path.write_text("\n".join(("when,symbol,price,liquidity", *lines)))
        return world.paper_tenant(str(path), user_id)

    return make


def test_a_bought_share_is_sold_at_its_target(scripted: Scripted) -> None:
    paper = scripted("09:00,ITC-EQ,400,", "+60,ITC-EQ,399,", "+300,ITC-EQ,423,")
    paper.at_the_bell()
    number = paper.requests_buy("ITC-EQ", 50, "399")
    paper.cycle(2)
    assert [order["status"] for order in paper.orders("BUY")] == ["OPEN"]
    paper.cycle(1, seconds=60)
    assert [(o["id"], o["status"], o["filled"]) for o in paper.orders("BUY")] == [(number, "ONGOING", 50)]
    paper.cycle(2)
    assert [(row["quantity"], row["price"]) for row in paper.live_at_broker()] == [(50, Decimal("422.95"))]
    assert paper.cash() == 1_000_000 - 50 * 399
    paper.cycle(2, seconds=150)
    (position,) = paper.world.rows("SELECT * FROM positions")
    assert (position["close_reason"], position["exit_price"]) == ("SOLD", Decimal("422.95"))
    assert [order["status"] for order in paper.orders("BUY")] == ["CLOSED"]
    assert paper.cash() == 1_000_000 - 50 * 399 + 50 * Decimal("422.95")


def test_a_held_position_gets_exactly_one_sell_at_the_bell(scripted: Scripted) -> None:
    paper = scripted("09:00,IFBIND-EQ,800,")
    paper.holds("IFBIND-EQ", 10)
    paper.at_the_bell()
    paper.cycle(10)
    (row,) = paper.at_broker()
    assert (row["quantity"], row["price"], row["state"]) == (10, Decimal(848), "open")
    assert [order["status"] for order in paper.orders()] == ["OPEN"]
