"""`user`, `seal` and `db` as an operator types them: what is stored, what is refused, and that no secret is told."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from repositories.vault import Vault, check_plain
from tests.commands import PLAIN, RULE, Commands

SECRETS = [PLAIN[name] for name in ("consumer_key", "mpin", "totp_secret", "mobile")]


@pytest.fixture
def cli(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    """The command line over a fresh database."""
    return Commands(database_url, tmp_path, monkeypatch, capsys)


def test_an_added_user_is_listed_and_its_secrets_are_nowhere(cli: Commands) -> None:
    added = cli.add_user()
    assert (added.code, added.err) == (0, "")
    assert "User asha is entered under number 1." in added.out
    (user,) = cli("user", "list", "--json").json["users"]
    assert (user["id"], user["name"], user["enabled"], user["state"]) == (1, "asha", True, "NOT SERVED")
    assert user["exit_rule"] == {"target_percent": 6}
    shown = cli("user", "show", "asha", "--json")
    assert (shown.json["credentials"], shown.json["open_positions"]) == ("sealed", 0)
    everything = added.out + shown.out + cli("user", "show", "1").out + cli("user", "list").out
    everything += str(cli.rows("SELECT * FROM credentials")) + str(cli.rows("SELECT detail FROM journal"))
    assert not [secret for secret in SECRETS if secret in everything]


def test_what_is_stored_opens_with_the_key_of_the_home_folder(cli: Commands) -> None:
    cli.add_user()
    ((sealed, incoming),) = cli.rows("SELECT sealed, incoming FROM credentials")
    key = (cli.home / "secret.key").read_text().strip()
    assert incoming is None
    assert Vault([key]).open(sealed) == check_plain(PLAIN)


def test_a_user_is_changed_by_name_or_number(cli: Commands) -> None:
    cli.add_user()
    assert cli("user", "set-exit", "asha", '{"target_price": 815.5}').code == 0
    assert cli("user", "disable", "1").out == "User asha is disabled.\n"
    assert cli.rows("SELECT enabled, exit_rule FROM users") == [(False, {"target_price": 815.5})]
    assert cli("user", "enable", "asha").code == 0
    assert "revision 2" in cli("user", "restart", "asha").out
    assert cli.rows("SELECT enabled, revision FROM users") == [(True, 2)]
    assert {actor for (actor,) in cli.rows("SELECT actor FROM journal")} == {"operator:cli"}


BAD: list[tuple[dict[str, str | None], str]] = [
    ({"--broker": "zerodha"}, "The broker 'zerodha' is not known; known is: kotak_neo, paper."),
    ({"--exit-rule": "{six}"}, "is not JSON; write"),
    ({"--exit-rule": "[" * 100_000}, "is not JSON; write"),
    ({"--exit-rule": '{"target_percent": "six"}'}, "target_percent must be a number"),
    ({"--exit-rule": '{"target_percent": -1}'}, "must be above 0"),
    ({"--exit-rule": '{"target_percent": NaN}'}, "must be above 0"),
    ({"--exit-rule": '{"trailing": 3}'}, "'trailing' is not known"),
    ({"--exit-rule": "6"}, "An exit rule is a JSON object"),
    ({"--credentials": "/no/such/file"}, "The file /no/such/file cannot be read: No such file or directory"),
    ({"--credentials": "/bin/true"}, "is not a text file"),
    ({"name": "a b"}, "The name 'a b' must be"),
    ({"name": "12"}, "more than digits, which are users' numbers"),
]


@pytest.mark.parametrize(("changed", "says"), BAD)
def test_a_bad_user_is_refused_in_a_sentence_and_nothing_is_written(
    cli: Commands, changed: dict[str, str], says: str
) -> None:
    options = {"--broker": "kotak_neo", "--credentials": cli.credentials(), "--exit-rule": RULE} | changed
    name = options.pop("name", "asha")
    refused = cli("user", "add", name, *[word for pair in options.items() for word in pair])
    assert refused.code == 3
    assert refused.err.startswith("ninefifteen: ")
    assert says in refused.err
    assert len(refused.err.splitlines()) == 1
    assert set(cli.counts().values()) == {0}


@pytest.mark.parametrize("field", sorted(PLAIN))
def test_a_missing_credential_field_is_named_and_nothing_is_written(cli: Commands, field: str) -> None:
    words = ("--broker", "kotak_neo", "--credentials", cli.credentials(**{field: None}), "--exit-rule", RULE)
    refused = cli("user", "add", "asha", *words)
    where = cli.home / "credentials.json"
    says = f"The credentials in {where} cannot be used: the field {field} is missing. Nothing was written."
    assert (refused.code, refused.err) == (3, f"ninefifteen: {says}\n")
    assert set(cli.counts().values()) == {0}
    assert not (cli.home / "secret.key").exists()


def test_what_is_wrong_is_said_before_the_database_is_asked(cli: Commands) -> None:
    """Catches: connecting before the arguments were read."""
    cli.set(NINEFIFTEEN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert cli("user", "add", "a", "--broker", "x", "--credentials", "-", "--exit-rule", RULE).code == 3
    assert cli("position", "add", "asha", "X-EQ", "0", "1").code == 3


def test_a_duplicate_user_is_refused(cli: Commands) -> None:
    cli.add_user()
    before = cli.counts()
    refused = cli.add_user()
    assert refused.code == 3
    assert "There is a user asha already" in refused.err
    assert cli.counts() == before


def test_credentials_are_replaced_and_the_user_is_to_be_started_anew(cli: Commands) -> None:
    cli.add_user()
    file = cli.credentials(mpin="135790")
    told = cli("user", "set-credentials", "asha", "--credentials", file)
    assert (told.code, "135790" in told.out + told.err) == (0, False)
    ((sealed, revision),) = cli.rows("SELECT sealed, revision FROM credentials JOIN users ON id = user_id")
    key = (cli.home / "secret.key").read_text().strip()
    assert (Vault([key]).open(sealed).mpin, revision) == ("135790", 2)
    assert cli.rows("SELECT event FROM journal ORDER BY id DESC LIMIT 1") == [("CREDENTIALS_REPLACED",)]
    refused = cli("user", "set-credentials", "asha", "--credentials", cli.credentials(mpin=None))
    assert (refused.code, "the field mpin is missing" in refused.err) == (3, True)
    assert cli.rows("SELECT revision FROM users") == [(2,)]


@pytest.mark.parametrize("verb", [("show",), ("enable",), ("disable",), ("restart",), ("set-exit", RULE)])
def test_an_unknown_user_is_a_sentence(cli: Commands, verb: tuple[str, ...]) -> None:
    refused = cli("user", verb[0], "nobody", *verb[1:])
    nothing = "" if verb == ("show",) else " Nothing was written."
    assert (refused.code, refused.err) == (3, f"ninefifteen: There is no user 'nobody'.{nothing}\n")


def test_a_row_that_cannot_be_read_is_listed_beside_the_others(cli: Commands) -> None:
    cli.add_user()
    cli.rows("ALTER TABLE users DROP CONSTRAINT users_broker_is_known")
    cli.rows("ALTER TABLE users DISABLE TRIGGER users_row_is_sound")
    cli.rows("INSERT INTO users (id, name, broker, exit_rule) VALUES (7, 'odd', 'zerodha', '{}')")
    users = cli("user", "list", "--json").json["users"]
    assert [(user["id"], user["state"]) for user in users] == [(1, "NOT SERVED"), (7, "UNREADABLE")]


def test_seal_needs_no_database_and_takes_the_standard_input(cli: Commands) -> None:
    key = Fernet.generate_key().decode()
    cli.set(NINEFIFTEEN_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", NINEFIFTEEN_SECRET_KEYS=key)
    sealed = cli.apart("seal", "-", stdin=json.dumps(PLAIN))
    assert (sealed.code, sealed.err) == (0, "")
    assert Vault([key]).open(sealed.out.strip()) == check_plain(PLAIN)
    refused = cli.apart("seal", "-", stdin='{"mpin": "246813"}')
    says = "The credentials from the standard input cannot be used: the fields consumer_key, mobile, ucc, totp_secret"
    assert (refused.code, refused.err) == (3, f"ninefifteen: {says} are missing.\n")
    assert "they are not JSON (line 1, column 1: Expecting value)." in cli.apart("seal", "-", stdin="no").err


def test_secrets_are_no_arguments(cli: Commands) -> None:
    refused = cli("user", "add", "asha", "--mpin", "246813")
    assert refused.code == 2
    assert "246813" not in refused.err


def test_addresses_and_family_are_set_shown_and_start_the_user_anew(cli: Commands) -> None:
    words = ("--broker", "kotak_neo", "--credentials", cli.credentials(), "--exit-rule", RULE)
    assert cli("user", "add", "asha", *words, "--egress", "203.0.113.7", "--family", "rao").code == 0
    (user,) = cli("user", "list", "--json").json["users"]
    assert (user["egress"], user["family"], user["revision"]) == ("203.0.113.7", "rao", 1)
    told = cli("user", "set-egress", "asha", "203.0.113.8", "--second", "203.0.113.9", "--family", "rao")
    assert (told.code, told.out) == (0, "User asha leaves from 203.0.113.8, 203.0.113.9, of the family rao.\n")
    shown = cli("user", "show", "asha", "--json").json
    assert (shown["egress"], shown["family"], shown["revision"]) == ("203.0.113.8, 203.0.113.9", "rao", 2)
    assert "203.0.113.8, 203.0.113.9" in cli("user", "show", "asha").out
    assert "wherever the machine sends from" in cli("user", "set-egress", "asha", "--none").out
    assert cli.rows("SELECT egress_ip, family, revision FROM users") == [(None, None, 3)]


def test_who_will_not_be_served_for_anothers_address_is_told_at_once(cli: Commands) -> None:
    for name in ("asha", "binod"):
        words = ("--broker", "kotak_neo", "--credentials", cli.credentials(), "--exit-rule", RULE)
        told = cli("user", "add", name, *words, "--egress", "203.0.113.7")
        assert told.code == 0
    assert "Not served from now on: binod may not use the egress address 203.0.113.7: asha (user 1" in told.err
    both = [cli("user", "set-egress", name, "203.0.113.7", "--family", "rao") for name in ("asha", "binod")]
    assert ("binod may not use" in both[0].err, both[1].err) == (True, "")


def test_who_is_taken_out_of_service_is_named_with_who_took_the_address(cli: Commands) -> None:
    """The family hint names every command that is needed, whole, and no NAME where a family is declared already."""
    words = ("--broker", "kotak_neo", "--credentials", cli.credentials(), "--exit-rule", RULE)
    assert cli("user", "add", "asha", *words).code == 0
    assert cli("user", "add", "binod", *words, "--egress", "203.0.113.7", "--egress-2", "203.0.113.8").err == ""
    told = cli("user", "set-egress", "asha", "203.0.113.7")
    assert told.code == 0
    assert "This takes binod out of service, because of asha: binod may not use the egress address" in told.err
    assert (
        "run.py user set-egress binod 203.0.113.7 --second 203.0.113.8 --family NAME"
        " and run.py user set-egress asha 203.0.113.7 --family NAME."
    ) in told.err
    declared = cli("user", "set-egress", "asha", "203.0.113.7", "--family", "rao")
    assert declared.out == "User asha leaves from 203.0.113.7, of the family rao.\n"
    assert "they are one: run.py user set-egress binod 203.0.113.7 --second 203.0.113.8 --family rao." in declared.err
    assert cli("user", "set-egress", "asha", "203.0.113.9").out == (
        "User asha leaves from 203.0.113.9, of no family.\n"
    )


BAD_EGRESS: list[tuple[tuple[str, ...], str]] = [
    (("203.0.113",), "The egress address '203.0.113' is not one IPv4 address"),
    (("203.0.113.0/24",), "is not one IPv4 address"),
    (("::1",), "is not one IPv4 address"),
    (("0.0.0.0",), "is not one IPv4 address"),
    (("203.0.113.7", "--second", "203.0.113.7"), "is the first one"),
    (("203.0.113.7", "--family", "a b"), "The family 'a b' must be a word"),
    (("--none", "--second", "203.0.113.7"), "needs a first one"),
    (("203.0.113.7", "--none"), "Both 203.0.113.7 and --none were given"),
    ((), "Say which address"),
]


@pytest.mark.parametrize(("words", "says"), BAD_EGRESS)
def test_a_bad_address_is_refused_in_a_sentence_and_nothing_is_written(
    cli: Commands, words: tuple[str, ...], says: str
) -> None:
    cli.add_user()
    refused = cli("user", "set-egress", "asha", *words)
    assert (refused.code, says in refused.err, len(refused.err.splitlines())) == (3, True, 1)
    assert cli.rows("SELECT egress_ip, revision FROM users") == [(None, 1)]


def test_a_proxy_stands_with_the_credentials_and_is_told_nowhere(cli: Commands) -> None:
    file = cli.credentials(proxy_url="http://asha:s3cret@127.0.0.1:3128")
    words = ("--broker", "kotak_neo", "--credentials", file, "--exit-rule", RULE, "--egress", "203.0.113.7")
    added = cli("user", "add", "asha", *words)
    assert added.code == 0
    ((sealed,),) = cli.rows("SELECT sealed FROM credentials")
    key = (cli.home / "secret.key").read_text().strip()
    assert Vault([key]).open(sealed).proxy_url == "http://asha:s3cret@127.0.0.1:3128"
    everything = added.out + cli("user", "show", "asha").out + str(cli.rows("SELECT * FROM users"))
    assert "s3cret" not in everything + str(cli.rows("SELECT detail FROM journal"))


@pytest.mark.parametrize(
    "url", ["socks5://127.0.0.1:1080", "http://s3cret", "http://h:1/s3cret", "https://s3cret:1", "x"]
)
def test_a_proxy_that_is_none_is_refused_and_not_repeated(cli: Commands, url: str) -> None:
    words = ("--broker", "kotak_neo", "--credentials", cli.credentials(proxy_url=url), "--exit-rule", RULE)
    refused = cli("user", "add", "asha", *words)
    assert (refused.code, "the field proxy_url must be http://HOST:PORT" in refused.err) == (3, True)
    assert "s3cret" not in refused.err
