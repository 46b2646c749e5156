"""What an answer to a change proves; the mutation to try: add a code to REFUSALS, or drop the 5xx rule."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.kotak_neo.verdicts import REFUSALS, SESSION_OVER, verdict
from broker.kotak_neo.wire import Answer
from domain.outcomes import Accepted, NotSent, Refused, Unknown

OK = {"stat": "Ok", "nOrdNo": "261122000100001", "stCode": 200}


def judged(status: int, body: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return verdict(Answer(status, raw))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, OK, Accepted),
        (200, {**OK, "stat": "ok"}, Accepted),
        (200, {"stat": "Ok", "nOrdNo": 261122000100001}, Accepted),
        (200, {"stat": "Ok", "stCode": 200}, Unknown),
        (200, {"stat": "Ok", "nOrdNo": "", "stCode": 200}, Unknown),
        (200, {"stat": "Ok", "nOrdNo": None, "stCode": 200}, Unknown),
        (200, {**OK, "stCode": 1009}, Unknown),
        (200, {**OK, "stat": "Not_Ok", "stCode": 1004}, Unknown),
        (503, OK, Unknown),
        (302, OK, Unknown),
        (429, OK, Unknown),
        (200, {"stat": "Not_Ok", "emsg": "Insufficient balance.", "stCode": 1004}, Refused),
        (200, {"stCode": 1009, "errMsg": "please provide valid quantity", "stat": "Not_Ok"}, Refused),
        (400, {"stCode": "1007", "errMsg": "body invalid", "stat": "bad request"}, Refused),
        (200, {"stCode": 1021, "errMsg": "order is completed", "stat": "please provide valid order number"}, Refused),
        (200, {"stCode": 1006, "emsg": "Order already cancelled or not found.", "stat": "Not_Ok"}, Refused),
        (403, {"stCode": 100008, "errMsg": "unauthorized", "stat": "Not_Ok"}, NotSent),
        (500, {"stCode": 1009, "errMsg": "please provide valid quantity", "stat": "Not_Ok"}, Unknown),
        (200, {"stCode": 32, "errMsg": "error from core", "stat": "Put Order Response : hash error"}, Unknown),
        (400, {"stCode": 32, "errMsg": "error from core", "stat": "Client OrderID already exists Data: 0"}, Unknown),
        (400, {"stCode": 1007, "stat": "Client Order Id Error Client OrderID already exists"}, Unknown),
        (400, {"stCode": 1007, "errMsg": "x" * 400, "stat": "Client OrderID already exists"}, Unknown),
        (200, {"stCode": 5204, "errMsg": "Bad Input", "stat": "Not_Ok"}, Unknown),
        (200, {"stCode": 1005, "errMsg": "Internal Error", "stat": "Not_Ok"}, Unknown),
        (200, {"stCode": 7777, "errMsg": "never heard of", "stat": "Not_Ok"}, Unknown),
        (400, {"stCode": 7777, "errMsg": "never heard of", "stat": "Not_Ok"}, Unknown),
        (400, {"stat": "Not_Ok", "errMsg": "Insufficient balance."}, Unknown),
        (200, {"stCode": 429, "errMsg": "slow down", "stat": "Not_Ok"}, Unknown),
        (429, {"code": 429, "error": "Rate limit exceeded", "message": "too many request received"}, NotSent),
        (429, b"<html>429</html>", NotSent),
        (200, {"stCode": 100022, "errMsg": "invalid session token", "stat": "Not_Ok"}, NotSent),
        (200, {"stCode": 1003, "emsg": "Invalid session", "stat": "Not_Ok"}, NotSent),
        (200, {"stCode": 1037, "errMsg": "session ip doesnt match with reqest ip", "stat": "Not_Ok"}, NotSent),
        (401, {"status": "error", "message": "Invalid session", "errorCode": "401"}, NotSent),
        (403, {"stat": "Not_Ok", "errMsg": "forbidden", "stCode": 7777}, Unknown),
        (403, {}, Unknown),
        (403, b"<html>blocked</html>", Unknown),
        (502, b"<html>Bad Gateway</html>", Unknown),
        (503, {"status": "ERROR", "fault": {"code": 503, "message": "unavailable"}}, Unknown),
        (200, b"", Unknown),
        (200, b"null", Unknown),
        (200, b"[]", Unknown),
        (200, b'{"stat":"Ok","nOrdNo":"2611220', Unknown),
        (200, b'{"a":' * 50_000, Unknown),
        (404, {"error": [{"code": 404, "message": "route is invalid"}]}, Unknown),
    ],
)
def test_an_answer_proves_exactly_what_the_table_says(status: int, body: Any, kind: type) -> None:
    assert isinstance(judged(status, body).outcome, kind)


def test_an_acceptance_carries_the_number_and_the_answer() -> None:
    outcome = judged(200, OK).outcome
    assert outcome == Accepted("261122000100001", {"http": 200, "answer": OK})


def test_a_refusal_carries_the_code_and_the_brokers_own_words() -> None:
    outcome = judged(200, {"stat": "Not_Ok", "emsg": "Insufficient balance.", "stCode": 1004}).outcome
    assert (outcome.code, outcome.text) == ("1004", "Insufficient balance.")


def test_only_a_request_that_the_gateway_turned_away_may_go_out_again_by_itself() -> None:
    assert judged(429, {"code": 429, "message": "too many"}).again
    assert not judged(200, {"stCode": 100022, "errMsg": "invalid session token"}).again
    assert not judged(503, b"").again


def test_a_session_trouble_says_that_the_session_is_over() -> None:
    assert judged(200, {"stCode": 100022, "errMsg": "invalid session token"}).session_over
    assert not judged(429, {"code": 429, "message": "too many"}).session_over


def test_evidence_can_always_be_stored_as_jsonb() -> None:
    outcome = judged(200, b'{"stat":"Not_Ok","errMsg":"a\\u0000b\\ud800","x":1e999,"y":NaN}').outcome
    stored = json.dumps(outcome.evidence, allow_nan=False)
    assert "\\u0000" not in stored
    stored.encode("utf-8")
    assert "\\ud800" not in stored


codes = st.sampled_from([*REFUSALS, *SESSION_OVER, 32, 200, 429, 1005, 5203, 5204, 7777, None, "1004", "x", 1.5, True])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
keys = st.sampled_from(["stat", "stCode", "errMsg", "emsg", "error", "fault", "code", "message", "nOrdNo", "status"])
values = codes | st.sampled_from(["Ok", "Not_Ok", "already exists", "error from core", ""]) | leaves
bodies = st.dictionaries(keys, values | st.lists(st.dictionaries(keys, values)) | st.dictionaries(keys, values))


@given(status=st.integers(100, 599), body=bodies | st.lists(leaves) | leaves)
def test_no_answer_raises_and_only_what_is_listed_is_a_refusal(status: int, body: Any) -> None:
    outcome = judged(status, json.dumps(body).encode()).outcome
    said = json.dumps(body)
    if isinstance(outcome, Refused):
        assert status < 500
        assert any(str(code) in said for code in REFUSALS)
        assert "already exists" not in said
        assert "error from core" not in said
    if isinstance(outcome, Accepted):
        assert 200 <= status < 300
        assert str(body["nOrdNo"]).strip() == outcome.broker_order_id
    if isinstance(outcome, NotSent):
        assert status in (401, 403, 429) or any(str(code) in said for code in SESSION_OVER)


@given(status=st.integers(100, 599), body=st.binary())
def test_noise_is_never_called_refused_or_accepted(status: int, body: bytes) -> None:
    assert isinstance(judged(status, body).outcome, NotSent if status == 429 else Unknown)
