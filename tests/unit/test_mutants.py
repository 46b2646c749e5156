"""The list of mutations does not rot: each one fits the source, and the tests that must notice exist."""

import ast
from pathlib import Path

import pytest

from tests.mutants.catalogue import MUTATIONS
from tests.mutants.mutation import ROOT, Mutation, Rotten
from tests.mutants.running import Fate, judge


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "_"))
def test_each_mutation_fits_the_source_and_changes_it_into_python(mutation: Mutation):
    source = (ROOT / mutation.file).read_text()
    mutated = mutation.mutated(source)
    assert mutated != source
    compile(mutated, mutation.file, "exec")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name.replace(" ", "_"))
def test_the_tests_that_must_notice_exist(mutation: Mutation):
    for node in mutation.nodes:
        file, _, name = node.partition("::")
        tree = ast.parse((ROOT / file).read_text())
        assert name.partition("[")[0] in {part.name for part in tree.body if isinstance(part, ast.FunctionDef)}


def test_names_are_unique_and_reasons_given():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    assert all(mutation.because.endswith(".") and mutation.caught_by for mutation in MUTATIONS)


@pytest.mark.parametrize("source", ["", "a = 1; a = 1"])
def test_a_snippet_that_is_not_there_exactly_once_is_refused(source: str):
    mutation = Mutation("x", "x.py", "a = 1", "a = 2", "It matters.", ("unit/test_x.py::test_x",))
    with pytest.raises(Rotten, match="not once"):
        mutation.mutated(source)


@pytest.mark.parametrize(
    ("snippet", "replacement", "fate"),
    [
        ("TWO = 2", "TWO = 3", Fate.CAUGHT),
        ("TWO = 2", "TWO = 1 + 1", Fate.SURVIVED),
        ("TWO = 2", "TWO = (", Fate.BROKEN),
        ("FOUR = 4", "FOUR = 5", Fate.BROKEN),
    ],
)
def test_the_runner_tells_a_caught_mutant_from_one_that_survives_and_one_that_proves_nothing(
    tmp_path: Path, snippet: str, replacement: str, fate: Fate
):
    (tmp_path / "tests").mkdir()
    (tmp_path / "numbers_of_mine.py").write_text("TWO = 2\n")
    test = "from numbers_of_mine import TWO\n\n\ndef test_two():\n    assert TWO == 2\n"
    (tmp_path / "tests" / "test_two.py").write_text(test)
    mutation = Mutation("two", "numbers_of_mine.py", snippet, replacement, "It matters.", ("test_two.py::test_two",))
    verdict = judge(mutation, tmp_path)
    assert verdict.fate is fate, verdict
