"""Whether a paper book can be gone on with: one that has come further than the clock is nobody's present."""

from datetime import datetime, timedelta

from domain.errors import BrokerUnavailable
from domain.paper import PaperAccount

AHEAD = timedelta(minutes=1)
"""Two machines' clocks may differ by so much; the book then goes by the later one."""


def require_credible(account: PaperAccount, now: datetime) -> None:
    """Raises BrokerUnavailable for a book that some wrong clock has taken into the future."""
    if account.settled_at is not None and account.settled_at - now > AHEAD:
        raise BrokerUnavailable(
            f"The paper book of user {account.user_id} has come to {account.settled_at:%Y-%m-%d %H:%M:%S %Z}, and this"
            f" machine's clock says {now:%Y-%m-%d %H:%M:%S %Z}: correct the clock. If it was another clock that was"
            f" wrong: UPDATE paper_accounts SET settled_at = now() WHERE user_id = {account.user_id};"
        )
