"""What the recorder writes: no secret in any dress, private files, bounded, and never at a call's expense.

The mutations to try: leave out `learn_from`; leave out `_IN_JSON`; make the file 0644; let `take` wait for room.
"""

import base64
import html
import json
import logging
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg
import pytest
from cryptography.fernet import Fernet
from kotak_peer import Handler, Peer, answering, dropping, http

from broker.kotak_neo import KotakAccount, KotakNeo, KotakSettings
from broker.kotak_neo.recording.line import KEPT_OF_LONGER, LONGEST
from broker.kotak_neo.recording.recorder import Recorder
from broker.kotak_neo.tap import Ended, Heard
from broker.kotak_neo.wire import Answer, Ask
from broker.simulator import Simulator
from cli.kotak_lines import kotak_settings, open_recorder
from cli.tenant_factory import TenantFactory
from cli.times import Times
from domain.book import NewOrder
from domain.clock import VirtualClock
from domain.errors import BrokerUnavailable, NotAllowed
from domain.market import ExchangeCalendar
from domain.orders import Side
from domain.tenure import Tenure
from domain.users import Credentials
from repositories.vault import Vault
from settings import Settings
from tests.supervision import Stage

KEY = "ec6a746c-e44b-455e-abf2-c13352b2fc45"
MPIN, UCC, MOBILE, TOTP_SECRET = "975318", "QX7Z9", "+919812345670", "JBSWY3DPEHPK3PXPJBSW"
PROXY_PASSWORD = "pa55/w:rd+Strong"
CREDENTIALS = Credentials(KEY, MOBILE, UCC, MPIN, TOTP_SECRET)
WITH_PROXY = Credentials(
    KEY, MOBILE, UCC, MPIN, TOTP_SECRET, f"http://squid-user:{quote(PROXY_PASSWORD, safe='')}@127.0.0.1:9"
)
VIEW_TOKEN, VIEW_SID, VIEW_RID = "viewT0ken-not-a-jwt/with+signs==", "v-sid-8812-aa", "v-rid-7733-bb"
SID, RID, SERVER = "trade-sid-5519-cc", "trade-rid-1199-dd", "server-id-31415"
PAN, ADDRESS = "ABCDE1234F", "203.0.113.77"
MOMENT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def jwt(**claims: object) -> str:
    parts = ({"alg": "HS256"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*coded, "c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"])


TOKEN = jwt(sub=UCC, key=KEY, mobile=MOBILE)
SECRETS = {
    "consumer key": KEY, "mpin": MPIN, "ucc": UCC, "mobile": MOBILE, "ten digits": MOBILE[-10:], "totp": TOTP_SECRET,
    "proxy password": PROXY_PASSWORD, "proxy user": "squid-user", "view token": VIEW_TOKEN, "view sid": VIEW_SID,
    "view rid": VIEW_RID, "trade token": TOKEN, "sid": SID, "rid": RID, "server": SERVER, "pan": PAN,
    "name": "RAHUL SHARMA",
}  # fmt: skip


def dresses(secret: str, sought: bool = False) -> set[str]:
    """How a secret may be written; what is `sought` of base64 is its middle, whatever stands around it."""
    plain = {
        secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret),
        "".join(f"\\u{ord(char):04x}" for char in secret), "".join(f"%{ord(char):02X}" for char in secret),
    }  # fmt: skip
    if len(secret) >= 8:
        plain |= {secret.encode().hex()}
        coded = [base64.b64encode(b"x" * lead + secret.encode() + b"yy").decode() for lead in range(3)]
        plain |= {code[4:-8] for code in coded if len(code) >= 20} if sought else set(coded)
    return plain


def view() -> dict[str, Any]:
    return {"token": VIEW_TOKEN, "sid": VIEW_SID, "rid": VIEW_RID, "ucc": UCC, "kId": PAN, "kType": "View",
            "hsServerId": SERVER, "greetingName": "RAHUL SHARMA"}  # fmt: skip


