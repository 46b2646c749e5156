"""Paper on the quotes of a real account: same market, other money; nothing of the real account is touched."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from broker.kotak_neo import KotakAccount, KotakNeo
from broker.paper import PaperBroker, QuoteBoard
from cli.papers import Papers
from domain.book import Quote
from domain.clock import VirtualClock
from domain.errors import BadInput, BrokerUnavailable
from domain.tenure import Tenure
from repositories.database import Database
from service.ports import InstrumentTable
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
def paper(world: World, real: Tenant) -> OnQuotes:
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
    return OnQuotes(world, 101, "user1")


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
