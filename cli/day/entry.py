"""Before the bell: accounts, users, credentials and positions are entered, as an administrator enters them."""

import json
from collections.abc import Mapping, Sequence

from cli.day import cast
from cli.day.cast import CAST, Held, Player, everything
from cli.day.market import Market
from cli.day.rows import Rows
from domain.users import BrokerName
from repositories.users import UsersRepository
from repositories.vault import Vault, check_plain

USER = "INSERT INTO users (id, name, broker, exit_rule) VALUES (%(id)s, %(name)s, %(broker)s, %(rule)s)"
CREDENTIALS = "INSERT INTO credentials (user_id, incoming) VALUES (%(id)s, %(incoming)s)"
POSITION = (
    "INSERT INTO positions (user_id, symbol, quantity, avg_price, exit_rule)"
    " VALUES (%(user)s, %(symbol)s, %(quantity)s, %(price)s, %(rule)s)"
)
Account = Mapping[str, str]


def enter_users(rows: Rows, users: UsersRepository, vault: Vault, accounts: Sequence[Account]) -> dict[str, str]:
    """One user by SQL alone, the others as the command line adds them; the accounts by user name."""
    for player, account in zip(CAST, accounts, strict=True):
        if player.id == cast.BY_SQL:
            _by_sql(rows, player, account)
        else:
            sealed = vault.seal(check_plain(account))
            users.add(player.name, BrokerName.KOTAK_NEO, player.rule, sealed, by="demo")
    return {player.name: account["ucc"] for player, account in zip(CAST, accounts, strict=True)}


def enter_positions(rows: Rows, market: Market, ucc: Mapping[str, str]) -> None:
    """The rows, and the shares at the broker: ours and the owner's own."""
    for player, held in everything():
        market.hold(ucc[player.name], held.symbol, held.quantity + held.own, held.avg_price)
        _position(rows, player, held)


def _by_sql(rows: Rows, player: Player, account: Account) -> None:
    rule = json.dumps(player.rule)
    rows.sql(USER, id=player.id, name=player.name, broker=str(BrokerName.KOTAK_NEO), rule=rule)
    rows.sql(CREDENTIALS, id=player.id, incoming=json.dumps(dict(account)))


def _position(rows: Rows, player: Player, held: Held) -> None:
    price, rule = held.avg_price, held.rule
    rows.sql(POSITION, user=player.id, symbol=held.symbol, quantity=held.quantity, price=price, rule=rule)
