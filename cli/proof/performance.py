"""The play of a script against living services, up to the moment when everything has settled."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cli.day.market import Market
from cli.day.rows import Picture
from cli.day.stage import DidNotHappen
from cli.proof.crew import Words
from cli.proof.deeds import Act, Deed
from cli.proof.evidence import Evidence, Freeze
from cli.proof.ground import Ground
from cli.proof.hands import Hands, named
from cli.proof.script import FEED, HELLO, Script, encore, telling
from cli.proof.settling import unsettled
from cli.proof.watch import Watch, served
from domain.coverage import CoverState
from domain.errors import DatabaseUnavailable

log = logging.getLogger("ninefifteen.proof")

START = 60.0
"""Seconds in which a service has to be there."""
REPLACED = 45.0
"""Seconds in which a spare has to have taken over."""
REVIVED = 60.0
"""Seconds in which the service has to have brought the database back."""
PATIENCE = 60.0
"""Seconds in which everything has to settle once nothing goes wrong any more. All these are for a machine that is busy
with other things; what really passed is measured and told."""
ENCORES = 8
ENCORE = 0.7
"""Seconds for each."""
LOOKS = 4
"""So many looks in a row must find everything settled, at the broker, too."""
HALTS = "SELECT user_id, because FROM halts ORDER BY id"


class Performance:
    """One script, one crew."""

    def __init__(self, script: Script, watch: Watch, hands: Hands, market: Market, ground: Ground) -> None:
        self.hands = hands
        self.outages = 0
        self._script = script
        self._watch = watch
        self._market = market
        self._ground = ground
        self._freezes: list[Freeze] = []
        self._pending: list[str] = []

    def play(self) -> Evidence:
        """Everything up to the last look. Raises DidNotHappen, Interrupted, OSError."""
        for deed in self._script.deeds:
            if deed.at == 0:
                self.hands.do(deed)
        self._start()
        began = self._watch.clock.monotonic()
        for deed in self._script.deeds:
            if deed.at:
                self._watch.pause(began + deed.at - self._watch.clock.monotonic())
                self._do(deed)
        self.hands.calm()
        self._encore()
        self.hands.calm()
        self._strike_feed()
        self.hands.calm()
        return self._evidence(self._settled())

    def concluded(self, evidence: Evidence) -> Evidence:
        """The evidence with what the services' ends have shown."""
        return replace(evidence, falls=tuple(self._watch.crew.falls))

    def _start(self) -> None:
        deaths: list[Words] = [("--die-at", death) for death in self._script.deaths]
        frozen = self._script.freeze_at
        self._watch.crew.seat("service", [("--freeze-at", frozen)] if frozen else deaths)
        self._watch.until("a service claims its users", _claimed, START)
        if frozen:
            self._watch.crew.seat("spare", deaths)

    def _do(self, deed: Deed) -> None:
        if self.hands.can(deed):
            self._watch.until(f"the database takes: {deed}", lambda _: self._done(deed), REVIVED)
        elif deed.act is Act.KILL:
            seen = self._watch.until("the database answers", lambda _: True, REVIVED)
            self._watch.crew.holder(seen.tenants[0].pid).kill()
        elif deed.act is Act.OUTAGE:
            self._outage(deed)
        elif deed.act is Act.FREEZE:
            self._freeze(deed)

    def _done(self, deed: Deed) -> bool:
        """Whether it was tried; a row that a frozen service has locked is asked for again. No deed is done twice: the
        database is never killed during one."""
        try:
            self.hands.do(deed)
        except DatabaseUnavailable as held:
            log.warning("tried again: %s: %s", deed, held)
            return False
        return True

    def _encore(self) -> None:
        """While a service has not met its end, give it something to do."""
        for turn in range(ENCORES):
            if not self._watch.crew.doomed:
                return
            self._upon_the_protected(partial(encore, turn))

    def _strike_feed(self) -> None:
        """Nobody dies any more: the order feed is up, and what goes wrong with it costs nothing but time."""
        for turn, fault in enumerate(self._script.told):
            self._upon_the_protected(partial(telling, fault, turn))

    def _upon_the_protected(self, deeds: Callable[[int, str], tuple[Deed, ...]]) -> None:
        """Do to the first position that is protected, once all users are served; then let it sink in."""
        seen = self._watch.until("all users are served", served, START)
        one = next((one for one in seen.covered if one.state is CoverState.PROTECTED), None)
        if one is not None:
            for deed in deeds(one.user_id, one.symbol):
                self._do(deed)
        self._watch.pause(ENCORE)

    def _outage(self, deed: Deed) -> None:
        struck = self._ground.strike(deed.kind)
        self.outages += 1
        back = f"the service brings PostgreSQL back after {deed.kind}"
        self._watch.until(back, lambda _: self._ground.server_pid() != struck, REVIVED)

    def _freeze(self, deed: Deed) -> None:
        seat, clock = self._watch.crew.seats[0], self._watch.clock
        pid, point, frozen_at = seat.child.pid, seat.freeze(), clock.now()
        seen = self._watch.until("a spare takes over", lambda p: _taken_over(p, pid), REPLACED)
        replaced_at = clock.now()
        self._watch.pause(deed.seconds)
        woken_at = clock.now()
        seat.wake()
        generations = {one.user_id: one.generation or 0 for one in seen.tenants}
        self._freezes.append(Freeze(point, frozen_at, replaced_at, woken_at, generations))

    def _settled(self) -> Picture:
        """The first look of several in a row that find nothing under way; or the last one, with what is pending."""
        calm = 0
        ledger = None

        def seen(picture: Picture) -> bool:
            nonlocal calm, ledger
            before, ledger = ledger, self._market.ledger()
            starting = [f"{seat.name} is starting" for seat in self._watch.crew.seats if not seat.there]
            self._pending = starting + unsettled(picture, ledger, self._watch.wounds)
            calm = calm + 1 if not self._pending and ledger == before else 0
            return calm >= LOOKS

        try:
            return self._watch.until("everything settles", seen, PATIENCE)
        except DidNotHappen:
            return self._watch.until("the database answers", lambda _: True, REVIVED)

    def _evidence(self, seen: Picture) -> Evidence:
        return Evidence(
            self._market.ledger(),
            {ucc: user for user, ucc in self.hands.accounts.items()},
            self.hands.shares,
            seen.positions,
            seen.orders,
            seen.sends,
            seen.covered,
            self._watch.rows.ask(HALTS),
            self._freezes,
            [wound.recovery() for wound in self._watch.wounds],
            (),
            self._pending,
            self._struck(),
        )

    def _struck(self) -> Counter[str]:
        """Faults of the order feed that befell something, by the name under which they were ordered."""
        struck: Counter[str] = Counter()
        for call, kinds in self._market.faults_struck().items():
            if call in (FEED, HELLO):
                struck.update({named(call, kind): times for kind, times in kinds.items()})
        return struck


def _claimed(seen: Picture) -> bool:
    return all(tenant.generation for tenant in seen.tenants)


def _taken_over(seen: Picture, frozen: int) -> bool:
    return all(tenant.alive and tenant.pid != frozen for tenant in seen.tenants)
