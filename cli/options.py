"""Options that several verbs share."""

from typing import Annotated

import typer

ACTOR = "cli"
"""Who the journal names for what these verbs write."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
OfUser = Annotated[str | None, typer.Option("--user", help="Only this user, by name or number.")]
UserName = Annotated[str, typer.Argument(metavar="USER", help="The user's name or number.")]
Rule = Annotated[str, typer.Argument(metavar="JSON", help='The rule: {"target_percent": 6} or {"target_price": 815.5}')]
EXIT_RULE_HELP = 'At what price to sell: {"target_percent": 6} or {"target_price": 815.5}'
AS_ARGUMENTS = {"ignore_unknown_options": True}
"""Lets a negative number arrive as an argument, to be refused with a sentence of ours."""
