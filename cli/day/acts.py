"""The acts of the day: each says what it does, does it, and waits until it can be seen in the rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cli.day import cast
from cli.day.market import Market
from cli.day.sights import all_said, buy_is_open, ended, reason, reason_is, rests_at, serves_anew
from cli.day.stage import Stage
from domain.coverage import Coverage, CoverState
from domain.orders import Reason


@dataclass(slots=True)
class Play:
    """What the acts work with, and what they note for the judgement. `ucc`: the accounts by user name."""

    stage: Stage
    market: Market
    ucc: Mapping[str, str]
    last: tuple[Coverage, ...] = ()
    restarted: int = 0


def the_bell(play: Play) -> None:
    """Every position that can have a sell gets one; one reply is lost, and the order is found all the same."""
    stage = play.stage
    stage.say("The bell rings: every open position is to get exactly one sell order.")
    lost = stage.until("a reply is lost", lambda picture: picture.lost() is not None).lost() or {}
    stage.say(f"The broker's reply about chitra's {lost['symbol']} is lost: IN_DOUBT, and nothing is sent again.")
    seen = stage.until("every placeable sell rests", lambda picture: all(map(picture.protected, cast.placeable())))
    found = seen.lost() or {}
    stage.say(f"It is in the order book under its tag {found['tag']}: adopted as {found['broker_order_id']}.")
    lone = seen.sell(cast.LONE)
    stage.say(f"{len(cast.placeable())} sells rest, among them {cast.LONE}'s: 10 shares at {lone['price']:.2f}.")
    stage.say(f"{cast.OUT_OF_BAND} has none and says why: {reason(seen, cast.OUT_OF_BAND)}.")
    play.market.show_orders_after(0.1)


def a_target_is_reached(play: Play) -> None:
    """A price moves up to a sell."""
    _sell_out(play, cast.TARGET_HIT, "reaches bala's target")


def a_part_fills(play: Play) -> None:
    """Ten of thirty shares are sold; the position shrinks with them."""
    stage, order = play.stage, play.stage.look().sell(cast.IN_PARTS)
    stage.say(f"10 of the {order['quantity']} shares of bala's {cast.IN_PARTS} are sold.")
    play.market.fill(order["broker_order_id"], 10)
    stage.until(f"20 shares of {cast.IN_PARTS} left, all resting", lambda picture: picture.protected(cast.IN_PARTS, 20))
    stage.say(f"{cast.IN_PARTS}: the position is 20 shares now, and the same order covers them.")


def a_buy_is_requested(play: Play) -> None:
    """One row is inserted; the service does the rest."""
    statement = (
        "INSERT INTO orders (user_id, side, symbol, status, quantity, price)"
        f" VALUES ({cast.BY_SQL}, 'BUY', '{cast.BOUGHT}', 'REQUESTED', {cast.BUY_SHARES}, {cast.BUY_PRICE})"
    )
    play.stage.say(f"SQL: {statement};")
    play.stage.rows.sql(statement)
    row = play.stage.until("the buy is open at the broker", buy_is_open).buy(cast.BOUGHT) or {}
    play.stage.say(f"The buy rests at the broker as {row['broker_order_id']}.")


def the_buy_fills_in_part(play: Play) -> None:
    """A position comes into being in the middle of the day."""
    _fill_buy(play, cast.FIRST_PART)


def a_rule_is_changed(play: Play) -> None:
    """The resting order moves to the new price; it stays the same order."""
    before = play.stage.look().sell(cast.RULE_CHANGED)["broker_order_id"]
    statement = (
        """UPDATE positions SET exit_rule = '{"target_price": 1800}'"""
        f" WHERE symbol = '{cast.RULE_CHANGED}' AND closed_at IS NULL"
    )
    play.stage.say(f"SQL: {statement};")
    play.stage.rows.sql(statement)
    play.stage.until("the order moves to 1800.00", lambda picture: rests_at(picture, cast.RULE_CHANGED, Decimal(1800)))
    play.stage.say(f"{cast.RULE_CHANGED}: order {before} moved to 1800.00.")


def a_tenant_is_restarted(play: Play) -> None:
    """One user starts anew while another one's order fills."""
    stage = play.stage
    play.restarted = stage.look().tenant("bala").generation or 0
    statement = "UPDATE users SET revision = revision + 1 WHERE name = 'bala'"
    stage.say(f"SQL: {statement};  -- a restart of bala alone")
    stage.rows.sql(statement)
    _sell_out(play, cast.SOLD_MEANWHILE, "reaches asha's target meanwhile")
    seen = stage.until("bala trades again", lambda picture: serves_anew(picture, play.restarted))
    stage.say(f"bala is served by generation {seen.tenant('bala').generation}: its orders were adopted, none was sent.")


