"""Answers as no document shows them: good ones bent, cut, mislabelled or replaced, and what is true of them."""

import copy
import gzip
import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from broker.kotak_neo.meanings import REFUSALS, SESSION_OVER

NUMBER = "261122000100001"
ORDER_ROW = {
    "nOrdNo": NUMBER, "GuiOrdId": "nf7abc", "ordSt": "open", "stat": "open", "trdSym": "IDEA-EQ", "trnsTp": "S",
    "qty": 10, "fldQty": 3, "prc": "9.39", "avgPrc": "9.41", "rejRsn": "--", "prod": "CNC", "ordSrc": "NEOTRADEAPI",
    "ordEntTm": "22-Jan-2025 14:28:01", "ordDtTm": "22-Jan-2025 14:28:01", "updRecvTm": 1737536281933015920,
}  # fmt: skip
STEP_ROW = {**ORDER_ROW, "flDtTm": "22-Jan-2025 14: 32: 53", "exchOrdId": "NA"}
TRADE_ROW = {
    "flId": "207983744", "nOrdNo": NUMBER, "trdSym": "IDEA-EQ", "trnsTp": "B", "fldQty": 1, "avgPrc": "9.39",
    "flDt": "22-Jan-2025", "flTm": "14:28:16", "qty": 0, "prc": "",
}  # fmt: skip
POSITION_ROW = {
    "trdSym": "TCS26JULFUT", "tok": "61304", "exSeg": "nse_fo", "prod": "NRML", "cfBuyAmt": "0.00", "cfSellAmt": "0.00",
    "cfBuyQty": "0", "cfSellQty": "0", "flBuyQty": "225", "flSellQty": "0", "buyAmt": "475200.00", "sellAmt": "0.00",
    "multiplier": "1", "genNum": "1", "genDen": "1", "prcNum": "1", "prcDen": "1", "upldPrc": "0.00", "ltp": "2112.5",
}  # fmt: skip
HOLDING_ROW = {
    "displaySymbol": "IDEA", "symbol": "IDEA", "averagePrice": 9.5699, "quantity": 35, "sellableQuantity": 35,
    "exchangeIdentifier": "14366", "instrumentToken": 8658, "exchangeSegment": "nse_cm",
}  # fmt: skip
QUOTE = {
    "exchange_token": "1333", "display_symbol": "HDFCBANK-EQ", "exchange": "nse_cm", "lstup_time": "1782374657",
    "ltp": "801.6000", "low_price_range": "721.45", "high_price_range": "881.75",
}  # fmt: skip
LIMITS = {
    "Net": "19.409999999999997", "CollateralValue": "38.19", "Collateral": "0", "MarginUsed": "18.78",
    "TimeStamp": "1784878066658", "stCode": 200, "stat": "Ok",
}  # fmt: skip
MARGIN = {
    "avlCash": "10197.480000", "totMrgnUsd": "12540.400000", "mrgnUsd": "40.400000", "ordMrgn": "12500.000000",
    "rmsVldtd": "NOT_OK", "insufFund": "2342.920000", "stat": "Ok", "stCode": 200,
}  # fmt: skip
CANDLE = ["2026-08-20T09:15:00+0530", 801.6, 802.05, 801.0, 801.5, 1200, 0]
SESSION = {
    "token": "eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTUzNzAwMDB9.x", "sid": "11111111-2222", "kType": "Trade",
    "baseUrl": "http://127.0.0.1:1", "status": "success",
}  # fmt: skip
LISTED = {"data": {"filesPaths": ["http://127.0.0.1:1/nse_fo.csv", "BASE/csv/nse_cm-v1.csv"], "baseFolder": "BASE"}}
CSV = "\n".join((
    "pSymbol,pGroup,pExchSeg,pTrdSymbol,pISIN,pDesc,dTickSize ,lLotSize,lPrecision,dHighPriceRange ,dLowPriceRange ,"
    "lFreezeQty,CASEligible",
    "1485,EQ,nse_cm,IFBIND-EQ,INE559A01017,IFB INDUSTRIES LTD,5,1,2,99045,66035,121151,Y",
    "2885,EQ,nse_cm,RELIANCE-EQ,INE002A01018,RELIANCE INDUSTRIES LTD,10,1,2,259105,211995,40592,N",
    "",
)).encode()  # fmt: skip


