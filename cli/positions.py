"""`position`: shares that are held and to be sold. Every change is a row; a running service acts on it."""

import json
from typing import Annotated

import typer

from cli.options import ACTOR, AS_ARGUMENTS, EXIT_RULE_HELP, Json, OfUser, UserName
from cli.output import note, say, with_paper, write_json, write_table
from cli.reading import exit_rule as read_rule
from cli.reading import optional_exit_rule
from cli.reading import price as read_price
from cli.reading import quantity as read_quantity
from cli.reading import symbol as read_symbol
from cli.wiring import open_database
from domain.errors import BadInput
from repositories.database import Database
from repositories.instruments import InstrumentsRepository
from repositories.position_desk import Listed, PositionDesk
from repositories.users import UsersRepository
from settings import read_settings

app = typer.Typer(name="position", help="The shares that are held and to be sold.", no_args_is_help=True)
Number = Annotated[int, typer.Argument(metavar="POSITION", help="The position's number.")]
FIELDS = ("symbol", "quantity", "avg_price", "exit_rule", "opened_at", "closed_at", "close_reason", "exit_price")
HEADINGS = (
    "ID",
    "USER",
    "SYMBOL",
    "QTY",
    "AVG PRICE",
    "EXIT RULE",
    "OPENED (IST)",
    "CLOSED (IST)",
    "HOW",
    "SOLD AT",
    "REASON",
)


@app.command(context_settings=AS_ARGUMENTS)
def add(
    user: UserName,
    symbol: Annotated[str, typer.Argument(help="The exchange's trading symbol, such as IFBIND-EQ.")],
    quantity: Annotated[str, typer.Argument(help="Shares.")],
    price: Annotated[str, typer.Argument(help="The average price paid, in rupees.")],
    exit_rule: Annotated[str | None, typer.Option(metavar="JSON", help=f"{EXIT_RULE_HELP}; else the user's.")] = None,
) -> None:
    """Enter shares that the account holds.

    A running service places their sell order within seconds.
    """
    word, shares, paid = read_symbol(symbol), read_quantity(quantity), read_price(price)
    rule = None if exit_rule is None else read_rule(exit_rule)
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user)
        checked = _known(database, word)
        number = PositionDesk(database, ACTOR).add(owner.id, word, shares, paid, rule)
    say(f"Position {number}: {shares} {word} at {paid} for {owner.name}.")
    if not checked:
        note(f"No instrument file is loaded yet: {word} will be checked when the service loads the next one.")


@app.command("list")
def list_positions(
    user: OfUser = None,
    all_of_them: Annotated[bool, typer.Option("--all", help="Closed ones as well.")] = False,
    as_json: Json = False,
) -> None:
    """Show open positions."""
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user).id if user else None
        listed = PositionDesk(database, ACTOR).list(owner, closed_too=all_of_them)
    if as_json:
        write_json({"positions": [_row(one) for one in listed]})
    else:
        write_table(
            HEADINGS, [_cells(one) for one in listed], "There are no positions; see: run.py position add --help"
        )


@app.command("set-exit")
def set_exit(
    position: Number, rule: Annotated[str, typer.Argument(metavar="JSON", help=f"{EXIT_RULE_HELP}; null: the user's.")]
) -> None:
    """Give a position its own exit rule.

    With null it sells by the user's; a resting order follows.
    """
    wanted = optional_exit_rule(rule)
    with open_database(read_settings()) as database:
        PositionDesk(database, ACTOR).set_exit(position, wanted)
    say(f"Position {position} sells by {'the rule of its user' if wanted is None else json.dumps(wanted)}.")


@app.command()
def close(
    position: Number,
    because: Annotated[str, typer.Option(help="Why, for the journal.")],
) -> None:
    """End a position that is not to be sold any more.

    A running service cancels its resting order.
    """
    if not because.strip():
        raise BadInput("Say why the position is closed: --because TEXT. Nothing was written.")
    with open_database(read_settings()) as database:
        resting = PositionDesk(database, ACTOR).close(position, because)
    say(f"Position {position} is closed.")
    if resting is not None:
        note(f"Its sell order {resting} may rest until the service cancels it; see: run.py order list --live")


def _known(database: Database, symbol: str) -> bool:
    """Whether the symbol is in the instrument file; False while none is loaded. Raises BadInput."""
    instruments = InstrumentsRepository(database)
    if instruments.find(symbol) is not None:
        return True
    if instruments.count():
        raise BadInput(
            f"{symbol} is not in the instrument file of the NSE cash segment; write the trading symbol with its series,"
            " such as IFBIND-EQ. Nothing was written."
        )
    return False


def _row(listed: Listed) -> dict[str, object]:
    position = listed.position
    fields = {name: getattr(position, name) for name in FIELDS}
    return {"position": position.id, "user": listed.user, "user_id": position.user_id, **fields} | {
        "paper": listed.paper,
        "reason": position.reason,
        "reason_text": position.reason_text,
    }


def _cells(listed: Listed) -> tuple[object, ...]:
    position = listed.position
    because = ": ".join(word for word in (position.reason, position.reason_text) if word)
    return (
        position.id,
        with_paper(listed.user, listed.paper),
        *(getattr(position, name) for name in FIELDS),
        because or None,
    )
