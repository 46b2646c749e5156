"""The morning of a tenant with an address of its own, and sessions that die under it: over HTTP, with real rows.

Mutations to try: look at the address after the bell alone; take a dead session's answer for a refusal.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from broker.kotak_neo import Egress, KotakAccount, KotakNeo
from domain.clock import IST
from domain.errors import AddressWrong
from repositories.logins import LoginsRepository
from repositories.vault import Vault
from tests.world import BELL, Tenant, World

HOME, NEXT = "127.0.0.2", "127.0.0.3"
SYMBOL = "IFBIND-EQ"


def resident(world: World, *addresses: str) -> Tenant:
    """A tenant that leaves from its addresses, whitelisted at the broker, half an hour before the bell."""
    tenant = world.tenant()
    world.broker.configure(static_ip=True)
    world.broker.whitelist(tenant.account.ucc, list(addresses))
    tenant._kotak = KotakAccount(tenant._kotak.credentials, world.kotak, world.clock, Egress(addresses))
    tenant.restart()
    return tenant


def heartbeat(world: World) -> Mapping[str, Any]:
    """How the tenant says that it is."""
    return world.row("SELECT state, text FROM heartbeats WHERE user_id = 1")


def test_a_tenant_with_an_address_protects_its_positions_from_there(world: World) -> None:
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    assert len(tenant.live_at_broker()) == 1


def test_an_address_that_went_astray_before_the_bell_holds_the_tenant_and_names_both(world: World) -> None:
    """The network changes at 09:14; nothing goes out at the bell; it comes back, and the orders with it."""
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    world.clock.advance_to(BELL - timedelta(seconds=50))
    tenant.service.look()
    world.broker.translate({HOME: "203.0.113.9"})
    tenant.restart()
    tenant.service.look()
    held = heartbeat(world)
    assert held["state"] == "HELD"
    assert "the broker sees user1 come from 203.0.113.9, and its address is 127.0.0.2" in held["text"]
    world.clock.advance_to(BELL)
    for _ in range(4):
        tenant.service.look()
        world.clock.advance(5)
    assert (heartbeat(world)["state"], tenant.at_broker()) == ("HELD", [])
    world.broker.translate({})
    for _ in range(16):
        tenant.service.look()
        world.clock.advance(5)
    assert heartbeat(world)["state"] == "TRADING"
    assert len(tenant.live_at_broker()) == 1


def test_the_address_is_looked_at_once_in_the_last_minutes_and_not_after_the_bell(world: World) -> None:
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    world.broker.fault("client_ip", "502_html", times=None, probability=0.000001)
    tenant.service.cycle()
    world.broker.clear_faults()
    world.broker.fault("client_ip", "hang", seconds=60, times=None)
    world.clock.advance_to(BELL)
    began = world.clock.now()
    tenant.service.cycle()
    tenant.cycle(2)
    assert (world.clock.now() - began).total_seconds() < 5
    assert len(tenant.live_at_broker()) == 1
    assert world.broker.faults()["struck"] == {}


def test_a_broker_that_does_not_say_what_it_sees_does_not_keep_the_orders_back(world: World) -> None:
    """The login has seen it; the second look is one more question, and an unanswered one proves nothing."""
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    tenant.service.cycle()
    tenant.restart()
    world.broker.fault("client_ip", "502_html", times=None)
    tenant.at_the_bell()
    assert len(tenant.live_at_broker()) == 1


def test_a_tenant_without_a_session_at_0845_says_so_loudly_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    tenant = world.tenant()
    world.the_day_after()
    tomorrow = BELL + timedelta(days=3)
    world.clock.advance_to(tomorrow - timedelta(seconds=2101))
    tenant.service.look()
    assert world.broker._broker.sessions._by_token == {}
    world.broker.fault("login", "502_html", times=None)
    loud = []
    for _ in range(100):
        world.clock.advance(5)
        tenant.service.look()
        loud.append((world.clock.now(), [r for r in caplog.records if r.levelname == "CRITICAL"]))
    first = next(moment for moment, records in loud if records).astimezone(IST)
    assert f"{first:%H:%M}" == "08:45"
    assert len(loud[-1][1]) == 1
    assert "No session for orders by 08:45 IST" in loud[-1][1][0].getMessage()
    world.broker.clear_faults()
    world.clock.advance(30)
    tenant.service.look()
    assert heartbeat(world)["state"] == "WAITING"


def test_a_service_that_begins_after_0845_tries_some_minutes_before_it_is_loud(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A drill, a late start, a paper account priced by a tenant that is ready a second later."""
    tenant = world.tenant()
    world.clock.advance_to(BELL + timedelta(minutes=1))
    world.broker.fault("login", "502_html", times=None)

    def loud() -> int:
        return sum(record.levelname == "CRITICAL" for record in caplog.records)

    began = world.clock.monotonic()
    while world.clock.monotonic() < began + 170:
        tenant.service.look()
        world.clock.advance(5)
    assert (heartbeat(world)["state"], loud()) == ("HELD", 0)
    while world.clock.monotonic() < began + 190:
        tenant.service.look()
        world.clock.advance(5)
    assert loud() == 1


