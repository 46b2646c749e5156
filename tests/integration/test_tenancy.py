"""Claims and leases: who may act for a tenant, whatever the processes themselves believe."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from domain.errors import TenureLost
from domain.tenancy import Note, TenantState
from domain.tenure import Tenure
from repositories.database import Database
from repositories.tenants import TenantsRepository

USER = "INSERT INTO users (id, name, broker, exit_rule) VALUES (%s, %s, 'kotak_neo', '{\"target_percent\": 6}')"


@pytest.fixture
def tenants(database: Database, psql: psycopg.Connection) -> TenantsRepository:
    """The repository, with users 1 to 3."""
    for number, name in enumerate(["asha", "binod", "chitra"], 1):
        psql.execute(USER, (number, name))
    return TenantsRepository(database)


def opened(tenants: TenantsRepository, pid: int) -> int:
    return tenants.open_supervisor("host", pid, lease_seconds=60)


def lapse(psql: psycopg.Connection, supervisor: int) -> None:
    psql.execute(
        "UPDATE supervisors SET lease_until = clock_timestamp() - interval '1 ms' WHERE id = %s", (supervisor,)
    )


@contextmanager
def locked(database_url: str, sql: str) -> Iterator[None]:
    """Another session that keeps what it locked."""
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(database_url))
        connection.execute(sql.encode())
        yield


def test_a_claim_gives_the_first_generation_and_another_claim_the_next(tenants: TenantsRepository) -> None:
    supervisor = opened(tenants, 1)
    assert tenants.claim(supervisor, [1, 2]) == {1: 1, 2: 1}
    assert tenants.claim(supervisor, [2]) == {2: 2}


def test_what_a_live_supervisor_holds_cannot_be_claimed(tenants: TenantsRepository) -> None:
    """Catches: TAKE without its condition on the holder."""
    first, second = opened(tenants, 1), opened(tenants, 2)
    tenants.claim(first, [1, 2])
    assert tenants.claim(second, [1, 2, 3]) == {3: 1}


def test_a_lapsed_lease_is_taken_over_and_its_believer_cannot_commit(
    database: Database, tenants: TenantsRepository, psql: psycopg.Connection
) -> None:
    """Catches: a claim that keeps the generation."""
    first, second = opened(tenants, 1), opened(tenants, 2)
    believer = Tenure(1, tenants.claim(first, [1])[1], "asha")
    tenants.beat(believer, TenantState.TRADING)
    lapse(psql, first)
    assert tenants.claim(second, [1]) == {1: 2}
    with pytest.raises(TenureLost, match="generation 2"):
        tenants.beat(believer, TenantState.TRADING)
    assert believer.revoked


def test_a_lapsed_lease_is_not_renewed(tenants: TenantsRepository, psql: psycopg.Connection) -> None:
    supervisor = opened(tenants, 1)
    assert tenants.renew(supervisor, 60)
    lapse(psql, supervisor)
    assert not tenants.renew(supervisor, 60)


def test_a_lease_that_others_saw_lapse_stays_lapsed(tenants: TenantsRepository, psql: psycopg.Connection) -> None:
    """Catches: a claim that does not bury; the row's clock set back stands for a renewal that was under way."""
    first, second = opened(tenants, 1), opened(tenants, 2)
    lapse(psql, first)
    tenants.claim(second, [])
    psql.execute("UPDATE supervisors SET lease_until = clock_timestamp() + interval '1 hour' WHERE id = %s", (first,))
    assert not tenants.renew(first, 60)


def test_a_renewal_under_way_keeps_the_lease(
    tenants: TenantsRepository, psql: psycopg.Connection, database_url: str
) -> None:
    """Catches: BURY without SKIP LOCKED, which would wait, and a TAKE that judges by `lease_until` alone."""
    first, second = opened(tenants, 1), opened(tenants, 2)
    tenants.claim(first, [1])
    lapse(psql, first)
    with locked(database_url, f"UPDATE supervisors SET cycle_seconds = 6 WHERE id = {first}"):
        assert tenants.claim(second, [1]) == {}
    assert tenants.claim(second, [1]) == {1: 2}


def test_nothing_is_claimed_or_raised_under_a_lapsed_lease(
    tenants: TenantsRepository, psql: psycopg.Connection
) -> None:
    supervisor = opened(tenants, 1)
    tenants.claim(supervisor, [1])
    lapse(psql, supervisor)
    assert tenants.claim(supervisor, [1, 2]) == {}
    assert tenants.raise_generation(supervisor, 1) is None


def test_a_closed_supervisor_frees_its_tenants_and_none_of_its_threads_may_act(tenants: TenantsRepository) -> None:
    """Catches: FREE without raising the generation."""
    first, second = opened(tenants, 1), opened(tenants, 2)
    tenure = Tenure(1, tenants.claim(first, [1])[1])
    tenants.close_supervisor(first)
    tenants.close_supervisor(first)
    with pytest.raises(TenureLost):
        tenants.beat(tenure, TenantState.TRADING)
    assert set(tenants.claim(second, [1])) == {1}
    assert not tenants.renew(first, 60)


