"""`coverage`, `status`, `explain` from rows alone, and how the command ends when something is wrong around it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT, Commands

OPEN_DRILL = """
INSERT INTO supervisors (host, pid, lease_until, drill, bell_at, close_at, cycle_seconds)
    VALUES ('here', 7, now() + interval '1 hour', true, now() - interval '1 hour', now() + interval '1 hour', 5);
INSERT INTO tenants (user_id, supervisor_id, generation) VALUES (1, 1, 3);
INSERT INTO heartbeats (user_id, generation, state, text, book_at) VALUES (1, 3, 'TRADING', 'open', now());
"""
SELL = """
INSERT INTO orders (user_id, position_id, side, symbol, status, tag, broker_order_id, quantity, price, seen_at,
    trading_day) VALUES (1, 1, 'SELL', 'IFBIND-EQ', 'OPEN', 'A1', '77', 10, 425.30, now(),
    ((now() - interval '1 hour') AT TIME ZONE 'Asia/Kolkata')::date);
INSERT INTO sends (order_id, user_id, kind, attempt, generation, quantity, price, send_by, outcome, outcome_at,
    evidence) VALUES (1, 1, 'place', 1, 3, 10, 425.30, now(), 'accepted', now() + interval '30 seconds',
    '{"broker_order_id": "77"}');
INSERT INTO journal (actor, user_id, position_id, order_id, event, detail) VALUES
    ('service:asha#3', 1, 1, 1, 'INTENT', '{"kind": "place", "price": "425.30", "avg_price": "401.20"}'),
    ('service:asha#3', 1, NULL, 1, 'SIGHTED', '{"status": "OPEN", "text": "\\u001b[2Jopen"}');
"""


NOBODY = 65534


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a database with the user asha and her position."""
    commands = Commands(database_url, tmp_path, monkeypatch, capsys)
    commands.add_user()
    commands("position", "add", "asha", "IFBIND-EQ", "10", "401.20")
    return commands


def test_an_unprotected_position_in_market_hours_exits_1(cli: Commands) -> None:
    cli.rows(OPEN_DRILL)
    cli.rows("UPDATE positions SET reason = 'REJECTED', reason_text = '16388: out of band', reason_at = now()")
    told = cli("coverage", "--json")
    assert told.code == 1
    (position,) = told.json["positions"]
    expected = {"position": 1, "user": "asha", "symbol": "IFBIND-EQ", "quantity": 10, "state": "UNPROTECTED"}
    assert expected.items() <= position.items()
    assert (position["reason"], position["text"], position["value"]) == ("REJECTED", "16388: out of band", 4012.0)
    assert {"since", "seen_at", "broker_order_id", "price"} <= position.keys()
    assert told.json["totals"]["unprotected"] == 1
    table = cli("coverage")
    assert "SEEN (IST)" in table.out
    assert "REJECTED: 16388: out of band. Remove what the broker's words say is wrong" in table.out
    assert "rupees not covered: 4,012.00" in table.out


def test_a_protected_position_exits_0(cli: Commands) -> None:
    cli.rows(OPEN_DRILL + SELL)
    told = cli("coverage", "--user", "asha", "--json")
    assert told.code == 0
    (position,) = told.json["positions"]
    assert (position["state"], position["reason"], position["broker_order_id"]) == ("PROTECTED", None, "77")
    assert (position["price"], position["resting"]) == (425.3, 10)
    assert told.json["totals"]["rupees_uncovered"] == 0


def test_a_protected_position_tells_what_its_rule_cannot_have(cli: Commands) -> None:
    cli.rows(OPEN_DRILL + SELL)
    cli.rows("UPDATE positions SET reason = 'PRICE_ABOVE_BAND', reason_text = 'up to 500.00.', reason_at = now()")
    told = cli("coverage")
    assert told.code == 0
    assert "IFBIND-EQ (1): PRICE_ABOVE_BAND: 10 of 10 shares rest at 425.30; up to 500.00. Wait for" in told.out
    assert "up to 500.00. Wait for" in cli("explain", "1").out


def test_a_closed_market_exits_0_and_says_when_it_opens(cli: Commands) -> None:
    cli.rows(OPEN_DRILL)
    cli.rows("UPDATE supervisors SET close_at = now() - interval '1 minute'")
    told = cli("coverage")
    assert told.code == 0
    assert "MARKET_CLOSED: closed since" in told.out


def test_many_positions_with_the_same_trouble_are_one_line(cli: Commands) -> None:
    cli.rows(OPEN_DRILL)
    cli.rows("DELETE FROM tenants")
    cli.rows(
        "INSERT INTO positions (id, user_id, symbol, quantity, avg_price) SELECT n + 10, 1, 'S' || n, 1, 1"
        " FROM generate_series(1, 20) n"
    )
    assert "and 16 more: NOT_SERVED: no running service" in cli("coverage").out


