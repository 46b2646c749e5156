"""What else a paper broker can be asked: one order and its history, positions, funds, margin, candles, the address."""

from datetime import date
from decimal import Decimal
from ipaddress import IPv4Address

from broker.paper.conversation import Conversation
from broker.paper.lines import SEGMENT
from broker.paper.market import Market
from broker.paper.pit import Pit
from broker.paper.reckoning import blocked
from broker.paper.reports import order_report, order_steps
from broker.simulator.clock import ist_date
from broker.simulator.portfolio import DayTrade
from domain.book import OrderReport, OrderStep
from domain.candles import Candle, Interval
from domain.clock import Clock
from domain.errors import BrokerUnavailable
from domain.orders import Side
from domain.portfolio import ClientAddress, Funds, Margin, NetPosition, Prospect

HERE = IPv4Address("127.0.0.1")
HISTORY = "history"


class PaperInquiries:
    """An `Inquiries` of the broker protocol; every read raises as `Conversation.read` does."""

    def __init__(self, conversation: Conversation, market: Market, clock: Clock) -> None:
        self._talk = conversation
        self._market = market
        self._clock = clock

    def client_address(self) -> ClientAddress:
        """A paper broker is in the process that asks it."""
        return ClientAddress(HERE, self._clock.now())

    def order(self, broker_order_id: str) -> OrderReport | None:
        """One order of the day; None where there is no such order."""
        return self._talk.read("orders", lambda pit, _: order_report(pit, broker_order_id))

    def order_history(self, broker_order_id: str) -> tuple[OrderStep, ...]:
        """Every state of one order, the newest first; empty where there is no such order."""
        return self._talk.read(HISTORY, lambda pit, _: order_steps(pit, broker_order_id))

    def positions(self) -> tuple[NetPosition, ...]:
        """One for each symbol of the day; shares sold out of the holdings are below zero."""
        return self._talk.read("any", lambda pit, _: tuple(map(_position, pit.book.portfolio.traded())))

    def funds(self) -> Funds:
        """The account's money: what was sold today can be spent today."""
        return self._talk.read("any", lambda pit, _: _funds(pit))

    def margin(self, prospect: Prospect) -> Margin:
        """What an order would need; at the market's price where it has none. Raises BrokerUnavailable without one."""
        self._talk.enter()
        self._market.load(ist_date(self._clock.now()))
        price = prospect.price
        if price is None:
            quotes = self._market.quotes([prospect.token], self._clock.now())
            if not quotes:
                raise BrokerUnavailable(f"Nobody knows a price for the token {prospect.token}.")
            price = quotes[0].last_price
        needed = price * prospect.quantity if prospect.side is Side.BUY else Decimal(0)
        return self._talk.read("any", lambda pit, _: _margin(_funds(pit), needed))

    def candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        """Prices of the past, both days included: those that paper orders traded at."""
        self._talk.enter()
        return self._market.candles(token, interval, first, last, self._clock.now())


def _position(trade: DayTrade) -> NetPosition:
    kind = trade.instrument
    return NetPosition(
        symbol=kind.symbol,
        token=kind.token,
        segment=SEGMENT,
        product=trade.product,
        bought=trade.bought,
        sold=trade.sold,
        buy_value=trade.buy_value,
        sell_value=trade.sell_value,
    )


def _funds(pit: Pit) -> Funds:
    held = blocked(pit.book)
    used = held + max(pit.book.portfolio.spent, Decimal(0))
    net = pit.cash - held
    return Funds(net, collateral_value=net + used, collateral=Decimal(0), margin_used=used, at=pit.moment)


def _margin(funds: Funds, needed: Decimal) -> Margin:
    short = max(needed - funds.net, Decimal(0))
    return Margin(enough=not short, order=needed, in_use=funds.margin_used, cash=funds.collateral_value, short=short)
