"""The one sell that should rest for a position, or why there can be none: symbol, quantity, price."""

from dataclasses import dataclass, replace
from decimal import Decimal

from domain.book import Instrument
from domain.errors import BadInput
from domain.exits import exit_price, parse_exit_rule
from domain.market import round_up_to_tick
from domain.models import Exit, Position
from domain.orders import Reason
from domain.steps import Hold
from domain.users import User


@dataclass(frozen=True, slots=True)
class Wanted:
    """The one sell that should rest."""

    symbol: str
    quantity: int
    price: Decimal
    reason: Reason | None = None
    text: str = ""


def wanted_sell(
    position: Position, instrument: Instrument | None, user: User, exit: Exit | None = None, free: int | None = None
) -> Wanted | Hold:
    """What an exit that was asked for, the rule of the position, or else of its user, wants with today's instrument
    file, for no more shares than are free to be sold (None: not known)."""
    if instrument is None:
        symbol = traded_symbol(position, None)
        return Hold(Reason.UNKNOWN_SYMBOL, f"{symbol} is not in today's instrument file of the NSE cash segment.")
    if position.isin and instrument.isin and position.isin != instrument.isin:
        text = f"the ISIN of {instrument.symbol} changed from {position.isin} to {instrument.isin}"
        return Hold(Reason.CORPORATE_ACTION, f"{text}; confirm the ratio of the split, bonus or demerger")
    priced = _exiting(exit, instrument) or _by_rule(position, instrument, user)
    if isinstance(priced, Hold):
        return priced
    wanted = _outside_band(priced, instrument) or _bounded(_sized(position, instrument, priced), instrument, free)
    return _told(wanted, exit)


def _by_rule(position: Position, instrument: Instrument, user: User) -> Decimal | Hold:
    try:
        rule = parse_exit_rule(user.exit_rule if position.exit_rule is None else position.exit_rule)
        return exit_price(rule, position.avg_price, instrument.tick)
    except BadInput as error:
        return Hold(Reason.BAD_RULE, str(error))
    except ArithmeticError:
        return Hold(Reason.BAD_RULE, f"the rule and avg_price={position.avg_price} give no price")


def exit_limit(exit: Exit, last_price: Decimal, instrument: Instrument) -> Decimal:
    """The marketable limit in rupees of an exit: so many percent below the last price, on a tick and in the band.

    Programs may send no market order (SEBI retail-algo rules), so that this limit is the most that may be given away.
    """
    wished = round_up_to_tick(last_price * (1 - exit.at_most_percent_below_last / 100), instrument.tick)
    lowest = instrument.band_low if instrument.band_low is not None else instrument.tick
    return max(wished, round_up_to_tick(lowest, instrument.tick))


def _exiting(exit: Exit | None, instrument: Instrument) -> Decimal | None:
    if exit is None or exit.price is None:
        return None
    return round_up_to_tick(exit.price, instrument.tick)


def _told(wanted: Wanted | Hold, exit: Exit | None) -> Wanted | Hold:
    """An exit says what it does, where nothing more important is to be said."""
    if isinstance(wanted, Hold) or wanted.reason is not None or exit is None or exit.price is None:
        return wanted
    text = f"exit at {wanted.price}: at most {exit.at_most_percent_below_last} % below the last price {exit.last_price}"
    return replace(wanted, reason=Reason.EXITING, text=text)


def _bounded(wanted: Wanted | Hold, instrument: Instrument, free: int | None) -> Wanted | Hold:
    """Never more than the account can deliver beside what the owner sells himself."""
    if isinstance(wanted, Hold) or free is None or wanted.quantity <= free:
        return wanted
    most = free - free % instrument.lot
    text = f"free to sell={free} of {wanted.quantity}: the rest is not in the account, not settled, or in other orders"
    if most <= 0:
        return Hold(Reason.NOT_FREE, text, wanted.price)
    return Wanted(wanted.symbol, most, wanted.price, Reason.NOT_FREE, text)


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
