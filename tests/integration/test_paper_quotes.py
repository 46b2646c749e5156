"""Paper on the quotes of a real account: same market, other money; nothing of the real account is touched."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from broker.kotak_neo import KotakAccount, KotakNeo
from broker.paper import PaperBroker, QuoteBoard
from cli.papers import Papers
from domain.book import NewOrder, Quote
from domain.clock import VirtualClock
from domain.errors import BadInput, BrokerUnavailable
from domain.orders import Side
from domain.outcomes import Accepted
from domain.tenure import Tenure
from repositories.database import Database
from service.instrument_table import InstrumentTable
from settings import Settings
from tests.world import BELL, PaperTenant, Tenant, World


class OnQuotes(PaperTenant):
    """A paper account that lives on the quotes of the world's real user; the source is that user's name."""

    papers: Papers

    def _broker(self) -> PaperBroker:
        return self.papers.broker(self.tenure)

    def _instruments(self) -> InstrumentTable:
        return self.papers.instruments


@pytest.fixture
def real(world: World) -> Tenant:
    """The real user, before the bell."""
    return world.tenant()


@pytest.fixture
def paper(world: World, real: Tenant) -> Iterator[OnQuotes]:
    """The paper user beside it."""

    def reader(user_id: int, tenure: Tenure) -> tuple[KotakAccount, KotakNeo]:
        assert user_id == real.user_id
        return real._kotak, KotakNeo(real._kotak, tenure, world.clock, world.kotak, world.database.require_idle)

    settings = Settings(paper_prices="user1", orders_per_second=0, reads_per_second=0)
    OnQuotes.papers = Papers(world.database, world.clock, world.calendar, settings, 10, world.instruments, reader)
    world.execute(
        "INSERT INTO users (id, name, broker, exit_rule) VALUES (101, 'ravi', 'paper', '{\"target_percent\"\\: 6}')"
    )
    world.execute("INSERT INTO tenants (user_id, generation) VALUES (101, 1)")
    yield OnQuotes(world, 101, "user1")
    OnQuotes.papers.close()


def test_a_paper_order_fills_at_the_price_that_the_real_account_sees(
    world: World, real: Tenant, paper: OnQuotes
) -> None:
    real.holds("ITC-EQ", 5, "400")
    paper.holds("IFBIND-EQ", 10, "800")
    world.broker.set_price("IFBIND-EQ", "801")
    real.service.cycle()
    paper.service.cycle()
    world.clock.advance_to(BELL)
    real.service.cycle()
    paper.service.cycle()
    paper.cycle(3)
    assert [row["state"] for row in paper.at_broker()] == ["open"]
    world.broker.set_price("IFBIND-EQ", "850")
    seen = world.clock.now()
    paper.cycle(3, seconds=5)
    assert [order["status"] for order in paper.orders()] == ["EXECUTED"]
    (trade,) = paper.trades()
    assert (trade["price"], trade["at"] > seen) == (Decimal(848), True)
    assert [row["trdSym"] for row in real.at_broker()] == ["ITC-EQ"]
    assert world.broker.ledger()["totals"]["sold"] == 0


def test_quotes_are_asked_once_for_all_that_live_on_them(clock: VirtualClock) -> None:
    asked: list[list[str]] = []

    def ask(tokens: Sequence[str]) -> list[Quote]:
        asked.append(list(tokens))
        return [Quote(token, token, Decimal(800 + len(asked)), None) for token in tokens]

    board = QuoteBoard(clock)
    for token in ("1", "2", "1"):
        board.refresh([token], ask)
    assert asked == [["1"], ["1", "2"]]
    clock.advance(3)
    for token in ("1", "2", "1"):
        board.refresh([token], ask)
    assert asked[2:] == [["1", "2"]]
    path = board.path("1", clock.now() - timedelta(seconds=1), clock.now())
    assert path.start is not None
    assert (path.start.price, [tick.price for tick in path.moves]) == (802, [803])
    assert board.path("3", clock.now(), clock.now()).last is None


def at_rest(world: World, real: Tenant, paper: OnQuotes) -> None:
    """A paper sell rests at 848, and the price is 800."""
    real.holds("ITC-EQ", 5, "400")
    paper.holds("IFBIND-EQ", 10, "800")
    world.broker.set_price("IFBIND-EQ", "800")
    real.service.cycle()
    paper.service.cycle()
    world.clock.advance_to(BELL)
    real.service.cycle()
    paper.service.cycle()
    paper.cycle(3)
    assert [row["state"] for row in paper.at_broker()] == ["open"]


def test_nothing_trades_at_a_price_of_hours_ago(world: World, real: Tenant, paper: OnQuotes) -> None:
    """Catches: a sale at the last price that anybody saw, which was above the limit then."""
    at_rest(world, real, paper)
    broker, clock = paper.service.ports.broker, world.clock
    session = real._kotak.session()
    assert session is not None
    real._kotak.forget(session)
    clock.advance(3 * 3600)
    broker.order_book()
    marketable = NewOrder("Z1", "IFBIND-EQ", Side.SELL, 10, Decimal(790))
    paper.world.execute("UPDATE paper_holdings SET quantity = 50")
    assert isinstance(broker.place(marketable, clock.monotonic() + 5), Accepted)
    clock.advance(5)
    assert [row.filled for row in broker.order_book().rows] == [0, 0]
    assert "lives on the quotes of user1, who has no session at the moment" in broker.notice()


def test_quotes_that_by_their_own_word_are_old_are_no_prices(world: World, real: Tenant, paper: OnQuotes) -> None:
    """As when the broker's quotes stand still: what it tells is from this morning, whenever it is asked."""
    at_rest(world, real, paper)
    market, clock = paper.service.ports.broker._market, world.clock  # type: ignore[attr-defined]
    market._ask = lambda tokens: [Quote(tokens[0], "", Decimal(860), clock.now() - timedelta(minutes=20))]
    clock.advance(60)
    book = paper.service.ports.broker.order_book()
    assert [row.filled for row in book.rows] == [0]
    assert paper.service.ports.broker.notice() == (
        "paper, quotes of user1: the quotes of user1: none that is fresh for IFBIND-EQ; nothing trades there meanwhile."
    )
    market._ask = lambda tokens: [Quote(tokens[0], "", Decimal(860), clock.now() - timedelta(minutes=1))]
    clock.advance(5)
    assert [row.filled for row in paper.service.ports.broker.order_book().rows] == [10]
    assert paper.service.ports.broker.notice() == "paper, quotes of user1"


