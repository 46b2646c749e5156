"""Runs the named tests over a mutated copy of the tree and says what came of it."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.mutation import ROOT, Mutation, Rotten

LONGEST = 180.0
"""Seconds for the tests of one mutant; a mutant that hangs is not caught by any of them."""

SKIPPED = shutil.ignore_patterns(
    ".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache", ".hypothesis", "drill", "*.log"
)
TESTS_FAILED = 1
FAILED = re.compile(r"^FAILED \S*::(\S+)", re.MULTILINE)


class Fate(StrEnum):
    """What came of a mutant."""

    CAUGHT = "CAUGHT"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"
    """Not applied, or its tests could not run: nothing is proven."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One mutant's fate, in words, and the seconds that it took."""

    mutation: Mutation
    fate: Fate
    text: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.fate:8} {self.mutation.name}: {self.text} ({self.seconds:.1f} s)"


def judge(mutation: Mutation, root: Path = ROOT) -> Verdict:
    """Copy the tree, mutate the copy, run the tests that must notice."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="mutant-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(root, copy, ignore=SKIPPED)
        try:
            mutation.apply(copy)
            fate, text = _fate(run(copy, mutation.nodes))
        except (Rotten, OSError) as error:
            fate, text = Fate.BROKEN, str(error)
        except subprocess.TimeoutExpired:
            fate, text = Fate.BROKEN, f"its tests did not end within {LONGEST:.0f} s"
    return Verdict(mutation, fate, text, time.monotonic() - began)


def run(root: Path, nodes: Iterable[str]) -> "subprocess.CompletedProcess[str]":
    """Run the tests of a tree with this interpreter, up to the first that fails."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--tb=no", "-p", "no:cacheprovider", *nodes]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "300"}
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )


def _fate(done: "subprocess.CompletedProcess[str]") -> tuple[Fate, str]:
    failed = FAILED.search(done.stdout)
    if done.returncode == TESTS_FAILED and failed:
        return Fate.CAUGHT, f"by {failed[1]}"
    if done.returncode == 0:
        return Fate.SURVIVED, "no test noticed"
    return Fate.BROKEN, f"pytest ended with {done.returncode}: {_last_line(done.stdout + done.stderr)}"


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no word"
