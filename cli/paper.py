"""`paper`: the accounts without a broker. Cash, shares, faults and what their owners do by hand are rows."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from cli.options import ACTOR, AS_ARGUMENTS, Json, UserName
from cli.output import rupees, say, write_json, write_table
from cli.reading import price as read_price
from cli.reading import symbol as read_symbol
from cli.wiring import open_database
from domain.errors import BadInput
from domain.paper import Deed
from domain.paper_faults import CALLS, KINDS, require_fault
from repositories.database import Database
from repositories.instruments import InstrumentsRepository
from repositories.paper_desk import PaperDesk, Wanted
from repositories.users import UsersRepository
from settings import Settings, read_settings

app = typer.Typer(name="paper", help="Paper accounts: cash, shares, the owner's hand, faults.", no_args_is_help=True)
HOLDINGS = ("SYMBOL", "QTY", "AVERAGE")
ORDERS = ("NUMBER", "SIDE", "SYMBOL", "QTY", "PRICE", "FILLED", "STATE", "REASON", "TAG", "ENTERED (IST)")
HANDS = ("DEED", "SYMBOL", "QTY", "PRICE", "ORDER", "STATE")
FAULTS = ("FAULT", "CALL", "KIND", "TIMES", "SECONDS", "PROBABILITY", "STRUCK")
TODAY = ("bought", "sold")
MOST_RUPEES = Decimal(10**12)
MOST_SHARES = 2**31 - 1
Symbol = Annotated[str, typer.Argument(help="The exchange's trading symbol, such as IFBIND-EQ.")]
Shares = Annotated[str, typer.Argument(help="Shares.")]
Rupees = Annotated[str, typer.Argument(help="The limit in rupees.")]


@app.command()
def show(user: UserName, as_json: Json = False) -> None:
    """Show the account as its paper broker knows it.

    Cash, shares, the orders of its day, faults that wait.
    """
    with open_database(read_settings()) as database:
        found = PaperDesk(database, ACTOR).show(UsersRepository(database).find(user).id)
    if as_json:
        write_json(found)
        return
    say(f"{found['user']} (paper): cash {rupees(found['cash'])}; orders of {found['day'] or 'no day yet'}.")
    none = "It held no shares this morning." if found["today"] else "It holds no shares."
    write_table(HOLDINGS, [tuple(row.values()) for row in found["holdings"]], none)
    for row in found["today"]:
        say(_today(row))
    write_table(ORDERS, [tuple(row.values()) for row in found["orders"]], "It has no orders of its day.")
    if found["hands"]:
        say("By the owner's own hand:")
        write_table(HANDS, [_hand(row) for row in found["hands"]], "")
    if found["faults"]:
        write_table(FAULTS, [_fault(row) for row in found["faults"]], "")


@app.command(context_settings=AS_ARGUMENTS)
def deposit(
    user: UserName, amount: Annotated[str, typer.Argument(metavar="RUPEES", help="Less than 0 takes them away.")]
) -> None:
    """Put paper rupees into the account."""
    sum_of_money = _amount(amount)
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user)
        cash = PaperDesk(database, ACTOR).deposit(owner.id, sum_of_money)
    say(f"{owner.name} (paper) has {rupees(cash)} now.")


@app.command(context_settings=AS_ARGUMENTS)
def hold(
    user: UserName,
    symbol: Symbol,
    quantity: Annotated[str, typer.Argument(help="Shares in all; 0 takes them away.")],
    price: Annotated[str, typer.Argument(help="The average price paid, in rupees.")] = "1",
) -> None:
    """Put shares into the account.

    As if they had been there since the morning. A position to protect is a row of its own: run.py position add.
    """
    word, shares, paid = read_symbol(symbol), _shares(quantity), read_price(price)
    settings = read_settings()
    with open_database(settings) as database:
        owner = UsersRepository(database).find(user)
        if shares:
            _require_listed(database, settings, word)
        PaperDesk(database, ACTOR).hold(owner.id, word, shares, paid)
    say(f"{owner.name} (paper) holds {shares} {word}.")


@app.command()
def buy(user: UserName, symbol: Symbol, quantity: Shares, price: Rupees) -> None:
    """Have the owner buy by his own hand.

    As in the broker's app: nothing of it is the service's.
    """
    _trade(user, Deed.BUY, symbol, quantity, price)


@app.command()
def sell(user: UserName, symbol: Symbol, quantity: Shares, price: Rupees) -> None:
    """Have the owner sell by his own hand.

    As in the broker's app: the service finds it as it would a real owner's.
    """
    _trade(user, Deed.SELL, symbol, quantity, price)


@app.command()
def cancel(
    user: UserName, number: Annotated[str, typer.Argument(help="As run.py paper show tells it.", metavar="ORDER")]
) -> None:
    """Have the owner cancel an order by his own hand.

    One of his own, or one of the service's.
    """
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user)
        PaperDesk(database, ACTOR).cancel_by_hand(owner.id, number)
    say(f"{owner.name} (paper) cancels {number} by hand as soon as the account is looked at.")


@app.command()
def fault(
    user: UserName,
    call: Annotated[str, typer.Argument(help=f"{', '.join(CALLS)}; or clear.")],
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}. The runbook says what each is.")] = "",
    times: Annotated[int, typer.Option(help="How often; 0: until cleared.")] = 1,
    seconds: Annotated[float, typer.Option(help="How long a hang, a late reply, a late row takes.")] = 0.0,
    probability: Annotated[float, typer.Option(help="How likely each call is befallen, up to 1.")] = 1.0,
) -> None:
    """Have the account's paper broker fail on command.

    `fault USER clear` ends what waits.
    """
    with open_database(read_settings()) as database:
        owner = UsersRepository(database).find(user)
        desk = PaperDesk(database, ACTOR)
        if call == "clear":
            desk.clear(owner.id)
            say(f"Nothing goes wrong for {owner.name} (paper) any more.")
            return
        require_fault(call, kind, times, seconds, probability)
        number = desk.fault(owner.id, Wanted(call, kind, times or None, seconds, probability))
    say(f"Fault {number} waits for a call {call} of {owner.name} (paper).")


def _trade(user: str, deed: Deed, symbol: str, quantity: str, price: str) -> None:
    word, shares, limit = read_symbol(symbol), _shares(quantity), read_price(price)
    if not shares:
        raise BadInput("An order is for one share or more. Nothing was written.")
    settings = read_settings()
    with open_database(settings) as database:
        owner = UsersRepository(database).find(user)
        _require_listed(database, settings, word)
        PaperDesk(database, ACTOR).trade_by_hand(owner.id, deed, word, shares, limit)
    verb = "buys" if deed is Deed.BUY else "sells"
    say(f"{owner.name} (paper) {verb} {shares} {word} at {rupees(limit)} by hand as soon as the account is looked at.")


def _require_listed(database: Database, settings: Settings, symbol: str) -> None:
    """Raises BadInput for what neither the exchange's file has nor that of the paper prices: nobody can trade it."""
    if InstrumentsRepository(database).find(symbol) is not None:
        return
    from broker.paper.lines import read_lines  # with the simulator, which other verbs do not need

    if all(line.symbol != symbol for line in read_lines(settings.paper_instruments)):
        raise BadInput(
            f"{symbol} is in no instrument file that paper accounts know; write the trading symbol with its series,"
            " such as IFBIND-EQ, or name a file with it: NINEFIFTEEN_PAPER_INSTRUMENTS. Nothing was written."
        )


