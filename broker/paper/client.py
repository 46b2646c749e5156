"""The paper broker: the `Broker` protocol on an exchange in process, whose book is kept as rows."""

from collections.abc import Callable, Iterable, Sequence

from broker.kotak_neo.changes import cancelling, modifying, placing
from broker.paper import counter
from broker.paper.conversation import Act, Conversation
from broker.paper.inquiries import PaperInquiries
from broker.paper.line import PaperLine
from broker.paper.market import Market
from broker.paper.pit import Pit
from broker.paper.reports import holding_reports, order_reports, tags_of, trade_reports
from broker.simulator.clock import ist_date
from broker.simulator.kinds import Kind
from broker.simulator.orders import Order
from domain.book import Book, Holding, Instrument, NewOrder, OrderReport, PriceChange, Quote, Trade
from domain.clock import Clock
from domain.outcomes import Accepted, Outcome, Refused, Unknown
from domain.paper import PaperFault

UNKNOWN_SYMBOL = Refused("1007", "Invalid Symbol", {"paper": True})
COMPLETED = Refused("1021", "order is completed", {"paper": True})
"""The broker's codes and words for both."""


class PaperBroker(PaperInquiries):
    """A `Broker` for one tenant's thread, which answers inquiries too."""

    def __init__(self, conversation: Conversation, market: Market, line: PaperLine, clock: Clock) -> None:
        super().__init__(conversation, market, clock)
        self._line = line

    def login(self) -> None:
        """There is nobody to log in to; the day's instruments are made sure of. Raises BrokerUnavailable."""
        self._talk.enter()
        self._market.load(ist_date(self._clock.now()))

    def check_address(self) -> None:
        """A paper account has no address."""

    def notice(self) -> str:
        """That it is paper, where its prices come from, and what is wrong with them."""
        trouble = self._talk.trouble
        return f"paper, {self._market.words}" + (f": {trouble}" if trouble else "")

    def place(self, order: NewOrder, send_by: float) -> Outcome:
        """Have an order received under its tag; `send_by` in the clock's monotonic seconds."""

        def act(pit: Pit, fault: PaperFault | None) -> Outcome:
            if pit.line(order.symbol) is None:
                return UNKNOWN_SYMBOL
            if pit.records.burnt(order.tag, pit.day):
                return Unknown(f"Put Order Response : Client OrderID already exists: {order.tag}", {"paper": True})
            hidden = fault.seconds if fault is not None and fault.kind == Kind.LATE_ROW else 0.0
            return _accepted(counter.place(pit, order, _verdict(fault), hidden).number)

        return self._talk.change("place", lambda: placing(order), act, send_by, {order.symbol})

    def modify(self, change: PriceChange, send_by: float) -> Outcome:
        """Have another price (rupees) received for a resting order."""

        def act(order: Order, pit: Pit, fault: PaperFault | None) -> None:
            counter.modify(pit, order, change, _verdict(fault))

        whose = _whose(change.broker_order_id, act)
        return self._talk.change("modify", lambda: modifying(change), whose, send_by, {change.symbol})

    def cancel(self, broker_order_id: str, send_by: float) -> Outcome:
        """Have the end of a resting order asked for."""

        def act(order: Order, pit: Pit, fault: PaperFault | None) -> None:
            counter.cancel(pit, order, _verdict(fault))

        return self._talk.change("cancel", lambda: cancelling(broker_order_id), _whose(broker_order_id, act), send_by)

    def take_tokens(self, wanted: int) -> int:
        """Reserve up to `wanted` sends of the account's rate; how many were given, without waiting."""
        return self._line.take(wanted)

    def seconds_to_tokens(self, wanted: int) -> float:
        """Seconds until the account's rate allows so many sends, or its largest burst; 0 when it does now."""
        return self._line.seconds_to(wanted)

    def clock_skew(self) -> float | None:
        """The paper broker goes by our own clock."""
        return None

    def order_book(self) -> Book:
        """All orders of the day. Raises as every read does."""
        began, began_at = self._clock.monotonic(), self._clock.now()

        def report(pit: Pit, fault: PaperFault | None) -> Book:
            rows = order_reports(pit)
            shown = _spoilt(rows, fault)
            return Book(began, began_at, shown, 1 if len(shown) < len(rows) and _malformed(fault) else 0)

        return self._talk.read("orders", report)

    def tags_of(self, broker_order_id: str) -> tuple[str, ...]:
        """Every tag that an order of the day ever showed."""
        return self._talk.read("history", lambda pit, _: tags_of(pit, broker_order_id))

    def trades(self) -> tuple[Trade, ...]:
        """All fills of the day."""
        return self._talk.read("trades", lambda pit, fault: () if _no_data(fault) else trade_reports(pit))

    def holdings(self) -> tuple[Holding, ...]:
        """The shares in the account since the morning."""
        return self._talk.read("holdings", lambda pit, fault: () if _no_data(fault) else holding_reports(pit))

    def quotes(self, tokens: Sequence[str]) -> tuple[Quote, ...]:
        """Last prices for exchange tokens."""
        self._talk.enter()
        self._market.load(ist_date(self._clock.now()))
        found = self._market.quotes(tokens, self._clock.now())
        return self._talk.read("quotes", lambda pit, fault: () if _no_data(fault) else found)

    def instruments(self) -> Iterable[Instrument]:
        """The instruments that paper accounts trade in."""
        self._talk.enter()
        return self._market.instruments()

    def close(self) -> None:
        """Let connections go, where the market has any."""
        self._market.close()


def _whose(number: str, act: Callable[[Order, Pit, PaperFault | None], None]) -> Act:
    """What happens to a live order of that number."""

    def upon(pit: Pit, fault: PaperFault | None) -> Outcome:
        order = pit.live(number)
        if order is None:
            return COMPLETED
        act(order, pit, fault)
        return _accepted(number)

    return upon


def _accepted(number: str) -> Accepted:
    return Accepted(number, {"paper": True, "nOrdNo": number})


def _verdict(fault: PaperFault | None) -> str | None:
    return fault.text if fault is not None and fault.kind == Kind.REJECT else None


def _no_data(fault: PaperFault | None) -> bool:
    return fault is not None and fault.kind == Kind.NO_DATA


def _malformed(fault: PaperFault | None) -> bool:
    return fault is not None and fault.kind == Kind.MALFORMED_ROW


def _spoilt(rows: tuple[OrderReport, ...], fault: PaperFault | None) -> tuple[OrderReport, ...]:
    """The order book as the fault shows it: without its newest rows."""
    if fault is None or fault.kind not in (Kind.NO_DATA, Kind.MISSING_ROWS, Kind.MALFORMED_ROW):
        return rows
    missing = len(rows) if _no_data(fault) else 1 if _malformed(fault) else fault.rows
    return rows[: max(0, len(rows) - missing)]
