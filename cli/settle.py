"""`settle`: a person's word about an order that nobody saw end. The service judges it under its fence and answers."""

import threading
from datetime import date, datetime
from typing import Annotated

import typer

from cli.options import ACTOR
from cli.output import say
from cli.reading import because as read_because
from cli.reading import number as read_number
from cli.reading import price as read_price
from cli.reading import shares as read_shares
from cli.times import Times
from cli.wiring import open_database
from domain.clock import IST, Clock, SystemClock
from domain.errors import BadInput
from domain.models import Settlement
from domain.settling import settle as judge
from domain.wording import stopped
from repositories.database import Database
from repositories.settlements import Disputed, SettlementDesk
from repositories.tenants import TenantsRepository
from settings import read_settings

PATIENCE = 5.0
"""Seconds to wait for the service's answer."""
FRAME = 0.2
"""Seconds between two looks."""
PLACED = "placed"
VERDICTS = (PLACED, "not-placed")


def settle(
    order: Annotated[int, typer.Argument(metavar="ORDER", help="The order's number; see run.py order list --live.")],
    verdict: Annotated[str, typer.Option("--as", metavar="placed|not-placed", help="What became of it.")],
    because: Annotated[str, typer.Option(help="Why, for the journal: where it was seen, who said so.")],
    broker_order_id: Annotated[str | None, typer.Option(help="The broker's number; for placed.")] = None,
    filled: Annotated[
        str | None, typer.Option(help="Shares of it that traded; for an order of an earlier day.")
    ] = None,
    price: Annotated[str | None, typer.Option(help="At what price on average, in rupees; else its limit.")] = None,
) -> None:
    """Say what became of an order that nobody saw end.

    One in doubt, or of an earlier day; a running service answers at its next look.
    """
    word = _word(order, verdict, because, broker_order_id, filled, price)
    settings, clock = read_settings(), SystemClock()
    with open_database(settings) as database:
        desk = SettlementDesk(database, ACTOR)
        disputed = desk.find(order)
        _require(disputed, word, _today(database, clock), clock.now(), Times.of(settings).trading.absent_after)
        number = desk.ask(disputed.order, word)
        say(f"Settlement {number} of order {order} is written: {verdict}.")
        say(_answer(desk, number, disputed, clock))


def _word(
    order: int, verdict: str, because: str, number: str | None, filled: str | None, price: str | None
) -> Settlement:
    """What was typed, as a row. Raises BadInput where it is no word at all."""
    if verdict not in VERDICTS:
        raise BadInput(f"--as must be placed or not-placed; this is {verdict[:80]!r}. Nothing was written.")
    placed = verdict == PLACED
    if placed and number is None:
        raise BadInput("--as placed needs the broker's number: --broker-order-id N. Nothing was written.")
    if not placed and (number, filled, price) != (None, None, None):
        raise BadInput("--as not-placed takes no number, shares or price: nothing was placed. Nothing was written.")
    if price is not None and filled is None:
        raise BadInput("--price is that of the shares that traded: say how many with --filled. Nothing was written.")
    return Settlement(
        0,
        order,
        verdict,
        read_because(because),
        f"operator:{ACTOR}",
        None if number is None else read_number(number),
        None if filled is None else read_shares(filled),
        None if price is None else read_price(price),
    )


def _require(disputed: Disputed, word: Settlement, today: date, now: datetime, absent_after: float) -> None:
    """Refuse at once what the service would refuse. Raises BadInput."""
    if disputed.standing is not None:
        why = f"settlement {disputed.standing} of it waits for the service's answer already"
    else:
        judged = judge(disputed.order, word, today, now, absent_after)
        if judged.sighting is not None:
            return
        why = judged.text.removeprefix("refused: ")
    raise BadInput(f"Order {word.order_id} of {disputed.user} is not settled: {why}. Nothing was written.")


def _answer(desk: SettlementDesk, number: int, disputed: Disputed, clock: Clock) -> str:
    """The service's answer, or when to expect one."""
    never, deadline = threading.Event(), clock.monotonic() + PATIENCE
    while disputed.served:
        told = desk.answer(number)
        if told is not None:
            return f"The service answers: {stopped(told)}"
        if clock.monotonic() > deadline:
            break
        clock.wait(never, FRAME)
    look = "at its next look" if disputed.served else f"at the next look, once {disputed.user} is served"
    return f"The service applies it {look}; see: run.py explain POSITION"


def _today(database: Database, clock: Clock) -> date:
    """The trading day in India; a drill's where one is played."""
    service = TenantsRepository(database).live_supervisor()
    moved = service.bell_at if service and service.drill else None
    return (moved or clock.now()).astimezone(IST).date()
