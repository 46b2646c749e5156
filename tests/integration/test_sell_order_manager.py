"""The twelve scenarios of the original request: open positions come from the database and from nowhere else."""

import logging
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import event, text

from domain.tenure import Tenure
from repositories.database import Database
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository
from service.ports import Repositories
from service.sell_order_manager import SellOrderManager
from service.trading_service import TradingService
from tests.world import World

USER = 2


@pytest.fixture
def manager(database: Database) -> SellOrderManager:
    """A sell manager of user 2 with database repositories."""
    execute(
        database,
        "INSERT INTO users (id, name, broker, exit_rule) VALUES (2, 'asha', 'kotak_neo', '{\"target_percent\": 6}')",
    )
    execute(
        database,
        "INSERT INTO users (id, name, broker, exit_rule) VALUES (3, 'ravi', 'kotak_neo', '{\"target_percent\": 6}')",
    )
    execute(database, "INSERT INTO tenants (user_id, generation) VALUES (2, 1)")
    door = partial(database.unit_of_work, Tenure(USER, 1))
    return SellOrderManager(positions_repo=PositionsRepository(door), user_id=USER, orders_repo=OrdersRepository(door))


def execute(database: Database, statement: str) -> None:
    with database.as_operator("test") as session:
        session.execute(text(statement))


def position(database: Database, symbol: str, closed: str = "NULL", user: int = USER) -> None:
    execute(
        database,
        f"INSERT INTO positions (user_id, symbol, quantity, avg_price, closed_at)"
        f" VALUES ({user}, '{symbol}', 10, 815.5, {closed})",
    )


def order(database: Database, side: str, symbol: str, ticker: str, placed: str, status: str = "ONGOING") -> None:
    execute(
        database,
        "INSERT INTO orders (user_id, side, symbol, ticker, placed_symbol, status, quantity, price, execution_qty,"
        " execution_price, execution_time, position_id, tag, broker_order_id)"
        f" VALUES (2, '{side}', '{symbol}', '{ticker}', '{placed}', '{status}', 10, 815.5, 10, 815.5, now(),"
        " (SELECT max(id) FROM positions), upper('T' || substr(md5(random()::text), 1, 9)), '1' || random()::text)",
    )


def test_it_is_made_with_database_repositories(manager: SellOrderManager):
    assert manager.positions_repo is not None
    assert manager.user_id == USER


def test_it_can_be_made_without_repositories():
    assert SellOrderManager().get_open_positions.__self__.positions_repo is None


def test_open_positions_come_from_the_database(manager: SellOrderManager, database: Database):
    position(database, "IFBIND-EQ")
    (found,) = manager.get_open_positions()
    assert (found["symbol"], found["quantity"], found["avg_price"]) == ("IFBIND-EQ", 10, Decimal("815.5"))


def test_closed_positions_are_left_out(manager: SellOrderManager, database: Database):
    position(database, "IFBIND-EQ", closed="now()")
    position(database, "ITC-EQ")
    assert [found["symbol"] for found in manager.get_open_positions()] == ["ITC-EQ"]


def test_ticker_and_placed_symbol_come_from_the_buy(manager: SellOrderManager, database: Database):
    position(database, "IFBIND")
    order(database, "BUY", "IFBIND", "IFBIND.NS", "IFBIND-EQ")
    (found,) = manager.get_open_positions()
    assert (found["ticker"], found["placed_symbol"]) == ("IFBIND.NS", "IFBIND-EQ")


@pytest.mark.parametrize("given", [{}, {"user_id": USER}, {"positions_repo": object()}])
def test_what_is_missing_is_named_only_when_it_is_needed(given):
    with pytest.raises(ValueError, match=r"PositionsRepository and user_id are required.*positions_repo=.*user_id="):
        SellOrderManager(**given).get_open_positions()


def test_nothing_open_is_an_empty_list(manager: SellOrderManager):
    assert manager.get_open_positions() == []


def test_many_positions_come_in_the_order_they_were_opened(manager: SellOrderManager, database: Database):
    for symbol in ("IFBIND-EQ", "ITC-EQ", "SBIN-EQ"):
        position(database, symbol)
    assert [found["symbol"] for found in manager.get_open_positions()] == ["IFBIND-EQ", "ITC-EQ", "SBIN-EQ"]


