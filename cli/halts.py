"""`halt` and `resume`: no new order of a user, or of anybody, until somebody ends it. Rows; SQL does the same."""

from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from cli.options import ACTOR
from cli.output import note, say
from cli.reading import because as read_because
from cli.wiring import open_database
from domain.wording import stopped
from repositories.halts import HaltDesk
from repositories.standing import Halt
from repositories.users import UsersRepository
from settings import read_settings

MaybeUser = Annotated[str | None, typer.Argument(metavar="[USER]", help="The user's name or number; none: everybody.")]


def halt(
    because: Annotated[str, typer.Option(help="Why, for everybody who looks.")],
    user: MaybeUser = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel the resting orders as well.")] = False,
) -> None:
    """Let no new order of a user, or of anybody, go out.

    From the next statement on; resting orders stay unless --cancel.
    """
    why = read_because(because)
    with open_database(read_settings()) as database:
        found = UsersRepository(database).find(user) if user is not None else None
        number = HaltDesk(database, ACTOR).halt(found.id if found else None, why, cancel=cancel)
    whose = found.name if found else "all users"
    resting = "resting orders are cancelled" if cancel else "resting orders stay"
    end = f"run.py resume {found.name}" if found else "run.py resume"
    say(f"Halt {number} stands for {whose}: no new order goes out, {resting}. End it with: {end}")


def resume(
    user: MaybeUser = None,
    because: Annotated[str | None, typer.Option(help="Why, for the journal.")] = None,
) -> None:
    """End the halts of a user, or those of everybody.

    Without USER those that hold for everybody. What was not placed is placed now.
    """
    why = None if because is None else read_because(because)
    with open_database(read_settings()) as database:
        found = UsersRepository(database).find(user) if user is not None else None
        resumed = HaltDesk(database, ACTOR).resume(found.id if found else None, why)
    count = len(resumed.ended)
    numbers = ", ".join(map(str, resumed.ended))
    say(f"{count} halt{'s' if count > 1 else ''} of {found.name if found else 'all users'} ended ({numbers}).")
    for line in halt_lines(resumed.remaining):
        note(f"Still standing: {line}")
    for position in resumed.breached:
        note(
            f"Position {position} is still BREACHED and stays blocked: run.py position clear {position} --because TEXT"
        )


def halt_lines(halts: Iterable[Halt]) -> Iterator[str]:
    """Each halt as a sentence."""
    for one in halts:
        cancels = " Resting orders are cancelled." if one.cancel_orders else ""
        yield f"HALTED {one.user or 'all users'} (halt {one.id}, {one.created_by}): {stopped(one.because)}{cancels}"
