"""What verbs read from their arguments and from files. Raises BadInput with a sentence; never prints a secret."""

import json
import re
import sys
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from ipaddress import IPv4Address
from pathlib import Path

from domain.egress import Egress
from domain.errors import BadInput
from domain.exits import EXAMPLES, parse_exit_rule
from domain.orders import OwnerPolicy
from domain.users import BrokerName, Credentials
from repositories.vault import parse_plain

SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9&._-]{0,39}")
FAMILY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
NUMBER = re.compile(r"[0-9]{1,40}")
MOST_SHARES = 2**31 - 1
HIGHEST_PRICE = 10_000_000
MOST_DECIMALS = 8
MOST_PERCENT = 20


def broker(word: str) -> str:
    """A broker that we know."""
    if word not in list(BrokerName):
        raise BadInput(
            f"The broker {word[:80]!r} is not known; known is: {', '.join(BrokerName)}. Nothing was written."
        )
    return word


def address(word: str) -> str:
    """One IPv4 address."""
    try:
        read = IPv4Address(word.strip())
        if not int(read):
            raise ValueError
    except ValueError:
        raise BadInput(
            f"The egress address {word[:80]!r} is not one IPv4 address, such as 203.0.113.7. Nothing was written."
        ) from None
    return str(read)


def egress(first: str | None, second: str | None, family: str | None) -> Egress:
    """An account's addresses and family."""
    if second is not None and first is None:
        raise BadInput("A second egress address needs a first one. Nothing was written.")
    if family is not None and not FAMILY.fullmatch(family):
        raise BadInput(
            f"The family {family[:80]!r} must be a word of letters, digits, dots, dashes or underscores."
            " Nothing was written."
        )
    found = Egress(None if first is None else address(first), None if second is None else address(second), family)
    if found.first is not None and found.first == found.second:
        raise BadInput(f"The second egress address {found.second} is the first one. Nothing was written.")
    return found


def because(written: str) -> str:
    """Somebody's reason for a deed."""
    why = " ".join(written.replace("\0", "").encode(errors="replace").decode().split())
    if not why:
        raise BadInput("Say why: --because TEXT. Nothing was written.")
    return why


def exit_rule(written: str) -> Mapping[str, object]:
    """An exit rule as it may stand in a row."""
    try:
        rule = json.loads(written)
    except (ValueError, RecursionError):
        raise BadInput(f"The exit rule {written[:80]!r} is not JSON; write {EXAMPLES}. Nothing was written.") from None
    parse_exit_rule(rule)
    assert isinstance(rule, dict)
    return rule


def optional_exit_rule(written: str) -> Mapping[str, object] | None:
    """An exit rule, or null for none."""
    return None if written.strip() == "null" else exit_rule(written)


def policy(word: str) -> OwnerPolicy:
    """What is to happen when the owner changes an order of ours."""
    if word not in list(OwnerPolicy):
        raise BadInput(
            f"The policy {word[:80]!r} is not known; known are: {', '.join(OwnerPolicy)}. Nothing was written."
        )
    return OwnerPolicy(word)


def switch(word: str) -> bool:
    """on or off."""
    if word not in ("on", "off"):
        raise BadInput(f"{word[:80]!r} is neither on nor off. Nothing was written.")
    return word == "on"


def symbol(word: str) -> str:
    """A trading symbol, in upper case."""
    upper = word.strip().upper()
    if not SYMBOL.fullmatch(upper):
        raise BadInput(f"{word[:80]!r} is not a trading symbol such as IFBIND-EQ. Nothing was written.")
    return upper


def quantity(word: str) -> int:
    """A number of shares above zero."""
    try:
        shares = int(word) if len(word) < 20 else MOST_SHARES + 1
    except ValueError:
        shares = 0
    if not 0 < shares <= MOST_SHARES:
        raise BadInput(
            f"The quantity must be a whole number of shares above 0, at most {MOST_SHARES}; this is {word[:80]!r}."
            " Nothing was written."
        )
    return shares


def shares(word: str) -> int:
    """A number of shares, none of them included."""
    return 0 if word.strip() == "0" else quantity(word)


def number(word: str) -> str:
    """A broker's order number."""
    if not NUMBER.fullmatch(word.strip()):
        raise BadInput(f"{word[:80]!r} is not an order number of a broker, which is digits. Nothing was written.")
    return word.strip()


def price(word: str) -> Decimal:
    """A price in rupees above zero."""
    try:
        rupees = Decimal(word)
    except InvalidOperation:
        rupees = Decimal(0)
    exponent = rupees.as_tuple().exponent
    fits = isinstance(exponent, int) and -MOST_DECIMALS <= exponent <= MOST_DECIMALS
    if not fits or not 0 < rupees <= HIGHEST_PRICE:
        raise BadInput(
            f"The price must be a number of rupees above 0, at most {HIGHEST_PRICE}, with no more than"
            f" {MOST_DECIMALS} decimals; this is {word[:80]!r}. Nothing was written."
        )
    return rupees


def percent(word: str) -> Decimal:
    """How far below the last price an exit may go, in percent."""
    try:
        number = Decimal(word)
    except InvalidOperation:
        number = Decimal(-1)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -MOST_DECIMALS or not 0 <= number <= MOST_PERCENT:
        raise BadInput(
            f"The percentage must be a number from 0 to {MOST_PERCENT}; this is {word[:80]!r}. Nothing was written."
        )
    return number


def needed_credentials(wanted: str, name: str | None) -> Credentials | None:
    """What a new account logs in with: a file for a real broker, nothing on paper."""
    if wanted == BrokerName.PAPER:
        if name is not None:
            raise BadInput("A paper account needs no credentials: leave --credentials out. Nothing was written.")
        return None
    if name is None:
        raise BadInput(f"An account at {wanted} needs --credentials FILE. Nothing was written.")
    return credentials(name)


def credentials(name: str) -> Credentials:
    """The plain fields of a file, or of the standard input for `-`."""
    written = file_or_stdin(name)
    try:
        return parse_plain(written)
    except BadInput as error:
        where = "from the standard input" if name == "-" else f"in {name}"
        raise BadInput(f"The credentials {where} cannot be used: {error} Nothing was written.") from None


def file_or_stdin(name: str) -> str:
    """The text of a file; of the standard input for `-`."""
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"The file {name} cannot be read: {error.strerror}. Nothing was written.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"The file {name} is not a text file in UTF-8. Nothing was written.") from error
