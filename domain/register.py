"""The instruments of a day, packed: about a hundred bytes each, unpacked when somebody asks, the same for everybody."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from decimal import Decimal

from domain.book import Instrument

_FIELD, _LINE = b"\t", b"\n"
_MOST_KEPT = 4096
_BLANKS = str.maketrans("\t\n\r", "   ")


class Register:
    """Read-only, in the order of the symbols; a symbol that comes twice counts as it came last.

    Instruments that were asked for are kept unpacked, so that the next question costs what a dictionary does; as many
    as are kept at most make 3 MB. Safe to use from several threads.
    """

    __slots__ = ("_asked", "_ends", "_packed")

    def __init__(self, lines: Iterable[Instrument] = ()) -> None:
        packed = {line.symbol.translate(_BLANKS).encode(): _pack(line) for line in lines}
        ordered = [packed[symbol] for symbol in sorted(packed)]
        self._packed = b"".join(ordered)
        self._ends = array("I", [0])
        for line in ordered:
            self._ends.append(self._ends[-1] + len(line))
        self._asked: dict[str, Instrument] = {}

    @classmethod
    def of(cls, lines: Iterable[Instrument]) -> "Register":
        """The lines themselves where they are packed already."""
        return lines if isinstance(lines, Register) else cls(lines)

    def __len__(self) -> int:
        """How many instruments."""
        return len(self._ends) - 1

    def __iter__(self) -> Iterator[Instrument]:
        """Every instrument, unpacked one at a time and not kept."""
        return (_unpack(self._line(number)) for number in range(len(self)))

    def find(self, symbol: str) -> Instrument | None:
        """The instrument of a trading symbol."""
        known = self._asked.get(symbol)
        return known if known is not None else self._look_up(symbol)

    def of_isin(self, isin: str) -> tuple[Instrument, ...]:
        """Every instrument with the ISIN, found by looking through all of them."""
        sought = _FIELD + isin.translate(_BLANKS).encode() + _FIELD
        found, at = [], self._packed.find(sought) if isin else -1
        while at >= 0:
            begin = self._packed.rfind(_LINE, 0, at) + 1
            line = _unpack(self._packed[begin : self._packed.index(_LINE, at) + 1])
            found += [line] if line.isin == isin else []
            at = self._packed.find(sought, at + 1)
        return tuple(found)

    def _look_up(self, symbol: str) -> Instrument | None:
        key = symbol.encode("utf-8", "replace")
        number = bisect_left(range(len(self)), key, key=self._symbol)
        if number == len(self) or self._symbol(number) != key:
            return None
        line = _unpack(self._line(number))
        return self._asked.setdefault(symbol, line) if len(self._asked) < _MOST_KEPT else line

    def _symbol(self, number: int) -> bytes:
        begin = self._ends[number]
        return self._packed[begin : self._packed.index(_FIELD, begin)]

    def _line(self, number: int) -> bytes:
        return self._packed[self._ends[number] : self._ends[number + 1]]


def _pack(line: Instrument) -> bytes:
    fields = (
        line.symbol, line.token, line.isin, line.series, line.name, line.tick, line.lot,
        *map(_or_nothing, (line.freeze_quantity, line.band_low, line.band_high, line.auction)),
    )  # fmt: skip
    return _FIELD.join(str(field).translate(_BLANKS).encode("utf-8", "replace") for field in fields) + _LINE


def _unpack(packed: bytes) -> Instrument:
    symbol, token, isin, series, name, tick, lot, freeze, low, high, auction = packed[:-1].decode().split("\t")
    return Instrument(
        symbol,
        token,
        name,
        series,
        isin,
        Decimal(tick),
        int(lot),
        int(freeze) if freeze else None,
        Decimal(low) if low else None,
        Decimal(high) if high else None,
        auction == "True" if auction else None,
    )


def _or_nothing(value: object) -> object:
    return "" if value is None else value
