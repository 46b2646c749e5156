"""`position` and `order` as an operator types them: rows that the service acts on, and bad input that writes none."""

from pathlib import Path

import pytest

from tests.commands import Commands

INSTRUMENT = (
    "INSERT INTO instruments VALUES ('IFBIND-EQ', '1', 'IFB', 'EQ', 'INE0', 0.05, 1, NULL, 300, 500, current_date)"
)
SELL = (
    "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price,"
    " trading_day, seen_at) VALUES (1, %s, 'SELL', 'IFBIND-EQ', 'OPEN', 'A1', '77', 10, 425.30, '2026-11-23', now())"
)


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with the user asha."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    return commands


def test_a_position_is_entered_and_listed(cli: Commands) -> None:
    added = cli("position", "add", "asha", "ifbind-eq", "10", "401.20", "--exit-rule", '{"target_price": 430}')
    assert (added.code, added.out) == (0, "Position 1: 10 IFBIND-EQ at 401.20 for asha.\n")
    assert "will be checked when the service loads" in added.err
    (position,) = cli("position", "list", "--json").json["positions"]
    assert (position["position"], position["user"], position["symbol"]) == (1, "asha", "IFBIND-EQ")
    assert (position["quantity"], position["avg_price"], position["exit_rule"]) == (10, 401.2, {"target_price": 430})
    assert position["opened_at"].endswith("+00:00")
    (entry,) = cli.rows("SELECT actor, event, detail FROM journal WHERE position_id = 1")
    assert entry == ("operator:cli", "POSITION_OPENED", {"symbol": "IFBIND-EQ", "shares": 10, "price": "401.20"})


def test_a_symbol_is_checked_against_the_instrument_file(cli: Commands) -> None:
    cli.rows(INSTRUMENT)
    assert cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20").err == ""
    refused = cli("position", "add", "asha", "IFBIND", "10", "401.20")
    assert refused.code == 3
    assert "IFBIND is not in the instrument file" in refused.err
    assert cli.counts()["positions"] == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("asha", "X-EQ", "-5", "100"), "whole number of shares above 0"),
        (("asha", "X-EQ", "0", "100"), "whole number of shares above 0"),
        (("asha", "X-EQ", "1.5", "100"), "whole number of shares above 0"),
        (("asha", "X-EQ", "9" * 5000, "100"), "whole number of shares above 0"),
        (("asha", "X-EQ", "2147483648", "100"), "at most 2147483647"),
        (("asha", "X-EQ", "5", "0"), "rupees above 0"),
        (("asha", "X-EQ", "5", "-3"), "rupees above 0"),
        (("asha", "X-EQ", "5", "NaN"), "rupees above 0"),
        (("asha", "X-EQ", "5", "1e-20000"), "rupees above 0"),
        (("asha", "X-EQ", "5", "1e400000"), "rupees above 0"),
        (("asha", "X-EQ", "5", "cheap"), "rupees above 0"),
        (("asha", "", "5", "100"), "not a trading symbol"),
        (("asha", "X\0", "5", "100"), "not a trading symbol"),
        (("nobody", "X-EQ", "5", "100"), "There is no user 'nobody'"),
        (("asha", "X-EQ", "5", "100", "--exit-rule", "null"), "exit rule"),
    ],
)
def test_a_bad_position_is_refused_in_a_sentence_and_nothing_is_written(
    cli: Commands, words: tuple[str, ...], says: str
) -> None:
    before = cli.counts()
    refused = cli("position", "add", *words)
    assert refused.code == 3
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1
    assert cli.counts() == before


def test_a_second_open_position_of_a_symbol_is_refused(cli: Commands) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    before = cli.counts()
    refused = cli("position", "add", "asha", "ifbind-eq", "3", "400")
    assert refused.code == 3
    assert "There is an open position of IFBIND-EQ already" in refused.err
    assert cli.counts() == before