def trade(base_url: str) -> dict[str, Any]:
    return {**view(), "token": TOKEN, "sid": SID, "rid": RID, "kType": "Trade", "baseUrl": base_url}


def everywhere() -> dict[str, Any]:
    """An order book in which a careless broker repeats every secret, in every dress and place."""
    told = {
        f"dressed{number}": form for number, form in enumerate(sorted(x for s in SECRETS.values() for x in dresses(s)))
    }
    nested = json.dumps({"token": "never-seen-before-1", "deep": json.dumps({"sid": "never-seen-before-2"})})
    link = f"https://u:{quote_plus(PROXY_PASSWORD)}@host/path?sid={SID}&token=never-seen-before-3&ok=1"
    row = {
        "nOrdNo": "261123000000001",
        "actId": UCC,
        "usrId": PAN,
        "GuiOrdId": f"1692003432-914891-{PAN}-ADMINAPI",
        "from": ADDRESS,
    }
    secret_numbers = {"pin": int(MPIN), "ucc": 12345}
    return {"stat": "Ok", "stCode": 200, "data": [{**row, "nested": nested, "link": link, **secret_numbers, **told}]}


@contextmanager
def recording(folder: Path, handle: Handler, credentials: Credentials = CREDENTIALS) -> Iterator[tuple[Peer, KotakNeo]]:
    clock = VirtualClock(MOMENT)
    recorder = Recorder(folder)
    with Peer(handle) as peer:
        settings = KotakSettings(peer.url, reads_per_second=0)
        account = KotakAccount(credentials, settings, clock, tap=recorder.tap(credentials))
        client = KotakNeo(account, Tenure(1, 1, "asha"), clock, settings, lambda: None)
        yield peer, client
        client.close()
    recorder.close()


def text_of(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.iterdir())


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text_of(folder).splitlines()]


def secrets_in(text: str) -> list[str]:
    """Which secrets can be found, and how they were written."""
    folded = text.lower()
    return [f"{name}: {form}" for name, secret in SECRETS.items() for form in dresses(secret, sought=True)
            if form.lower() in folded or form.lower() in folded.replace("\\\\", "\\")]  # fmt: skip


