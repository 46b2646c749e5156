"""One symbol that the broker does not quote has it refuse a whole batch: the others are found all the same, cheaply.

Mutations to try: give up at the first refusal; forget what was found out; take a refusal of everything for strangers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.batches import MOST_QUESTIONS
from broker.kotak_neo.calls import CallName, call_of
from broker.kotak_neo.checking.walk import Overheard
from broker.simulator import Simulator
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable
from domain.tenure import Tenure
from domain.users import Credentials

DELISTED = "999999"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock, tmp_path: Path) -> Iterator[Simulator]:
    """A broker that quotes sixty symbols, T100000-EQ and so on."""
    head = "pSymbol,pGroup,pExchSeg,pSymbolName,pTrdSymbol,pISIN,pDesc,dTickSize ,lLotSize,lPrecision,lFreezeQty,"
    lines = [f"{n},EQ,nse_cm,T{n},T{n}-EQ,INE{n}A01017,T{n},5,1,2,10000,99000,66000" for n in range(100000, 100060)]
    file = tmp_path / "nse_cm.csv"
    file.write_text("\n".join([f"{head}dHighPriceRange ,dLowPriceRange ", *lines]) + "\n")
    with Simulator(clock=clock, rate_limit=0, instruments=file) as running:
        yield running


class Desk:
    """A client, the tokens that the broker knows, and how many questions it has answered."""

    def __init__(self, simulator: Simulator, clock: VirtualClock) -> None:
        person = simulator.accounts[0]
        credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        settings = KotakSettings(simulator.url, reads_per_second=0, calls_per_second=0)
        self.simulator = simulator
        self.overheard = Overheard()
        self.account = KotakAccount(credentials, settings, clock, tap=self.overheard)
        self.client = KotakNeo(self.account, Tenure(1, 1, "asha"), clock, settings, lambda: None)
        self.known = [line.token for line in self.client.instruments()]
        assert len(self.known) == 60

    def asked(self) -> int:
        return sum(call_of(one.ask.method, one.ask.url) is CallName.QUOTES for one in self.overheard.exchanges)

    def quoted(self, tokens: list[str]) -> set[str]:
        return {quote.token for quote in self.client.quotes(tokens)}


@pytest.fixture
def desk(simulator: Simulator, clock: VirtualClock) -> Desk:
    return Desk(simulator, clock)


@pytest.mark.parametrize("place", [0, 1, 24, 25, 48, 49])
def test_the_others_of_a_batch_are_quoted_whatever_one_of_them_is(desk: Desk, place: int) -> None:
    tokens = [*desk.known[:place], DELISTED, *desk.known[place:49]]
    assert desk.quoted(tokens) == set(desk.known[:49])
    assert desk.asked() <= 1 + MOST_QUESTIONS


def test_what_the_broker_does_not_quote_is_not_asked_for_again_that_day(
    desk: Desk, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = [*desk.known[:30], DELISTED]
    desk.quoted(tokens)
    (told,) = [one.getMessage() for one in caplog.records if "999999" in one.getMessage()]
    assert "SELECT symbol FROM instruments WHERE token = '999999'" in told
    before = desk.asked()
    assert desk.quoted(tokens) == set(desk.known[:30])
    assert desk.asked() == before + 1
    with pytest.raises(BrokerUnavailable, match="999999"):
        desk.client.quotes([DELISTED])
    assert desk.asked() == before + 1
    clock.advance(timedelta(days=1).total_seconds())
    assert desk.quoted(tokens) == set(desk.known[:30])
    assert desk.asked() > before + 2


def test_the_next_generation_knows_them_too(desk: Desk, clock: VirtualClock) -> None:
    desk.quoted([*desk.known[:30], DELISTED])
    before = desk.asked()
    heir = KotakNeo(desk.account, Tenure(1, 2, "asha"), clock, KotakSettings(desk.simulator.url), lambda: None)
    assert len(heir.quotes([*desk.known[:30], DELISTED])) == 30
    assert desk.asked() == before + 1


def test_many_strangers_are_found_over_several_reads_none_of_which_asks_for_ever(desk: Desk) -> None:
    strangers = [str(900000 + number) for number in range(8)]
    tokens = [token for pair in zip(desk.known[:8], strangers, strict=True) for token in pair] + desk.known[8:42]
    found: set[str] = set()
    for _ in range(8):
        before = desk.asked()
        found |= desk.quoted(tokens)
        assert desk.asked() - before <= 1 + MOST_QUESTIONS
    assert found == set(desk.known[:42])
    before = desk.asked()
    assert desk.quoted(tokens) == set(desk.known[:42])
    assert desk.asked() == before + 1


def test_a_broker_that_refuses_everything_has_made_nothing_a_stranger(desk: Desk, clock: VirtualClock) -> None:
    """As it would be if the path were written in a way that it does not read."""
    desk.quoted(desk.known[:2])
    desk.simulator.fault("quotes", "sync_reject", times=None, code=1009, text="Invalid instrument/code")
    before = desk.asked()
    with pytest.raises(BrokerUnavailable, match="1009"):
        desk.client.quotes(desk.known[:50])
    assert desk.asked() - before <= 1 + MOST_QUESTIONS
    with pytest.raises(BrokerUnavailable):
        desk.client.quotes(desk.known[:50])
    assert desk.asked() - before <= 2 + MOST_QUESTIONS, "halved again at once"
    desk.simulator.clear_faults()
    assert desk.quoted(desk.known[:50]) == set(desk.known[:50])


def test_a_refusal_in_passing_blames_nobody(desk: Desk) -> None:
    desk.simulator.fault("quotes", "sync_reject", times=1, code=1009, text="Invalid instrument/code")
    assert desk.quoted(desk.known[:50]) == set(desk.known[:50])
    before = desk.asked()
    assert desk.quoted(desk.known[:50]) == set(desk.known[:50])
    assert desk.asked() == before + 1


def test_a_read_that_fails_while_halving_fails_the_quotes_and_blames_nobody(desk: Desk) -> None:
    tokens = [*desk.known[:20], DELISTED]
    desk.simulator.fault("quotes", "sync_reject", times=1, code=1009, text="Invalid instrument/code")
    desk.simulator.fault("quotes", "502_html", times=3)
    with pytest.raises(BrokerUnavailable, match="502"):
        desk.client.quotes(tokens)
    assert desk.quoted(tokens) == set(desk.known[:20])
