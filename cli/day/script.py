"""The script: which act comes when. Each begins at its moment, or as soon as the one before it is over."""

from collections.abc import Callable
from dataclasses import dataclass

from cli.day import acts
from cli.day.acts import Play


@dataclass(frozen=True, slots=True)
class Act:
    """`part` of the day after which the act comes: 0 at the bell, 1 at the close."""

    part: float
    deed: Callable[[Play], None]


SCRIPT = (
    Act(0.0, acts.the_bell),
    Act(0.10, acts.a_target_is_reached),
    Act(0.17, acts.a_part_fills),
    Act(0.23, acts.a_buy_is_requested),
    Act(0.31, acts.the_buy_fills_in_part),
    Act(0.40, acts.a_rule_is_changed),
    Act(0.48, acts.a_tenant_is_restarted),
    Act(0.60, acts.the_rest_of_the_buy_fills),
    Act(0.70, acts.a_sale_by_hand),
    Act(0.82, acts.a_late_sale),
    Act(0.92, acts.the_last_minute),
    Act(1.0, acts.the_close),
)


def play_script(play: Play) -> None:
    """Act after act, each not before its moment. Raises DidNotHappen, OSError."""
    for act in SCRIPT:
        play.stage.until_part(act.part)
        act.deed(play)
