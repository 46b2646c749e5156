"""Prices that are known beforehand: scripts and walks; and what cannot be read is a sentence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from broker.paper.lines import read_lines
from broker.paper.prices import Tick
from broker.paper.script import read_script
from broker.paper.source import file_market, names_a_user
from broker.paper.walk import WalkingPrices
from domain.book import Instrument
from domain.errors import BadInput
from domain.market import ExchangeCalendar, drill

BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
CALENDAR = ExchangeCalendar()
LINE = next(line for line in read_lines() if line.symbol == "IFBIND-EQ")
MIDDLE = Decimal("825.40")


def script(tmp_path: Path, *lines: str) -> Path:
    """A script with these lines."""
    path = tmp_path / "prices.csv"
    path.write_text("\n".join(("when,symbol,price,liquidity", *lines)))
    return path


def test_a_script_tells_the_price_of_every_moment(tmp_path: Path) -> None:
    lines = ("09:30,IFBIND-EQ,801.50,", "+1800,ifbind-eq,802,40", "2026-11-23T10:00:00+05:30,IFBIND-EQ,803,")
    prices = read_script(script(tmp_path, *lines), CALENDAR)

    def at(minutes: float) -> Decimal | None:
        tick = prices.path(LINE, BELL, BELL + timedelta(minutes=minutes)).last
        return tick.price if tick else None

    assert [at(0), at(15), at(29.9)] == [802, Decimal("801.50"), Decimal("801.50")]
    assert [at(30), at(45), at(400)] == [802, 803, 803]
    moves = prices.path(LINE, BELL + timedelta(minutes=15), BELL + timedelta(minutes=30)).moves
    assert [(tick.price, tick.shares) for tick in moves] == [(802, 40)]


def test_before_its_first_line_a_day_has_the_last_price_of_an_earlier_one(tmp_path: Path) -> None:
    """Wednesday morning, after a holiday on Tuesday."""
    prices = read_script(script(tmp_path, "09:30,IFBIND-EQ,801.50,", "15:00,IFBIND-EQ,811,"), CALENDAR)
    morning = BELL + timedelta(days=2)
    start = prices.path(LINE, morning, morning).start
    assert start is not None
    assert start.price == 811


def test_seconds_after_the_bell_count_in_a_drill_too(tmp_path: Path) -> None:
    moved = drill(BELL + timedelta(hours=9), 10, 600)
    prices = read_script(script(tmp_path, "+30,IFBIND-EQ,801.50,"), moved)
    moves = prices.path(LINE, moved.bell, moved.bell + timedelta(seconds=60)).moves
    assert [(tick.at, tick.price) for tick in moves] == [(moved.bell + timedelta(seconds=30), Decimal("801.50"))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("noon,IFBIND-EQ,800,", "'noon' for when, which is a time in India such as 09:15:00, seconds after"),
        ("+x,IFBIND-EQ,800,", "'+x' for when"),
        ("2026-11-23T10:00:00,IFBIND-EQ,800,", "'2026-11-23T10:00:00' for when, which is a time in India"),
        ("10:00:00+05:30,IFBIND-EQ,800,", "'10:00:00+05:30' for when"),
        ("09:30,,800,", "'' for symbol, which is a trading symbol such as IFBIND-EQ."),
        ("+5,IFBIND-EQ,abc,", "'abc' for price, which is rupees above 0 such as 801.60."),
        ("09:30,IFBIND-EQ,-1,", "'-1' for price"),
        ("09:30,IFBIND-EQ,NaN,", "'NaN' for price"),
        ("09:30,IFBIND-EQ,800,-5", "'-5' for liquidity, which is a number of shares, or nothing for any number."),
        ("09:30,IFBIND-EQ,800,many", "'many' for liquidity"),
        ("09:30,IFBIND-EQ", "'' for price"),
        ("+inf,IFBIND-EQ,800,", "'+inf' for when"),
        ("+1e12,IFBIND-EQ,800,", "'+1e12' for when"),
        ("09:30,IFBIND-EQ,1,801.60,5", "has more fields than the first one; a price has no comma, such as 801.60."),
    ],
)
def test_a_line_that_makes_no_sense_is_named_with_its_field_and_what_is_right(
    tmp_path: Path, line: str, said: str
) -> None:
    path = script(tmp_path, "09:15,IFBIND-EQ,800,", "", line)
    with pytest.raises(BadInput, match=r"The price script .*prices.csv cannot be played: line 4 ha") as refused:
        read_script(path, CALENDAR)
    assert said in str(refused.value)


def test_a_file_that_is_no_script_is_said_so(tmp_path: Path) -> None:
    odd = tmp_path / "odd.csv"
    odd.write_text("time;price\n")
    with pytest.raises(BadInput, match="columns missing: when, symbol, price; the first line is when"):
        read_script(odd, CALENDAR)
    odd.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read: it is no text"):
        read_script(odd, CALENDAR)
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_script(tmp_path / "missing.csv", CALENDAR)


def test_the_same_seed_walks_the_same_way_and_no_two_days_are_alike() -> None:
    def day(seed: int, later: int = 0, line: Instrument = LINE) -> list[Decimal]:
        bell = BELL + timedelta(days=later)
        path = WalkingPrices(seed, CALENDAR).path(line, bell - timedelta(hours=1), bell + timedelta(hours=7))
        return [tick.price for tick in path.moves]

    first = day(7)
    assert first == day(7)
    assert len(first) == 6.25 * 720 + 1
    assert day(8) != first
    assert day(7, later=2) != first
    assert all(LINE.band_low <= price <= LINE.band_high for price in first)  # type: ignore[operator]
    assert all(price % LINE.tick == 0 for price in first)
    assert len(set(first)) > 50


def test_a_walk_looked_at_in_pieces_is_the_same_walk() -> None:
    """Catches: a price that depends on who looked before, so that a restart would trade at other prices."""
    end = BELL + timedelta(minutes=30)
    whole = WalkingPrices(7, CALENDAR).path(LINE, BELL, end).moves
    pieces = []
    for minute in range(30):
        since = BELL + timedelta(minutes=minute)
        pieces += WalkingPrices(7, CALENDAR).path(LINE, since, since + timedelta(minutes=1)).moves
    assert tuple(pieces) == whole


def test_nothing_moves_on_a_holiday() -> None:
    holiday = BELL + timedelta(days=1)
    path = WalkingPrices(7, CALENDAR).path(LINE, holiday, holiday + timedelta(hours=6))
    assert path.moves == ()
    assert path.start is not None
    assert path.start.price == MIDDLE


@pytest.mark.parametrize("source", ["walk:", "walk:x", "walk:1:0", "walk:1:x", "walk:1:11", "walk:1:nan"])
def test_what_is_no_walk_is_said_so(source: str) -> None:
    with pytest.raises(BadInput, match="is no walk: write walk:SEED"):
        file_market(source, None, CALENDAR)


def test_a_source_is_a_walk_a_file_or_a_name() -> None:
    named = {source: names_a_user(source) for source in ("asha", "walk:1", "prices.csv", "./asha", "", "PRICES.CSV")}
    assert [source for source, user in named.items() if user] == ["asha"]
    with pytest.raises(BadInput, match="NINEFIFTEEN_PAPER_PRICES is empty"):
        file_market(" ", None, CALENDAR)


def test_an_instrument_file_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    for name in ("odd.csv", "missing.csv"):
        with pytest.raises(BadInput, match="Correct NINEFIFTEEN_PAPER_INSTRUMENTS, or unset it"):
            file_market("walk:1", tmp_path / name, CALENDAR)


def test_what_a_script_can_hardly_mean_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Catches: a mistyped symbol, whose orders wait in silence for a price that never comes."""
    lines = ("09:30,IFBINDD-EQ,801,", "09:30,IFBIND-EQ,801.02,", "09:40,IFBIND-EQ,5000,", "09:50,IFBIND-EQ,802,")
    file_market(str(script(tmp_path, *lines)), None, CALENDAR)
    assert [record.getMessage() for record in caplog.records] == [
        "price script prices.csv: there is no instrument IFBINDD-EQ; its 1 lines say nothing.",
        "price script prices.csv: 1 prices of IFBIND-EQ are outside its band of 660.35 to 990.45, as 5000 is.",
        "price script prices.csv: 1 prices of IFBIND-EQ are no multiples of its tick 0.05, as 801.02 is.",
    ]


def test_a_hundred_accounts_with_symbols_of_their_own_do_not_walk_each_day_anew() -> None:
    """Catches: a memory that is emptied whenever it is full, so that every call draws the whole day again."""
    walk = Counted(7, CALENDAR)
    lines = [replace(LINE, symbol=f"S{number}-EQ") for number in range(200)]
    for _ in range(3):
        for line in lines:
            walk.path(line, BELL, BELL + timedelta(minutes=1))
    assert walk.drawn == 200


class Counted(WalkingPrices):
    """Counts the days that it had to draw."""

    drawn = 0

    def ticks(self, line: Instrument, day: date, bell: datetime | None, close: datetime | None) -> Sequence[Tick]:
        """As always."""
        self.drawn += 1
        return super().ticks(line, day, bell, close)
