"""One call of one client: what it sent, who it is, and what the broker knows; a Refusal ends it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote_plus

from broker.simulator.accounts import Account
from broker.simulator.answers import BAD_LOGIN, BODY_INVALID, Refusal, text_of
from broker.simulator.book import Book
from broker.simulator.brokerage import Brokerage
from broker.simulator.faults import Fault
from broker.simulator.kinds import Kind

_JSON_MARKS = tuple((quote_plus(mark), mark) for mark in '":,{}')
"""No mark can be mistaken for a part of the form, and what is left of the escapes means the same as before."""

_NAME = "jData"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_TEXT_OR_NULL = frozenset({str, type(None)})


@dataclass(slots=True)
class Visit:
    """`tail` is what follows the route in the path, `query` what follows the question mark, `base` the server's own
    address."""

    broker: Brokerage
    headers: Mapping[str, str]
    tail: str
    body: bytes
    now: datetime
    base: str
    remote: str = ""
    account: Account | None = None
    fault: Fault | None = None
    query: str = ""

    @property
    def client(self) -> Account:
        """The account that the guard found. Raises Refusal when it found none."""
        if self.account is None:
            raise Refusal(BAD_LOGIN)
        return self.account

    @property
    def book(self) -> Book:
        """The client's book."""
        return self.broker.books[self.client.ucc]

    @property
    def verdict(self) -> str | None:
        """The words in which the risk checks will refuse, by a fault, what is accepted now."""
        return self.fault.text if self.fault and self.fault.kind is Kind.REJECT else None

    @property
    def hidden(self) -> float:
        """Seconds for which a fault keeps what is placed now out of the order book."""
        return self.fault.seconds if self.fault and self.fault.kind is Kind.LATE_ROW else 0.0

    def asked(self, name: str) -> str | None:
        """A parameter of the query, None where it is missing."""
        return parse_qs(self.query, keep_blank_values=True).get(name, [None])[0] if self.query else None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises Refusal."""
        self._require_type(_JSON)
        return _object(self.body)

    def jdata(self) -> dict[str, Any]:
        """The JSON object in the form field jData, its values strings or null. Raises Refusal."""
        self._require_type(_FORM)
        try:
            found = _object(_field(_lightened(self.body)))
        except (ValueError, KeyError):
            raise Refusal(BODY_INVALID) from None
        if self.broker.settings.strict_strings and not _TEXT_OR_NULL.issuperset(map(type, found.values())):
            raise Refusal(BODY_INVALID)
        return found

    def _require_type(self, wanted: str) -> None:
        """What says that it is something else is not read at all, as web servers have it."""
        said = self.headers.get("Content-Type", "")
        if said != wanted and said.partition(";")[0].strip().lower() != wanted:
            raise Refusal(BODY_INVALID)


def _field(form: str) -> str:
    """The form's jData. Most forms have no other field, and are not worth the reading of forms."""
    name, _, value = form.partition("=")
    if name == _NAME and "&" not in value:
        return unquote_plus(value)
    return parse_qs(form, strict_parsing=True)[_NAME][0]


_ESCAPE = "\\u"


def _lightened(body: bytes) -> str:
    """The form with the marks of JSON decoded beforehand: one by one they are a third of what an order costs."""
    text = body.decode()
    for escape, mark in _JSON_MARKS:
        text = text.replace(escape, mark)
    return text


def _object(text: str | bytes) -> dict[str, Any]:
    """The JSON object; also none is one that nobody could write down again, with half a character in it."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            raise Refusal(BODY_INVALID)
        if _ESCAPE in text if isinstance(text, str) else _ESCAPE.encode() in text:
            text_of(value).encode()
    except (ValueError, RecursionError):
        raise Refusal(BODY_INVALID) from None
    return value
