"""The one sell that should rest for a position, or why there can be none: symbol, quantity, price."""

from dataclasses import dataclass
from decimal import Decimal

from domain.book import Instrument
from domain.errors import BadInput
from domain.exits import exit_price, parse_exit_rule
from domain.models import Position, User
from domain.orders import Reason
from domain.steps import Hold


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one sell that should rest."""

    symbol: str
    quantity: int
    price: Decimal
    reason: Reason | None = None
    text: str = ""


def wanted_sell(position: Position, instrument: Instrument | None, user: User) -> Wanted | Hold:
    """What the rule of the position, or else of its user, asks for with today's instrument file."""
    if instrument is None:
        symbol = traded_symbol(position, None)
        return Hold(Reason.UNKNOWN_SYMBOL, f"{symbol} is not in today's instrument file of the NSE cash segment.")
    try:
        rule = parse_exit_rule(user.exit_rule if position.exit_rule is None else position.exit_rule)
        price = exit_price(rule, position.avg_price, instrument.tick)
    except BadInput as error:
        return Hold(Reason.BAD_RULE, str(error))
    except ArithmeticError:
        return Hold(Reason.BAD_RULE, f"the rule and avg_price={position.avg_price} give no price")
    return _outside_band(price, instrument) or _sized(position, instrument, price)


def traded_symbol(position: Position, instrument: Instrument | None) -> str:
    """The trading symbol that a position's orders carry."""
    return instrument.symbol if instrument else position.placed_symbol or position.symbol


def _outside_band(price: Decimal, instrument: Instrument) -> Hold | None:
    """An order outside the day's band never reaches the exchange, so it is not sent (NSE price bands)."""
    if instrument.band_high is not None and price > instrument.band_high:
        text = f"price={price}, band_high={instrument.band_high}: placeable up to {instrument.band_high} today"
        return Hold(Reason.PRICE_ABOVE_BAND, text, price)
    if instrument.band_low is not None and price < instrument.band_low:
        text = f"price={price}, band_low={instrument.band_low}: placeable from {instrument.band_low} today"
        return Hold(Reason.PRICE_BELOW_BAND, text, price)
    return None


def _sized(position: Position, instrument: Instrument, price: Decimal) -> Wanted | Hold:
    quantity = position.quantity
    if quantity % instrument.lot:
        return Hold(Reason.ODD_LOT, f"quantity={quantity} is not a multiple of the lot {instrument.lot}")
    if instrument.freeze_quantity and quantity > instrument.freeze_quantity:
        most = instrument.freeze_quantity - instrument.freeze_quantity % instrument.lot
        limit = instrument.freeze_quantity
        if most == 0:
            return Hold(Reason.FREEZE_QUANTITY, f"freeze_quantity={limit} is less than the lot {instrument.lot}")
        text = f"{most} of {quantity} resting: one order may carry {limit}; the next follows its fill"
        return Wanted(instrument.symbol, most, price, Reason.FREEZE_QUANTITY, text)
    return Wanted(instrument.symbol, quantity, price)
