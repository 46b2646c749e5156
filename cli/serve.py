"""`serve`: the service itself, in the foreground, until it is told to stop."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from cli.dying import doom
from cli.halts import halt_lines
from cli.logs import start_logging
from cli.output import printable
from cli.times import Times
from cli.wiring import open_database, open_vault
from domain.clock import IST, SystemClock
from domain.errors import BadInput, NotAllowed
from domain.market import Calendar, DrillCalendar
from domain.market import drill as moved_day
from repositories.credentials import CredentialsRepository
from repositories.database import Database
from repositories.listener import Listener
from repositories.market_days import MarketDaysRepository, RowCalendar
from repositories.psql import address
from repositories.standing import StandingRepository
from repositories.tenants import TenantsRepository
from repositories.users import UsersRepository
from repositories.vault import Vault
from service.waypoints import Unwatched, Waypoints
from settings import Settings, read_settings
from tenants.settings import Repositories, SupervisorSettings
from tenants.supervisor import Supervisor

SUPERVISORS_CONNECTIONS = 2
"""Of its own, so that no number of busy tenants can keep the lease from being renewed."""

WHOLE_DAY = 22_500.0
"""Seconds from 09:15 to 15:30."""


def serve(
    drill: Annotated[
        bool, typer.Option("--drill", help="Move the trading day; only with a broker on this machine.")
    ] = False,
    open_in: Annotated[
        float | None, typer.Option(min=0, help="With --drill: seconds until the bell; 0: it is ringing.")
    ] = None,
    day_length: Annotated[
        float | None, typer.Option(min=1, help="With --drill: seconds from the bell to the close.")
    ] = None,
    die_at: Annotated[str | None, typer.Option(hidden=True, help="LABEL[:N]: SIGKILL at that waypoint.")] = None,
    freeze_at: Annotated[str | None, typer.Option(hidden=True, help="LABEL[:N]: SIGSTOP at that waypoint.")] = None,
) -> None:
    """Serve every enabled user until told to stop.

    SIGTERM or Ctrl-C: then drain and exit.
    """
    settings = read_settings()
    _require_sense(drill, open_in, day_length)
    waypoints = _waypoints(drill, die_at, freeze_at)
    broker_host(settings)
    refused = no_drill(settings) if drill else None
    if refused is not None and settings.database_url is None and not settings.data_folder.exists():
        raise refused  # without a database nobody can have entered a paper account
    start_logging(settings.logs, settings.log_level, aloud=True)
    clock = SystemClock()
    moved = _drilled(clock, open_in, day_length) if drill else None
    vault = open_vault(settings)
    with open_database(settings) as database:
        served = [user for user in UsersRepository(database).wanted().users if user.enabled]
        if refused is not None and (not served or not all(user.paper for user in served)):
            raise refused
        with supervisor(settings, database, vault, clock, moved, waypoints) as service:
            _announce(settings, database, moved)
            code = service.run()
    typer.echo(f"Stopped with exit code {code}.")
    raise typer.Exit(code)


@contextmanager
def supervisor(
    settings: Settings,
    database: Database,
    vault: Vault,
    clock: SystemClock,
    moved: DrillCalendar | None,
    waypoints: Waypoints | None = None,
) -> Iterator[Supervisor]:
    """The supervisor of this process with everything below it; connections are let go afterwards."""
    calendar: Calendar = moved or RowCalendar(MarketDaysRepository(database), clock)
    from cli.tenant_factory import TenantFactory  # with every layer, which only the service needs

    factory = TenantFactory(database, vault, clock, calendar, settings, waypoints)
    if any(user.paper for user in UsersRepository(database).wanted().users if user.enabled):
        typer.echo(f"Paper accounts: no broker, no money; prices: {printable(factory.papers.words)}")
    with closing(factory), closing(database.another(SUPERVISORS_CONNECTIONS)) as own:
        rows = Repositories(own, UsersRepository(own), CredentialsRepository(own, vault), TenantsRepository(own))
        yield Supervisor(rows, factory, clock, _supervision(settings, moved), Listener(own, clock))


def no_drill(settings: Settings) -> NotAllowed | None:
    """Why no drill may be played: it moves the market's hours, and only a simulator's move. Raises BadInput."""
    from broker.kotak_neo import is_loopback

    host = broker_host(settings)
    if is_loopback(host):
        return None
    return NotAllowed(
        f"A drill moves the market's hours, and the broker at {host} is not on this machine. Start a simulator"
        " (run.py simulator) and set NINEFIFTEEN_KOTAK_URL to the URL that it prints, or enter a paper account:"
        " run.py user add NAME --broker paper."
    )


def broker_host(settings: Settings, said: str = "NINEFIFTEEN_KOTAK_URL=") -> str:
    """The host of the broker, as it was `said`. Raises BadInput for what is no URL."""
    from broker.kotak_neo import host_of  # with all of the client, which most verbs do not need

    url = settings.kotak_url
    host = host_of(url) if url.lower().startswith(("http://", "https://")) else ""
    if not host:
        raise BadInput(f"{said}{url[:80]} is not a URL; write it as http://127.0.0.1:8915.")
    return host


def _supervision(settings: Settings, moved: DrillCalendar | None) -> SupervisorSettings:
    return SupervisorSettings(
        socket.gethostname(),
        os.getpid(),
        lease_seconds=settings.lease_seconds,
        drill=moved is not None,
        bell_at=moved.bell if moved else None,
        close_at=moved.close if moved else None,
        cycle_seconds=Times.of(settings).trading.cycle,
    )


def _require_sense(drill: bool, open_in: float | None, day_length: float | None) -> None:
    if drill and open_in is None:
        raise BadInput("--drill needs --open-in SECONDS: when the bell rings, counted from now (0: it is ringing).")
    if not drill and (open_in is not None or day_length is not None):
        raise BadInput("--open-in and --day-length move the trading day, which only a drill may do: add --drill.")


def _waypoints(drill: bool, die_at: str | None, freeze_at: str | None) -> Waypoints:
    if not drill and (die_at or freeze_at):
        raise BadInput("--die-at and --freeze-at end the service on purpose, which only a drill may do: add --drill.")
    return doom(die_at, freeze_at) if drill else Unwatched()


def _drilled(clock: SystemClock, open_in: float | None, day_length: float | None) -> DrillCalendar:
    return moved_day(clock.now(), open_in or 0.0, day_length or WHOLE_DAY)


def _announce(settings: Settings, database: Database, moved: DrillCalendar | None) -> None:
    users = UsersRepository(database).wanted().users
    for line in halt_lines(StandingRepository(database).halts()):
        typer.echo(printable(line))
    enabled = [f"{user.name} (paper)" if user.paper else user.name for user in users if user.enabled]
    for other in filter(lambda row: row.alive, StandingRepository(database).supervisors()):
        typer.echo(f"Another service ({other.host} pid {other.pid}) serves already; this one waits as a spare.")
    typer.echo(f"Serving {len(enabled)} of {len(users)} users: {', '.join(enabled[:20]) or 'none enabled yet'}")
    paper = bool(enabled) and all(user.paper for user in users if user.enabled)
    broker = "No broker: every enabled account is on paper" if paper else f"Broker {settings.kotak_url}"
    typer.echo(f"{broker} · database {address(database)}")
    live = [user.name for user in users if user.enabled and user.live]
    if live:
        typer.echo(f"Live, with money: {', '.join(live[:20])}")
    if settings.record is not None:
        typer.echo(f"Every exchange with the broker is recorded, without secrets, in {settings.record}")
    if moved:
        bell, close = moved.bell.astimezone(IST), moved.close.astimezone(IST)
        typer.echo(f"Drill: the bell rings at {bell:%H:%M:%S} IST, the close is at {close:%H:%M:%S} IST.")
    typer.echo(f"Logs in {settings.logs} · stop with Ctrl-C or SIGTERM")
