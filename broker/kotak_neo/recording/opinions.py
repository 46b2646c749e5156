"""What our client makes of an answer, in a few words that can be kept and compared with what it makes of it later."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from broker.kotak_neo import account_rows, rows
from broker.kotak_neo.calls import CHANGES, LOGINS, CallName
from broker.kotak_neo.fields import Malformed, Row
from broker.kotak_neo.instruments import cash_file, instruments
from broker.kotak_neo.login.login import FIRST_STEP, SECOND_STEP, granted, refused
from broker.kotak_neo.reply import parsed, reply
from broker.kotak_neo.reports import file_of, holdings_of, list_of, object_of, rows_of
from broker.kotak_neo.verdicts import verdict
from broker.kotak_neo.wire import Answer
from broker.retrying import Passing
from domain.errors import BrokerUnavailable, SessionEnded
from domain.outcomes import Refused

Parsed = TypeVar("Parsed")
WAIT, LOG_IN, FAILED = "failed: waits and asks again", "failed: logs in again", "failed: refused or unreadable"
NO_OPINION = "no opinion"


def opinion(call: CallName, answer: Answer) -> str:
    """`accepted`, `3 rows`, `refused (1004)`, `failed: …`: what follows for us, not the broker's words."""
    if call in CHANGES:
        outcome = verdict(answer).outcome
        told = f" ({outcome.code})" if isinstance(outcome, Refused) else ""
        return f"{type(outcome).__name__.lower()}{told}"
    if call in LOGINS:
        return _of_login(answer, SECOND_STEP if call is CallName.VALIDATE else FIRST_STEP)
    if call not in _READS:
        return NO_OPINION
    try:
        return _READS[call](answer)
    except SessionEnded:
        return LOG_IN
    except Passing:
        return WAIT
    except BrokerUnavailable:
        return FAILED
    except Malformed as error:
        return f"failed: makes no sense: {error}"


def _of_login(answer: Answer, needed: tuple[str, ...]) -> str:
    body = parsed(answer.body)
    if granted(answer.status, body, needed) is not None:
        return "granted"
    return "refused" if refused(answer.status, reply(body)) else FAILED


def _each(judge: Callable[[Answer], list[Any]], parse: Callable[[Row], Parsed]) -> Callable[[Answer], str]:
    def of(answer: Answer) -> str:
        found = judge(answer)
        troubles = [trouble for row in found if (trouble := _trouble(parse, row))]
        told = f", {len(troubles)} unreadable ({troubles[0]})" if troubles else ""
        return f"{len(found)} rows{told}"

    return of


def _trouble(parse: Callable[[Row], Parsed], row: Any) -> str:
    try:
        if not isinstance(row, dict):
            raise Malformed("no object")
        parse(row)
    except Malformed as error:
        return str(error)
    return ""


def _one(parse: Callable[[Row], Parsed], what: str) -> Callable[[Answer], str]:
    def of(answer: Answer) -> str:
        parse(object_of(answer))
        return what

    return of


def _candles(answer: Answer) -> str:
    return f"{len([account_rows.candle(one) for one in account_rows.candles_in(object_of(answer))])} rows"


def _path(answer: Answer) -> str:
    data = object_of(answer).get("data")
    cash_file(data.get("filesPaths") if isinstance(data, dict) else None)
    return "a cash file"


def _file(answer: Answer) -> str:
    return f"{len(instruments(file_of(answer)))} instruments"


_READS: Mapping[CallName, Callable[[Answer], str]] = {
    CallName.CLIENT_IP: _each(rows_of, account_rows.client_address),
    CallName.ORDER: _each(rows_of, rows.order_report),
    CallName.ORDERS: _each(rows_of, rows.order_report),
    CallName.HISTORY: _each(rows_of, rows.order_step),
    CallName.TRADES: _each(rows_of, rows.trade),
    CallName.POSITIONS: _each(rows_of, account_rows.net_position),
    CallName.HOLDINGS: _each(holdings_of, rows.holding),
    CallName.LIMITS: _one(account_rows.funds, "funds"),
    CallName.MARGIN: _one(account_rows.margin, "a margin"),
    CallName.QUOTES: _each(list_of, rows.quote),
    CallName.CANDLES: _candles,
    CallName.FILE_PATHS: _path,
    CallName.INSTRUMENTS: _file,
}