def test_a_session_is_there_before_0845_on_every_trading_day(world: World) -> None:
    tenant = world.tenant()
    world.the_day_after()
    for days in (3, 4):
        bell = BELL + timedelta(days=days)
        world.clock.advance_to(bell - timedelta(seconds=2100))
        tenant.service.look()
        session = tenant._kotak.session()
        assert session is not None
        assert session.created.astimezone(IST).date() == bell.astimezone(IST).date()
        assert session.created <= bell - timedelta(minutes=30)


@pytest.mark.parametrize("kind", ["session_death", "ip_changed"])
@pytest.mark.parametrize("call", ["place", "modify", "cancel", "orders"])
def test_a_session_that_dies_under_a_call_decides_no_orders_fate(world: World, call: str, kind: str) -> None:
    """Whatever dies, the order of before is the one that rests, or its one successor; nothing is refused or ended."""
    tenant = world.tenant()
    position = tenant.holds(SYMBOL, 10, rule='{"target_price": 900}')
    world.broker.fault(call, kind)
    tenant.at_the_bell()
    tenant.cycle(3, seconds=10)
    world.execute("UPDATE positions SET exit_rule = '{\"target_price\": 905}' WHERE id = :id", id=position)
    tenant.cycle(6, seconds=10)
    (live,) = tenant.live_at_broker()
    assert (live["prc"], live["qty"]) == ("905.00", 10)
    world.execute("INSERT INTO halts (user_id, because, cancel_orders) VALUES (1, 'test', true)")
    tenant.cycle(6, seconds=10)
    assert tenant.live_at_broker() == []
    assert world.broker.faults()["struck"] == {kind: 1}
    assert not [order for order in tenant.orders() if order["status"] == "REJECTED"]
    assert len({order["tag"] for order in tenant.orders()}) == len(tenant.at_broker())


def test_reads_that_pause_show_in_the_tenants_text(world: World) -> None:
    tenant = world.tenant()
    tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    world.broker.fault("orders", "429", times=None)
    for _ in range(6):
        tenant.service.look()
        world.clock.advance(5)
    held = heartbeat(world)
    assert held["state"] == "HELD"
    assert "reads pause until" in held["text"]
    assert "HTTP 429" in held["text"]
    world.broker.clear_faults()
    world.clock.advance(30)
    tenant.service.look()
    assert heartbeat(world) == {"state": "TRADING", "text": heartbeat(world)["text"]}
    assert "pause" not in heartbeat(world)["text"]


def logins(world: World) -> int:
    return int(world.row("SELECT count(*) AS n FROM logins")["n"])


def remembered(world: World, tenant: Tenant) -> None:
    """Have the tenant's logins kept as rows, as the service does."""
    vault = Vault([Fernet.generate_key().decode()])
    world.execute("INSERT INTO credentials (user_id, sealed) VALUES (1, 'sealed')")
    make = tenant._broker

    def broker() -> KotakNeo:
        made = make()
        assert isinstance(made, KotakNeo)
        book = LoginsRepository(world.database, tenant.tenure, vault)
        return KotakNeo(tenant._kotak, tenant.tenure, world.clock, world.kotak, world.database.require_idle, None, book)

    tenant._broker = broker  # type: ignore[method-assign]
    tenant.restart()


def places(world: World) -> int:
    return int(world.row("SELECT count(*) AS n FROM sends WHERE kind = 'place'")["n"])


@pytest.mark.parametrize("own_address", [True, False])
def test_an_address_that_is_not_whitelisted_holds_the_tenant_and_spends_no_position(
    world: World, caplog: pytest.LogCaptureFixture, own_address: bool
) -> None:
    """The list at the broker lacks it at 09:15; at 09:50 the owner has added it. One order an attempt, ever fewer
    attempts, each in a new session; nothing is rejected, and all is placed without anybody's hand."""
    tenant = resident(world, HOME) if own_address else world.tenant()
    remembered(world, tenant)
    world.broker.configure(static_ip=True)
    world.broker.whitelist(tenant.account.ucc, ["203.0.113.1"])
    numbers = [tenant.holds(symbol, 10, price) for symbol, price in ((SYMBOL, "800"), ("IDEA-EQ", "5.9"))]
    tenant.service.look()
    world.clock.advance_to(BELL)
    for _ in range(35 * 4):
        tenant.service.look()
        world.clock.advance(15)
    held = heartbeat(world)
    assert held["state"] == "HELD"
    seen = HOME if own_address else "127.0.0.1"
    assert f"takes no orders from {seen}" in held["text"]
    assert "run.py user set-egress user1 ADDRESS" in held["text"]
    assert "run.py user restart user1" in held["text"]
    assert tenant.at_broker() == []
    assert {order["status"] for order in tenant.orders()} <= {"SUBMITTING", "CANCELLED"}
    assert logins(world) <= 7
    assert places(world) <= 2 * 7
    told = [one for one in caplog.records if one.levelname == "CRITICAL" and "100008" in one.getMessage()]
    assert 1 <= len(told) <= 7
    world.broker.whitelist(tenant.account.ucc, [HOME, "127.0.0.1"])
    for _ in range(17 * 4):
        tenant.service.look()
        world.clock.advance(15)
    assert len(tenant.live_at_broker()) == 2
    assert [tenant.position(number)["reason"] for number in numbers] == [None, None]
    assert heartbeat(world)["state"] == "TRADING"


