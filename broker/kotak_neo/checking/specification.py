"""What Kotak's answers to reads have to look like, each statement with how sure it is.

Source: the SDK 3.0.9, Kotak's REST documents and live reports. *Certain* was read in official code or seen on a wire,
*likely* rests on one live report, a *guess* is inferred. A key that stands in no line here is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from broker.kotak_neo.calls import CallName


class Mark(StrEnum):
    """How sure a statement is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    GUESS = "guess"


@dataclass(frozen=True, slots=True)
class Field:
    """A key that has to be there; `kind` is its JSON type. `form`: a pattern that its text has to fit."""

    place: str
    kind: str
    there: Mark = Mark.CERTAIN
    typed: Mark = Mark.CERTAIN
    form: str = ""


@dataclass(frozen=True, slots=True)
class Specified:
    """One call: what its good answer has, what it says in fixed words, and which further keys are known below `rows`.

    `empty`: whether 5203 "No Data" is a good answer too.
    """

    fields: tuple[Field, ...]
    says: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    rows: str = ""
    known: frozenset[str] = frozenset()
    empty: bool = False


NO_DATA = 5203
_C, _L, _G = Mark
_TIME = r"\d{2}-[A-Z][a-z]{2}-\d{4} \d{2}:\d{2}:\d{2}"
_NUMBER = r"-?\d+(\.\d+)?"
_WHOLE = r"\d+"


def _strings(rows: str, names: str, there: Mark = _C, typed: Mark = _C, form: str = "") -> tuple[Field, ...]:
    return tuple(Field(f"{rows}{name}", "string", there, typed, form) for name in names.split())


def _numbers(rows: str, names: str, there: Mark = _C, typed: Mark = _C) -> tuple[Field, ...]:
    return tuple(Field(f"{rows}{name}", "number", there, typed) for name in names.split())


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


