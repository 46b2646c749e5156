"""The counter of a paper broker: what is asked for at a moment, by the account's client or by its owner's own hand.

The hours, the cash and a refusal on command are judged here, once, and kept with the order.
"""

from broker.paper.pit import Pit
from broker.paper.reckoning import shortage
from broker.paper.rows import LETTERS
from broker.simulator.orders import API_SOURCE, APP_SOURCE, Order, Side, Ticket
from broker.simulator.rms import Terms
from domain.book import NewOrder, PriceChange
from domain.orders import Side as OurSide
from domain.paper import Deed, PaperHand

HAND = "NEOAPP-PAPER"


def place(
    pit: Pit, order: NewOrder, verdict: str | None = None, hidden: float = 0.0, source: str = API_SOURCE
) -> Order:
    """Receive an order in a symbol that was wanted; `verdict` is a refusal on command, `hidden` in seconds."""
    ticket = Ticket(LETTERS[order.side], pit.kind(order.symbol), order.quantity, order.price, order.tag, source)
    short = shortage(pit.book, pit.cash, order.price * order.quantity) if order.side is OurSide.BUY else None
    verdict = verdict or pit.hours.objection(pit.moment) or short
    placed = pit.desk.place(pit.book.account, ticket, pit.moment, verdict, hidden)
    pit.settle()
    return placed


def modify(pit: Pit, order: Order, change: PriceChange, verdict: str | None) -> None:
    """Receive another price for a live order."""
    more = change.price * (change.quantity - order.filled) - order.price * order.remaining
    short = shortage(pit.book, pit.cash, more) if order.ticket.side is Side.BUY else None
    pit.desk.modify(order, Terms(change.price, change.quantity), pit.moment, verdict or short)
    pit.settle()


def cancel(pit: Pit, order: Order, verdict: str | None = None) -> None:
    """Receive the wish that a live order ends."""
    pit.desk.cancel(order, pit.moment, verdict)
    pit.settle()


def by_hand(pit: Pit, hand: PaperHand) -> PaperHand:
    """What the owner wants done in the app, done; it says which order it made or met, or why nothing happened."""
    if hand.deed is Deed.CANCEL:
        order = pit.live(hand.number)
        if order is None:
            return hand.done(pit.moment, words=f"there is no live order {hand.number}")
        cancel(pit, order)
        return hand.done(pit.moment, order.number)
    if pit.line(hand.symbol) is None:
        return hand.done(pit.moment, words=f"there is no instrument {hand.symbol}")
    wish = NewOrder(f"{HAND}-{hand.id}", hand.symbol, OurSide(hand.deed), hand.quantity, hand.price)
    return hand.done(pit.moment, place(pit, wish, source=APP_SOURCE).number)
