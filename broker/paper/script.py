"""A price script: which symbol has which last price at what moment, read from CSV.

    when,symbol,price,liquidity
    09:15:00,IFBIND-EQ,801.60,
    +90,IFBIND-EQ,805.05,40
    2026-11-25T14:00:00+05:30,RELIANCE-EQ,2300,

`when` is a time in India, on every trading day; or seconds after each opening; or one moment with its zone.
`liquidity` is the shares on offer at that moment; where it is empty any number is, until the next line.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path as File

from broker.paper.prices import DailyPrices, Tick, in_order
from broker.simulator import price_file as simulators
from broker.simulator.price_file import Line, When
from domain.book import Instrument
from domain.clock import IST
from domain.errors import BadInput
from domain.market import Calendar

LOOK_BACK = 10
"""Days back in which the price before a symbol's first line of the day is looked for: longer than any holidays."""


class ScriptedPrices(DailyPrices):
    """Prices as a script has them."""

    def __init__(self, lines: Iterable[Line], calendar: Calendar, name: str = "script") -> None:
        super().__init__(calendar)
        self.words = f"price script {name}"
        self._lines: defaultdict[str, list[Line]] = defaultdict(list)
        for line in lines:
            self._lines[line.symbol].append(line)

    def ticks(self, line: Instrument, day: date, bell: datetime | None, close: datetime | None) -> list[Tick]:
        """The lines of the symbol that fall on the day."""
        del close
        lines = self._lines.get(line.symbol, [])
        placed = ((_moment(one.when, day, bell), one) for one in lines)
        return in_order(
            Tick(at, one.price, one.liquidity)
            for at, one in placed
            if at is not None and at.astimezone(IST).date() == day
        )

    def doubts(self, instruments: Iterable[Instrument]) -> Iterator[str]:
        """What in the script can hardly be meant: symbols that nobody trades, prices that no exchange lets through."""
        known = {line.symbol: line for line in instruments if line.symbol in self._lines}
        for symbol, lines in self._lines.items():
            line = known.get(symbol)
            if line is None:
                yield f"there is no instrument {symbol}; its {len(lines)} lines say nothing."
                continue
            low, high = line.band_low or 0, line.band_high or Decimal("Infinity")
            if outside := [one.price for one in lines if not low <= one.price <= high]:
                yield f"{len(outside)} prices of {symbol} are outside its band of {low} to {high}, as {outside[0]} is."
            if crooked := [one.price for one in lines if one.price % line.tick]:
                yield f"{len(crooked)} prices of {symbol} are no multiples of its tick {line.tick}, as {crooked[0]} is."

    def _before(self, line: Instrument, moment: datetime) -> Tick | None:
        day = moment.astimezone(IST).date()
        for back in range(1, LOOK_BACK):
            earlier = self._of(line, day - timedelta(days=back)) if line.symbol in self._lines else ()
            if earlier:
                return Tick(earlier[-1].at, earlier[-1].price)
        return super()._before(line, moment)


def read_script(path: File, calendar: Calendar) -> ScriptedPrices:
    """The script of a file. Raises BadInput that names the line and the field."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BadInput(f"The price script {path} cannot be read: {why}.") from error
    try:
        lines = [replace(line, symbol=line.symbol.upper()) for line in simulators.read_script(text)]
    except ValueError as error:
        raise BadInput(f"The price script {path} cannot be played: {error}.") from error
    return ScriptedPrices(lines, calendar, path.name)


def _moment(when: When, day: date, bell: datetime | None) -> datetime | None:
    if isinstance(when, datetime):
        return when
    if bell is None:
        return None
    return bell + when if isinstance(when, timedelta) else datetime.combine(day, when, IST)
