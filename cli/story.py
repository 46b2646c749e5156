"""The story of a position in sentences: what each row says, in order of time, with its evidence."""

import json
import re
from collections.abc import Mapping
from typing import Any

from cli.chronicle import clock, entry, money
from cli.output import printable, with_paper
from repositories.stories import Happening

SERVICE = re.compile(r"service:.*#(\d+)")
BY_PEOPLE = ("halt", "exit", "settlement")


def who(happening: Happening) -> str:
    """Who did it: the journal's actor, whoever wrote the row, the service, or nothing that the row tells."""
    row = happening.row
    if happening.kind in ("journal", "archive"):
        return str(row["actor"])
    if happening.kind in BY_PEOPLE:
        return str(row["created_by"])
    number = generation(happening)
    return "" if number is None else f"#{number}"


def generation(happening: Happening) -> int | None:
    """Under which generation of the tenant it happened; None for what no tenant did."""
    number = happening.row.get("generation")
    if number is None:
        found = SERVICE.fullmatch(str(happening.row.get("actor") or ""))
        number = found[1] if found else None
    return None if number is None else int(number)


def sentence(happening: Happening) -> str:
    """What happened."""
    return printable(SENTENCES[happening.kind](happening.row))


def as_line(happening: Happening) -> dict[str, object]:
    """The same for scripts, with the whole row."""
    return {
        "at": happening.at,
        "who": who(happening),
        "generation": generation(happening),
        "row": happening.source,
        "what": sentence(happening),
        "detail": happening.row,
    }


def _opened(row: Mapping[str, Any]) -> str:
    whose = "its own" if row["exit_rule"] else "the user's"
    rule = json.dumps(row["exit_rule"] or row["user_rule"])
    held = f"now {row['quantity']} held, {row['sold_quantity']} sold"
    user = with_paper(row["user"], row["paper"])
    return f"{row['symbol']} of {user}: {held}, average {money(row['avg_price'])}; exit rule {rule} ({whose})"


def _order(row: Mapping[str, Any]) -> str:
    at = f" at {money(row['execution_price'])}" if row["filled"] else ""
    seen = f", last in the order book {clock(row['seen_at'])}" if row["seen_at"] else ""
    now = f"now {row['status']} since {clock(row['status_at'])}, {row['filled']} filled{at}{seen}"
    number = f", broker's number {row['broker_order_id']}" if row["broker_order_id"] else ""
    words = ": ".join(part for part in (row["reason"], row["reason_text"]) if part)
    because = f" ({words})" if words else ""
    return f"{row['side']} {row['quantity']} at {money(row['price'])}, tag {row['tag']}{number}; {now}{because}"


def _send(row: Mapping[str, Any]) -> str:
    about = f"{row['kind']} of order {row['order_id']}, attempt {row['attempt']}"
    return f"{about}: {row['quantity']} at {money(row['price'])}, to leave before {clock(row['send_by'])}"


def _answer(row: Mapping[str, Any]) -> str:
    words = ": ".join(part for part in (row["outcome"], row["text"]) if part)
    evidence = row["evidence"] if isinstance(row["evidence"], dict) else {}
    number = evidence.get("broker_order_id")
    return f"{row['kind']} of order {row['order_id']} was {words}{f', number {number}' if number else ''}"


def _absent(row: Mapping[str, Any]) -> str:
    return f"order {row['id']}, tag {row['tag']}, was not in {row['absent_reads']} complete order books from here on"


def _halt(row: Mapping[str, Any]) -> str:
    whose = "of this user" if row["user_id"] else "of all users"
    cancels = ", resting orders cancelled" if row["cancel_orders"] else ""
    ended = f"ended {clock(row['ended_at'])}" if row["ended_at"] else "still standing"
    return f"halt {whose}: {row['because']} ({ended}{cancels})"


def _exit(row: Mapping[str, Any]) -> str:
    wish = f"exit asked for, at most {row['at_most_percent_below_last']} % below the last price"
    because = f", because: {row['because']}" if row["because"] else ""
    limit = f"; limit {money(row['price'])} from {money(row['last_price'])}" if row["price"] else "; no limit yet"
    ended = f", ended {clock(row['ended_at'])}" if row["ended_at"] else ""
    return f"{wish}{because}{limit}{ended}"


def _settlement(row: Mapping[str, Any]) -> str:
    number = f" as {row['broker_order_id']}" if row["broker_order_id"] else ""
    filled = f", {row['filled']} filled" if row["filled"] is not None else ""
    price = f" at {money(row['price'])}" if row["price"] is not None else ""
    word = f"order {row['order_id']} was {row['verdict']}{number}{filled}{price}"
    return f"somebody says: {word}; because: {row['because']}"


def _verdict(row: Mapping[str, Any]) -> str:
    return f"the settlement of order {row['order_id']} is answered: {row['answer'] or ''}"


def _reason(row: Mapping[str, Any]) -> str:
    return f"says {row['reason']}: {row['reason_text'] or ''}"


def _closed(row: Mapping[str, Any]) -> str:
    price = f" at {money(row['exit_price'])}" if row["exit_price"] is not None else ""
    return f"closed: {row['close_reason'] or 'no reason given'}{price}, {row['sold_quantity']} sold"


SENTENCES = {
    "opened": _opened,
    "halt": _halt,
    "exit": _exit,
    "order": _order,
    "send": _send,
    "answer": _answer,
    "absent": _absent,
    "settlement": _settlement,
    "verdict": _verdict,
    "journal": entry,
    "archive": entry,
    "reason": _reason,
    "closed": _closed,
}
