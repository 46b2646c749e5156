"""Quotes and the instrument file: what the broker tells about symbols, to anybody with a consumer key."""

from typing import Any

from broker.simulator.answers import BAD_QUOTE, Answer, Refusal, say
from broker.simulator.clock import ist_date
from broker.simulator.exchange import Market
from broker.simulator.visit import Visit
from broker.simulator.wire import Row

_FILTERS: dict[str, tuple[str, ...]] = {
    "ltp": ("ltp",),
    "ohlc": ("ohlc",),
    "circuit_limits": ("low_price_range", "high_price_range"),
    "depth": ("depth",),
    "market_depth": ("depth",),
}
_MOST_INSTRUMENTS = 50


def quotes(visit: Visit) -> Answer:
    """A list with one quote for each `segment|token`, at most 50; a trading symbol or index name does too."""
    names, _, chosen = visit.tail.partition("/")
    asked = names.split(",")
    chosen = chosen or "all"
    if len(asked) > _MOST_INSTRUMENTS or chosen not in (*_FILTERS, "all"):
        raise Refusal(BAD_QUOTE)
    return say([_only(chosen, _quote(_market(name, visit), visit)) for name in asked])


def file_paths(visit: Visit) -> Answer:
    """Where today's instrument file is."""
    folder = f"{visit.base}/csv"
    path = f"{folder}/{ist_date(visit.now)}/transformed-v1/nse_cm-v1.csv"
    return say({"data": {"filesPaths": [path], "baseFolder": folder}})


def instrument_csv(visit: Visit) -> Answer:
    """The instrument file as it is today."""
    return Answer(visit.broker.file.content, content_type="text/csv")


def _market(name: str, visit: Visit) -> Market:
    segment, _, token = name.partition("|")
    exchange = visit.broker.exchange
    market = exchange.by_token.get(token) or exchange.markets.get(token)
    if segment != "nse_cm" or market is None:
        raise Refusal(BAD_QUOTE)
    return market


def _only(chosen: str, quote: Row) -> Row:
    if chosen == "all":
        return quote
    return {key: quote[key] for key in ("exchange_token", "display_symbol", "exchange", *_FILTERS[chosen])}


def _quote(market: Market, visit: Visit) -> Row:
    last = f"{market.last:.4f}"
    zeros = ("last_traded_quantity", "total_buy", "total_sell", "last_volume", "open_int", "change", "per_change")
    return dict.fromkeys(zeros, "0") | {
        "exchange_token": market.instrument.token,
        "display_symbol": market.instrument.symbol,
        "exchange": market.instrument.segment,
        "lstup_time": str(int(visit.now.timestamp())),
        "ltp": last,
        "avg_cost": last,
        "low_price_range": f"{market.low:.4f}",
        "high_price_range": f"{market.high:.4f}",
        "year_high": f"{market.high:.4f}",
        "year_low": f"{market.low:.4f}",
        "ohlc": dict.fromkeys(("open", "high", "low", "close"), last),
        "depth": _depth(last),
    }


def _depth(last: str) -> dict[str, Any]:
    level = {"price": last, "quantity": "0", "orders": "0"}
    return {"buy": [level] * 5, "sell": [level] * 5}
