"""Conversations with Kotak for one thread: reads that log in again by themselves, changes that never do."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from broker.kotak_neo import headers
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.breakage import NoAnswer
from broker.kotak_neo.call import Withheld
from broker.kotak_neo.changes import Change
from broker.kotak_neo.login.entrance import Entrance
from broker.kotak_neo.login.seen_address import PATH as SEEN
from broker.kotak_neo.login.seen_address import seen_address
from broker.kotak_neo.lookups import Lookups
from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.talk import BUSY, Talk
from broker.kotak_neo.verdicts import Verdict, unanswered, verdict
from broker.kotak_neo.wire import Answer, Ask
from broker.retrying import Passing, Retries
from domain.clock import Clock
from domain.errors import BrokerUnavailable, NotAllowed, SessionEnded
from domain.logins import LoginBook
from domain.outcomes import Accepted, NotSent, Outcome, Refused, Unknown
from domain.tenure import Tenure
from domain.wording import stopped

Result = TypeVar("Result")


class Exchange:
    """`guard` runs before every conversation and raises when this thread holds a transaction."""

    def __init__(
        self,
        account: KotakAccount,
        tenure: Tenure,
        clock: Clock,
        settings: KotakSettings,
        guard: Callable[[], None],
        tls: ssl.SSLContext | None,
        logins: LoginBook | None = None,
        lookups: Lookups | None = None,
    ) -> None:
        self._account = account
        self._tenure = tenure
        self._clock = clock
        self._settings = settings
        self._guard = guard
        self._talk = Talk(account, tenure, clock, settings, tls, lookups)
        self._entrance = Entrance(account, tenure, clock, settings, logins or account.logins, self._talk.ask_login)
        self._retries = Retries(clock, tenure)

    @property
    def skew(self) -> float | None:
        """Seconds by which the broker's clock is ahead of ours, by the last answer that told; None before one."""
        return self._talk.skew

    def log_in(self) -> Session:
        """The session of today, made if need be, whose address the broker was seen to see.

        Raises as `Login.sign_in`, AddressWrong, TenureLost and TransactionHeld.
        """
        self._enter()
        self._require_no_ban()
        with self._account.turn(self._tenure):
            if self._account.ban.served(self._tenure):
                self._account.renew()
            self._talk.address = self._account.address(self._tenure)
            session = self._entrance.session(self._talk.address)
            if session.address and self._account.trusted_session() is not session:
                self._require_seen(session)
            return session

    def check_address(self) -> None:
        """Ask once more under which address the broker sees the session, where it is to be a certain one.

        Raises as `log_in`. A broker that does not say proves nothing, and goes on not saying for a while only.
        """
        session = self.log_in()
        if session.address:
            self._require_seen(session)

    def read(
        self, ask_of: Callable[[Session], Ask], judge: Callable[[Answer], Result], deadline: float | None = None
    ) -> tuple[Answer, Result]:
        """Ask and judge, with retries inside one deadline (seconds) and at most one new login.

        Raises BrokerUnavailable, SessionEnded, LoginRefused, TenureLost, TransactionHeld, NotAllowed, ClockWrong.
        """
        self._enter()
        session = self._account.session() or self.log_in()
        self._talk.address = session.address
        try:
            return self._attempts(ask_of(session), judge, deadline)
        except SessionEnded as error:
            self._account.forget(session, str(error))
        session = self.log_in()
        return self._attempts(ask_of(session), judge, deadline)

    def change(self, change: Change, send_by: float) -> Outcome:
        """Send until it has left or `send_by` (monotonic seconds) has come. Raises TransactionHeld only."""
        self._guard()
        session = self._account.trusted_session()
        if session is None:
            return NotSent("no session of today whose address is known; nothing was sent, log in first")
        if self._account.ban.stands(self._tenure):
            return NotSent("the broker takes nothing from this address at the moment; nothing was sent")
        self._talk.address = session.address
        sent = headers.for_orders(self._account.credentials.consumer_key, session)
        found = self._deliver(Ask("POST", session.url(change.path), sent, form=change.form()), send_by)
        if found.session_over:
            self._account.forget(session, str(found.outcome.text) if isinstance(found.outcome, NotSent) else "")
        if found.barred:
            self._account.ban.begin(found.barred, session.address, self._tenure)
        elif isinstance(found.outcome, Accepted | Refused):
            self._account.ban.lift()
        return found.outcome

    def close(self) -> None:
        """Let the connections go."""
        self._talk.close()

    def _require_seen(self, session: Session) -> None:
        try:
            _, seen = self._attempts(self._ask_for_address(session), seen_address, None)
        except SessionEnded as error:
            self._account.forget(session, str(error))
            raise
        except BrokerUnavailable as error:
            self._entrance.unanswered(session, error)
            return
        self._entrance.judge(session, str(seen))

    def _ask_for_address(self, session: Session) -> Ask:
        sent = headers.for_orders(self._account.credentials.consumer_key, session)
        return Ask("GET", f"{self._settings.login_url.rstrip('/')}/{SEEN}", sent)

    def _require_no_ban(self) -> None:
        """Raise AddressWrong while orders are turned away; who has no address of his own learns which one it is."""
        ban, session = self._account.ban, self._account.session()
        if session is not None and ban.stands(self._tenure) and not ban.seen:
            with suppress(BrokerUnavailable):
                ban.seen = str(self._attempts(self._ask_for_address(session), seen_address, None)[1])
        ban.require_none(self._tenure)

    def _deliver(self, ask: Ask, send_by: float) -> Verdict:
        """Each attempt waits for its turn within the account's rate."""
        bucket = self._account.rates.orders

        def attempt() -> Verdict:
            with bucket.call(self._tenure, send_by) as admitted:
                if not admitted:
                    return Verdict(NotSent("the account's rate is used up; nothing was sent"))
                return self._send(ask, send_by)

        return self._retries.change(attempt, lambda found: found.again, send_by, bucket.seconds_to_token)

    def _send(self, ask: Ask, send_by: float) -> Verdict:
        try:
            answer = self._talk.exchange(ask, self._settings.call_deadline, send_by)
            self._talk.note_busy(answer, changing=True)
            if answer.status == BUSY and not self._settings.busy_is_unsent:
                return Verdict(Unknown("HTTP 429, which this broker may answer to what it has taken"))
            return verdict(answer)
        except (Withheld, NotAllowed) as error:
            return Verdict(NotSent(f"nothing was sent: {error}"))
        except NoAnswer as error:
            return unanswered(error)

    def _attempts(self, ask: Ask, judge: Callable[[Answer], Result], deadline: float | None) -> tuple[Answer, Result]:
        until = self._clock.monotonic() + (deadline or self._settings.call_deadline)
        breaker = self._account.breaker

        def attempt() -> tuple[Answer, Result]:
            try:
                return self._attempt(ask, judge, until)
            except Passing as error:
                error.pause = max(error.pause, breaker.remaining)
                raise

        return self._retries.read(attempt, until)

    def _attempt(self, ask: Ask, judge: Callable[[Answer], Result], until: float) -> tuple[Answer, Result]:
        breaker = self._account.breaker
        if breaker.remaining:
            raise Passing(f"{self._tenure}: {stopped(breaker.words())}")
        with self._account.rates.read(self._tenure, until) as admitted:
            self._require_turn(admitted)
            answer = self._talk.ask(ask, until - self._clock.monotonic())
        if not ask.elsewhere:
            self._talk.note_busy(answer)
        judged = self._judged(judge, answer)
        breaker.answered()
        return answer, judged

    def _require_turn(self, admitted: bool) -> None:
        if not admitted:
            self._tenure.require()
            raise BrokerUnavailable(f"{self._tenure}: the account's rate left no time to ask; nothing was asked.")

    def _judged(self, judge: Callable[[Answer], Result], answer: Answer) -> Result:
        try:
            return judge(answer)
        except BrokerUnavailable as error:
            error.args = (f"{self._tenure}: {stopped(str(error))}",)
            raise

    def _enter(self) -> None:
        self._guard()
        self._tenure.require()
