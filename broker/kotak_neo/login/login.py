"""The two-step login: a TOTP code buys a view token, the MPIN turns it into the trade session of the day.

Source: Kotak's authentication document; an answer counts as success only with token, sid and base URL in it.
"""

import re
from collections.abc import Callable
from typing import Any

from broker.kotak_neo import headers
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.attempts import AFTER_REFUSAL
from broker.kotak_neo.reply import Reply, parsed, reply
from broker.kotak_neo.session import Session, opened
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.verdicts import SESSION_OVER
from broker.kotak_neo.wire import Answer, Ask
from broker.kotak_neo.wishes import wish
from broker.retrying import Passing
from domain.clock import Clock
from domain.errors import BrokerUnavailable, ClockWrong, LoginRefused
from domain.logins import REFUSALS_ALLOWED, LoginBook, LoginOutcome
from domain.tenure import Tenure
from domain.wording import stopped

LONGEST_WISH = 300.0
"""Seconds for which a login waits where the broker asks for it; it has half an hour before the bell."""
FIRST_STEP = ("token", "sid")
SECOND_STEP = (*FIRST_STEP, "baseUrl")
"""What has to be in the answer to a step."""

_FIRST = "consumer key, mobile number, UCC or TOTP"
_SECOND = "MPIN"
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")
_PASSING = frozenset({424, 429, *range(500, 600)})
_NOT_ABOUT_CREDENTIALS = SESSION_OVER | {1005}
"""Codes about a session or a fault of the broker's own; the credentials may well be right."""


