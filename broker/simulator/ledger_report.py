"""The ledger as JSON, for whoever judges a client: per account and symbol, every order and fill, and the totals."""

from typing import Any

from broker.simulator.ledger import Ledger, Line
from broker.simulator.orders import NO_REASON, Fill, Order, Side

Report = dict[str, Any]


def report(ledger: Ledger) -> Report:
    """Shares as numbers, rupees as strings, times ISO 8601 in UTC or as the clock gave them."""
    refused = [{"ucc": one.ucc, "tag": one.tag, "time": one.moment.isoformat()} for one in ledger.refused]
    return {
        "symbols": [_line(ucc, symbol, line) for (ucc, symbol), line in sorted(ledger.lines.items())],
        "orders": [_order(order) for order in ledger.orders],
        "fills": [_fill(fill) for fill in ledger.fills],
        "tags_refused": refused,
        "totals": _totals(ledger),
    }


def _totals(ledger: Ledger) -> Report:
    lines = ledger.lines.values()
    return {
        "orders": len(ledger.orders),
        "api_orders": sum(order.by_api for order in ledger.orders),
        "live_orders": sum(order.live for order in ledger.orders),
        "fills": len(ledger.fills),
        "bought": sum(line.bought for line in lines),
        "sold": sum(line.sold for line in lines),
        "max_live_api_sells": max((line.most_live_api_sells for line in lines), default=0),
        "oversold": sum(line.worst_excess for line in lines),
        "tags_refused": len(ledger.refused),
    }


def _line(ucc: str, symbol: str, line: Line) -> Report:
    return {
        "ucc": ucc,
        "symbol": symbol,
        "held_at_start": line.held,
        "bought": line.bought,
        "sold": line.sold,
        "sold_by_api": line.sold_by_api,
        "max_live_api_sells": line.most_live_api_sells,
        "max_api_sell_shares": line.most_api_sell_shares,
        "oversold": line.worst_excess,
    }


def _order(order: Order) -> Report:
    return {
        "ucc": order.account.ucc,
        "symbol": order.symbol,
        "order": order.number,
        "tag": order.tag,
        "api": order.by_api,
        "side": "BUY" if order.ticket.side is Side.BUY else "SELL",
        "quantity": order.quantity,
        "price": str(order.price),
        "filled": order.filled,
        "state": order.state,
        "reason": "" if order.reason == NO_REASON else order.reason,
        "created": order.entered.isoformat(),
        "finished": None if order.live else order.changed.isoformat(),
    }


def _fill(fill: Fill) -> Report:
    return {
        "ucc": fill.order.account.ucc,
        "symbol": fill.order.symbol,
        "order": fill.order.number,
        "fill": fill.number,
        "quantity": fill.quantity,
        "price": str(fill.price),
        "time": fill.moment.isoformat(),
    }
