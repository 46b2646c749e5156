"""How the broker writes values: rupees with two decimals, times in IST without a zone, epochs beside them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from broker.simulator.clock import IST

Row = dict[str, Any]


def money(amount: Decimal) -> str:
    """Rupees with two decimals."""
    return f"{amount:.2f}"


def clock_text(moment: datetime | None) -> str:
    """`DD-Mon-YYYY HH:MM:SS` in IST, `--` for none."""
    return f"{moment.astimezone(IST):%d-%b-%Y %H:%M:%S}" if moment else "--"


def stamps(moment: datetime) -> Row:
    """The epochs and the update time that many rows carry."""
    seconds = int(moment.timestamp())
    return {
        "boeSec": seconds,
        "uSec": str(seconds),
        "hsUpTm": f"{moment.astimezone(IST):%Y/%m/%d %H:%M:%S}",
        "updRecvTm": nanoseconds(moment),
    }


def nanoseconds(moment: datetime) -> int:
    """Nanoseconds since the epoch, exact to the microsecond."""
    return int(moment.timestamp() * 1_000_000) * 1000
