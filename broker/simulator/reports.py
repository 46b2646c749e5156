"""The calls that only read: order book, history, trades, positions, holdings, funds. Types as on the wire."""

from dataclasses import replace
from decimal import Decimal

from broker.simulator import answers, forms
from broker.simulator.answers import Answer, Refusal, rows, say, text_of
from broker.simulator.faults import Fault
from broker.simulator.kinds import Kind
from broker.simulator.order_rows import history_row, order_row, order_text, trade_row
from broker.simulator.orders import Order, Side
from broker.simulator.portfolio_rows import funds_row, holding_row, position_row, rich_holding
from broker.simulator.tickets import read_ticket
from broker.simulator.visit import Visit
from broker.simulator.wire import nanoseconds

_MARGIN_KEYS = ("brkName", "brnchId", "tok")
_MARGIN_WORDS = {"exSeg": "es", "trnsTp": "tt", "prcTp": "pt", "qty": "qt", "prc": "pr", "prod": "pc"}
"""The names of an order's keys in a question about its margin, and in the order itself."""
_NOTHING = (Decimal(0), Decimal(0))
_UNTOLD: tuple[tuple[object, ...], str] = ((), "")


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
    told = nanoseconds(visit.now)
    return rows([text_of(history_row(order, step, told + age)) for age, step in enumerate(order.history())])


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
    if visit.asked("sId") is not None:
        raise Refusal(answers.invalid_route("/portfolio/v1/holdings?sId=", instead="/portfolio/v1/holdings"))
    own = visit.book.portfolio
    if not own.holdings:
        return answers.not_ok(5203, f"No holdings found for this client {visit.client.ucc}")
    return Answer(f'{{"data":[{",".join(_holding(name, visit) for name in own.holdings)}]}}'.encode())


def limits(visit: Visit) -> Answer:
    """Funds; a question about a part of them is answered with zeros, as the real one does."""
    asked = visit.jdata()
    forms.require(asked, ("seg", "exch", "prod"))
    everything = all(asked[key] == "ALL" for key in ("seg", "exch", "prod"))
    return say(funds_row(visit.client.ucc, *(_funds(visit) if everything else _NOTHING), visit.now))


def check_margin(visit: Visit) -> Answer:
    """What an order would need, and whether it is there."""
    asked = visit.jdata()
    forms.require(asked, (*_MARGIN_KEYS, *_MARGIN_WORDS))
    market = visit.broker.exchange.by_token.get(str(asked["tok"]))
    if market is None:
        raise Refusal(answers.UNKNOWN_SYMBOL)
    order = {key: asked[name] for name, key in _MARGIN_WORDS.items()}
    order |= {"ts": market.instrument.symbol, "am": "NO", "rt": "DAY", "tp": asked.get("trgPrc") or "0"}
    ticket = read_ticket(order, visit.broker.exchange, "")
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


def _holding(symbol: str, visit: Visit) -> str:
    """The row as JSON, written once for each state of what it tells."""
    book, settings, market = visit.book, visit.broker.settings, visit.broker.exchange.market(symbol)
    left = book.portfolio.sellable(symbol)
    sellable = max(0, left - (book.sells(symbol).admitted if settings.sellable_nets_orders else 0))
    held = book.portfolio.holdings[symbol]
    shown = left if settings.holdings_shrink else held.quantity
    state = (held, shown, sellable, market.last, market.previous, settings.rich_holdings)
    if book.told.get(symbol, _UNTOLD)[0] != state:
        row = holding_row(replace(held, quantity=shown), sellable, market.last)
        more = rich_holding(row, market.instrument, market.previous) if settings.rich_holdings else {}
        book.told[symbol] = (state, text_of(row | more))
    return book.told[symbol][1]


def _shown_order(number: object, visit: Visit) -> Order:
    order = visit.book.orders.get(str(number))
    if order is None or order.visible_from > visit.now:
        raise Refusal(answers.NO_DATA)
    return order
