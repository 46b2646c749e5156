"""The vault: what is sealed, what is refused, and that no refusal tells a value."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from domain.errors import BadInput, NotAllowed
from repositories.vault import Vault, check_plain, load_keys, parse_plain

PLAIN = {
    "consumer_key": "c0nsumer-secret",
    "mobile": "+919876543210",
    "ucc": "AB123",
    "mpin": "246813",
    "totp_secret": "jbsw y3dp ehpk 3pxp",
}


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_is_sealed_opens_again_and_hides_its_content() -> None:
    vault = Vault([key()])
    credentials = check_plain(PLAIN)
    sealed = vault.seal(credentials)
    assert vault.open(sealed) == credentials
    assert credentials.totp_secret == "JBSWY3DPEHPK3PXP"
    assert not any(value in sealed for value in PLAIN.values())


def test_keys_are_rotated_by_putting_a_new_one_in_front() -> None:
    old, new = key(), key()
    sealed = Vault([old]).seal(check_plain(PLAIN))
    assert Vault([new, old]).open(sealed).ucc == "AB123"
    with pytest.raises(BadInput, match="none of the keys opens them"):
        Vault([new]).open(sealed)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mpin": "24681"}, "mpin"),
        ({"mpin": "٢٤٦٨١٣"}, "mpin"),
        ({"mpin": 246813}, "mpin"),
        ({"mobile": "9876543210"}, "mobile"),
        ({"mobile": "+91 98765 43210"}, "mobile"),
        ({"totp_secret": "not-base-32!"}, "totp_secret"),
        ({"totp_secret": "ABC"}, "totp_secret"),
        ({"totp_secret": "ABCDEFG1"}, "totp_secret"),
        ({"ucc": "  "}, "ucc"),
        ({"ucc": None}, "ucc"),
        ({"consumer_key": ["x"]}, "consumer_key"),
        ({"password": "hunter2"}, "password"),
    ],
)
def test_a_bad_field_is_named_and_its_value_is_not(change: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as refusal:
        check_plain(PLAIN | change)
    assert field in str(refusal.value)
    assert not any(str(value) in str(refusal.value) for value in (PLAIN | change).values() if str(value).strip())


@pytest.mark.parametrize("missing", PLAIN)
def test_a_missing_field_is_named(missing: str) -> None:
    with pytest.raises(BadInput, match=f"{missing} is missing"):
        check_plain({name: value for name, value in PLAIN.items() if name != missing})


def test_all_missing_fields_are_named() -> None:
    with pytest.raises(BadInput, match="the fields mpin, totp_secret are missing"):
        check_plain(PLAIN | {"totp_secret": None, "mpin": None})


@pytest.mark.parametrize("written", ["null", "[]", '"text"', "{", "9" * 5000])
def test_what_is_not_an_object_is_refused(written: str) -> None:
    with pytest.raises(BadInput, match=r"must be a JSON object|are not JSON"):
        parse_plain(written)


def test_the_first_start_makes_a_key_that_only_we_can_read(tmp_path: Path) -> None:
    file = tmp_path / "home" / "credentials.key"
    keys = load_keys(None, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_keys(" ", file) == keys
    assert [entry.name for entry in file.parent.iterdir()] == ["credentials.key"]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    """Catches: a key file that is there before its content is, or that the second one replaces."""
    file = tmp_path / "credentials.key"
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: load_keys(None, file)[0], range(64)))
    assert len(set(found)) == 1


def test_the_setting_wins_and_may_hold_several_keys(tmp_path: Path) -> None:
    first, second = key(), key()
    assert load_keys(f" {first}, {second},", tmp_path / "never.key") == [first, second]
    assert not (tmp_path / "never.key").exists()


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "credentials.key"
    load_keys(None, file)
    file.chmod(0o640)
    with pytest.raises(NotAllowed, match=r"chmod 600 .*credentials\.key"):
        load_keys(None, file)


def test_a_malformed_key_is_counted_and_not_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Key 2 of the credentials") as refusal:
        load_keys(f"{key()},tooshort", tmp_path / "never.key")
    assert "tooshort" not in str(refusal.value)


def test_an_empty_or_unreadable_key_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "credentials.key"
    file.touch(mode=0o600)
    with pytest.raises(BadInput, match="There is no key in"):
        load_keys(None, file)
    with pytest.raises(NotAllowed, match="cannot be used"):
        load_keys(None, file / "below")
