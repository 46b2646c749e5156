"""`exit` as an operator types it: one standing row a position, and a word about what keeps it from happening."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.commands import Commands

OPEN_DRILL = """
INSERT INTO supervisors (host, pid, lease_until, drill, bell_at, close_at, cycle_seconds)
    VALUES ('here', 7, now() + interval '1 hour', true, now() - interval '1 hour', now() + interval '1 hour', 5);
INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 3);
INSERT INTO heartbeats (user_id, generation, state, text, book_at) VALUES (1, 3, 'TRADING', 'open', now());
"""
ALL_DAY = """
INSERT INTO market_days SELECT day, day::timestamp AT TIME ZONE 'Asia/Kolkata',
    (day::timestamp + interval '24 hours' - interval '1 second') AT TIME ZONE 'Asia/Kolkata', 'test'
    FROM (SELECT (now() AT TIME ZONE 'Asia/Kolkata')::date AS day) today
"""
STANDING = "SELECT id, at_most_percent_below_last, because FROM exits WHERE ended_at IS NULL"


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with asha's position, served in market hours."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    commands("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    commands.rows(OPEN_DRILL)
    return commands


def test_an_exit_is_a_row_and_journaled(cli: Commands) -> None:
    told = cli("exit", "1", "--because", "bad news")
    says = "Exit 1: 10 IFBIND-EQ of asha to be sold at most 1 % below the last price.\n"
    assert (told.code, told.out, told.err) == (0, says, "")
    assert cli.rows("SELECT position_id, user_id, at_most_percent_below_last, because, created_by FROM exits") == [
        (1, 1, Decimal(1), "bad news", "operator:cli")
    ]
    (entry,) = cli.rows("SELECT position_id, detail FROM journal WHERE event = 'EXIT_ASKED'")
    assert entry == (1, {"exit": 1, "at_most_percent_below_last": "1", "because": "bad news"})


def test_a_new_exit_takes_the_place_of_the_earlier_one(cli: Commands) -> None:
    """Catches: an insert that the unique index refuses, or that leaves two standing."""
    cli("exit", "1")
    told = cli("exit", "1", "--at-most-percent-below-last", "2.5")
    assert "at most 2.5 % below the last price. It takes the place of exit 1." in told.out
    assert cli.rows(STANDING) == [(2, Decimal("2.5"), "")]
    events = [event for (event,) in cli.rows("SELECT event FROM journal WHERE event LIKE 'EXIT%' ORDER BY id")]
    assert events == ["EXIT_ASKED", "EXIT_ENDED", "EXIT_ASKED"]


def test_an_exit_is_stopped(cli: Commands) -> None:
    cli("exit", "1")
    assert cli("exit", "1", "--stop", "--because", "a mistake").out == (
        "Exit 1 of position 1 is ended; its rule holds again.\n"
    )
    assert cli.rows(STANDING) == []
    assert cli.rows("SELECT detail FROM journal WHERE event = 'EXIT_ENDED'") == [({"exit": 1, "because": "a mistake"},)]
    again = cli("exit", "1", "--stop")
    assert (again.code, "No exit of position 1 stands" in again.err) == (3, True)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (
            "INSERT INTO halts (user_id, because) VALUES (1, 'audit')",
            "while halt 1 stands (audit); end it: run.py resume",
        ),
        ("UPDATE supervisors SET close_at = now() - interval '1 minute'", "The market is closed"),
        ("UPDATE positions SET reason = 'BREACHED', reason_text = 'sold=12'", "frozen by BREACHED (sold=12)"),
        ("UPDATE positions SET reason = 'CORPORATE_ACTION', reason_text = 'x'", "frozen by CORPORATE_ACTION (x)"),
        ("UPDATE supervisors SET lease_until = now() - interval '1 minute'", "no running service holds the user asha"),
    ],
)
def test_what_keeps_an_exit_from_happening_is_noted(cli: Commands, rows: str, says: str) -> None:
    if "lease_until" in rows:
        cli.rows(ALL_DAY)
    cli.rows(rows)
    told = cli("exit", "1")
    assert told.code == 0
    assert says in told.err
    assert len(cli.rows(STANDING)) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("1", "--at-most-percent-below-last", "-1"), "must be a number from 0 to 20"),
        (("1", "--at-most-percent-below-last", "20.01"), "must be a number from 0 to 20"),
        (("1", "--at-most-percent-below-last", "NaN"), "must be a number from 0 to 20"),
        (("1", "--at-most-percent-below-last", "few"), "must be a number from 0 to 20"),
        (("1", "--because", ""), "Say why"),
        (("1", "--stop", "--at-most-percent-below-last", "1"), "--stop ends an exit and takes no percentage"),
        (("2",), "Position 2 is closed already"),
        (("2", "--stop"), "Position 2 is closed already"),
        (("99",), "Position 99 does not exist"),
    ],
)
def test_a_bad_exit_is_refused_in_a_sentence_and_nothing_is_written(
    cli: Commands, words: tuple[str, ...], says: str
) -> None:
    cli("position", "add", "asha", "ITC-EQ", "10", "401.20")
    cli("position", "close", "2", "--because", "x")
    before = cli.counts()
    refused = cli("exit", *words)
    assert refused.code == 3
    assert says in refused.err
    assert (cli.counts(), cli.rows("SELECT id FROM exits")) == (before, [])
