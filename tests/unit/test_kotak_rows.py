"""Reports and the instrument file as values; the mutation to try: map an unknown status to REJECTED."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.kotak_neo import rows
from broker.kotak_neo.fields import Malformed
from broker.kotak_neo.instruments import cash_file, instruments
from domain.book import Holding, Quote, ReportedState, Trade
from domain.orders import Side

ROW = {
    "nOrdNo": "250122000612876", "GuiOrdId": "nf7abc", "ordSt": "open", "stat": "Ok", "trdSym": "IDEA-EQ",
    "trnsTp": "S", "qty": 10, "fldQty": 3, "unFldSz": 7, "prc": "9.39", "avgPrc": "9.41", "rejRsn": "--",
    "exSeg": "nse_cm", "prod": "CNC", "updRecvTm": 1737536281933015920,
}  # fmt: skip
HEADER = (
    "pSymbol,pGroup,pExchSeg,pSymbolName,pTrdSymbol,pISIN,pDesc,dTickSize ,lLotSize,lPrecision,dStrikePrice;,"
    "dHighPriceRange ,dLowPriceRange ,lFreezeQty"
)
IFB = "1485,EQ,nse_cm,IFBIND,IFBIND-EQ,INE559A01017,IFB INDUSTRIES LTD,5,1,2,-1,99045,66035,121151"
NIFTY = "26000,,nse_cm,NIFTY,NIFTY,,NIFTY,-1,1,2,-1,,,"


def book_row(**changes: Any) -> dict[str, Any]:
    return {**ROW, **changes}


def test_a_row_of_the_book_is_read_whole() -> None:
    report = rows.order_report(ROW)
    assert (report.broker_order_id, report.tag, report.symbol) == ("250122000612876", "nf7abc", "IDEA-EQ")
    assert (report.side, report.quantity, report.filled) == (Side.SELL, 10, 3)
    assert (report.price, report.average_price) == (Decimal("9.39"), Decimal("9.41"))
    assert (report.state, report.text, report.evidence) == (ReportedState.OPEN, "", ROW)


@pytest.mark.parametrize(("qty", "filled"), [("10", "3"), ("10.00", "3.0"), (10.0, 3), (10, "3")])
def test_numbers_are_read_in_whichever_type_they_come(qty: Any, filled: Any) -> None:
    report = rows.order_report(book_row(qty=qty, fldQty=filled))
    assert (report.quantity, report.filled) == (10, 3)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("open", ReportedState.OPEN),
        ("  Trigger   Pending ", ReportedState.OPEN),
        ("modified", ReportedState.OPEN),
        ("not modified", ReportedState.OPEN),
        ("modify pending", ReportedState.OPEN),
        ("modify validation pending", ReportedState.OPEN),
        ("cancel pending", ReportedState.OPEN),
        ("not cancelled", ReportedState.OPEN),
        ("put order req received", ReportedState.PENDING),
        ("validation pending", ReportedState.PENDING),
        ("open pending", ReportedState.PENDING),
        ("after market order req received", ReportedState.PENDING),
        ("never heard of", ReportedState.PENDING),
        ("COMPLETE", ReportedState.COMPLETE),
        ("traded", ReportedState.COMPLETE),
        ("executed", ReportedState.COMPLETE),
        ("rejected", ReportedState.REJECTED),
        ("cancelled", ReportedState.CANCELLED),
        ("canceled", ReportedState.CANCELLED),
        ("cancelled after market order", ReportedState.CANCELLED),
    ],
)
def test_every_status_has_its_state_and_a_new_one_is_pending(status: str, state: ReportedState) -> None:
    assert rows.order_report(book_row(ordSt=status)).state is state


def test_the_older_status_field_counts_only_where_the_newer_is_missing() -> None:
    assert rows.reported_state({"stat": "complete"}) is ReportedState.COMPLETE
    assert rows.reported_state({"ordSt": "open", "stat": "complete"}) is ReportedState.OPEN
    assert rows.reported_state({}) is ReportedState.PENDING


def test_a_reason_is_only_read_from_a_rejected_order() -> None:
    assert rows.order_report(book_row(ordSt="rejected", rejRsn="RMS:Margin")).text == "RMS:Margin"
    assert rows.order_report(book_row(ordSt="open", rejRsn="RMS:Margin")).text == ""
    assert rows.order_report(book_row(ordSt="rejected")).text == ""


def test_nothing_filled_has_no_average_price() -> None:
    assert rows.order_report(book_row(avgPrc="0.00")).average_price is None
    assert rows.order_report(book_row(avgPrc=None)).average_price is None


def test_a_row_without_a_tag_is_somebody_elses_order_not_a_broken_row() -> None:
    assert rows.order_report({key: value for key, value in ROW.items() if key != "GuiOrdId"}).tag == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"nOrdNo": None}, {"nOrdNo": ""}, {"trdSym": 1.5}, {"trnsTp": "X"}, {"qty": "ten"}, {"qty": None}, {"qty": 1.5},
        {"fldQty": True}, {"fldQty": float("inf")}, {"fldQty": "1e999999999"}, {"prc": "NaN"}, {"prc": []},
        {"qty": "9" * 5000},
    ],
)  # fmt: skip
def test_a_row_that_makes_no_sense_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        rows.order_report(book_row(**changes))


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(changes=st.dictionaries(st.sampled_from(sorted(ROW)), anything))
def test_a_row_is_either_read_or_malformed(changes: dict[str, Any]) -> None:
    for parse in (rows.order_report, rows.trade, rows.holding, rows.quote):
        try:
            parse(book_row(**changes))
        except Malformed:
            continue


def test_a_fill_is_read_with_its_time_in_utc() -> None:
    row = {
        "flId": "207983744", "nOrdNo": "250122000612876", "trdSym": "IDEA-EQ", "trnsTp": "B", "fldQty": 1,
        "avgPrc": "9.39", "flDt": "22-Jan-2025", "flTm": "14:28:16", "qty": 0, "prc": "",
    }  # fmt: skip
    at = datetime(2025, 1, 22, 8, 58, 16, tzinfo=UTC)
    assert rows.trade(row) == Trade("207983744", "250122000612876", "IDEA-EQ", Side.BUY, 1, Decimal("9.39"), at)
    assert rows.trade({**row, "flTm": "--"}).at is None


def test_a_holding_is_known_by_the_exchanges_token() -> None:
    row = {
        "displaySymbol": "IDEA", "averagePrice": 9.5699, "quantity": 35, "exchangeSegment": "nse_cm",
        "exchangeIdentifier": "14366", "instrumentToken": 8658, "symbol": "IDEA", "sellableQuantity": 30,
    }  # fmt: skip
    assert rows.holding(row) == Holding("IDEA", "14366", 35, 30, Decimal("9.5699"))
    assert rows.holding({**row, "sellableQuantity": None}).sellable == 35


def test_a_quote_is_read_from_strings() -> None:
    row = {"exchange_token": "1333", "display_symbol": "HDFCBANK-EQ", "lstup_time": "1782374657", "ltp": "801.6000"}
    at = datetime.fromtimestamp(1782374657, UTC)
    assert rows.quote(row) == Quote("1333", "HDFCBANK-EQ", Decimal("801.6000"), at)
    assert rows.quote({**row, "lstup_time": ""}).at is None


def file(*lines: str) -> bytes:
    return "\n".join((HEADER, *lines, "")).encode()


def test_an_instrument_has_rupees_where_the_file_has_paise() -> None:
    (one,) = instruments(file(IFB, NIFTY))
    assert (one.symbol, one.token, one.name, one.series) == ("IFBIND-EQ", "1485", "IFB INDUSTRIES LTD", "EQ")
    assert (one.tick, one.lot, one.freeze_quantity) == (Decimal("0.05"), 1, 121151)
    assert (one.band_low, one.band_high, one.isin) == (Decimal("660.35"), Decimal("990.45"), "INE559A01017")


def test_missing_bands_and_freeze_are_none() -> None:
    (one,) = instruments(file(IFB.replace("99045,66035,121151", "0,-1,99999999")))
    assert (one.band_low, one.band_high, one.freeze_quantity) == (None, None, None)


def test_a_line_that_makes_no_sense_does_not_spoil_the_file() -> None:
    found = instruments(file("1,EQ,nse_cm", IFB.replace("IFBIND-EQ", ""), IFB))
    assert [one.token for one in found] == ["1485"]


@pytest.mark.parametrize("content", [b"", b"<html>", HEADER.encode(), file(NIFTY), file(IFB)[:-20], b"\xff\xfe"])
def test_a_file_without_instruments_or_cut_short_is_no_file(content: bytes) -> None:
    with pytest.raises(Malformed):
        instruments(content)


def test_the_cash_file_is_found_whatever_its_folder() -> None:
    paths = ["http://h/prod/2026/transformed/nse_fo.csv", "http://h/prod/transformed-v1/nse_cm-v1.csv"]
    assert cash_file(paths) == paths[1]
    for wrong in (None, [], [1, None], ["http://nse_cm.test/x.csv"]):
        with pytest.raises(Malformed):
            cash_file(wrong)


def test_evidence_is_plain_json() -> None:
    json.dumps(rows.order_report(ROW).evidence)
