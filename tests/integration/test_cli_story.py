"""`explain` of a position that went through everything, and the journal that it is told from."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from domain.clock import IST
from tests.commands import Commands
from tests.world import World

SYMBOL = "IFBIND-EQ"
OLD = """
INSERT INTO journal (at, actor, user_id, position_id, order_id, event, detail) VALUES
    (now() - interval '30 days', 'service:asha#3', 1, 1, NULL, 'BREACHED', '{"text": "sold=12, held=10"}'),
    (now() - interval '30 days', 'operator:cli', 1, NULL, NULL, 'USER_ENABLED', '{}')
"""


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over the test's database."""
    return Commands(database_url, tmp_path, monkeypatch, capsys)


@pytest.fixture
def asha(cli: Commands) -> Commands:
    """The same with the user asha and her position."""
    cli.add_user()
    cli("position", "add", "asha", SYMBOL, "10", "401.20")
    return cli


def days_ago(days: int) -> str:
    return f"{datetime.now(UTC).astimezone(IST).date() - timedelta(days=days):%Y-%m-%d}"


def test_a_position_that_went_through_everything_is_told_whole(world: World, cli: Commands) -> None:
    """Catches: a deed that leaves no line, or a line without its evidence."""
    tenant = world.tenant()
    number = tenant.holds(SYMBOL, 10, own=20)
    world.broker.fault("place", "drop_before")
    tenant.at_the_bell()
    world.broker.fault("place", "lost_reply")
    tenant.cycle(75)
    first = tenant.live_at_broker()[0]["nOrdNo"]
    world.broker.fill(first, 4)
    tenant.cycle(3)
    cli.rows("UPDATE positions SET quantity = 5")
    tenant.cycle(8)
    second = tenant.live_at_broker()[0]["nOrdNo"]
    world.broker.manual_cancel(tenant.account.ucc, second)
    tenant.cycle(4)
    assert cli("exit", str(number), "--because", "bad news").code == 0
    tenant.cycle(8)
    third = tenant.at_broker()[-1]["nOrdNo"]
    assert len({first, second, third}) == 3

    story = cli("explain", str(number), "--json").json["story"]
    words = [f"{line['row'].split()[0]}: {line['what']}" for line in story]
    for begins, holds in (
        ("positions: IFBIND-EQ of user1", 'exit rule {"target_percent": 6} (the user\'s)'),
        ("journal: INTENT order 1: place SELL 10 IFBIND-EQ at 848.00, from average 800.00", "before 09:15:05 IST"),
        ("sends: place of order 1, attempt 1: 10 at 848.00", "to leave before 09:15:05 IST"),
        ("sends: place of order 1 was absent", "complete order books"),
        ("sends: place of order 1, attempt 2", "10 at 848.00"),
        ("sends: place of order 1 was found", "by the order book"),
        (f"journal: SIGHTED order 1: the order book shows {first} OPEN (was SUBMITTING)", "the send in doubt is found"),
        (f"journal: SIGHTED order 1: the order book shows {first} OPEN (was OPEN)", "4 of 10 filled at 848.00"),
        ("journal: CHANGED_BY_HAND: positions 1: quantity was 6, is 5", ""),
        ("sends: cancel of order 1 was accepted", ""),
        (f"journal: SIGHTED order 1: the order book shows {first} CANCELLED (was CANCELLING)", "4 of 10 filled"),
        ("orders: SELL 5 at 848.00, tag NTEST", f"broker's number {second}; now CANCELLED since 09:16:"),
        ("orders: SELL 5 at 848.00, tag NTEST", "(CANCELLED_BY_USER"),
        (f"journal: SIGHTED order 2: the order book shows {second} CANCELLED", "0 of 5 filled, limit 848.00"),
        ("exits: exit asked for, at most 1 % below the last price, because: bad news; limit ", ""),
        ("journal: EXIT_ASKED: exit=1", "because=bad news"),
        ("journal: EXIT_PRICED: limit ", "from the last price"),
        ("journal: INTENT order 3: place SELL 5", "from average 800.00 by the user's rule"),
        (f"journal: SIGHTED order 3: the order book shows {third} EXECUTED", "5 of 5 filled"),
        ("positions: closed: SOLD at ", "9 sold"),
    ):  # fmt: skip
        assert [line for line in words if line.startswith(begins) and holds in line], (begins, holds, words)
    assert not [line for line in words if "None" in line]
    sends = [line for line in story if line["row"].startswith("sends")]
    assert {line["generation"] for line in sends} == {1}
    assert {line["generation"] for line in story if line["what"].startswith("SIGHTED")} == {1}
    by_hand = next(line for line in story if "BY_HAND" in line["what"])
    assert (by_hand["who"].startswith("sql:"), by_hand["generation"]) == (True, None)
    table = cli("explain", str(number)).out
    assert "TIME (IST)" in table
    assert "GENERATION" in table


