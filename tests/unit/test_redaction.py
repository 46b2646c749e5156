"""Secrets are hidden in whatever stands around them; what is none stays, and keeps its type.

The mutations to try: hide short secrets inside of longer words; leave out the base64 of a secret; leave out `leaks`.
"""

import base64
import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.kotak_neo.checking.shapes import differences, shape
from broker.kotak_neo.recording.redaction import HIDDEN, SOME_ADDRESS, Redaction
from domain.users import Credentials

KEY, MPIN, UCC, MOBILE, TOTP = (
    "ec6a746c-e44b-455e-abf2-c13352b2fc45",
    "975318",
    "QX7Z9",
    "+919812345670",
    "JBSWY3DPEHPK3PXP",
)
SID = "trade-sid-5519-cc"
LONG = (KEY, MOBILE, TOTP, SID)


def redaction() -> Redaction:
    made = Redaction(Credentials(KEY, MOBILE, UCC, MPIN, TOTP))
    made.learn([SID])
    return made


AROUND = st.text(st.characters(codec="utf-8"), max_size=20)
DRESSED = st.sampled_from(LONG).flatmap(
    lambda secret: st.sampled_from(
        [secret, secret.upper(), quote(secret, safe=""), quote(quote(secret, safe="")), json.dumps(secret),
         json.dumps(json.dumps({"a": secret})), secret.encode().hex(), "".join(f"\\u{ord(c):04X}" for c in secret),
         "".join(f"%25{ord(c):02x}" for c in secret)]
    )
)  # fmt: skip
NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC_", max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | AROUND,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def found_in(text: str) -> list[str]:
    folded = text.lower()
    return [s for s in LONG if s.lower() in folded or quote(s, safe="").lower() in folded or s.encode().hex() in folded]


@given(AROUND, DRESSED, AROUND)
def test_a_long_secret_is_found_in_any_text(before: str, dressed: str, after: str) -> None:
    clean = redaction().text(f"{before}{dressed}{after}")
    assert found_in(clean) == []
    assert not redaction().leaks(clean)


@given(VALUES, DRESSED, AROUND)
def test_a_long_secret_is_found_in_any_value(value: Any, dressed: str, name: str) -> None:
    clean = redaction().text(json.dumps({"data": [{name: dressed, "more": value}, dressed]}))
    assert found_in(clean) == []


@given(VALUES)
def test_what_holds_no_secret_keeps_its_shape(value: Any) -> None:
    written = json.dumps({"token": "x", "data": value})
    clean = json.loads(redaction().text(written))
    assert clean["token"] == HIDDEN
    assert differences(shape({"token": "x", "data": value}), shape(clean)) == []


def test_a_short_secret_is_one_by_itself_and_not_inside_a_number() -> None:
    written = '{"nOrdNo":"261123000975318","said":"MPIN 975318 of qx7z9","pin":975318,"ltp":"1975318.00"}'
    clean = json.loads(redaction().text(written))
    assert clean == {"nOrdNo": "261123000975318", "said": f"MPIN {HIDDEN} of {HIDDEN}", "pin": 0, "ltp": "1975318.00"}


@pytest.mark.parametrize("lead", range(3))
def test_base64_that_holds_a_secret_is_hidden(lead: int) -> None:
    coded = base64.b64encode(b"x" * lead + TOTP.encode() + b" and more").decode()
    assert base64.b64encode(b"x" * lead + TOTP.encode())[4:16].decode() not in redaction().text(f'{{"a": "{coded}"}}')


def test_names_looks_and_addresses_hide_what_nobody_knew() -> None:
    written = {
        "token": "unknown-1", "Sid": "unknown-2", "hsServerId": "", "rid": None, "ucc": 12345, "kId": "ABCDE1234F",
        "why": "seen from 203.0.113.7, at 127.0.0.1, by ABCDE1234F", "ip": "203.0.113.7", "version": "3.0.9",
        "id": "0c1b2a39-1111-2222-3333-444455556666", "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "nri": False,
    }  # fmt: skip
    assert json.loads(redaction().text(json.dumps(written))) == {
        "token": HIDDEN, "Sid": HIDDEN, "hsServerId": "", "rid": None, "ucc": 0, "kId": HIDDEN,
        "why": f"seen from {SOME_ADDRESS}, at 127.0.0.1, by {HIDDEN}", "ip": SOME_ADDRESS, "version": "3.0.9",
        "id": HIDDEN, "jwt": HIDDEN, "nri": False,
    }  # fmt: skip


CUT = [
    ('{"data":{"token":"unknown-1", "sid" : "unkn', f'{{"data":{{"token":"{HIDDEN}", "sid" : "{HIDDEN}'),
    ('{"told":"{\\"token\\":\\"unknown-1\\",\\"a\\":1}', f'{{"told":"{{\\"token\\":\\"{HIDDEN}\\",\\"a\\":1}}'),
    ("<a href='/x?sid=unknown-1&a=1'>", f"<a href='/x?sid={HIDDEN}&a=1'>"),
]


@pytest.mark.parametrize(("written", "clean"), CUT)
def test_what_is_cut_or_no_json_hides_by_name_as_well(written: str, clean: str) -> None:
    assert redaction().text(written) == clean


def test_of_two_members_of_one_name_both_are_hidden() -> None:
    assert redaction().text('{"sid":"unknown-1","sid":"unknown-2"}') == f'{{"sid":"{HIDDEN}","sid":"{HIDDEN}"}}'


NASTY = ["\\" * 200_000, '"token":"' * 20_000, "//a" * 100_000, "eyJ" * 100_000, "{" * 100_000]


@pytest.mark.parametrize("nasty", NASTY)
def test_no_body_keeps_the_interpreter_busy(nasty: str) -> None:
    began = time.process_time()
    redaction().text(nasty)
    assert time.process_time() - began < 5
