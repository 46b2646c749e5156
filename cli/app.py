"""The command line, assembled: every verb with its help, every error as one sentence and an exit code."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cli import db, journal, kotak, orders, paper, positions, users
from cli.corrections import clear, ratio
from cli.demo import demo
from cli.documents import documents
from cli.exits import EPILOG
from cli.halts import halt, resume
from cli.leave import leave
from cli.prove import prove
from cli.refusals import refusal
from cli.reports import coverage, explain, status
from cli.sealing import seal
from cli.serve import serve
from cli.settle import settle
from cli.simulate import simulator
from cli.user_settings import set_credentials, set_egress, set_exit, set_live, set_policy
from domain.errors import NinefifteenError
from domain.misreadings import misread


class Verbs(TyperGroup):
    """All verbs; what a library says of a word that it cannot read is said in words of ours."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override] # the class behind it is private
        """Run the verb that was named."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            found = getattr(error.__cause__, "errors", None)
            if found is not None:
                (first, *_) = found()
                error.message = f"it {misread(first)}; this is {str(first['input'])[:80]!r}."
            raise


app = typer.Typer(
    name="ninefifteen",
    cls=Verbs,
    help="Keeps every open position of every trading account protected by exactly one sell order.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root() -> None:
    """Keeps every open position of every trading account protected by exactly one sell order."""


for group in (db.app, users.app, positions.app, orders.app, paper.app, journal.app, kotak.app):
    app.add_typer(group)
for setting in (set_exit, set_policy, set_egress, set_live, set_credentials):
    users.app.command(setting.__name__.replace("_", "-"))(setting)
positions.app.command()(ratio)
positions.app.command()(clear)
app.command("exit")(leave)
app.command(hidden=True)(documents)
for verb in (coverage, status, explain, halt, resume, settle, seal):
    app.command()(verb)
app.command()(demo)
app.command()(prove)
app.command()(serve)
app.command(short_help="Serve a simulated Kotak Neo on loopback HTTP.")(simulator)


def main() -> None:
    """Run a verb; errors of ours end as a sentence on stderr and the exit code of their kind."""
    try:
        app()
    except NinefifteenError as error:
        sys.stderr.write(f"ninefifteen: {refusal(error, sys.argv[1:])}\n")
        sys.exit(error.exit_code)
