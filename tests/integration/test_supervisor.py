"""The supervisor over real rows and real threads, turn by turn in virtual time."""

import json
import threading
from functools import partial

import psycopg
import pytest

from domain.errors import BrokerUnavailable, LoginRefused, TenureLost
from domain.tenancy import TenantState
from domain.tenure import Tenure
from repositories.database import Database
from repositories.embedded import EmbeddedServer
from repositories.listener import Listener
from tenants.settings import SupervisorSettings
from tenants.supervisor import Supervisor
from tests.supervision import NAMES, SETTINGS, Play, Stage, gone, raising

PLAIN = {"consumer_key": "k3y", "mobile": "+919876543210", "ucc": "AB123", "mpin": "246813", "totp_secret": "A" * 16}
EVERYBODY_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


@pytest.fixture
def supervisor(stage: Stage) -> Supervisor:
    """A supervisor that has not turned yet."""
    return stage.supervisor()


def test_every_enabled_user_is_served_in_a_thread_of_its_name(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    psql.execute("UPDATE users SET enabled = false WHERE id = 3")
    supervisor.reconcile()
    assert [str(tenure) for tenure in stage.entered(2)] == ["asha#1", "binod#1"]
    assert {"asha#1", "binod#1"} <= {thread.name for thread in threading.enumerate()}
    assert (stage.status(1).state, stage.status(1).alive, stage.status(3).state) == (TenantState.STARTING, True, None)
    supervisor.reconcile()
    assert stage.nobody_entered()


def test_a_second_supervisor_waits_until_the_lease_lapses(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    """And the first, which still believes, can commit nothing and then finds out."""
    supervisor.reconcile()
    believer = stage.entered(3)[0]
    second = stage.supervisor()
    second.reconcile()
    assert stage.nobody_entered()
    psql.execute("UPDATE supervisors SET lease_until = now() - interval '1 s' WHERE id = 1")
    second.reconcile()
    assert [tenure.generation for tenure in stage.entered(3)] == [2, 2, 2]
    assert not believer.revoked
    with pytest.raises(TenureLost):
        stage.rows.tenants.beat(believer, TenantState.TRADING)
    supervisor.reconcile()
    assert believer.stopping
    gone(believer)
    supervisor.reconcile()
    assert stage.nobody_entered()
    assert stage.status(1).generation == 2


def test_a_risen_revision_restarts_that_one_alone(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    supervisor.reconcile()
    first, *others = stage.entered(3)
    psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 1")
    supervisor.reconcile()
    gone(first)
    supervisor.reconcile()
    assert [str(tenure) for tenure in stage.entered()] == ["asha#2"]
    assert not any(tenure.stopping for tenure in others)
    supervisor.reconcile()
    assert stage.nobody_entered()


def test_a_crash_loop_fails_at_the_sixth_fall_and_a_revision_revives(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    """Catches: a policy that is not asked, or whose past a revision does not forget."""
    stage.parts[1] = raising(ZeroDivisionError("by design"))
    supervisor.reconcile()
    fallen = stage.entered(3)[:1]
    for delay in (1, 2, 4, 8, 16):
        gone(fallen[0])
        supervisor.reconcile()
        assert stage.status(1).state == TenantState.BACKOFF
        stage.clock.advance(delay - 0.5)
        supervisor.reconcile()
        assert stage.nobody_entered()
        stage.clock.advance(0.5)
        supervisor.reconcile()
        fallen = stage.entered()
    gone(fallen[0])
    supervisor.reconcile()
    failed = stage.status(1)
    assert failed.state == TenantState.FAILED
    assert "ZeroDivisionError: by design" in (failed.text or "")
    stage.pass_time(supervisor, 100)
    assert stage.nobody_entered()
    psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 1")
    supervisor.reconcile()
    revived = stage.entered()[0]
    assert str(revived) == "asha#7"
    gone(revived)
    supervisor.reconcile()
    assert stage.status(1).state == TenantState.BACKOFF
    psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 1")
    supervisor.reconcile()
    assert [str(tenure) for tenure in stage.entered()] == ["asha#8"]


def test_an_outage_delays_and_does_not_count(stage: Stage, supervisor: Supervisor) -> None:
    stage.parts[1] = raising(BrokerUnavailable("no answer"))
    supervisor.reconcile()
    fallen = stage.entered(3)[:1]
    for _ in range(8):
        gone(fallen[0])
        supervisor.reconcile()
        assert stage.status(1).state == TenantState.BACKOFF
        stage.clock.advance(60)
        supervisor.reconcile()
        fallen = stage.entered()


def test_a_service_that_returns_unasked_has_fallen(stage: Stage, supervisor: Supervisor) -> None:
    stage.parts[1] = lambda tenure: None
    supervisor.reconcile()
    gone(stage.entered(3)[0])
    supervisor.reconcile()
    assert (stage.status(1).state, stage.status(1).text) == (
        TenantState.BACKOFF,
        "The service returned unasked. Started again in 1 s.",
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_even_a_thread_that_exits_is_a_fall_of_its_tenant_alone(stage: Stage, supervisor: Supervisor) -> None:
    def leave(tenure: Tenure) -> None:
        raise SystemExit

    stage.parts[1] = leave
    supervisor.reconcile()
    first, *others = stage.entered(3)
    gone(first)
    supervisor.reconcile()
    assert stage.status(1).state == TenantState.BACKOFF
    assert not any(tenure.stopping for tenure in others)


def test_a_stuck_thread_is_abandoned_and_its_late_commit_refused(stage: Stage, supervisor: Supervisor) -> None:
    """Catches: a successor under the same generation, or a thread that counts as stuck though it beats."""
    stage.parts[1] = stage.hang
    supervisor.reconcile()
    stuck, *others = stage.entered(3)
    stage.pass_time(supervisor, 90)
    assert stage.nobody_entered()
    del stage.parts[1]
    stage.pass_time(supervisor, 10)
    assert [str(tenure) for tenure in stage.entered()] == ["asha#2"]
    assert stuck.revoked
    with pytest.raises(TenureLost, match="generation 2"):
        stage.rows.tenants.beat(Tenure(1, stuck.generation), TenantState.TRADING)
    assert not any(tenure.stopping for tenure in others)


def test_a_tenant_that_always_hangs_fails_and_its_last_generation_ends(
    stage: Stage, database: Database, psql: psycopg.Connection
) -> None:
    """Catches: no `raise_generation` for a thread that is abandoned without a successor."""
    psql.execute("DELETE FROM users WHERE id <> 1")
    stage.parts[1] = stage.hang
    supervisor = stage.supervisor(SupervisorSettings("host", 1, lease_seconds=36_000, stuck_limit=100))
    supervisor.reconcile()
    last = stage.entered()
    for _ in range(5):
        stage.pass_time(supervisor, 100)
        last = stage.entered()
    stage.pass_time(supervisor, 100)
    assert stage.status(1).state == TenantState.FAILED
    with pytest.raises(TenureLost):
        stage.rows.tenants.beat(Tenure(1, last[0].generation), TenantState.TRADING)


def test_a_process_that_stood_still_abandons_nobody(stage: Stage, supervisor: Supervisor) -> None:
    """Catches: counting as silence the time in which no thread could run (SIGSTOP, a suspended machine)."""
    supervisor.reconcile()
    tenures = stage.entered(3)
    stage.clock.advance(3600)
    supervisor.reconcile()
    assert not any(tenure.stopping for tenure in tenures)


def test_a_restart_that_does_not_stop_in_time_is_abandoned(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    stage.parts[1] = stage.hang
    supervisor.reconcile()
    stuck = stage.entered(3)[0]
    psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 1")
    supervisor.reconcile()
    assert stuck.stopping
    assert not stuck.revoked
    stage.pass_time(supervisor, 10)
    assert stuck.revoked
    assert [tenure.generation for tenure in stage.entered()] == [2]


def test_a_disabled_user_is_stopped_and_given_back(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    supervisor.reconcile()
    first, *others = stage.entered(3)
    psql.execute("UPDATE users SET enabled = false WHERE id = 1")
    supervisor.reconcile()
    gone(first)
    supervisor.reconcile()
    stopped = stage.status(1)
    assert (stopped.state, stopped.text, stopped.supervisor_id) == (TenantState.STOPPED, "Not enabled.", None)
    assert not any(tenure.stopping for tenure in others)
    psql.execute("UPDATE users SET enabled = true WHERE id = 1")
    supervisor.reconcile()
    assert stage.entered()[0].generation > first.generation


def test_a_deleted_user_is_stopped_and_hinders_nobody(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    supervisor.reconcile()
    first, *others = stage.entered(3)
    psql.execute("DELETE FROM users WHERE id = 1")
    supervisor.reconcile()
    gone(first)
    supervisor.reconcile()
    supervisor.reconcile()
    assert not any(tenure.stopping for tenure in others)


def test_a_bad_row_refuses_that_user_alone_until_it_is_corrected(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    psql.execute("ALTER TABLE users DISABLE TRIGGER users_row_is_sound")
    psql.execute("UPDATE users SET exit_rule = %s WHERE id = 2", ('{"target_percent": ' + "9" * 5000 + "}",))
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [1, 3]
    refused = stage.status(2)
    assert refused.state == TenantState.REFUSED
    assert "The row of user binod (2) cannot be read" in (refused.text or "")
    stage.pass_time(supervisor, 60)
    assert stage.nobody_entered()
    psql.execute("UPDATE users SET exit_rule = '{\"target_percent\": 9}' WHERE id = 2")
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered()] == [2]


def test_bad_incoming_credentials_refuse_that_user_alone_until_they_are_corrected(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    incoming = "INSERT INTO credentials (user_id, incoming) VALUES (%s, %s)"
    psql.execute(incoming, (1, json.dumps(PLAIN)))
    psql.execute(incoming, (2, json.dumps(PLAIN | {"mpin": "12"})))
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [1, 3]
    assert stage.rows.credentials.read(1).mpin == "246813"
    assert "mpin must be six digits" in (stage.status(2).text or "")
    psql.execute("UPDATE credentials SET incoming = %s WHERE user_id = 2", (json.dumps(PLAIN),))
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered()] == [2]


def test_a_refused_login_is_not_repeated_until_credentials_or_revision_change(
    stage: Stage, supervisor: Supervisor, psql: psycopg.Connection
) -> None:
    """Catches: REFUSED treated as a fall, which would lock the account at the broker."""
    stage.parts[1] = raising(LoginRefused("wrong MPIN"))
    supervisor.reconcile()
    refused = stage.entered(3)[0]
    for change in (
        "INSERT INTO credentials (user_id, incoming) VALUES (1, %s)",
        "UPDATE users SET revision = revision + 1 WHERE id = 1 AND %s <> ''",
    ):
        gone(refused)
        supervisor.reconcile()
        assert (stage.status(1).state, stage.status(1).text) == (TenantState.REFUSED, "wrong MPIN")
        stage.pass_time(supervisor, 900)
        assert stage.nobody_entered()
        psql.execute(change.encode(), (json.dumps(PLAIN),))
        supervisor.reconcile()
        refused = stage.entered()[0]


def test_a_refusal_is_logged_once_with_its_name_once(
    stage: Stage, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    """In the tenant's own thread, so that its own file has it too."""
    stage.parts[1] = raising(LoginRefused("asha#1: wrong MPIN"))
    supervisor.reconcile()
    gone(stage.entered(3)[0])
    supervisor.reconcile()
    told = [record for record in caplog.records if "wrong MPIN" in record.getMessage()]
    assert [(r.levelname, r.threadName, r.getMessage()) for r in told] == [
        ("ERROR", "asha#1", "asha#1 is refused: wrong MPIN")
    ]


def test_replaced_credentials_end_a_refusal_and_restart_who_runs(stage: Stage, supervisor: Supervisor) -> None:
    """Catches: a running tenant that goes on with the credentials of yesterday until somebody restarts it."""
    stage.parts[1] = raising(LoginRefused("wrong MPIN"))
    supervisor.reconcile()
    refused, runs, _ = stage.entered(3)
    gone(refused)
    supervisor.reconcile()
    stage.pass_time(supervisor, 30)
    for user_id in (1, 2):
        stage.rows.credentials.store(user_id, "sealed anew")
    supervisor.reconcile()
    gone(runs)
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [1, 2]


def test_a_refusal_outlives_a_lost_lease(stage: Stage, psql: psycopg.Connection) -> None:
    """Catches: a new claim that forgets why there is no thread; an outage would repeat every refused login."""
    stage.parts[1] = raising(LoginRefused("wrong MPIN"))
    supervisor = stage.supervisor()
    supervisor.reconcile()
    gone(stage.entered(3)[0])
    supervisor.reconcile()
    psql.execute("UPDATE supervisors SET lease_until = now() - interval '1 s'")
    psql.execute("UPDATE heartbeats SET text = 'lost' WHERE user_id = 1")
    for _ in range(5):
        stage.pass_time(supervisor, 10)
    assert {tenure.user_id for tenure in stage.entered(2)} == {2, 3}
    assert stage.nobody_entered()
    assert (stage.status(1).state, stage.status(1).text) == (TenantState.REFUSED, "wrong MPIN")


def test_a_factory_that_raises_hinders_nobody(stage: Stage, psql: psycopg.Connection) -> None:
    def factory(tenure: Tenure) -> Play:
        if tenure.user_id == 1:
            raise ZeroDivisionError("in the factory")
        return stage(tenure)

    supervisor = Supervisor(stage.rows, factory, stage.clock, SETTINGS, Listener(stage.rows.database, stage.clock))
    supervisor.reconcile()
    assert [tenure.user_id for tenure in stage.entered(2)] == [2, 3]
    gone(Tenure(1, 1, "asha"))
    supervisor.reconcile()
    assert "in the factory" in (stage.status(1).text or "")


def test_without_a_renewal_everything_is_revoked_before_the_lease_lapses(stage: Stage) -> None:
    """Catches: revoking only from the main loop. Then it claims anew, under a new number and new generations."""
    supervisor = stage.supervisor(SupervisorSettings("host", 1, lease_seconds=60))
    supervisor.reconcile()
    tenures = stage.entered(3)
    stage.clock.advance(39)
    assert not any(tenure.revoked for tenure in tenures)
    stage.clock.advance(1)
    assert all(tenure.revoked for tenure in tenures)
    for tenure in tenures:
        gone(tenure)
    supervisor.reconcile()
    stage.clock.advance(1)
    supervisor.reconcile()
    successors = stage.entered(3)
    assert all(new.generation > old.generation for new, old in zip(successors, tenures, strict=True))
    assert stage.status(1).supervisor_id == 2


def test_each_renewal_puts_the_alarm_off(stage: Stage) -> None:
    supervisor = stage.supervisor(SupervisorSettings("host", 1, lease_seconds=60))
    supervisor.reconcile()
    tenures = stage.entered(3)
    stage.pass_time(supervisor, 300)
    assert not any(tenure.revoked for tenure in tenures)


def test_too_many_abandoned_threads_end_the_process(stage: Stage) -> None:
    stage.parts = dict.fromkeys(NAMES, stage.hang)
    supervisor = stage.supervisor()
    supervisor.reconcile()
    stage.entered(3)
    stage.pass_time(supervisor, 100)
    assert stage.nobody_entered()
    assert supervisor.run() == 70


def test_dead_connections_are_replaced(
    stage: Stage, supervisor: Supervisor, server: EmbeddedServer, psql: psycopg.Connection
) -> None:
    supervisor.reconcile()
    tenures = stage.entered(3)
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        superuser.execute(EVERYBODY_OUT, (psql.info.dbname,))
    supervisor.reconcile()
    supervisor.reconcile()
    stage.rows.tenants.beat(tenures[0], TenantState.TRADING)
    assert not any(tenure.stopping for tenure in tenures)
    assert stage.status(1).alive


def test_an_outage_of_the_database_is_waited_out(
    stage: Stage,
    supervisor: Supervisor,
    server: EmbeddedServer,
    psql: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Catches: an exception that leaves `reconcile`, or a complaint each second."""
    supervisor.reconcile()
    tenures = stage.entered(3)
    name = psql.info.dbname
    with psycopg.connect(server.superuser_url, autocommit=True) as superuser:
        door = partial("ALTER DATABASE {} ALLOW_CONNECTIONS {}".format, name)
        superuser.execute(door("false").encode())
        superuser.execute(EVERYBODY_OUT, (name,))
        stage.pass_time(supervisor, 60)
        superuser.execute(door("true").encode())
    assert sum("Waiting for the database" in message for message in caplog.messages) == 1
    supervisor.reconcile()
    stage.rows.tenants.beat(tenures[0], TenantState.TRADING)
    assert not any(tenure.stopping for tenure in tenures)
