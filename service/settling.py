"""Carries out what people say about orders that nobody saw end: rows of `settlements`, each answered in its row."""

import logging

from domain.market import TradingDay
from domain.models import Order, Position, Settlement, Snapshot
from domain.orders import SendOutcome
from domain.settling import Settled, settle
from domain.wanted import traded_symbol
from repositories.journal import Entry
from repositories.sends import Answer
from service.bookkeeping import Changed, keep
from service.ledger import Ledger
from service.live_instruments import LiveInstruments
from service.ports import Ports, Repositories

log = logging.getLogger(__name__)


class Settling:
    """Answers the standing settlements of one tenant, under its fence."""

    def __init__(self, ports: Ports, repositories: Repositories, instruments: LiveInstruments) -> None:
        self._ports = ports
        self._rows = repositories
        self._instruments = instruments

    def answer(self, snapshot: Snapshot, session: TradingDay) -> bool:
        """Apply or refuse every standing one, in one transaction; whether there was any."""
        if not snapshot.settlements:
            return False
        with self._rows.door():
            rows = self._rows.accounts.snapshot(session.day, lock=True)
            self._answer(rows, session)
        return True

    def _answer(self, rows: Snapshot, session: TradingDay) -> None:
        now, user_id = self._ports.clock.now(), self._ports.tenure.user_id
        orders = {order.id: order for order in rows.orders}
        late = self._ports.settings.absent_after
        told = [(word, settle(orders.get(word.order_id), word, session.day, now, late)) for word in rows.settlements]
        ledger = Ledger(rows, self._symbol, user_id, now)
        changed: list[Changed] = []
        for word, settled in told:
            log.warning("settlement %s of order %s: %s", word.id, word.order_id, settled.text)
            if settled.sighting:
                ledger.fill(settled.sighting)
                changed.append((settled.sighting.after, _evidence(word)))
        self._rows.sends.answer([_answer(settled) for _, settled in told if _in_doubt(settled)], now)
        keep(
            self._rows,
            ledger,
            changed,
            [_entry(word, settled, user_id, orders) for word, settled in told],
            user_id,
            now,
        )
        self._rows.accounts.answer_settlements({word.id: settled.text for word, settled in told}, now)

    def _symbol(self, position: Position) -> str:
        return traded_symbol(position, self._instruments.of(position))


def _in_doubt(settled: Settled) -> bool:
    send = settled.sighting.before.last_send if settled.sighting else None
    return send is not None and send.outcome in (None, SendOutcome.UNKNOWN, SendOutcome.ABSENT)


def _answer(settled: Settled) -> Answer:
    assert settled.sighting is not None
    assert settled.sighting.before.last_send is not None
    return Answer(settled.sighting.before.last_send.id, SendOutcome.SETTLED, settled.text)


def _evidence(word: Settlement) -> dict[str, object]:
    return {"settlement": word.id, "verdict": word.verdict, "by": word.created_by, "because": word.because}


def _entry(word: Settlement, settled: Settled, user_id: int, orders: dict[int, Order]) -> Entry:
    order = orders.get(word.order_id)
    detail = {**_evidence(word), "answer": settled.text, "applied": settled.sighting is not None}
    return Entry("SETTLED", user_id, order.position_id if order else None, word.order_id, detail)