def the_rest_of_the_buy_fills(play: Play) -> None:
    """The sell is replaced by one for all shares."""
    _fill_buy(play, cast.BUY_SHARES - cast.FIRST_PART)


def a_sale_by_hand(play: Play) -> None:
    """The owner cancels our order in the broker's app and sells."""
    stage, ucc = play.stage, play.ucc["chitra"]
    order = stage.look().sell(cast.BY_HAND)
    stage.say(f"chitra cancels our order for {cast.BY_HAND} in the broker's app.")
    play.market.cancel_by_hand(ucc, order["broker_order_id"])
    stage.until("the cancel is respected", lambda picture: reason_is(picture, cast.BY_HAND, Reason.CANCELLED_BY_USER))
    stage.say(f"It stays cancelled. Now chitra sells the {order['quantity']} shares by hand.")
    play.market.sell_by_hand(ucc, cast.BY_HAND, order["quantity"])
    seen = stage.until("the sale by hand closes the position", lambda picture: picture.closed(cast.BY_HAND))
    stage.say(f"{cast.BY_HAND}: {ended(seen, cast.BY_HAND)}; no order of ours follows.")


def a_late_sale(play: Play) -> None:
    """One more price moves."""
    _sell_out(play, cast.LATE_SALE, "reaches chitra's target")


def the_last_minute(play: Play) -> None:
    """How every position is covered before the close."""
    seen = play.stage.until("every position is protected, or says why not", all_said)
    play.last = seen.covered
    protected = sum(one.state is CoverState.PROTECTED for one in seen.covered)
    play.stage.say(f"The last minute: {protected} of {len(seen.covered)} open positions are protected.")


def the_close(play: Play) -> None:
    """The exchange ends what is left; the rows say so."""
    left = play.stage.look().live_sells()
    play.stage.say(f"The market closes; {left} sell orders are left and lapse.")
    seen = play.stage.until("what is left lapses", lambda picture: picture.live_sells() == 0)
    lapsed = sum(row["status"] == "LAPSED" for row in seen.orders)
    play.stage.say(f"{lapsed} orders lapsed; their positions get new ones when the market opens again.")


def _sell_out(play: Play, symbol: str, words: str) -> None:
    price = play.stage.look().sell(symbol)["price"]
    play.stage.say(f"{symbol} {words}: {price:.2f}.")
    play.market.price(symbol, price)
    seen = play.stage.until(f"{symbol} is sold", lambda picture: picture.closed(symbol))
    play.stage.say(f"{symbol}: {ended(seen, symbol)}.")


def _fill_buy(play: Play, shares: int) -> None:
    buy = play.stage.look().buy(cast.BOUGHT) or {}
    held = buy["filled"] + shares
    play.stage.say(f"{shares} shares of the buy fill: asha holds {held} of {cast.BOUGHT}.")
    play.market.fill(buy["broker_order_id"], shares)
    seen = play.stage.until(f"a sell for {held} shares rests", lambda picture: picture.protected(cast.BOUGHT, held))
    price = seen.sell(cast.BOUGHT)["price"]
    play.stage.say(f"{cast.BOUGHT}: the position of {held} has one sell for {held}, at {price:.2f}.")
