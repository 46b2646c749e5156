"""How rows are to be seen in one cycle: in its decision, and when they are read again before the commit."""

from domain.market import TradingDay
from domain.models import Order, Snapshot
from domain.orders import LIVE
from domain.steps import Circumstances
from service.free_shares import FreeShares
from service.order_monitor import Recorded
from service.ports import Ports
from service.sell_order_manager import View
from service.words import PHASE_WORDS, hours


def view_of(recorded: Recorded, session: TradingDay, ports: Ports, free: FreeShares) -> View:
    """The circumstances of any rows of the account, as far as this read of the book tells them."""

    def view(rows: Snapshot) -> Circumstances:
        now = ports.clock.now()
        phase = session.phase(now)
        return Circumstances(
            rows.user,
            phase,
            session.day,
            now,
            ports.settings.retry_after,
            f"{PHASE_WORDS[phase]}; the session is {hours(session)}",
            rows.halted,
            rows.halt_cancels,
            frozenset(recorded.reading.orphans),
            recorded.unsettled_sales,
            leaving(rows),
            session.freeze is not None and now >= session.freeze,
            free.of(recorded, rows, session.day),
            {number: wish.on(session.day) for number, wish in rows.exits.items()},
        )

    return view


def leaving(rows: Snapshot) -> dict[str, Order]:
    """Trading symbols with live sells of positions that are closed: nothing new may rest beside them."""
    closed = {position.id for position in rows.positions if not position.open}
    return {o.wire_symbol: o for o in rows.orders if o.status in LIVE and o.position_id in closed}
