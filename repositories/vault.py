"""Seals credentials and opens them again, with keys from a setting or from a file that only we can read."""

import base64
import binascii
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from domain.errors import BadInput, NotAllowed
from domain.users import Credentials
from domain.wording import stopped

OPTIONAL = ("proxy_url",)
FIELDS = tuple(field.name for field in fields(Credentials) if field.name not in OPTIONAL)
MOBILE = re.compile(r"\+\d{10,14}", re.ASCII)
MPIN = re.compile(r"\d{6}", re.ASCII)
NEW_KEY = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class Vault:
    """Seals with the first key and opens with any of them, so that keys can be rotated. Raises BadInput."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadInput(f"There is no key for the credentials; make one with: {NEW_KEY}")
        self._fernet = MultiFernet([_fernet(key, number) for number, key in enumerate(keys, 1)])

    def seal(self, credentials: Credentials) -> str:
        """The text that may stand in a row."""
        return self._fernet.encrypt(json.dumps(asdict(credentials)).encode()).decode()

    def seal_record(self, record: Mapping[str, str]) -> str:
        """The text of any other secret."""
        return self._fernet.encrypt(json.dumps(dict(record)).encode()).decode()

    def open_record(self, sealed: str) -> Mapping[str, str] | None:
        """What was sealed; None when none of the keys opens it."""
        try:
            record = json.loads(self._fernet.decrypt(sealed.encode()))
        except (InvalidToken, UnicodeEncodeError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def open(self, sealed: str) -> Credentials:
        """What was sealed. Raises BadInput when none of the keys opens it."""
        try:
            plain = self._fernet.decrypt(sealed.encode())
        except (InvalidToken, UnicodeEncodeError) as error:
            raise BadInput(
                "none of the keys opens them. Restore the key that they were sealed with (the key file, or the key"
                " setting), or enter them anew: run.py user set-credentials NAME --credentials FILE."
            ) from error
        return parse_plain(plain)


def parse_plain(written: str | bytes) -> Credentials:
    """Read plain fields written as a JSON object. Raises BadInput naming the fields, never a value.

    Whoever calls puts before it whose credentials they are.
    """
    try:
        plain = json.loads(written)
    except json.JSONDecodeError as error:
        raise BadInput(f"they are not JSON{_where(error)}.") from None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise BadInput(f"they must be a JSON object with the fields {', '.join(FIELDS)}.")
    return check_plain(plain)


def check_plain(plain: Mapping[str, object]) -> Credentials:
    """Read plain fields. Raises BadInput naming the fields, never a value."""
    unknown = [repr(name[:40]) for name in sorted(set(plain) - {*FIELDS, *OPTIONAL})]
    if unknown:
        raise BadInput(
            f"{_are(unknown)} not known; the fields are {', '.join(FIELDS)}, and if wanted {', '.join(OPTIONAL)}."
        )
    missing = [name for name in FIELDS if plain.get(name) is None]
    if missing:
        raise BadInput(f"{_are(missing)} missing.")
    words = {name: _word(plain, name) for name in FIELDS}
    if not MOBILE.fullmatch(words["mobile"]):
        raise BadInput("the field mobile must be + and 10 to 14 digits, with the country's code.")
    if not MPIN.fullmatch(words["mpin"]):
        raise BadInput("the field mpin must be six digits.")
    proxy = None if plain.get("proxy_url") is None else _proxy_url(_word(plain, "proxy_url"))
    return Credentials(**words | {"totp_secret": _totp_secret(words["totp_secret"])}, proxy_url=proxy)


def load_keys(setting: str | None, key_file: Path) -> list[str]:
    """The keys, newest first: from the setting (separated by commas) or from the file, which is made if missing.

    Raises BadInput for a malformed key, NotAllowed for a file that others may read or that cannot be used.
    """
    if setting is not None and setting.strip():
        return _checked(setting.split(","), "the key setting")
    try:
        if not key_file.exists():
            _make(key_file)
        return _checked(_private(key_file).split(), f"the key file {key_file}")
    except (OSError, UnicodeDecodeError) as error:
        raise NotAllowed(f"The key file {key_file} cannot be used: {stopped(str(error))}") from error


def _where(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return ": there is nothing in them"
    return f" (line {error.lineno}, column {error.colno}: {error.msg})"


def _word(plain: Mapping[str, object], name: str) -> str:
    value = plain[name]
    if not isinstance(value, str):
        raise BadInput(f"the field {name} must be a text in quotes.")
    if not value.strip():
        raise BadInput(f"the field {name} is blank.")
    return value.strip()


def _are(names: Sequence[str]) -> str:
    return f"the field {names[0]} is" if len(names) == 1 else f"the fields {', '.join(names)} are"


def _proxy_url(word: str) -> str:
    """Never repeated in a message: it may hold a password."""
    try:
        parts = urlsplit(word)
        sound = parts.scheme == "http" and parts.hostname and parts.port and parts.path in ("", "/")
    except ValueError:
        sound = None
    if not sound or parts.query or parts.fragment:
        raise BadInput("the field proxy_url must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT.")
    return word


def _totp_secret(word: str) -> str:
    secret = "".join(word.split()).upper().rstrip("=")
    try:
        base64.b32decode(secret + "=" * (-len(secret) % 8))
    except (binascii.Error, ValueError):
        raise BadInput("the field totp_secret must be base32: the letters A to Z and the digits 2 to 7.") from None
    return secret


def _fernet(key: str, number: int) -> Fernet:
    try:
        return Fernet(key)
    except (ValueError, TypeError):
        raise BadInput(f"Key {number} of the credentials is not a Fernet key; make one with: {NEW_KEY}") from None


def _checked(keys: Sequence[str], where: str) -> list[str]:
    found = [key.strip() for key in keys if key.strip()]
    if not found:
        raise BadInput(f"There is no key in {where}; make one with: {NEW_KEY}")
    for number, key in enumerate(found, 1):
        _fernet(key, number)
    return found


def _make(key_file: Path) -> None:
    """Appears whole or not at all; whoever comes second takes the first one's."""
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = key_file.with_name(f".{key_file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, key_file)
    finally:
        draft.unlink()


def _publish(draft: Path, key_file: Path) -> None:
    try:
        key_file.hardlink_to(draft)
    except FileExistsError:
        return


def _private(key_file: Path) -> str:
    with key_file.open(encoding="ascii") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise NotAllowed(f"Others may read the key file {key_file} (mode {mode:o}): chmod 600 {key_file}")
        return file.read()
