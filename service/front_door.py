"""The way in to the broker each morning: a session by 08:45, and its address looked at once more before the open."""

import logging
from datetime import date, timedelta

from domain.clock import IST
from domain.errors import AddressWrong, BrokerUnavailable
from domain.market import TradingDay
from service.ports import Ports

log = logging.getLogger(__name__)


class FrontDoor:
    """One tenant's. A new one knows nothing, and so looks again; that costs one question."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._alarmed: date | None = None
        self._failing_since: float | None = None
        self._looked: date | None = None
        self._look_again = 0.0

    def open(self, session: TradingDay) -> None:
        """Make sure of a session that may carry orders. Raises as `Broker.login` and `Broker.check_address`."""
        try:
            self._ports.broker.login()
        except BrokerUnavailable as error:
            self._raise_alarm(session, error)
            raise
        self._failing_since = None
        if self._is_time_to_look(session):
            self._look(session)

    def _is_time_to_look(self, session: TradingDay) -> bool:
        """In the last minutes before the bell. From the bell on nothing may stand in the orders' way."""
        before = timedelta(seconds=self._ports.settings.address_check)
        in_time = session.bell - before <= self._ports.clock.now() < session.bell
        return in_time and self._looked != session.day and self._ports.clock.monotonic() >= self._look_again

    def _look(self, session: TradingDay) -> None:
        self._look_again = self._ports.clock.monotonic() + self._ports.settings.retry_after
        try:
            self._ports.broker.check_address()
            self._looked = session.day
        except AddressWrong as error:
            log.critical("%s", error)
            raise
        except BrokerUnavailable as error:
            log.warning("the broker does not say under which address it sees us; it is asked again: %s", error)

    def _raise_alarm(self, session: TradingDay, error: BrokerUnavailable) -> None:
        """Once a day, from 08:45 on, and not before some minutes of trying: who begins late has no session yet."""
        due = session.bell - timedelta(seconds=self._ports.settings.login_due)
        now = self._ports.clock.monotonic()
        self._failing_since = now if self._failing_since is None else self._failing_since
        patient = now - self._failing_since < self._ports.settings.login_patience
        if self._alarmed == session.day or self._ports.clock.now() < due or patient:
            return
        self._alarmed = session.day
        log.critical("No session for orders by %s IST: %s", f"{due.astimezone(IST):%H:%M}", error)
