"""`user`: the accounts that are served. Secrets come from a file and are never printed."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.options import ACTOR, EXIT_RULE_HELP, Json, Rule, UserName
from cli.output import note, say, write_json, write_table
from cli.reading import broker as known_broker
from cli.reading import credentials as read_credentials
from cli.reading import egress as read_egress
from cli.reading import exit_rule as read_rule
from cli.reading import needed_credentials
from cli.reading import policy as read_policy
from cli.user_rows import HEADINGS, addresses_of, credentials_of, row_of, unreadable, words
from cli.wiring import open_database, open_vault
from domain.errors import BadInput
from domain.models import BrokerName
from domain.orders import OwnerPolicy
from repositories.credentials import CredentialsRepository
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
POLICIES: Mapping[OwnerPolicy, str] = {
    OwnerPolicy.RESPECT: "respected for the day",
    OwnerPolicy.REPROTECT: "undone: the order is placed again, at most twice a day",
}


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
    """Enter an account; a running service serves it within seconds. A paper account needs no credentials."""
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
    _warn(barred, number)


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
    """Show one account: its row, its tenant, its positions, and whether its credentials are there."""
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


@app.command("set-exit")
def set_exit(user: UserName, rule: Rule) -> None:
    """Give the account another exit rule; resting orders follow where their position has no rule of its own."""
    wanted = read_rule(rule)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_exit(found.id, wanted, by=ACTOR)
    say(f"User {found.name} sells by {rule}.")


@app.command("set-policy")
def set_policy(
    user: UserName,
    policy: Annotated[str, typer.Argument(metavar="respect|re-protect", help="Leave it for the day, or place again.")],
) -> None:
    """Say what is to happen when the owner cancels or changes an order of ours in the broker's app."""
    wanted = read_policy(policy)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_policy(found.id, wanted, by=ACTOR)
    say(f"What {found.name} does to an order of ours in the broker's app is {POLICIES[wanted]}.")


@app.command("set-egress")
def set_egress(
    user: UserName,
    address: Annotated[str | None, typer.Argument(metavar="[IPV4]", help="The first address.")] = None,
    second: Annotated[str | None, typer.Option("--second", metavar="IPV4", help=SECOND_HELP)] = None,
    family: Family = None,
    no_address: Annotated[bool, typer.Option("--none", help="Bind nothing and check nothing.")] = False,
) -> None:
    """Say which addresses the broker has whitelisted for the account, and start it anew with a session from there.

    What is not given is empty afterwards.
    """
    if (address is None) != no_address:
        raise BadInput("Say which address: run.py user set-egress USER IPV4, or --none for none. Nothing was written.")
    wanted = read_egress(address, second, family)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_egress(found.id, wanted, by=ACTOR)
        barred = users.wanted().barred()
    out = addresses_of(wanted.first, wanted.second) or "wherever the machine sends from"
    say(f"User {found.name} leaves from {out}.")
    _warn(barred, found.id, *barred)


@app.command("set-credentials")
def set_credentials(user: UserName, credentials: CredentialsFile) -> None:
    """Replace the account's credentials and start it anew with them, also where its login was refused."""
    plain = read_credentials(credentials)
    settings = read_settings()
    with open_database(settings) as database:
        found = UsersRepository(database).find(user)
        if found.paper:
            raise BadInput(f"{found.name} trades on paper and needs no credentials. Nothing was written.")
        vault = open_vault(settings)
        CredentialsRepository(database, vault).store(found.id, vault.seal(plain), by=ACTOR)
    say(f"The credentials of {found.name} are replaced; a running service starts {found.name} anew with them.")


@app.command()
def enable(user: UserName) -> None:
    """Have the account served."""
    _set_enabled(user, True)


@app.command()
def disable(user: UserName) -> None:
    """Stop serving the account; what rests at the broker stays there."""
    _set_enabled(user, False)


@app.command()
def restart(user: UserName) -> None:
    """Have this account alone started anew; the others are not touched."""
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


def _warn(barred: Mapping[int, str], *users: int) -> None:
    """Say who of these will not be served because of somebody else's address."""
    for told in (barred[number] for number in dict.fromkeys(users) if number in barred):
        note(f"Not served from now on: {told}")
