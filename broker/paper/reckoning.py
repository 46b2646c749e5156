"""What trades and live orders mean for a paper account's cash and rows. Rupees."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from broker.paper.rows import SIDES, row_of
from broker.simulator.book import Book
from broker.simulator.clock import ist_date
from broker.simulator.instruments import Instrument
from broker.simulator.orders import Fill, Order, Side
from broker.simulator.portfolio import DayTrade
from domain.orders import Side as OurSide
from domain.paper import PaperBook, PaperHolding, PaperNews, PaperOrder, PaperTrade, PaperTraded

PRODUCT = "CNC"


def spent(fills: Iterable[Fill]) -> Decimal:
    """What the fills took from the cash; negative when they brought more."""
    signed = ((1 if fill.order.ticket.side is Side.BUY else -1) * fill.quantity * fill.price for fill in fills)
    return sum(signed, Decimal(0))


def blocked(book: Book) -> Decimal:
    """What live buys block."""
    buys = (order for order in book.live.values() if order.ticket.side is Side.BUY)
    return sum((order.price * order.remaining for order in buys), Decimal(0))


def shortage(book: Book, cash: Decimal, more: Decimal) -> str | None:
    """Why a buy cannot block so much more beside the live ones, in the broker's words; None when it can."""
    left = cash - blocked(book)
    if more <= left:
        return None
    return (
        f"RMS:Margin Exceeds,Cash Available:{left:.2f},Additional margin required:{more - left:.2f} "
        f"for entity account-{book.account.ucc} across exchange across segment across product "
    )


def trades_of(fills: Iterable[Fill], before: Mapping[str, PaperOrder]) -> Iterator[PaperTrade]:
    """New fills as rows, each named by the shares of its order that had traded with it."""
    filled = {number: row.filled for number, row in before.items()}
    for fill in fills:
        number = fill.order.number
        filled[number] = filled.get(number, 0) + fill.quantity
        symbol, side = fill.order.symbol, SIDES[fill.order.ticket.side]
        yield PaperTrade(number, filled[number], fill.quantity, fill.price, fill.moment, symbol, side)


def day_trades(traded: Iterable[PaperTraded], kind: Callable[[str], Instrument]) -> Iterable[DayTrade]:
    """What was traded today as the simulator's portfolio has it, one for each symbol."""
    trades: dict[str, DayTrade] = {}
    for one in traded:
        trade = trades.setdefault(one.symbol, DayTrade(kind(one.symbol), PRODUCT))
        if one.side is OurSide.BUY:
            trade.bought, trade.buy_value = one.quantity, one.value
        else:
            trade.sold, trade.sell_value = one.quantity, one.value
    return trades.values()


def news_of(rows: PaperBook, orders: Iterable[Order], fills: Iterable[Fill], book: Book, moment: datetime) -> PaperNews:
    """What differs from the rows: orders, new fills, cash, and after a night the holdings."""
    before, day, account = {row.number: row for row in rows.orders}, ist_date(moment), rows.account
    present = (row_of(order, ist_date(order.entered)) for order in orders)
    changed = tuple(row for row in present if row != before.get(row.number))
    fresh = tuple(fills)
    return PaperNews(
        replace(account, cash=account.cash - spent(fresh), day=day, settled_at=moment),
        changed,
        tuple(trades_of(fresh, before)),
        _holdings(book) if account.day not in (None, day) else None,
    )


def _holdings(book: Book) -> tuple[PaperHolding, ...]:
    """The shares in the depository as rows."""
    held = book.portfolio.holdings
    return tuple(PaperHolding(symbol, one.quantity, one.average) for symbol, one in held.items())
