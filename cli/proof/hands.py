"""The hands that do the deeds: faults and fills at the broker, the owner in the app, an operator with SQL."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from cli.day.market import Market
from cli.day.rows import Rows
from cli.proof.deeds import Act, Deed, Stake
from cli.proof.evidence import Place, Shares
from cli.proof.script import FEED, HELLO, PRICES, STRANGE

RULE = (
    "UPDATE positions SET exit_rule = %(rule)s WHERE user_id = %(user)s AND symbol = %(symbol)s AND closed_at IS NULL"
)
AMOUNT = (
    "UPDATE positions SET quantity = quantity + %(more)s WHERE user_id = %(user)s AND symbol = %(symbol)s"
    " AND closed_at IS NULL AND quantity + %(more)s > 0 RETURNING id"
)
BUY = (
    "INSERT INTO orders (user_id, side, symbol, status, quantity, price)"
    " VALUES (%(user)s, 'BUY', %(symbol)s, 'REQUESTED', %(shares)s, %(price)s)"
)
LATE_BOOK = "late_book"


def named(call: str, kind: str) -> str:
    """The name under which a fault is counted: those of the order feed are told apart."""
    return f"{call} {kind}" if call in (FEED, HELLO) else kind


class Hands:
    """Does what can be done: an order that has ended meanwhile cannot be filled, and no deed is done twice.

    `faults` counts what was ordered of the broker; `shares` is what rows and broker were told.
    """

    def __init__(self, rows: Rows, market: Market, accounts: Mapping[int, str], stakes: tuple[Stake, ...]) -> None:
        self.faults: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.shares: dict[Place, Shares] = {
            (ucc, symbol): Shares(0, 0, STRANGE) for ucc in accounts.values() for symbol in PRICES
        }
        for one in stakes:
            self.shares[accounts[one.user], one.symbol] = Shares(one.quantity, one.quantity, one.own)
        self._rows = rows
        self._market = market
        self.accounts = accounts
        self._deeds: Mapping[Act, Callable[[Deed], bool]] = {
            Act.FAULT: self._fault,
            Act.LATE_BOOK: self._late_book,
            Act.DROP_FEED: self._drop_feed,
            Act.END_SESSIONS: self._end_sessions,
            Act.FILL: self._fill,
            Act.SELL_OWN: self._sell_own,
            Act.CANCEL: self._cancel,
            Act.RULE: self._rule,
            Act.ENLARGE: self._enlarge,
            Act.SHRINK: lambda deed: self._changed(deed, -deed.amount),
            Act.BUY: self._buy,
        }

    def can(self, deed: Deed) -> bool:
        """Whether it is done by these hands."""
        return deed.act in self._deeds

    def do(self, deed: Deed) -> bool:
        """Do it; whether it could be done. Raises DatabaseUnavailable."""
        try:
            done = self._deeds[deed.act](deed)
        except OSError:  # the broker refused: the order has just ended, or has not come to the exchange yet
            done = False
        self.done[deed.act] += done
        return done

    def calm(self) -> None:
        """Nothing goes wrong any more. Raises OSError."""
        self._market.clear_faults()
        self._market.show_orders_after(0.0)

    def _fault(self, deed: Deed) -> bool:
        self._market.fault(self._ucc(deed), deed.call, deed.kind, deed.amount, deed.seconds)
        self.faults[named(deed.call, deed.kind)] += deed.amount
        return True

    def _drop_feed(self, deed: Deed) -> bool:
        self._market.drop_feeds(self._ucc(deed))
        return True

    def _late_book(self, deed: Deed) -> bool:
        self._market.show_orders_after(deed.seconds)
        self.faults[LATE_BOOK] += 1
        return True

    def _end_sessions(self, deed: Deed) -> bool:
        self._market.end_sessions(self._ucc(deed))
        self.faults["session_death"] += 1
        return True

    def _fill(self, deed: Deed) -> bool:
        order = self._resting(deed)
        if order is None:
            return False
        left = order["quantity"] - order["filled"]
        self._market.fill(order["order"], max(1, left * deed.amount // 100))
        return True

    def _sell_own(self, deed: Deed) -> bool:
        self._market.sell_by_hand(self._ucc(deed), deed.symbol, deed.amount)
        return True

    def _cancel(self, deed: Deed) -> bool:
        order = self._resting(deed)
        if order is not None:
            self._market.cancel_by_hand(self._ucc(deed), order["order"])
        return order is not None

    def _rule(self, deed: Deed) -> bool:
        rule = f'{{"target_percent": {deed.amount}}}'
        self._rows.sql(RULE, rule=rule, user=deed.user, symbol=deed.symbol)
        return True

    def _enlarge(self, deed: Deed) -> bool:
        """Shares of the owner's become ours; where there are none, some arrive first."""
        place = (self._ucc(deed), deed.symbol)
        known = self.shares[place]
        if not known.own:
            price = Decimal(PRICES[deed.symbol])
            self._market.hold(*place, known.most + deed.amount, price)
        return self._changed(deed, deed.amount)

    def _changed(self, deed: Deed, more: int) -> bool:
        if not self._rows.ask(AMOUNT, more=more, user=deed.user, symbol=deed.symbol):
            return False
        place = (self._ucc(deed), deed.symbol)
        known = self.shares[place]
        own = known.own - more if known.own else 0
        self.shares[place] = replace(known, ours=known.ours + more, most=max(known.most, known.ours + more), own=own)
        return True

    def _buy(self, deed: Deed) -> bool:
        price = Decimal(PRICES[deed.symbol])
        self._rows.sql(BUY, user=deed.user, symbol=deed.symbol, shares=deed.amount, price=price)
        return True

    def _resting(self, deed: Deed) -> dict[str, Any] | None:
        """The sell of ours that is live at the broker."""
        wanted = (self._ucc(deed), deed.symbol, "SELL", True, None)
        names = ("ucc", "symbol", "side", "api", "finished")
        orders = self._market.ledger()["orders"]
        return next((order for order in orders if tuple(order[name] for name in names) == wanted), None)

    def _ucc(self, deed: Deed) -> str:
        return self.accounts[deed.user]