_ENVELOPE = (Field("stat", "string"), Field("stCode", "number"))
_GOOD: Mapping[str, tuple[str | int, ...]] = {"stat": ("ok",), "stCode": (200,)}
_SESSION = _words(
    "token sid rid hsServerId isUserPwdExpired ucc greetingName isTrialAccount dataCenter searchAPIKey"
    " derivativesRiskDisclosure mfAccess dataCenterMap dormancyStatus asbaStatus clientType isNRI kId kType status"
    " incRange incUpdFlag clientGroup kraStatus rcFlag baseUrl feedUrl rtUrl"
)
SPECIFIED: Mapping[CallName, Specified] = {
    CallName.LOGIN: Specified(
        (*_strings("data.", "token sid rid ucc kType status dataCenter"), *_strings("data.", "hsServerId", _L)),
        {"data.kType": ("view",), "data.status": ("success",)},
        rows="data.",
        known=_SESSION,
    ),
    CallName.VALIDATE: Specified(
        (
            *_strings("data.", "token sid rid ucc kType status dataCenter"),
            Field("data.baseUrl", "string", form=r"https?://\S+"),
            *_strings("data.", "feedUrl rtUrl", _L),
        ),
        {"data.kType": ("trade",), "data.status": ("success",)},
        rows="data.",
        known=_SESSION,
    ),
    CallName.CLIENT_IP: Specified(
        (
            Field("stCode", "number"),
            Field("status", "string"),
            Field("data[].ip", "string"),
            Field("data[].time", "string", form=r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d+"),
        ),
        {"stCode": (1000,), "status": ("success",)},
        rows="data[].",
    ),
    CallName.LIMITS: Specified(
        (
            *_ENVELOPE,
            *_strings("", "Net Collateral CollateralValue MarginUsed", form=_NUMBER),
            *_strings("", "Category EntityId"),
            *_strings("", "TimeStamp", _L, form=_WHOLE),
        ),
        _GOOD,
    ),
    CallName.HOLDINGS: Specified(
        (
            *_strings("data[].", "displaySymbol exchangeSegment exchangeIdentifier instrumentType symbol"),
            *_numbers("data[].", "averagePrice quantity holdingCost mktValue closingPrice"),
            *_numbers("data[].", "instrumentToken", typed=_L),
            *_numbers("data[].", "sellableQuantity", _L),
        ),
        rows="data[].",
        known=_words(
            "scripId isAlternateScrip sector commonScripCode instrumentName unrealisedGainLoss sqGainLoss delGainLoss"
            " subTotal prevDayLtp subType instrumentStatus marketLot expiryDate optType strikePrice series securityType"
            " securitySubType logoUrl cmotCode"
        ),
    ),
    CallName.ORDERS: Specified(
        (
            *_ENVELOPE,
            *_strings("data[].", "nOrdNo", form=r"\d{15,16}"),
            *_strings("data[].", "GuiOrdId ordSt trdSym tok exSeg trnsTp prcTp prod vldt rejRsn exOrdId sym series"),
            *_strings("data[].", "prc avgPrc trgPrc", form=_NUMBER),
            *_numbers("data[].", "qty fldQty unFldSz cnlQty", typed=_L),
            *_strings("data[].", "ordDtTm ordEntTm", form=_TIME),
        ),
        _GOOD,
        rows="data[].",
        known=_words(
            "actId algId algCat algSeqNo brdLtQty brkClnt coPct defMktProV dscQtyPct dscQty exUsrInfo exCfmTm expDt"
            " expDtSsb boeSec mktProPct mktPro mfdBy minQty mktProFlg noMktProFlg optTp ordAutSt odCrt ordGenTp"
            " ordValDt refLmtPrc rmk rptTp reqId sipInd stat stkPrc symOrdId tckSz usrId uSec classification vendorCode"
            " genDen ordSrc genNum prcNum prcDen lotSz multiplier precision hsUpTm locId appInstlId ordModNo"
            " strategyCode updRecvTm it"
        ),
        empty=True,
    ),
    CallName.TRADES: Specified(
        (
            *_ENVELOPE,
            *_strings("data[].", "flId nOrdNo trdSym trnsTp exSeg prod GuiOrdId exOrdId"),
            *_strings("data[].", "avgPrc", form=_NUMBER),
            *_numbers("data[].", "fldQty", typed=_L),
            *_strings("data[].", "flDt", form=r"\d{2}-[A-Z][a-z]{2}-\d{4}"),
            *_strings("data[].", "flTm", form=r"\d{2}:\d{2}:\d{2}"),
        ),
        _GOOD,
        rows="data[].",
        known=_words(
            "actId algCat algId boeSec brdLtQty brkClnt cstFrm exp expDt exTm flLeg minQty nReqId optTp ordDur ordGenTp"
            " prcTp rmk rptTp series stkPrc sym usrId genDen genNum hsUpTm locId lotSz multiplier ordSrc prcNum prcDen"
            " strategyCode precision tok updRecvTm uSec posFlg prc qty tm it tckSz trgPrc"
        ),
        empty=True,
    ),
    CallName.POSITIONS: Specified(
        (
            *_ENVELOPE,
            *_strings("data[].", "trdSym tok exSeg prod sym"),
            *_strings("data[].", "cfBuyQty cfSellQty flBuyQty flSellQty", form=_WHOLE),
            *_strings(
                "data[].", "cfBuyAmt cfSellAmt buyAmt sellAmt multiplier genNum genDen prcNum prcDen", form=_NUMBER
            ),
        ),
        _GOOD,
        rows="data[].",
        known=_words(
            "actId brdLtQty series optTp stkPrc type sqrFlg posFlg lotSz precision hsUpTm expDt exp dscQty upldPrc"
            " updRecvTm ltp"
        ),
        empty=True,
    ),
    CallName.QUOTES: Specified(
        (
            *_strings("[].", "exchange_token display_symbol exchange"),
            *_strings("[].", "ltp", form=_NUMBER),
            *_strings("[].", "lstup_time", form=_WHOLE),
            *_strings("[].", "low_price_range high_price_range"),
            *_strings("[].ohlc.", "open high low close"),
        ),
        rows="[].",
        known=_words(
            "last_traded_quantity total_buy total_sell last_volume avg_cost open_int change per_change year_high"
            " year_low ohlc depth"
        ),
    ),
    CallName.FILE_PATHS: Specified((Field("data.filesPaths[]", "string"),), rows="data.", known=_words("baseFolder")),
}
COLUMNS: Mapping[Mark, frozenset[str]] = {
    Mark.CERTAIN: _words(
        "pSymbol pGroup pExchSeg pInstType pSymbolName pTrdSymbol pISIN pDesc dTickSize lLotSize lPrecision lFreezeQty"
        " dHighPriceRange dLowPriceRange"
    ),
    Mark.LIKELY: _words("CASEligible"),
}
"""What the first line of the NSE cash instrument file has to name, stray blanks aside."""
