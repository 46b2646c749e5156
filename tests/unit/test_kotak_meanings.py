"""The table of meanings, line by line; the mutation to try: let code 32, or a page under HTTP 400, refuse a change."""

import json
from typing import Any

import pytest

from broker.kotak_neo import reports, verdicts
from broker.kotak_neo.breakage import NoAnswer
from broker.kotak_neo.meanings import TABLE, Effect, Line, Seen, Shape, line_for
from broker.kotak_neo.reply import parsed, reply
from broker.kotak_neo.reports import holdings_of, rows_of
from broker.kotak_neo.verdicts import unanswered, verdict
from broker.kotak_neo.wire import Answer
from broker.retrying import Passing
from domain.errors import BrokerUnavailable, SessionEnded
from domain.outcomes import Accepted, NotSent, Refused, Unknown

DONE, NO_ROWS, REFUSED, NOT_SENT, UNKNOWN, LOG_IN, BARRED, WAIT = Effect
ROWS: dict[str, Any] = {"stat": "Ok", "stCode": 200, "data": []}
PLACED = {"stat": "Ok", "stCode": 200, "nOrdNo": "250720000007242"}


def said(code: Any, text: str, stat: str = "Not_Ok", words: str = "errMsg") -> dict[str, Any]:
    return {"stat": stat, "stCode": code, words: text}


CASES: list[tuple[str, int, Any, Effect | None, Effect | None]] = [
    # What Kotak means, the HTTP status and body that say so, what a change has come to, and what a read.
    ("received by the order system", 200, PLACED, DONE, None),
    ("here is the report", 200, ROWS, None, DONE),
    ("here is the report, stat in lower case", 200, {**ROWS, "stat": "ok"}, None, DONE),
    ("here are the holdings, which have no stat", 200, {"data": []}, None, DONE),
    ("your address, with a code of its own", 200, {"status": "success", "stCode": 1000, "data": []}, None, DONE),
    ("received, but the number is missing", 200, {"stat": "Ok", "stCode": 200}, UNKNOWN, None),
    ("received, and an error in one", 200, {**PLACED, "stCode": 1009}, UNKNOWN, None),
    ("not well, and an order number", 200, {**PLACED, "stat": "Not_Ok", "stCode": 1004}, UNKNOWN, None),
    ("well, and an error code", 200, {**ROWS, "stCode": 1009}, None, REFUSED),
    ("a repeated tag, or the core refused it", 200, said(32, "core says no"), UNKNOWN, REFUSED),
    ("the tag exists", 200, said(32, "error from core", "Client OrderID already exists Data: 0"), UNKNOWN, None),
    ("the tag exists, with HTTP 400", 400, said(1007, "?", "Client OrderID already exists"), UNKNOWN, None),
    ("error from core: no proof of either", 200, said(1007, "error from core", "hash error"), UNKNOWN, None),
    ("Invalid session", 200, said(1003, "Invalid session", words="emsg"), LOG_IN, LOG_IN),
    ("Insufficient balance", 200, said(1004, "Insufficient balance.", words="emsg"), REFUSED, REFUSED),
    ("Internal Error, transient", 200, said(1005, "Internal Error"), UNKNOWN, WAIT),
    ("cannot be modified, executed already", 200, said(1006, "already executed", words="emsg"), REFUSED, REFUSED),
    ("Invalid Symbol, body invalid", 400, said(1007, "body invalid", "bad request"), REFUSED, REFUSED),
    ("Invalid Quantity", 200, said("1009", "please provide valid quantity"), REFUSED, REFUSED),
    ("algo order not allowed", 200, said(1017, "algo order not allowed"), REFUSED, REFUSED),
    ("the order is completed", 200, said(1021, "order is completed", "valid number please"), REFUSED, REFUSED),
    ("session of another address", 200, said(1037, "session ip doesnt match with reqest ip"), LOG_IN, LOG_IN),
    ("no last price, use a limit order", 200, said(1041, "Last Traded Price (LTP) not available"), REFUSED, REFUSED),
    ("Invalid Request", 200, said(5202, "Error: Invalid Request"), REFUSED, REFUSED),
    ("No Data is success with zero rows", 200, said(5203, "No Data"), UNKNOWN, NO_ROWS),
    ("No Data is believed under HTTP 400 too", 400, said(5203, "data not found"), UNKNOWN, NO_ROWS),
    ("bad input, or a repeated tag", 200, said(5204, "Bad Input"), UNKNOWN, REFUSED),
    ("address not whitelisted", 200, said(100008, "unauthorized"), BARRED, REFUSED),
    ("trading with a view token", 200, said(100021, "invalid  access type"), LOG_IN, LOG_IN),
    ("expired or unknown session", 200, said(100022, "invalid session token"), LOG_IN, LOG_IN),
    ("expired session, other words", 200, said(100022, "x", "error in neo-login-check-api"), LOG_IN, LOG_IN),
    ("wrong base URL", 200, said(200032, "Invalid URL. Please verify the 'baseUrl'"), LOG_IN, LOG_IN),
    ("a session's code with a fault's status", 500, said(100022, "invalid session token"), UNKNOWN, LOG_IN),
    ("credentials refused", 401, {"status": "error", "message": "Invalid", "errorCode": "401"}, LOG_IN, LOG_IN),
    ("please re-login to continue", 403, {"message": "Invalid session, please re-login"}, LOG_IN, LOG_IN),
    ("forbidden by a page", 403, b"<html>blocked</html>", UNKNOWN, LOG_IN),
    ("forbidden for something new", 403, said(7777, "forbidden"), UNKNOWN, LOG_IN),
    ("no rows behind a closed door", 403, said(5203, "No Data"), UNKNOWN, LOG_IN),
    ("no such route", 404, {"error": [{"code": 404, "message": "route '/x' is invalid"}]}, UNKNOWN, REFUSED),
    ("rate limit exceeded", 429, {"code": 429, "error": "Rate limit exceeded", "message": "too many"}, WAIT, WAIT),
    ("rate limit exceeded, on a page", 429, b"<html>", WAIT, WAIT),
    ("rate limit exceeded, in an answer", 200, said(429, "too many request received"), UNKNOWN, WAIT),
    ("dependency error", 424, b"", UNKNOWN, WAIT),
    ("unexpected error", 500, said(1009, "please provide valid quantity"), UNKNOWN, WAIT),
    ("order system unreachable", 502, b"<html>Bad Gateway</html>", UNKNOWN, WAIT),
    ("unavailable", 503, {"status": "ERROR", "fault": {"code": 503, "message": "unavailable"}}, UNKNOWN, WAIT),
    ("gateway timeout", 504, b"", UNKNOWN, WAIT),
    ("well, under a fault's status", 503, PLACED, UNKNOWN, WAIT),
    ("an HTML body", 200, b"<html>maintenance</html>", UNKNOWN, REFUSED),
    ("an HTML body that blames the caller", 400, b"<html>1009</html>", UNKNOWN, REFUSED),
    ("a cut body", 200, b'{"stat":"Not_Ok","stCode":1004', UNKNOWN, REFUSED),
    ("an invalid interval", 400, {"status": "ERROR", "fault": {"code": 400, "message": "Invalid"}}, UNKNOWN, REFUSED),
    ("a code that nobody has heard of", 200, said(7777, "?"), UNKNOWN, REFUSED),
    ("a redirect", 302, b"", UNKNOWN, REFUSED),
    ("nothing at all", 200, b"", UNKNOWN, REFUSED),
]  # fmt: skip


