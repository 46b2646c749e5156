"""Reads at Kotak: which path with which headers, and rows made into values; what makes no sense is a failed read."""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from broker.kotak_neo import headers
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.exchange import Exchange
from broker.kotak_neo.fields import Malformed, Row
from broker.kotak_neo.reports import rows_of
from broker.kotak_neo.session import Session
from broker.kotak_neo.wire import MEBIBYTE, Answer, Ask
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure

log = logging.getLogger(__name__)
_LARGEST_FILE = 64 * MEBIBYTE
Parsed = TypeVar("Parsed")
Given = TypeVar("Given")


class Reading:
    """The reads of one thread. All raise as `Exchange.read`."""

    def __init__(self, exchange: Exchange, account: KotakAccount, tenure: Tenure) -> None:
        self.exchange = exchange
        self._account = account
        self._tenure = tenure

    def report(self, path: str, judge: Callable[[Answer], Parsed]) -> tuple[Answer, Parsed]:
        """What a GET below the base URL says."""
        return self.exchange.read(lambda session: Ask("GET", session.url(path), headers.for_reads(session)), judge)

    def posted(self, path: str, fields: Mapping[str, str | None], judge: Callable[[Answer], Parsed]) -> Parsed:
        """What a POST with these fields in `jData` says; it changes nothing."""
        form = {"jData": json.dumps(dict(fields))}

        def ask(session: Session) -> Ask:
            return Ask("POST", session.url(path), headers.for_reads(session), form=form)

        return self.exchange.read(ask, judge)[1]

    def data(self, path: str, judge: Callable[[Answer], Parsed], literal: str = "") -> Parsed:
        """What a GET of market data says, which wants the consumer key alone."""
        sent = headers.for_data(self._account.credentials.consumer_key)
        return self.exchange.read(lambda session: Ask("GET", session.url(path), sent, literal=literal), judge)[1]

    def address(self, url: str) -> list[Any]:
        """The rows that the login host has about this client's address."""
        key = self._account.credentials.consumer_key
        return self.exchange.read(lambda session: Ask("GET", url, headers.for_address(key, session)), rows_of)[1]

    def file(self, url: str, judge: Callable[[Answer], Parsed], deadline: float) -> Parsed:
        """A plain file, which needs no secret; seconds."""
        return self.exchange.read(lambda _: Ask("GET", url, largest=_LARGEST_FILE, elsewhere=True), judge, deadline)[1]

    def readable(self, parse: Callable[[Row], Parsed], found: list[Any]) -> tuple[list[Parsed], int]:
        """The rows that can be read, and how many cannot."""
        readable: list[Parsed] = []
        for row in found:
            try:
                readable.append(_parse(parse, row))
            except Malformed as error:
                log.warning("%s: a malformed row in the broker's report (%s); it counts as unread", self._tenure, error)
        return readable, len(found) - len(readable)

    def all(self, parse: Callable[[Row], Parsed], found: list[Any]) -> tuple[Parsed, ...]:
        """Every row. Raises BrokerUnavailable where one cannot be read."""
        return self.sensible(lambda listed: tuple(_parse(parse, row) for row in listed), found)

    def sensible(self, make: Callable[[Given], Parsed], given: Given) -> Parsed:
        """What is made of it. Raises BrokerUnavailable where it makes no sense."""
        try:
            return make(given)
        except Malformed as error:
            raise BrokerUnavailable(f"{self._tenure}: the broker's report makes no sense: {error}.") from error


def _parse(parse: Callable[[Row], Parsed], row: Any) -> Parsed:
    if not isinstance(row, dict):
        raise Malformed("no object")
    return parse(row)