def rows(*found: Any, **more: Any) -> dict[str, Any]:
    """A report."""
    return {"stat": "Ok", "stCode": 200, "data": list(found), **more}


GOOD: dict[str, list[Any]] = {
    "change": [{"stat": "Ok", "nOrdNo": NUMBER, "stCode": 200}],
    "order_book": [rows(ORDER_ROW), rows(ORDER_ROW, {**ORDER_ROW, "nOrdNo": "2"})],
    "order": [rows(ORDER_ROW)],
    "order_history": [rows(STEP_ROW, STEP_ROW)],
    "tags_of": [rows(STEP_ROW, STEP_ROW)],
    "trades": [rows(TRADE_ROW, TRADE_ROW, stat="ok")],
    "positions": [rows(POSITION_ROW, stat="ok")],
    "holdings": [{"data": [HOLDING_ROW]}],
    "quotes": [[QUOTE], [QUOTE, QUOTE]],
    "funds": [LIMITS],
    "margin": [MARGIN],
    "candles": [{"status": "success", "interval": "D", "data": {"candles": [CANDLE, CANDLE]}}],
    "client_address": [{"data": [{"ip": "165.85.130.248", "time": "2026-07-07 12:07:34.440"}], "stCode": 1000}],
    "instruments": [LISTED],
    "login": [{"data": SESSION}],
}

codes = st.sampled_from(
    [*sorted(REFUSALS), *sorted(code for code in SESSION_OVER if code), 32, 200, 429, 1005, 5203, 5204, 7]
)
texts = st.sampled_from(
    ["", "Ok", "Not_Ok", "No Data", "No holdings found for this client AB123", "error from core", "open", "rejected",
     "Client OrderID already exists", "invalid session token", "complete", "NaN", "1e999", "0", "-1", "٣", "\x00",
     "\ud800"]
)  # fmt: skip
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | texts | codes | codes.map(str)
    | st.sampled_from([10**400, -(10**20), 5e-324, 1.7e308])
)  # fmt: skip
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=5
)
names = st.sampled_from(
    ["stat", "status", "stCode", "errMsg", "emsg", "error", "fault", "code", "message", "nOrdNo", "data"]
)
faults = st.fixed_dictionaries({"stat": texts, "stCode": codes | codes.map(str), "errMsg": texts}) | st.sampled_from([
    {"status": "error", "message": "Invalid session", "errorCode": "401"},
    {"error": [{"code": 404, "message": "route '/x' is invalid"}]},
    {"status": "ERROR", "fault": {"code": 400, "message": "Invalid interval value"}},
    {"code": 429, "error": "Rate limit exceeded", "message": "too many request received"},
])  # fmt: skip
usual = st.sampled_from([200] * 16 + [201, 204, 302, 307, 400, 401, 403, 404, 422, 424, 429, 500, 502, 503, 504])
statuses = st.one_of(*[usual] * 7, st.integers(100, 999))


@dataclass(frozen=True, slots=True)
class Given:
    """What is sent, and what is true of it: `body` is None where no JSON was sent; `cut`: not all of it arrives."""

    raw: bytes
    status: int
    body: Any
    content: bytes
    cut: bool


@st.composite
def answers(draw: st.DrawFn, good: list[Any]) -> Given:
    """An answer to a call whose good answers are these."""
    body = draw(st.sampled_from(["good", "good", "good", "fault", "value", "noise"]))
    if body == "noise":
        return draw(_sent(draw(st.binary(max_size=60) | st.just(b"<html>1009 No Data 5203</html>")), None))
    value = draw(faults if body == "fault" else values if body == "value" else st.sampled_from(good))
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(0, 3))):
        value = _bend(draw, value)
    content = json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    return draw(_sent(content, value))