def test_status_shows_services_tenants_and_halts(cli: Commands) -> None:
    cli.rows(OPEN_DRILL)
    cli.rows("INSERT INTO halts (user_id, because) VALUES (1, 'a breach'), (NULL, 'an exercise')")
    told = cli("status", "--json").json
    assert [(s["host"], s["pid"], s["alive"]) for s in told["supervisors"]] == [("here", 7, True)]
    (tenant,) = told["tenants"]
    assert (tenant["name"], tenant["state"], tenant["text"], tenant["generation"]) == ("asha", "TRADING", "open", 3)
    assert tenant["beat_age_seconds"] >= 0
    assert [(halt["user"], halt["because"]) for halt in told["halts"]] == [("asha", "a breach"), (None, "an exercise")]
    table = cli("status").out
    assert "all users" in table
    cli.rows("UPDATE supervisors SET lease_until = now() - interval '1 second'")
    assert "LAPSED" in cli("status").out
    assert cli("status", "--json").json["tenants"][0]["alive"] is False


def test_a_story_is_told_in_order_of_time(cli: Commands) -> None:
    cli.rows(OPEN_DRILL + SELL)
    cli.rows("UPDATE positions SET closed_at = now() + interval '1 minute', close_reason = 'SOLD', exit_price = 425.30")
    told = cli("explain", "1", "--json").json
    rows = [line["row"].split()[0] for line in told["story"]]
    assert rows == ["positions", "journal", "orders", "sends", *3 * ["journal"], "sends", "positions"]
    times = [line["at"] for line in told["story"]]
    assert times == sorted(times)
    words = " | ".join(line["what"] for line in told["story"])
    for expected in (
        "IFBIND-EQ of asha: now 10 held, 0 sold, average 401.20",
        "SELL 10 at 425.30, tag A1, broker's number 77; now OPEN",
        "place of order 1, attempt 1: 10 at 425.30",
        "place of order 1 was accepted, number 77",
        "INTENT order 1",
        "closed: SOLD at 425.30",
    ):
        assert expected in words
    assert {line["who"] for line in told["story"]} == {"", "#3", "operator:cli", "service:asha#3", "sql:ninefifteen"}
    assert told["now"] is None


def test_a_story_ends_with_the_present_and_cannot_steer_the_terminal(cli: Commands) -> None:
    """Catches: printing what the broker says as it is."""
    cli.rows(OPEN_DRILL + SELL)
    told = cli("explain", "1")
    assert "Now PROTECTED: 10 of 10 shares rest at 425.30" in told.out
    assert "\x1b" not in told.out
    assert cli("explain", "1", "--json").json["now"]["state"] == "PROTECTED"
    missing = cli("explain", "99")
    assert (missing.code, "Position 99 does not exist" in missing.err) == (3, True)


def test_a_database_that_cannot_be_reached_is_exit_4(cli: Commands) -> None:
    cli.set(NINEFIFTEEN_DATABASE_URL="postgresql://nobody:hunter2@127.0.0.1:1/none")
    for words in (("coverage",), ("status",), ("position", "list"), ("db", "upgrade")):
        refused = cli(*words)
        assert refused.code == 4
        assert "cannot be reached" in refused.err
        assert "NINEFIFTEEN_DATABASE_URL" in refused.err
        assert "hunter2" not in refused.err
        assert "postgresql://nobody:***@127.0.0.1:1/none" in refused.err
    cli.set(NINEFIFTEEN_DATABASE_URL="mysql://here/db")
    assert cli("coverage").code == 3


@pytest.mark.parametrize("revision", ["9999", None])
def test_another_schema_is_exit_5_and_stays_as_it_is(cli: Commands, revision: str | None) -> None:
    before = cli.counts()
    cli.rows("DELETE FROM alembic_version")
    if revision:
        cli.rows("INSERT INTO alembic_version VALUES (%s)", revision)
    for words in (("coverage",), ("user", "disable", "asha"), ("position", "close", "1", "--because", "x")):
        refused = cli(*words)
        assert refused.code == 5
        assert ("newer" if revision else "run.py db upgrade") in refused.err.replace("Run: ", "")
    status = cli("db", "status", "--json")
    assert (status.code, status.json["current"], status.json["up_to_date"]) == (5, revision, False)
    assert cli.counts() == before
    assert cli.rows("SELECT enabled FROM users") == [(True,)]


def test_an_empty_database_is_upgraded_once(cli: Commands) -> None:
    cli.rows("DROP SCHEMA public CASCADE")
    cli.rows("CREATE SCHEMA public")
    refused = cli("coverage")
    assert (refused.code, "no schema" in refused.err) == (5, True)
    made = re.fullmatch(r"The database went from empty to revision (\d{4})\.\n", cli("db", "upgrade").out)
    assert made is not None
    assert cli("db", "upgrade").out == f"The database is at revision {made[1]} already.\n"
    assert cli("db", "status", "--json").json["up_to_date"] is True
    assert cli("coverage", "--json").json["positions"] == []


