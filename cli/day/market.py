"""The simulated broker as the demo sees it: the control door over HTTP on this machine. Shares and rupees."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

Words = dict[str, Any]
PATIENCE = 20.0
"""Seconds for one answer."""


class Market:
    """Moves prices, fills orders, plays the owner of an account, and asks what really happened. Raises OSError."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open = build_opener(ProxyHandler({})).open

    def price(self, symbol: str, price: Decimal) -> None:
        """Move the last price; what it reaches trades."""
        self._tell("price", symbol=symbol, price=str(price))

    def fill(self, order: str, quantity: int) -> None:
        """Have so many shares of an order trade at its limit."""
        self._tell("fill", order=order, quantity=quantity)

    def hold(self, ucc: str, symbol: str, quantity: int, average: Decimal) -> None:
        """Put shares into an account."""
        self._tell("holdings", ucc=ucc, symbol=symbol, quantity=quantity, average_price=str(average))

    def lose_a_reply(self, ucc: str) -> None:
        """Have the next order of the account accepted and its answer lost."""
        self._tell("fault", call="place", kind="lost_reply", ucc=ucc)

    def cancel_by_hand(self, ucc: str, order: str) -> None:
        """The owner cancels an order in the broker's app."""
        self._tell("manual-cancel", ucc=ucc, order=order)

    def sell_by_hand(self, ucc: str, symbol: str, quantity: int) -> str:
        """The owner sells at the market in the broker's app; the order's number."""
        return str(self._tell("manual", ucc=ucc, side="SELL", symbol=symbol, quantity=quantity)["order"])

    def set_hours(self, opens: datetime, closes: datetime) -> None:
        """When orders can trade, aware; at the end the exchange ends what is left."""
        self._tell("day", open=opens.isoformat(), close=closes.isoformat())

    def shorten_codes(self, seconds: int) -> None:
        """How long a login code lives."""
        self._tell("settings", code_seconds=seconds)

    def show_orders_after(self, seconds: float) -> None:
        """How long an accepted order takes to show in the order book."""
        self._tell("settings", book_delay=seconds)

    def fault(self, ucc: str, call: str, kind: str, times: int, seconds: float) -> None:
        """Have the account's next calls of that name go wrong."""
        self._tell("fault", call=call, kind=kind, ucc=ucc, times=times, seconds=seconds)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._tell("clear-faults")

    def end_sessions(self, ucc: str) -> None:
        """Every token of the account dies."""
        self._tell("end-sessions", ucc=ucc)

    def drop_feeds(self, ucc: str) -> None:
        """Drop the account's order feeds."""
        self._tell("drop-feeds", ucc=ucc)

    def faults_struck(self) -> Words:
        """How often each kind of fault has struck, by call and kind."""
        calls: Words = self._ask("faults")["calls"]
        return calls

    def ledger(self) -> Words:
        """What really happened."""
        return self._ask("ledger")

    def _tell(self, name: str, **words: object) -> Words:
        return self._ask(name, json.dumps(words).encode())

    def _ask(self, name: str, body: bytes | None = None) -> Words:
        request = Request(f"{self._url}/control/{name}", body)
        try:
            with self._open(request, timeout=PATIENCE) as answer:
                words: Words = json.load(answer)
        except HTTPError as refusal:
            raise OSError(f"The simulated broker refused {name}: {refusal.read().decode()}") from refusal
        except URLError as silence:
            raise OSError(f"The simulated broker does not answer: {silence.reason}") from silence
        return words
