"""The supervisor's main loop in real time: signals, drains, wakes, and an alarm that nothing can hold up."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import psycopg
import pytest

from domain.clock import SystemClock
from domain.tenancy import TenantState
from domain.tenure import Tenure
from tenants.doorbell import Doorbell
from tenants.settings import SupervisorSettings
from tenants.supervisor import Supervisor
from tests.supervision import NAMES, PATIENCE, USER, Stage, gone

REAL = SupervisorSettings("host", 1, lease_seconds=60, stop_within=5, drain_within=5)
CLOCK = SystemClock()


@contextmanager
def running(supervisor: Supervisor) -> Iterator[Future[int]]:
    """The main loop on a thread of its own; stopped at the end."""
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(supervisor.run)
        try:
            yield ended
        finally:
            supervisor.stop()


def killing(stage: Stage, times: int = 1) -> None:
    """Have user 1 send this process SIGTERM as soon as it is served, and again when it is asked to stop."""

    def part(tenure: Tenure) -> None:
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGTERM)
            stage.serve(tenure)

    stage.parts[1] = part


def test_sigterm_drains_and_gives_everything_back(stage: Stage, psql: psycopg.Connection) -> None:
    killing(stage)
    before = signal.getsignal(signal.SIGTERM)
    assert stage.supervisor(REAL, CLOCK).run() == 0
    assert signal.getsignal(signal.SIGTERM) is before
    assert psql.execute("SELECT count(*) FROM supervisors WHERE stopped_at IS NULL").fetchone() == (0,)
    assert psql.execute("SELECT count(*) FROM tenants WHERE supervisor_id IS NOT NULL").fetchone() == (0,)
    assert {(s.state, s.text) for s in stage.rows.tenants.status()} == {
        (TenantState.STOPPED, "The service was stopped.")
    }
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(tuple(NAMES.values()))]


def test_a_drain_has_one_deadline_and_leaves_the_hanging_behind(stage: Stage) -> None:
    """Catches: a drain that joins one thread after the other, each with its own patience."""
    stage.parts[2] = stage.parts[3] = stage.hang
    killing(stage)
    began = CLOCK.monotonic()
    assert stage.supervisor(replace(REAL, drain_within=1.0), CLOCK).run() == 71
    assert 1.0 <= CLOCK.monotonic() - began < 4.0
    assert [tenure.revoked for tenure in stage.entered(3)[1:]] == [True, True]
    assert {status.state for status in stage.rows.tenants.status()} == {TenantState.STOPPED}


def test_a_second_signal_revokes_at_once(stage: Stage) -> None:
    stage.parts[2] = stage.hang
    killing(stage, times=2)
    began = CLOCK.monotonic()
    stage.supervisor(replace(REAL, drain_within=60.0), CLOCK).run()
    assert CLOCK.monotonic() - began < PATIENCE
    assert stage.entered(3)[1].revoked


def test_a_user_inserted_by_hand_is_served_within_two_seconds(stage: Stage, psql: psycopg.Connection) -> None:
    with running(stage.supervisor(replace(REAL, turn_seconds=30), CLOCK)):
        stage.entered(3)
        began = CLOCK.monotonic()
        psql.execute(USER, (4, "deepa"))
        assert stage.entered()[0].user_id == 4
        assert CLOCK.monotonic() - began < 2


def test_a_restart_by_hand_takes_less_than_a_second(stage: Stage, psql: psycopg.Connection) -> None:
    """Catches: a loop that only turns when its pause is over, and a thread that ends without ringing."""
    with running(stage.supervisor(replace(REAL, turn_seconds=30), CLOCK)):
        stage.entered(3)
        began = CLOCK.monotonic()
        psql.execute("UPDATE users SET revision = revision + 1 WHERE id = 2")
        assert str(stage.entered()[0]) == "binod#2"
        assert CLOCK.monotonic() - began < 1


def test_a_changed_row_wakes_its_tenant(stage: Stage, psql: psycopg.Connection) -> None:
    with running(stage.supervisor(REAL, CLOCK)):
        first, second, _ = stage.entered(3)
        psql.execute("INSERT INTO halts (user_id, because) VALUES (1, 'wait')")
        assert first.wake.wait(2)
        assert not second.stopping


def test_a_main_loop_that_hangs_in_the_database_does_not_hold_up_the_alarm(
    stage: Stage, psql: psycopg.Connection, database_url: str
) -> None:
    """Catches: a lease that only the main loop gives up."""
    supervisor = stage.supervisor(replace(REAL, lease_seconds=0.9), CLOCK)
    supervisor.reconcile()
    tenures = stage.entered(3)
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT FROM supervisors FOR UPDATE")
        hanging = pool.submit(supervisor.reconcile)
        for tenure in tenures:
            assert tenure.stopped.wait(1.5)
        assert not hanging.done()
        other.rollback()
    for tenure in tenures:
        gone(tenure)


def test_an_unexpected_error_of_the_supervisor_itself_leaves_nobody_acting(
    stage: Stage, psql: psycopg.Connection
) -> None:
    """Catches: no `revoke_all` on the way out."""
    supervisor = stage.supervisor(replace(REAL, turn_seconds=0.05), CLOCK)
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(supervisor.run)
        tenures = stage.entered(3)
        psql.execute("ALTER TABLE users RENAME TO people")
        with pytest.raises(Exception, match="users"):
            ended.result(PATIENCE)
    assert all(tenure.revoked for tenure in tenures)


def test_a_doorbell_is_an_event() -> None:
    bell = Doorbell()
    assert not bell.wait(0)
    bell.set()
    bell.set()
    assert bell.wait(0)
    assert bell.is_set()
    bell.clear()
    assert not bell.is_set()
