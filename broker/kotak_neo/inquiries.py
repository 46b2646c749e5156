"""The reads that no cycle needs: one order and its history, positions, funds, margin, candles, the client's address."""

from datetime import date
from urllib.parse import quote, urlencode

from broker.kotak_neo import account_rows, rows
from broker.kotak_neo.changes import SIDES, rupees
from broker.kotak_neo.login.seen_address import PATH as SEEN
from broker.kotak_neo.reading import Reading
from broker.kotak_neo.reports import object_of, rows_of
from broker.kotak_neo.settings import KotakSettings
from domain.book import OrderReport, OrderStep
from domain.candles import Candle, Interval
from domain.errors import BadInput, BrokerUnavailable
from domain.portfolio import ClientAddress, Funds, Margin, NetPosition, Prospect

_EVERYTHING = {"seg": "ALL", "exch": "ALL", "prod": "ALL"}
"""A narrower question about the limits is answered with zeros (one live report)."""


class Inquiries:
    """An `Inquiries` of the broker protocol; every read raises as `Exchange.read` does."""

    def __init__(self, reading: Reading, settings: KotakSettings) -> None:
        self._reading = reading
        self._settings = settings

    def client_address(self) -> ClientAddress:
        """The address from which the broker sees this client come."""
        found = self._reading.address(f"{self._settings.login_url.rstrip('/')}/{SEEN}")
        told = self._reading.all(account_rows.client_address, found)
        if len(told) != 1:
            raise BrokerUnavailable(f"The broker named {len(told)} addresses of this client instead of one.")
        return told[0]

    def order(self, broker_order_id: str) -> OrderReport | None:
        """One order of the day; None where the broker has no such order."""
        _, found = self._reading.report(f"quick/user/orders/{quote(broker_order_id, safe='')}", rows_of)
        told = [row for row in self._reading.all(rows.order_report, found) if row.broker_order_id == broker_order_id]
        if found and not told:
            raise BrokerUnavailable(f"Asked for order {broker_order_id}, the broker told about another one.")
        return told[0] if told else None

    def order_history(self, broker_order_id: str) -> tuple[OrderStep, ...]:
        """Every state of one order, the newest first; empty where the broker has no such order."""
        found = self._reading.posted("quick/order/history", {"nOrdNo": broker_order_id}, rows_of)
        steps = self._reading.all(rows.order_step, found)
        if any(step.evidence.get("nOrdNo", broker_order_id) != broker_order_id for step in steps):
            raise BrokerUnavailable(f"Asked for the history of {broker_order_id}, the broker told about another order.")
        return steps

    def positions(self) -> tuple[NetPosition, ...]:
        """One for each symbol and product of the day; shares sold out of the holdings are below zero."""
        return self._reading.all(account_rows.net_position, self._reading.report("portfolio/v2/positions", rows_of)[1])

    def funds(self) -> Funds:
        """The account's money."""
        answer = self._reading.posted("quick/user/limits", _EVERYTHING, object_of)
        return self._reading.sensible(account_rows.funds, answer)

    def margin(self, prospect: Prospect) -> Margin:
        """What an order would need; nothing is sent to the exchange. Raises BadInput for a price that is none."""
        answer = self._reading.posted("quick/user/check-margin", _margin_fields(prospect), object_of)
        return self._reading.sensible(account_rows.margin, answer)

    def candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        """Prices of an NSE cash token, both days included, in as many calls as Kotak's limits make necessary."""
        return tuple(candle for span in interval.spans(first, last) for candle in self._candles(token, interval, *span))

    def _candles(self, token: str, interval: Interval, first: date, last: date) -> tuple[Candle, ...]:
        asked = {"neosymbol": f"nse_cm|{token}", "interval": interval, "fromdate": first, "todate": last}
        answer = self._reading.data(f"market-data/1.0/historical/details?{urlencode(asked)}", object_of)
        listed = self._reading.sensible(account_rows.candles_in, answer)
        return self._reading.sensible(lambda found: tuple(account_rows.candle(one) for one in found), listed)


def _margin_fields(prospect: Prospect) -> dict[str, str | None]:
    """As the official SDK sends them, the unused ones included."""
    try:
        price = "0" if prospect.price is None else rupees(prospect.price)
    except ValueError as error:
        raise BadInput(f"The margin of this order was not asked for: {error}.") from None
    return {
        "exSeg": "nse_cm", "prc": price, "prcTp": "L" if prospect.price is not None else "MKT",
        "prod": prospect.product, "qty": str(prospect.quantity), "tok": prospect.token,
        "trnsTp": SIDES[prospect.side], "trgPrc": None, "brkName": "KOTAK", "brnchId": "ONLINE", "slAbsOrTks": None,
        "slVal": None, "sqrOffAbsOrTks": None, "sqrOffVal": None, "trailSL": None, "tSLTks": None,
    }  # fmt: skip
