"""`settle` as an operator types it: refused at once where the service would refuse, else a row that it answers."""

from decimal import Decimal
from pathlib import Path

import pytest

import cli.settle as settle_verb
from tests.commands import Commands

ORDER = """
INSERT INTO orders (user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, filled, price,
    trading_day) VALUES (1, 1, 'SELL', 'IFBIND-EQ', %s, 'A1', %s, 10, %s, 425.30,
    (now() AT TIME ZONE 'Asia/Kolkata')::date - %s);
"""
SEND = """
INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, price, send_by, outcome)
    VALUES (1, 1, 'place', 1, 3, 10, 425.30, now() - make_interval(secs => %s), 'unknown')
"""
SERVED = """
INSERT INTO supervisors (host, pid, lease_until, cycle_seconds) VALUES ('here', 7, now() + interval '1 hour', 5);
INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 3);
"""
SERVICE = """
CREATE FUNCTION answer_at_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.answered_at := now();
    NEW.answer := 'placed as 77; the order book tells the rest';
    RETURN NEW;
END $$;
CREATE TRIGGER answer_at_once BEFORE INSERT ON settlements FOR EACH ROW EXECUTE FUNCTION answer_at_once();
"""
WRITTEN = "SELECT order_id, user_id, verdict, broker_order_id, filled, price, because, created_by FROM settlements"


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with asha's position."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    commands("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    return commands


def order(cli: Commands, status: str = "SUBMITTING", number: str | None = None, filled: int = 0, days: int = 0) -> None:
    cli.rows(ORDER, status, number, filled, days)
    cli.rows(SEND, 60)


def test_an_order_in_doubt_is_settled_as_placed(cli: Commands) -> None:
    order(cli)
    told = cli("settle", "1", "--as", "placed", "--broker-order-id", "77", "--because", "seen in the app")
    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "Settlement 1 of order 1 is written: placed.\n"
        "The service applies it at the next look, once asha is served; see: run.py explain POSITION\n"
    )
    assert cli.rows(WRITTEN) == [(1, 1, "placed", "77", None, None, "seen in the app", "operator:cli")]
    (entry,) = cli.rows("SELECT user_id, position_id, order_id, detail FROM journal WHERE event = 'SETTLEMENT_ASKED'")
    assert entry[:3] == (1, 1, 1)
    assert {"settlement": 1, "verdict": "placed", "number": "77", "because": "seen in the app"}.items() <= entry[
        3
    ].items()
    again = cli("settle", "1", "--as", "placed", "--broker-order-id", "77", "--because", "again")
    assert (again.code, "settlement 1 of it waits for the service's answer already" in again.err) == (3, True)


def test_an_order_of_an_earlier_day_is_settled_with_what_traded(cli: Commands) -> None:
    order(cli, "OPEN", "77", 2, 1)
    words = ("--broker-order-id", "77", "--filled", "7", "--price", "426.10", "--because", "contract note")
    assert cli("settle", "1", "--as", "placed", *words).code == 0
    assert cli.rows(WRITTEN)[0][3:6] == ("77", 7, Decimal("426.10"))


def test_what_proves_absent_is_settled_as_not_placed(cli: Commands) -> None:
    order(cli)
    assert cli("settle", "1", "--as", "not-placed", "--because", "the broker says so").code == 0
    assert cli.rows(WRITTEN) == [(1, 1, "not-placed", None, None, None, "the broker says so", "operator:cli")]


def test_not_placed_is_refused_while_the_send_may_arrive_and_says_until_when(cli: Commands) -> None:
    """Catches: a second order under a new tag while the first is on its way. ABSENT_AFTER is 30 s."""
    cli.rows(ORDER, "SUBMITTING", None, 0, 0)
    cli.rows(SEND, 0)
    refused = cli("settle", "1", "--as", "not-placed", "--because", "x")
    assert refused.code == 3
    query = "SELECT to_char((send_by + interval '30 s') AT TIME ZONE 'Asia/Kolkata', 'HH24:MI:SS') FROM sends"
    ((possible,),) = cli.rows(query)
    assert f"from {possible} IST on" in refused.err
    assert cli.rows(WRITTEN) == []


def test_a_running_service_is_waited_for(cli: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    order(cli)
    cli.rows(SERVED)
    monkeypatch.setattr(settle_verb, "PATIENCE", 0.0)
    words = ("settle", "1", "--as", "placed", "--broker-order-id", "77", "--because", "x")
    assert "The service applies it at its next look; see" in cli(*words).out
    cli.rows("DELETE FROM settlements")
    cli.rows(SERVICE)
    assert "The service answers: placed as 77; the order book tells the rest.\n" in cli(*words).out


@pytest.mark.parametrize(
    ("row", "words", "says"),
    [
        (None, ("--as", "not-placed"), "Order 1 does not exist"),
        (("CANCELLED", "77", 0, 0), ("--as", "placed", "--broker-order-id", "77"), "is not live"),
        (("ACCEPTED", "77", 0, 0), ("--as", "not-placed"), "the broker gave it the number 77: it was placed"),
        (("OPEN", "77", 0, 1), ("--as", "placed", "--broker-order-id", "77"), "say how many of its shares traded"),
        (("OPEN", "77", 0, 1), ("--as", "placed", "--broker-order-id", "78", "--filled", "3"), "number 77, not 78"),
        (("OPEN", "77", 2, 1), ("--as", "placed", "--broker-order-id", "77", "--filled", "1"), "must be from 2 to 10"),
        (("OPEN", "77", 2, 1), ("--as", "placed", "--broker-order-id", "77", "--filled", "11"), "must be from 2 to 10"),
        (("SUBMITTING", None, 0, 0), ("--as", "placed"), "needs the broker's number"),
        (("SUBMITTING", None, 0, 0), ("--as", "placed", "--broker-order-id", "7 7"), "is not an order number"),
        (("SUBMITTING", None, 0, 0), ("--as", "not-placed", "--filled", "1"), "takes no number, shares or price"),
        (("SUBMITTING", None, 0, 1), ("--as", "placed", "--broker-order-id", "7", "--price", "4"), "say how many with"),
        (("SUBMITTING", None, 0, 0), ("--as", "lost"), "--as must be placed or not-placed"),
        (("SUBMITTING", None, 0, 0), ("--as", "not-placed", "--because", " "), "Say why"),
    ],
)
def test_what_cannot_be_settled_is_a_sentence_and_nothing_is_written(
    cli: Commands, row: tuple[str, str | None, int, int] | None, words: tuple[str, ...], says: str
) -> None:
    if row is not None:
        order(cli, *row)
    before = cli.counts()
    refused = cli("settle", "1", *(words if "--because" in words else (*words, "--because", "x")))
    assert refused.code == 3
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1
    assert (cli.counts(), cli.rows(WRITTEN)) == (before, [])
