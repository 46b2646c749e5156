"""One seed from a clean database to its verdict: broker, services, deeds, deaths; then calm, and the judgement."""

import json
import threading
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from cli.day.children import Child, child, environment_of
from cli.day.entry import POSITION
from cli.day.market import Market
from cli.day.rows import Rows
from cli.day.stage import DidNotHappen
from cli.proof.crew import crew
from cli.proof.evidence import Evidence
from cli.proof.ground import Ground
from cli.proof.hands import Hands
from cli.proof.judgement import broken
from cli.proof.pace import settings_of, tempo_of
from cli.proof.performance import Performance
from cli.proof.script import PRICES, STRANGE, Script
from cli.proof.verdict import Verdict
from cli.proof.watch import FRAME, Interrupted, Watch
from domain.clock import Clock
from domain.errors import DatabaseUnavailable
from domain.users import BrokerName
from repositories.database import Database
from repositories.users import UsersRepository
from repositories.vault import check_plain

START = 30.0
"""Seconds in which the simulator has to be there."""
PERCENT = 4
"""The users' exit rule."""


class Trial:
    """Plays one script in one folder."""

    def __init__(self, script: Script, folder: Path, ground: Ground, clock: Clock, stopping: threading.Event) -> None:
        self._script = script
        self._folder = folder
        self._ground = ground
        self._clock = clock
        self._stopping = stopping
        self._settings = settings_of(ground.home, folder)

    def run(self) -> Verdict:
        """Play and judge; what could not be played to its end is broken, too. Raises Interrupted."""
        self._folder.mkdir(parents=True)
        began = self._clock.monotonic()
        try:
            return self._tried(began)
        except (DidNotHappen, DatabaseUnavailable, OSError) as wrong:
            return Verdict(self._script, self._folder, self._clock.monotonic() - began, [f"STOPPED: {wrong}"])

    def _tried(self, began: float) -> Verdict:
        verb = ("simulator", "--accounts", str(self._script.users), "--rate-limit", "0", "--latency", "0.002")
        with (
            child(verb, self._folder / "simulator.out", environment_of(self._settings)) as broker,
            self._ground.clean() as database,
        ):
            return self._verdict(broker, database, began)

    def _verdict(self, broker: Child, database: Database, began: float) -> Verdict:
        url, people = self._greeted(broker)
        rows = Rows(database, tempo_of(self._settings))
        accounts = self._enter_users(database, people)
        market = Market(url)
        market.shorten_codes(self._settings.drill_code_seconds)
        self._enter_positions(rows, market, accounts)
        evidence, performance = self._played(rows, market, accounts, url)
        hands = performance.hands
        return Verdict(
            self._script,
            self._folder,
            self._clock.monotonic() - began,
            broken(evidence),
            evidence,
            hands.faults,
            hands.done,
            performance.outages,
        )

    def _greeted(self, broker: Child) -> tuple[str, Sequence[dict[str, str]]]:
        deadline = self._clock.monotonic() + START
        while broker.first_line is None:
            if broker.fallen or self._clock.monotonic() > deadline:
                raise DidNotHappen(broker.fallen or "the simulated broker did not start")
            if self._clock.wait(self._stopping, FRAME):
                raise Interrupted
        hello = json.loads(broker.first_line)
        return hello["url"], hello["accounts"]

    def _enter_users(self, database: Database, people: Sequence[dict[str, str]]) -> dict[int, str]:
        users = UsersRepository(database)
        for number, account in enumerate(people, 1):
            sealed = self._ground.vault.seal(check_plain(account))
            users.add(f"user{number}", BrokerName.KOTAK_NEO, {"target_percent": PERCENT}, sealed, by="proof")
        return {number: account["ucc"] for number, account in enumerate(people, 1)}

    def _enter_positions(self, rows: Rows, market: Market, accounts: dict[int, str]) -> None:
        for symbol, rupees in PRICES.items():
            market.price(symbol, Decimal(rupees))
            for ucc in accounts.values():
                market.hold(ucc, symbol, STRANGE, Decimal(rupees))
        for one in self._script.stakes:
            rule = json.dumps({"target_percent": one.percent})
            price = Decimal(PRICES[one.symbol])
            market.hold(accounts[one.user], one.symbol, one.quantity + one.own, price)
            rows.sql(POSITION, user=one.user, symbol=one.symbol, quantity=one.quantity, price=price, rule=rule)

    def _played(self, rows: Rows, market: Market, accounts: dict[int, str], url: str) -> tuple[Evidence, Performance]:
        environment = environment_of(settings_of(self._ground.home, self._folder, url))
        with crew(self._folder, environment, self._clock) as services:
            watch = Watch(rows, services, self._clock, self._stopping)
            hands = Hands(rows, market, accounts, self._script.stakes)
            performance = Performance(self._script, watch, hands, market, self._ground)
            evidence = performance.play()
        return performance.concluded(evidence), performance
