"""The table of situations is kept true: every row names tests, and every test that it names exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "situations.md"
NAMED = re.compile(r"`((?:unit|integration|chaos)/[a-z_]+\.py)::(test_[a-z_0-9]+)`")


def rows() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| situation")]


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[2:40])
def test_each_situation_is_played_by_tests_that_exist(row: str):
    named = NAMED.findall(row)
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in functions_of(ROOT / "tests" / file)] == []


def test_the_page_has_both_tables():
    assert len(rows()) >= 28