def test_no_secret_is_in_a_recording_wherever_a_broker_puts_it(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    codes: list[str] = []

    def handle(peer: Peer, connection: Any, request: bytes) -> None:
        body = request.partition(b"\r\n\r\n")[2]
        path = request.split(b" ")[1].decode()
        cookies = {"Set_Cookie": f"sid={SID}", "X_Debug": TOKEN, "Server": f"edge {KEY}"}
        if path.endswith("tradeApiLogin"):
            codes.append(json.loads(body)["totp"])
            connection.sendall(http(200, {"data": view()}, **cookies))
        elif path.endswith("tradeApiValidate"):
            base = f"{peer.url}/xyz/{SID}/{quote(KEY)}?sId={SID}"
            connection.sendall(http(200, {"data": trade(base)}, **cookies))
        elif "orders" in request.decode():
            connection.sendall(http(200, everywhere(), **cookies))
        elif "holdings" in request.decode():
            connection.sendall(http(502, f"<html>{TOKEN} {ADDRESS} {html.escape(PROXY_PASSWORD)}</html>".encode()))
        else:
            cut = json.dumps(everywhere())[:-40].encode()
            connection.sendall(http(200, cut, **cookies))

    with recording(folder, handle, Credentials(KEY, MOBILE, UCC, MPIN, TOTP_SECRET)) as (_, client):
        client.login()
        client.order_book()
        for look in (client.holdings, client.trades, client.client_address, client.funds):
            with pytest.raises(BrokerUnavailable):
                look()
    text = text_of(folder)
    known = {name for name in SECRETS if not name.startswith("proxy")}
    assert [found for found in secrets_in(text) if found.partition(":")[0] in known] == []
    assert [codes[0] in text, ADDRESS in text, "never-seen-before" in text, "squid" in text] == [False] * 3 + [True]
    kept = {line["call"]: line["body"] for line in lines_of(folder)}
    assert {"login", "validate", "holdings", "trades", "limits"} < kept.keys()
    assert json.loads(kept["orders"])["data"][0]["nOrdNo"] == "261123000000001"


def test_the_secrets_of_a_proxy_are_hidden_as_well(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recording")
    body = json.dumps(everywhere()).encode()
    ask = Ask("GET", f"http://127.0.0.1/x?token={KEY}&a=1", {"Auth": TOKEN, "Sid": SID})
    recorder.tap(WITH_PROXY).heard(Heard(ask, MOMENT, MOMENT, Answer(200, body)))
    recorder.close()
    hidden = {"proxy password", "proxy user", "consumer key", "mpin", "ucc", "mobile", "totp", "trade token", "sid"}
    assert [found for found in secrets_in(text_of(tmp_path / "recording")) if found.partition(":")[0] in hidden] == []


@pytest.mark.parametrize(
    "body", [b'{"data":{"token":"viewT0ken-not-a-jwt/with', b"<html>viewT0ken-not-a-jwt/with</html>"]
)
def test_a_login_that_cannot_be_read_shows_no_token(tmp_path: Path, body: bytes) -> None:
    with (
        recording(tmp_path / "recording", answering(http(200, body))) as (_, client),
        pytest.raises(BrokerUnavailable),
    ):
        client.login()
    assert "viewT0ken" not in text_of(tmp_path / "recording")
    assert lines_of(tmp_path / "recording")[0]["judged"] == "failed: refused or unreadable"


def test_a_name_is_hidden_after_any_number_of_logins(tmp_path: Path) -> None:
    """The same in each login's answer, among tokens that are new in each. Catches: forgetting the oldest first seen."""
    folder, logins = tmp_path / "recording", iter(range(1000))

    def handle(peer: Peer, connection: Any, request: bytes) -> None:
        path, number = request.split(b" ")[1].decode(), next(logins)
        new = {name: f"{name}-of-answer-{number}" for name in ("token", "sid", "rid", "hsServerId", "searchAPIKey")}
        if path.startswith("/login"):
            connection.sendall(http(200, {"data": {**trade(peer.url), **new}}))
        else:
            told = {"stat": "Ok", "stCode": 200, "data": [], "clientName": "RAHUL SHARMA", "ref": KEY[::-1]}
            connection.sendall(http(200, told))

    with recording(folder, handle) as (_, client):
        for _ in range(4):
            client.login()
            with suppress(BrokerUnavailable):
                client.order_book()
            client._account.drop(client._account.session())
            client._account._clock.advance(61)
    bodies = [line["body"] for line in lines_of(folder) if line["call"] == "orders"]
    assert len(bodies) == 4
    assert not [body for body in bodies if "RAHUL" in body]
    assert secrets_in(text_of(folder)) == []


def test_what_is_no_secret_stays_as_the_broker_wrote_it(tmp_path: Path) -> None:
    body = b'{"stat":"Ok", "data":[{"nOrdNo":"261123000975318","GuiOrdId":"nf7abc","prc":9.3900,"qty":10, "qty":11}]}'
    recorder = Recorder(tmp_path / "recording")
    recorder.tap(CREDENTIALS).heard(
        Heard(Ask("GET", "http://127.0.0.1/quick/user/orders"), MOMENT, MOMENT, Answer(200, body))
    )
    recorder.close()
    (line,) = lines_of(tmp_path / "recording")
    assert (line["body"].encode(), line["call"], line["at"]) == (body, "orders", "2026-11-23T09:30:00.000+05:30")


def test_each_end_of_an_exchange_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    with recording(folder, dropping) as (peer, client):
        with pytest.raises(BrokerUnavailable):
            client.login()
        peer.__exit__()
        client.close()
        client._exchange._clock.advance(60)  # type: ignore[attr-defined]
        with pytest.raises(BrokerUnavailable):
            client.login()
    ended = [line["ended"] for line in lines_of(folder)]
    assert (ended[0], ended[-1], set(ended)) == (Ended.CUT, Ended.NOTHING_SENT, {Ended.CUT, Ended.NOTHING_SENT})
    assert all(line["why"] and "body" not in line for line in lines_of(folder))


def test_files_are_private_and_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "recording"
    with recording(folder, answering(http(500))) as (_, client), pytest.raises(BrokerUnavailable):
        client.login()
    (file,) = folder.iterdir()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, file)] == [0o700, 0o600]
    assert file.name.startswith("kotak-2026-11-23-")
    folder.chmod(0o755)
    with pytest.raises(NotAllowed, match="Others can look into"):
        Recorder(folder)


