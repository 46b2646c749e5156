"""`order`: what was or is at the broker. Orders are made by the service, and buys by inserting a row."""

from datetime import datetime
from typing import Annotated

import typer

from cli.options import Json, OfUser
from cli.output import with_paper, write_json, write_table
from cli.wiring import open_database
from repositories.order_list import OrderLine, OrderList
from repositories.users import UsersRepository
from settings import read_settings

app = typer.Typer(name="order", help="The orders: what was or is at the broker.", no_args_is_help=True)
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only this trading day in India.")]
COLUMNS = {
    "ID": "id",
    "USER": "user",
    "POSITION": "position",
    "SIDE": "side",
    "SYMBOL": "symbol",
    "STATUS": "status",
    "QTY": "quantity",
    "FILLED": "filled",
    "PRICE": "price",
    "SOLD AT": "execution_price",
    "BROKER'S NUMBER": "broker_order_id",
    "DAY": "day",
    "REASON": "reason",
    "TEXT": "text",
}


@app.callback()
def _group() -> None:
    """The orders: what was or is at the broker."""


@app.command("list")
def list_orders(
    user: OfUser = None,
    day: Day = None,
    live: Annotated[bool, typer.Option("--live", help="Only those that may rest at the broker.")] = False,
    as_json: Json = False,
) -> None:
    """Show orders, oldest first."""
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user).id if user else None
        lines = OrderList(database).read(owner, day.date() if day else None, live=live)
    if as_json:
        write_json({"orders": lines})
    else:
        write_table(tuple(COLUMNS), [_cells(line) for line in lines], "There are no such orders.")


def _cells(line: OrderLine) -> tuple[object, ...]:
    shown = {name: getattr(line, name) for name in COLUMNS.values()}
    return tuple((shown | {"user": with_paper(line.user, line.paper)}).values())
