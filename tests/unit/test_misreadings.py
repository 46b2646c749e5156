"""What the command line and the settings say of a word that cannot be read: words of ours, not a library's."""

from pathlib import Path

import pytest

from tests.commands import Commands

FOREIGN = ("Input should", "Value error", "unable to", "octets", "formats")


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands("postgresql://nobody@127.0.0.1:1/none", tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("explain abc", "'position': it must be a whole number; this is 'abc'."),
        ("journal archive --before tomorrow", "'--before': it must be a day such as 2026-11-23; this is 'tomorrow'."),
        ("simulator --port 99999", "'--port': it must be 65535 or less; this is '99999'."),
        ("simulator --walk abc", "'--walk': it must be a number; this is 'abc'."),
        ("serve --open-in -1", "'--open-in': it must be 0 or more; this is '-1'."),
    ],
)
def test_a_word_of_the_command_line(cli: Commands, words: str, said: str) -> None:
    done = cli(*words.split())
    assert (done.code, done.out) == (2, "")
    assert f"Invalid value for {said}" in done.err
    assert not [word for word in FOREIGN if word in done.err]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NINEFIFTEEN_KOTAK_ORDER_FEED", "maybe", "must be true or false."),
        ("NINEFIFTEEN_EGRESS_NAT", "foo", "cannot be used: write PUBLIC=PRIVATE pairs of IPv4 addresses"),
        ("NINEFIFTEEN_EGRESS_NAT", "foo=bar", "cannot be used: write PUBLIC=PRIVATE pairs of IPv4 addresses"),
        ("NINEFIFTEEN_KOTAK_FEED_GREETING", "x", "must be one of 'auto', 'raw' or 'json'."),
        ("NINEFIFTEEN_LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR."),
        ("NINEFIFTEEN_POOL_SIZE", "1", "must be 2 or more."),
    ],
)
def test_a_variable_of_the_environment(cli: Commands, name: str, value: str, said: str) -> None:
    cli.set(**{name: value})
    done = cli("status")
    assert (done.code, done.out) == (3, "")
    assert f"The environment variable {name}={value.upper() if 'LEVEL' in name else value} {said}" in done.err
    assert not [word for word in FOREIGN if word in done.err]
