"""What `kotak check` says where a step failed: whose address, which URL, which file, and what to do about it.

The mutations to try: hide the addresses of every failure; compare the answer to a refused login all the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.simulator import Simulator
from tests.commands import Commands

NOWHERE = "http://127.0.0.1:9"
NOT_OURS = "203.0.113.7"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands("postgresql://nobody@127.0.0.1:1/none", tmp_path, monkeypatch, capsys)


@contextmanager
def real_time() -> Iterator[tuple[Simulator, dict[str, str]]]:
    with Simulator(holdings={"IFBIND-EQ": 10}) as simulator:
        person = simulator.accounts[0]
        fields = {"consumer_key": person.consumer_key, "mobile": person.mobile, "ucc": person.ucc}
        yield simulator, {**fields, "mpin": person.mpin, "totp_secret": person.totp_secret}


def test_an_address_that_cannot_be_bound_is_named_and_the_option_with_it(cli: Commands) -> None:
    done = cli("kotak", "check", "--credentials", cli.credentials(), "--url", NOWHERE, "--egress", NOT_OURS)
    assert done.code == 1
    assert f"{NOT_OURS} cannot be bound (Cannot assign requested address)." in done.out
    assert "name another one: --egress IPV4" in done.out
    assert all(word not in done.out for word in ("192.0.2.1", "set-egress", "the account ADDRESS"))


def test_an_address_that_the_broker_does_not_see_is_told_with_the_one_it_sees(cli: Commands) -> None:
    with real_time() as (simulator, fields):
        simulator.translate({"127.0.0.2": NOT_OURS})
        words = ("--credentials", cli.credentials(**fields), "--url", simulator.url, "--egress", "127.0.0.2")
        done = cli("kotak", "check", *words)
    assert f"come from {NOT_OURS}, and its address is 127.0.0.2." in done.out
    assert "set-egress" not in done.out


def test_a_dead_broker_is_named(cli: Commands) -> None:
    done = cli("kotak", "check", "--credentials", cli.credentials(), "--url", NOWHERE)
    assert done.code == 1
    assert f"See that {NOWHERE} can be reached from here, then check again." in done.out
    assert "Failed: login. Nothing was placed" in done.out
    assert all(word not in done.out for word in ("Not as specified", "less certain", "; \n"))


def test_a_dead_proxy_is_named_without_its_password(cli: Commands) -> None:
    file = cli.credentials(proxy_url="http://asha:s3cret-word@127.0.0.1:9")
    done = cli("kotak", "check", "--credentials", file, "--url", NOWHERE, "--egress", "127.0.0.1")
    assert f"the proxy 127.0.0.1:9 (proxy_url of the credentials), and {NOWHERE} behind it" in done.out
    assert "s3cret-word" not in done.out + done.err


def test_refused_credentials_are_no_difference_and_the_file_is_named(cli: Commands) -> None:
    with real_time() as (simulator, fields):
        file = cli.credentials(**fields | {"mpin": "000000"})
        done = cli("kotak", "check", "--credentials", file, "--url", simulator.url)
    assert done.code == 1
    assert f"Correct {file}, then check again" in done.out
    assert "HTTP status 401, not 200" not in done.out
    assert "Failed: validate." in done.out


def test_what_is_no_url_is_told_as_it_was_given(cli: Commands) -> None:
    done = cli("kotak", "check", "--credentials", cli.credentials(), "--url", "nonsense")
    assert (done.code, "--url nonsense is not a URL" in done.err) == (3, True)
    cli.set(NINEFIFTEEN_KOTAK_URL="nonsense")
    assert (
        "NINEFIFTEEN_KOTAK_URL=nonsense is not a URL" in cli("kotak", "check", "--credentials", cli.credentials()).err
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('{"mpin": "246813",\n "ucc" "AB123"}', "they are not JSON (line 2, column 8: Expecting ':' delimiter)"),
        ("", "they are not JSON: there is nothing in them"),
        ('["246813"]', "they must be a JSON object with the fields"),
    ],
)
def test_a_broken_file_of_credentials_is_told_by_line_and_column(cli: Commands, written: str, said: str) -> None:
    file = cli.home / "broken.json"
    file.write_text(written)
    done = cli("kotak", "check", "--credentials", str(file), "--url", NOWHERE)
    assert done.code == 3
    assert f"The credentials in {file} cannot be used: {said}" in done.err
    assert "246813" not in done.err
