"""The accounts of the simulated broker: the same seed gives the same people, keys and secrets, run after run."""

import base64
import random
import string
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """Everything a client needs to log in. The secrets open nothing but the simulator."""

    consumer_key: str
    mobile: str
    ucc: str
    mpin: str
    totp_secret: str

    @property
    def user(self) -> str:
        """The broker's user id, as it stands in the tags that the broker makes itself."""
        return f"SIM{self.ucc}"


def make_accounts(count: int, seed: int) -> list[Account]:
    """As many accounts as asked for; the first n are the same for every count."""
    dice = random.Random(seed)
    return [_account(dice, number) for number in range(count)]


def _account(dice: random.Random, number: int) -> Account:
    return Account(
        consumer_key=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        mobile=f"+91{dice.randrange(6_000_000_000, 10_000_000_000)}",
        ucc=dice.choice(string.ascii_uppercase) + f"{number:04d}",
        mpin=f"{dice.randrange(1_000_000):06d}",
        totp_secret=base64.b32encode(dice.randbytes(20)).decode(),
    )
