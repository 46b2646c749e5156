"""The broker protocol over Kotak Neo's REST interface, for one tenant's thread."""

import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from broker.kotak_neo import rows
from broker.kotak_neo.account import KotakAccount
from broker.kotak_neo.batches import Batches
from broker.kotak_neo.changes import Change, cancelling, modifying, placing
from broker.kotak_neo.exchange import Exchange
from broker.kotak_neo.inquiries import Inquiries
from broker.kotak_neo.instruments import cash_file, instruments
from broker.kotak_neo.lookups import Lookups
from broker.kotak_neo.reading import Reading
from broker.kotak_neo.reports import file_of, holdings_of, list_of, object_of, rows_of
from broker.kotak_neo.settings import KotakSettings
from domain.book import Book, Holding, NewOrder, PriceChange, Quote, Trade
from domain.clock import Clock
from domain.errors import BrokerUnavailable
from domain.logins import LoginBook
from domain.outcomes import NotSent, Outcome
from domain.register import Register
from domain.tenure import Tenure

log = logging.getLogger(__name__)
QUOTES_A_CALL = 50
Given = TypeVar("Given")


class KotakNeo(Inquiries):
    """A `Broker`. The account outlives it; `tls` is the process's one context (urllib3's default without), and
    `lookups` what it knows of host names.

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
        lookups: Lookups | None = None,
    ) -> None:
        self._account = account
        self._tenure = tenure
        self._exchange = Exchange(account, tenure, clock, settings, guard, tls, logins, lookups)
        super().__init__(Reading(self._exchange, account, tenure), settings)

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
        answer, found = self._reading.report("quick/user/orders", rows_of)
        reports, malformed = self._reading.readable(rows.order_report, found)
        assert answer.began_at is not None
        return Book(answer.began, answer.began_at, tuple(reports), malformed)

    def tags_of(self, broker_order_id: str) -> tuple[str, ...]:
        """Every tag that an order ever showed, as its history tells; a broker rewrites it on modify and cancel."""
        found = self._reading.posted("quick/order/history", {"nOrdNo": broker_order_id}, rows_of)
        return tuple(self._reading.readable(rows.tag_in, found)[0])

    def trades(self) -> tuple[Trade, ...]:
        """All fills of the day. A row that cannot be read fails the read."""
        return self._reading.all(rows.trade, self._reading.report("quick/user/trades", rows_of)[1])

    def holdings(self) -> tuple[Holding, ...]:
        """The shares in the demat account. A row that cannot be read fails the read: shares must not vanish."""
        return self._reading.all(rows.holding, self._reading.report("portfolio/v1/holdings", holdings_of)[1])

    def quotes(self, tokens: Sequence[str]) -> tuple[Quote, ...]:
        """Last prices for exchange tokens (or index names) of the NSE cash segment, 50 a call (Kotak's limit).

        A quote that cannot be read is left out, and one that the broker does not give; where there is none at all, the
        read has failed.
        """
        batches = Batches(self._account.unquoted, self._tenure, self._quoted)
        quotes, malformed = self._reading.readable(rows.quote, batches.rows(tokens, QUOTES_A_CALL))
        if tokens and not quotes:
            raise BrokerUnavailable(
                f"{self._tenure}: {malformed} quotes came for {len(tokens)} symbols, none readable."
            )
        return tuple(quotes)

    def instruments(self) -> Register:
        """The NSE cash instrument file of the day, wholly read. Raises NotAllowed for a file beyond loopback."""
        listed = self._reading.data("script-details/1.0/masterscrip/file-paths", object_of)
        address = self._reading.sensible(_cash_file_in, listed)
        content = self._reading.file(address, file_of, self._settings.download_deadline)
        return self._reading.sensible(instruments, content)

    def close(self) -> None:
        """Let connections go; the session stays with the account."""
        self._exchange.close()

    def _quoted(self, tokens: Sequence[str]) -> list[Any]:
        asked = ",".join(f"nse_cm|{quote(token)}" for token in tokens)
        path = f"script-details/1.0/quotes/neosymbol/{asked}/all"
        return self._reading.data(path, list_of, literal="|" if self._settings.literal_bar else "")

    def _change(self, make: Callable[[Given], Change], given: Given, send_by: float) -> Outcome:
        try:
            change = make(given)
        except ValueError as error:
            return NotSent(f"nothing was sent: {error}")
        outcome = self._exchange.change(change, send_by)
        log.debug("%s: %s: %s", self._tenure, change.what, type(outcome).__name__)
        return outcome


def _cash_file_in(body: Mapping[str, Any]) -> str:
    data = body.get("data")
    return cash_file(data.get("filesPaths") if isinstance(data, dict) else None)
