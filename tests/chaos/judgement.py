"""How chaos is judged: the broker's own ledger against the rows. Every sentence is a broken promise."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from tests.world import Tenant, World

STATED = ("REJECTED", "PRICE_ABOVE_BAND", "CANCELLED_BY_USER")
"""Reasons for which a position may be left without its order when all has settled."""

Acquired = Mapping[tuple[str, str], int]


def broken_promises(
    world: World, tenants: Sequence[Tenant], acquired: Acquired, stated: Collection[str] = STATED
) -> Iterator[str]:
    """What `wrong_sales` finds, and positions that have neither their order nor one of the stated reasons."""
    yield from wrong_sales(world, acquired)
    for tenant in tenants:
        yield from uncovered(tenant, stated)


def wrong_sales(world: World, acquired: Acquired) -> Iterator[str]:
    """`acquired`: all shares that ever were ours, by account and symbol. The owners sold none but their own."""
    ledger = world.broker.ledger()
    for line in ledger["symbols"]:
        held = acquired[line["ucc"], line["symbol"]]
        if line["max_live_api_sells"] > 1:
            yield f"two live sells: {line}"
        if line["max_api_sell_shares"] > held:
            yield f"more than {held} at the broker: {line}"
    ours = {order["order"] for order in ledger["orders"] if order["api"]}
    filled = sum(fill["quantity"] for fill in ledger["fills"] if fill["order"] in ours)
    rows = world.row("SELECT coalesce(sum(filled), 0) AS filled FROM orders")["filled"]
    if filled != rows:
        yield f"filled {filled} at the broker, {rows} in the rows"
    taken = world.rows("SELECT detail FROM journal WHERE event = 'SOLD_OUTSIDE'")
    if taken:
        yield f"the owner sold his own shares, and ours were taken: {taken}"


def uncovered(tenant: Tenant, stated: Collection[str] = STATED) -> Iterator[str]:
    """Open positions that neither have their order nor say why."""
    live = {row["trdSym"]: int(row["unFldSz"]) for row in tenant.live_at_broker()}
    rows = tenant.world.rows(
        "SELECT symbol, quantity, reason FROM positions WHERE user_id = :id AND closed_at IS NULL", id=tenant.user_id
    )
    for row in rows:
        if live.get(row["symbol"]) != row["quantity"] and row["reason"] not in stated:
            yield f"{row} of user {tenant.user_id} has {live.get(row['symbol'])} resting"
