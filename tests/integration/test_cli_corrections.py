"""`position ratio` and `position clear`: a person's word, in one transaction, with both numbers in the journal."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.commands import Commands, Result

FROZEN = (
    "UPDATE positions SET reason = 'CORPORATE_ACTION', reason_text = 'holdings=20', reason_at = now(), isin = 'INE0'"
)
BREACHED = "UPDATE positions SET reason = 'BREACHED', reason_text = 'sold=12, held=10', reason_at = now()"
HELD = "SELECT quantity, avg_price, exit_rule, reason, isin FROM positions WHERE id = 1"
SELL = (
    "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price)"
    " VALUES (1, 1, 'SELL', 'IFBIND-EQ', 'OPEN', 'A1', '77', 10, 425.30)"
)


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with asha's position, sold by a price of its own."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    commands("position", "add", "asha", "IFBIND-EQ", "10", "401.20", "--exit-rule", '{"target_price": 815.5}')
    return commands


def confirm(cli: Commands, ratio: str) -> Result:
    return cli("position", "ratio", "1", ratio, "--because", "NSE circular", "--unasked")


def test_a_ratio_that_nobody_asked_for_is_not_applied_and_never_twice(cli: Commands) -> None:
    words = ("position", "ratio", "1", "2:1", "--because", "NSE circular")
    assert (cli(*words).code, cli.rows("SELECT quantity FROM positions")) == (3, [(10,)])
    cli.rows(FROZEN)
    assert cli(*words).code == 0
    again = cli(*words)
    assert (again.code, "--unasked" in again.err) == (3, True)
    assert cli.rows("SELECT quantity FROM positions") == [(20,)]


def test_a_split_is_taken_over_whole(cli: Commands) -> None:
    """Catches: twice the shares at the old target."""
    cli.rows(FROZEN)
    told = confirm(cli, "5:2")
    assert (told.code, told.err) == (0, "")
    assert "Position 1: 10 IFBIND-EQ at 401.20 are now 25 at 160.48." in told.out
    assert 'Its own rule is now {"target_price": 326.2}, it was {"target_price": 815.5}.' in told.out
    assert cli.rows(HELD) == [(25, Decimal("160.48"), {"target_price": 326.2}, None, None)]
    (entry,) = cli.rows("SELECT actor, detail FROM journal WHERE event = 'RATIO_CONFIRMED'")
    assert entry[0] == "operator:cli"
    assert (entry[1]["ratio"], entry[1]["because"]) == ("5:2", "NSE circular")
    was, became = entry[1]["was"], entry[1]["is"]
    assert (was["quantity"], was["avg_price"], was["isin"], was["text"]) == (10, "401.20", "INE0", "holdings=20")
    assert (became["quantity"], became["avg_price"]) == (25, "160.48")


def test_one_to_one_means_that_nothing_changed(cli: Commands) -> None:
    cli.rows(FROZEN)
    assert "10 IFBIND-EQ at 401.20 are now 10 at 401.20" in confirm(cli, "1:1").out
    assert cli.rows(HELD) == [(10, Decimal("401.20"), {"target_price": 815.5}, None, None)]


@pytest.mark.parametrize("rule", ['{"target_percent": 6.25}', '{"target_price": "dear"}', '{"trailing": 3}'])
def test_a_rule_that_names_no_price_stays_as_it_is_written(cli: Commands, rule: str) -> None:
    cli.rows("ALTER TABLE positions DISABLE TRIGGER positions_rule_is_sound")
    cli.rows("UPDATE positions SET exit_rule = CAST(%s AS jsonb)", rule)
    assert confirm(cli, "2:1").code == 0
    assert cli.rows("SELECT quantity, CAST(exit_rule AS text) FROM positions") == [(20, rule)]


def test_only_the_reason_of_the_ratio_is_cleared(cli: Commands) -> None:
    """Catches: a ratio that lets a breached position trade."""
    cli.rows(BREACHED)
    told = confirm(cli, "2:1")
    assert "It was not frozen by CORPORATE_ACTION" in told.err
    assert cli.rows("SELECT quantity, reason FROM positions") == [(20, "BREACHED")]


def test_a_price_in_the_users_rule_is_pointed_at(cli: Commands) -> None:
    cli("position", "set-exit", "1", "null")
    cli("user", "set-exit", "asha", '{"target_price": 815.5}')
    assert 'Its user\'s rule names a price, {"target_price": 815.5}' in confirm(cli, "2:1").err


def test_a_fraction_of_a_share_is_refused_with_the_sql_that_helps(cli: Commands) -> None:
    refused = confirm(cli, "1:3")
    assert refused.code == 3
    assert "10 shares at 1:3 make 10/3, which is no number of shares" in refused.err
    statement = refused.err[refused.err.index("UPDATE positions") :].strip()
    cli.rows(FROZEN)
    cli.rows(statement)
    assert cli.rows("SELECT quantity, avg_price, reason, isin FROM positions") == [(3, Decimal("1203.6"), None, None)]


def test_a_ratio_waits_for_the_end_of_the_resting_order(cli: Commands) -> None:
    cli.rows(SELL)
    before = cli.rows(HELD)
    refused = confirm(cli, "2:1")
    assert (refused.code, "Sell order 1 of position 1 may still trade; it must end first" in refused.err) == (3, True)
    assert cli.rows(HELD) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("ratio", "1", "2", "--because", "x"), "must be NEW:OLD"),
        (("ratio", "1", "0:1", "--because", "x"), "must be NEW:OLD"),
        (("ratio", "1", "2:1.5", "--because", "x"), "must be NEW:OLD"),
        (("ratio", "1", "9999999:1", "--because", "x"), "must be NEW:OLD"),
        (("ratio", "1", "2:1", "--because", " "), "Say why"),
        (("ratio", "99", "2:1", "--because", "x"), "Position 99 does not exist"),
        (("clear", "99", "--because", "x"), "Position 99 does not exist"),
        (("clear", "1", "--because", "x"), "Position 1 has no reason to clear"),
        (("clear", "1", "--because", ""), "Say why"),
    ],
)
def test_what_cannot_be_corrected_is_a_sentence(cli: Commands, words: tuple[str, ...], says: str) -> None:
    before = cli.rows(HELD), cli.counts()
    refused = cli("position", *words)
    assert (refused.code, says in refused.err) == (3, True)
    assert (cli.rows(HELD), cli.counts()) == before


def test_a_closed_position_is_not_corrected(cli: Commands) -> None:
    cli("position", "close", "1", "--because", "x")
    for words in (("ratio", "1", "2:1"), ("clear", "1")):
        assert "Position 1 is closed already" in cli("position", *words, "--because", "x").err


def test_a_breach_is_cleared_by_hand_and_nothing_else_is(cli: Commands) -> None:
    cli.rows(FROZEN)
    refused = cli("position", "clear", "1", "--because", "looked")
    assert (refused.code, "says CORPORATE_ACTION: holdings=20; only BREACHED is cleared by hand" in refused.err) == (
        3,
        True,
    )
    cli.rows(BREACHED)
    cli("halt", "asha", "--because", "a breach")
    told = cli("position", "clear", "1", "--because", "looked")
    assert (told.code, told.out) == (0, "Position 1 is not BREACHED any more.\n")
    assert told.err == "User asha is still halted: run.py resume asha\n"
    assert cli.rows("SELECT reason, reason_text, reason_at FROM positions") == [(None, None, None)]
    (entry,) = cli.rows("SELECT detail FROM journal WHERE event = 'REASON_CLEARED'")
    assert entry == ({"reason": "BREACHED", "text": "sold=12, held=10", "because": "looked"},)
