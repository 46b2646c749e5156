"""`kotak check`: what it says of a broker that is as specified, of one that is not, and that it only ever reads.

The mutations to try: let a certain difference pass; place an order at the end; print the text of the credentials.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from kotak_peer import Handler, Peer, http

from broker.kotak_neo import Egress, KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.checking.specification import Mark
from broker.kotak_neo.checking.walk import Overheard, Step, Walk
from broker.simulator import Account, Simulator
from domain.clock import VirtualClock
from domain.tenure import Tenure
from domain.users import Credentials
from tests.commands import Commands

SYMBOL = "IFBIND-EQ"
CALLS = ["login", "validate", "client-ip", "limits", "holdings", "orders", "trades", "positions", "file-paths",
         "instruments", "quotes"]  # fmt: skip
ROW = {
    "nOrdNo": "250122000612876", "GuiOrdId": "nf7abc", "ordSt": "open", "trdSym": "IDEA-EQ", "tok": "14366", "qty": 10,
    "exSeg": "nse_cm", "trnsTp": "S", "prcTp": "L", "prod": "CNC", "vldt": "DAY", "rejRsn": "--", "exOrdId": "NA",
    "sym": "IDEA", "series": "EQ", "prc": "9.39", "avgPrc": "0.00", "trgPrc": "0.00", "fldQty": 0, "unFldSz": 10,
    "cnlQty": 0, "ordDtTm": "22-Jan-2025 14:28:05", "ordEntTm": "22-Jan-2025 14:28:01",
}  # fmt: skip
SESSION = {"token": "t" * 40, "sid": "s" * 36, "rid": "r" * 36, "ucc": "AB123", "status": "success",
           "dataCenter": "E43", "hsServerId": ""}  # fmt: skip


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture
def simulator(clock: VirtualClock) -> Iterator[Simulator]:
    with Simulator(clock=clock, holdings={SYMBOL: 1000}, open_delay=0.0) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands("postgresql://nobody@127.0.0.1:1/none", tmp_path, monkeypatch, capsys)


def credentials_of(person: Account) -> Credentials:
    return Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)


def walked(url: str, credentials: Credentials, clock: VirtualClock, egress: Egress | None = None) -> dict[str, Step]:
    overheard = Overheard()
    settings = KotakSettings(url, reads_per_second=0, calls_per_second=0)
    account = KotakAccount(credentials, settings, clock, egress, overheard)
    client = KotakNeo(account, Tenure(0, 1, "asha"), clock, settings, lambda: None)
    walk = Walk(client, overheard)
    steps = {str(step.call): step for step in walk.steps()}
    client.close()
    assert not walk.changed_anything()
    return steps


@contextmanager
def differing(clock: VirtualClock, **bodies: bytes) -> Iterator[dict[str, Step]]:
    """What is said of a broker that answers to calls with these bodies, and to others as if there was nothing."""

    def handle(peer: Peer, connection: Any, request: bytes) -> None:
        path = request.split(b" ")[1].decode()
        if "tradeApi" in path:
            data = {**SESSION, "kType": "View"}
            if path.endswith("Validate"):
                data |= {"kType": "Trade", "baseUrl": peer.url, "feedUrl": peer.url, "rtUrl": peer.url}
            connection.sendall(http(200, {"data": data}))
            return
        nothing = http(200, {"stat": "Not_Ok", "stCode": 5203, "errMsg": "No Data"})
        connection.sendall(next((body for end, body in bodies.items() if path.endswith(end)), nothing))

    with Peer(handle) as peer:
        yield walked(peer.url, Credentials("k" * 36, "+919876543210", "AB123", "654321", "JBSW" * 4), clock)


def good(*rows: dict[str, Any]) -> bytes:
    return http(200, {"stat": "Ok", "stCode": 200, "data": list(rows)})


def test_a_broker_as_specified_matches_in_everything(simulator: Simulator, clock: VirtualClock) -> None:
    steps = walked(simulator.url, credentials_of(simulator.accounts[0]), clock)
    assert list(steps) == CALLS
    told = [(name, step.failure, step.differing(mark)) for name, step in steps.items() for mark in Mark]
    assert [one for one in told if one[1] or one[2]] == []
    assert [step.comparison.new for step in steps.values()] == [()] * len(CALLS)
    assert (steps["holdings"].read, steps["quotes"].read) == ("1 holding", "1 quote")
    assert simulator.ledger()["orders"] == []


def test_rows_of_a_day_with_trades_match_as_well(simulator: Simulator, clock: VirtualClock) -> None:
    number = simulator.manual_order(simulator.accounts[0].ucc, "S", SYMBOL, 10, "900")
    clock.advance(1)
    simulator.fill(number, 4)
    steps = walked(simulator.url, credentials_of(simulator.accounts[0]), clock)
    assert [steps[name].read for name in ("orders", "trades", "positions")] == ["1 order", "1 trade", "1 position"]
    for name in ("orders", "trades", "positions"):
        assert (steps[name].differing(Mark.CERTAIN), steps[name].differing(Mark.LIKELY)) == ((), ())
        assert (steps[name].comparison.new, steps[name].comparison.note) == ((), "")


def test_the_same_row_by_hand_matches(clock: VirtualClock) -> None:
    with differing(clock, orders=good(ROW)) as steps:
        assert steps["orders"].passed


@pytest.mark.parametrize(
    ("change", "mark", "said"),
    [
        ({"rejRsn": None}, Mark.CERTAIN, "data[].rejRsn is null, not string"),
        ({"prc": 9.39}, Mark.CERTAIN, "data[].prc is number, not string"),
        ({"qty": "10"}, Mark.LIKELY, "data[].qty is string, not number"),
        ({"ordDtTm": "2025-01-22"}, Mark.CERTAIN, "data[].ordDtTm is not written as"),
    ],
)
def test_a_changed_type_is_told_with_its_mark(
    clock: VirtualClock, change: dict[str, Any], mark: Mark, said: str
) -> None:
    with differing(clock, orders=good({**ROW, **change})) as steps:
        (told,) = steps["orders"].differing(mark)
        assert told.startswith(said)
        assert steps["orders"].passed is (mark is not Mark.CERTAIN)


def test_missing_and_new_keys_are_told(clock: VirtualClock) -> None:
    row = {name: value for name, value in ROW.items() if name != "GuiOrdId"}
    with differing(clock, orders=good(ROW, {**row, "brandNew": 1})) as steps:
        assert steps["orders"].differing(Mark.CERTAIN) == ("data[].GuiOrdId is missing in some rows",)
        assert steps["orders"].comparison.new == ("data[].brandNew",)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (http(200, b"<html>maintenance</html>"), "a page, not JSON, 24 bytes"),
        (http(200, {"stat": "Not_Ok", "stCode": 9999, "errMsg": "new rule"}), "an error instead, code 9999: new rule"),
        (http(200, {"stat": "Ok", "stCode": 200, "data": {}}), "data is object"),
    ],
)
def test_what_is_no_report_is_told(clock: VirtualClock, body: bytes, said: str) -> None:
    with differing(clock, orders=body) as steps:
        assert not steps["orders"].passed
        assert steps["orders"].failure
        assert any(said in told for told in steps["orders"].differing(Mark.CERTAIN)) or said == "data is object"


def test_a_broker_that_does_not_answer_is_told(simulator: Simulator, clock: VirtualClock) -> None:
    simulator.fault("limits", "drop_before", times=None)
    steps = walked(simulator.url, credentials_of(simulator.accounts[0]), clock)
    assert "did not answer" in steps["limits"].failure
    assert [name for name, step in steps.items() if not step.passed] == ["limits"]


def test_a_wrong_address_ends_the_walk_and_says_so(simulator: Simulator, clock: VirtualClock) -> None:
    simulator.translate({"127.0.0.2": "203.0.113.7"})
    steps = walked(simulator.url, credentials_of(simulator.accounts[0]), clock, Egress(("127.0.0.2",)))
    assert list(steps) == ["login", "validate", "client-ip"]
    assert [step.passed for step in steps.values()] == [True, True, False]
    assert "come from 203.0.113.7" in steps["client-ip"].failure


@contextmanager
def real_time() -> Iterator[tuple[Simulator, dict[str, str]]]:
    with Simulator(holdings={SYMBOL: 10}) as simulator:
        person = simulator.accounts[0]
        fields = {"consumer_key": person.consumer_key, "mobile": person.mobile, "ucc": person.ucc}
        yield simulator, {**fields, "mpin": person.mpin, "totp_secret": person.totp_secret}


def test_the_verb_needs_no_database_and_tells_no_secret(cli: Commands) -> None:
    with real_time() as (simulator, fields):
        folder = cli.home / "recording"
        cli.set(NINEFIFTEEN_RECORD=str(folder))
        done = cli("kotak", "check", "--credentials", cli.credentials(**fields), "--url", simulator.url, "--json")
        said = cli(
            "kotak",
            "check",
            "--credentials",
            cli.credentials(**fields),
            "--egress",
            "127.0.0.1",
            "--url",
            simulator.url,
        )
    assert (done.code, done.json["passed"], [step["call"] for step in done.json["steps"]]) == (0, True, CALLS)
    assert said.code == 0
    assert "All that is certain matched" in said.out
    everything = done.out + done.err + said.out + said.err + "".join(path.read_text() for path in folder.iterdir())
    assert [name for name, value in fields.items() if value in everything] == []
    assert {json.loads(line)["call"] for path in folder.iterdir() for line in path.read_text().splitlines()} == set(
        CALLS
    )


def test_a_wrong_mpin_is_one_attempt_and_exit_1(cli: Commands) -> None:
    with real_time() as (simulator, fields):
        done = cli(
            "kotak", "check", "--credentials", cli.credentials(**fields | {"mpin": "000000"}), "--url", simulator.url
        )
    assert done.code == 1
    assert "the broker refused the login (MPIN), HTTP 401: Invalid MPIN." in done.out
    assert "Failed: validate" in done.out
    assert "user set-credentials" not in done.out


BAD: list[tuple[Callable[[Commands], tuple[str, ...]], int, str]] = [
    (lambda cli: ("--credentials", str(cli.home / "none.json")), 3, "cannot be read"),
    (lambda cli: ("--credentials", cli.credentials(mpin=None)), 3, "cannot be used"),
    (lambda cli: ("--credentials", cli.credentials(), "--egress", "nowhere"), 3, "not one IPv4 address"),
    (lambda cli: ("--credentials", cli.credentials(), "--url", "kotak"), 3, "is not a URL"),
    (
        lambda cli: ("--credentials", cli.credentials(), "--url", "http://kotak.example"),
        6,
        "only https is allowed",
    ),
]


@pytest.mark.parametrize(("words", "code", "said"), BAD)
def test_what_cannot_be_checked_is_a_sentence(
    cli: Commands, words: Callable[[Commands], tuple[str, ...]], code: int, said: str
) -> None:
    done = cli("kotak", "check", *words(cli))
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_a_base_url_beyond_this_machine_is_not_followed(cli: Commands) -> None:
    def elsewhere() -> Handler:
        def handle(peer: Peer, connection: Any, request: bytes) -> None:
            connection.sendall(http(200, {"data": {**SESSION, "baseUrl": "https://192.0.2.1/x"}}))

        return handle

    with Peer(elsewhere()) as peer:
        done = cli("kotak", "check", "--credentials", cli.credentials(), "--url", peer.url)
    assert (done.code, peer.paths) == (6, ["/login/1.0/tradeApiLogin", "/login/1.0/tradeApiValidate"])