def test_a_restart_by_hand_tries_at_once_in_a_new_session(world: World) -> None:
    tenant = resident(world, HOME)
    world.broker.whitelist(tenant.account.ucc, ["203.0.113.1"])
    tenant.holds(SYMBOL, 10)
    tenant.service.look()
    world.clock.advance_to(BELL)
    for _ in range(100):
        tenant.service.look()
        world.clock.advance(15)
    assert tenant.at_broker() == []
    world.broker.whitelist(tenant.account.ucc, [HOME])
    tenant.restart()
    for _ in range(8):
        tenant.service.look()
        world.clock.advance(5)
    assert len(tenant.live_at_broker()) == 1


def test_while_orders_are_turned_away_fills_are_seen(world: World) -> None:
    """Reads are not bound to the address: what rests already goes on being looked at."""
    tenant = resident(world, HOME)
    number = tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    world.broker.whitelist(tenant.account.ucc, ["203.0.113.1"])
    tenant.holds("IDEA-EQ", 10, "5.9")
    for _ in range(3):
        tenant.service.look()
        world.clock.advance(5)
    assert heartbeat(world)["state"] == "HELD"
    (order,) = tenant.live_at_broker()
    world.broker.fill(order["nOrdNo"], 4)
    tenant.service.look()
    assert tenant.position(number)["quantity"] == 6


def test_a_session_that_is_stolen_again_and_again_is_fetched_back_ever_more_slowly_and_says_so(world: World) -> None:
    """Another program logs in every 70 s for an hour; each login of ours throws it out, and so on."""
    tenant = resident(world, HOME)
    remembered(world, tenant)
    tenant.holds(SYMBOL, 10)
    tenant.at_the_bell()
    before, texts = logins(world), set()
    for turn in range(60 * 6):
        if turn % 7 == 0:
            world.broker.end_sessions(tenant.account.ucc)
        tenant.service.look()
        texts.add(str(heartbeat(world)["text"]))
        world.clock.advance(10)
    assert 10 <= logins(world) - before <= 26
    told = [text for text in texts if "Does another program log in with these credentials" in text]
    assert any("invalid session token" in text and "The next login comes at" in text for text in told)
    for _ in range(75):
        tenant.service.look()
        world.clock.advance(60)
    assert "another program" not in str(heartbeat(world)["text"])
    assert len(tenant.live_at_broker()) == 1


def test_a_broker_that_never_says_what_it_sees_keeps_the_orders_back_for_minutes_and_not_for_the_day(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Sockets are bound to the address, and the order gate looks for itself: a question nobody answers is no reason
    to leave every position of the day without its order."""
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    world.broker.fault("client_ip", "502_html", times=None)
    opened = BELL - timedelta(seconds=60)
    assert world.clock.now() == opened
    while world.clock.now() < opened + timedelta(seconds=150):
        tenant.service.look()
        world.clock.advance(5)
    assert (heartbeat(world)["state"], tenant.at_broker()) == ("HELD", [])
    while world.clock.now() < opened + timedelta(seconds=260):
        tenant.service.look()
        world.clock.advance(5)
    assert len(tenant.live_at_broker()) == 1
    assert "the broker does not say under which address it sees user1" in heartbeat(world)["text"]
    assert len([one for one in caplog.records if one.levelname == "CRITICAL" and "does not say" in one.message]) == 1


def test_an_answer_that_comes_late_still_counts(world: World) -> None:
    tenant = resident(world, HOME)
    tenant.holds(SYMBOL, 10)
    world.broker.fault("client_ip", "502_html", times=None)
    world.clock.advance_to(BELL - timedelta(seconds=50))
    world.clock.advance_to(BELL)
    for _ in range(60):
        tenant.service.look()
        world.clock.advance(5)
    assert len(tenant.live_at_broker()) == 1
    world.broker.clear_faults()
    world.broker.translate({HOME: "203.0.113.9"})
    with pytest.raises(AddressWrong, match=r"come from 203\.0\.113\.9"):
        tenant.service.ports.broker.check_address()
