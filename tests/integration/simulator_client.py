"""The wire of the broker as a test writes it, with plain requests and nothing of ours."""

import json
from datetime import datetime
from typing import Any

import requests

from broker.simulator import Account, Simulator
from broker.simulator.login import LoginCodes

Json = dict[str, Any]
PLACE = "/quick/order/rule/ms/place"
MODIFY = "/quick/order/vr/modify"
CANCEL = "/quick/order/cancel"
ORDERS = "/quick/user/orders"
LOGIN = "/login/1.0/tradeApiLogin"
VALIDATE = "/login/1.0/tradeApiValidate"
SYMBOL = "IFBIND-EQ"
"""Band 660.35 to 990.45, tick 0.05; 825.40 until a test sets a price."""


class Wire:
    """One account at the simulator's address, logged in."""

    def __init__(self, url: str, account: Account, now: datetime) -> None:
        self.url = url
        self.account = account
        self.http = requests.Session()
        self.headers: dict[str, str] = {}
        self._key = {"Authorization": account.consumer_key, "neo-fin-key": "neotradeapi"}
        self.log_in(now)

    def log_in(self, now: datetime) -> Json:
        """Both steps; the data of the second."""
        view = self.view(LoginCodes(self.account.totp_secret).at(now)).json()["data"]
        data: Json = self.validate(view, self.account.mpin).json()["data"]
        self.headers = {"Auth": data["token"], "Sid": data["sid"], "Authorization": self.account.consumer_key}
        return data

    def view(self, totp: str, **changes: str) -> requests.Response:
        """The first step."""
        words = {"mobileNumber": self.account.mobile, "ucc": self.account.ucc, "totp": totp} | changes
        return self.http.post(self.url + LOGIN, json=words, headers=self._key)

    def validate(self, view: Json, mpin: str) -> requests.Response:
        """The second step."""
        headers = self._key | {"sid": view["sid"], "Auth": view["token"]}
        return self.http.post(self.url + VALIDATE, json={"mpin": mpin}, headers=headers)

    def get(self, path: str) -> Any:
        """The parsed answer of a read."""
        return self.http.get(self.url + path, headers=self.headers).json()

    def send(self, path: str, words: Json) -> requests.Response:
        """A POST with jData."""
        return self.http.post(self.url + path, data={"jData": json.dumps(words)}, headers=self.headers)

    def place(self, tag: str | None = None, **changes: str) -> requests.Response:
        """A sell of 10 at 900, unless changed."""
        words = {"am": "NO", "dq": "0", "es": "nse_cm", "mp": "0", "pc": "CNC", "pr": "900", "pt": "L", "qt": "10"}
        words |= {"rt": "DAY", "tp": "0", "ts": SYMBOL, "tt": "S"}
        return self.send(PLACE, words | {"ig": tag} | changes)

    def sell(self, tag: str | None = None, **changes: str) -> str:
        """Place, and the number of the order."""
        return str(self.place(tag, **changes).json()["nOrdNo"])

    def modify(self, number: str, price: str, quantity: str) -> Json:
        """New terms for an order."""
        words = {"no": number, "pr": price, "qt": quantity, "pt": "L", "tp": "0", "dq": "0", "vd": "DAY", "am": "NO"}
        answer: Json = self.send(MODIFY, words).json()
        return answer

    def cancel(self, number: str) -> Json:
        """Cancel an order."""
        answer: Json = self.send(CANCEL, {"on": number, "am": "NO"}).json()
        return answer

    def book(self) -> list[Json]:
        """The rows of the order book; none for "No Data"."""
        answer = self.get(ORDERS)
        return [] if answer.get("stCode") == 5203 else list(answer["data"])

    def row(self, number: str) -> Json:
        """The row of one order in the order book."""
        return next(row for row in self.book() if row["nOrdNo"] == number)

    def states(self, number: str) -> list[str]:
        """The states of one order from its history, oldest first."""
        rows = self.send("/quick/order/history", {"nOrdNo": number}).json()["data"]
        return [row["ordSt"] for row in reversed(rows)]


class Client(Wire):
    """One account at a simulator in this process, with the simulator's control door at hand."""

    def __init__(self, broker: Simulator, account: Account, now: datetime) -> None:
        self.broker = broker
        super().__init__(broker.url, account, now)
