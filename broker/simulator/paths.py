"""Prices that move by themselves, by scripts and walks, each move at its own moment.

Nothing runs in the background: whoever touches the simulator finds every price where it is by then.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

from broker.simulator.agenda import Agenda
from broker.simulator.clock import IST, ist_date
from broker.simulator.exchange import Exchange
from broker.simulator.floor import Floor
from broker.simulator.price_file import Line
from broker.simulator.rms import TradingDay
from broker.simulator.settings import seconds
from broker.simulator.walk import Walk, stepped

Hours = Callable[[], Sequence[TradingDay]]
Dice = dict[str, random.Random]


class Paths:
    """`stop` ends all of them; what was entered in the agenda before finds itself outdated."""

    def __init__(self, agenda: Agenda, floor: Floor, exchange: Exchange, hours: Hours) -> None:
        self.moved = False
        """Whether anything moves by itself, so that the band has to follow overnight."""
        self._agenda = agenda
        self._floor = floor
        self._exchange = exchange
        self._hours = hours
        self._age = 0
        self._lines: list[Line] = []
        self._walks: list[Walk] = []

    def play(self, lines: Sequence[Line], now: datetime) -> None:
        """Have each line happen at its moment. ValueError for an unknown symbol or tick, before anything happens."""
        for line in lines:
            self._exchange.market(line.symbol).require_tick(line.price)
        self.moved = True
        self._lines += [line for line in lines if not isinstance(line.when, datetime)]
        for line in lines:
            self._enter(line, now)

    def walk(self, walk: Walk, now: datetime) -> None:
        """Have the symbols walk, within trading hours where there are any. ValueError for an unknown symbol."""
        for symbol in walk.symbols:
            self._exchange.market(symbol)
        self.moved = True
        self._walks.append(walk)
        days = [day for day in self._hours() if day.close > now]
        for day in days:
            self._begin(walk, max(day.open, now), day)
        if not self._hours():
            self._begin(walk, now, None)

    def stop(self) -> None:
        """Prices stay where they are."""
        self._age += 1
        self._lines, self._walks, self.moved = [], [], False

    def day_added(self, day: TradingDay, now: datetime) -> None:
        """A trading day was declared: what follows the opening follows this one, too, as far as it is to come."""
        for line in self._lines:
            if isinstance(line.when, timedelta) and day.open + line.when >= now:
                self._at(day.open + line.when, line)
        for walk in self._walks:
            self._begin(walk, max(day.open, now), day)

    def next_day(self, midnight: datetime) -> None:
        """The times of the day come again."""
        for line in self._lines:
            if isinstance(line.when, time):
                self._at(_on_day(line.when, midnight), line)

    def _enter(self, line: Line, now: datetime) -> None:
        if isinstance(line.when, timedelta):
            openings = [day.open for day in self._hours() if day.close > now] if self._hours() else [now]
            moments = [opening + line.when for opening in openings]
        else:
            moments = [line.when if isinstance(line.when, datetime) else _on_day(line.when, now)]
        for moment in moments:
            if moment >= now:
                self._at(moment, line)

    def _at(self, moment: datetime, line: Line) -> None:
        age = self._age

        def happen(when: datetime) -> None:
            if age == self._age:
                self._floor.price(line.symbol, line.price, line.liquidity, when)

        self._agenda.at(moment, happen)

    def _begin(self, walk: Walk, moment: datetime, day: TradingDay | None) -> None:
        """At the opening comes the step of the night, and nothing before it."""
        age = self._age
        dice = {symbol: walk.dice(symbol, ist_date(moment)) for symbol in walk.symbols}

        def begin(when: datetime) -> None:
            if age == self._age:
                opening = day is not None and when == day.open and walk.gap > 0
                self._step(walk, dice, walk.gap if opening else walk.percent, when)
                self._agenda.at(when + seconds(walk.every), onward)

        def onward(when: datetime) -> None:
            if age == self._age and (day is None or when < day.close):
                self._step(walk, dice, walk.percent, when)
                self._agenda.at(when + seconds(walk.every), onward)

        self._agenda.at(moment, begin)

    def _step(self, walk: Walk, dice: Dice, percent: float, moment: datetime) -> None:
        for symbol, own in dice.items():
            market = self._exchange.markets.get(symbol)
            if market is not None and market.instrument.tradable:
                self._floor.price(symbol, stepped(market, own, percent), walk.liquidity, moment)


def _on_day(when: time, moment: datetime) -> datetime:
    return datetime.combine(ist_date(moment), when, IST)
