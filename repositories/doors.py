"""What a repository is given instead of a session: the door it goes through for each transaction."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

Door = Callable[[], AbstractContextManager[Session]]
"""Opens, or joins, this thread's transaction: `partial(database.unit_of_work, tenure)` for a tenant."""


def as_rows(rows: Iterable[Mapping[str, Any]]) -> str:
    """Many rows as one JSON parameter, so that a statement's count and text do not depend on how many there are."""
    return json.dumps(list(rows), default=str)


def as_json(value: Mapping[str, Any]) -> str:
    """An object as one JSON parameter."""
    return json.dumps(dict(value), default=str)


def as_value(written: str | None) -> Any:
    """A JSON column read as text: its value, or the text itself where Python cannot hold it; None for none.

    So a row that nobody can read is one bad row, not an error of the whole result.
    """
    if written is None:
        return None
    try:
        return json.loads(written, parse_float=Decimal)
    except (ValueError, RecursionError):
        return written[:80]
