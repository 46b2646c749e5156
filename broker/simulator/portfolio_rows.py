"""Rows about what an account owns, as the broker writes them: positions in strings, holdings in numbers."""

from datetime import datetime
from decimal import Decimal

from broker.simulator.clock import IST
from broker.simulator.instruments import Instrument
from broker.simulator.portfolio import DayTrade, Holding
from broker.simulator.wire import Row, money, nanoseconds

_POSITION_CONSTANTS: Row = {
    "cfBuyAmt": "0.00", "cfSellAmt": "0.00", "cfBuyQty": "0", "cfSellQty": "0", "optTp": "XX", "stkPrc": "0.00",
    "type": "", "sqrFlg": "Y", "posFlg": "true", "multiplier": "1", "precision": "2", "prcNum": "1", "prcDen": "1",
    "expDt": "NA", "exp": "-", "genNum": "1", "genDen": "1", "dscQty": "", "upldPrc": "0.00",
}  # fmt: skip


_NO_FUNDS: Row = dict.fromkeys(
    (
        "BoardLotLimit", "Collateral", "RmsCollateral", "AdhocMargin", "NotionalCash", "AmountUtilizedPrsnt",
        "AmtUntilizedPrsnt", "UnrealizedMtomPrsnt", "RealizedMtomPrsnt", "ExposureMarginPrsnt", "SpanMarginPrsnt",
        "FoSpanrgnNrmlPrsnt", "PremiumPrsnt", "MarginVarPrsnt", "MarginScripBasketPrsnt", "RmsPayInAmt",
        "RmsPayOutAmt", "SpecialMarginPrsnt", "MarginUsedPrsnt", "CashUnRlsMtomPrsnt", "RmsIpoAmt",
    ),
    "0",
)  # fmt: skip
"""What a plain cash account has none of; the wire specification names these of 88 keys, their spelling is real."""


def funds_row(ucc: str, cash: Decimal, used: Decimal, moment: datetime) -> Row:
    """Funds in strings; `Net` is a sum of floats and looks like one ("19.409999999999997")."""
    return _NO_FUNDS | {
        "Category": "CLIENT",
        "EntityId": f"account-{ucc}",
        "CollateralValue": f"{cash:.2f}",
        "MarginUsed": f"{used:.2f}",
        "Net": str(float(cash) - float(used)),
        "TimeStamp": str(int(moment.timestamp() * 1000)),
        "stCode": 200,
        "stat": "Ok",
    }  # fmt: skip


def position_row(trade: DayTrade, ucc: str, moment: datetime) -> Row:
    """What was bought and sold today in one symbol and product."""
    instrument = trade.instrument
    return _POSITION_CONSTANTS | {
        "actId": ucc,
        "brdLtQty": instrument.lot,
        "exSeg": instrument.segment,
        "buyAmt": money(trade.buy_value),
        "sellAmt": money(trade.sell_value),
        "flBuyQty": str(trade.bought),
        "flSellQty": str(trade.sold),
        "prod": trade.product,
        "series": instrument.series,
        "tok": instrument.token,
        "trdSym": instrument.symbol,
        "sym": instrument.name,
        "lotSz": str(instrument.lot),
        "hsUpTm": f"{moment.astimezone(IST):%Y/%m/%d %H:%M:%S}",
        "updRecvTm": nanoseconds(moment),
    }  # fmt: skip


def holding_row(holding: Holding, sellable: int, last: Decimal) -> Row:
    """Shares in the depository; numbers are numbers here."""
    instrument = holding.instrument
    return {
        "displaySymbol": instrument.name,
        "averagePrice": float(holding.average),
        "quantity": holding.quantity,
        "exchangeSegment": instrument.segment,
        "exchangeIdentifier": instrument.token,
        "holdingCost": float(holding.average * holding.quantity),
        "mktValue": float(last * holding.quantity),
        "scripId": f"sim{instrument.token}",
        "instrumentToken": 100_000 + int(instrument.token),
        "instrumentType": "Equity",
        "isAlternateScrip": False,
        "closingPrice": float(last),
        "symbol": instrument.name,
        "sellableQuantity": sellable,
    }


def rich_holding(row: Row, instrument: Instrument, previous: Decimal) -> Row:
    """The keys that the other official shape of a holding has besides."""
    gain = row["mktValue"] - row["holdingCost"]
    return {
        "sector": "",
        "commonScripCode": instrument.token,
        "instrumentName": instrument.name,
        "unrealisedGainLoss": gain,
        "sqGainLoss": 0,
        "delGainLoss": gain,
        "subTotal": row["holdingCost"],
        "prevDayLtp": float(previous),
        "subType": "",
        "instrumentStatus": "",
        "marketLot": str(instrument.lot),
        "expiryDate": "",
        "optType": "",
        "strikePrice": "",
        "series": instrument.series,
        "securityType": "",
        "securitySubType": "",
        "logoUrl": "",
        "cmotCode": "",
    }
