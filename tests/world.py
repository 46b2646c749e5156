"""A whole small world in virtual time: the simulator over HTTP, a real database, and tenants driven cycle by cycle."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from broker.api import Broker
from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.paper import Conversation, PaperBroker, PaperLine, file_market
from broker.simulator import Account, Simulator
from domain.clock import VirtualClock
from domain.market import Calendar, ExchangeCalendar
from domain.tenure import Tenure
from domain.users import Credentials
from repositories.database import Database
from repositories.doors import as_rows
from repositories.instruments import InstrumentsRepository
from repositories.paper import PaperInstruments, PaperRepository
from service.instrument_table import InstrumentTable
from service.ports import Ports
from service.settings import TradingSettings
from service.trading_service import TradingService

BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
CLOSE = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PREFIX = "NTEST"
SIX_PERCENT = {"target_percent": 6}


class World:
    """One exchange, one broker, one database; `clock` stands just before the bell."""

    def __init__(
        self,
        database: Database,
        clock: VirtualClock,
        *,
        accounts: int = 1,
        settings: TradingSettings | None = None,
        calendar: Calendar | None = None,
        **simulator: Any,
    ) -> None:
        self.database = database
        self.clock = clock
        self.settings = settings or TradingSettings()
        self.calendar = calendar or ExchangeCalendar()
        simulator = {"rate_limit": 0, "day": (BELL, CLOSE), **simulator}
        self.broker = Simulator(accounts, clock=clock, **simulator)
        self.broker.start()
        self.kotak = KotakSettings(self.broker.url, orders_per_second=0, reads_per_second=0)
        self.instruments = InstrumentTable(InstrumentsRepository(database))
        self.execute("UPDATE installation SET tag_prefix = :prefix", prefix=PREFIX)
        clock.advance_to(BELL - timedelta(seconds=60))

    def close(self) -> None:
        """Let the simulator go."""
        self.broker.stop()

    def the_day_after(self) -> None:
        """Wednesday, 25 November, at its bell; the 24th is a holiday."""
        self.clock.advance_to(BELL + timedelta(days=2))
        self.broker.trade_within(BELL + timedelta(days=2), CLOSE + timedelta(days=2))

    def execute(self, statement: str, **values: Any) -> None:
        """What a person types into psql."""
        with self.database.as_operator("test") as session:
            session.execute(text(statement), values)

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Rows as an administrator sees them."""
        with self.database.as_operator("test") as session:
            return [dict(row) for row in session.execute(text(query), values).mappings()]

    def row(self, query: str, **values: Any) -> dict[str, Any]:
        """The only row."""
        (found,) = self.rows(query, **values)
        return found

    def tenant(self, number: int = 0, rule: Mapping[str, object] = SIX_PERCENT) -> "Tenant":
        """A user row for the numbered account, served by generation 1."""
        user_id = number + 1
        self.execute(
            "INSERT INTO users (id, name, broker, exit_rule) VALUES (:id, :name, 'kotak_neo', CAST(:rule AS jsonb))",
            id=user_id,
            name=f"user{user_id}",
            rule=as_rows([rule])[1:-1],
        )
        self.execute("INSERT INTO tenants (user_id, generation) VALUES (:id, 1)", id=user_id)
        return Tenant(self, user_id, self.broker.accounts[number])

    def paper_tenant(
        self, prices: str = "walk:1", user_id: int = 101, rule: Mapping[str, object] = SIX_PERCENT
    ) -> "PaperTenant":
        """A paper account, served by generation 1; `prices` as NINEFIFTEEN_PAPER_PRICES has them."""
        self.execute(
            "INSERT INTO users (id, name, broker, exit_rule) VALUES (:id, :name, 'paper', CAST(:rule AS jsonb))",
            id=user_id,
            name=f"paper{user_id}",
            rule=as_rows([rule])[1:-1],
        )
        self.execute("INSERT INTO tenants (user_id, generation) VALUES (:id, 1)", id=user_id)
        return PaperTenant(self, user_id, prices)


