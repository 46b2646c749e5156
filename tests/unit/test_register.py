"""The packed instruments; the mutations to try: seek an ISIN anywhere in a line; keep whatever was asked for."""

import gc
import tracemalloc
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from broker.kotak_neo.instruments import instruments
from domain.book import Instrument
from domain.register import Register

words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
amounts = st.decimals("0.01", "99999.99", places=2)
lines = st.builds(
    Instrument,
    symbol=st.text("ABM&-", min_size=1, max_size=4),
    token=st.integers(1, 99).map(str),
    name=words,
    series=st.sampled_from(["EQ", "BE", ""]),
    isin=st.sampled_from(["", "INE559A01017", "INE002A01018", "EQ"]),
    tick=amounts,
    lot=st.integers(1, 10**6),
    freeze_quantity=st.none() | st.integers(1, 10**8),
    band_low=st.none() | amounts,
    band_high=st.none() | amounts,
    auction=st.none() | st.booleans(),
)


@given(st.lists(lines))
def test_what_went_in_comes_out_the_last_of_each_symbol(listed: list[Instrument]) -> None:
    expected = {line.symbol: line for line in listed}
    register = Register(listed)
    assert len(register) == len(expected)
    assert list(register) == [expected[symbol] for symbol in sorted(expected)]
    for symbol, line in expected.items():
        assert register.find(symbol) == line
        assert register.find(symbol) is register.find(symbol)
        assert line in register.of_isin(line.isin) or not line.isin
        assert register.find(f"{symbol}X") is None
    for isin in ("", "INE559A01017", "EQ"):
        found = {line.symbol for line in register.of_isin(isin)}
        assert found == {symbol for symbol, line in expected.items() if isin and line.isin == isin}


@given(st.text())
def test_any_question_has_an_answer(symbol: str) -> None:
    assert Register().find(symbol) is None
    assert Register().of_isin(symbol) == ()


def test_a_register_of_a_register_is_the_same_one() -> None:
    register = Register()
    assert Register.of(register) is register
    assert not register


def file(count: int) -> bytes:
    """As long as the broker's: 78 columns, of which a tenth matters."""
    used = "pSymbol,pGroup,pTrdSymbol,pISIN,pDesc,dTickSize ,lLotSize,lPrecision"
    bounds = "dHighPriceRange ,dLowPriceRange ,lFreezeQty"
    header = ",".join([used, bounds, *(f"pUnused{number}" for number in range(67))])
    rest = ",".join(["1365879312", "", "", "0"] * 16 + ["T+1", "CASH", "1"])
    rows = (
        f"{n},EQ,SYMBOL{n:06}-EQ,INE{n:06}A017,COMPANY NUMBER {n} LIMITED,5,1,2,"
        f"{n + 99045},{n + 66035},{n + 10000},{rest}"
        for n in range(count)
    )
    return "\n".join((header, *rows, "")).encode()


def test_the_whole_file_costs_less_than_two_megabytes_and_never_ten() -> None:
    """7,500 lines, as NSE's file had in 2026: parsed, packed, and then with every single instrument asked for."""
    content = file(7500)
    gc.collect()
    tracemalloc.start()
    try:
        register = instruments(content)
        gc.collect()
        packed, at_most = tracemalloc.get_traced_memory()
        symbols = [line.symbol for line in register]
        before = tracemalloc.get_traced_memory()[0]
        assert all(register.find(symbol) for symbol in symbols)
        unpacked = packed + tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(register) == 7500
    assert packed < 2_000_000
    assert at_most < 8_000_000
    assert unpacked < 6_000_000


def test_what_is_in_it_has_rupees_and_shares() -> None:
    found = instruments(file(3)).find("SYMBOL000002-EQ")
    assert found is not None
    assert (found.tick, found.lot, found.freeze_quantity) == (Decimal("0.05"), 1, 10002)
    assert (found.band_low, found.band_high, found.isin) == (Decimal("660.37"), Decimal("990.47"), "INE000002A017")
