"""What NINEFIFTEEN_PAPER_PRICES may say, and the market that follows from it."""

from pathlib import Path

from broker.paper.lines import read_lines
from broker.paper.market import FileMarket
from broker.paper.script import read_script
from broker.paper.walk import PREFIX, walk_of
from domain.errors import BadInput
from domain.market import Calendar

DEFAULT = "walk:915"


def names_a_user(source: str) -> bool:
    """Whether the source is the name of a user whose quotes are meant."""
    return not (source.startswith(PREFIX) or _names_a_file(source))


def file_market(source: str, instruments: Path | None, calendar: Calendar) -> FileMarket:
    """The market of `walk:SEED[:PERCENT]` or of a price script. Raises BadInput."""
    if not source.strip():
        raise BadInput(
            "NINEFIFTEEN_PAPER_PRICES is empty: write walk:SEED, the path of a price script (FILE.csv), or the name of"
            " a user with a real account."
        )
    prices = walk_of(source, calendar) if source.startswith(PREFIX) else read_script(Path(source), calendar)
    return FileMarket(read_lines(instruments), prices)


def _names_a_file(source: str) -> bool:
    return not source.strip() or source.lower().endswith(".csv") or "/" in source
