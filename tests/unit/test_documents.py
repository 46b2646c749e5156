"""The documents that are made from the code say what the code says."""

import re

import pytest

from cli.app import app
from cli.documents import FOUND, KINDS, PROOFS, pages
from domain.orders import OrderStatus, Reason
from domain.reasons import ADVICE, MEANING, NOBODY_LOOKS, NOT_ENABLED, NOT_SHOWN, PLACES, Place
from domain.rejections import Kind
from domain.transitions import MEANING as STATES
from domain.transitions import Proof
from tests.commands import ROOT

DOCS = ROOT / "docs"


@pytest.mark.parametrize("name", ["orders.md", "reasons.md", "kotak_answers.md"])
def test_the_committed_document_is_the_one_that_the_code_makes(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run `make docs` and commit what it writes"


def test_nothing_is_left_without_a_meaning() -> None:
    assert set(MEANING) == set(ADVICE) == set(PLACES) == set(Reason)
    assert all(PLACES.values())
    assert set(STATES) == set(OrderStatus)
    assert (set(PROOFS), set(KINDS), set(FOUND)) == (set(Proof), set(Kind), set(Place))


def test_every_verb_that_is_advised_exists() -> None:
    """Catches: advice that names a verb which was called otherwise in the end."""
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    groups = {str(group.typer_instance.info.name): group.typer_instance for group in app.registered_groups}
    for words in [*ADVICE.values(), *MEANING.values(), NOBODY_LOOKS, NOT_ENABLED, NOT_SHOWN]:
        for verb, second in re.findall(r"run\.py ([a-z]+) ?([a-z-]*)", words):
            assert verb in known | groups.keys(), words
            if verb in groups:
                told = [command.name or command.callback.__name__ for command in groups[verb].registered_commands]
                assert second in told, words
