"""`halt` and `resume` as an operator types them, and where a standing halt is told."""

from pathlib import Path

import pytest

from tests.commands import Commands


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with the users asha and binod."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    commands.add_user("binod")
    return commands


def test_a_halt_of_one_user_is_a_row_and_journaled(cli: Commands) -> None:
    told = cli("halt", "asha", "--because", "an audit", "--cancel")
    assert told.code == 0
    assert "Halt 1 stands for asha" in told.out
    assert "resting orders are cancelled" in told.out
    rows = cli.rows("SELECT user_id, because, cancel_orders, created_by, ended_at FROM halts")
    assert rows == [(1, "an audit", True, "operator:cli", None)]
    (entry,) = cli.rows("SELECT actor, user_id, detail FROM journal WHERE event = 'HALTED'")
    assert entry == ("operator:cli", 1, {"halt": 1, "because": "an audit", "cancel_orders": True})


def test_a_halt_is_shown_wherever_one_looks(cli: Commands) -> None:
    cli("halt", "--because", "the exchange is mad")
    cli("halt", "asha", "--because", "an audit", "--cancel")
    assert [halt["cancel_orders"] for halt in cli("status", "--json").json["halts"]] == [False, True]
    lines = cli("coverage").out.splitlines()
    assert lines[0] == "HALTED all users (halt 1, operator:cli): the exchange is mad."
    assert lines[1] == "HALTED asha (halt 2, operator:cli): an audit. Resting orders are cancelled."
    assert [halt["because"] for halt in cli("coverage", "--json").json["halts"]] == ["the exchange is mad", "an audit"]
    assert [halt["id"] for halt in cli("coverage", "--user", "binod", "--json").json["halts"]] == [1]
    users = cli("user", "list", "--json").json["users"]
    assert [user["halted"] for user in users] == ["the exchange is mad; an audit", "the exchange is mad"]
    assert cli("user", "show", "binod", "--json").json["halted"] == "the exchange is mad"
    assert "an audit" in cli("user", "list").out


def test_resume_ends_the_halts_of_that_user_and_tells_what_remains(cli: Commands) -> None:
    """Catches: a resume of one user that lets everybody trade."""
    cli("halt", "--because", "all")
    for why in ("one", "two"):
        cli("halt", "asha", "--because", why)
    cli("halt", "binod", "--because", "three")
    told = cli("resume", "asha", "--because", "all is well")
    assert (told.code, told.out) == (0, "2 halts of asha ended (2, 3).\n")
    assert told.err == "Still standing: HALTED all users (halt 1, operator:cli): all.\n"
    assert cli.rows("SELECT id FROM halts WHERE ended_at IS NULL ORDER BY id") == [(1,), (4,)]
    (entry,) = cli.rows("SELECT user_id, detail FROM journal WHERE event = 'RESUMED'")
    assert entry == (1, {"halts": [2, 3], "because": "all is well", "were": ["one", "two"]})
    told = cli("resume")
    assert told.out == "1 halt of all users ended (1).\n"
    assert "halt 4" in told.err
    assert cli("resume", "binod").err == ""


def test_resume_names_the_positions_that_stay_blocked(cli: Commands) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    cli("position", "add", "binod", "ITC-EQ", "10", "401.20")
    cli.rows("UPDATE positions SET reason = 'BREACHED', reason_text = 'sold=12, held=10', reason_at = now()")
    cli("halt", "asha", "--because", "a breach")
    assert cli("resume", "asha").err == (
        "Position 1 is still BREACHED and stays blocked: run.py position clear 1 --because TEXT\n"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("halt", "asha", "--because", " "), "Say why"),
        (("halt", "nobody", "--because", "x"), "There is no user 'nobody'"),
        (("resume", "nobody"), "There is no user 'nobody'"),
        (("resume", "binod", "--because", ""), "Say why"),
        (("resume", "binod"), "No halt to end stands; nothing was changed. But halt 1 stands for all users: all."),
    ],
)
def test_what_cannot_be_halted_or_resumed_is_a_sentence(cli: Commands, words: tuple[str, ...], says: str) -> None:
    cli("halt", "--because", "all")
    before = cli.rows("SELECT * FROM halts"), cli.counts()
    refused = cli(*words)
    assert refused.code == 3
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1
    assert (cli.rows("SELECT * FROM halts"), cli.counts()) == before


def test_what_happens_to_the_owners_changes_is_a_policy_of_the_user(cli: Commands) -> None:
    assert cli("user", "show", "asha", "--json").json["owner_policy"] == "respect"
    assert "placed again" in cli("user", "set-policy", "asha", "re-protect").out
    users = cli("user", "list", "--json").json["users"]
    assert [user["owner_policy"] for user in users] == ["re-protect", "respect"]
    assert cli.rows("SELECT detail FROM journal WHERE event = 'USER_POLICY_SET'") == [({"policy": "re-protect"},)]
    refused = cli("user", "set-policy", "asha", "fight")
    assert (refused.code, "known are: respect, re-protect" in refused.err) == (3, True)