def test_what_people_do_beside_the_orders_is_told(asha: Commands) -> None:
    asha.rows(
        "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, quantity, price, absent_since,"
        " absent_reads) VALUES (1, 1, 'SELL', 'IFBIND-EQ', 'SUBMITTING', 'A1', 10, 425.30, now(), 1)"
    )
    asha.rows(
        "INSERT INTO settlements (order_id, user_id, verdict, broker_order_id, filled, price, because, answered_at,"
        " answer) VALUES (1, 1, 'placed', '77', 3, 425.5, 'the contract note', now(), 'LAPSED, 3 of 10 traded')"
    )
    asha.rows("INSERT INTO exits (position_id, user_id) VALUES (1, 1)")
    asha.rows("DELETE FROM exits")
    asha.rows("UPDATE users SET exit_rule = '{\"target_percent\": 8}'")
    asha("halt", "--because", "a mad market", "--cancel")
    asha("halt", "asha", "--because", "an audit")
    asha("resume")
    story = asha("explain", "1", "--json").json["story"]
    words = [line["what"] for line in story]
    assert [line["at"] for line in story] == sorted(line["at"] for line in story)
    for expected in (
        "halt of this user: an audit (still standing)",
        "RESUMED: ended halt 1 (a mad market)",
        "order 1, tag A1, was not in 1 complete order books from here on",
        "somebody says: order 1 was placed as 77, 3 filled at 425.50; because: the contract note",
        "the settlement of order 1 is answered: LAPSED, 3 of 10 traded",
        'CHANGED_BY_HAND: users 1: exit_rule was {"target_percent": 6}, is {"target_percent": 8}',
    ):
        assert expected in words
    for begins in (
        "halt of all users: a mad market (ended ",
        "DELETED_BY_HAND: exits 1 was: id=1, because=, user_id=1",
    ):
        assert [line for line in words if line.startswith(begins)], words


def test_old_rows_move_into_the_archive_and_are_told_all_the_same(asha: Commands) -> None:
    asha.rows(OLD)
    before = [line["what"] for line in asha("explain", "1", "--json").json["story"]]
    assert "BREACHED: sold=12, held=10" in before
    told = asha("journal", "archive", "--before", days_ago(8))
    assert (told.code, told.out.startswith("2 rows from before ")) == (0, True)
    assert asha.rows("SELECT event FROM journal_archive ORDER BY id") == [("BREACHED",), ("USER_ENABLED",)]
    assert asha.rows("SELECT count(*) FROM journal WHERE at < now() - interval '8 days'") == [(0,)]
    story = asha("explain", "1", "--json").json["story"]
    assert [line["what"] for line in story] == before
    archived = next(line for line in story if line["what"].startswith("BREACHED"))
    assert (archived["row"].split()[0], archived["who"], archived["generation"]) == (
        "journal_archive",
        "service:asha#3",
        3,
    )
    ((detail,),) = asha.rows("SELECT detail FROM journal WHERE event = 'JOURNAL_ARCHIVED'")
    assert (detail["rows"], detail["before"]) == (2, f"{days_ago(8)}T00:00:00+05:30")
    assert asha("journal", "archive", "--before", days_ago(8)).out.startswith("0 rows")


@pytest.mark.parametrize("days", [-1, 0, 6])
def test_a_young_journal_stays(asha: Commands, days: int) -> None:
    before = asha.counts()
    refused = asha("journal", "archive", "--before", days_ago(days))
    assert refused.code == 3
    assert "The journal of the last 7 days stays where it is" in refused.err
    assert asha.counts() == before


def test_the_day_begins_at_midnight_in_india(asha: Commands) -> None:
    """Catches: midnight in UTC, 05:30 in India."""
    asha.rows(
        "INSERT INTO journal (at, actor, event) VALUES"
        " (CAST(%s AS timestamp) AT TIME ZONE 'Asia/Kolkata' - interval '1 second', 'x', 'BEFORE'),"
        " (CAST(%s AS timestamp) AT TIME ZONE 'Asia/Kolkata', 'x', 'AT')",
        days_ago(7), days_ago(7),
    )  # fmt: skip
    asha("journal", "archive", "--before", days_ago(7))
    assert asha.rows("SELECT event FROM journal_archive") == [("BEFORE",)]


@pytest.mark.parametrize("table", ["journal", "journal_archive"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET actor = 'nobody'", "DELETE FROM {}", "TRUNCATE {}"])
def test_neither_the_journal_nor_its_archive_can_be_changed(asha: Commands, table: str, deed: str) -> None:
    asha.rows(OLD)
    asha("journal", "archive", "--before", days_ago(8))
    before = asha.rows(f"SELECT * FROM {table} ORDER BY id")
    assert before
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        asha.rows(deed.format(table))
    assert asha.rows(f"SELECT * FROM {table} ORDER BY id") == before