@pytest.mark.parametrize("taken", [1, 2, 5])
def test_numbers_taken_by_hand_are_skipped(cli: Commands, taken: int) -> None:
    """Catches: an insert that trusts the identity sequence."""
    cli.rows("INSERT INTO positions (id, user_id, symbol, quantity, avg_price) VALUES (%s, 1, 'A-EQ', 1, 1)", taken)
    assert cli("position", "add", "asha", "B-EQ", "1", "1").out.startswith(f"Position {taken + 1}:")
    assert cli("position", "add", "asha", "C-EQ", "1", "1").out.startswith(f"Position {taken + 2}:")


def test_an_exit_rule_is_set_and_taken_back(cli: Commands) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    assert cli("position", "set-exit", "1", '{"target_percent": 8}').code == 0
    assert cli.rows("SELECT exit_rule FROM positions") == [({"target_percent": 8},)]
    assert cli("position", "set-exit", "1", "{}").code == 3
    assert cli("position", "set-exit", "1", "null").out == "Position 1 sells by the rule of its user.\n"
    assert cli.rows("SELECT exit_rule IS NULL FROM positions") == [(True,)]
    events = [event for (event,) in cli.rows("SELECT event FROM journal WHERE position_id = 1 ORDER BY id")]
    assert events == ["POSITION_OPENED", "POSITION_EXIT_SET", "POSITION_EXIT_SET"]


def test_a_closed_position_is_journaled_and_its_order_named(cli: Commands) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    cli.rows(SELL, 1)
    closed = cli("position", "close", "1", "--because", "sold by phone")
    assert (closed.code, closed.out) == (0, "Position 1 is closed.\n")
    assert "sell order 1 may rest" in closed.err
    assert cli.rows("SELECT closed_at IS NOT NULL, close_reason, quantity FROM positions") == [(True, "OPERATOR", 10)]
    ((detail,),) = cli.rows("SELECT detail FROM journal WHERE event = 'POSITION_CLOSED'")
    assert detail == {"how": "OPERATOR", "because": "sold by phone", "shares": 10}
    assert cli("position", "list", "--json").json == {"positions": []}
    assert [p["close_reason"] for p in cli("position", "list", "--all", "--json").json["positions"]] == ["OPERATOR"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("close", "1", "--because", "again"), "Position 1 is closed already"),
        (("close", "99", "--because", "x"), "Position 99 does not exist"),
        (("close", "99999999999999999999", "--because", "x"), "does not exist"),
        (("close", "1", "--because", " "), "Say why"),
        (("set-exit", "1", "null"), "Position 1 is closed already"),
    ],
)
def test_what_cannot_be_changed_is_a_sentence(cli: Commands, words: tuple[str, ...], says: str) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    cli("position", "close", "1", "--because", "x")
    before = cli.counts()
    refused = cli("position", *words)
    assert refused.code == 3
    assert says in refused.err
    assert cli.counts() == before


def test_orders_are_listed_by_user_day_and_life(cli: Commands) -> None:
    cli("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    cli.rows(SELL, 1)
    cli.rows(
        "INSERT INTO orders (user_id, side, symbol, status, quantity, price, trading_day)"
        " VALUES (1, 'BUY', 'IFBIND-EQ', 'ONGOING', 10, 401.20, '2026-11-20')"
    )
    assert [o["id"] for o in cli("order", "list", "--json").json["orders"]] == [1, 2]
    assert [o["id"] for o in cli("order", "list", "--live", "--json").json["orders"]] == [1]
    (order,) = cli("order", "list", "--user", "asha", "--day", "2026-11-20", "--json").json["orders"]
    assert (order["id"], order["side"], order["price"], order["day"]) == (2, "BUY", 401.2, "2026-11-20")
    assert "IFBIND-EQ" in cli("order", "list").out
    assert cli("order", "list", "--day", "2026-11-19").out == "There are no such orders.\n"
    assert cli("order", "list", "--day", "yesterday").code == 2
    assert cli("order", "list", "--user", "nobody").code == 3
