"""`user`: the accounts that are served. Secrets come from a file and are never printed."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.options import ACTOR, EXIT_RULE_HELP, Json, UserName
from cli.output import note, say, write_json, write_table
from cli.reading import broker as known_broker
from cli.reading import egress as read_egress
from cli.reading import exit_rule as read_rule
from cli.reading import needed_credentials
from cli.user_rows import HEADINGS, credentials_of, row_of, unreadable, words
from cli.wiring import open_database, open_vault
from domain.users import BrokerName
from repositories.position_desk import PositionDesk
from repositories.standing import StandingRepository
from repositories.tenants import TenantsRepository
from repositories.users import UsersRepository
from settings import read_settings

app = typer.Typer(name="user", help="The accounts that are served.", no_args_is_help=True)
CREDENTIALS_HELP = "A JSON file of the plain fields; - for stdin."
CredentialsFile = Annotated[str, typer.Option(metavar="FILE", help=CREDENTIALS_HELP)]
OptionalCredentials = Annotated[str | None, typer.Option("--credentials", metavar="FILE", help=CREDENTIALS_HELP)]
SECOND_HELP = "One more whitelisted address, for when the first cannot be bound."
Family = Annotated[
    str | None, typer.Option(metavar="NAME", help="Accounts of one declared family may share an address.")
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Letters, digits, dots, dashes, underscores.")],
    broker: Annotated[str, typer.Option(help="The broker: kotak_neo; paper for none.")],
    exit_rule: Annotated[str, typer.Option(metavar="JSON", help=EXIT_RULE_HELP)],
    credentials: OptionalCredentials = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Do not serve it yet.")] = False,
    egress: Annotated[str | None, typer.Option(metavar="IPV4", help="The address that it leaves from.")] = None,
    egress_2: Annotated[str | None, typer.Option("--egress-2", metavar="IPV4", help=SECOND_HELP)] = None,
    family: Family = None,
) -> None:
    """Enter an account, with money or on paper.

    A running service serves it within seconds. A paper account needs no credentials.
    """
    wanted, rule, out = known_broker(broker), read_rule(exit_rule), read_egress(egress, egress_2, family)
    plain = needed_credentials(wanted, credentials)
    settings = read_settings()
    with open_database(settings) as database:
        sealed = None if plain is None else open_vault(settings).seal(plain)
        users = UsersRepository(database)
        number = users.add(name, wanted, rule, sealed, not disabled, egress=out, by=ACTOR)
        barred = users.wanted().barred()
    paper = " on paper" if wanted == BrokerName.PAPER else ""
    say(f"User {name} is entered{paper} under number {number}{', disabled' if disabled else ''}.")
    warn(barred, number)


@app.command("list")
def list_users(as_json: Json = False) -> None:
    """Show every account and how its tenant is."""
    with open_database(read_settings()) as database:
        wanted = UsersRepository(database).wanted()
        status = {tenant.user_id: tenant for tenant in TenantsRepository(database).status()}
        halts = StandingRepository(database).halts()
    rows = [row_of(user, status.get(user.id), halts) for user in wanted.users]
    rows += [unreadable(user, halts) for user in wanted.bad]
    rows.sort(key=lambda row: int(str(row["id"])))
    if as_json:
        write_json({"users": rows})
    else:
        write_table(HEADINGS, [tuple(row.values()) for row in rows], "There are no users; see: run.py user add --help")


@app.command()
def show(user: UserName, as_json: Json = False) -> None:
    """Show one account and how its tenant is.

    Its row, its tenant, its positions, and whether its credentials are there.
    """
    with open_database(read_settings()) as database:
        found = UsersRepository(database).find(user)
        status = {tenant.user_id: tenant for tenant in TenantsRepository(database).status()}
        row = row_of(found, status.get(found.id), StandingRepository(database).halts())
        row["credentials"], row["sealed_at"] = credentials_of(found, StandingRepository(database).credentials(found.id))
        row["open_positions"] = len(PositionDesk(database, ACTOR).list(found.id))
    if as_json:
        write_json(row)
    else:
        write_table(("FIELD", "VALUE"), [(words(name), value) for name, value in row.items()], "")


@app.command()
def enable(user: UserName) -> None:
    """Have the account served."""
    _set_enabled(user, True)


@app.command()
def disable(user: UserName) -> None:
    """Stop serving the account.

    What rests at the broker stays there.
    """
    _set_enabled(user, False)


@app.command()
def restart(user: UserName) -> None:
    """Have this account alone started anew.

    The others are not touched.
    """
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        revision = users.restart(found.id, by=ACTOR)
    say(f"User {found.name} is to be started anew (revision {revision}).")


def _set_enabled(user: str, enabled: bool) -> None:
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_enabled(found.id, enabled, by=ACTOR)
    say(f"User {found.name} is {'enabled' if enabled else 'disabled'}.")


def warn(barred: Mapping[int, str], *users: int) -> None:
    """Say who of these will not be served because of somebody else's address."""
    for told in (barred[number] for number in dict.fromkeys(users) if number in barred):
        note(f"Not served from now on: {told}")
