"""Where the day is shown: a plain log, or a live terminal with tenants, positions, the last sentences and the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.day.log import Said
from cli.day.rows import Picture
from cli.day.stage import Screen
from cli.day.tables import positions_table, tenants_table

SENTENCES = 8
FEWEST = 3
AROUND = 6
"""Lines for the time, headers and space around them."""


class PlainScreen:
    """One line for each sentence."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def say(self, said: Said) -> None:
        """Write the sentence."""
        self._out.write(f"{said.line}\n")
        self._out.flush()

    def show(self, picture: Picture, waiting: str, part: float) -> None:
        """Nothing: a log is no picture."""


class LiveScreen:
    """Drawn anew four times a second, as high as the terminal allows. `said` keeps every sentence."""

    def __init__(self, live: Live, said: list[Said]) -> None:
        self._live = live
        self._said = said
        self._picture: Picture | None = None
        self._waiting: tuple[str, float] = ("getting ready", 0.0)

    def say(self, said: Said) -> None:
        """Add the sentence to those shown."""
        self._said.append(said)
        self._draw()

    def show(self, picture: Picture, waiting: str, part: float) -> None:
        """Draw it."""
        self._picture, self._waiting = picture, (waiting, part)
        self._draw()

    def _draw(self) -> None:
        parts: list[RenderableType] = [self._time()]
        if self._picture and self._picture.positions:
            parts += [tenants_table(self._picture), positions_table(self._picture)]
        self._live.update(Group(*parts, *self._sentences()))

    def _time(self) -> RenderableType:
        waiting, part = self._waiting
        line = Table.grid(padding=(0, 1))
        line.add_row(Spinner("dots"), Text(f"{waiting:<34}"), ProgressBar(1.0, min(1.0, max(0.0, part)), width=36))
        return line

    def _sentences(self) -> Iterator[Text]:
        rows = len(self._picture.positions) + len(self._picture.tenants) if self._picture else 0
        room = min(SENTENCES, max(FEWEST, self._live.console.height - rows - AROUND))
        for said in self._said[-room:]:
            yield Text(said.line, style="dim" if said is not self._said[-1] else "", no_wrap=True, overflow="ellipsis")


@contextmanager
def screen(out: TextIO, lively: bool) -> Iterator[Screen]:
    """A live screen, which leaves a plain log behind, or the plain log alone: no terminal, or JSON is asked for."""
    console = Console(file=out)
    if not (lively and console.is_terminal):
        yield PlainScreen(out)
        return
    record: list[Said] = []
    try:
        with Live(console=console, refresh_per_second=4, vertical_overflow="crop", transient=True) as live:
            yield LiveScreen(live, record)
    finally:
        for said in record:
            console.print(Text(said.line))
