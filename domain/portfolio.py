"""What the broker says about an account: its net positions, its funds, what an order would need, its address."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address

from domain.orders import Side


@dataclass(frozen=True, slots=True)
class NetPosition:
    """What was bought and sold in one symbol and product, carried over and today together; sales of holdings too.

    Quantities in shares (or units), values in rupees. `factor` is rupees a unit and price point, 1 for shares.
    `carried_price` is the broker's for what was carried over; None where it does not say.
    """

    symbol: str
    token: str
    segment: str
    product: str
    bought: int
    sold: int
    buy_value: Decimal
    sell_value: Decimal
    factor: Decimal = Decimal(1)
    carried_price: Decimal | None = None
    last_price: Decimal | None = None

    @property
    def quantity(self) -> int:
        """Bought less sold; negative where more was sold, as after a sale out of the holdings."""
        return self.bought - self.sold

    @property
    def buy_average(self) -> Decimal | None:
        """Rupees a share; None where nothing was bought, or the broker lacks the value of what was carried over."""
        return _average(self.buy_value, self.bought * self.factor)

    @property
    def sell_average(self) -> Decimal | None:
        """Rupees a share; None where nothing was sold."""
        return _average(self.sell_value, self.sold * self.factor)

    def profit_at(self, price: Decimal) -> Decimal:
        """Rupees won, realised and not, if the rest were worth this price; before all charges."""
        return self.sell_value - self.buy_value + self.quantity * price * self.factor


@dataclass(frozen=True, slots=True)
class Funds:
    """An account's money in rupees. `net` is what can still be used; `collateral_value` holds the cash of most
    accounts, `collateral` is what pledged shares are worth."""

    net: Decimal
    collateral_value: Decimal
    collateral: Decimal
    margin_used: Decimal
    at: datetime | None

    @property
    def cash(self) -> Decimal:
        """What is usable without pledged shares: `net` less `collateral`. Likely, seen in one account; not proven."""
        return self.net - self.collateral


@dataclass(frozen=True, slots=True)
class Prospect:
    """An order that nobody has decided yet: a limit in rupees, or None for the market's price."""

    token: str
    side: Side
    quantity: int
    price: Decimal | None
    product: str = "CNC"


@dataclass(frozen=True, slots=True)
class Margin:
    """What a prospect would need and what there is, in rupees; `enough` by the broker's own risk check."""

    enough: bool
    order: Decimal
    in_use: Decimal
    cash: Decimal
    short: Decimal


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """The address from which the broker sees us come, and when it looked (UTC)."""

    ip: IPv4Address | IPv6Address
    at: datetime | None


def _average(value: Decimal, units: Decimal) -> Decimal | None:
    return value / units if units and value else None