def test_the_database_is_given_to_psql_with_its_password(cli: Commands) -> None:
    """Catches: the driver's name in the address, which psql does not know."""
    server = cli.url.split("?")[1]
    cli.set(NINEFIFTEEN_DATABASE_URL=cli.url.replace("ninefifteen@", "ninefifteen:hunter2@"))
    told = cli("db", "url")
    assert told.out.startswith("postgresql://ninefifteen:hunter2@/test_")
    assert (told.code, told.err, told.out.strip().split("?")[1].count("host")) == (0, "", server.count("host"))


def test_a_shell_runs_psql_on_the_database_and_passes_its_exit_code_on(cli: Commands) -> None:
    """Catches: a password in the command line, which everybody on the machine can read."""
    cli.set(NINEFIFTEEN_DATABASE_URL=cli.url.replace("ninefifteen@", "ninefifteen:hunter2@"))
    told = cli.apart("db", "shell", "-At", "-c", "SELECT name FROM users")
    assert (told.code, told.out, told.err) == (0, "asha\n", "")
    assert "hunter2" not in cli.apart("db", "shell", "-At", "-c", r"\! ps -o args= -p $PPID").out
    assert cli.apart("db", "shell", "-v", "ON_ERROR_STOP=1", "-f", "-", stdin="nonsense;").code == 3
    wheel = cli.apart("db", "shell", "-Atc", "SELECT 1", env={**os.environ, "PATH": "/nowhere"})
    assert (wheel.code, wheel.out) == (0, "1\n")


def test_a_folder_that_cannot_be_written_is_exit_4(cli: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.home / "file").write_text("")
    monkeypatch.delenv("NINEFIFTEEN_DATABASE_URL")
    cli.set(NINEFIFTEEN_HOME=str(cli.home / "file"))
    refused = cli("coverage")
    assert refused.code == 4
    assert "Set NINEFIFTEEN_HOME to a folder you can write" in refused.err


def test_a_folder_without_permission_is_exit_4(cli: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """As nobody where the tests run as root, whom no mode stops."""
    home, myself = cli.home / "home", os.geteuid()
    home.mkdir(mode=0o500)
    monkeypatch.delenv("NINEFIFTEEN_DATABASE_URL")
    cli.set(NINEFIFTEEN_HOME=str(home))
    os.seteuid(NOBODY if myself == 0 else myself)
    try:
        refused = cli("coverage")
    finally:
        os.seteuid(myself)
    assert refused.code == 4
    assert "cannot be written: Permission denied" in refused.err
    assert len(refused.err.splitlines()) == 1
    assert list(home.iterdir()) == []


def test_a_key_file_that_others_may_read_is_exit_6_and_nothing_is_written(cli: Commands) -> None:
    (cli.home / "secret.key").chmod(0o644)
    before = cli.counts()
    refused = cli.add_user("binod")
    assert refused.code == 6
    assert "chmod 600" in refused.err
    assert cli.counts() == before


def test_a_service_says_who_serves_already_and_complains_on_stderr_in_a_line(cli: Commands) -> None:
    """Catches: a spare that looks like the one that serves; UTC in one place and IST in the next."""
    cli.rows(OPEN_DRILL)
    cli.rows("UPDATE credentials SET incoming = '{}'")
    cli.set(NINEFIFTEEN_KOTAK_URL="http://127.0.0.1:1")
    cli.set(NINEFIFTEEN_DATABASE_URL=cli.url.replace("ninefifteen@", "ninefifteen:hunter2@"))
    serve = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "serve", "--drill", "--open-in", "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert serve.stderr is not None
    complaint = serve.stderr.readline()
    serve.send_signal(signal.SIGTERM)
    out, err = serve.communicate(timeout=30)
    assert "ERROR" in complaint
    assert "The incoming credentials of user 1 were not taken: the fields consumer_key" in complaint
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} IST ", complaint)
    assert "Traceback" not in err
    assert "Another service (here pid 7) serves already; this one waits as a spare.\n" in out
    assert re.search(r"the bell rings at [\d:]{8} IST, the close is at [\d:]{8} IST\.", out)
    assert "database postgresql://ninefifteen:***@/" in out
    assert serve.returncode == 0


