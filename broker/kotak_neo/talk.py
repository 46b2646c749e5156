"""One exchange over the wire for one thread, and what the account learns from it whatever was asked."""

import ssl
from dataclasses import replace

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.breakage import NoAnswer
from broker.kotak_neo.call import Call, Withheld
from broker.kotak_neo.lookups import Lookups
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.skew import skew
from broker.kotak_neo.tap import Heard, unanswered_by
from broker.kotak_neo.wire import Answer, Ask, Wire
from broker.kotak_neo.wishes import wish
from broker.retrying import Passing
from domain.clock import Clock
from domain.errors import BrokerUnavailable, ClockWrong, NotAllowed
from domain.tenure import Tenure
from domain.wording import stopped

BUSY = 429
LONGEST_WISH_FOR_ORDERS = 30.0
"""Seconds; without an order a position is unprotected, so that a wish from the order gate is followed this far only."""


class Talk:
    """`address`: the egress address that the next exchange leaves from; `skew`: of the last answer, in seconds."""

    def __init__(
        self,
        account: KotakAccount,
        tenure: Tenure,
        clock: Clock,
        settings: KotakSettings,
        tls: ssl.SSLContext | None,
        lookups: Lookups | None,
    ) -> None:
        self.skew: float | None = None
        self.address = ""
        self._account = account
        self._tenure = tenure
        self._clock = clock
        self._settings = settings
        self._wire = Wire(clock, settings, tls, account.egress, lookups)

    def exchange(self, ask: Ask, deadline: float, send_by: float | None = None) -> Answer:
        """The answer, within the deadline (seconds). Raises NoAnswer, Withheld, NotAllowed."""
        now, began_at, tap = self._clock.monotonic(), self._clock.now(), self._account.tap
        self._tenure.beat(now)
        try:
            answer = self._wire.send(ask, Call(self._clock, self._tenure, now + deadline, send_by), self.address)
        except (NoAnswer, Withheld, NotAllowed) as error:
            if tap is not None:
                tap.heard(unanswered_by(ask, began_at, self._clock.now(), error))
            if isinstance(error, NoAnswer) and error.hung and not ask.elsewhere:
                self._account.breaker.trip("the broker did not answer a call in time")
            raise
        if tap is not None:
            tap.heard(Heard(ask, began_at, self._clock.now(), answer))
        measured = skew(answer)
        self.skew = self.skew if measured is None else measured
        return replace(answer, body=self._account.hide(answer.body))

    def ask(self, ask: Ask, deadline: float) -> Answer:
        """As `exchange`, for what changes nothing. Raises Passing, BrokerUnavailable, TenureLost, NotAllowed."""
        try:
            return self.exchange(ask, deadline)
        except Withheld as error:
            self._tenure.require()
            raise BrokerUnavailable(f"{self._tenure}: nothing was asked: {stopped(str(error))}") from None
        except NoAnswer as error:
            raise Passing(f"{self._tenure}: the broker did not answer: {stopped(str(error))}") from None

    def ask_login(self, ask: Ask) -> Answer:
        """As `ask`, for a step of the login, whose codes go by the clock. Raises ClockWrong as well."""
        answer = self.ask(ask, self._settings.call_deadline)
        apart, limit = skew(answer) or 0.0, self._settings.clock_skew_limit
        if abs(apart) > limit:
            raise ClockWrong(
                f"{self._tenure}: our clock and the broker's are {apart:+.1f} s apart (limit {limit} s); "
                "set this machine's clock (NTP) and start again."
            )
        return answer

    def note_busy(self, answer: Answer, changing: bool = False) -> None:
        """Let a 429 pause the account's reads and, if it answers a change and says how long, its orders."""
        if answer.status != BUSY:
            return
        seconds = wish(answer)
        self._account.breaker.trip("the broker answered HTTP 429, too many requests", seconds)
        if changing and seconds:
            self._account.rates.orders.hold(min(seconds, LONGEST_WISH_FOR_ORDERS))

    def close(self) -> None:
        """Let the connections go."""
        self._wire.close()
