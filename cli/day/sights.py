"""What can be seen in a picture of the day: the conditions that the acts wait for, and the words for them."""

from decimal import Decimal

from cli.day import cast
from cli.day.rows import Picture, Row
from domain.coverage import CoverState
from domain.orders import Reason


def buy_is_open(picture: Picture) -> bool:
    """Whether the buy rests at the broker."""
    return (picture.buy(cast.BOUGHT) or {}).get("status") == "OPEN"


def rests_at(picture: Picture, symbol: str, price: Decimal) -> bool:
    """Whether one sell rests for all shares at a price in rupees."""
    cover = picture.cover(symbol)
    return cover is not None and picture.protected(symbol) and cover.price == price


def serves_anew(picture: Picture, before: int) -> bool:
    """Whether bala is served by a later generation, with every order resting that can."""
    tenant = picture.tenant("bala")
    held = [one.symbol for one in picture.covered if one.user == "bala" and one.symbol != cast.OUT_OF_BAND]
    newer = (tenant.generation or 0) > before and tenant.state == "TRADING"
    return newer and all(map(picture.protected, held))


def all_said(picture: Picture) -> bool:
    """Whether each open position is protected, or unprotected for a reason; a closed market is none."""
    return all(one.state is CoverState.PROTECTED or one.alarming for one in picture.covered)


def reason_is(picture: Picture, symbol: str, reason: Reason) -> bool:
    """Whether a position is uncovered for this reason."""
    cover = picture.cover(symbol)
    return cover is not None and cover.reason is reason


def reason(picture: Picture, symbol: str) -> str:
    """The reason of a position in words."""
    cover = picture.cover(symbol)
    return f"{cover.reason}, {cover.text}" if cover else "it is gone"


def ended(picture: Picture, symbol: str) -> str:
    """How a closed position was sold, in words."""
    row: Row = picture.position(symbol) or {}
    return f"{row['sold_quantity']} shares sold at {row['exit_price']:.2f}, position closed ({row['close_reason']})"
