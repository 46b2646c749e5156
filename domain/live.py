"""Where an account's orders are: `users.live` false, at a simulator on this machine; true, at the broker, for money.

Neither may be served with the other: orders of a simulator would be taken for the broker's, or the other way round.
"""

from domain.users import User


def objection(user: User, host: str, here: bool) -> str | None:
    """Why the account may not be served with the broker at that host, and what to do; `here`: it is this machine."""
    if user.paper:
        return None
    if user.live and here:
        return (
            f"{user.name} is live: its orders are at Kotak, and the broker at {host} is a simulator on this machine."
            f" Nothing was sent. Unset NINEFIFTEEN_KOTAK_URL, or disable {user.name} for this drill."
        )
    if not user.live and not here:
        return (
            f"{user.name} is not live, and the broker at {host} is not on this machine: nothing was sent. Start a"
            " simulator (run.py simulator) and set NINEFIFTEEN_KOTAK_URL to the URL that it prints; or, once"
            f" run.py kotak check agrees (runbook, first contact): run.py user set-live {user.name} on."
        )
    return incomplete(user) if user.live else None


def incomplete(user: User) -> str | None:
    """What a live account lacks: a session without an address of its own would leave by whatever route there is.

    Source: SEBI and the exchanges on algorithms of retail clients: orders come from a registered static address.
    """
    if user.addresses:
        return None
    return (
        f"{user.name} has no egress address, and a live account leaves from its own alone:"
        f" run.py user set-egress {user.name} IPV4, with the address that Kotak has whitelisted."
    )
