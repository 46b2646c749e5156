"""The proof as a stranger runs it: real seeds to their verdict, one that must fail, and one that is interrupted."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "run.py"


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for temporary files with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="n915-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = os.environ | {"NINEFIFTEEN_PACE": "not a number", "TMPDIR": str(folder)}
    return subprocess.Popen(
        [sys.executable, str(RUN), "prove", *words],
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


def test_a_seed_with_a_frozen_owner_and_kills_is_clean(short_folder: Path) -> None:
    process = start(short_folder, "--json", "--seed", "3")
    out, log = process.communicate(timeout=180)
    told = json.loads(out.splitlines()[-1])
    assert told["failed"] == {}, log
    assert process.returncode == 0, log
    assert (told["seeds"], told["freezes"]) == (1, 1)
    assert (told["duplicates"], told["oversold"], told["miscounted"]) == (0, 0, 0)
    assert told["kills_by_point"]["after_send:place"] == 1, log
    assert told["orders"] > 1
    assert list(short_folder.iterdir()) == []


def test_an_interrupted_proof_leaves_nothing_behind(short_folder: Path) -> None:
    process = start(short_folder, "--seeds", "50")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("seed    0"):
            break
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "is stopped" in said
    assert list(short_folder.iterdir()) == []