def test_a_new_day_begins_a_new_file(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recording")
    tap = recorder.tap(CREDENTIALS)
    for moment in (datetime(2026, 11, 23, 18, 29, tzinfo=UTC), datetime(2026, 11, 23, 18, 31, tzinfo=UTC)):
        tap.heard(Heard(Ask("GET", "http://127.0.0.1/x"), moment, moment, Answer(200, b"{}")))
    recorder.close()
    assert sorted(path.name[:16] for path in (tmp_path / "recording").iterdir()) == [
        "kotak-2026-11-23",
        "kotak-2026-11-24",
    ]


def test_a_recording_stops_aloud_at_its_bound(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "recording"
    recorder = Recorder(folder, largest=20_000)
    tap = recorder.tap(CREDENTIALS)
    for _ in range(50):
        tap.heard(
            Heard(Ask("GET", "http://127.0.0.1/x"), MOMENT, MOMENT, Answer(200, b'{"a": "' + b"z " * 500 + b'"}'))
        )
    recorder.close()
    assert 10_000 < sum(path.stat().st_size for path in folder.iterdir()) <= 20_000
    assert [record.levelno for record in caplog.records if "nothing more is recorded" in record.message] == [
        logging.WARNING
    ]


def test_a_disk_that_takes_nothing_is_one_warning_and_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "recording"
    clock = VirtualClock(MOMENT)
    recorder = Recorder(folder)
    folder.rmdir()
    with Simulator(clock=clock, holdings={"IFBIND-EQ": 10}) as simulator:
        person = simulator.accounts[0]
        credentials = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        settings = KotakSettings(simulator.url)
        account = KotakAccount(credentials, settings, clock, tap=recorder.tap(credentials))
        client = KotakNeo(account, Tenure(1, 1, "asha"), clock, settings, lambda: None)
        client.login()
        assert [len(client.holdings()), client.order_book().rows] == [1, ()]
        client.close()
    recorder.close()
    assert sum("not recorded" in record.message for record in caplog.records) == 1


def test_more_than_can_be_kept_is_counted_and_nobody_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder(tmp_path / "recording")
    tap = recorder.tap(CREDENTIALS)
    exchange = Heard(Ask("GET", "http://127.0.0.1/x"), MOMENT, MOMENT, Answer(200, b'{"a": "' + b"z " * 500 + b'"}'))
    for _ in range(10_000):
        tap.heard(exchange)
    recorder.close(60)
    lines = lines_of(tmp_path / "recording")
    told = sum(line.get("lost_before", 0) for line in lines)
    told += sum(int(record.args[0]) for record in caplog.records if record.args and "were not" in record.message)  # type: ignore[index, arg-type]
    assert 0 < len(lines) < 10_000
    assert len(lines) + told == 10_000


def test_several_threads_write_whole_lines(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recording")

    def talk(tap: Any) -> None:
        for number in range(50):
            tap.heard(Heard(Ask("GET", f"http://127.0.0.1/{number}"), MOMENT, MOMENT, Answer(200, b'{"a":1}')))

    threads = [threading.Thread(target=talk, args=(recorder.tap(CREDENTIALS),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    lines = lines_of(tmp_path / "recording")
    assert len({(line["account"], line["path"]) for line in lines}) == len(lines) == 400


def test_of_a_long_body_the_first_lines_are_kept(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "recording")
    body = b"pSymbol,pTrdSymbol\n" + b"1485,IFBIND-EQ\n" * (LONGEST // 10)
    ask = Ask("GET", "http://127.0.0.1/prod/nse_cm-v1.csv")
    recorder.tap(CREDENTIALS).heard(Heard(ask, MOMENT, MOMENT, Answer(200, body)))
    recorder.close()
    (line,) = lines_of(tmp_path / "recording")
    assert line["body_cut_from"] == len(body)
    assert KEPT_OF_LONGER - 20 < len(line["body"]) <= KEPT_OF_LONGER
    assert line["body"].endswith("IFBIND-EQ\n")


def test_nothing_is_recorded_unless_somebody_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_recorder(Settings()) is None
    assert KotakAccount(CREDENTIALS, KotakSettings("http://127.0.0.1"), VirtualClock(MOMENT)).tap is None
    monkeypatch.setenv("NINEFIFTEEN_RECORD", str(tmp_path / "recording"))
    recorder = open_recorder(Settings())
    assert recorder is not None
    recorder.close()


def test_an_order_is_recorded_with_its_tag_and_the_judgement_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    base = ""

    def handle(peer: Peer, connection: Any, request: bytes) -> None:
        path = request.split(b" ")[1].decode()
        if path.endswith("place"):
            connection.sendall(http(400, {"stat": "Not_Ok", "stCode": 1009, "errMsg": "please provide valid quantity"}))
        else:
            connection.sendall(http(200, {"data": trade(peer.url + base)}))

    with recording(folder, handle) as (_, client):
        client.login()
        client.place(NewOrder("nf7abc", "IDEA-EQ", Side.SELL, 10, Decimal("9.40")), 1e9)
    line = lines_of(folder)[-1]
    assert (line["judged"], line["status"], json.loads(line["sent_form"]["jData"])["ig"]) == (
        "refused (1009)",
        400,
        "nf7abc",
    )


def test_the_service_records_an_account_also_after_its_credentials_changed(
    stage: Stage, clock: VirtualClock, psql: psycopg.Connection, tmp_path: Path
) -> None:
    vault = Vault([Fernet.generate_key().decode()])
    with Simulator(clock=clock) as simulator:
        person = simulator.accounts[0]
        right = Credentials(person.consumer_key, person.mobile, person.ucc, person.mpin, person.totp_secret)
        settings = Settings(kotak_url=simulator.url, record=tmp_path / "recording", kotak_order_feed=False)
        how = kotak_settings(settings, Times.of(settings))
        psql.execute("INSERT INTO credentials (user_id, sealed) VALUES (1, 'none yet')")
        with closing(TenantFactory(stage.rows.database, vault, clock, ExchangeCalendar(), settings)) as factory:
            for credentials in (replace(right, mpin="000000"), right):
                psql.execute("UPDATE credentials SET sealed = %s WHERE user_id = 1", (vault.seal(credentials),))
                broker = KotakNeo(
                    factory._kotak.reader(1, Tenure(1, 1, "asha"))[0], Tenure(1, 1, "asha"), clock, how, lambda: None
                )
                with closing(broker), suppress(BrokerUnavailable):
                    broker.login()
                clock.advance(61)
    judged = [(line["account"], line["call"], line["judged"]) for line in lines_of(tmp_path / "recording")]
    assert judged == [(1, "login", "granted"), (1, "validate", "refused"),
                      (2, "login", "granted"), (2, "validate", "granted")]  # fmt: skip
