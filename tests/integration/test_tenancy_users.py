"""The users' rows as operators write them and as the service reads them."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from domain.errors import BadInput
from repositories.database import Database
from repositories.users import UsersRepository

RULE = {"target_percent": 6}
BY_HAND = "INSERT INTO users (id, name, broker, exit_rule) VALUES (%s, %s, 'kotak_neo', '{\"target_price\": 815.5}')"


@pytest.fixture
def users(database: Database) -> UsersRepository:
    """The repository."""
    return UsersRepository(database)


def test_an_added_user_is_wanted_with_its_credentials(users: UsersRepository, psql: psycopg.Connection) -> None:
    number = users.add("asha", "kotak_neo", RULE, "sealed text", by="meera")
    (user,) = users.wanted().users
    assert (user.id, user.name, user.enabled, user.live, user.revision) == (number, "asha", True, False, 1)
    assert user.exit_rule == RULE
    assert psql.execute("SELECT user_id, sealed FROM credentials").fetchall() == [(number, "sealed text")]
    journal = psql.execute("SELECT user_id, event, actor FROM journal").fetchall()
    assert journal == [(number, "USER_ADDED", "operator:meera")]


@pytest.mark.parametrize("taken", [1, 2, 7])
def test_a_number_taken_by_hand_is_skipped(users: UsersRepository, psql: psycopg.Connection, taken: int) -> None:
    """Catches: an insert that trusts the identity sequence."""
    psql.execute(BY_HAND, (taken, "byhand"))
    assert users.add("asha", "kotak_neo", RULE, "sealed") == taken + 1
    assert users.add("binod", "kotak_neo", RULE, "sealed") == taken + 2


def test_two_adding_at_once_get_two_numbers(users: UsersRepository, psql: psycopg.Connection) -> None:
    psql.execute(BY_HAND, (5, "byhand"))
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: users.add(f"user{n}", "kotak_neo", RULE, "sealed"), range(20)))
    assert sorted(numbers) == list(range(6, 26))


def test_a_taken_name_is_refused_in_a_sentence_and_nothing_is_written(
    users: UsersRepository, psql: psycopg.Connection
) -> None:
    users.add("asha", "kotak_neo", RULE, "sealed")
    with pytest.raises(BadInput, match="There is a user asha already"):
        users.add("asha", "kotak_neo", RULE, "sealed")
    assert psql.execute("SELECT count(*) FROM users").fetchone() == (1,)


@pytest.mark.parametrize(
    ("name", "broker", "rule", "says"),
    [
        ("a b", "kotak_neo", RULE, "The name 'a b'"),
        ("asha", "zerodha", RULE, "The broker 'zerodha' is not known"),
        ("asha", "kotak_neo", {"target_percent": "six"}, "exit rule"),
        ("asha", "kotak_neo", {}, "exit rule"),
    ],
)
def test_a_bad_value_is_refused_in_a_sentence(
    users: UsersRepository, name: str, broker: str, rule: dict[str, object], says: str
) -> None:
    with pytest.raises(BadInput, match=says):
        users.add(name, broker, rule, "sealed")
    assert users.wanted().users == ()


def test_a_row_that_cannot_be_read_stands_beside_those_that_can(
    users: UsersRepository, psql: psycopg.Connection
) -> None:
    """Catches: letting the driver read the JSON, which raises for all rows on a number of 5000 digits."""
    psql.execute(BY_HAND, (1, "asha"))
    psql.execute(BY_HAND, (2, "binod"))
    psql.execute(BY_HAND, (3, "chitra"))
    psql.execute("ALTER TABLE users DISABLE TRIGGER users_row_is_sound")
    psql.execute("UPDATE users SET exit_rule = %s WHERE id = 2", ('{"target_percent": ' + "9" * 5000 + "}",))
    psql.execute("ALTER TABLE users DROP CONSTRAINT users_broker_is_known")
    psql.execute("UPDATE users SET broker = 'zerodha' WHERE id = 3")
    wanted = users.wanted()
    assert [user.id for user in wanted.users] == [1]
    assert [(bad.id, bad.name) for bad in wanted.bad] == [(2, "binod"), (3, "chitra")]
    assert "zerodha" in wanted.bad[1].why
    with pytest.raises(BadInput, match="cannot be read"):
        users.get(2)


def test_a_user_is_found_by_name_or_number_and_no_name_is_a_number(
    users: UsersRepository, psql: psycopg.Connection
) -> None:
    """Catches: user 3 by the name of 2, of whom every verb would speak when 2 was meant."""
    psql.execute(BY_HAND, (2, "asha"))
    with pytest.raises(psycopg.errors.CheckViolation, match="users_name_is_a_word"):
        psql.execute(BY_HAND, (3, "2"))
    with pytest.raises(BadInput, match="more than digits"):
        users.add("2", "kotak_neo", RULE, "sealed")
    psql.execute(BY_HAND, (3, "2b"))
    assert (users.find("2").id, users.find("2b").id) == (2, 3)
    assert users.find("asha").id == 2
    assert users.get(2).name == "asha"
    for nobody in ("nobody", "x\0", "99999999999999999999"):
        with pytest.raises(BadInput, match="no user"):
            users.find(nobody)


def test_what_operators_change_is_stored_and_journaled(users: UsersRepository, psql: psycopg.Connection) -> None:
    number = users.add("asha", "kotak_neo", RULE, "sealed")
    users.set_exit(number, {"target_price": 815.5})
    users.set_enabled(number, False)
    users.set_live(number, True)
    assert users.restart(number) == 3
    user = users.get(number)
    assert (user.exit_rule, user.enabled, user.live, user.revision) == ({"target_price": 815.5}, False, True, 3)
    events = [event for (event,) in psql.execute("SELECT event FROM journal ORDER BY id")]
    assert events == ["USER_ADDED", "USER_EXIT_SET", "USER_DISABLED", "USER_LIVE", "USER_RESTARTED"]


def test_a_change_of_nobody_or_to_nonsense_changes_nothing(users: UsersRepository, psql: psycopg.Connection) -> None:
    with pytest.raises(BadInput, match="no user 9"):
        users.set_enabled(9, True)
    with pytest.raises(BadInput, match="no user 9"):
        users.restart(9)
    number = users.add("asha", "kotak_neo", RULE, "sealed")
    with pytest.raises(BadInput, match="exit rule"):
        users.set_exit(number, {"target_price": -1})
    assert users.get(number).exit_rule == RULE
    assert psql.execute("SELECT count(*) FROM journal").fetchone() == (1,)


def test_an_operators_write_notifies_and_the_services_does_not(
    users: UsersRepository, database: Database, psql: psycopg.Connection
) -> None:
    """Catches: writing through `as_service`."""
    psql.execute("LISTEN ninefifteen")
    number = users.add("asha", "kotak_neo", RULE, "sealed")
    assert {n.payload for n in psql.notifies(timeout=5, stop_after=1)} == {str(number)}
    users.restart(number)
    assert [n.payload for n in psql.notifies(timeout=5, stop_after=1)] == [str(number)]
