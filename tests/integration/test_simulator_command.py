"""`run.py simulator` as its users type it: https for a name, and one sentence for what makes no sense.

The mutation to try: have run.py import cli.app for the simulator, too, or let load_cert_chain ask for a password.
"""

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization import load_pem_private_key as load_key
from kotak_peer import tls_of
from official_sdk import quiet

from cli.app import main
from cli.simulate import main as alone
from tests.commands import ROOT

NAME = "sim.example"
Start = Callable[..., dict[str, Any]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts it with these words; what its first line says."""
    running: list[subprocess.Popen[str]] = []

    def started(*words: str) -> dict[str, Any]:
        line = [sys.executable, str(ROOT / "run.py"), "simulator", *words]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        hello: dict[str, Any] = json.loads(process.stdout.readline())
        return hello

    yield started
    for process in running:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Types it; how it ends and what it says."""

    def typed(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["run.py", "simulator", *words])
        with pytest.raises(SystemExit) as ended:
            alone()
        return int(ended.value.code or 0), capsys.readouterr().err

    return typed


def test_a_client_that_trusts_the_certificate_is_answered_at_the_name(start: Start, tmp_path: Path) -> None:
    _, file = tls_of(tmp_path, NAME)
    hello = start("--certificate", str(file), "--name", NAME, "--accounts", "1")
    scheme, host, port = re.fullmatch(r"(\w+)://(.*):(\d+)", hello["url"]).groups()  # type: ignore[union-attr]
    assert (scheme, host) == ("https", NAME)
    plain = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
    with ssl.create_default_context(cafile=str(file)).wrap_socket(plain, server_hostname=NAME) as secure:
        secure.sendall(f"GET /control/accounts HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secure.recv(65_536), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2]) == {"accounts": hello["accounts"]}


def test_the_example_of_the_page_logs_in_and_places_an_order(start: Start, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^python run.py simulator --port 8915 (.*)$", page, re.MULTILINE)
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "NeoAPI" in code)
    url = start(*command.split())["url"]
    assert example.count("http://127.0.0.1:8915") == 1
    done = subprocess.run(
        [sys.executable, "-c", example.replace("http://127.0.0.1:8915", url)],
        cwd=tmp_path,
        env=os.environ | quiet(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    number, state = done.stdout.split(maxsplit=1)
    (order,) = requests.get(f"{url}/control/ledger", timeout=5).json()["orders"]
    assert (order["order"], order["symbol"], order["quantity"], order["side"]) == (number, "IFBIND-EQ", 10, "SELL")
    assert state.strip() in ("put order req received", "validation pending", "open pending", "open")


def locked(folder: Path) -> Path:
    """A certificate whose key is under a password."""
    pem = tls_of(folder)[1].read_bytes()
    key = load_key(pem, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    file = folder / "locked.pem"
    file.write_bytes(key + pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    return file


def test_a_file_that_is_no_certificate_is_said_so_and_nobody_is_asked_for_a_password(
    refused: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    bare = tmp_path / "bare.pem"
    bare.write_bytes(tls_of(tmp_path)[1].read_bytes().partition(b"-----BEGIN CERTIFICATE")[0])
    for file in (ROOT / "setup.cfg", bare, locked(tmp_path)):
        code, said = refused("--certificate", str(file))
        assert code == 3
        assert said == (
            f"ninefifteen: The simulator cannot start: {file} is not a certificate in PEM with its private key below"
            " it, without a password.\n"
        )
    assert refused("--certificate", str(tmp_path / "none.pem")) == (
        6,
        f"ninefifteen: The file {tmp_path / 'none.pem'} cannot be read: No such file or directory.\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--day-length", "60"), "--day-length needs --open-in SECONDS: when the bell rings"),
        (("--walk-every", "60"), "--walk-every needs --walk PERCENT"),
        (("--walk", "-3"), "not a walk: -3.0 % every 1.0 s"),
        (("--open-in", "inf"), "open_in is 0 to 10000000 seconds, not inf."),
        (("--name", "https://x"), "'https://x' is no name of a host; write it without scheme and port"),
        (
            ("--holding", "NOPE-EQ=1"),
            "the holding NOPE-EQ=1: no instrument NOPE-EQ; the instrument file has 43, written",
        ),
        (("--holding", "NOPE-EQ"), "--holding NOPE-EQ cannot be read; write SYMBOL=SHARES"),
        (("--instruments", "{wrong}"), "wrong.csv cannot be read: columns missing: dHighPriceRange, "),
        (("--instruments", "{binary}"), "binary.csv cannot be read: it is no text; take the broker's file of NSE cash"),
        (("--instruments", "{cut}"), "cut.csv cannot be read: line 3 has 'x' in the column dTickSize;"),
        (("--prices", "{binary}"), "binary.csv is no text; write a price script as CSV in UTF-8."),
        (("--prices", "{wrong}"), "wrong.csv: the price script cannot be played: columns missing: when, symbol, price"),
        (("--prices", "{bad}"), "bad.csv: the price script cannot be played: line 2 has 'abc' for price, which is"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    refused: Callable[..., tuple[int, str]], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    whole = (ROOT / "broker" / "simulator" / "instruments.csv").read_text().splitlines()
    files = {
        "wrong": b"a,b\n1,2\n",
        "binary": b"\xff\xfe\x00",
        "cut": "\n".join((*whole[:2], whole[2].replace(",,,5,1,-1", ",,,x,1,-1"))).encode(),
        "bad": b"when,symbol,price,liquidity\n+5,IFBIND-EQ,abc,\n",
    }
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
    code, told = refused(*(word.format(**{name: tmp_path / f"{name}.csv" for name in files}) for word in words))
    assert (code, said in told, told.count("\n")) == (3, True, 1), told


def test_it_starts_without_what_it_does_not_need() -> None:
    """All verbs take four times as long to import as the simulator to start."""
    words = "import sys, runpy; sys.argv = ['run.py', 'simulator', '--port', 'x']\n"
    words += "try: runpy.run_path('run.py', run_name='__main__')\n"
    words += "except SystemExit: print(sorted({'sqlalchemy', 'alembic', 'psycopg', 'requests'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_alone_and_among_the_other_verbs_it_has_the_same_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["run.py", "simulator", "--help"])
    told = []
    for run in (main, alone):
        with pytest.raises(SystemExit):
            run()
        told.append(capsys.readouterr().out)
    assert told[0] == told[1] != ""
