"""Rows about orders, as the broker writes them: order book, history, trades; which keys, which of them are numbers."""

from broker.simulator.answers import text_of
from broker.simulator.clock import IST
from broker.simulator.orders import Fill, Order, Step
from broker.simulator.wire import Row, clock_text, money, stamps

_BOOK_CONSTANTS: Row = {
    "algCat": "NA", "algSeqNo": "NA", "coPct": 0, "defMktProV": "0", "dscQtyPct": "0", "exUsrInfo": "NA",
    "expDt": "NA", "expDtSsb": "-", "mktProPct": "--", "mktPro": "0", "mfdBy": "NA", "minQty": 0, "mktProFlg": "0",
    "noMktProFlg": "0", "optTp": "- ", "ordAutSt": "NA", "odCrt": "NA", "ordValDt": "NA",
    "refLmtPrc": 0, "rmk": "--", "rptTp": "NA", "reqId": "1", "sipInd": "NA", "stkPrc": "0.00", "symOrdId": "NA",
    "classification": "0", "vendorCode": "", "genDen": "1", "genNum": "1", "prcNum": "1", "prcDen": "1",
    "multiplier": "1", "precision": "2", "locId": "111111111111100", "appInstlId": "NA", "strategyCode": "NA",
    "it": "EQ", "brkClnt": "08081",
}  # fmt: skip
_HISTORY_CONSTANTS: Row = {
    "algCat": "NA", "brkClnt": "08081", "cstFrm": "C", "dclQty": 0, "exch": "NSE", "expDt": "NA", "genDen": "1",
    "genNum": "1", "it": "EQ", "legOrdInd": "NA", "minQty": 0, "multiplier": "1", "nReqId": "1", "optTp": "- ",
    "ordUsrMsg": "NA", "prcDen": "1", "prcNum": "1", "precision": "2", "rmk": "--", "stkPrc": "0.00",
}  # fmt: skip
_TRADE_CONSTANTS: Row = {
    "algCat": "NA", "brkClnt": "NA", "cstFrm": "C", "exp": "-", "expDt": "NA", "flLeg": 1, "minQty": 0, "nReqId": "1",
    "optTp": "- ", "ordDur": "NA", "rmk": "--", "rptTp": "fill", "stkPrc": "0.00", "genDen": "1",
    "genNum": "1", "locId": "111111111111100", "multiplier": "1", "prcNum": "1", "prcDen": "1", "strategyCode": "",
    "precision": "2", "tok": "", "posFlg": "", "prc": "", "qty": 0, "tm": "", "it": "EQ",
}  # fmt: skip


def order_text(order: Order) -> str:
    """The row of the order book as JSON; written once for each state."""
    if not order.row:
        order.row = text_of(order_row(order))
    return order.row


def order_row(order: Order) -> Row:
    """The row of the order book."""
    return _BOOK_CONSTANTS | _identity(order) | _terms(order) | _order_times(order) | {
        "actId": order.account.ucc,
        "avgPrc": money(order.average),
        "brdLtQty": str(order.ticket.instrument.lot),
        "cnlQty": order.cancelled,
        "dscQty": order.ticket.disclosed,
        "exOrdId": order.exchange_number,
        "fldQty": order.filled,
        "prc": money(order.price),
        "qty": order.quantity,
        "rejRsn": order.reason,
        "stat": order.state,
        "ordSt": order.state,
        "unFldSz": order.remaining,
        "vldt": order.ticket.validity,
        "GuiOrdId": order.shown_tag,
        "ordModNo": "",
        "lotSz": str(order.ticket.instrument.lot),
    }  # fmt: skip


def history_row(order: Order, step: Step, told: int) -> Row:
    """One state of an order's life. `updRecvTm` is when it was `told` (epoch, ns): nothing to sort by."""
    return _HISTORY_CONSTANTS | _identity(order) | _terms(order) | stamps(step.moment) | {
        "actId": order.account.ucc,
        "avgPrc": money(step.average),
        "brdLtQty": order.ticket.instrument.lot,
        "exchOrdId": step.exchange_number,
        "exchTmstp": clock_text(order.confirmed) if order.confirmed and order.confirmed <= step.moment else "--",
        "flDtTm": clock_text(step.moment),
        "fldQty": step.filled,
        "GuiOrdId": step.tag,
        "lotSz": str(order.ticket.instrument.lot),
        "ordDur": order.ticket.validity,
        "ordSt": step.state,
        "prc": money(step.price),
        "qty": step.quantity,
        "rejRsn": step.reason,
        "scripName": order.ticket.instrument.name,
        "unFldSz": step.quantity - step.filled - step.cancelled,
        "updRecvTm": told,
    }  # fmt: skip


def trade_row(fill: Fill) -> Row:
    """One trade; `avgPrc` and `fldQty` are this trade's own."""
    order = fill.order
    return _identity(order) | stamps(fill.moment) | _TRADE_CONSTANTS | {
        "ordGenTp": "AMO" if order.ticket.after_market else "--",
        "actId": order.account.ucc,
        "avgPrc": money(fill.price),
        "brdLtQty": order.ticket.instrument.lot,
        "exOrdId": order.exchange_number,
        "exTm": clock_text(order.confirmed),
        "fldQty": fill.quantity,
        "flDt": f"{fill.moment.astimezone(IST):%d-%b-%Y}",
        "flId": fill.number,
        "flTm": f"{fill.moment.astimezone(IST):%H:%M:%S}",
        "GuiOrdId": order.shown_tag,
        "lotSz": str(order.ticket.instrument.lot),
    }  # fmt: skip


def _identity(order: Order) -> Row:
    ticket = order.ticket
    return {
        "nOrdNo": order.number,
        "usrId": order.account.user,
        "algId": "100001" if order.by_api else "NA",
        "ordGenTp": "AMO" if ticket.after_market else "NA",
        "ordSrc": ticket.source,
        "exSeg": ticket.instrument.segment,
        "prcTp": ticket.kind,
        "prod": ticket.product,
        "series": ticket.instrument.series,
        "sym": ticket.instrument.name,
        "tok": ticket.instrument.token,
        "trdSym": ticket.instrument.symbol,
        "trnsTp": ticket.side,
    }


def _terms(order: Order) -> Row:
    """What a trade does not tell of its order."""
    return {"tckSz": f"{order.ticket.instrument.tick:.4f}", "trgPrc": money(order.ticket.trigger)}


def _order_times(order: Order) -> Row:
    return stamps(order.changed) | {
        "exCfmTm": clock_text(order.confirmed),
        "ordDtTm": clock_text(order.changed),
        "ordEntTm": clock_text(order.entered),
    }
