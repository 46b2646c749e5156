r"""The order desk receives what clients ask for and has it happen later, each step at its own moment.

    received -> validation pending -> open pending -> open -> complete
                                  \-> rejected            \-> cancel pending -> cancelled

An answer to a client means "received" and nothing more.
"""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from broker.simulator.accounts import Account
from broker.simulator.agenda import Agenda
from broker.simulator.book import Book
from broker.simulator.clock import ist_midnight
from broker.simulator.floor import Floor
from broker.simulator.orders import NO_REASON, Deed, Errand, Order, State, Ticket
from broker.simulator.rms import Terms, TradingHours, objection
from broker.simulator.settings import Settings, seconds

_DATE = 6
"""Digits of an order number that are the date."""
_A_DAY = timedelta(days=1)


class OrderDesk:
    """Orders, changes and cancels of all accounts. A verdict is a refusal decided beforehand, in words."""

    def __init__(self, agenda: Agenda, floor: Floor, books: Mapping[str, Book], settings: Settings) -> None:
        self.hours = TradingHours()
        self._agenda = agenda
        self._floor = floor
        self._books = books
        self._settings = settings
        self._tags = itertools.count(1001)
        self._last = 0
        self._day = datetime.min.replace(tzinfo=UTC)
        self._date = ""

    def place(
        self, account: Account, ticket: Ticket, moment: datetime, verdict: str | None = None, hidden: float = 0.0
    ) -> Order:
        """Receive an order; it shows in the order book after the seconds `hidden` or the usual delay."""
        order = self._order(account, ticket, moment, max(hidden, self._settings.book_delay))
        self._floor.receive(order, moment)
        if not order.waits:
            self._send(order, moment, verdict)
        elif verdict:
            self._plan(order, Errand(moment + seconds(self._settings.open_delay), Deed.ADMIT, verdict=verdict))
        return order

    def takes_after_market(self, moment: datetime) -> bool:
        """Whether orders for the next opening are taken at the moment."""
        after, before = seconds(self._settings.amo_after_close), seconds(self._settings.amo_before_open)
        return self.hours.asleep(moment, after, before)

    def release(self, moment: datetime) -> None:
        """The exchange opens: every order that was kept for it sets out."""
        for book in self._books.values():
            for order in [order for order in book.live.values() if order.waits]:
                order.released = moment
                self._floor.enter(order, State.RECEIVED, moment)
                self._send(order, moment, None)

    def count_from(self, number: str) -> None:
        """The next order has a higher number than this one of the same day; "" for none."""
        self._last = max(self._last, int(number[_DATE:] or 0))

    def resume(self, order: Order) -> None:
        """Take up an order that was received before this desk was: what is still to happen to it happens."""
        self.count_from(order.number)
        if order.live:
            for errand in order.errands:
                self._enter(order, errand)

    def modify(self, order: Order, terms: Terms, moment: datetime, verdict: str | None = None) -> None:
        """Receive a change of a live order; it has no effect when the order ends or is cancelled first."""
        self._show_tag(order, self.make_tag(order.account, moment))
        if order.waits:
            self._restate(order, terms, moment, verdict)
            return
        if order.resting and order.state is not State.CANCEL_PENDING:
            self._floor.enter(order, State.MODIFY_VALIDATION, moment)
            self._floor.enter(order, State.MODIFY_PENDING, moment)
        delay = self._settings.modify_delay + (0 if order.resting else self._settings.open_delay)
        verdict = verdict or self._transition(order, moment)
        due = moment + seconds(delay)
        self._plan(order, Errand(due, Deed.CHANGE, terms.price, terms.quantity, verdict, ticket=terms.ticket))

    def cancel(self, order: Order, moment: datetime, verdict: str | None = None) -> None:
        """Receive a cancel of a live order; what trades before it takes effect has traded."""
        if order.state is State.CANCEL_PENDING:
            return
        before = order.state
        self._show_tag(order, f"{order.shown_tag}-{int(moment.timestamp())}")
        if order.waits:
            self._end_waiting(order, moment, verdict)
            return
        self._floor.enter(order, State.CANCEL_PENDING, moment)
        verdict = verdict or self._transition(order, moment)
        due = moment + seconds(self._settings.cancel_delay)
        deed = Deed.WITHDRAW if verdict is None else Deed.KEEP
        self._plan(order, Errand(due, deed, verdict=verdict, before=before))

    def make_tag(self, account: Account, moment: datetime) -> str:
        """A tag as the broker makes it: epoch, six digits, user, origin."""
        return f"{int(moment.timestamp())}-{next(self._tags) % 1_000_000:06d}-{account.user}-ADMINAPI"

    def _number(self, moment: datetime) -> str:
        """Rises, and differs from those of another simulator on the same day: the time in tenths of a millisecond."""
        if not self._day <= moment < self._day + _A_DAY:
            self._day = ist_midnight(moment)
            self._date = f"{self._day:%y%m%d}"
        self._last = max(self._last + 1, int((moment - self._day).total_seconds() * 10_000))
        return f"{self._date}{self._last:09d}"

    def _order(self, account: Account, ticket: Ticket, moment: datetime, hidden: float) -> Order:
        return Order(
            number=self._number(moment),
            account=account,
            ticket=ticket,
            entered=moment,
            visible_from=moment + seconds(hidden),
            tag=ticket.tag,
            shown_tag=ticket.tag,
            quantity=ticket.quantity,
            price=ticket.price,
        )

    def _end_waiting(self, order: Order, moment: datetime, verdict: str | None) -> None:
        """What is kept ends at once: the exchange does not know of it."""
        if verdict is None:
            self._floor.withdraw(order, moment)
        else:
            self._keep(order, order.state, moment, verdict)

    def _send(self, order: Order, moment: datetime, verdict: str | None) -> None:
        """The order sets out: checks, then the exchange."""
        step = seconds(self._settings.open_delay / 3)
        self._plan(order, Errand(moment + step, Deed.VALIDATE))
        self._plan(order, Errand(moment + 2 * step, Deed.ADMIT, verdict=verdict))
        self._plan(order, Errand(moment + 3 * step, Deed.OPEN))

    def _plan(self, order: Order, errand: Errand) -> None:
        order.errands.append(errand)
        self._enter(order, errand)

    def _enter(self, order: Order, errand: Errand) -> None:
        self._agenda.at(errand.due, lambda when: self._run(order, errand, when))

    def _run(self, order: Order, errand: Errand, moment: datetime) -> None:
        order.errands.remove(errand)
        match errand.deed:
            case Deed.VALIDATE:
                self._validate(order, moment)
            case Deed.ADMIT:
                self._admit(order, moment, errand.verdict)
            case Deed.OPEN:
                self._open(order, moment)
            case Deed.CHANGE:
                self._change(order, Terms(errand.price, errand.quantity, errand.ticket), moment, errand.verdict)
            case Deed.WITHDRAW:
                self._floor.withdraw(order, moment)
            case Deed.KEEP:
                self._keep(order, errand.before, moment, errand.verdict or NO_REASON)

    def _validate(self, order: Order, moment: datetime) -> None:
        if order.state is State.RECEIVED:
            self._floor.enter(order, State.VALIDATION, moment)

    def _admit(self, order: Order, moment: datetime, verdict: str | None) -> None:
        if not order.live:
            return
        reason = (
            verdict
            or self._transition(order, order.sent)
            or self.hours.objection(order.sent)
            or self._objection(order, Terms(order.price, order.quantity))
        )
        if reason:
            self._floor.reject(order, reason, moment)
            return
        order.admitted = True
        pending = order.state is State.CANCEL_PENDING
        self._floor.enter(order, State.CANCEL_PENDING if pending else State.OPEN_PENDING, moment)

    def _open(self, order: Order, moment: datetime) -> None:
        if order.live:
            order.resting = True
            order.confirmed = order.since = moment
            order.exchange_number = f"1100{order.number}"
            self._floor.stand(order, moment)

    def _change(self, order: Order, terms: Terms, moment: datetime, verdict: str | None) -> None:
        if not order.live or order.state is State.CANCEL_PENDING:
            return
        reason = verdict or self._objection(order, terms)
        order.reason = reason or NO_REASON
        if reason:
            self._floor.enter(order, State.NOT_MODIFIED, moment)
            self._floor.enter(order, order.standing, moment)
        else:
            if terms.price != order.price or terms.quantity > order.quantity:
                order.since = moment
            self._floor.market(order).withdraw(order)
            order.restate(terms.price, terms.quantity, terms.ticket)
            self._floor.stand(order, moment)

    def _restate(self, order: Order, terms: Terms, moment: datetime, verdict: str | None) -> None:
        """A change of what is kept: nobody is asked, the risk checks come when it sets out."""
        order.reason = verdict or NO_REASON
        if verdict is None:
            order.restate(terms.price, terms.quantity, terms.ticket)
        self._floor.enter(order, State.AMO_MODIFIED if verdict is None else order.state, moment)

    def _keep(self, order: Order, before: State, moment: datetime, reason: str) -> None:
        if order.live:
            order.reason = reason
            self._floor.enter(order, State.NOT_CANCELLED, moment)
            self._floor.enter(order, order.standing if order.resting else before, moment)

    def _objection(self, order: Order, terms: Terms) -> str | None:
        if terms.quantity <= order.filled:
            return f"RMS:Rule: Order quantity {terms.quantity} is not above the traded quantity {order.filled}"
        book, market = self._books[order.account.ucc], self._floor.market(order)
        return objection(order, terms, book, market, self._settings)

    def _transition(self, order: Order, moment: datetime) -> str | None:
        return self.hours.transition(moment, order.ticket.instrument)

    def _show_tag(self, order: Order, tag: str) -> None:
        if self._settings.rewrite_tags:
            order.shown_tag = tag
