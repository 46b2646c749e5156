"""The NSE cash instrument file: columns in paise and with stray blanks in, instruments in rupees out."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from urllib.parse import urlsplit

from broker.kotak_neo.fields import Malformed, Row, count, decimal, optional, positive, text
from domain.book import Instrument
from domain.register import Register

_HUNDRED = Decimal(100)
_NO_FREEZE = 99_999_999
_YES = frozenset({"Y", "YES", "1", "TRUE"})
_NO = frozenset({"N", "NO", "0", "FALSE"})
NEEDED = frozenset({"pSymbol", "pTrdSymbol", "dTickSize", "lPrecision"})
USED = frozenset(
    {"pDesc", "pSymbolName", "pGroup", "pISIN", "lLotSize", "lFreezeQty", "dLowPriceRange", "dHighPriceRange",
     "CASEligible"}
)  # fmt: skip


def cash_file(paths: object) -> str:
    """The address of the NSE cash file among the paths of the day. Raises Malformed."""
    for path in paths if isinstance(paths, list) else []:
        if isinstance(path, str) and "nse_cm" in urlsplit(path).path:
            return path
    raise Malformed("no nse_cm file in the list")


def instruments(content: bytes) -> Register:
    """Every tradable line; indices (no tick) and lines that make no sense are left out. Raises Malformed."""
    lines = io.TextIOWrapper(io.BytesIO(content), "utf-8", "replace")
    names = [name.strip(" ;") for name in _cells(next(lines, ""))]
    if not NEEDED.issubset(names):
        raise Malformed(f"columns missing: {', '.join(sorted(NEEDED.difference(names)))}")
    if len(_cells(content[content.rstrip().rfind(b"\n") + 1 :].decode("utf-8", "replace"))) < len(names):
        raise Malformed("the last line is cut short")
    wanted = [(name, names.index(name)) for name in (*NEEDED, *USED) if name in names]
    found = Register(_readable(_row(_cells(line), wanted) for line in lines))
    if not found:
        raise Malformed("not one tradable line")
    return found


def _cells(line: str) -> list[str]:
    """Each line by itself: a stray quotation mark must not swallow those after it."""
    line = line.rstrip("\r\n")
    try:
        return next(csv.reader([line]), []) if '"' in line else line.split(",")
    except csv.Error:
        return []


def _row(cells: list[str], wanted: Sequence[tuple[str, int]]) -> Row:
    return {name: cells[place] for name, place in wanted if place < len(cells)}


def _readable(rows: Iterable[Row]) -> Iterator[Instrument]:
    for row in rows:
        try:
            tick = decimal(row, "dTickSize").scaleb(-count(row, "lPrecision"))
            if tick > 0:
                yield _instrument(row, tick)
        except Malformed:
            continue


def _instrument(row: Row, tick: Decimal) -> Instrument:
    freeze = positive(row, "lFreezeQty")
    return Instrument(
        symbol=text(row, "pTrdSymbol"),
        token=text(row, "pSymbol"),
        name=optional(row, "pDesc") or optional(row, "pSymbolName"),
        series=optional(row, "pGroup"),
        isin=optional(row, "pISIN"),
        tick=tick,
        lot=int(positive(row, "lLotSize") or 1),
        freeze_quantity=int(freeze) if freeze is not None and freeze < _NO_FREEZE else None,
        band_low=_paise(row, "dLowPriceRange"),
        band_high=_paise(row, "dHighPriceRange"),
        auction=_yes_or_no(row, "CASEligible"),
    )


def _paise(row: Row, key: str) -> Decimal | None:
    amount = positive(row, key)
    return None if amount is None else amount / _HUNDRED


def _yes_or_no(row: Row, key: str) -> bool | None:
    """A column that the file has had since August 2026; None where it is missing or says something else."""
    word = optional(row, key).strip().upper()
    return True if word in _YES else False if word in _NO else None
