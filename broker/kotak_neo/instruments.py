"""The NSE cash instrument file: columns in paise and with stray blanks in, instruments in rupees out."""

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from broker.kotak_neo.fields import Malformed, count, decimal, optional, positive, text
from domain.book import Instrument

_HUNDRED = Decimal(100)
_NO_FREEZE = 99_999_999
_YES = frozenset({"Y", "YES", "1", "TRUE"})
_NO = frozenset({"N", "NO", "0", "FALSE"})
_NEEDED = frozenset({"pSymbol", "pTrdSymbol", "dTickSize", "lPrecision"})


def cash_file(paths: object) -> str:
    """The address of the NSE cash file among the paths of the day. Raises Malformed."""
    for path in paths if isinstance(paths, list) else []:
        if isinstance(path, str) and "nse_cm" in urlsplit(path).path:
            return path
    raise Malformed("no nse_cm file in the list")


def instruments(content: bytes) -> tuple[Instrument, ...]:
    """Every tradable line; indices (no tick) and lines that make no sense are left out. Raises Malformed."""
    text_lines = content.decode("utf-8", "replace").splitlines()
    lines = csv.reader(text_lines)
    names = [name.strip(" ;") for name in next(lines, [])]
    if not _NEEDED.issubset(names):
        raise Malformed(f"columns missing: {', '.join(sorted(_NEEDED.difference(names)))}")
    if len(next(csv.reader(text_lines[-1:]))) < len(names):
        raise Malformed("the last line is cut short")
    found = tuple(_readable(dict(zip(names, line, strict=False)) for line in lines))
    if not found:
        raise Malformed("not one tradable line")
    return found


def _readable(rows: Iterator[Mapping[str, str]]) -> Iterator[Instrument]:
    for row in rows:
        try:
            tick = decimal(row, "dTickSize").scaleb(-count(row, "lPrecision"))
            if tick > 0:
                yield _instrument(row, tick)
        except Malformed:
            continue


def _instrument(row: Mapping[str, str], tick: Decimal) -> Instrument:
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


def _paise(row: Mapping[str, str], key: str) -> Decimal | None:
    amount = positive(row, key)
    return None if amount is None else amount / _HUNDRED


def _yes_or_no(row: Mapping[str, str], key: str) -> bool | None:
    """A column that the file has had since August 2026; None where it is missing or says something else."""
    word = optional(row, key).strip().upper()
    return True if word in _YES else False if word in _NO else None
