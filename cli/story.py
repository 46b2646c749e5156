"""The story of a position in sentences: what each row says, in order of time."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from cli.output import printable, rupees
from domain.clock import IST
from repositories.stories import Happening

HIDDEN = frozenset({"generation"})


def who(happening: Happening) -> str:
    """Who did it: the journal's actor, the generation of a send, or nothing that the row tells."""
    if happening.kind == "journal":
        return str(happening.row["actor"])
    return f"#{happening.row['generation']}" if happening.kind in ("send", "answer") else ""


def sentence(happening: Happening) -> str:
    """What happened."""
    return printable(SENTENCES[happening.kind](happening.row))


def as_line(happening: Happening) -> dict[str, object]:
    """The same for scripts, with the whole row."""
    return {
        "at": happening.at,
        "who": who(happening),
        "row": happening.source,
        "what": sentence(happening),
        "detail": happening.row,
    }


def _opened(row: Mapping[str, Any]) -> str:
    whose = "its own" if row["exit_rule"] else "the user's"
    rule = json.dumps(row["exit_rule"] or row["user_rule"])
    held = f"{row['quantity']} held, {row['sold_quantity']} sold"
    return f"{row['symbol']} of {row['user']}: {held}, average {_rupees(row['avg_price'])}; exit rule {rule} ({whose})"


def _order(row: Mapping[str, Any]) -> str:
    now = f"now {row['status']}, {row['filled']} filled"
    number = f", broker's number {row['broker_order_id']}" if row["broker_order_id"] else ""
    because = f" ({row['reason']}: {row['reason_text'] or ''})" if row["reason"] else ""
    return f"{row['side']} {row['quantity']} at {_rupees(row['price'])}, tag {row['tag']}{number}; {now}{because}"


def _send(row: Mapping[str, Any]) -> str:
    about = f"{row['kind']} of order {row['order_id']}, attempt {row['attempt']}"
    return f"{about}: {row['quantity']} at {_rupees(row['price'])}, before {_time(row['send_by'])}"


def _answer(row: Mapping[str, Any]) -> str:
    words = ": ".join(part for part in (row["outcome"], row["text"]) if part)
    number = (row["evidence"] or {}).get("broker_order_id")
    return f"{row['kind']} of order {row['order_id']} was {words}{f', number {number}' if number else ''}"


def _journal(row: Mapping[str, Any]) -> str:
    detail = row["detail"] if isinstance(row["detail"], dict) else {"detail": row["detail"]}
    told = [f"{name}={value}" for name, value in detail.items() if value is not None and name not in HIDDEN]
    order = f" order {row['order_id']}" if row["order_id"] else ""
    return f"{row['event']}{order} {', '.join(told)}".strip()


def _reason(row: Mapping[str, Any]) -> str:
    return f"says {row['reason']}: {row['reason_text'] or ''}"


def _closed(row: Mapping[str, Any]) -> str:
    price = f" at {_rupees(row['exit_price'])}" if row["exit_price"] is not None else ""
    return f"closed: {row['close_reason'] or 'no reason given'}{price}, {row['sold_quantity']} sold"


def _rupees(value: object) -> str:
    return "no price" if value is None else rupees(Decimal(str(value)))


def _time(written: str) -> str:
    return f"{datetime.fromisoformat(written).astimezone(IST):%H:%M:%S} IST"


SENTENCES = {
    "opened": _opened,
    "order": _order,
    "send": _send,
    "answer": _answer,
    "journal": _journal,
    "reason": _reason,
    "closed": _closed,
}
