"""The simulator's page is kept true: each line names tests that exist, and nothing of the code is missing on it."""

import dataclasses
import re
from datetime import UTC, datetime

import pytest
from test_situations_table import NAMED, ROOT, functions_of

from broker.simulator.brokerage import Brokerage
from broker.simulator.clock import SystemClock
from broker.simulator.control import ControlDesk
from broker.simulator.kinds import ANY_CALL, FEED_CALLS, Kind, fits
from broker.simulator.price_file import read_script
from broker.simulator.routes import CALLS
from broker.simulator.settings import Settings

PAGE = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
CHECKLIST = PAGE.partition("| behaviour | tests |")[2]
LINES = [line for line in CHECKLIST.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[2:40])
def test_each_line_of_the_checklist_is_played_by_tests_that_exist(line: str) -> None:
    named = NAMED.findall(line)
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in functions_of(ROOT / "tests" / file)] == []


def test_the_checklist_is_whole() -> None:
    assert len(LINES) >= 30


def test_every_call_kind_path_and_setting_of_the_code_stands_on_the_page() -> None:
    desk = ControlDesk(Brokerage([], SystemClock(), Settings(), None, 1))
    settings = {field.name for field in dataclasses.fields(Settings)}
    known = {*CALLS, *FEED_CALLS, *Kind, *desk.paths, *settings}
    assert sorted(name for name in known if f"`{name}`" not in PAGE) == []


def test_the_page_tells_which_kind_goes_with_which_call() -> None:
    table = PAGE.partition("| calls | kinds |\n|---|---|\n")[2].partition("\n\n")[0]
    ordinary = set(CALLS) | {ANY_CALL}
    groups = {"every call but `feed` and `feed_hello`": ordinary}
    groups["all of these but `configuration`"] = ordinary - {"configuration"}
    told: set[tuple[str, str]] = set()
    for line in table.splitlines():
        _, calls, kinds, _ = line.split("|")
        named = groups.get(calls.strip()) or set(re.findall(r"`([^`]+)`", calls))
        told |= {(call, kind) for call in named for kind in re.findall(r"`([^`]+)`", kinds)}
    told |= {(ANY_CALL, kind) for call, kind in told if call not in FEED_CALLS}
    assert told == {(call, kind) for call in (*ordinary, *FEED_CALLS) for kind in Kind if fits(kind, call)}


def test_the_script_on_the_page_can_be_played() -> None:
    (script,) = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    lines = read_script(script)
    assert [line.symbol for line in lines] == ["IFBIND-EQ", "IFBIND-EQ", "RELIANCE-EQ"]
    assert lines[2].when == datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
