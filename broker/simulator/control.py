"""The control door over HTTP, JSON in and out, for tests that run the simulator in a process of its own."""

from collections.abc import Callable
from dataclasses import asdict

from broker.simulator.answers import Answer, say
from broker.simulator.brokerage import Brokerage
from broker.simulator.door import ControlDoor
from broker.simulator.words import Command

CONTROL = "/control/"


class ControlDesk:
    """Turns paths and JSON into calls of the control door. What cannot be done is 400 with a sentence."""

    def __init__(self, broker: Brokerage) -> None:
        door = ControlDoor(broker)
        self._reads: dict[str, Callable[[], object]] = {
            "ledger": door.ledger,
            "accounts": lambda: {"accounts": [asdict(account) for account in door.accounts]},
            "settings": door.settings,
            "faults": door.faults,
            "feeds": door.feeds,
        }
        commands: dict[str, Callable[..., object]] = {
            "price": door.move_price,
            "depth": door.set_depth,
            "prices": door.play_prices,
            "walk": door.walk_prices,
            "still": door.still_prices,
            "band": door.set_band,
            "corporate-action": door.corporate_action,
            "fill": door.fill,
            "lapse": door.lapse,
            "manual-modify": door.manual_modify,
            "manual-cancel": door.manual_cancel,
            "holdings": door.set_holding,
            "funds": door.set_funds,
            "fault": door.fault,
            "clear-faults": door.clear_faults,
            "drop-feeds": door.drop_feeds,
            "end-sessions": door.end_sessions,
            "settings": door.configure,
            "whitelist": door.whitelist,
            "translate": door.translate,
        }
        self._writes = {name: Command(name, method) for name, method in commands.items()} | {
            "change-series": Command("change-series", door.change_series, told="symbol"),
            "manual": Command("manual", door.manual_order, told="order"),
            "day": Command("day", door.trade_within, spoken={"opens": "open", "closes": "close"}),
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
            return self._write(self._writes[name], body)
        known = "; ".join(f"{verb} {', '.join(sorted(these))}" for verb, these in self._known())
        return say({"error": f"there is no {method} {path}; below {CONTROL} there is {known}"}, 404)

    def _known(self) -> tuple[tuple[str, list[str]], ...]:
        return ("GET", list(self._reads)), ("POST", list(self._writes))

    def _write(self, command: Command, body: bytes) -> Answer:
        try:
            return say(command(body) or {"done": True})
        except ValueError as wrong:
            return say({"error": str(wrong)}, 400)
