"""What a broker is to us. One instance serves one tenant's thread; sessions and rate belong to the account."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

from domain.book import Book, Holding, Instrument, NewOrder, OrderReport, OrderStep, PriceChange, Quote, Trade
from domain.candles import Candle, Interval
from domain.outcomes import Outcome
from domain.portfolio import ClientAddress, Funds, Margin, NetPosition, Prospect


class OrderFeed(Protocol):
    """Sets a tenure's `wake` when something happens to an order of its account, in the broker's own time.

    A hint and nothing more: it may be late, doubled, wrong or missing, no decision is taken from it, and the cycle
    finds by itself what it did not tell.
    """

    @property
    def text(self) -> str:
        """How it stands, in a few words for people; empty where there is none."""


class NoFeed:
    """An `OrderFeed` where there is none."""

    text = ""


class Broker(Protocol):
    """Changes (place, modify, cancel) end in an Outcome and never raise for the broker's sake; reads raise.

    `send_by` is a moment of the clock's `monotonic()`. After connect and TLS and before the first byte the client
    checks once more that it has not passed and that the tenure is not revoked; otherwise the outcome is NotSent.
    Every call has one total deadline, after which its socket is shut. No call may be made inside a transaction.
    Reads raise BrokerUnavailable (waiting helps), SessionEnded (log in again) or LoginRefused.
    """

    def login(self) -> None:
        """Make sure of a session of today. Raises LoginRefused, BrokerUnavailable, NotAllowed, ClockWrong."""

    def check_address(self) -> None:
        """Ask once more under which address the broker sees us, where it matters. Raises as `login`, AddressWrong."""

    def notice(self) -> str:
        """What somebody should know of the account's line at this moment; empty for nothing."""

    def place(self, order: NewOrder, send_by: float) -> Outcome:
        """Send a new limit order under its tag."""

    def modify(self, change: PriceChange, send_by: float) -> Outcome:
        """Ask for another price for a resting order."""

    def cancel(self, broker_order_id: str, send_by: float) -> Outcome:
        """Ask for the end of a resting order."""

    def take_tokens(self, wanted: int) -> int:
        """Reserve up to `wanted` sends of the account's rate; how many were given, without waiting."""

    def seconds_to_tokens(self, wanted: int) -> float:
        """Seconds until the account's rate allows some sends, up to so many; 0 when it does now."""

    def order_book(self) -> Book:
        """All orders of the day, ours and the owner's."""

    def tags_of(self, broker_order_id: str) -> tuple[str, ...]:
        """Every tag that an order of the day ever showed, in no order."""

    def trades(self) -> tuple[Trade, ...]:
        """All fills of the day."""

    def holdings(self) -> tuple[Holding, ...]:
        """The shares in the demat account."""

    def quotes(self, tokens: Sequence[str]) -> tuple[Quote, ...]:
        """Last prices for exchange tokens of the NSE cash segment."""

    def instruments(self) -> Iterable[Instrument]:
        """The NSE cash instrument file of the day."""

    def clock_skew(self) -> float | None:
        """Seconds by which the broker's clock is ahead of ours, by its latest answer; None where it does not say."""

    def close(self) -> None:
        """Let connections go; the session stays with the account."""


class Inquiries(Protocol):
    """What else a broker can be asked; no cycle needs it. Every read raises as those of `Broker` do."""

    def client_address(self) -> ClientAddress:
        """The address from which the broker sees this client come."""

    def order(self, broker_order_id: str) -> OrderReport | None:
        """One order of the day; None where the broker has no such order."""

    def order_history(self, broker_order_id: str) -> tuple[OrderStep, ...]:
        """Every state of one order, the newest first."""

    def positions(self) -> tuple[NetPosition, ...]:
        """What was bought and sold, one for each symbol and product."""

    def funds(self) -> Funds:
        """The account's money."""

    def margin(self, prospect: Prospect) -> Margin:
        """What an order would need; nothing is sent to the exchange."""

    def candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        """Prices of an NSE cash token, both days included."""
