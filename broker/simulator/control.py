"""The control door over HTTP, JSON in and out, for tests that run the simulator in a process of its own."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from broker.simulator.answers import Answer, invalid_route, say
from broker.simulator.brokerage import Brokerage
from broker.simulator.door import ControlDoor
from broker.simulator.ledger_report import Report

CONTROL = "/control/"
Asked = dict[str, Any]


class ControlDesk:
    """Turns paths and JSON into calls of the control door. What cannot be done is 400 with a sentence."""

    def __init__(self, broker: Brokerage) -> None:
        door = ControlDoor(broker)
        self._door = door
        self._reads: dict[str, Callable[[], object]] = {
            "ledger": door.ledger,
            "accounts": lambda: {"accounts": [asdict(account) for account in door.accounts]},
            "settings": door.settings,
            "faults": door.faults,
            "feeds": door.feeds,
        }
        self._writes: dict[str, Callable[[Asked], Report | None]] = {
            "price": self._price,
            "depth": lambda asked: door.set_depth(**asked),
            "prices": lambda asked: door.play_prices(**asked),
            "walk": lambda asked: door.walk_prices(**asked),
            "still": lambda asked: door.still_prices(**asked),
            "band": lambda asked: door.set_band(**asked),
            "corporate-action": lambda asked: door.corporate_action(**asked),
            "change-series": lambda asked: {"symbol": door.change_series(**asked)},
            "fill": lambda asked: door.fill(**asked),
            "lapse": lambda asked: door.lapse(**asked),
            "manual": lambda asked: {"order": door.manual_order(**asked)},
            "manual-modify": lambda asked: door.manual_modify(**asked),
            "manual-cancel": lambda asked: door.manual_cancel(**asked),
            "holdings": lambda asked: door.set_holding(**asked),
            "funds": lambda asked: door.set_funds(**asked),
            "fault": lambda asked: door.fault(**asked),
            "clear-faults": lambda asked: door.clear_faults(**asked),
            "drop-feeds": lambda asked: door.drop_feeds(**asked),
            "end-sessions": lambda asked: door.end_sessions(**asked),
            "settings": lambda asked: door.configure(**asked),
            "whitelist": lambda asked: door.whitelist(**asked),
            "translate": lambda asked: door.translate(**asked),
            "day": self._day,
        }

    @property
    def paths(self) -> frozenset[str]:
        """Every command that is known."""
        return frozenset(self._reads.keys() | self._writes.keys())

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        """Carry out one command."""
        name = path.removeprefix(CONTROL)
        if method == "GET" and name in self._reads:
            return say(self._reads[name]())
        if method == "POST" and name in self._writes:
            return self._write(name, body)
        return invalid_route(path)

    def _write(self, name: str, body: bytes) -> Answer:
        try:
            return say(self._writes[name](json.loads(body or b"{}")) or {"done": True})
        except (ValueError, TypeError) as wrong:
            return say({"error": str(wrong)}, 400)

    def _day(self, asked: Asked) -> None:
        opens, closes, *auction = (
            datetime.fromisoformat(str(moment))
            for moment in (asked.get("open"), asked.get("close"), *(asked.get("auction") or ()))
        )
        if len(auction) not in (0, 3):
            raise ValueError("an auction has three moments: freeze, entry and end")
        self._door.trade_within(opens, closes, (auction[0], auction[1], auction[2]) if auction else None)

    def _price(self, asked: Asked) -> None:
        low, high, slide = asked.pop("low", None), asked.pop("high", None), asked.pop("slide", False)
        if low is not None and high is not None:
            self._door.set_band(asked.get("symbol", ""), low, high, slide)
        if "price" in asked:
            self._door.set_price(**asked)
