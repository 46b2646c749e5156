"""The client against the simulator: what each fault must end as, and that nothing was ever sold twice.

The mutation to try: judge a lost reply as NotSent.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.simulator import Simulator
from domain.book import Book, NewOrder, OrderReport, PriceChange, ReportedState
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable, LoginRefused
from domain.orders import Side
from domain.outcomes import Accepted, NotSent, Refused, Unknown
from domain.tenure import Tenure
from domain.users import Credentials

SYMBOL = "IFBIND-EQ"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, holdings={SYMBOL: 1000}, open_delay=0.0) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator, clock: VirtualClock) -> Iterator[KotakNeo]:
    made = connected(simulator, clock)
    made.login()
    yield made
    made.close()


def connected(simulator: Simulator, clock: VirtualClock, mpin: str | None = None) -> KotakNeo:
    person = simulator.accounts[0]
    credentials = Credentials(person.consumer_key, person.mobile, person.ucc, mpin or person.mpin, person.totp_secret)
    settings = KotakSettings(simulator.url)
    account = KotakAccount(credentials, settings, clock)
    return KotakNeo(account, Tenure(1, 1, "asha"), clock, settings, lambda: None)


def order(tag: str = "nf7abc", quantity: int = 10, price: str = "900.00") -> NewOrder:
    return NewOrder(tag, SYMBOL, Side.SELL, quantity, Decimal(price))


def soon(clock: VirtualClock) -> float:
    return clock.monotonic() + 5.0


def only(book: Book) -> OrderReport:
    (row,) = book.rows
    return row


def rest(client: KotakNeo, clock: VirtualClock) -> str:
    placed = client.place(order(), soon(clock))
    assert isinstance(placed, Accepted)
    clock.advance(1)
    return placed.broker_order_id


def test_a_sell_is_placed_seen_repriced_and_cancelled(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock
) -> None:
    number = rest(client, clock)
    row = only(client.order_book())
    assert (row.broker_order_id, row.tag, row.state) == (number, "nf7abc", ReportedState.OPEN)
    assert (row.side, row.quantity, row.filled, row.price) == (Side.SELL, 10, 0, Decimal("900.00"))
    change = PriceChange(number, SYMBOL, Side.SELL, 10, Decimal("905.00"), "1485")
    assert isinstance(client.modify(change, soon(clock)), Accepted)
    clock.advance(1)
    assert only(client.order_book()).price == Decimal("905.00")
    assert isinstance(client.cancel(number, soon(clock)), Accepted)
    clock.advance(1)
    assert only(client.order_book()).state is ReportedState.CANCELLED
    assert isinstance(client.cancel(number, soon(clock)), Refused)


def test_a_cancelled_order_still_carries_its_tag(client: KotakNeo, clock: VirtualClock) -> None:
    client.cancel(rest(client, clock), soon(clock))
    clock.advance(1)
    assert only(client.order_book()).carries("nf7abc")


def test_a_fill_shows_in_book_and_trades(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    number = rest(client, clock)
    simulator.fill(number, 4, "901.00")
    row = only(client.order_book())
    (fill,) = client.trades()
    assert (row.filled, row.average_price, row.state) == (4, Decimal("901.00"), ReportedState.OPEN)
    assert (fill.broker_order_id, fill.quantity, fill.price) == (number, 4, Decimal("901.00"))
    assert fill.at == clock.now()


def test_a_rejected_order_carries_the_brokers_words(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock
) -> None:
    simulator.fault("place", "reject", text="RMS:Margin Exceeds")
    rest(client, clock)
    row = only(client.order_book())
    assert (row.state, row.text) == (ReportedState.REJECTED, "RMS:Margin Exceeds")


def test_holdings_quotes_and_instruments_agree_with_one_another(client: KotakNeo, simulator: Simulator) -> None:
    (held,) = client.holdings()
    (quote,) = client.quotes([held.token])
    found = {one.token: one for one in client.instruments()}
    assert (held.quantity, quote.symbol, found[held.token].symbol) == (1000, SYMBOL, SYMBOL)
    assert quote.last_price == simulator.last_price(SYMBOL)
    low, high = found[held.token].band_low, found[held.token].band_high
    assert low is not None
    assert high is not None
    assert low < quote.last_price < high


def test_an_empty_day_is_an_empty_book(client: KotakNeo) -> None:
    assert (client.order_book().rows, client.trades()) == ((), ())


@pytest.mark.parametrize(
    ("fault", "outcome", "placed"),
    [
        ("lost_reply", Unknown, 1),
        ("drop_before", Unknown, 0),
        ("502_html", Unknown, 0),
        ("503_after", Unknown, 1),
        ("garbage_after", Unknown, 1),
        ("ok_without_number", Unknown, 1),
        ("429", Accepted, 1),
        ("session_death", NotSent, 0),
    ],
)
def test_each_fault_ends_as_what_it_proves(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock, fault: str, outcome: type, placed: int
) -> None:
    simulator.fault("place", fault)
    assert isinstance(client.place(order(), soon(clock)), outcome)
    assert len(simulator.orders(simulator.accounts[0].ucc)) == placed


@pytest.mark.parametrize(("fault", "placed"), [("hang", 0), ("hang_after", 1), ("late_reply", 1)])
def test_a_call_that_hangs_ends_with_its_deadline_as_unknown(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock, fault: str, placed: int
) -> None:
    simulator.fault("place", fault, seconds=60)
    assert isinstance(client.place(order(), soon(clock)), Unknown)
    assert len(simulator.orders(simulator.accounts[0].ucc)) == placed


def test_the_same_tag_again_is_unknown_and_makes_no_second_order(
    client: KotakNeo, simulator: Simulator, clock: VirtualClock
) -> None:
    simulator.fault("place", "lost_reply")
    assert isinstance(client.place(order(), soon(clock)), Unknown)
    for status in (400, 200):
        simulator.configure(duplicate_status=status)
        assert isinstance(client.place(order(), soon(clock)), Unknown)
    assert len(simulator.orders(simulator.accounts[0].ucc)) == 1


def test_a_read_outlives_the_death_of_its_session(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    number = rest(client, clock)
    simulator.end_sessions(simulator.accounts[0].ucc)
    assert only(client.order_book()).broker_order_id == number
    assert isinstance(client.cancel(number, soon(clock)), Accepted)


def test_a_malformed_row_is_counted(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    rest(client, clock)
    simulator.fault("orders", "malformed_row")
    book = client.order_book()
    assert (len(book.rows), book.malformed) == (0, 1)


def test_a_hanging_book_is_a_failed_read(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    simulator.fault("orders", "hang", seconds=60)
    with pytest.raises(BrokerUnavailable):
        client.order_book()


def test_the_brokers_own_rate_limit_is_lived_with(client: KotakNeo, simulator: Simulator, clock: VirtualClock) -> None:
    simulator.configure(rate_limit=3)
    outcomes = [client.place(order(f"tag{number}"), soon(clock)) for number in range(8)]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(simulator.orders(simulator.accounts[0].ucc)) == 8


def test_the_session_ends_at_midnight_and_a_read_makes_another(client: KotakNeo, clock: VirtualClock) -> None:
    clock.advance(24 * 3600)
    assert isinstance(client.place(order(), soon(clock)), NotSent)
    assert client.order_book().rows == ()
    assert isinstance(client.place(order(), soon(clock)), Accepted)


def test_a_wrong_mpin_is_refused(simulator: Simulator, clock: VirtualClock) -> None:
    client = connected(simulator, clock, mpin="000000")
    with pytest.raises(BrokerUnavailable, match="MPIN"):
        client.login()
    clock.advance(60)
    with pytest.raises(LoginRefused, match="MPIN"):
        client.login()


def test_both_clocks_agree(client: KotakNeo) -> None:
    assert client.clock_skew() == 0.0