class Login:
    """One attempt for one account, from one egress address, noted in the book before its code is sent and afterwards.

    `ask` exchanges and watches the clock; it raises BrokerUnavailable, ClockWrong.
    """

    def __init__(
        self,
        account: KotakAccount,
        tenure: Tenure,
        clock: Clock,
        settings: KotakSettings,
        book: LoginBook,
        ask: Callable[[Ask], Answer],
    ) -> None:
        self._account = account
        self._book = book
        self._tenure = tenure
        self._clock = clock
        self._settings = settings
        self._ask = ask
        self._period, self._code = 0, ""

    def sign_in(self, address: str = "") -> Session:
        """A new trade session, begun from the address.

        Raises LoginRefused once the credentials were refused twice; BrokerUnavailable, NotAllowed, ClockWrong.
        """
        self._settings.reach.require(self._settings.login_url)
        self._require_not_refused()
        self._require_complete()
        self._account.attempts.require_due(self._tenure)
        self._period, self._code = self._account.codes.draw(self._clock, self._tenure, self._book.claim)
        try:
            session = self._both_steps(address)
        except (BrokerUnavailable, ClockWrong) as error:
            self._book.ended(self._period, LoginOutcome.FAILED, str(error))
            pause = min(error.pause, LONGEST_WISH) if isinstance(error, Passing) else 0.0
            told = self._account.attempts.failed(str(error).removeprefix(f"{self._tenure}: "), pause)
            error.args = (f"{self._tenure}: {told}",)
            raise
        except _Refusal as refusal:
            raise self._refused(str(refusal)) from None
        self._book.ended(self._period, LoginOutcome.ACCEPTED, "", session.record())
        return session

    def _both_steps(self, address: str) -> Session:
        view = self._first_step()
        trade = self._second_step(view)
        base_url = _text(trade, "baseUrl")
        self._settings.reach.require(base_url)
        token, sid, feed_url = (_text(trade, key) for key in ("token", "sid", "rtUrl"))
        return opened(token, sid, base_url, self._clock.now(), address=address, feed_url=feed_url)

    def _first_step(self) -> dict[str, Any]:
        credentials = self._account.credentials
        asked = {"mobileNumber": credentials.mobile, "ucc": credentials.ucc, "totp": self._code}
        sent = headers.for_login(credentials.consumer_key)
        answer = self._ask(Ask("POST", self._url("login/1.0/tradeApiLogin"), sent, json=asked))
        return self._data(answer, _FIRST, FIRST_STEP)

    def _second_step(self, view: dict[str, Any]) -> dict[str, Any]:
        credentials = self._account.credentials
        sent = headers.for_login(credentials.consumer_key, _text(view, "sid"), _text(view, "token"))
        asked = {"mpin": credentials.mpin}
        answer = self._ask(Ask("POST", self._url("login/1.0/tradeApiValidate"), sent, json=asked))
        return self._data(answer, _SECOND, SECOND_STEP)

    def _data(self, answer: Answer, part: str, needed: tuple[str, ...]) -> dict[str, Any]:
        body = parsed(answer.body)
        if (data := granted(answer.status, body, needed)) is not None:
            return data
        raise self._failure(answer.status, reply(body), part, wish(answer))

    def _failure(self, status: int, said: Reply | None, part: str, pause: float) -> Exception:
        words = self._account.hide_all(said.text, self._code) if said is not None else "no readable answer"
        words = stopped(words or "no reason given")
        if not refused(status, said):
            return Passing(f"{self._tenure}: login failed, HTTP {status}: {words}", pause)
        return _Refusal(f"the broker refused the login ({part}), HTTP {status}: {words}")

    def _refused(self, told: str) -> LoginRefused | BrokerUnavailable:
        self._book.ended(self._period, LoginOutcome.REFUSED, told)
        count = max(1, len(self._book.refusals()))
        if count >= REFUSALS_ALLOWED:
            return self._final(told, count)
        why = f"{told} That was refusal {count} of {REFUSALS_ALLOWED}. {self._how_to_go_on()}"
        return BrokerUnavailable(f"{self._tenure}: {self._account.attempts.failed(why, AFTER_REFUSAL)}")

    def _require_not_refused(self) -> None:
        told = self._book.refusals()
        if len(told) >= REFUSALS_ALLOWED:
            raise self._final(told[-1], len(told))

    def _final(self, told: str, count: int) -> LoginRefused:
        return LoginRefused(
            f"{self._tenure}: {told} Refused {count} times, and not asked again: another attempt could lock the"
            f" account. {self._how_to_go_on()}"
        )

    def _how_to_go_on(self) -> str:
        name = self._tenure.user_name
        return (
            f"Correct the credentials: run.py user set-credentials {name} --credentials FILE. If they are right, have"
            f" it tried again: run.py user restart {name} (it raises users.revision)."
        )

    def _require_complete(self) -> None:
        credentials = self._account.credentials
        texts = {"consumer key": credentials.consumer_key, "mobile number": credentials.mobile,
                 "UCC": credentials.ucc, "MPIN": credentials.mpin}  # fmt: skip
        wrong = [name for name, text in texts.items() if not _HEADER_SAFE.fullmatch(text)]
        if wrong:
            raise LoginRefused(
                f"{self._tenure}: {', '.join(wrong)} empty or with blanks in it; enter them again:"
                f" run.py user set-credentials {self._tenure.user_name} --credentials FILE."
            )

    def _url(self, path: str) -> str:
        return f"{self._settings.login_url.rstrip('/')}/{path}"


class _Refusal(Exception):
    """The broker's definite no to the credentials, in a sentence."""


def granted(status: int, body: Any, needed: tuple[str, ...]) -> dict[str, Any] | None:
    """The data of a step that succeeded; None for one that did not, whatever its status."""
    data = body.get("data") if isinstance(body, dict) else None
    good = 200 <= status < 300 and isinstance(data, dict) and all(_usable(data, key) for key in needed)
    return data if good else None


def refused(status: int, said: Reply | None) -> bool:
    """A definite no to the credentials; everything in passing, and every page that is not Kotak's, is none."""
    if status == 401:
        return True
    if status in _PASSING or said is None or said.code in _NOT_ABOUT_CREDENTIALS:
        return False
    return not said.ok and bool(said.text) and (status < 300 or status >= 400)


def _usable(data: dict[str, Any], key: str) -> bool:
    text = _text(data, key)
    return bool(_HEADER_SAFE.fullmatch(text)) and (key != "baseUrl" or text.startswith("http"))


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""
