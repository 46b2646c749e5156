"""`user set-…`: one setting of an account each; a running service follows."""

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.options import ACTOR, Rule, UserName
from cli.output import note, say
from cli.reading import credentials as read_credentials
from cli.reading import egress as read_egress
from cli.reading import exit_rule as read_rule
from cli.reading import policy as read_policy
from cli.reading import switch as read_switch
from cli.user_rows import addresses_of
from cli.users import SECOND_HELP, CredentialsFile, Family, warn
from cli.wiring import open_database, open_vault
from domain.errors import BadInput
from domain.live import incomplete
from domain.orders import OwnerPolicy
from domain.users import User
from repositories.credentials import CredentialsRepository
from repositories.standing import CredentialState, StandingRepository
from repositories.users import UsersRepository
from settings import read_settings

POLICIES: Mapping[OwnerPolicy, str] = {
    OwnerPolicy.RESPECT: "respected for the day",
    OwnerPolicy.REPROTECT: "undone: the order is placed again, at most twice a day",
}


def set_exit(user: UserName, rule: Rule) -> None:
    """Give the account another exit rule.

    Resting orders follow where their position has no rule of its own.
    """
    wanted = read_rule(rule)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_exit(found.id, wanted, by=ACTOR)
    say(f"User {found.name} sells by {rule}.")


def set_policy(
    user: UserName,
    policy: Annotated[str, typer.Argument(metavar="respect|re-protect", help="Leave it for the day, or place again.")],
) -> None:
    """Say what the owner's own cancels and changes mean.

    That is what happens when he cancels or changes an order of ours in the broker's app.
    """
    wanted = read_policy(policy)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        users.set_policy(found.id, wanted, by=ACTOR)
    say(f"What {found.name} does to an order of ours in the broker's app is {POLICIES[wanted]}.")


def set_egress(
    user: UserName,
    address: Annotated[str | None, typer.Argument(metavar="[IPV4]", help="The first address.")] = None,
    second: Annotated[str | None, typer.Option("--second", metavar="IPV4", help=SECOND_HELP)] = None,
    family: Family = None,
    no_address: Annotated[bool, typer.Option("--none", help="Bind nothing and check nothing.")] = False,
) -> None:
    """Say which addresses the account leaves from.

    Those that the broker has whitelisted for it; it is started anew with a session from there.

    What is not given is empty afterwards.
    """
    _require_one(user, address, no_address)
    wanted = read_egress(address, second, family)
    with open_database(read_settings()) as database:
        users = UsersRepository(database)
        found = users.find(user)
        before = users.wanted().barred()
        users.set_egress(found.id, wanted, by=ACTOR)
        after = users.wanted()
    out = addresses_of(wanted.first, wanted.second) or "wherever the machine sends from"
    family = f", of the family {wanted.family}" if wanted.family else ", of no family" if found.family else ""
    say(f"User {found.name} leaves from {out}{family}.")
    barred = after.barred()
    warn(barred, found.id)
    for other in after.everybody:
        if other.id in barred and other.id != found.id:
            taken = f"This takes {other.name} out of service, because of {found.name}"
            note(f"{'Still not served' if other.id in before else taken}: {barred[other.id]}")


def set_live(
    user: UserName,
    live: Annotated[str, typer.Argument(metavar="on|off", help="on: at the broker; off: at a simulator.")],
) -> None:
    """Say whether the account trades with money.

    on: at the broker; off: at a simulator. It is started anew.
    """
    wanted = read_switch(live)
    settings = read_settings()
    with open_database(settings) as database:
        users = UsersRepository(database)
        found = users.find(user)
        if wanted:
            _require_complete(found, StandingRepository(database).credentials(found.id))
        users.set_live(found.id, wanted, by=ACTOR)
    where = ", ".join(found.addresses)
    say(
        f"User {found.name} is live: its orders are real from now on, and leave from {where}. One share first: runbook."
        if wanted
        else f"User {found.name} is not live: it is served with a simulator on this machine alone."
    )


def set_credentials(user: UserName, credentials: CredentialsFile) -> None:
    """Replace the account's credentials.

    It is started anew with them, also where its login was refused.
    """
    plain = read_credentials(credentials)
    settings = read_settings()
    with open_database(settings) as database:
        found = UsersRepository(database).find(user)
        if found.paper:
            raise BadInput(f"{found.name} trades on paper and needs no credentials. Nothing was written.")
        vault = open_vault(settings)
        CredentialsRepository(database, vault).store(found.id, vault.seal(plain), by=ACTOR)
    say(f"The credentials of {found.name} are replaced; a running service starts {found.name} anew with them.")


def _require_one(user: str, address: str | None, no_address: bool) -> None:
    """An address, or the word that there is none."""
    if address is not None and no_address:
        raise BadInput(
            f"Both {address[:80]} and --none were given: give the address alone, or --none alone. Nothing was written."
        )
    if address is None and not no_address:
        raise BadInput(
            f"Say which address: run.py user set-egress {user[:80]} IPV4, or --none for none. Nothing was written."
        )


def _require_complete(user: User, credentials: CredentialState) -> None:
    if user.paper:
        raise BadInput(f"{user.name} trades on paper and is never live: enter another user. Nothing was written.")
    lacking = incomplete(user)
    if lacking is None and not (credentials.sealed or credentials.waiting):
        lacking = f"{user.name} has no credentials: run.py user set-credentials {user.name} --credentials FILE."
    if lacking is not None:
        raise BadInput(f"{lacking} Nothing was written.")
