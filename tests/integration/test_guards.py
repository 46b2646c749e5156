"""Guards on the way of a send that only a test of their own would miss: `tests/mutants` takes each one away."""

from dataclasses import replace

import psycopg
import pytest

from tests.world import BELL, Tenant, World


def outcomes(world: World) -> list[str]:
    return [send["outcome"] for send in world.rows("SELECT outcome FROM sends ORDER BY id")]


def look(tenant: Tenant, times: int) -> None:
    for _ in range(times):
        tenant.world.clock.advance(1)
        tenant.service.look()


def test_reads_before_the_send_could_show_prove_nothing(world: World):
    settings = world.settings
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    world.broker.configure(book_delay=settings.book_lag + settings.call_deadline)
    world.broker.fault("place", "lost_reply")
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    tenant.service.cycle()
    look(tenant, 60)
    assert outcomes(world) == ["found"]
    assert len(tenant.at_broker()) == 1


def test_reads_that_fail_prove_nothing_absent(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10, own=100)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    world.broker.fault("place", "drop_before")
    tenant.service.cycle()
    world.broker.fault("orders", "502_html", times=1000)
    look(tenant, 120)
    assert outcomes(world) == ["unknown"]
    assert tenant.at_broker() == []


def test_a_position_cannot_move_between_the_second_decision_and_the_commit(world: World, psql: psycopg.Connection):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    sends = tenant.service.rows.sends
    write = sends.new_sells
    psql.execute("SET lock_timeout = '50ms'")

    def meanwhile(*values: object) -> object:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            psql.execute("UPDATE positions SET quantity = 3")
        return write(*values)

    sends.new_sells = meanwhile
    tenant.cycle()
    assert [row["qty"] for row in tenant.at_broker()] == [10]


def test_nothing_is_sent_on_a_book_that_grew_old_while_waiting_for_the_rate(world: World):
    tenant = world.tenant()
    tenant.holds("IFBIND-EQ", 10)
    tenant.service.cycle()
    world.clock.advance_to(BELL)
    broker = tenant.service.ports.broker
    answers = iter([0])
    broker.take_tokens = lambda wanted: next(answers, wanted)
    broker.seconds_to_tokens = lambda wanted: world.settings.book_max_age + 1
    tenant.service.cycle()
    assert tenant.at_broker() == []
    assert tenant.orders() == []


def test_one_book_alone_takes_no_share(world: World):
    tenant = world.tenant()
    number = tenant.holds("IFBIND-EQ", 10)
    tenant.at_the_bell()
    tenant.cycle(2)
    last = str(world.broker.last_price("IFBIND-EQ"))
    world.broker.configure(rms_holdings=False)
    world.broker.manual_order(tenant.account.ucc, "BUY", "IFBIND-EQ", 10, last)
    world.broker.manual_order(tenant.account.ucc, "SELL", "IFBIND-EQ", 10, last)
    broker = tenant.service.ports.broker
    read = broker.order_book

    def without_the_purchase() -> object:
        book = read()
        return replace(book, rows=tuple(row for row in book.rows if row.side == "SELL"))

    broker.order_book = without_the_purchase
    tenant.cycle()
    broker.order_book = read
    tenant.cycle(3)
    assert tenant.position(number)["quantity"] == 10
