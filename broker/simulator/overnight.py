"""What changes while the market sleeps: splits, bonuses and consolidations, and moves to another series.

Both refuse a symbol that was traded today or has live orders: its shares would count in two units.
"""

from dataclasses import replace
from decimal import Decimal

from broker.simulator.brokerage import Brokerage
from broker.simulator.exchange import Market


def adjust(broker: Brokerage, symbol: str, new: int, old: int, isin: str | None = None) -> None:
    """`new` shares for every `old` ones in each account (fractions are lost), prices in inverse ratio, a new ISIN."""
    if new <= 0 or old <= 0:
        raise ValueError(f"not a ratio: {new} for {old}; new and old are 1 or more")
    market = _asleep(broker, symbol)
    market.last, market.low, market.high = (
        _divided(market, price, new, old) for price in (market.last, market.low, market.high)
    )
    market.instrument = replace(market.instrument, low=market.low, high=market.high)
    for book in broker.books.values():
        more = book.portfolio.adjust(market.instrument, new, old)
        if more:
            broker.ledger.held(book.account.ucc, symbol, more)
    broker.file.revise(symbol, market.instrument.band_columns() | ({"pISIN": isin} if isin else {}))


def move(broker: Brokerage, symbol: str, series: str) -> str:
    """The symbol gets a new ending; token, ISIN and holdings stay, the old symbol is gone. The new symbol."""
    market = _asleep(broker, symbol)
    renamed = f"{symbol.removesuffix('-' + market.instrument.series)}-{series}"
    if not series.isalnum() or renamed in broker.exchange.markets:
        raise ValueError(f"{symbol} cannot become {renamed}")
    market.instrument = replace(market.instrument, symbol=renamed, series=series)
    broker.exchange.markets[renamed] = broker.exchange.markets.pop(symbol)
    for book in broker.books.values():
        shares = book.portfolio.rename(symbol, market.instrument)
        if shares:
            broker.ledger.held(book.account.ucc, symbol, -shares)
            broker.ledger.held(book.account.ucc, renamed, shares)
    broker.file.revise(symbol, {"pTrdSymbol": renamed, "pGroup": series})
    return renamed


def _asleep(broker: Brokerage, symbol: str) -> Market:
    market = broker.exchange.market(symbol)
    for book in broker.books.values():
        live = any(order.symbol == symbol for order in book.live.values())
        if live or book.portfolio.bought(symbol) or book.portfolio.sold(symbol):
            raise ValueError(f"{symbol} has live orders or trades of today; corporate actions come overnight")
    return market


def _divided(market: Market, price: Decimal, new: int, old: int) -> Decimal:
    instrument = market.instrument
    return max(instrument.tick, instrument.down_to_tick(price * old / new))
