"""Everything that one tenant's service works with, put together by the composition root."""

from dataclasses import dataclass, field
from functools import partial

from broker.api import Broker, NoFeed, OrderFeed
from domain.clock import Clock
from domain.market import Calendar
from domain.tenure import Tenure
from repositories.accounts import AccountsRepository
from repositories.database import Database
from repositories.doors import Door
from repositories.journal import JournalRepository
from repositories.orders import OrdersRepository
from repositories.positions import PositionsRepository
from repositories.sends import SendsRepository
from repositories.strangers import StrangersRepository
from repositories.tenants import TenantsRepository
from service.instrument_table import InstrumentTable
from service.settings import TradingSettings
from service.waypoints import Unwatched, Waypoints


@dataclass(frozen=True, slots=True)
class Repositories:
    """One tenant's repositories, all through the same door."""

    door: Door
    accounts: AccountsRepository
    positions: PositionsRepository
    orders: OrdersRepository
    sends: SendsRepository
    journal: JournalRepository
    tenants: TenantsRepository
    strangers: StrangersRepository


def tenant_repositories(database: Database, tenure: Tenure) -> Repositories:
    """The repositories of one generation of one tenant."""
    door: Door = partial(database.unit_of_work, tenure)
    return Repositories(
        door,
        AccountsRepository(door, tenure.user_id),
        PositionsRepository(door),
        OrdersRepository(door),
        SendsRepository(door, tenure),
        JournalRepository(door),
        TenantsRepository(database),
        StrangersRepository(door, tenure.user_id),
    )


@dataclass(frozen=True, slots=True)
class Ports:
    """What a `TradingService` is given."""

    tenure: Tenure
    broker: Broker
    database: Database
    clock: Clock
    calendar: Calendar
    instruments: InstrumentTable
    settings: TradingSettings
    waypoints: Waypoints = field(default_factory=Unwatched)
    feed: OrderFeed = field(default_factory=NoFeed)
