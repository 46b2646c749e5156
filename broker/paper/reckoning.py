"""What trades and live orders mean for a paper account's cash and rows. Rupees."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from broker.simulator.book import Book
from broker.simulator.orders import Fill, Side
from domain.paper import PaperHolding, PaperOrder, PaperTrade


def spent(fills: Iterable[Fill]) -> Decimal:
    """What the fills took from the cash; negative when they brought more."""
    signed = ((1 if fill.order.ticket.side is Side.BUY else -1) * fill.quantity * fill.price for fill in fills)
    return sum(signed, Decimal(0))


def shortage(book: Book, cash: Decimal, more: Decimal) -> str | None:
    """Why a buy cannot block so much more beside the live ones, in the broker's words; None when it can."""
    buys = (order for order in book.live.values() if order.ticket.side is Side.BUY)
    left = cash - sum((order.price * order.remaining for order in buys), Decimal(0))
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
        yield PaperTrade(number, filled[number], fill.quantity, fill.price, fill.moment)


def holdings_of(book: Book) -> tuple[PaperHolding, ...]:
    """The shares in the depository as rows."""
    held = book.portfolio.holdings
    return tuple(PaperHolding(symbol, one.quantity, one.average) for symbol, one in held.items())
