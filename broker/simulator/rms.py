"""The broker's risk checks: why an order that was received does not reach the exchange, in the broker's words.

The texts about holdings, margin, ticks, market orders and the beginning of the closing auction were seen on the wire;
the others are plain sentences of the same kind.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from broker.simulator.book import Book
from broker.simulator.exchange import Market
from broker.simulator.instruments import Instrument
from broker.simulator.orders import Order, Side, Ticket
from broker.simulator.settings import Settings

OFF_TICK = "16283 : Order price is not a multiple of tick size"
"""As seen live (market rules §3.1)."""


@dataclass(frozen=True, slots=True)
class Auction:
    """The closing auction of a day: no request about an eligible symbol from the freeze to the entry; it trades at
    its end.
    """

    freeze: datetime
    entry: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class TradingDay:
    """The hours of one day, aware; the close does not belong to it."""

    open: datetime
    close: datetime
    auction: Auction | None = None

    @property
    def end(self) -> datetime:
        """The end of its closing auction, of continuous trading where there is none."""
        return self.auction.end if self.auction else self.close

    @property
    def orderly(self) -> bool:
        """Whether its moments follow one another."""
        if self.auction is None:
            return self.open < self.close
        auction = self.auction
        return self.open < auction.freeze < auction.entry < self.close <= auction.end

    def in_transition(self, moment: datetime) -> bool:
        """Whether eligible symbols are between continuous trading and the auction."""
        return self.auction is not None and self.auction.freeze <= moment < self.auction.entry


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The days on which orders can trade; without any day it is always open."""

    days: tuple[TradingDay, ...] = ()

    def objection(self, moment: datetime) -> str | None:
        """Why an order entered at the moment cannot trade, None within the hours."""
        if not self.days or any(day.open <= moment < day.close for day in self.days):
            return None
        if all(moment >= day.close for day in self.days):
            return "RMS:Rule: Market is closed for segment nse_cm"
        return "RMS:Rule: Market is not open yet for segment nse_cm"

    def asleep(self, moment: datetime, after: timedelta, before: timedelta) -> bool:
        """Whether orders for the next opening are taken: from so long after each end to so long before each opening."""
        return bool(self.days) and not any(day.open - before <= moment < day.end + after for day in self.days)

    def transition(self, moment: datetime, instrument: Instrument) -> str | None:
        """Why a request about the symbol is refused at the moment on the way into the closing auction."""
        if instrument.auctioned and any(day.in_transition(moment) for day in self.days):
            return "OMS: Trading session is in Transition to CAS session"
        return None


class Terms(NamedTuple):
    """Price in rupees and total quantity, of a new order or of a changed one; `ticket` where more of it is restated."""

    price: Decimal
    quantity: int
    ticket: Ticket | None = None


def objection(order: Order, terms: Terms, book: Book, market: Market, settings: Settings) -> str | None:
    """Why the order cannot have these terms, None when it can."""
    ticket = terms.ticket or order.ticket
    if ticket.kind == "SL-M":
        return "Market order with Algo Id not allowed"
    return (
        _auction_objection(ticket, market)
        or _product_objection(ticket)
        or _quantity_objection(terms.quantity, ticket.disclosed, market)
        or _price_objection(terms.price, market)
        or _trigger_objection(ticket, terms.price, market)
        or (_holdings_objection(order, terms, book) if settings.rms_holdings else None)
        or (_margin_objection(order, terms, book, settings.cash) if settings.rms_margin else None)
    )


def _auction_objection(ticket: Ticket, market: Market) -> str | None:
    if market.auction and ticket.kind == "SL":
        return "RMS:Rule: Stop orders are not admitted in the closing auction"
    if market.auction and ticket.disclosed:
        return "RMS:Rule: Disclosed quantities are not admitted in the closing auction"
    return None


def _product_objection(ticket: Ticket) -> str | None:
    """Trade-for-trade knows no intraday (market rules §3.4)."""
    if ticket.product == "MIS" and not ticket.instrument.same_day_sale:
        return f"RMS:Rule: Product MIS is not allowed in series {ticket.instrument.series}"
    return None


def _quantity_objection(quantity: int, disclosed: int, market: Market) -> str | None:
    instrument = market.instrument
    if quantity % instrument.lot:
        return f"RMS:Rule: Order quantity {quantity} is not a multiple of the lot size {instrument.lot}"
    if quantity > instrument.freeze:
        return f"RMS:Rule: Order quantity {quantity} exceeds the freeze quantity {instrument.freeze}"
    if disclosed and not quantity <= 10 * disclosed < 10 * quantity:
        return f"RMS:Rule: Disclosed quantity {disclosed} is not a tenth of {quantity} or more, and less than all of it"
    return None


def _price_objection(price: Decimal, market: Market) -> str | None:
    if not market.instrument.on_tick(price):
        return OFF_TICK
    if not market.low <= price <= market.high:
        return f"RMS:Rule: Order price {price} is outside the day's price range {market.low}-{market.high}"
    if market.auction and not market.auction[0] <= price <= market.auction[1]:
        return f"RMS:Rule: Order price {price} is outside 3 % around the reference price of the closing auction"
    return None


def _trigger_objection(ticket: Ticket, price: Decimal, market: Market) -> str | None:
    """A sell's trigger is not below its limit, a buy's not above it (wire specification §3.8)."""
    if ticket.kind != "SL":
        return None
    trigger, selling = ticket.trigger, ticket.side is Side.SELL
    if not market.instrument.on_tick(trigger):
        return OFF_TICK
    if not market.low <= trigger <= market.high:
        return f"RMS:Rule: Trigger price {trigger} is outside the day's price range {market.low}-{market.high}"
    if trigger < price if selling else trigger > price:
        return f"RMS:Rule: Trigger price {trigger} is on the wrong side of the limit {price}"
    return None


def _holdings_objection(order: Order, terms: Terms, book: Book) -> str | None:
    if order.ticket.side is Side.BUY:
        return None
    if terms.quantity - order.filled <= book.free_to_sell(order):
        return None
    return (
        "RMS:Rule: Check T1 holdings including TT/BE/Z/T/TS ,No Holdings Present "
        f"for entity account-{book.account.ucc} across exchange across segment across product "
    )


def _margin_objection(order: Order, terms: Terms, book: Book, cash: float) -> str | None:
    if order.ticket.side is Side.SELL:
        return None
    left = book.funds.owned(cash) - book.funds.used(book.portfolio, besides=order)
    short = terms.price * (terms.quantity - order.filled) - left
    if short <= 0:
        return None
    return (
        f"RMS:Margin Exceeds,Cash Available:{left:.2f},Additional margin required:{short:.2f} "
        f"for entity account-{book.account.ucc} across exchange across segment across product "
    )