class Tenant:
    """One user with its service; `restart` is what kill -9 and a new start make of it."""

    def __init__(self, world: World, user_id: int, account: Account) -> None:
        self.world = world
        self.user_id = user_id
        self.account = account
        self.generation = 1
        credentials = Credentials(account.consumer_key, account.mobile, account.ucc, account.mpin, account.totp_secret)
        self._kotak = KotakAccount(credentials, world.kotak, world.clock)
        self._start()

    def holds(self, symbol: str, quantity: int, price: str = "800", *, own: int = 0, rule: str | None = None) -> int:
        """A position row, and the shares in the account: ours and the owner's own; the row's number."""
        self.world.broker.set_holding(self.account.ucc, symbol, quantity + own, price)
        self.world.execute(
            "INSERT INTO positions (user_id, symbol, quantity, avg_price, exit_rule)"
            " VALUES (:user, :symbol, :quantity, :price, CAST(:rule AS jsonb))",
            user=self.user_id,
            symbol=symbol,
            quantity=quantity,
            price=Decimal(price),
            rule=rule,
        )
        return int(self.world.row("SELECT max(id) AS id FROM positions")["id"])

    def requests_buy(self, symbol: str, quantity: int, price: str) -> int:
        """A buy as an administrator asks for it by SQL; the row's number."""
        self.world.execute(
            "INSERT INTO orders (user_id, side, symbol, status, quantity, price)"
            " VALUES (:user, 'BUY', :symbol, 'REQUESTED', :quantity, :price)",
            user=self.user_id,
            symbol=symbol,
            quantity=quantity,
            price=Decimal(price),
        )
        return int(self.world.row("SELECT max(id) AS id FROM orders")["id"])

    def cycle(self, times: int = 1, seconds: float = 1.0) -> None:
        """Look so many times, with time passing before each look."""
        for _ in range(times):
            self.world.clock.advance(seconds)
            self.service.cycle()

    def at_the_bell(self) -> None:
        """Come before the bell as a service does, then look when it rings and until the orders rest."""
        self.service.cycle()
        self.world.clock.advance_to(BELL)
        self.service.cycle()
        self.cycle(2)

    def restart(self) -> None:
        """A new generation that knows only what the rows say."""
        raised = "UPDATE tenants SET generation = generation + 1 WHERE user_id = :id RETURNING generation"
        self.generation = int(self.world.row(raised, id=self.user_id)["generation"])
        self._start()

    def position(self, number: int) -> dict[str, Any]:
        """A position row."""
        return self.world.row("SELECT * FROM positions WHERE id = :id", id=number)

    def orders(self, side: str = "SELL") -> list[dict[str, Any]]:
        """The user's orders of a side, oldest first."""
        query = "SELECT * FROM orders WHERE user_id = :user AND side = :side ORDER BY id"
        return self.world.rows(query, user=self.user_id, side=side)

    def at_broker(self) -> list[dict[str, Any]]:
        """The account's orders as the broker has them, oldest first."""
        return sorted(self.world.broker.orders(self.account.ucc), key=lambda row: str(row["nOrdNo"]))

    def live_at_broker(self) -> list[dict[str, Any]]:
        """The sells that rest at the broker."""
        return [row for row in self.at_broker() if row["ordSt"] == "open" and row["trnsTp"] == "S"]

    def line(self, symbol: str) -> dict[str, Any]:
        """The broker's own account of a symbol."""
        lines = self.world.broker.ledger()["symbols"]
        return next(line for line in lines if line["symbol"] == symbol and line["ucc"] == self.account.ucc)

    def _start(self) -> None:
        world = self.world
        self.tenure = Tenure(self.user_id, self.generation, f"user{self.user_id}")
        self.service = TradingService(
            Ports(
                self.tenure,
                self._broker(),
                world.database,
                world.clock,
                world.calendar,
                self._instruments(),
                world.settings,
            )
        )
        self.service.initialize()

    def _broker(self) -> Broker:
        world = self.world
        return KotakNeo(self._kotak, self.tenure, world.clock, world.kotak, world.database.require_idle)

    def _instruments(self) -> InstrumentTable:
        return self.world.instruments


class PaperTenant(Tenant):
    """A paper account with its service; `market` tells its prices. What a process knows ends with `restart`."""

    def __init__(self, world: World, user_id: int, prices: str) -> None:
        self.prices = prices
        super().__init__(world, user_id, world.broker.accounts[0])

    def holds(self, symbol: str, quantity: int, price: str = "800", *, own: int = 0, rule: str | None = None) -> int:
        """A position row, and the shares in the paper account: ours and the owner's own; the row's number."""
        self.owns(symbol, quantity + own, price)
        return super().holds(symbol, quantity, price, own=own, rule=rule)

    def owns(self, symbol: str, quantity: int, price: str = "800") -> None:
        """Shares in the paper account."""
        self.world.execute(
            "INSERT INTO paper_holdings VALUES (:user, :symbol, :quantity, :price) ON CONFLICT (user_id, symbol)"
            " DO UPDATE SET quantity = excluded.quantity",
            user=self.user_id,
            symbol=symbol,
            quantity=quantity,
            price=Decimal(price),
        )

    def at_broker(self) -> list[dict[str, Any]]:
        """The account's orders as the paper broker keeps them, oldest first."""
        query = "SELECT * FROM paper_orders WHERE user_id = :user ORDER BY number"
        return self.world.rows(query, user=self.user_id)

    def live_at_broker(self) -> list[dict[str, Any]]:
        """The sells that rest at the paper broker."""
        return [row for row in self.at_broker() if row["state"] == "open" and row["side"] == "SELL"]

    def trades(self) -> list[dict[str, Any]]:
        """Every fill, oldest first."""
        return self.world.rows("SELECT * FROM paper_trades WHERE user_id = :user ORDER BY at", user=self.user_id)

    def cash(self) -> Decimal:
        """Rupees."""
        return Decimal(self.world.row("SELECT cash FROM paper_accounts WHERE user_id = :id", id=self.user_id)["cash"])

    def fault(self, call: str, kind: str, **values: Any) -> None:
        """Something that is to go wrong, as a row."""
        names = "".join(f", {name}" for name in values)
        marks = "".join(f", :{name}" for name in values)
        statement = f"INSERT INTO paper_faults (user_id, call, kind{names}) VALUES (:user, :call, :kind{marks})"
        self.world.execute(statement, user=self.user_id, call=call, kind=kind, **values)

    def _broker(self) -> PaperBroker:
        world = self.world
        market = file_market(self.prices, None, world.calendar)
        line = PaperLine(world.clock, orders_per_second=0, reads_per_second=0)
        store = PaperRepository(world.database, self.tenure)
        guard = world.database.require_idle
        talk = Conversation(self.tenure, world.clock, world.calendar, store, market, line, guard)
        return PaperBroker(talk, market, line, world.clock)

    def _instruments(self) -> InstrumentTable:
        return InstrumentTable(PaperInstruments(self.world.database))
