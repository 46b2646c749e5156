"""A walk through an account that only reads: login, address, funds, shares, orders, trades, positions, files, a quote.

Each step is made by the client as it is used in earnest, and overheard: what it could read is one result, how the
broker's very answer compares with the specification the other. Nothing is placed, changed or cancelled.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from broker.kotak_neo.calls import CHANGES, CallName, call_of
from broker.kotak_neo.checking.comparison import Comparison, compared
from broker.kotak_neo.checking.specification import Mark
from broker.kotak_neo.client import KotakNeo
from broker.kotak_neo.tap import Frame, Heard, Tap
from domain.errors import AddressWrong, BrokerUnavailable, ClockWrong, LoginRefused

_ADVICE = re.compile(
    r" (?:That was refusal|Refused \d+ times|Correct the|The next login|Give the address back|Correct this machine)"
    r"|: no order is sent|; enter them again|: nothing is sent, and never"
)
DOCUMENTED_TOKEN = "1333"
"""The one that Kotak's own examples ask for (HDFCBANK), for an account without holdings and files."""


class Trouble(StrEnum):
    """What a failure is about, since something else is to be done about each."""

    ADDRESS = "address"
    """The address that calls leave from cannot be used, or the broker sees another one."""
    CREDENTIALS = "credentials"
    """The broker refused them, or they cannot be sent; its answer is as specified."""
    SILENCE = "silence"
    """No answer came."""
    ANSWER = "answer"
    """An answer that could not be read, or said no."""


@dataclass(frozen=True, slots=True)
class Step:
    """One call: what the client made of it (`read`), or why it could not (`failure`, and what that is about), and the
    comparison if any."""

    call: CallName
    read: str = ""
    failure: str = ""
    comparison: Comparison = field(default_factory=lambda: Comparison(()))
    trouble: Trouble | None = None

    @property
    def passed(self) -> bool:
        """Whether the client could read it and all that is certain held."""
        return not self.failure and not self.differing(Mark.CERTAIN)

    def differing(self, mark: Mark) -> tuple[str, ...]:
        """What differed from statements so sure."""
        return tuple(one.text for one in self.comparison.findings if one.mark is mark and not one.held)

    def held(self, mark: Mark) -> int:
        """How many statements so sure held."""
        return sum(1 for one in self.comparison.findings if one.mark is mark and one.held)


class Overheard:
    """A tap that keeps what it hears, and passes it on to another one."""

    def __init__(self, onward: Tap | None = None) -> None:
        self.exchanges: list[Heard] = []
        self._onward = onward

    def heard(self, exchange: Heard) -> None:
        """Keep it."""
        self.exchanges.append(exchange)
        if self._onward is not None:
            self._onward.heard(exchange)

    def told(self, frame: Frame) -> None:
        """Pass it on."""
        if self._onward is not None:
            self._onward.told(frame)

    def last(self, call: CallName) -> Heard | None:
        """The last exchange of such a call; None where there was none."""
        found = [one for one in self.exchanges if call_of(one.ask.method, one.ask.url) is call]
        return found[-1] if found else None


class Walk:
    """Over the client of an account whose tap is `overheard`."""

    def __init__(self, client: KotakNeo, overheard: Overheard) -> None:
        self._client = client
        self._overheard = overheard
        self._token = DOCUMENTED_TOKEN

    def steps(self) -> Iterator[Step]:
        """Each step as it is done; a login that fails is the last one. Raises NotAllowed, BadInput, TransactionHeld."""
        failure = self._try(self._login)[1]
        failed = self._last_call() if failure else None
        yield self._step(CallName.LOGIN, "a view token", failure if failed is CallName.LOGIN else None)
        if self._overheard.last(CallName.VALIDATE) is not None:
            yield self._step(CallName.VALIDATE, "a session", failure if failed is CallName.VALIDATE else None)
        if failed is CallName.CLIENT_IP:
            yield self._step(CallName.CLIENT_IP, "", failure)
        for calls, look in self._looks() if not failure else ():
            read, told = self._try(look)
            for call in calls:
                yield self._step(call, read if call is calls[-1] else "found", told if call is calls[-1] else None)

    def changed_anything(self) -> bool:
        """Whether a place, modify or cancel was sent: never."""
        return any(call_of(one.ask.method, one.ask.url) in CHANGES for one in self._overheard.exchanges)

    def _looks(self) -> Sequence[tuple[tuple[CallName, ...], Callable[[], str]]]:
        client = self._client
        return (
            ((CallName.CLIENT_IP,), lambda: f"an IPv{client.client_address().ip.version} address"),
            ((CallName.LIMITS,), lambda: "the funds" if client.funds() else ""),
            ((CallName.HOLDINGS,), self._holdings),
            ((CallName.ORDERS,), self._orders),
            ((CallName.TRADES,), lambda: _counted(len(client.trades()), "trade")),
            ((CallName.POSITIONS,), lambda: _counted(len(client.positions()), "position")),
            ((CallName.FILE_PATHS, CallName.INSTRUMENTS), self._instruments),
            ((CallName.QUOTES,), lambda: _counted(len(client.quotes([self._token])), "quote")),
        )

    def _login(self) -> str:
        self._client.login()
        return "a session"

    def _holdings(self) -> str:
        held = self._client.holdings()
        self._token = held[0].token if held else self._token
        return _counted(len(held), "holding")

    def _orders(self) -> str:
        book = self._client.order_book()
        unread = f", {book.malformed} more that cannot be read" if book.malformed else ""
        return f"{_counted(len(book.rows), 'order')}{unread}"

    def _instruments(self) -> str:
        register = self._client.instruments()
        if self._token == DOCUMENTED_TOKEN:
            self._token = next(iter(register)).token
        return _counted(len(register), "instrument")

    def _step(self, call: CallName, read: str, failure: "_Failure | None") -> Step:
        heard = self._overheard.last(call)
        if heard is None or heard.answer is None:
            why = "it was not asked" if heard is None else f"{heard.ended}: {heard.why}"
            told = failure or _Failure(why, Trouble.SILENCE)
            trouble = Trouble.SILENCE if told.trouble is Trouble.ANSWER else told.trouble
            return Step(call, failure=told.text, trouble=trouble)
        if failure is not None and failure.trouble is Trouble.CREDENTIALS:
            return Step(call, failure=failure.text, trouble=failure.trouble)
        comparison = compared(call, heard.answer)
        if failure is None:
            return Step(call, read, comparison=comparison)
        return Step(call, failure=failure.text, comparison=comparison, trouble=failure.trouble)

    def _last_call(self) -> CallName:
        last = self._overheard.exchanges[-1] if self._overheard.exchanges else None
        call = call_of(last.ask.method, last.ask.url) if last is not None else CallName.LOGIN
        return call if call in (CallName.VALIDATE, CallName.CLIENT_IP) else CallName.LOGIN

    def _try(self, look: Callable[[], str]) -> "tuple[str, _Failure | None]":
        try:
            return look(), None
        except (BrokerUnavailable, LoginRefused, ClockWrong) as error:
            return "", _Failure(_briefly(str(error)), _trouble(error))


@dataclass(frozen=True, slots=True)
class _Failure:
    text: str
    trouble: Trouble


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, AddressWrong):
        return Trouble.ADDRESS
    refused = isinstance(error, LoginRefused) or "the broker refused the login" in str(error)
    return Trouble.CREDENTIALS if refused else Trouble.ANSWER


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _briefly(text: str) -> str:
    """Without what a service would do next and its rows would need: here nobody tries again, and no row is there."""
    return _ADVICE.split(text)[0]
