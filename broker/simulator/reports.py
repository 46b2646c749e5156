"""The calls that only read: order book, history, trades, positions, holdings, funds. Types as on the wire."""

from dataclasses import replace
from decimal import Decimal

from broker.simulator import answers
from broker.simulator.answers import Answer, Refusal, rows, say, text_of
from broker.simulator.faults import Fault
from broker.simulator.kinds import Kind
from broker.simulator.order_rows import history_row, order_row, order_text, trade_row
from broker.simulator.orders import Order, Side
from broker.simulator.portfolio_rows import holding_row, position_row
from broker.simulator.tickets import read_ticket
from broker.simulator.visit import Visit
from broker.simulator.wire import Row


def orders(visit: Visit) -> Answer:
    """Every order of the day that shows by now. Most calls find that nothing has changed since the last one."""
    book, fault = visit.book, visit.fault
    if book.page is not None and fault is None:
        return Answer(book.page)
    shown = [order for order in book.orders.values() if order.visible_from <= visit.now]
    answer = _told(shown, fault)
    if fault is None and len(shown) == len(book.orders):
        book.page = answer.body
    return answer


def _told(shown: list[Order], fault: Fault | None) -> Answer:
    if fault and fault.kind is Kind.MISSING_ROWS:
        shown = shown[: -fault.rows] if fault.rows else shown
    texts = [order_text(order) for order in shown]
    if fault and fault.kind is Kind.MALFORMED_ROW and shown:
        texts[-1] = text_of(order_row(shown[-1]) | {"qty": "many", "fldQty": None, "prc": "n/a"})
    return rows(texts)


def one_order(visit: Visit) -> Answer:
    """One order of the day."""
    order = _shown_order(visit.tail, visit)
    return rows([order_text(order)])


def history(visit: Visit) -> Answer:
    """Every state of one order, newest first."""
    order = _shown_order(visit.jdata().get("nOrdNo"), visit)
    return rows([text_of(history_row(order, step)) for step in order.history()])


def trades(visit: Visit) -> Answer:
    """One row for each fill of the day."""
    return rows([text_of(trade_row(fill)) for fill in visit.book.fills], stat="ok")


def positions(visit: Visit) -> Answer:
    """One row for each symbol and product traded today."""
    ucc = visit.client.ucc
    traded = visit.book.portfolio.traded()
    return rows([text_of(position_row(trade, ucc, visit.now)) for trade in traded], stat="ok")


def holdings(visit: Visit) -> Answer:
    """Shares in the depository at the start of the day; what was bought today is not among them."""
    own = visit.book.portfolio
    if not own.holdings:
        return answers.not_ok(5203, f"No holdings found for this client {visit.client.ucc}")
    return say({"data": [_holding(name, visit) for name in own.holdings]})


def limits(visit: Visit) -> Answer:
    """Funds; all values strings. Only the figures that a cash account has are not zero."""
    cash, used = _funds(visit)
    zeros = (
        "Collateral",
        "AdhocMargin",
        "UnrealizedMtomPrsnt",
        "RealizedMtomPrsnt",
        "ExposureMarginPrsnt",
        "RmsPayInAmt",
    )
    return say(
        dict.fromkeys(zeros, "0")
        | {
            "Category": "CLIENT",
            "EntityId": f"account-{visit.client.ucc}",
            "CollateralValue": f"{cash:.2f}",
            "MarginUsed": f"{used:.2f}",
            "Net": f"{cash - used:.2f}",
            "TimeStamp": str(int(visit.now.timestamp() * 1000)),
            "stCode": 200,
            "stat": "Ok",
        }
    )


def check_margin(visit: Visit) -> Answer:
    """What an order would need, and whether it is there."""
    asked = visit.jdata()
    market = visit.broker.exchange.by_token.get(str(asked.get("tok")))
    if market is None:
        raise Refusal(answers.UNKNOWN_SYMBOL)
    words = {
        "ts": market.instrument.symbol,
        "tt": asked.get("trnsTp"),
        "pt": asked.get("prcTp"),
        "qt": asked.get("qty"),
    }
    words |= {"pr": asked.get("prc"), "pc": asked.get("prod"), "rt": "DAY"}
    ticket = read_ticket(words, visit.broker.exchange, "")
    margin = ticket.price * ticket.quantity if ticket.side is Side.BUY else Decimal(0)
    cash, used = _funds(visit)
    short = max(used + margin - cash, Decimal(0))
    sums = {"avlCash": cash, "totMrgnUsd": used + margin, "mrgnUsd": used, "ordMrgn": margin, "insufFund": short}
    sums |= {"reqdMrgn": used + margin if short else Decimal(0), "avlMrgn": cash if short else Decimal(0)}
    words = {name: f"{amount:.6f}" for name, amount in sums.items()}
    return say(words | {"rmsVldtd": "NOT_OK" if short else "OK", "stat": "Ok", "stCode": 200})


def _funds(visit: Visit) -> tuple[Decimal, Decimal]:
    """The account's cash, and what is used of it."""
    book = visit.book
    return book.funds.owned(visit.broker.settings.cash), book.funds.used(book.portfolio)


def _holding(symbol: str, visit: Visit) -> Row:
    own, settings = visit.book.portfolio, visit.broker.settings
    left = own.sellable(symbol)
    taken = visit.book.sells(symbol).admitted if settings.sellable_nets_orders else 0
    one = own.holdings[symbol]
    shown = replace(one, quantity=left) if settings.holdings_shrink else one
    return holding_row(shown, max(0, left - taken), visit.broker.exchange.market(symbol).last)


def _shown_order(number: object, visit: Visit) -> Order:
    order = visit.book.orders.get(str(number))
    if order is None or order.visible_from > visit.now:
        raise Refusal(answers.NO_DATA)
    return order