def answered(status: int, body: Any) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def change_of(answer: Answer) -> Effect:
    found = verdict(answer)
    match found.outcome:
        case Accepted():
            return DONE
        case Refused():
            return REFUSED
        case Unknown():
            return UNKNOWN
        case NotSent():
            if found.barred:
                return BARRED
            return LOG_IN if found.session_over else WAIT if found.again else NOT_SENT


def read_of(answer: Answer) -> Effect:
    try:
        rows_of(answer)
    except SessionEnded:
        return LOG_IN
    except Passing:
        return WAIT
    except BrokerUnavailable:
        return REFUSED
    return DONE if b"5203" not in answer.body else NO_ROWS


@pytest.mark.parametrize(("meant", "status", "body", "change", "read"), CASES, ids=[case[0] for case in CASES])
def test_an_answer_is_what_kotak_means_by_it(
    meant: str, status: int, body: Any, change: Effect | None, read: Effect | None
) -> None:
    answer = answered(status, body)
    if change is not None:
        assert change_of(answer) is change
    if read is not None:
        assert read_of(answer) is read


def test_nothing_left_is_not_sent_and_may_go_out_again() -> None:
    found = unanswered(NoAnswer("ConnectionRefusedError", begun=False))
    assert isinstance(found.outcome, NotSent)
    assert found.again


def test_silence_after_the_first_byte_is_unknown() -> None:
    found = unanswered(NoAnswer("ConnectionResetError", begun=True))
    assert isinstance(found.outcome, Unknown)
    assert not found.again


def test_no_holdings_are_told_in_words_and_only_by_the_holdings() -> None:
    told = answered(200, {"stat": "Not_Ok", "errMsg": "No holdings found for this client AB123"})
    assert holdings_of(told) == []
    assert read_of(told) is REFUSED
    assert change_of(told) is UNKNOWN


def test_every_line_is_met_by_a_case_of_its_own() -> None:
    """A line that no case meets is one that nobody has thought through, or that another one hides."""
    met = {_met(status, body, changing) for _, status, body, *_ in CASES for changing in (True, False)}
    elsewhere = {line_for(Seen(shape)).says for shape in (Shape.UNSENT, Shape.SILENCE)}
    elsewhere.add(line_for(Seen(Shape.NO_HOLDINGS, 200)).says)
    assert {line.says for line in TABLE} == met | elsewhere


def _met(status: int, body: Any, changing: bool) -> str:
    answer = answered(status, body)
    found = parsed(answer.body)
    told = reply(found)
    text = answer.body.decode()
    shape = verdicts.shape_of(status, told, text) if changing else reports.shape_of(found)
    return line_for(Seen(shape, status, told.code if told else None)).says


@pytest.mark.parametrize("line", TABLE, ids=lambda line: line.says)
def test_only_codes_under_a_clear_status_refuse_or_excuse_a_change(line: Line) -> None:
    """Catches: a line that lets any fault, or any answer without a code, count as a definite end."""
    if line.change in (REFUSED, LOG_IN, BARRED):
        assert line.http is not None
        assert 500 not in line.http
        assert line.codes or line.own
    if line.change is REFUSED:
        assert line.codes
        assert None not in line.codes


def test_the_last_line_fits_everything() -> None:
    assert line_for(Seen(Shape.MUTE, 999, -1)) is TABLE[-1]
    assert (TABLE[-1].change, TABLE[-1].read) == (UNKNOWN, REFUSED)
