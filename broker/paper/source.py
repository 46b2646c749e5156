"""What NINEFIFTEEN_PAPER_PRICES may say, and the market that follows from it."""

import logging
from pathlib import Path

from broker.paper.lines import read_lines
from broker.paper.market import FileMarket
from broker.paper.script import read_script
from broker.paper.walk import PREFIX, walk_of
from domain.errors import BadInput
from domain.market import Calendar

log = logging.getLogger(__name__)
DEFAULT = "walk:915"


def names_a_user(source: str) -> bool:
    """Whether the source is the name of a user whose quotes are meant; a colon stands in no user's name."""
    return not (source.startswith(PREFIX) or _names_a_file(source) or ":" in source)


def file_market(source: str, instruments: Path | None, calendar: Calendar) -> FileMarket:
    """The market of `walk:SEED[:PERCENT]` or of a price script. Raises BadInput."""
    if not source.strip():
        raise BadInput(
            "NINEFIFTEEN_PAPER_PRICES is empty: write walk:SEED, the path of a price script (FILE.csv), or the name of"
            " a user with a real account."
        )
    if ":" in source and not source.startswith(PREFIX) and not _names_a_file(source):
        raise BadInput(
            f"NINEFIFTEEN_PAPER_PRICES={source[:80]} is neither {PREFIX}SEED nor a price script (FILE.csv), and no user"
            " is named so; write one of the three."
        )
    if source.startswith(PREFIX):
        return FileMarket(read_lines(instruments), walk_of(source, calendar))
    lines, prices = tuple(read_lines(instruments)), read_script(Path(source), calendar)
    for doubt in prices.doubts(lines):
        log.warning("%s: %s", prices.words, doubt)
    return FileMarket(lines, prices)


def _names_a_file(source: str) -> bool:
    return not source.strip() or source.lower().endswith(".csv") or "/" in source
