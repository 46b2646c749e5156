"""Paper accounts on the command line and by SQL: entered, filled, shown as paper, and in no sum with money."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import CheckViolation

from domain.paper_faults import CALLS, KINDS, kinds_of
from tests.commands import RULE, Commands

DRILL = """
INSERT INTO supervisors (host, pid, lease_until, drill, bell_at, close_at, cycle_seconds)
    VALUES ('here', 7, now() + interval '1 hour', true, now() - interval '1 hour', now() + interval '1 hour', 5);
INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 3), (2, 1, 1);
INSERT INTO heartbeats (user_id, generation, state, text, book_at)
    VALUES (1, 3, 'TRADING', 'open', now()), (2, 1, 'TRADING', 'open', now());
UPDATE positions SET reason = 'REJECTED', reason_text = 'odd', reason_at = now();
"""


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with the paper user ravi."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    told = commands("user", "add", "ravi", "--broker", "paper", "--exit-rule", RULE)
    assert (told.code, told.out) == (0, "User ravi is entered on paper under number 1.\n")
    return commands


def test_an_account_needs_no_credentials_and_begins_with_a_million(cli: Commands) -> None:
    assert cli.rows("SELECT count(*) FROM credentials") == [(0,)]
    shown = cli("user", "show", "ravi", "--json").json
    assert (shown["broker"], shown["credentials"], shown["live"]) == ("paper", "none needed on paper", False)
    account = cli("paper", "show", "ravi", "--json").json
    assert (account["cash"], account["holdings"], account["orders"]) == (1_000_000, [], [])
    told = cli("paper", "show", "ravi").out
    assert told.startswith("ravi (paper): cash 1,000,000.00; orders of no day yet.\nIt holds no shares.\n")


def test_one_row_by_sql_is_an_account(cli: Commands) -> None:
    cli.rows("INSERT INTO users (name, broker, exit_rule) VALUES ('lata', 'paper', '{\"target_percent\": 6}')")
    assert cli("paper", "show", "lata", "--json").json["cash"] == 1_000_000


def test_cash_shares_and_faults_are_rows_and_in_the_journal(cli: Commands) -> None:
    assert cli("paper", "deposit", "ravi", "-250000.50").out == "ravi (paper) has 749,999.50 now.\n"
    assert cli("paper", "hold", "ravi", "ifbind-eq", "10", "800").out == "ravi (paper) holds 10 IFBIND-EQ.\n"
    assert cli("paper", "fault", "ravi", "place", "lost_reply", "--times", "2").code == 0
    account = cli("paper", "show", "ravi", "--json").json
    assert account["holdings"] == [{"symbol": "IFBIND-EQ", "quantity": 10, "average_price": 800.0}]
    assert [(f["call"], f["kind"], f["times"]) for f in account["faults"]] == [("place", "lost_reply", 2)]
    assert "lost_reply" in cli("paper", "show", "ravi").out
    assert cli("paper", "fault", "ravi", "clear").code == 0
    assert cli("paper", "hold", "ravi", "IFBIND-EQ", "0").code == 0
    account = cli("paper", "show", "ravi", "--json").json
    assert (account["holdings"], account["faults"]) == ([], [])
    events = cli.rows("SELECT event FROM journal WHERE event LIKE 'PAPER%' ORDER BY id")
    assert [event for (event,) in events] == [
        "PAPER_DEPOSIT",
        "PAPER_HOLDING",
        "PAPER_FAULT",
        "PAPER_FAULTS_CLEARED",
        "PAPER_HOLDING",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("paper", "deposit", "ravi", "much"), "The amount must be a number of rupees in whole paise"),
        (("paper", "deposit", "ravi", "1.005"), "The amount must be a number of rupees in whole paise"),
        (("paper", "deposit", "ravi", "nan"), "The amount must be a number of rupees in whole paise"),
        (("paper", "hold", "ravi", "IFBIND-EQ", "-1", "800"), "The shares must be a whole number, 0 or more"),
        (("paper", "hold", "ravi", "IFBIND-EQ", "99999999999", "800"), "The shares must be a whole number, 0 or more"),
        (("paper", "hold", "ravi", "IFBIND-EQ", "0"), "The paper account holds no IFBIND-EQ"),
        (("paper", "hold", "ravi", "IFBIND-EQ", "1", "-1"), "The price must be a number of rupees above 0"),
        (("paper", "fault", "ravi", "place", "gremlins"), "'gremlins' is not known; known are: drop_before, "),
        (("paper", "fault", "ravi", "plaice", "hang"), "The call 'plaice' is not known; known are: place, modify"),
        (("paper", "fault", "ravi", "place"), "Say what is to go wrong: drop_before, lost_reply"),
        (("paper", "fault", "ravi", "place", "missing_rows"), "can never strike a call place, only: orders."),
        (("paper", "fault", "ravi", "any", "late_row"), "can never strike a call any, only: place."),
        (("paper", "fault", "ravi", "place", "hang", "--times", "-1"), "--times must be from 0 (until cleared)"),
        (("paper", "fault", "ravi", "place", "hang", "--times", "99999999999"), "--times must be from 0"),
        (("paper", "fault", "ravi", "place", "hang", "--seconds", "4000"), "--seconds must be from 0 to 3600"),
        (("paper", "deposit", "ravi", "-99999999"), "less cash than that (1,000,000.00 rupees)"),
        (("paper", "hold", "ravi", "NOSUCH-EQ", "10", "800"), "NOSUCH-EQ is in no instrument file"),
        (("paper", "buy", "ravi", "NOSUCH-EQ", "10", "800"), "NOSUCH-EQ is in no instrument file"),
        (
            ("paper", "fault", "ravi", "place", "hang", "--probability", "3"),
            "--probability must be more than 0 and at most 1",
        ),
        (("paper", "show", "nobody"), "There is no user 'nobody'"),
        (("user", "set-credentials", "ravi", "--credentials", "FILE"), "trades on paper and needs no credentials"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_nothing_is_written(
    cli: Commands, words: tuple[str, ...], says: str
) -> None:
    words = tuple(cli.credentials() if word == "FILE" else word for word in words)
    before = cli.rows("SELECT * FROM journal")
    refused = cli(*words)
    assert refused.code == 3
    assert says in refused.err
    assert cli.rows("SELECT * FROM journal") == before


def test_credentials_go_with_real_accounts_alone(cli: Commands) -> None:
    given = cli("user", "add", "lata", "--broker", "paper", "--credentials", cli.credentials(), "--exit-rule", RULE)
    assert "A paper account needs no credentials: leave --credentials out." in given.err
    missing = cli("user", "add", "asha", "--broker", "kotak_neo", "--exit-rule", RULE)
    assert "An account at kotak_neo needs --credentials FILE." in missing.err
    assert cli.rows("SELECT name FROM users") == [("ravi",)]


def test_paper_never_goes_over_to_money_nor_money_to_paper(cli: Commands, psql: psycopg.Connection) -> None:
    cli.add_user("asha")
    with pytest.raises(CheckViolation, match="user ravi trades with paper and cannot go over to kotak_neo"):
        psql.execute("UPDATE users SET broker = 'kotak_neo' WHERE name = 'ravi'")
    with pytest.raises(CheckViolation, match="user asha trades with kotak_neo and cannot go over to paper"):
        psql.execute("UPDATE users SET broker = 'paper' WHERE name = 'asha'")
    with pytest.raises(CheckViolation, match="users_on_paper_are_never_live"):
        psql.execute("UPDATE users SET live = true WHERE name = 'ravi'")


def test_paper_is_in_no_sum_with_money(cli: Commands) -> None:
    """Catches: rupees of a rehearsal that hide, or inflate, what is really not covered."""
    cli.add_user("asha")
    cli("position", "add", "ravi", "IFBIND-EQ", "10", "800")
    cli("position", "add", "asha", "ITC-EQ", "5", "400")
    cli.rows(DRILL)
    for user, symbol in ((1, "IFBIND-EQ"), (2, "ITC-EQ")):
        cli.rows(
            "INSERT INTO orders (user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price,"
            " trading_day) VALUES (%s, %s, 'SELL', %s, 'EXECUTED', %s, '7', 1, 900,"
            " (now() AT TIME ZONE 'Asia/Kolkata')::date)",
            *(user, user, symbol, f"T{user}"),
        )
    told = cli("coverage", "--json").json
    money, paper = told["totals"], told["paper_totals"]
    assert (money["positions"], money["rupees_uncovered"], money["sold_today"]) == (1, 2000.0, 1)
    assert (paper["positions"], paper["rupees_uncovered"], paper["sold_today"]) == (1, 8000.0, 1)
    assert [(row["user"], row["paper"]) for row in told["positions"]] == [("ravi", True), ("asha", False)]
    words = cli("coverage").out
    assert "ravi (paper)" in words
    assert "IFBIND-EQ (1, paper)" in words
    assert "0 in doubt, 1 unprotected; rupees not covered: 2,000.00; sold today: 1.\nOn paper, and not" in words
    assert words.endswith("1 unprotected; rupees not covered: 8,000.00; sold today: 1.\n")


def test_paper_is_shown_as_paper_everywhere(cli: Commands) -> None:
    cli("position", "add", "ravi", "IFBIND-EQ", "10", "800")
    cli.rows(
        "INSERT INTO orders (user_id, side, symbol, status, quantity, price)"
        " VALUES (1, 'BUY', 'ITC-EQ', 'REQUESTED', 5, 400)"
    )
    for words in (("status",), ("position", "list"), ("order", "list"), ("explain", "1")):
        assert "ravi (paper)" in cli(*words).out, words
    assert cli("status", "--json").json["tenants"][0]["paper"] is True
    assert cli("position", "list", "--json").json["positions"][0]["paper"] is True
    assert cli("order", "list", "--json").json["orders"][0]["paper"] is True
    assert json.loads(cli("user", "list", "--json").out)["users"][0]["broker"] == "paper"


def test_what_the_owner_does_by_hand_is_a_row_until_his_account_is_looked_at(cli: Commands) -> None:
    told = cli("paper", "sell", "ravi", "ifbind-eq", "4", "870.50")
    assert told.out == "ravi (paper) sells 4 IFBIND-EQ at 870.50 by hand as soon as the account is looked at.\n"
    assert cli("paper", "buy", "ravi", "ITC-EQ", "1", "400").code == 0
    assert cli("paper", "cancel", "ravi", "261123000000123").code == 0
    assert cli("paper", "sell", "ravi", "ITC-EQ", "0", "400").code == 3
    assert cli("paper", "sell", "ravi", "ITC-EQ", "1", "0").code == 3
    found = cli("paper", "show", "ravi", "--json").json["hands"]
    assert [(row["deed"], row["symbol"], row["number"], row["done_at"]) for row in found] == [
        ("SELL", "IFBIND-EQ", None, None),
        ("BUY", "ITC-EQ", None, None),
        ("CANCEL", None, "261123000000123", None),
    ]
    assert "By the owner's own hand:" in cli("paper", "show", "ravi").out
    assert cli.rows("SELECT count(*) FROM journal WHERE event = 'PAPER_BY_HAND'") == [(3,)]


def test_money_is_never_bought_or_sold_by_these_verbs(cli: Commands) -> None:
    cli.rows("INSERT INTO users (name, broker, exit_rule) VALUES ('asha', 'kotak_neo', '{\"target_percent\": 6}')")
    refused = cli("paper", "sell", "asha", "ITC-EQ", "1", "400")
    assert (refused.code, "asha does not trade on paper" in refused.err) == (3, True)
    assert "asha does not trade on paper" in cli("paper", "show", "asha").err


def test_every_kind_that_the_rows_allow_is_known_by_name_and_no_other(cli: Commands) -> None:
    """Catches: a kind that SQL takes and the command line does not name."""
    for call, kind in [(one, each) for one in CALLS for each in kinds_of(one)]:
        cli.rows("INSERT INTO paper_faults (user_id, call, kind) VALUES (1, %s, %s)", call, kind)
    ((allowed,),) = cli.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'paper_faults_kind_is_known'"
    )
    assert set(re.findall(r"'(\w+)'", allowed)) == set(KINDS)


def test_shares_bought_today_are_shown_with_what_is_on_sale(cli: Commands) -> None:
    """Catches: "It holds no shares." while fifty are there, and on sale."""
    cli.rows("UPDATE paper_accounts SET day = '2026-11-23'")
    for number, side, filled in (("1", "BUY", 50), ("2", "SELL", 20)):
        cli.rows(
            "INSERT INTO paper_orders VALUES (1, %s, '2026-11-23', 'T' || %s, '', 'TRADEAPI', %s, 'ITC-EQ', 50, 400,"
            " 'open', %s, 0, 0, '', now(), now(), NULL, true, %s, '[]', '[]')",
            *(number, number, side, filled, side == "SELL"),
        )
    told = cli("paper", "show", "ravi")
    assert (
        "It held no shares this morning.\nBought today: 50 ITC-EQ; sold today: 20 ITC-EQ; on sale now: 30.\n"
        in told.out
    )
    assert cli("paper", "show", "ravi", "--json").json["today"] == [
        {"symbol": "ITC-EQ", "bought": 50, "sold": 20, "on_sale": 30}
    ]
