"""Tenants and positions as tables, and the coverage of the last minute."""

from collections.abc import Iterable, Iterator, Mapping

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from cli.day.rows import Picture, Row
from domain.coverage import Coverage, CoverState
from domain.orders import Reason

COLOURS = {
    CoverState.PROTECTED: "green",
    CoverState.PLACING: "cyan",
    CoverState.IN_DOUBT: "yellow",
    CoverState.UNPROTECTED: "red",
}
WIDTHS = {"user": 6, "symbol": 12, "shares": 6, "state": 11, "price": 7, "broker order": 15, "why": None}
TENANT = {"tenant": 6, "state": 14, "generation": 10, "because": None}
RIGHT = ("shares", "price", "generation")
Cells = tuple[str | Text, ...]


def tenants_table(picture: Picture) -> Table:
    """Who is served, by which generation, and what they do."""
    table = _table(TENANT)
    for tenant in picture.tenants:
        table.add_row(
            tenant.name, tenant.state or "not served yet", str(tenant.generation or "-"), (tenant.text or "")[:200]
        )
    return table


def positions_table(picture: Picture) -> Table:
    """Every position of the day: open ones as they are covered, closed ones as they were sold."""
    table = _table(WIDTHS)
    names = {tenant.user_id: tenant.name for tenant in picture.tenants}
    covered = {one.position: one for one in picture.covered}
    for row in picture.positions:
        one = covered.get(row["id"])
        table.add_row(*(_covered(one) if one else _sold(row, names[row["user_id"]])))
    return table


def coverage_table(covered: Iterable[Coverage]) -> Table:
    """The open positions as they are covered."""
    table = _table(WIDTHS)
    table.columns[-1].no_wrap = False
    for one in covered:
        table.add_row(*_covered(one))
    return table


def _table(widths: Mapping[str, int | None]) -> Table:
    """Columns of a fixed width, the last one takes the rest; nothing jumps when a word changes."""
    table = Table(box=None, expand=True, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold underline")
    for head, width in widths.items():
        side: JustifyMethod = "right" if head in RIGHT else "left"
        rest = 1 if width is None else None
        table.add_column(head, justify=side, width=width, ratio=rest, no_wrap=True, overflow="ellipsis")
    return table


def _covered(one: Coverage) -> Cells:
    idle = one.reason is Reason.MARKET_CLOSED
    state = Text(one.state, style="dim" if idle else COLOURS[one.state])
    price = f"{one.price:.2f}" if one.price else ""
    return one.user, one.symbol, str(one.quantity), state, price, one.broker_order_id or "", " ".join(_why(one))


def _why(one: Coverage) -> Iterator[str]:
    if one.reason:
        yield f"{one.reason}:"
    if one.reason or one.state is not CoverState.PROTECTED:
        yield one.text


def _sold(row: Row, name: str) -> Cells:
    if row["closed_at"] is None:
        return name, row["symbol"], str(row["quantity"]), "", "", "", ""
    how = "by its owner, by hand" if row["close_reason"] == "MANUAL" else "its order filled"
    sold = Text("SOLD", style="bold blue")
    return name, row["symbol"], str(row["sold_quantity"]), sold, f"{row['exit_price']:.2f}", "", how