@pytest.mark.parametrize("url", ["nonsense", "127.0.0.1:8915", "http://[", ""])
def test_a_broker_that_is_no_url_is_exit_3(cli: Commands, url: str) -> None:
    cli.set(NINEFIFTEEN_KOTAK_URL=url)
    refused = cli("serve")
    assert (refused.code, f"NINEFIFTEEN_KOTAK_URL={url} is not a URL" in refused.err) == (3, True)
    cli.set(NINEFIFTEEN_KOTAK_URL="https://broker.example")
    assert "the broker at broker.example is not on this machine" in cli("serve", "--drill", "--open-in", "1").err


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CYCLE_SECONDS", "often", "=often must be a number."),
        ("CYCLE_SECONDS", "0", "=0 must be more than 0."),
        ("CYCLE_SECONDS", "99", "=99 must be 60 or less."),
        ("CYCLE_SECONDS", "nan", "must be"),
        ("ORDERS_PER_SECOND", "10", "=10 must be less than 10."),
        ("POOL_SIZE", "1", "=1 must be 2 or more."),
        ("POOL_SIZE", "2.5", "=2.5 must be a whole number."),
        ("LOG_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR."),
        ("CYCLE_SECOND", "5", " is not known; the nearest is NINEFIFTEEN_CYCLE_SECONDS."),
        ("DATABSE_URL", "x", " is not known; the nearest is NINEFIFTEEN_DATABASE_URL."),
    ],
)
def test_a_bad_setting_is_exit_3_and_a_sentence_of_ours(cli: Commands, name: str, value: str, says: str) -> None:
    cli.set(**{f"NINEFIFTEEN_{name}": value})
    refused = cli("coverage")
    assert refused.code == 3
    assert f"The environment variable NINEFIFTEEN_{name}" in refused.err
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1


def test_a_log_level_may_be_written_small(cli: Commands) -> None:
    cli.set(NINEFIFTEEN_LOG_LEVEL="debug")
    assert cli("status").code == 0


def test_a_command_that_cannot_be_read_is_exit_2(cli: Commands) -> None:
    for words in (("covrage",), ("coverage", "--yaml"), ("explain",), ("explain", "one"), ("user", "add")):
        refused = cli(*words)
        assert refused.code == 2
        assert "Error: " in refused.err


def test_every_verb_has_help(cli: Commands) -> None:
    groups = {
        "db": ("upgrade", "status", "url", "shell"),
        "user": ("add", "list", "show", "set-exit", "set-credentials", "set-policy", "enable", "disable", "restart"),
        "position": ("add", "list", "set-exit", "close", "ratio", "clear"),
        "order": ("list",),
        "journal": ("archive",),
    }
    verbs = [(verb,) for verb in ("coverage", "status", "explain", "halt", "resume", "exit", "settle", "seal")]
    for words in [*verbs, *((group, verb) for group, names in groups.items() for verb in names)]:
        told = cli(*words, "--help")
        assert told.code == 0
        assert "Usage:" in told.out


def test_a_reader_that_leaves_early_is_not_an_error(cli: Commands) -> None:
    cli.rows(
        "INSERT INTO positions (id, user_id, symbol, quantity, avg_price) SELECT n + 10, 1, 'S' || n, 1, 1"
        " FROM generate_series(1, 2000) n"
    )
    for words in ("position list", "position list --json"):
        command = f"{sys.executable} {ROOT / 'run.py'} {words} | head -c 10"
        piped = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
        assert (piped.returncode, len(piped.stdout), piped.stderr) == (0, 10, "")


def test_ctrl_c_ends_a_verb_quietly(cli: Commands) -> None:
    """The verb waits for the other end of a pipe, so that it is known to be at work when the signal comes."""
    pipe = cli.home / "pipe"
    os.mkfifo(pipe)
    verb = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "seal", str(pipe)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    with pipe.open("w"):
        verb.send_signal(signal.SIGINT)
        out, err = verb.communicate(timeout=30)
    assert (verb.returncode, out, err.strip()) == (130, "", "")


def test_ctrl_c_while_modules_are_loaded_ends_quietly_too(cli: Commands) -> None:
    (cli.home / "typer.py").write_text("raise KeyboardInterrupt")
    ended = cli.apart("coverage", env={**os.environ, "PYTHONPATH": str(cli.home)})
    assert (ended.code, ended.out, ended.err) == (130, "", "")


def test_a_verb_does_not_load_what_only_others_need(cli: Commands) -> None:
    """Catches: a second of every command spent on a web server that it does not start."""
    timed = [sys.executable, "-X", "importtime", str(ROOT / "run.py"), "coverage", "--help"]
    loaded = subprocess.run(timed, capture_output=True, text=True, timeout=60, check=True).stderr
    assert "cli.reports" in loaded
    for foreign in ("aiohttp", "broker.simulator", "cli.day"):
        assert foreign not in loaded


def test_the_command_itself_prints_json(cli: Commands) -> None:
    told = cli.apart("coverage", "--json")
    assert told.err == ""
    assert json.loads(told.out)["positions"][0]["symbol"] == "IFBIND-EQ"
