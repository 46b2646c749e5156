"""One position against a model: whatever happens to it, in whatever order, Hypothesis looks for a broken promise.

The model knows what the service must find out: how many shares ever were the position's, how many an operator gave
back to the owner, whether the owner cancelled. The simulator's ledger knows what was sold and what rests.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.clock import VirtualClock
from repositories.database import Database
from tests.chaos.faults import FAULTS
from tests.world import BELL, World

SYMBOL = "IFBIND-EQ"
EXAMPLES = 30
"""So that the suite spends some twenty seconds here; many more are worth a walk to the kettle."""
STEPS = 25
MORNING = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
HANGS = (("place", "hang"), ("place", "hang_after"), ("orders", "hang"))
WRONG = st.sampled_from([(call, kind) for call, kinds in sorted(FAULTS.items()) for kind in kinds] + list(HANGS))
SHARES = st.integers(1, 12)
MOVING = ("SUBMITTING", "ACCEPTED", "CANCELLING")
LIVE = ("OPEN", *MOVING)
CLEARED = "users, free_shares, exits, positions, orders, sends, journal, halts, account_days, tenants, heartbeats"
CLEAR = (
    "ALTER TABLE journal DISABLE TRIGGER USER",
    f"TRUNCATE {CLEARED} RESTART IDENTITY CASCADE",
    "ALTER TABLE journal ENABLE TRIGGER USER",
)
"""The journal lets nobody empty it; the owner of the table may look away for a moment, in a test."""


@dataclass(slots=True)
class Model:
    """Shares: `entered` by rows, `returned` to the owner by rows, `own` as the owner's at first.

    `overdrawn`: for a moment more was sold than an operator left us. Whether the service meets that moment depends on
    when it looks: it may have halted the user, and must have where it is still so at the end.
    """

    entered: int = 0
    returned: int = 0
    own: int = 0
    cancelled: bool = False
    changed: bool = False
    offered: bool = False
    beyond_the_band: bool = False
    overdrawn: bool = False


class OnePosition(RuleBasedStateMachine):
    """Its rules are what may happen; its invariants hold after each of them."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        with database.as_operator("test") as session:
            for statement in CLEAR:
                session.connection().exec_driver_sql(statement)
        self.world = World(database, VirtualClock(MORNING))
        self.tenant = self.world.tenant()
        self.ucc = self.tenant.account.ucc
        self.model = Model()

    @initialize(quantity=SHARES, own=st.sampled_from((0, 5, 25)), early=st.booleans())
    def morning(self, quantity: int, own: int, early: bool) -> None:
        """A position of the evening before; the service comes before the bell, or after it."""
        self.tenant.holds(SYMBOL, quantity, own=own)
        self.model.entered, self.model.own = quantity, own
        if early:
            self.look()
        self.world.clock.advance_to(BELL)

    @rule(seconds=st.sampled_from((0.5, 1.0, 5.0)), times=st.integers(1, 3))
    def cycle(self, seconds: float, times: int) -> None:
        """The service looks."""
        for _ in range(times):
            self.world.clock.advance(seconds)
            self.look()

    @rule(seconds=st.sampled_from((10.0, 30.0, 60.0)))
    def time_passes(self, seconds: float) -> None:
        """Nobody looks."""
        self.world.clock.advance(seconds)

    @rule(wrong=WRONG, times=st.integers(1, 3))
    def fault(self, wrong: tuple[str, str], times: int) -> None:
        """The next calls of one kind go wrong; the service finds out at once."""
        self.world.broker.fault(*wrong, times=times, seconds=30.0 if "hang" in wrong[1] else 0.0)
        self.cycle(1.0, 1)

    @rule(shares=SHARES)
    def fill(self, shares: int) -> None:
        """Shares of the resting sell trade."""
        for row in self.ours():
            self.world.broker.fill(row["nOrdNo"], min(shares, int(row["unFldSz"])))

    @rule(shares=SHARES)
    def ask_for_more(self, shares: int) -> None:
        """An admin requests a buy below the market."""
        price = self.world.broker.last_price(SYMBOL) - 20
        self.tenant.requests_buy(SYMBOL, shares, str(price))
        self.cycle(1.0, 2)

    @rule(shares=SHARES)
    def buy_fills(self, shares: int) -> None:
        """Shares of a resting buy of ours trade."""
        for row in self.tenant.at_broker():
            if row["ordSt"] == "open" and row["trnsTp"] == "B":
                self.world.broker.fill(row["nOrdNo"], min(shares, int(row["unFldSz"])))

    @rule()
    def restart(self) -> None:
        """Kill -9 and a new generation."""
        self.tenant.restart()

    @rule()
    def session_dies(self) -> None:
        """Every token of the account ends."""
        self.world.broker.end_sessions(self.ucc)

    @rule(shares=SHARES)
    def book_more(self, shares: int) -> None:
        """An operator books shares of the account into the position."""
        if self.owners() >= shares and self.moved(shares):
            self.model.entered += shares

    @rule(shares=SHARES)
    def book_less(self, shares: int) -> None:
        """An operator gives shares back to the owner; what rests or sold unseen may be more than is left."""
        if self.moved(-shares):
            self.model.returned += shares

    @rule(percent=st.sampled_from((3, 4, 5, 6, 60)))
    def another_rule(self, percent: int) -> None:
        """An admin wants another price, at times one that the day's band does not allow."""
        self.world.execute(
            "UPDATE users SET exit_rule = jsonb_build_object('target_percent', CAST(:p AS int))", p=percent
        )
        self.model.beyond_the_band = percent > 20

    @rule()
    def halt(self) -> None:
        """No new order from here on."""
        self.world.execute("INSERT INTO halts (user_id, because, created_by) VALUES (1, 'audit', 'operator')")

    @rule()
    def resume(self) -> None:
        """The operator has seen what there was to see."""
        self.world.execute("UPDATE halts SET ended_at = now() WHERE created_by = 'operator'")

    @rule(policy=st.sampled_from(("respect", "re-protect")))
    def policy(self, policy: str) -> None:
        """An admin says what the owner's own changes mean."""
        self.world.execute("UPDATE users SET owner_policy = :policy", policy=policy)

    @rule(percent=st.sampled_from((0, 1, 5)))
    def exit_asked(self, percent: int) -> None:
        """Somebody wants to be out."""
        self.world.execute(
            "INSERT INTO exits (position_id, at_most_percent_below_last) SELECT id, :p FROM positions"
            " WHERE closed_at IS NULL ON CONFLICT DO NOTHING",
            p=percent,
        )

    @rule()
    def exit_stopped(self) -> None:
        """And no more."""
        self.world.execute("UPDATE exits SET ended_at = now() WHERE ended_at IS NULL")

    @rule()
    def halt_and_cancel(self) -> None:
        """No new order, and nothing is to rest."""
        self.world.execute(
            "INSERT INTO halts (user_id, because, created_by, cancel_orders) VALUES (1, 'audit', 'operator', true)"
        )

    @precondition(lambda self: self.ours())
    @rule(ticks=st.integers(-40, 40), shares=st.none() | SHARES)
    def owner_changes(self, ticks: int, shares: int | None) -> None:
        """Price, or a smaller quantity, of our order in the app."""
        for row in self.ours():
            price = Decimal(row["prc"]) + ticks * Decimal("0.05")
            total = int(row["qty"]) if shares is None else min(int(row["qty"]), int(row["fldQty"]) + shares)
            self.world.broker.manual_modify(self.ucc, row["nOrdNo"], price=price, quantity=total)
            self.model.changed = True

    @rule(shares=SHARES)
    def owner_offers(self, shares: int) -> None:
        """Shares of his own, above the market."""
        if self.owners() >= shares:
            dear = self.world.broker.last_price(SYMBOL) + 100
            self.world.broker.manual_order(self.ucc, "SELL", SYMBOL, shares, str(dear))
            self.model.offered = True

    @precondition(lambda self: self.ours())
    @rule()
    def owner_cancels(self) -> None:
        """In the broker's app."""
        for row in self.ours():
            self.world.broker.manual_cancel(self.ucc, row["nOrdNo"])
            self.model.cancelled = True

    @rule(shares=SHARES)
    def owner_sells(self, shares: int) -> None:
        """Shares of his own only; sold at once, so that nobody books them meanwhile."""
        if self.owners() >= shares:
            self.world.broker.manual_order(self.ucc, "SELL", SYMBOL, shares, self.last())
            self.world.clock.advance(0.1)

    @rule(shares=SHARES)
    def owner_buys(self, shares: int) -> None:
        """More of the same, which is none of our business."""
        self.world.broker.manual_order(self.ucc, "BUY", SYMBOL, shares, self.last())
        self.world.clock.advance(0.1)

    @invariant()
    def never_twice(self) -> None:
        """At most one live sell, and never more sold and resting than ever was ours."""
        line = self.tenant.line(SYMBOL) if self.model.entered else {}
        assert line.get("max_live_api_sells", 0) <= 1, line
        assert line.get("max_api_sell_shares", 0) <= self.acquired(), line

    @invariant()
    def rows_tell_no_more_than_the_broker(self) -> None:
        """Fills are the broker's, shares are conserved, an end has its evidence, one sell is live."""
        orders = self.rows()
        sold, bought = self.filled("SELL", orders), self.filled("BUY", orders)
        assert sold <= self.traded("SELL"), orders
        assert bought <= self.traded("BUY"), orders
        assert sum(o["side"] == "SELL" and o["status"] in LIVE for o in orders) <= 1, orders
        for order in orders:
            assert order["filled"] <= order["quantity"], order
            assert order["status"] != "EXECUTED" or order["filled"] == order["quantity"], order
            ended = order["status"] in ("EXECUTED", "CANCELLED", "LAPSED") and order["reason"] != "NEVER_SENT"
            assert not ended or order["evidence"], order
        self.model.overdrawn |= self.left() < 0
        if not self.model.overdrawn:
            assert self.held() == self.model.entered + bought - self.model.returned - sold, orders

    def teardown(self) -> None:
        """Without faults and halts the position is covered exactly within two minutes and a bit, or says why not."""
        try:
            self.world.broker.clear_faults()
            self.resume()
            for _ in range(30):
                self.cycle(5.0, 1)
            self.never_twice()
            self.rows_tell_no_more_than_the_broker()
            self.at_rest()
        finally:
            self.world.close()

    def at_rest(self) -> None:
        """Everything is known, and every share has its order or its reason."""
        orders = self.rows()
        assert self.filled("SELL", orders) == self.traded("SELL"), orders
        assert self.filled("BUY", orders) == self.traded("BUY"), orders
        assert self.world.rows("SELECT 1 AS n FROM journal WHERE event = 'SOLD_OUTSIDE'") == []
        halted = self.world.rows("SELECT because FROM halts WHERE ended_at IS NULL")
        assert halted or self.left() >= 0, self.model
        assert not halted or self.model.overdrawn, halted
        resting = [int(row["unFldSz"]) for row in self.ours()]
        for row in self.world.rows("SELECT quantity, reason, reason_text FROM positions WHERE closed_at IS NULL"):
            assert resting == [row["quantity"]] or row["reason"] in self.reasons(orders), (row, resting, orders)

    def reasons(self, orders: list[dict[str, Any]]) -> set[str]:
        """What the position may say of itself, after what has happened."""
        rejected = sum(order["side"] == "SELL" and order["status"] == "REJECTED" for order in orders)
        happened = {
            "REJECTED": rejected >= 3,
            "CANCELLED_BY_USER": self.model.cancelled,
            "PRICE_ABOVE_BAND": self.model.beyond_the_band,
            "BREACHED": self.model.overdrawn,
            "HALTED": self.model.overdrawn,
            "MANUAL_SALE": self.line_of("sold") > self.line_of("sold_by_api") or self.model.offered,
            "CHANGED_BY_USER": self.model.changed,
            "NOT_FREE": self.model.offered,
        }
        return {reason for reason, so in happened.items() if so}

    def look(self) -> None:
        """As a thread does."""
        self.tenant.service.look()
        if self.tenant.tenure.revoked:
            self.tenant.restart()

    def moved(self, shares: int) -> bool:
        """Whether an operator's change of an open position found its row."""
        statement = (
            "UPDATE positions SET quantity = quantity + :n WHERE closed_at IS NULL AND quantity + :n > 0 RETURNING id"
        )
        return bool(self.world.rows(statement, n=shares))

    def rows(self) -> list[dict[str, Any]]:
        """Every order of the account, oldest first."""
        return self.world.rows("SELECT * FROM orders ORDER BY id")

    def filled(self, side: str, orders: list[dict[str, Any]]) -> int:
        """Shares that the rows know to have traded."""
        return sum(order["filled"] for order in orders if order["side"] == side)

    def traded(self, side: str) -> int:
        """Shares of our orders that traded at the broker."""
        ours = [o for o in self.world.broker.ledger()["orders"] if o["api"] and o["side"] == side]
        return sum(order["filled"] for order in ours)

    def line_of(self, name: str) -> int:
        """A number of the broker's own account of the symbol."""
        return int(self.tenant.line(SYMBOL)[name])

    def held(self) -> int:
        """Shares that the rows hold."""
        return int(self.world.row("SELECT coalesce(sum(quantity), 0) AS n FROM positions")["n"])

    def acquired(self) -> int:
        """All shares that ever were ours."""
        return self.model.entered + self.traded("BUY")

    def left(self) -> int:
        """Shares that are ours now; below zero when more was sold than an operator left us."""
        return self.acquired() - self.model.returned - self.traded("SELL")

    def owners(self) -> int:
        """Shares of the owner's that no order and no fill has a claim on."""
        model = self.model
        bought = self.line_of("bought") - self.traded("BUY")
        sold = self.line_of("sold") - self.line_of("sold_by_api")
        first = model.own + model.returned - (model.entered - self.first)
        return first + bought - sold - sum(int(row["unFldSz"]) for row in self.his())

    def ours(self) -> list[dict[str, Any]]:
        """Our sells that rest."""
        return [row for row in self.tenant.live_at_broker() if "MOB" not in row["ordSrc"]]

    def his(self) -> list[dict[str, Any]]:
        """The owner's sells that rest."""
        return [row for row in self.tenant.live_at_broker() if "MOB" in row["ordSrc"]]

    @property
    def first(self) -> int:
        """Shares of the position when the day began."""
        return self.line_of("held_at_start") - self.model.own

    def last(self) -> str:
        """The last price, as text."""
        return str(self.world.broker.last_price(SYMBOL))


def machine(database: Database, examples: int = EXAMPLES, **more: Any) -> settings:
    """The settings of a run; the suite's is the same each time."""
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        **more,
    )


def test_one_position_keeps_every_promise_whatever_happens(database: Database):
    run_state_machine_as_test(lambda: OnePosition(database), settings=machine(database, derandomize=True))
