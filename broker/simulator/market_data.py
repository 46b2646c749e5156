"""Quotes and the instrument file: what the broker tells about symbols, to anybody with a consumer key."""

from typing import Any

from broker.simulator.answers import BAD_QUOTE, NO_FILE, Answer, Refusal, say, text_of
from broker.simulator.clock import ist_date
from broker.simulator.depth import Level
from broker.simulator.exchange import Market
from broker.simulator.visit import Visit
from broker.simulator.wire import Row

_FILTERS: dict[str, tuple[str, ...]] = {
    "ltp": ("ltp",),
    "ohlc": ("ohlc",),
    "oi": ("open_int",),
    "52W": ("year_high", "year_low"),
    "52w": ("year_high", "year_low"),
    "scrip_details": (),
    "circuit_limits": ("low_price_range", "high_price_range"),
    "depth": ("depth",),
    "market_depth": ("depth",),
}
_OTHERS = (
    *(f"transformed/{segment}.csv" for segment in ("cde_fo", "mcx_fo", "nse_fo", "bse_fo", "nse_com")),
    "transformed-v1/bse_cm-v1.csv",
)
_OURS = "transformed-v1/nse_cm-v1.csv"
_MOST_INSTRUMENTS = 50
_LEVELS = 5


def quotes(visit: Visit) -> Answer:
    """A list with one quote for each `segment|token`, at most 50; an index by its name."""
    names, _, chosen = visit.tail.partition("/")
    asked = names.split(",")
    chosen = chosen or "all"
    if len(asked) > _MOST_INSTRUMENTS or chosen not in (*_FILTERS, "all"):
        raise Refusal(BAD_QUOTE)
    written = [_written(chosen, _market(name, visit)) for name in asked]
    return Answer(f"[{','.join(written)}]".encode())


def file_paths(visit: Visit) -> Answer:
    """Where today's instrument files are, that of NSE cash the last of them."""
    folder = f"{visit.base}/csv"
    return say({"data": {"filesPaths": [f"{folder}/{path}" for path in _files(visit)], "baseFolder": folder}})


def instrument_csv(visit: Visit) -> Answer:
    """The instrument file as it is today; those of other segments have no lines, and there is none of another day."""
    if visit.tail not in _files(visit):
        raise Refusal(NO_FILE)
    content = visit.broker.file.content
    return Answer(
        content if visit.tail.endswith(_OURS) else content.partition(b"\n")[0] + b"\n", content_type="text/csv"
    )


def _files(visit: Visit) -> list[str]:
    return [f"{ist_date(visit.now)}/{name}" for name in (*_OTHERS, _OURS)]


def _market(name: str, visit: Visit) -> Market:
    segment, _, token = name.partition("|")
    exchange = visit.broker.exchange
    market = exchange.by_token.get(token) or exchange.index(token)
    if segment != "nse_cm" or market is None:
        raise Refusal(BAD_QUOTE)
    market.updated = market.updated or visit.now
    return market


def _written(chosen: str, market: Market) -> str:
    """The quote as JSON; written once for each state of the market."""
    state = (
        market.instrument,
        market.low,
        market.high,
        market.last,
        market.highest,
        market.lowest,
        market.volume,
        market.depth,
        market.updated,
    )
    if market.quoted_at != state:
        market.quoted_at = state
        market.quoted = {}
    if chosen not in market.quoted:
        market.quoted[chosen] = text_of(_only(chosen, _quote(market)))
    return market.quoted[chosen]


def _only(chosen: str, quote: Row) -> Row:
    if chosen == "all":
        return quote
    return {key: quote[key] for key in ("exchange_token", "display_symbol", "exchange", *_FILTERS[chosen])}


def _quote(market: Market) -> Row:
    last, previous = f"{market.last:.4f}", market.previous
    change = market.last - previous
    zeros = ("last_traded_quantity", "open_int")
    return dict.fromkeys(zeros, "0") | {
        "exchange_token": market.instrument.token,
        "display_symbol": market.instrument.symbol,
        "exchange": market.instrument.segment,
        "lstup_time": str(int(market.updated.timestamp())) if market.updated else "0",
        "ltp": last,
        "total_buy": _total(market, "bids"),
        "total_sell": _total(market, "asks"),
        "last_volume": str(market.volume),
        "avg_cost": last,
        "change": f"{change:.4f}",
        "per_change": f"{100 * change / previous if previous else 0:.2f}",
        "low_price_range": f"{market.low:.4f}",
        "high_price_range": f"{market.high:.4f}",
        "year_high": f"{market.high:.4f}",
        "year_low": f"{market.low:.4f}",
        "ohlc": {
            "open": f"{market.opened or market.last:.4f}",
            "high": f"{market.highest or market.last:.4f}",
            "low": f"{market.lowest or market.last:.4f}",
            "close": f"{previous:.4f}",
        },
        "depth": _depth(market, last),
    }


def _depth(market: Market, last: str) -> dict[str, Any]:
    if market.depth:
        return {"buy": _levels(market.depth.bids), "sell": _levels(market.depth.asks)}
    level = {"price": last, "quantity": "0", "orders": "0"}
    return {"buy": [level] * _LEVELS, "sell": [level] * _LEVELS}


def _levels(offered: list[Level]) -> list[dict[str, str]]:
    shown = [
        {"price": f"{level.price:.4f}", "quantity": str(level.shares), "orders": "1"} for level in offered[:_LEVELS]
    ]
    return shown + [{"price": "0.0000", "quantity": "0", "orders": "0"}] * (_LEVELS - len(shown))


def _total(market: Market, side: str) -> str:
    return str(sum(level.shares for level in getattr(market.depth, side))) if market.depth else "0"
