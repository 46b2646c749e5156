"""The day from an empty folder to its outcome: database, broker, rows, service, script; all of it is ended again."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cli.day.acts import Play
from cli.day.cast import CAST, LONE, everything
from cli.day.children import child, environment_of
from cli.day.entry import enter_positions, enter_users
from cli.day.evidence import Evidence
from cli.day.judgement import broken
from cli.day.log import Hours, Log
from cli.day.market import Market
from cli.day.report import Outcome
from cli.day.rows import Rows
from cli.day.script import play_script
from cli.day.stage import DidNotHappen, Screen, Stage
from cli.logs import start_logging
from cli.times import Times
from cli.wiring import open_database, open_vault
from domain.clock import SystemClock
from domain.vantage import Tempo
from repositories.database import Database
from repositories.users import UsersRepository
from settings import Settings

BEFORE_THE_BELL = 6.0
"""Seconds from the service's start to the bell."""
SWEEP = 1.0
"""Seconds after the close at which the exchange ends what is left, as it does in earnest."""
SLOW_BOOK = 1.5
"""Seconds until a new order shows in the order book at the bell, so that doubt can be seen."""
START = 60.0
"""Seconds in which a process has to be there."""
UNSEALED = "SELECT user_id FROM credentials WHERE incoming IS NOT NULL"


def settings_of(home: Path) -> Settings:
    """The demo's own settings, made without a look at the environment: a fifth of the usual times, quicker cycles."""
    return Settings.model_construct(
        home=home, database_url=None, secret_keys=None, log_dir=None, pace=0.2, cycle_seconds=3.0
    )


class Production:
    """One day in one folder, `seconds` from the bell to the close."""

    def __init__(self, home: Path, seconds: float, screen: Screen, clock: SystemClock) -> None:
        self._settings = settings_of(home)
        self._seconds = seconds
        self._screen = screen
        self._clock = clock

    def run(self) -> Outcome:
        """Play and judge; what was started has ended afterwards. Raises DatabaseUnavailable and its like."""
        start_logging(self._settings.logs / "demo", self._settings.log_level)
        log = Log(self._screen, self._clock)
        log.say("PostgreSQL starts in a folder of its own: every fact of this day will be a row in it.")
        with open_database(self._settings) as database:
            stage = Stage(Rows(database, _tempo(self._settings)), log, self._screen, self._clock)
            try:
                return self._with_broker(stage, database)
            except (DidNotHappen, OSError) as wrong:
                return Outcome(log.said, (), None, [str(wrong)], log.seconds)

    def _with_broker(self, stage: Stage, database: Database) -> Outcome:
        verb = ["simulator", "--accounts", str(len(CAST)), "--latency", "0.02"]
        with child(verb, self._settings.logs / "simulator.out", environment_of(self._settings)) as broker:
            stage.children.append(broker)
            stage.until("the broker's first line", lambda _: broker.first_line is not None, START)
            hello = json.loads(broker.first_line or "")
            stage.say(f"The simulated broker, a process of its own, listens on {hello['url']}.")
            play = self._entered(stage, database, Market(hello["url"]), hello["accounts"])
            stopped, code = self._with_service(play, hello["url"])
            return _outcome(play, stopped, code)

    def _entered(self, stage: Stage, database: Database, market: Market, accounts: Sequence[dict[str, str]]) -> Play:
        ucc = enter_users(stage.rows, UsersRepository(database), open_vault(self._settings), accounts)
        enter_positions(stage.rows, market, ucc)
        stage.say("Three users are rows; asha (user_id 2) came by SQL alone, with credentials for the service to seal.")
        count = sum(1 for _ in everything())
        stage.say(f"{count} positions are rows, among them {LONE} of user_id 2, which is nowhere but in the database.")
        stage.say("Some accounts hold shares of their own beside the position: those are never to be sold.")
        market.lose_a_reply(ucc["chitra"])
        market.show_orders_after(SLOW_BOOK)
        return Play(stage, market, ucc)

    def _with_service(self, play: Play, url: str) -> tuple[list[str], int]:
        """What stopped the day, if anything did, and the service's exit code."""
        settings = self._settings.model_copy(update={"kotak_url": url})
        verb = ["serve", "--drill", "--open-in", str(BEFORE_THE_BELL), "--day-length", str(self._seconds)]
        with child(verb, settings.logs / "service.out", environment_of(settings)) as service:
            play.stage.children.append(service)
            stopped = _played(play)
            play.stage.children.remove(service)
            play.stage.say("The service is told to stop (SIGTERM).")
            return stopped, service.stop()


def _tempo(settings: Settings) -> Tempo:
    times = Times.of(settings).trading
    return Tempo(times.cycle, times.book_lag, times.call_deadline)


def _played(play: Play) -> list[str]:
    try:
        _await_service(play)
        play_script(play)
    except (DidNotHappen, OSError) as wrong:
        play.stage.say(f"The day stops here: {wrong}")
        return [str(wrong)]
    return []


def _await_service(play: Play) -> None:
    stage = play.stage
    stage.until("the service is there", lambda _: stage.rows.hours() is not None, START)
    row = stage.rows.hours() or {}
    stage.log.hours = Hours(row["bell_at"], row["close_at"])
    play.market.set_hours(row["bell_at"], row["close_at"] + timedelta(seconds=SWEEP))
    stage.say("The service, a process of its own, holds its lease and claims the users; the bell rings soon.")
    stage.until("all users are served", lambda picture: all(tenant.state for tenant in picture.tenants), START)
    stage.until("asha's credentials are sealed", lambda _: not stage.rows.ask(UNSEALED))
    stage.say("Three tenants, three threads, three broker sessions; asha's credentials are sealed in their row now.")


def _outcome(play: Play, stopped: list[str], code: int) -> Outcome:
    evidence, log = None, play.stage.log
    try:
        evidence = _evidence(play, code)
        stopped += broken(evidence, whole=not stopped)
    except OSError as wrong:
        stopped.append(str(wrong))
    return Outcome(log.said, play.last, evidence, stopped, log.seconds)


def _evidence(play: Play, code: int) -> Evidence:
    seen = play.stage.rows.picture()
    return Evidence(
        play.market.ledger(),
        {play.ucc[tenant.name]: tenant.user_id for tenant in seen.tenants},
        {(play.ucc[player.name], held.symbol): held.quantity for player, held in everything()},
        seen.positions,
        seen.orders,
        seen.sends,
        play.last,
        (seen.tenant("bala").user_id, play.restarted),
        code,
    )
