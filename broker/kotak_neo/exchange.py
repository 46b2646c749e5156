"""Conversations with Kotak for one thread: reads that log in again by themselves, changes that never do."""

import logging
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from broker.kotak_neo import headers
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.call import Call, Withheld
from broker.kotak_neo.changes import Change
from broker.kotak_neo.login import Login
from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.skew import skew
from broker.kotak_neo.verdicts import Verdict, unanswered, verdict
from broker.kotak_neo.wire import Answer, Ask, NoAnswer, Wire
from broker.retrying import Passing, Retries
from domain.clock import Clock
from domain.errors import BrokerUnavailable, ClockWrong, NotAllowed, SessionEnded
from domain.outcomes import NotSent, Outcome, Unknown
from domain.tenure import Tenure
from domain.wording import stopped

log = logging.getLogger(__name__)
Result = TypeVar("Result")
BUSY = 429


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
    ) -> None:
        self.skew: float | None = None
        self._account = account
        self._tenure = tenure
        self._clock = clock
        self._settings = settings
        self._guard = guard
        self._wire = Wire(clock, settings, tls)
        self._retries = Retries(clock, tenure)

    def log_in(self) -> Session:
        """The session of today, made if need be. Raises as `Login.sign_in`, TenureLost and TransactionHeld."""
        self._enter()
        with self._account.turn(self._tenure):
            session = self._account.session()
            if session is None:
                session = Login(self._account, self._tenure, self._clock, self._settings, self._ask_login).sign_in()
                self._account.remember(session, self._tenure)
                log.info("%s: logged in, session until %s", self._tenure, session.expires)
            return session

    def read(
        self, ask_of: Callable[[Session], Ask], judge: Callable[[Answer], Result], deadline: float | None = None
    ) -> tuple[Answer, Result]:
        """Ask and judge, with retries inside one deadline (seconds) and at most one new login.

        Raises BrokerUnavailable, SessionEnded, LoginRefused, TenureLost, TransactionHeld, NotAllowed, ClockWrong.
        """
        self._enter()
        session = self._account.session() or self.log_in()
        try:
            return self._attempts(ask_of(session), judge, deadline)
        except SessionEnded:
            self._account.forget(session)
        session = self.log_in()
        return self._attempts(ask_of(session), judge, deadline)

    def change(self, change: Change, send_by: float) -> Outcome:
        """Send until it has left or `send_by` (monotonic seconds) has come. Raises TransactionHeld only."""
        self._guard()
        session = self._account.session()
        if session is None:
            return NotSent("no session of today; nothing was sent, log in first")
        sent = headers.for_orders(self._account.credentials.consumer_key, session)
        found = self._deliver(Ask("POST", session.url(change.path), sent, form=change.form()), send_by)
        if found.session_over:
            self._account.forget(session)
        return found.outcome

    def close(self) -> None:
        """Let the connections go."""
        self._wire.close()

    def _deliver(self, ask: Ask, send_by: float) -> Verdict:
        """The first attempt has the caller's token of the account's rate, every further one takes its own."""
        bucket = self._account.orders
        attempts = 0

        def attempt() -> Verdict:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and not bucket.take(1):
                return Verdict(NotSent("the account's rate is used up; nothing was sent"), again=True)
            return self._send(ask, send_by)

        return self._retries.change(attempt, lambda found: found.again, send_by, bucket.seconds_to_token)

    def _send(self, ask: Ask, send_by: float) -> Verdict:
        try:
            answer = self._exchange(ask, self._settings.call_deadline, send_by)
            if answer.status == BUSY and not self._settings.busy_is_unsent:
                return Verdict(Unknown("HTTP 429, which this broker may answer to what it has taken"))
            return verdict(answer)
        except (Withheld, NotAllowed) as error:
            return Verdict(NotSent(f"nothing was sent: {error}"))
        except NoAnswer as error:
            return unanswered(error)

    def _attempts(self, ask: Ask, judge: Callable[[Answer], Result], deadline: float | None) -> tuple[Answer, Result]:
        until = self._clock.monotonic() + (deadline or self._settings.call_deadline)

        def attempt() -> tuple[Answer, Result]:
            self._account.reads.wait(self._tenure)
            answer = self._ask(ask, until - self._clock.monotonic())
            return answer, self._judged(judge, answer)

        return self._retries.read(attempt, until)

    def _judged(self, judge: Callable[[Answer], Result], answer: Answer) -> Result:
        try:
            return judge(answer)
        except BrokerUnavailable as error:
            error.args = (f"{self._tenure}: {stopped(str(error))}",)
            raise

    def _ask(self, ask: Ask, deadline: float) -> Answer:
        try:
            return self._exchange(ask, deadline)
        except Withheld as error:
            self._tenure.require()
            raise BrokerUnavailable(f"{self._tenure}: nothing was asked: {stopped(str(error))}") from None
        except NoAnswer as error:
            raise Passing(f"{self._tenure}: the broker did not answer: {stopped(str(error))}") from None

    def _ask_login(self, ask: Ask) -> Answer:
        answer = self._ask(ask, self._settings.call_deadline)
        apart, limit = skew(answer) or 0.0, self._settings.clock_skew_limit
        if abs(apart) > limit:
            raise ClockWrong(
                f"{self._tenure}: our clock and the broker's are {apart:+.1f} s apart (limit {limit} s); "
                "set this machine's clock (NTP) and start again."
            )
        return answer

    def _exchange(self, ask: Ask, deadline: float, send_by: float | None = None) -> Answer:
        now = self._clock.monotonic()
        self._tenure.beat(now)
        answer = self._wire.send(ask, Call(self._clock, self._tenure, now + deadline, send_by))
        measured = skew(answer)
        self.skew = self.skew if measured is None else measured
        return replace(answer, body=self._account.hide(answer.body))

    def _enter(self) -> None:
        self._guard()
        self._tenure.require()
