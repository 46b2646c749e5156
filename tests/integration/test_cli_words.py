"""The words of refusals, tables and sums: true of the verb that says them, in one form, at a width that can be read."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from repositories.schema import MIGRATIONS, REVISIONS
from tests.commands import ROOT, RULE, Commands


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(database_url, tmp_path, monkeypatch, capsys)


def test_a_verb_that_writes_says_that_nothing_was_written_and_one_that_looks_does_not(cli: Commands) -> None:
    cli.add_user()
    for words in (
        ("user", "set-exit", "asha", '{"target_percnt": 6}'),
        ("user", "set-exit", "asha", "{}"),
        ("halt", "nobody", "--because", "x"),
        ("position", "close", "9", "--because", "x"),
        ("paper", "hold", "nobody", "ITC-EQ", "1", "1"),
    ):
        refused = cli(*words)
        assert refused.code == 3, words
        assert refused.err.lower().count("nothing was") == 1, refused.err
    for words in (
        ("kotak", "check", "--credentials", str(cli.home / "none.json")),
        ("kotak", "check", "--credentials", cli.credentials(), "--egress", "nowhere"),
        ("user", "show", "nobody"),
        ("coverage", "--user", "nobody"),
        ("explain", "9"),
    ):
        refused = cli(*words)
        assert (refused.code, "othing was" in refused.err) == (3, False), refused.err


def test_a_rule_is_repeated_as_it_was_written_and_not_as_python(cli: Commands) -> None:
    cli.add_user()
    refused = cli("user", "set-exit", "asha", '{"target_percent": 6, "target_price": true}')
    assert 'this is {"target_percent": 6, "target_price": true}.' in refused.err


def test_sums_on_paper_stand_above_nothing_where_there_is_no_money(cli: Commands) -> None:
    cli("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    cli("position", "add", "ravi", "IFBIND-EQ", "10", "800")
    told = cli("coverage").out
    assert "On paper: 0 protected" in told
    assert "any sum above" not in told


def test_a_long_reason_is_folded_in_a_table(cli: Commands) -> None:
    cli.add_user()
    why = " ".join(f"word{number}" for number in range(60))
    cli.rows("INSERT INTO supervisors (host, pid, lease_until, cycle_seconds) VALUES ('h', 1, now() + '1 h', 5)")
    cli.rows("INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 1)")
    cli.rows("INSERT INTO heartbeats (user_id, generation, state, text) VALUES (1, 1, 'REFUSED', %s)", why)
    told = cli("status").out
    assert max(map(len, told.splitlines())) < 200
    assert "word0 " in told
    assert "word59" in told


@pytest.mark.parametrize("group", [(), ("user",), ("position",), ("order",), ("paper",), ("db",), ("journal",)])
def test_no_one_liner_of_the_help_is_cut(cli: Commands, group: tuple[str, ...]) -> None:
    commands = cli(*group, "--help").out.partition("Commands:")[2]
    assert commands
    assert [line for line in commands.splitlines() if line.endswith("...")] == []


def test_a_source_of_paper_prices_that_no_user_can_be_is_refused_at_the_start(cli: Commands) -> None:
    cli("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    cli.set(NINEFIFTEEN_PAPER_PRICES="wlak:7", NINEFIFTEEN_LOG_DIR=str(cli.home / "logs"))
    refused = cli.apart("serve")
    assert refused.code == 3
    assert (
        "NINEFIFTEEN_PAPER_PRICES=wlak:7 is neither walk:SEED nor a price script (FILE.csv), and no user" in refused.err
    )
    assert "quotes of" not in refused.out


def test_verbs_of_rows_do_not_load_what_speaks_to_a_broker_or_migrates() -> None:
    """Catches: an import at the top of a verb's module that makes every command wait for it."""
    heavy = ("requests", "alembic", "service.trading_service", "broker.kotak_neo", "broker.simulator")
    asked = f"import sys, cli.app; print([name for name in {heavy!r} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_revisions_that_a_look_knows_are_those_that_migrate() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert sorted(entry.revision for entry in script.walk_revisions()) == list(REVISIONS)
    assert script.get_current_head() == REVISIONS[-1]
