"""What may happen to accounts in a day: fills, faults, restarts, operators, owners; the same seed does the same."""

import random
from collections.abc import Callable, Iterator, Sequence

from tests.chaos.faults import FAULTS
from tests.chaos.judgement import broken_promises
from tests.world import Tenant, World


class Deeds:
    """Random deeds on some accounts, and the count of whose the shares are."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.world = world
        self.dice = dice
        self.tenants: list[Tenant] = []
        self.symbols: dict[int, Sequence[str]] = {}
        self.held: dict[tuple[str, str], int] = {}
        self.own: dict[tuple[str, str], int] = {}

    def admit(self, tenant: Tenant, symbols: Sequence[str]) -> None:
        """A tenant with a position in each of the symbols, in some beside shares of the owner's."""
        self.tenants.append(tenant)
        self.symbols[tenant.user_id] = symbols
        for symbol in symbols:
            price, quantity = self.world.broker.last_price(symbol), self.dice.randint(1, 40)
            own = self.dice.choice((0, 25))
            tenant.holds(symbol, quantity, str(price), own=own)
            self.held[tenant.account.ucc, symbol], self.own[tenant.account.ucc, symbol] = quantity, own

    def one(self, tenant: Tenant) -> None:
        """One deed, whichever falls."""
        self.dice.choice(self.all())(tenant)

    def all(self) -> list[Callable[[Tenant], None]]:
        """What may happen; faults more often than the rest."""
        calm: list[Callable[[Tenant], None]] = [self.nothing, self.fill, self.rule, self.restart, self.enlarge]
        return [*calm, self.by_hand, self.cancelled_by_hand] + [self.fault] * 5

    def look(self, tenant: Tenant) -> None:
        """As a thread does; whatever it cannot handle is a failure of the test."""
        tenant.service.look()
        if tenant.tenure.revoked:
            tenant.restart()

    def judge(self) -> Iterator[str]:
        """Every sentence is a broken promise."""
        yield from broken_promises(self.world, self.tenants, self.held)

    def nothing(self, _: Tenant) -> None:
        """A quiet moment."""

    def fault(self, tenant: Tenant) -> None:
        """The next calls of one kind go wrong."""
        call = self.dice.choice(sorted(FAULTS))
        self.world.broker.fault(
            call, self.dice.choice(FAULTS[call]), ucc=tenant.account.ucc, times=self.dice.randint(1, 3)
        )

    def fill(self, tenant: Tenant) -> None:
        """Some shares of one of our orders trade."""
        live = tenant.live_at_broker()
        if live:
            row = self.dice.choice(live)
            self.world.broker.fill(row["nOrdNo"], self.dice.randint(1, int(row["unFldSz"])))

    def rule(self, tenant: Tenant) -> None:
        """An admin wants another price."""
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
        symbol, more = self.dice.choice(self.symbols[tenant.user_id]), self.dice.randint(1, 5)
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
        symbol = self.dice.choice(self.symbols[tenant.user_id])
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
