"""`position ratio` and `position clear`: a person's word about a position that waits for one."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.options import ACTOR
from cli.output import note, rupees, say, shown
from cli.positions import Number
from cli.reading import because as read_because
from cli.wiring import open_database
from domain.orders import Reason
from domain.ratio import Ratio
from repositories.corrections import Confirmed, CorrectionDesk
from settings import read_settings

Because = Annotated[str, typer.Option(help="Why, for the journal: what the broker's app shows, which notice.")]


def ratio(
    position: Number,
    ratio: Annotated[str, typer.Argument(metavar="NEW:OLD", help="2:1: two shares where one was; 1:1: no change.")],
    because: Because,
    unasked: Annotated[
        bool, typer.Option("--unasked", help="Also of a position that does not wait as CORPORATE_ACTION.")
    ] = False,
) -> None:
    """Confirm a split, bonus or consolidation.

    Quantity, average price and own target price follow; orders go on.
    """
    wanted, why = Ratio.parse(ratio), read_because(because)
    with open_database(read_settings()) as database:
        _tell(position, CorrectionDesk(database, ACTOR).ratio(position, wanted, why, unasked=unasked))


def clear(position: Number, because: Because) -> None:
    """End the block of a BREACHED position.

    After somebody has compared it with the broker.
    """
    why = read_because(because)
    with open_database(read_settings()) as database:
        halted = CorrectionDesk(database, ACTOR).clear(position, why)
    say(f"Position {position} is not BREACHED any more.")
    if halted:
        note(f"User {halted} is still halted: run.py resume {halted}")


def _tell(position: int, done: Confirmed) -> None:
    before, after = done.before, done.after
    say(
        f"Position {position}: {before.quantity} {done.symbol} at {rupees(before.avg_price)} are now {after.quantity}"
        f" at {rupees(after.avg_price)}."
    )
    if after.exit_rule != before.exit_rule:
        say(f"Its own rule is now {shown(after.exit_rule)}, it was {shown(before.exit_rule)}.")
    if not done.cleared:
        note(f"It was not frozen by {Reason.CORPORATE_ACTION}; its reason stays as it is.")
    if isinstance(done.user_rule, Mapping) and "target_price" in done.user_rule and after != before:
        note(f"Its user's rule names a price, {shown(done.user_rule)}: give it its own with run.py position set-exit.")