def _today(row: dict[str, Any]) -> str:
    told = [f"{deed} today: {row[deed]} {row['symbol']}" for deed in TODAY if row[deed]]
    told += [f"on sale now: {row['on_sale']}"] if row["on_sale"] else []
    words = "; ".join(told)
    return f"{words[:1].upper()}{words[1:]}."


def _hand(row: dict[str, Any]) -> tuple[object, ...]:
    done = row["words"] or ("done" if row["done_at"] else "waits")
    return (*(row[name] for name in ("deed", "symbol", "quantity", "price", "number")), done)


def _fault(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("id", "call", "kind", "times", "seconds", "probability", "struck"))


def _amount(word: str) -> Decimal:
    try:
        amount = Decimal(word)
        sound = amount.is_finite() and -MOST_RUPEES <= amount <= MOST_RUPEES and amount == round(amount, 2)
    except InvalidOperation:
        sound = False
    if not sound:
        raise BadInput(
            f"The amount must be a number of rupees in whole paise; this is {word[:80]!r}. Nothing was written."
        )
    return amount


def _shares(word: str) -> int:
    if not word.isascii() or not word.isdigit() or int(word) > MOST_SHARES:
        raise BadInput(f"The shares must be a whole number, 0 or more; this is {word[:80]!r}. Nothing was written.")
    return int(word)
