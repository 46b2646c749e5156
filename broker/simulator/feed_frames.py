"""What goes over the order feed as text: the greeting in both its forms, its answers, and the frames."""

import json
import re
from dataclasses import dataclass

from broker.simulator.answers import text_of
from broker.simulator.order_rows import order_text
from broker.simulator.orders import Fill, Order
from broker.simulator.portfolio import Portfolio
from broker.simulator.portfolio_rows import position_row

WELCOME = text_of({"ak": "ok", "type": "cn", "task": "cn", "msg": "connected"})
REFUSED = text_of({"ak": "nk", "type": "failed to process request", "task": "nk", "msg": "invalid request format"})
GARBAGE = '{"type":"order","data":{"nOrdNo":\x00<<upstream>>'
_RAW = re.compile(r"\{type:cn,Authorization:(?P<token>[^,{}]+),Sid:(?P<sid>[^,{}]+)(?:,src:\w+)?\}")
_HEARTBEATS = frozenset({"{type:hb}", '{"type":"hb"}'})
_POSITION_KEYS = ("actId", "sym", "exSeg", "prod", "flBuyQty", "flSellQty", "buyAmt", "sellAmt", "posFlg", "sqrFlg",
                  "lotSz", "multiplier", "hsUpTm", "trdSym", "tok")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a client says it is; `raw`: in the form that looks like JSON and is not."""

    token: str
    sid: str
    raw: bool


def read_hello(text: str) -> Hello | None:
    """The greeting, None for what is none."""
    found = _RAW.fullmatch(text.strip())
    if found:
        return Hello(found["token"], found["sid"], raw=True)
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("type") != "cn":
        return None
    token, sid = said.get("Authorization"), said.get("Sid")
    return Hello(token, sid, raw=False) if isinstance(token, str) and isinstance(sid, str) else None


def is_heartbeat(text: str) -> bool:
    """Whether a client only says that it lives."""
    return re.sub(r"\s", "", text) in _HEARTBEATS


def order_frame(order: Order) -> str:
    """An order as the order book shows it."""
    return f'{{"type":"order","data":{order_text(order)}}}'


def position_frame(fill: Fill, portfolio: Portfolio) -> str:
    """What was traded today in the symbol and product of the fill."""
    ticket = fill.order.ticket
    trade = next(
        trade
        for trade in portfolio.traded()
        if trade.instrument.symbol == ticket.instrument.symbol and trade.product == ticket.product
    )
    row = position_row(trade, fill.order.account.ucc, fill.moment) | {"sqrFlg": "true"}
    return text_of({"type": "position", "data": {key: row[key] for key in _POSITION_KEYS}})


def huge_frame(mebibytes: int) -> str:
    """A frame of that size."""
    return text_of({"type": "order", "data": {"rmk": "x" * (mebibytes << 20)}})