@st.composite
def files(draw: st.DrawFn) -> Given:
    """A download: the file, bent line by line or as bytes."""
    lines = CSV.split(b"\n")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        cells = lines[place].split(b",")
        cells[draw(st.integers(0, len(cells) - 1))] = draw(
            st.binary(max_size=5)
            | st.sampled_from([b'"', b"-1", b"NaN", b"1e9", b"\x00", b"9" * 40, "٣".encode(), b"\r"])
        )
        lines[place] = b",".join(cells)
    content = b"\n".join(lines)
    return draw(
        _sent(draw(st.sampled_from([content, content, b"", b"<html>", CSV[: draw(st.integers(0, len(CSV)))]])), None)
    )


@st.composite
def _sent(draw: st.DrawFn, content: bytes, body: Any) -> Given:
    status = draw(statuses)
    heads = [f"HTTP/1.1 {status} X".encode()]
    kind = draw(
        st.sampled_from(["application/json", "text/html", "text/html; charset=utf-16", "", "a\x80;;=", "image/png"])
    )
    heads.append(b"Content-Type: " + kind.encode("latin-1"))
    for name, choices in _HEADERS.items():
        if draw(st.integers(0, 5)) == 5:
            heads.append(name + b": " + draw(st.sampled_from(choices)))
    payload, broken, idle = content, False, 0
    match draw(st.sampled_from(["plain"] * 5 + ["gzip", "no gzip", "chunked", "no chunks", "close", "short", "long"])):
        case "plain":
            heads.append(b"Content-Length: %d" % len(payload))
        case "gzip":
            payload = gzip.compress(content, mtime=0)
            heads += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(payload)]
        case "no gzip":
            heads += [b"Content-Encoding: gzip", b"Content-Length: %d" % len(payload)]
            broken = True
        case "chunked":
            half = len(content) // 2
            parts = [part for part in (content[:half], content[half:]) if part]
            payload = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            heads.append(b"Transfer-Encoding: chunked")
            idle = len(b"\r\n\r\n")
        case "no chunks":
            heads.append(b"Transfer-Encoding: chunked")
            broken = True
        case "close":
            heads.append(b"Connection: close")
        case "short":
            heads.append(b"Content-Length: %d" % (len(payload) // 2))
            broken = True
        case "long":
            heads.append(b"Content-Length: %d" % (len(payload) + 7))
            broken = True
    raw = b"\r\n".join(heads) + b"\r\n\r\n" + payload
    end = draw(st.integers(0, len(raw) - 1)) if draw(st.integers(0, 4)) == 4 else len(raw)
    return Given(raw[:end], status, body, content, broken or end < len(raw) - idle)


_HEADERS: dict[bytes, list[bytes]] = {
    b"Retry-After": [b"1", b"-1", b"NaN", b"Wed, 21 Oct 2026 07:28:00 GMT", b"99999999999", b"\xb2"],
    b"Date": [b"Mon, 23 Nov 2026 03:45:00 GMT", b"yesterday", b"Mon, 99 Nov 99999 03:45:00 GMT", b""],
    b"Location": [b"/elsewhere", b"http://[", b"https://mis.kotaksecurities.com/"],
    b"Set-Cookie": [b"a=\x01;;=", b"sid=1"],
    b"X": [b"", b"\x00", b"y" * 70_000],
}


def _bend(draw: st.DrawFn, value: Any) -> Any:
    """One thing in the value is another one, or gone, or there too, at any depth."""
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], _bend(draw, value[place]), *value[place + 1 :]]
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(["deeper", "deeper", "replace", "drop", "add", "rename"])):
            case "deeper":
                return {**value, key: _bend(draw, value[key])}
            case "replace":
                return {**value, key: draw(values)}
            case "drop":
                return {name: kept for name, kept in value.items() if name != key}
            case "rename":
                return {name if name != key else name.upper() + " ": kept for name, kept in value.items()}
            case "add":
                return {**value, draw(names): draw(values)}
    return draw(values)
