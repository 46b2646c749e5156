"""The broker protocol over Kotak Neo's REST interface, for one tenant's thread."""

import json
import logging
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeVar

from broker.kotak_neo import headers, rows
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.changes import Change, cancelling, modifying, placing
from broker.kotak_neo.exchange import Exchange
from broker.kotak_neo.fields import Malformed, Row
from broker.kotak_neo.instruments import cash_file, instruments
from broker.kotak_neo.reports import body_of, file_of, list_of, rows_of
from broker.kotak_neo.session import Session
from broker.kotak_neo.settings import KotakSettings
from broker.kotak_neo.wire import Answer, Ask
from domain.book import Book, Holding, Instrument, NewOrder, PriceChange, Quote, Trade
from domain.clock import Clock
from domain.errors import BrokerUnavailable
from domain.logins import LoginBook
from domain.outcomes import NotSent, Outcome
from domain.tenure import Tenure

log = logging.getLogger(__name__)
QUOTES_A_CALL = 50
Parsed = TypeVar("Parsed")
Given = TypeVar("Given")


class KotakNeo:
    """A `Broker`. The account outlives it; `tls` is the process's one context (urllib3's default without).

    `guard` is called before every broker call and raises TransactionHeld when this thread holds a transaction.
    `logins` remembers attempts to log in over restarts; without it they are forgotten with the account.
    """

    def __init__(
        self,
        account: KotakAccount,
        tenure: Tenure,
        clock: Clock,
        settings: KotakSettings,
        guard: Callable[[], None],
        tls: ssl.SSLContext | None = None,
        logins: LoginBook | None = None,
    ) -> None:
        self._account = account
        self._tenure = tenure
        self._settings = settings
        self._exchange = Exchange(account, tenure, clock, settings, guard, tls, logins)

    def login(self) -> None:
        """Make sure of a session of today. Raises LoginRefused, BrokerUnavailable, NotAllowed, ClockWrong."""
        self._exchange.log_in()

    def check_address(self) -> None:
        """Ask once more under which address the broker sees us, where it matters. Raises as `login`, AddressWrong."""
        self._exchange.check_address()

    def notice(self) -> str:
        """What somebody should know of the account's line at this moment; empty for nothing."""
        return self._account.notice()

    def place(self, order: NewOrder, send_by: float) -> Outcome:
        """Send a new limit order under its tag; `send_by` in the clock's monotonic seconds."""
        return self._change(placing, order, send_by)

    def modify(self, change: PriceChange, send_by: float) -> Outcome:
        """Ask for another price (rupees) for a resting order."""
        return self._change(modifying, change, send_by)

    def cancel(self, broker_order_id: str, send_by: float) -> Outcome:
        """Ask for the end of a resting order."""
        return self._change(cancelling, broker_order_id, send_by)

    def take_tokens(self, wanted: int) -> int:
        """Reserve up to `wanted` sends of the account's rate; how many were given, without waiting."""
        return self._account.rates.orders.take(wanted)

    def seconds_to_tokens(self, wanted: int) -> float:
        """Seconds until the account's rate allows some sends, up to so many; 0 when it does now."""
        return self._account.rates.orders.seconds_to_token(wanted)

    def clock_skew(self) -> float | None:
        """Seconds by which the broker's clock is at least ahead of ours; None before its first dated answer."""
        return self._exchange.skew

    def order_book(self) -> Book:
        """All orders of the day; a malformed row is counted. Raises as every read does."""
        answer, found = self._report("quick/user/orders")
        reports, malformed = self._readable(rows.order_report, found)
        assert answer.began_at is not None
        return Book(answer.began, answer.began_at, tuple(reports), malformed)

    def tags_of(self, broker_order_id: str) -> tuple[str, ...]:
        """Every tag that an order ever showed, as its history tells; a broker rewrites it on modify and cancel."""
        form = {"jData": json.dumps({"nOrdNo": broker_order_id})}

        def ask(session: Session) -> Ask:
            return Ask("POST", session.url("quick/order/history"), headers.for_reads(session), form=form)

        return tuple(self._readable(rows.tag_in, self._exchange.read(ask, rows_of)[1])[0])

    def trades(self) -> tuple[Trade, ...]:
        """All fills of the day. A row that cannot be read fails the read."""
        return self._all(rows.trade, self._report("quick/user/trades")[1])

    def holdings(self) -> tuple[Holding, ...]:
        """The shares in the demat account. A row that cannot be read fails the read: shares must not vanish."""
        found = self._report("portfolio/v1/holdings", partial(rows_of, nothing_there="no holdings found"))[1]
        return self._all(rows.holding, found)

    def quotes(self, tokens: Sequence[str]) -> tuple[Quote, ...]:
        """Last prices for exchange tokens of the NSE cash segment, 50 a call (Kotak's limit)."""
        found: list[Any] = []
        for start in range(0, len(tokens), QUOTES_A_CALL):
            asked = ",".join(f"nse_cm|{token}" for token in tokens[start : start + QUOTES_A_CALL])
            found += self._data(f"script-details/1.0/quotes/neosymbol/{asked}/all", list_of)
        return tuple(self._readable(rows.quote, found)[0])

    def instruments(self) -> Iterable[Instrument]:
        """The NSE cash instrument file of the day, wholly read. Raises NotAllowed for a file beyond loopback."""
        listed = self._data("script-details/1.0/masterscrip/file-paths", body_of)
        address = self._sensible(_cash_file_in, listed)
        content = self._exchange.read(lambda _: Ask("GET", address), file_of, self._settings.download_deadline)[1]
        return self._sensible(instruments, content)

    def close(self) -> None:
        """Let connections go; the session stays with the account."""
        self._exchange.close()

    def _change(self, make: Callable[[Given], Change], given: Given, send_by: float) -> Outcome:
        try:
            change = make(given)
        except ValueError as error:
            return NotSent(f"nothing was sent: {error}")
        outcome = self._exchange.change(change, send_by)
        log.debug("%s: %s: %s", self._tenure, change.what, type(outcome).__name__)
        return outcome

    def _report(self, path: str, judge: Callable[[Answer], list[Any]] = rows_of) -> tuple[Answer, list[Any]]:
        return self._exchange.read(lambda session: Ask("GET", session.url(path), headers.for_reads(session)), judge)

    def _data(self, path: str, judge: Callable[[Answer], Any]) -> Any:
        sent = headers.for_data(self._account.credentials.consumer_key)
        return self._exchange.read(lambda session: Ask("GET", session.url(path), sent), judge)[1]

    def _readable(self, parse: Callable[[Row], Parsed], found: list[Any]) -> tuple[list[Parsed], int]:
        readable: list[Parsed] = []
        for row in found:
            try:
                readable.append(_parse(parse, row))
            except Malformed as error:
                log.warning("%s: a malformed row in the broker's report (%s); it counts as unread", self._tenure, error)
        return readable, len(found) - len(readable)

    def _all(self, parse: Callable[[Row], Parsed], found: list[Any]) -> tuple[Parsed, ...]:
        return self._sensible(lambda listed: tuple(_parse(parse, row) for row in listed), found)

    def _sensible(self, make: Callable[[Given], Parsed], given: Given) -> Parsed:
        try:
            return make(given)
        except Malformed as error:
            raise BrokerUnavailable(f"{self._tenure}: the broker's report makes no sense: {error}.") from error


def _parse(parse: Callable[[Row], Parsed], row: Any) -> Parsed:
    if not isinstance(row, dict):
        raise Malformed("no object")
    return parse(row)


def _cash_file_in(body: Any) -> str:
    data = body.get("data") if isinstance(body, dict) else None
    return cash_file(data.get("filesPaths") if isinstance(data, dict) else None)