def test_metadata_is_matched_by_the_whole_symbol(manager: SellOrderManager, database: Database):
    position(database, "M&M")
    order(database, "BUY", "M&MFIN", "M&MFIN.NS", "M&MFIN-EQ")
    (found,) = manager.get_open_positions()
    assert (found["ticker"], found["placed_symbol"]) == ("M&M", "M&M")


def test_a_sell_gives_no_metadata(manager: SellOrderManager, database: Database):
    position(database, "IFBIND")
    order(database, "SELL", "IFBIND", "WRONG.NS", "WRONG-EQ", "EXECUTED")
    (found,) = manager.get_open_positions()
    assert found["placed_symbol"] == "IFBIND"


def test_the_positions_of_another_user_are_not_seen(manager: SellOrderManager, database: Database):
    position(database, "IFBIND-EQ", user=3)
    assert manager.get_open_positions() == []
    assert manager.positions_repo.list(3) == []


def test_no_file_is_ever_read(manager: SellOrderManager, database: Database, tmp_path, monkeypatch):
    history = tmp_path / "trades_history.json"
    history.write_text('[{"symbol": "GHOST-EQ", "status": "open", "qty": 5}]')
    again = SellOrderManager(
        positions_repo=manager.positions_repo, user_id=USER, orders_repo=manager.orders_repo, history_path=history
    )
    monkeypatch.setattr("builtins.open", _forbidden)
    monkeypatch.setattr("io.open", _forbidden)
    assert again.get_open_positions() == []


def test_both_queries_of_the_request_work_as_written(manager: SellOrderManager, database: Database):
    position(database, "IFBIND-EQ")
    order(database, "BUY", "IFBIND-EQ", "IFBIND.NS", "IFBIND-EQ")
    with database.as_operator("test") as session:
        held = session.execute(text("SELECT * FROM positions WHERE user_id = 2 AND closed_at IS NULL;")).mappings()
        assert [row["symbol"] for row in held] == ["IFBIND-EQ"]
        buys = session.execute(
            text("SELECT * FROM orders WHERE user_id = 2 AND status = 'ONGOING' AND side = 'BUY';")
        ).mappings()
        assert [row["execution_qty"] for row in buys] == [10]


def test_the_service_gives_its_repositories_to_the_sell_manager(world: World, caplog):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    with caplog.at_level(logging.INFO):
        tenant.service.initialize()
    manager = tenant.service.sell_manager
    assert isinstance(manager.positions_repo, PositionsRepository)
    assert isinstance(manager.orders_repo, OrdersRepository)
    assert manager.user_id == tenant.user_id
    assert "Initializing sell order manager..." in caplog.text
    assert "Loaded 1 open positions from database" in caplog.text


def test_the_placing_cycle_says_how_many_it_placed(world: World, caplog):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    with caplog.at_level(logging.INFO):
        tenant.at_the_bell()
    assert "Placed 1 sell orders" in caplog.text


def test_a_missing_repository_is_logged_and_not_raised(world: World, caplog):
    whole = world.tenant().service
    parts = {name: getattr(whole.rows, name) for name in Repositories.__slots__}
    service = TradingService(whole.ports, Repositories(**{**parts, "positions": None}))
    service.initialize()
    assert "PositionsRepository is not available" in caplog.text
    with pytest.raises(ValueError, match="PositionsRepository and user_id are required"):
        service.sell_manager.get_open_positions()


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that go to the database."""
    seen: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def test_more_positions_and_more_history_cost_no_more_statements(world: World, statements: list[str]):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    tenant.cycle(3)
    statements.clear()
    tenant.cycle()
    few = len(statements)
    for symbol in ("ITC-EQ", "SBIN-EQ", "TCS-EQ", "INFY-EQ", "RELIANCE-EQ"):
        price = world.broker.last_price(symbol)
        tenant.holds(symbol, 5, str(price))
    world.execute(
        "INSERT INTO orders (user_id, side, symbol, status, quantity, filled)"
        " SELECT 1, 'BUY', 'IFBIND-EQ', 'CLOSED', 10, 10 FROM generate_series(1, 500)"
    )
    tenant.cycle(8)
    statements.clear()
    tenant.cycle()
    assert len(statements) == few


def _forbidden(*arguments: object, **_more: object) -> None:
    raise AssertionError(f"a file was opened: {arguments[:1]}")
