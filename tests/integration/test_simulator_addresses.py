"""The simulated broker ties changes of orders to addresses, as the real one does since April 2026.

Mutations to try: check reads as well; forget where a session was begun.
"""

from collections.abc import Iterator

import pytest
import requests
from requests.adapters import HTTPAdapter
from simulator_client import ORDERS, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

HOME, OTHER, THIRD = "127.0.0.2", "127.0.0.3", "127.0.0.4"


class From(HTTPAdapter):
    """Connections from one address of this machine."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        """Bind the sockets."""
        super().init_poolmanager(*args, **kwargs, source_address=(self._address, 0))  # type: ignore[arg-type]


@pytest.fixture
def client(clock: VirtualClock) -> Iterator[Client]:
    with Simulator(2, clock=clock, holdings={"IFBIND-EQ": 100}) as running:
        running.whitelist(running.accounts[0].ucc, [HOME, OTHER])
        yield moved(Client(running, running.accounts[0], clock.now()), HOME)


def moved(client: Client, address: str) -> Client:
    """The same client, and the same session, from another address from now on."""
    client.http = requests.Session()
    client.http.mount("http://", From(address))
    return client


def codes(client: Client, number: str = "1") -> list[object]:
    """The codes of a place, a modify and a cancel."""
    place = client.place().json()
    return [place["stCode"], client.modify(number, "901", "10")["stCode"], client.cancel(number)["stCode"]]


def test_orders_are_changed_from_the_sessions_own_whitelisted_address(client: Client, clock: VirtualClock) -> None:
    client.log_in(clock.now())
    number = client.sell()
    clock.advance(1)
    assert codes(client, number) == [200, 200, 200]


def test_an_unlisted_address_may_read_and_change_nothing(client: Client, clock: VirtualClock) -> None:
    client.log_in(clock.now())
    moved(client, THIRD)
    assert codes(client) == [100008] * 3
    assert client.get(ORDERS)["stCode"] == 5203
    assert client.get("/login/1.0/get-client-ip")["data"][0]["ip"] == THIRD
    assert client.log_in(clock.now())["kType"] == "Trade"
    assert client.broker.ledger()["orders"] == []


def test_a_session_is_tied_to_the_address_that_it_was_begun_from(client: Client, clock: VirtualClock) -> None:
    client.log_in(clock.now())
    moved(client, OTHER)
    assert codes(client) == [1037] * 3
    client.log_in(clock.now())
    assert client.place().json()["stat"] == "Ok"


def test_a_list_that_becomes_another_one_needs_a_new_session(client: Client, clock: VirtualClock) -> None:
    client.log_in(clock.now())
    client.broker.whitelist(client.account.ucc, [OTHER, HOME])
    assert client.place().json()["stat"] == "Ok"
    clock.advance(60)
    client.broker.whitelist(client.account.ucc, [HOME, THIRD])
    assert codes(client) == [1037] * 3
    assert len(client.book()) == 1
    clock.advance(60)
    client.log_in(clock.now())
    assert client.place().json()["stat"] == "Ok"


def test_only_accounts_with_a_list_are_held_to_addresses_unless_all_are(client: Client, clock: VirtualClock) -> None:
    other = Client(client.broker, client.broker.accounts[1], clock.now())
    assert other.place().json()["stat"] == "Ok"
    client.broker.configure(static_ip=True)
    assert codes(other) == [100008] * 3


def test_a_nat_in_between_shows_another_address(client: Client, clock: VirtualClock) -> None:
    client.broker.translate({THIRD: HOME})
    moved(client, THIRD)
    client.log_in(clock.now())
    assert client.get("/login/1.0/get-client-ip")["data"][0]["ip"] == HOME
    assert client.place().json()["stat"] == "Ok"


def test_the_control_door_takes_lists_over_http_and_refuses_nonsense(client: Client) -> None:
    url, ucc = f"{client.broker.url}/control/", client.account.ucc
    third = requests.post(url + "whitelist", json={"ucc": ucc, "addresses": [HOME, OTHER, THIRD]}, timeout=5)
    assert (third.status_code, "at most 2" in third.json()["error"]) == (400, True)
    assert requests.post(url + "whitelist", json={"ucc": ucc, "addresses": ["x"]}, timeout=5).status_code == 400
    assert requests.post(url + "whitelist", json={"ucc": ucc, "addresses": []}, timeout=5).status_code == 200
    assert requests.post(url + "translate", json={"seen": {THIRD: "203.0.113.7"}}, timeout=5).status_code == 200
    assert moved(client, THIRD).place().json()["stat"] == "Ok"
