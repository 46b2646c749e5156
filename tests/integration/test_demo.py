"""The demo as a newcomer runs it: as a process, to its end, and interrupted; nothing of the user's is touched."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.day import children

RUN = Path(__file__).parents[2] / "run.py"
FOREIGN = {
    "NINEFIFTEEN_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/theirs",
    "NINEFIFTEEN_SECRET_KEYS": "not a key",
    "NINEFIFTEEN_PACE": "not a number",
    "NINEFIFTEEN_KOTAK_URL": "https://127.0.0.1:1",
}
"""What a user may have set for a service of their own; any of it would end the demo."""


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for temporary files with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="n915-") as folder:
        yield Path(folder)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | FOREIGN | {"NINEFIFTEEN_HOME": str(folder / "theirs"), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, str(RUN), "demo", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=folder,
        preexec_fn=interruptible,
    )


def interruptible() -> None:
    """A suite in the background is deaf to Ctrl-C, and would pass that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_day_is_played_to_its_end_and_every_invariant_holds(short_folder: Path) -> None:
    process = start(short_folder, "--json", "--seconds", "30")
    out, log = process.communicate(timeout=240)
    day = json.loads(out.splitlines()[-1])
    assert day["broken"] == [], log
    assert process.returncode == 0, log
    counted = {name: day[name] for name in ("positions", "protected", "explained", "sold", "lapsed")}
    assert counted == {"positions": 13, "protected": 8, "explained": 1, "sold": 4, "lapsed": 8}
    assert (day["duplicates"], day["oversold"]) == (0, 0)
    lone = next(row for row in day["coverage"] if row["symbol"] == "IFBIND-EQ")
    assert (lone["user_id"], lone["state"], lone["price"], lone["quantity"]) == (2, "PROTECTED", "848.00", 10)
    assert [row["reason"] for row in day["coverage"] if row["state"] != "PROTECTED"] == ["PRICE_ABOVE_BAND"]
    assert [event["text"] for event in day["events"]] == [line.split("  ", 2)[2] for line in _sentences(log)]
    assert list(short_folder.iterdir()) == []


def test_an_interrupted_demo_leaves_nothing_behind(short_folder: Path) -> None:
    process = start(short_folder)
    assert process.stdout is not None
    for line in process.stdout:
        if "Three tenants" in line:
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "is stopped" in said
    assert list(short_folder.iterdir()) == []


def test_a_child_is_stopped_also_after_an_interrupt_within_a_look_at_it(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt between the taking of Popen's lock and its release leaves it taken."""
    monkeypatch.setattr(children, "PATIENCE", 0.5)
    child = children.Child(("simulator",), short_folder / "simulator.out", dict(os.environ))
    child._process._waitpid_lock.acquire()
    assert child.code is None
    assert child.stop() in (0, -signal.SIGTERM, -signal.SIGKILL)
    assert child.code is not None


def _sentences(log: str) -> list[str]:
    return [line.strip() for line in log.splitlines() if " s  " in line]
