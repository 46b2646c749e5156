"""Whole days with seeded faults, in virtual time, judged by the broker's own ledger and by the rows."""

import random
from collections.abc import Callable, Iterator

import pytest

from domain.clock import VirtualClock
from repositories.database import Database
from tests.world import BELL, Tenant, World

SYMBOLS = ("IFBIND-EQ", "ITC-EQ", "SBIN-EQ", "INFY-EQ")
FAULTS = {
    "place": (
        "lost_reply",
        "drop_before",
        "502_html",
        "503_after",
        "garbage_after",
        "ok_without_number",
        "429",
        "reject",
    ),
    "modify": ("lost_reply", "drop_before", "503_after", "reject"),
    "cancel": ("lost_reply", "drop_before", "503_after", "reject"),
    "orders": ("session_death", "502_html", "no_data", "missing_rows", "malformed_row", "drop_before"),
    "holdings": ("502_html", "drop_before"),
    "login": ("502_html", "drop_before", "session_death"),
}
STEPS = 150
STATED = ("REJECTED", "PRICE_ABOVE_BAND", "CANCELLED_BY_USER")


class Day:
    """Random deeds on two accounts; the same seed does the same."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.tenants = [world.tenant(number) for number in range(2)]
        self.held: dict[tuple[str, str], int] = {}
        self.own: dict[tuple[str, str], int] = {}
        for tenant in self.tenants:
            for symbol in SYMBOLS:
                price, quantity = world.broker.last_price(symbol), self.dice.randint(1, 40)
                own = self.dice.choice((0, 25))
                tenant.holds(symbol, quantity, str(price), own=own)
                self.held[tenant.account.ucc, symbol], self.own[tenant.account.ucc, symbol] = quantity, own

    def play(self) -> None:
        """Live through the day, then let it settle without faults."""
        for tenant in self.tenants:
            self.look(tenant)
        self.world.clock.advance_to(BELL)
        for _ in range(STEPS):
            self.dice.choice(self.deeds())(self.dice.choice(self.tenants))
            self.turn()
        self.world.broker.clear_faults()
        for _ in range(120):
            self.turn()

    def deeds(self) -> list[Callable[[Tenant], None]]:
        """What may happen; faults more often than the rest."""
        calm: list[Callable[[Tenant], None]] = [self.nothing, self.fill, self.rule, self.restart, self.enlarge]
        return [*calm, self.by_hand, self.cancelled_by_hand] + [self.fault] * 5

    def turn(self) -> None:
        self.world.clock.advance(self.dice.choice((0.5, 1.0, 5.0)))
        for tenant in self.tenants:
            self.look(tenant)

    def look(self, tenant: Tenant) -> None:
        """As a thread does; whatever it cannot handle is a failure of the test."""
        tenant.service.look()
        if tenant.tenure.revoked:
            tenant.restart()

    def nothing(self, _: Tenant) -> None:
        """A quiet moment."""

    def fault(self, tenant: Tenant) -> None:
        call = self.dice.choice(sorted(FAULTS))
        self.world.broker.fault(
            call, self.dice.choice(FAULTS[call]), ucc=tenant.account.ucc, times=self.dice.randint(1, 3)
        )

    def fill(self, tenant: Tenant) -> None:
        live = tenant.live_at_broker()
        if live:
            row = self.dice.choice(live)
            self.world.broker.fill(row["nOrdNo"], self.dice.randint(1, int(row["unFldSz"])))

    def rule(self, tenant: Tenant) -> None:
        percent = self.dice.choice((3, 4, 5))
        self.world.execute(
            "UPDATE users SET exit_rule = jsonb_build_object('target_percent', CAST(:p AS int)) WHERE id = :id",
            p=percent,
            id=tenant.user_id,
        )

    def restart(self, tenant: Tenant) -> None:
        """Kill -9 between two cycles."""
        tenant.restart()

    def enlarge(self, tenant: Tenant) -> None:
        """An operator books shares that arrived: bought outside, already in the account."""
        symbol, more = self.dice.choice(SYMBOLS), self.dice.randint(1, 5)
        if self.own[tenant.account.ucc, symbol] < more:
            return
        open_rows = self.world.rows(
            "UPDATE positions SET quantity = quantity + :more"
            " WHERE user_id = :id AND symbol = :symbol AND closed_at IS NULL RETURNING id",
            more=more,
            id=tenant.user_id,
            symbol=symbol,
        )
        if open_rows:
            self.held[tenant.account.ucc, symbol] += more
            self.own[tenant.account.ucc, symbol] -= more

    def by_hand(self, tenant: Tenant) -> None:
        """The owner sells shares of the account's own; ours are not touched by it."""
        symbol = self.dice.choice(SYMBOLS)
        own = self.own[tenant.account.ucc, symbol]
        if own:
            shares = self.dice.randint(1, own)
            last = str(self.world.broker.last_price(symbol))
            self.world.broker.manual_order(tenant.account.ucc, "SELL", symbol, shares, last)
            self.own[tenant.account.ucc, symbol] -= shares

    def cancelled_by_hand(self, tenant: Tenant) -> None:
        """The owner cancels one of our orders in the app; now and then."""
        live = tenant.live_at_broker()
        if live and self.dice.random() < 0.2:
            self.world.broker.manual_cancel(tenant.account.ucc, self.dice.choice(live)["nOrdNo"])

    def judge(self) -> Iterator[str]:
        """Every sentence is a broken promise."""
        ledger = self.world.broker.ledger()
        for line in ledger["symbols"]:
            held = self.held[line["ucc"], line["symbol"]]
            if line["max_live_api_sells"] > 1:
                yield f"two live sells: {line}"
            if line["max_api_sell_shares"] > held:
                yield f"more than {held} at the broker: {line}"
        ours = {order["order"] for order in ledger["orders"] if order["api"]}
        filled = sum(fill["quantity"] for fill in ledger["fills"] if fill["order"] in ours)
        rows = self.world.row("SELECT coalesce(sum(filled), 0) AS filled FROM orders")["filled"]
        if filled != rows:
            yield f"filled {filled} at the broker, {rows} in the rows"
        taken = self.world.rows("SELECT detail FROM journal WHERE event = 'SOLD_OUTSIDE'")
        if taken:
            yield f"the owner sold his own shares, and ours were taken: {taken}"
        yield from self.uncovered()

    def uncovered(self) -> Iterator[str]:
        """Open positions that neither have their order nor say why."""
        for tenant in self.tenants:
            live = {row["trdSym"]: int(row["unFldSz"]) for row in tenant.live_at_broker()}
            rows = self.world.rows(
                "SELECT symbol, quantity, reason FROM positions WHERE user_id = :id AND closed_at IS NULL",
                id=tenant.user_id,
            )
            for row in rows:
                if live.get(row["symbol"]) != row["quantity"] and row["reason"] not in STATED:
                    yield f"{row} has {live.get(row['symbol'])} resting"


@pytest.mark.parametrize("seed", range(6))
def test_a_day_of_faults_ends_with_one_sell_for_each_position(database: Database, clock: VirtualClock, seed: int):
    world = World(database, clock, accounts=2)
    try:
        day = Day(world, seed)
        day.play()
        assert list(day.judge()) == []
    finally:
        world.close()


def test_the_judgement_sees_a_second_sell(world: World):
    day = Day(world, 0)
    world.clock.advance_to(BELL)
    for _ in range(4):
        day.turn()
    tenant = day.tenants[0]
    order = tenant.orders()[0]
    world.execute("DELETE FROM sends WHERE order_id = :id", id=order["id"])
    world.execute("DELETE FROM orders WHERE id = :id", id=order["id"])
    world.execute("UPDATE installation SET tag_prefix = 'OTHER'")
    tenant.restart()
    for _ in range(4):
        day.turn()
    assert any("two live sells" in sentence for sentence in day.judge())