def test_a_release_ends_the_generation_and_lets_another_claim(tenants: TenantsRepository) -> None:
    first, second = opened(tenants, 1), opened(tenants, 2)
    tenure = Tenure(1, tenants.claim(first, [1, 2])[1])
    assert tenants.release(first, [1]) == frozenset()
    with pytest.raises(TenureLost):
        tenants.beat(tenure, TenantState.TRADING)
    assert set(tenants.claim(second, [1, 2])) == {1}


def test_only_the_holder_raises_a_generation(tenants: TenantsRepository) -> None:
    first, second = opened(tenants, 1), opened(tenants, 2)
    tenants.claim(first, [1])
    assert tenants.raise_generation(second, 1) is None
    assert tenants.raise_generation(first, 1) == 2


def test_a_tenant_in_a_stuck_transaction_delays_itself_alone(tenants: TenantsRepository, database_url: str) -> None:
    """Catches: TAKE, RAISE or RELEASE without SKIP LOCKED."""
    supervisor = opened(tenants, 1)
    tenants.claim(supervisor, [1, 2])
    with locked(database_url, "SELECT FROM tenants WHERE user_id = 1 FOR SHARE"):
        assert tenants.claim(supervisor, [1, 2, 3]) == {2: 2, 3: 1}
        assert tenants.raise_generation(supervisor, 1) is None
        assert tenants.release(supervisor, [1, 2]) == {1}


def test_a_user_deleted_meanwhile_spoils_no_claim_and_no_note(
    tenants: TenantsRepository, psql: psycopg.Connection
) -> None:
    supervisor = opened(tenants, 1)
    tenants.claim(supervisor, [2])
    psql.execute("DELETE FROM users WHERE id = 2")
    assert tenants.claim(supervisor, [1, 2, 99]) == {1: 1}
    tenants.note_all([Note(2, 1, TenantState.FAILED, "gone"), Note(1, 1, TenantState.STARTING)])
    assert [(s.user_id, s.state) for s in tenants.status()] == [(1, "STARTING"), (3, None)]


def test_an_older_generation_does_not_speak_over_a_newer_one(tenants: TenantsRepository) -> None:
    supervisor = opened(tenants, 1)
    tenants.claim(supervisor, [1])
    newer = Tenure(1, tenants.claim(supervisor, [1])[1])
    tenants.beat(newer, TenantState.TRADING, "all well")
    tenants.note(1, 1, TenantState.FAILED, "long ago")
    assert tenants.status()[0].text == "all well"


def test_a_heartbeat_of_a_newer_generation_stays(tenants: TenantsRepository, psql: psycopg.Connection) -> None:
    """Catches: SAY without its condition, the second lock behind the fence."""
    tenure = Tenure(1, tenants.claim(opened(tenants, 1), [1])[1])
    psql.execute("INSERT INTO heartbeats (user_id, generation, state, text) VALUES (1, 9, 'TRADING', 'newer')")
    tenants.beat(tenure, TenantState.HELD, "older")
    tenants.note(1, 1, TenantState.FAILED, "older")
    assert tenants.status()[0].text == "newer"


def test_a_beat_without_a_book_keeps_the_time_of_the_last_one(
    tenants: TenantsRepository, psql: psycopg.Connection
) -> None:
    tenure = Tenure(1, tenants.claim(opened(tenants, 1), [1])[1])
    row = psql.execute("SELECT now()").fetchone()
    assert row is not None
    tenants.beat(tenure, TenantState.TRADING, book_at=row[0])
    tenants.beat(tenure, TenantState.WAITING)
    assert (tenants.status()[0].book_at, tenants.status()[0].state) == (row[0], "WAITING")


def test_whatever_an_error_quotes_can_be_noted(tenants: TenantsRepository) -> None:
    tenants.claim(opened(tenants, 1), [1])
    tenants.note(1, 1, TenantState.FAILED, "nul \0, lone \udc80, " + "long " * 1000)
    assert (tenants.status()[0].text or "").startswith("nul , lone ?, long")


def test_status_shows_the_served_the_unserved_and_the_dead(
    tenants: TenantsRepository, psql: psycopg.Connection
) -> None:
    supervisor = opened(tenants, 4711)
    tenants.claim(supervisor, [1])
    tenants.note(1, 1, TenantState.STARTING)
    served, unserved, _ = tenants.status()
    assert (served.name, served.generation, served.pid, served.alive) == ("asha", 1, 4711, True)
    assert served.beat_age_seconds is not None
    assert 0 <= served.beat_age_seconds < 10
    assert (unserved.generation, unserved.alive, unserved.state, unserved.beat_age_seconds) == (None, False, None, None)
    lapse(psql, supervisor)
    assert not tenants.status()[0].alive


def test_the_live_supervisor_is_one_whose_lease_runs(tenants: TenantsRepository, psql: psycopg.Connection) -> None:
    assert tenants.live_supervisor() is None
    supervisor = opened(tenants, 4711)
    row = tenants.live_supervisor()
    assert row is not None
    assert (row.id, row.pid, row.drill, row.alive) == (supervisor, 4711, False, True)
    lapse(psql, supervisor)
    assert tenants.live_supervisor() is None
