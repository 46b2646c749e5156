"""What Kotak says about an account's money and day, as ours: positions, funds, margin, address, candles."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from ipaddress import ip_address
from typing import Any

from broker.kotak_neo.fields import Malformed, Row, count, decimal, ist, optional, positive, text
from domain.candles import Candle
from domain.clock import IST
from domain.portfolio import ClientAddress, Funds, Margin, NetPosition

_CENT = Decimal("0.01")
_CANDLE = ("at", "open", "high", "low", "close", "volume")


def net_position(row: Row) -> NetPosition:
    """One symbol and product; neither the net quantity nor an average is in the row. Raises Malformed."""
    return NetPosition(
        symbol=text(row, "trdSym"),
        token=optional(row, "tok"),
        segment=optional(row, "exSeg"),
        product=optional(row, "prod"),
        bought=count(row, "cfBuyQty") + count(row, "flBuyQty"),
        sold=count(row, "cfSellQty") + count(row, "flSellQty"),
        buy_value=decimal(row, "cfBuyAmt") + decimal(row, "buyAmt"),
        sell_value=decimal(row, "cfSellAmt") + decimal(row, "sellAmt"),
        factor=_one(row, "multiplier") * _ratio(row, "genNum", "genDen") * _ratio(row, "prcNum", "prcDen"),
        carried_price=positive(row, "upldPrc"),
        last_price=positive(row, "ltp"),
    )


def funds(row: Row) -> Funds:
    """The flat object of the limits; floats in strings, hence rounded to the paisa. Raises Malformed."""
    return Funds(
        net=_rupees(row, "Net"),
        collateral_value=_rupees(row, "CollateralValue"),
        collateral=_rupees(row, "Collateral"),
        margin_used=_rupees(row, "MarginUsed"),
        at=_milliseconds(row, "TimeStamp"),
    )


def margin(row: Row) -> Margin:
    """The answer of the margin check. Raises Malformed."""
    try:
        enough = {"OK": True, "NOT_OK": False}[text(row, "rmsVldtd").upper()]
    except KeyError:
        raise Malformed("rmsVldtd is neither OK nor NOT_OK") from None
    return Margin(
        enough=enough,
        order=decimal(row, "ordMrgn"),
        in_use=decimal(row, "mrgnUsd"),
        cash=decimal(row, "avlCash"),
        short=decimal(row, "insufFund"),
    )


def client_address(row: Row) -> ClientAddress:
    """The address and the moment of the look, which is told in IST. Raises Malformed."""
    try:
        return ClientAddress(ip_address(text(row, "ip")), ist(optional(row, "time"), "%Y-%m-%d %H:%M:%S.%f"))
    except ValueError as error:
        raise Malformed(f"no address: {error}") from None


def candle(values: Any) -> Candle:
    """A list of moment, open, high, low, close, volume; open interest is not to be relied on. Raises Malformed."""
    if not isinstance(values, list) or len(values) < len(_CANDLE):
        raise Malformed("no candle")
    row = dict(zip(_CANDLE, values, strict=False))
    opened, high, low, close = (_price(row, key) for key in _CANDLE[1:5])
    return Candle(_moment(row), opened, high, low, close, count(row, "volume"))


def candles_in(body: Row) -> Sequence[Any]:
    """The list of candles in an answer. Raises Malformed."""
    data = body.get("data")
    found = data.get("candles") if isinstance(data, dict) else None
    if not isinstance(found, list):
        raise Malformed("no candles in it")
    return found


def _moment(row: Row) -> datetime:
    try:
        moment = datetime.fromisoformat(text(row, "at"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=IST)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("a candle without a time") from None


def _price(row: Row, key: str) -> Decimal:
    if (price := decimal(row, key)) <= 0:
        raise Malformed(f"{key} is no price")
    return price


def _rupees(row: Row, key: str) -> Decimal:
    return decimal(row, key).quantize(_CENT)


def _one(row: Row, key: str) -> Decimal:
    """A factor, 1 where it is left out."""
    if not row.get(key):
        return Decimal(1)
    if (number := decimal(row, key)) <= 0:
        raise Malformed(f"{key} is no factor")
    return number


def _ratio(row: Row, above: str, below: str) -> Decimal:
    return _one(row, above) / _one(row, below)


def _milliseconds(row: Row, key: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(count(row, key) / 1000, UTC)
    except (Malformed, ValueError, OverflowError, OSError):
        return None
