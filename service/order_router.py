"""The intent protocol: commit what will be said, say it, keep the answer. No order without a commit.

Transaction 1, fenced: the positions are locked, everything is read again and decided again; only what is decided the
same is committed, as orders and sends. Then, without any transaction, each send goes to the broker. Transaction 2:
the answers are kept whoever's turn it is by now, and applied by the current generation alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date

from domain.errors import ConstraintBroken, DatabaseUnavailable
from domain.models import Snapshot
from domain.orders import SendOutcome
from domain.outcomes import NotSent, Outcome
from domain.steps import Cancel
from service.intents import Intent, Intents, Step, answer_of, applied, key_of, needs_no_token, request_of
from service.ports import Ports, Repositories
from service.waypoints import Waypoint, after_send, before_send

log = logging.getLogger(__name__)

Decide = Callable[[Snapshot], Sequence[Step]]

MOST_AT_ONCE = 20
"""Intents in one transaction: their answers are stored together, so the first should not wait long for the last."""

GATHERED = 3
"""Sends that are waited for together once the burst is used up: at 5 a second, 0.6 s."""


class OrderRouter:
    """Carries decided steps to the broker for one tenant; one request at a time."""

    def __init__(self, ports: Ports, repositories: Repositories) -> None:
        self._ports = ports
        self._rows = repositories
        self._reach = ports.waypoints.reach

    def route(self, decide: Decide, snapshot: Snapshot, day: date, book_began: float) -> Counter[SendOutcome]:
        """Carry out what is decided, as far as rate, the book's age and the tenure allow; how the sends ended.

        Waits for the account's rate while the book is young enough; what is left is decided anew by the next cycle.
        """
        left = [step for step in decide(snapshot) if key_of(step)]
        ended: Counter[SendOutcome] = Counter()
        while left and self._may_go_on(book_began):
            batch, left = self._batch(left)
            if batch:
                ended.update(self._carry(batch, decide, day))
            elif self._waited_in_vain(len(left), book_began):
                break
        return ended

    def _waited_in_vain(self, wanted: int, book_began: float) -> bool:
        """Let the account's rate allow a few sends, so that they share their transactions; whether told to stop, or
        the book will be too old by then: the broker may have asked for half a minute."""
        pause = self._ports.broker.seconds_to_tokens(min(wanted, GATHERED))
        too_old = book_began + self._ports.settings.book_max_age
        if self._ports.clock.monotonic() + pause > too_old:
            return True
        return self._ports.clock.wait(self._ports.tenure.stopped, pause)

    def _may_go_on(self, book_began: float) -> bool:
        young = self._ports.clock.monotonic() - book_began <= self._ports.settings.book_max_age
        return young and not self._ports.tenure.stopping

    def _batch(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        """As many steps as the account holds tokens for, cancels first; and the others."""
        free = [step for step in steps if needs_no_token(step)]
        paid = sorted((s for s in steps if not needs_no_token(s)), key=lambda s: not isinstance(s, Cancel))
        tokens = self._ports.broker.take_tokens(min(len(paid), MOST_AT_ONCE))
        return free + paid[:tokens], paid[tokens:]

    def _carry(self, batch: Sequence[Step], decide: Decide, day: date) -> list[SendOutcome]:
        ports = self._ports
        now, started = ports.clock.now(), ports.clock.monotonic()
        intents = Intents(self._rows, ports.tenure, now, day, ports.settings.send_window)
        try:
            with self._rows.door():
                ready = intents.commit(batch, decide(self._rows.accounts.snapshot(day, lock=True)))
                self._reach(Waypoint.BEFORE_INTENT)
        except ConstraintBroken as error:
            return self._one_by_one(batch, decide, day, error)
        self._reach(Waypoint.AFTER_INTENT)
        answered = [(intent, self._send(intent, started + ports.settings.send_window)) for intent in ready]
        self._keep(answered)
        return [answer_of(intent, outcome).outcome for intent, outcome in answered]

    def _one_by_one(
        self, batch: Sequence[Step], decide: Decide, day: date, error: ConstraintBroken
    ) -> list[SendOutcome]:
        """What the database forbids for one position must not keep the others of its batch without their orders."""
        if len(batch) == 1:
            log.error("nothing was sent for %s: %s", batch[0], error)
            return []
        return [outcome for step in batch for outcome in self._carry([step], decide, day)]

    def _send(self, intent: Intent, send_by: float) -> Outcome:
        if self._ports.tenure.stopping:
            return NotSent("the tenant is being stopped")
        self._ports.tenure.beat(self._ports.clock.monotonic())
        self._reach(before_send(intent.kind))
        outcome = request_of(intent)(self._ports.broker, send_by)
        self._reach(after_send(intent.kind))
        log.info("%s order %s: %s", intent.kind, intent.order.id, outcome)
        return outcome

    def _keep(self, answered: Sequence[tuple[Intent, Outcome]]) -> None:
        """Store the answers; when the database stays away they are found again at the broker by their tags."""
        for attempt in range(3):
            try:
                self._store(answered)
                return self._reach(Waypoint.AFTER_ACK)
            except DatabaseUnavailable as error:
                log.warning("answers not stored yet (attempt %s): %s", attempt + 1, error)
                self._ports.clock.wait(self._ports.tenure.stopped, self._ports.settings.follow_up)
        log.critical("%s answers could not be stored; the order book will tell", len(answered))
        return None

    def _store(self, answered: Sequence[tuple[Intent, Outcome]]) -> None:
        now = self._ports.clock.now()
        with self._ports.database.append_evidence(self._ports.tenure):
            self._rows.sends.answer([answer_of(intent, outcome) for intent, outcome in answered], now)
            self._reach(Waypoint.BEFORE_ACK)
            if not self._rows.sends.is_current():
                log.warning("answers kept as evidence only: a newer generation serves this user")
                return
            changes = [applied(intent, outcome) for intent, outcome in answered]
            self._rows.orders.update([change for change in changes if change is not None], now)