def test_an_account_that_was_disabled_is_asked_for_nothing_more(world: World, real: Tenant, paper: OnQuotes) -> None:
    """Catches: the session of an account that its admin has switched off, in use by others for the rest of the day."""
    at_rest(world, real, paper)
    world.execute("UPDATE users SET enabled = false WHERE id = 1")
    world.clock.advance(30)
    paper.service.ports.broker.order_book()
    assert "lives on the quotes of user1" in paper.service.ports.broker.notice()
    world.execute("UPDATE users SET enabled = true WHERE id = 1")
    paper.service.ports.broker.order_book()
    assert paper.service.ports.broker.notice() == "paper, quotes of user1"


def test_other_credentials_of_the_real_account_are_followed(world: World, real: Tenant, paper: OnQuotes) -> None:
    """Catches: a paper account that waits all day for the session of an account that is no longer used."""
    at_rest(world, real, paper)
    before = real._kotak
    real._kotak = before.renewed(replace(before.credentials, mpin=before.credentials.mpin), before.egress)
    session = before.session()
    assert session is not None
    before.forget(session)
    world.clock.advance(3)
    paper.service.ports.broker.order_book()
    assert "who has no session" in paper.service.ports.broker.notice()
    real.restart()
    real.service.cycle()
    paper.service.ports.broker.order_book()
    assert paper.service.ports.broker.notice() == "paper, quotes of user1"


def test_without_the_real_ones_session_nobody_logs_in_for_paper(world: World, paper: OnQuotes) -> None:
    """Catches: a login on behalf of another tenant, which could lock its account."""
    paper.holds("IFBIND-EQ", 10, "800")
    world.clock.advance_to(BELL)
    with pytest.raises(BrokerUnavailable, match="lives on the quotes of user1, who has no session at the moment"):
        paper.service.cycle()
    paper.service.look()
    assert world.row("SELECT state FROM heartbeats WHERE user_id = 101")["state"] == "HELD"
    assert paper.at_broker() == []


def test_a_source_that_is_nobody_or_paper_is_a_sentence(
    world: World, database: Database, clock: VirtualClock, paper: OnQuotes
) -> None:
    def papers(source: str) -> Papers:
        settings = Settings(paper_prices=source)
        return Papers(database, clock, world.calendar, settings, 10, world.instruments, paper.papers._reader)

    with pytest.raises(BadInput, match="is neither walk:SEED nor a price script"):
        papers("nobody").broker(paper.tenure)
    with pytest.raises(BadInput, match="names a paper account, which has no quotes of its own"):
        papers("ravi").broker(paper.tenure)
    with pytest.raises(BadInput, match="is no walk"):
        papers("walk:x")
