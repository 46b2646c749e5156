"""`exit`: out of a position now. Its resting order becomes a limit close to the last price; still one order."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import typer

from cli.options import ACTOR
from cli.output import note, say
from cli.reading import because as read_because
from cli.reading import percent as read_percent
from cli.wiring import coverage_repository, open_database
from domain.coverage import Coverage
from domain.errors import BadInput
from domain.orders import Reason
from domain.wording import stopped
from repositories.database import Database
from repositories.exits import Asked, ExitDesk
from repositories.halts import concerning
from repositories.standing import Halt, StandingRepository
from settings import Settings, read_settings

FROZEN = (Reason.BREACHED, Reason.CORPORATE_ACTION)
ONE_PERCENT = "1"


def leave(
    position: Annotated[int, typer.Argument(help="The position's number.")],
    at_most_percent_below_last: Annotated[
        str | None, typer.Option(metavar="PERCENT", help="How far below the last price, 0 to 20; 1 when not said.")
    ] = None,
    because: Annotated[str | None, typer.Option(help="Why, for the journal.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the exit: the position's rule holds again.")] = False,
) -> None:
    """Sell a position now, close to the last price.

    Its order becomes a limit at most so far below it; one order, as ever.
    """
    why = "" if because is None else read_because(because)
    if stop and at_most_percent_below_last is not None:
        raise BadInput("--stop ends an exit and takes no percentage. Nothing was written.")
    percent = read_percent(at_most_percent_below_last or ONE_PERCENT)
    settings = read_settings()
    with open_database(settings) as database:
        desk = ExitDesk(database, ACTOR)
        if stop:
            say(f"Exit {desk.stop(position, why)} of position {position} is ended; its rule holds again.")
            return
        asked = desk.ask(position, percent, why)
        _tell(asked, percent)
        for line in _hindrances(asked, *_standing(database, settings, asked, position)):
            note(line)


def _tell(asked: Asked, percent: Decimal) -> None:
    earlier = f" It takes the place of exit {asked.replaced}." if asked.replaced else ""
    say(
        f"Exit {asked.id}: {asked.quantity} {asked.symbol} of {asked.user} to be sold at most {percent} % below the"
        f" last price.{earlier}"
    )


def _standing(
    database: Database, settings: Settings, asked: Asked, position: int
) -> tuple[list[Halt], Coverage | None]:
    covered = coverage_repository(database, settings).read(asked.user_id)
    halts = concerning(StandingRepository(database).halts(), asked.user_id)
    return halts, next((one for one in covered if one.position == position), None)


def _hindrances(asked: Asked, halts: list[Halt], covered: Coverage | None) -> Iterator[str]:
    """Why nothing may happen yet, each with what helps."""
    for halt in halts:
        end = f"run.py resume {halt.user}" if halt.user else "run.py resume"
        yield f"Nothing new goes out while halt {halt.id} stands ({halt.because}); end it: {end}"
    if asked.reason in FROZEN:
        yield f"The position is frozen by {asked.reason} ({asked.reason_text}); the exit waits until that is cleared."
    if covered is not None and covered.reason is Reason.MARKET_CLOSED:
        yield f"The market is closed ({covered.text}); the exit holds when it opens."
    if covered is not None and covered.reason in (Reason.NOT_SERVED, Reason.TENANT_DOWN):
        yield f"Nobody acts on it now: {stopped(covered.text)} {covered.advice}"
