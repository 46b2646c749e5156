"""Faults by chance: the same seed does the same, whoever else calls; and how often each kind struck is told."""

from collections.abc import Iterator

import pytest
import requests
from simulator_client import ORDERS, Client

from broker.simulator import Simulator
from domain.clock import VirtualClock

CALLS = 40


@pytest.fixture
def broker(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(2, clock=clock, rate_limit=0) as running:
        yield running


@pytest.fixture
def client(broker: Simulator, clock: VirtualClock) -> Client:
    return Client(broker, broker.accounts[0], clock.now())


def struck(client: Client) -> bool:
    return client.http.get(client.broker.url + ORDERS, headers=client.headers).status_code == 502


def pattern(clock: VirtualClock, seed: int, both: bool) -> list[bool]:
    """What befalls the first account, alone or with another one calling in between."""
    people = Simulator(2, seed=915)
    people.stop()
    with Simulator(people.accounts, clock=clock, rate_limit=0, seed=seed) as broker:
        first, second = (Client(broker, account, clock.now()) for account in broker.accounts)
        broker.fault("orders", "502_html", probability=0.3, times=None)
        seen = [(struck(first), both and struck(second)) for _ in range(CALLS)]
    return [one for one, _ in seen]


def test_the_same_seed_strikes_the_same_calls_and_another_one_others(clock: VirtualClock) -> None:
    assert pattern(clock, 1, both=False) == pattern(clock, 1, both=False) != pattern(clock, 2, both=False)


def test_another_account_that_calls_in_between_changes_nothing(clock: VirtualClock) -> None:
    assert pattern(clock, 1, both=True) == pattern(clock, 1, both=False)


def test_a_fault_strikes_about_as_often_as_its_probability_says_and_no_more_than_its_times(client: Client) -> None:
    client.broker.fault("orders", "502_html", probability=0.5, times=10)
    hits = sum(struck(client) for _ in range(3 * CALLS))
    assert hits == 10
    client.broker.fault("orders", "502_html", probability=0.5, times=None)
    assert CALLS * 0.25 < sum(struck(client) for _ in range(CALLS)) < CALLS * 0.75


def test_two_faults_alike_do_not_throw_alike(client: Client) -> None:
    seen = []
    for _ in range(2):
        client.broker.fault("orders", "502_html", probability=0.5, times=None)
        seen.append([struck(client) for _ in range(CALLS)])
        client.broker.clear_faults()
    assert seen[0] != seen[1]


def test_what_one_fault_spares_the_next_may_strike(client: Client) -> None:
    client.broker.fault("orders", "502_html", probability=0.5, times=None)
    client.broker.fault("orders", "no_data", times=None)
    statuses = [struck(client) for _ in range(CALLS)]
    told = client.broker.faults()["struck"]
    assert told == {"502_html": sum(statuses), "no_data": CALLS - sum(statuses)}


def test_how_often_each_kind_struck_is_told_over_http_and_survives_the_clearing(client: Client) -> None:
    client.broker.fault("place", "late_reply", times=2)
    client.broker.fault("any", "429", times=3)
    for tag in ("a1", "a2", "a3"):
        client.place(tag)
    client.get(ORDERS)
    told = requests.get(f"{client.broker.url}/control/faults", timeout=5).json()
    assert told["struck"] == {"429": 2, "late_reply": 2}
    assert told["calls"] == {"orders": {"429": 1}, "place": {"429": 1, "late_reply": 2}}
    assert [(one["call"], one["kind"], one["times"]) for one in told["waiting"]] == [("any", "429", 1)]
    client.broker.clear_faults()
    assert client.broker.faults() == {**told, "waiting": []}


@pytest.mark.parametrize(("probability", "times"), [(0, 1), (-0.1, 1), (1.1, 1), (0.5, 0)])
def test_a_chance_that_is_none_is_refused(client: Client, probability: float, times: int) -> None:
    with pytest.raises(ValueError, match=r"(times|probability) of 502_html cannot be"):
        client.broker.fault("orders", "502_html", probability=probability, times=times)
