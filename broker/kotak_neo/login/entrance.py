"""How an account gets a session: the one of an earlier process, else a login; and whether its address is the right one.

Source: Kotak ties a session to the address that it was begun from, and takes orders from whitelisted addresses alone.
"""

import logging
from collections.abc import Callable

from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.attempts import AFTER_REFUSAL
from broker.kotak_neo.login.login import Login
from broker.kotak_neo.session import Session, recorded
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.wire import Answer, Ask
from domain.clock import Clock
from domain.errors import AddressWrong, BrokerUnavailable
from domain.logins import LoginBook
from domain.tenure import Tenure

log = logging.getLogger(__name__)


class Entrance:
    """For one tenure, inside its turn; `ask` exchanges with the login host."""

    def __init__(
        self,
        account: KotakAccount,
        tenure: Tenure,
        clock: Clock,
        settings: KotakSettings,
        logins: LoginBook,
        ask: Callable[[Ask], Answer],
    ) -> None:
        self._account = account
        self._tenure = tenure
        self._clock = clock
        self._settings = settings
        self._logins = logins
        self._ask = ask

    def session(self, address: str) -> Session:
        """The session of today from the address, made if need be. Raises as `Login.sign_in`."""
        return self._account.session() or self._taken_over(address) or self._sign_in(address)

    def judge(self, session: Session, seen: str) -> None:
        """Trust the session that the broker sees come from its own address; else drop it and raise AddressWrong."""
        if seen == session.address:
            self._account.trust(session)
            self._account.attempts.worked()
            return
        name = self._tenure.user_name
        told = (
            f"the broker sees {name} come from {seen}, and its address is {session.address}: no order is sent. Correct"
            f" this machine's routes, or, where {seen} is what the broker has whitelisted, the row:"
            f" run.py user set-egress {name} {seen}."
        )
        self._account.distrust()
        self._account.drop(session)
        raise AddressWrong(f"{self._tenure}: {self._account.attempts.failed(told, AFTER_REFUSAL)}")

    def unanswered(self, session: Session, error: BrokerUnavailable) -> None:
        """The broker does not say under which address it sees the session.

        Trust it after some minutes all the same, loudly: its sockets are bound to its address, and the order gate looks
        for itself (100008, 1037). Before that raise the error.
        """
        if not self._account.tired_of_asking(session):
            raise error
        log.critical("%s: %s; orders go out all the same", self._tenure, _unseen(self._tenure.user_name))
        self._account.trust(session, unseen=_unseen(self._tenure.user_name))
        self._account.attempts.worked()

    def _taken_over(self, address: str) -> Session | None:
        """The session that an earlier process kept, if it is of today and of our address; tried once."""
        record = self._logins.kept() if self._account.fresh else None
        self._account.fresh = False
        session = recorded(record) if record is not None else None
        if session is None or not session.good_at(self._clock.now()) or session.address != address:
            return None
        if not self._settings.reach.allows(session.base_url):
            return None
        self._account.remember(session, self._tenure)
        log.info("%s: goes on in the session that was begun at %s", self._tenure, session.created)
        return session

    def _sign_in(self, address: str) -> Session:
        login = Login(self._account, self._tenure, self._clock, self._settings, self._logins, self._ask)
        session = login.sign_in(address)
        self._account.remember(session, self._tenure)
        if not session.address:
            self._account.attempts.worked()
        way = f" from {session.address}" if session.address else ""
        log.info("%s: logged in%s, session until %s", self._tenure, way, session.expires)
        return session


def _unseen(name: str) -> str:
    return f"the broker does not say under which address it sees {name} (get-client-ip)"
