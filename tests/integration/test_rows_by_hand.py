"""An exit rule or a broker written by SQL: what cannot be read is refused in a sentence; bad rows of before survive."""

import json
from decimal import Decimal

import psycopg
import pytest
from psycopg.errors import CheckViolation

from domain.errors import BadInput
from domain.exits import parse_exit_rule
from repositories.database import Database

GOOD = [{"target_percent": 6}, {"target_price": 815.5}, {"target_percent": "6.5"}, {"target_price": 10_000_000},
        {"target_percent": 1000}, {"target_percent": "1e2"}, {"target_percent": 0.001}, {"target_price": " 5 "},
        {"target_percent": "+6"}, {"target_percent": ".5"}]  # fmt: skip
BAD = [{"target_percnt": 6}, {}, [], "6", 6, True, {"target_percent": True}, {"target_percent": None},
       {"target_percent": 0}, {"target_percent": -1}, {"target_percent": 1001}, {"target_price": 10_000_001},
       {"target_percent": "six"}, {"target_percent": "NaN"}, {"target_percent": "Infinity"}, {"target_percent": ""},
       {"target_percent": [6]}, {"target_percent": "1e999999"}, {"target_percent": 6, "target_price": 1},
       {"target_percent": "6 %"}]  # fmt: skip
USER = "INSERT INTO users (name, broker, exit_rule) VALUES ('asha', 'kotak_neo', '{\"target_percent\": 6}')"
POSITION = "INSERT INTO positions (user_id, symbol, quantity, avg_price) VALUES (1, 'ITC-EQ', 5, 400)"


@pytest.fixture
def hand(database: Database, psql: psycopg.Connection) -> psycopg.Connection:
    """Somebody with SQL, and one user with one position."""
    psql.execute(USER)
    psql.execute(POSITION)
    return psql


def readable(rule: object) -> bool:
    try:
        parse_exit_rule(json.loads(json.dumps(rule), parse_float=Decimal))
    except BadInput:
        return False
    return True


@pytest.mark.parametrize("rule", GOOD)
def test_what_the_program_reads_may_be_written(hand: psycopg.Connection, rule: object) -> None:
    assert readable(rule)
    for table in ("users", "positions"):
        hand.execute(f"UPDATE {table} SET exit_rule = %s".encode(), (json.dumps(rule),))


@pytest.mark.parametrize("rule", BAD)
def test_what_the_program_cannot_read_is_refused(hand: psycopg.Connection, rule: object) -> None:
    assert not readable(rule)
    for table, whose in (("users", "User asha: "), ("positions", "Position 1 of ITC-EQ: ")):
        with pytest.raises(CheckViolation, match=f"^{whose}(an|the) exit rule.*"):
            hand.execute(f"UPDATE {table} SET exit_rule = %s".encode(), (json.dumps(rule),))


def test_the_sentence_says_how_a_rule_is_written(hand: psycopg.Connection) -> None:
    with pytest.raises(CheckViolation) as told:
        hand.execute("UPDATE users SET exit_rule = '{\"target_percnt\": 6}'")
    assert told.value.diag.message_primary == (
        "User asha: the exit rule 'target_percnt' is not known;"
        ' write {"target_percent": 6} or {"target_price": 815.5}.'
    )


def test_a_position_without_a_rule_sells_by_its_users(hand: psycopg.Connection) -> None:
    hand.execute("UPDATE positions SET exit_rule = NULL")


def test_an_unknown_broker_is_a_sentence(hand: psycopg.Connection) -> None:
    with pytest.raises(CheckViolation, match="User asha: the broker 'zerodha' is not known; known are: kotak_neo, pa"):
        hand.execute("UPDATE users SET broker = 'zerodha'")


def test_a_rule_that_is_bad_already_stays_and_other_columns_may_change(hand: psycopg.Connection) -> None:
    """Catches: a migration, or a trigger, that keeps anybody from disabling the user with the bad row."""
    for table, trigger in (("users", "users_row_is_sound"), ("positions", "positions_rule_is_sound")):
        hand.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}".encode())
        hand.execute(f"UPDATE {table} SET exit_rule = '{{\"odd\": 1}}'".encode())
        hand.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}".encode())
    hand.execute("UPDATE users SET enabled = false, exit_rule = exit_rule")
    hand.execute("UPDATE positions SET quantity = 4")
    hand.execute("UPDATE users SET exit_rule = '{\"target_percent\": 7}'")
    assert hand.execute("SELECT exit_rule FROM positions").fetchone() == ({"odd": 1},)
