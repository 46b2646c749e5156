"""What the journal's entries say, in words: the event's name stays, its numbers follow as evidence."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from cli.output import rupees
from domain.clock import IST
from domain.orders import Reason

HIDDEN = frozenset({"generation"})
Detail = Mapping[str, Any]


def entry(row: Mapping[str, Any]) -> str:
    """One entry of the journal."""
    detail = row["detail"] if isinstance(row["detail"], dict) else {"detail": row["detail"]}
    order = f" order {row['order_id']}" if row["order_id"] else ""
    try:
        words = WORDS.get(row["event"], _numbers)(detail)
    except (KeyError, TypeError, ValueError, AttributeError):
        words = _numbers(detail)
    return f"{row['event']}{order}{': ' if words else ''}{words}"


def money(value: object) -> str:
    """An amount as it may stand in a row or in JSON."""
    try:
        return "no price" if value is None else rupees(Decimal(str(value)))
    except InvalidOperation:
        return str(value)


def clock(written: str) -> str:
    """A time of a row as people in India read it."""
    return f"{datetime.fromisoformat(written).astimezone(IST):%H:%M:%S} IST"


def _intent(detail: Detail) -> str:
    what = f"{detail['kind']} {detail['side']} {detail['quantity']} {detail['symbol']} at {money(detail['price'])}"
    sent = f"tag {detail['tag']}, to leave before {clock(detail['send_by'])}"
    if "avg_price" not in detail:
        return f"{what}; {sent}"
    own, users = detail.get("own_rule"), detail.get("rule")
    whose = "its own rule" if own else "the user's rule"
    rule = f" {json.dumps(own or users)}" if own or users else ""
    return f"{what}, from average {money(detail['avg_price'])} by {whose}{rule}; {sent}"


def _sighted(detail: Detail) -> str:
    seen = f"the order book shows {detail['broker_order_id']} {detail['status']} (was {detail['was']})"
    average = f" at {money(detail['average_price'])}" if detail.get("average_price") and detail["filled"] else ""
    filled = f"{detail['filled']} of {detail['quantity']} filled{average}, limit {money(detail['price'])}"
    words = f", {_said(detail['text'])}" if detail.get("text") else ""
    settled = f"; the send in doubt is {detail['settled']}" if detail.get("settled") else ""
    return f"{seen}, {filled}{words}{settled}"


def _said(text: str) -> str:
    """The broker's words; or, where it said nothing, why we think that the order ended."""
    return f"reason {text}" if text in Reason.__members__ else f'broker\'s text "{text}"'


def _by_hand(detail: Detail) -> str:
    """What was and what is, of each column that differs."""
    was, became = detail["was"] or {}, detail["is"] or {}
    changes = (f"{name} was {_short(was.get(name))}, is {_short(became.get(name))}" for name in {**was, **became})
    return f"{detail['table']} {detail['row']}: {'; '.join(changes)}"


def _deleted(detail: Detail) -> str:
    was = ", ".join(f"{name}={_short(value)}" for name, value in detail["was"].items() if value is not None)
    return f"{detail['table']} {detail['row']} was: {was}"


def _ratio(detail: Detail) -> str:
    was, became = detail["was"], detail["is"]
    figures = (
        f"{was['quantity']} at {money(was['avg_price'])} became {became['quantity']} at {money(became['avg_price'])}"
    )
    before = f"; before that: {was['reason']}: {was.get('text') or '-'}" if was.get("reason") else ""
    return f"{detail['ratio']}, {figures}; because: {detail['because']}{before}"


def _resumed(detail: Detail) -> str:
    halts = "; ".join(f"halt {number} ({why})" for number, why in zip(detail["halts"], detail["were"], strict=True))
    because = f", because: {detail['because']}" if detail["because"] else ""
    return f"ended {halts}{because}"


def _priced(detail: Detail) -> str:
    return f"limit {money(detail['price'])} from the last price {money(detail['last_price'])}"


def _text(detail: Detail) -> str:
    return f"{detail['status']}: {detail['text'] or ''}" if "status" in detail else str(detail["text"])


def _numbers(detail: Detail) -> str:
    told = ((name, value) for name, value in detail.items() if value is not None and name not in HIDDEN)
    return ", ".join(f"{name}={_short(value)}" for name, value in told)


def _short(value: object) -> str:
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return "+".join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) or value is None else str(value)


WORDS: Mapping[str, Callable[[Detail], str]] = {
    "INTENT": _intent,
    "SIGHTED": _sighted,
    "CHANGED_BY_HAND": _by_hand,
    "DELETED_BY_HAND": _deleted,
    "RATIO_CONFIRMED": _ratio,
    "RESUMED": _resumed,
    "EXIT_PRICED": _priced,
    "ENDED_HERE": _text,
    "BREACHED": _text,
    "FROZEN": _text,
    "LET_GO": _text,
    "BAND_SLID": _text,
}
"""Any other event tells its numbers by name."""
