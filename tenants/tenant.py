"""One user as this process sees it: its thread, or why it has none and until when. Main loop only, no database."""

import logging

from domain.tenancy import Note, TenantState
from domain.wording import stopped
from tenants.restarts import Past, Verdict
from tenants.settings import SupervisorSettings
from tenants.thread import End, TenantThread
from tenants.wish import Basis, Hold, Wish

log = logging.getLogger("ninefifteen.tenants.tenant")


class Tenant:
    """`generation` is the one under which this process holds the user, None while it does not; `outdated` means that
    an abandoned thread still goes by it."""

    def __init__(self, wish: Wish, settings: SupervisorSettings) -> None:
        self.wish = wish
        self.wanted = True
        self.generation: int | None = None
        self.outdated = False
        self.thread: TenantThread | None = None
        self._settings = settings
        self._basis = Basis(wish)
        self._hold: Hold | None = None
        self._unsaid: tuple[TenantState, str] | None = None
        self._past = Past()
        self._not_before = 0.0
        self._stop_by: float | None = None
        self._farewell = ""

    def __str__(self) -> str:
        return f"{self.wish.name}#{self.generation or 0}"

    def hear(self, wish: Wish, now: float) -> None:
        """Take over what is wanted. A revision that rose since the last start forgives and restarts; who is barred
        ends."""
        self.wish, self.wanted = wish, True
        if wish.barred:
            self.stop(now + self._settings.stop_within)
        if wish.revision <= self._basis.wish.revision:
            return
        self._past, self._not_before = Past(), now
        if self._hold and self._hold.state is TenantState.FAILED:
            self._hold = None
        self.stop(now + self._settings.stop_within)

    def leave(self, stop_by: float, why: str) -> None:
        """Not wanted any more: ends by the moment; `part` then says why."""
        self.wanted, self._farewell = False, why
        self.stop(stop_by)

    def stop(self, stop_by: float) -> None:
        """Ask the thread, if there is one, to end by the moment."""
        if self.thread is not None and self._stop_by is None:
            log.info("%s is asked to stop.", self.thread.tenure)
            self._stop_by = stop_by
            self.thread.tenure.stop()

    def due(self, now: float) -> bool:
        """Whether to be started now, were it not for what the start rests on."""
        held = self._hold is not None and self._hold.state is TenantState.FAILED
        return self.wanted and self.thread is None and not held and now >= self._not_before

    def ready(self, fingerprint: str) -> bool:
        """Whether a due tenant may be started: a refusal stands until its rows or credentials change."""
        basis = Basis(self.wish, fingerprint)
        if self._hold is not None and self._hold.basis == basis:
            return False
        self._hold, self._basis = None, basis
        return True

    def claimed(self, generation: int) -> None:
        """Held from now on, under this generation."""
        self.generation, self.outdated = generation, False
        if self._hold is not None:
            self.say(self._hold.state, self._hold.text)

    def disowned(self, now: float) -> None:
        """Held no more: whatever runs has lost its right and is given time to end."""
        self.generation, self.outdated = None, False
        self.stop(now + self._settings.stop_within)

    def open(self) -> bool:
        """Say STARTING, or REFUSED with the reason; whether a thread is to begin."""
        if self.wish.refusal is not None:
            log.error("%s is refused: %s", self, self.wish.refusal)
            self._refuse(self.wish.refusal)
            return False
        self.say(TenantState.STARTING, "")
        return True

    def begin(self, thread: TenantThread) -> None:
        """Run under the thread."""
        self.thread, self._stop_by = thread, None
        thread.start()

    def overdue(self, now: float, since: float) -> bool:
        """Whether the thread must be abandoned: past its time to stop, or silent since `since` or its last beat."""
        if self.thread is None:
            return False
        late = self._stop_by is not None and now >= self._stop_by
        return late or now - max(self.thread.tenure.beaten, since) > self._settings.stuck_after

    def abandon(self, now: float) -> TenantThread | None:
        """Take the thread's right away and go on without it. One that was not even asked to stop counts as a fall."""
        thread, asked = self._without_thread()
        if thread is None:
            return None
        thread.tenure.revoke()
        self.outdated = self.generation is not None
        log.critical("%s did not end and is abandoned: it may no longer act.", thread.tenure)
        if not asked:
            text = f"No sign of life for {self._settings.stuck_after:g} s"
            verdict = self._settings.restarts.fall(self._past, now, now - thread.started)
            self._judge(verdict, text, now, at_once=True)
        return thread

    def collect(self, now: float) -> TenantThread | None:
        """Take note of a thread that has ended, and of what follows."""
        thread, asked = self._without_thread()
        if thread is None or thread.ending is None:
            return None
        if asked:
            log.info("%s has stopped.", thread.tenure)
        else:
            self._ended(thread.ending.end, thread.ending.text, now, now - thread.started)
        return thread

    def part(self) -> None:
        """Say STOPPED and why, now that the thread of an unwanted tenant has ended."""
        self.say(TenantState.STOPPED, self._farewell)

    def notes(self) -> list[Note]:
        """What is still to be said in the tenant's row."""
        if self._unsaid is None or self.generation is None:
            return []
        return [Note(self.wish.user_id, self.generation, *self._unsaid)]

    def said(self) -> None:
        """It was."""
        self._unsaid = None

    def say(self, state: TenantState, text: str) -> None:
        """Have something said; the last word counts."""
        self._unsaid = (state, text)

    def _without_thread(self) -> tuple[TenantThread | None, bool]:
        thread, asked = self.thread, self._stop_by is not None
        self.thread, self._stop_by = None, None
        return thread, asked

    def _ended(self, end: End, text: str, now: float, lived: float) -> None:
        policy = self._settings.restarts
        if end is End.LOST:
            self.generation, self._not_before = None, now + policy.first
        elif end is End.REFUSED:
            self._refuse(text)
        elif end is End.OUTAGE:
            self._judge(policy.outage(self._past, lived), text, now)
        else:
            self._judge(policy.fall(self._past, now, lived), text, now)

    def _judge(self, verdict: Verdict, text: str, now: float, *, at_once: bool = False) -> None:
        self._past = verdict.past
        if verdict.delay is None:
            self._fail(text)
            return
        delay = 0.0 if at_once else verdict.delay
        self._not_before = now + delay
        self.say(TenantState.BACKOFF, f"{stopped(text)} Started again in {delay:g} s.")

    def _fail(self, text: str) -> None:
        policy = self._settings.restarts
        why = f"{stopped(text)} That was fall {policy.limit + 1} within {policy.window:g} s."
        why += " Correct it, then raise the user's revision to have it started again."
        self._hold = Hold(TenantState.FAILED, why, self._basis)
        self.say(TenantState.FAILED, why)
        log.error("%s is not started again: %s", self, why)

    def _refuse(self, text: str) -> None:
        self._hold = Hold(TenantState.REFUSED, text, self._basis)
        self.say(TenantState.REFUSED, text)
