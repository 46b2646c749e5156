"""What may leave this machine of an exchange: everything but the account's secrets, in whatever dress they come.

Three ways at once: by the names under which Kotak sends secrets, by their looks (tokens, identifiers, PAN, addresses),
and by their very values, plain and encoded. What still holds one after that is left out whole.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from broker.kotak_neo.recording.disguises import LONG, dresses, out_of_base64, pattern_of, views
from domain.users import Credentials

HIDDEN = "(hidden)"
SOME_ADDRESS = "192.0.2.1"
"""Stands for every address on the internet (RFC 5737: an example), so that what is an address still reads as one."""

NAMES = (
    "token", "sid", "rid", "hsServerId", "ucc", "kId", "greetingName", "searchAPIKey", "mobile", "mobileNumber",
    "email", "pan", "actId", "usrId", "EntityId", "clientId", "mpin", "totp", "password", "secret", "Authorization",
    "Auth", "access_token", "accessToken", "consumerKey", "consumer_key",
)  # fmt: skip
_BY_NAME = frozenset(name.lower() for name in NAMES)
_TOKENS = frozenset({"token", "sid", "rid", "hsserverid", "access_token", "accesstoken", "searchapikey", "kid"})
_ADDRESSES = frozenset({"ip", "clientip"})
_ALTERNATIVES = "|".join(sorted(NAMES, key=len, reverse=True))
_IN_JSON = re.compile(
    rf'(\\{{0,7}}"(?:{_ALTERNATIVES})\\{{0,7}}"\s{{0,9}}:\s{{0,9}})(\\{{0,7}}")(?!\2).*?(?=(?<!\\)\2|\Z)',
    re.IGNORECASE | re.DOTALL,
)
"""With bounds: a body of backslashes alone must not keep the interpreter busy."""

_IN_QUERY = re.compile(rf"((?:^|[?&;])(?:{_ALTERNATIVES})=)[^&;\s\"']+", re.IGNORECASE)
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:(?:\.|%2[Ee])[A-Za-z0-9_-]*)*"), HIDDEN),
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), HIDDEN),
    (re.compile(r"(?<![A-Za-z0-9])[A-Z]{5}[0-9]{4}[A-Z](?![A-Za-z0-9])"), HIDDEN),
    (re.compile(r"//[^/@\s\"'\\]+@"), f"//{HIDDEN}@"),
    (re.compile(r"(?<![0-9])(?<![0-9]\.)(?!127\.)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?!\.?[0-9])"), SOME_ADDRESS),
)
_LONG_RUN = re.compile(r"[A-Za-z0-9_+/=.%~-]{16,}|[0-9]{6,}")
_KEPT = 32
"""Those seen last; a login shows a dozen."""


class Redaction:
    """The secrets of one account as far as they are known; for one thread."""

    def __init__(self, credentials: Credentials) -> None:
        self._fixed = list(_secrets_in(credentials))
        self._learnt: dict[str, None] = {}
        self._compile()

    def learn(self, values: Iterable[str]) -> None:
        """Remember what was seen to be a secret, the last ones."""
        seen = dict.fromkeys(value for value in values if len(value) >= 4 and HIDDEN not in value)
        if not seen:
            return
        before = set(self._learnt)
        self._learnt = {value: None for value in self._learnt if value not in seen} | seen
        self._learnt = dict.fromkeys(list(self._learnt)[-_KEPT:])
        if set(self._learnt) != before:
            self._compile()

    def learn_from(self, body: str) -> None:
        """Remember the tokens and identifiers of a login's answer."""
        found = _named(_parsed(body))
        self.learn(value for name, value in found if name in _TOKENS or (name == "greetingname" and len(value) >= LONG))

    def text(self, text: str, *, strict: bool = False, addresses: bool = False) -> str:
        """The text without secrets. `strict`, for what should be JSON and is not: without any long run either.
        `addresses`, for a sentence of ours whose owner needs to read them: with those on the internet."""
        clean = self._by_looks(_IN_JSON.sub(rf"\1\2{HIDDEN}", text), addresses)
        original = _parsed(text)
        if isinstance(original, dict | list):
            value = _parsed(clean)
            if value is None or "\\" in text or _by_name(value) != value:
                clean = json.dumps(self._deeply(_by_name(original)))
        elif strict:
            clean = _LONG_RUN.sub(HIDDEN, clean)
        return f"(hidden: {len(text)} characters that held a secret)" if self.leaks(clean) else clean

    def leaks(self, text: str) -> bool:
        """Whether a secret can be read out of the text, decoded in any usual way."""
        decoded = out_of_base64(text)
        if any(secret in decoded for secret in self._long):
            return True
        return any(any(secret in view.lower() for secret in self._long) or self._short.search(view)
                   for view in views(text))  # fmt: skip

    def _deeply(self, value: Any) -> Any:
        """Each string by itself, whatever escapes it was written in; a number that is a secret is 0."""
        if isinstance(value, dict):
            return {self._by_looks(key): self._deeply(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self._deeply(member) for member in value]
        if isinstance(value, str):
            inner = _parsed(value) if value[:1] in ("{", "[") else None
            return self._by_looks(json.dumps(self._deeply(_by_name(inner))) if inner else value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value if self._by_looks(str(value)) == str(value) else 0
        return value

    def _by_looks(self, text: str, addresses: bool = False) -> str:
        text = _IN_QUERY.sub(rf"\1{HIDDEN}", text)
        for pattern, instead in _LOOKS:
            text = text if addresses and instead == SOME_ADDRESS else pattern.sub(instead, text)
        folded = text.lower()
        for form, pattern in self._forms.items():
            if form in folded:
                text = pattern.sub(HIDDEN, text)
        return text

    def _compile(self) -> None:
        known = sorted({secret for secret in (*self._fixed, *self._learnt) if secret}, key=len, reverse=True)
        dressed = sorted({form for secret in known for form in dresses(secret)}, key=len, reverse=True)
        self._forms = {form.lower(): re.compile(pattern_of(form), re.IGNORECASE) for form in dressed}
        self._long = [secret.lower() for secret in known if len(secret) >= LONG]
        short = [pattern_of(secret) for secret in known if len(secret) < LONG]
        self._short = re.compile("|".join(short) or r"(?!)", re.IGNORECASE)


def _secrets_in(credentials: Credentials) -> Iterator[str]:
    yield from (credentials.consumer_key, credentials.ucc, credentials.mpin, credentials.totp_secret)
    digits = "".join(filter(str.isdigit, credentials.mobile))
    yield from (credentials.mobile, digits, digits[-10:])
    if credentials.proxy_url:
        parts = urlsplit(credentials.proxy_url)
        yield credentials.proxy_url
        for part in (parts.username, parts.password):
            yield from (part or "", unquote(part or ""))
        yield from () if (parts.hostname or "").startswith(("127.", "localhost")) else (parts.hostname or "",)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _by_name(value: Any) -> Any:
    """The value without what stands under the names of secrets, every type kept."""
    if isinstance(value, dict):
        return {name: _member(name.lower(), member) for name, member in value.items()}
    return [_by_name(member) for member in value] if isinstance(value, list) else value


def _member(name: str, value: Any) -> Any:
    if name in _ADDRESSES and isinstance(value, str) and value:
        return SOME_ADDRESS
    return _blank(value) if name in _BY_NAME else _by_name(value)


def _blank(value: Any) -> Any:
    """Nothing of the value but its type, and whether there was any."""
    if isinstance(value, str):
        return HIDDEN if value else ""
    if isinstance(value, dict):
        return {key: _blank(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_blank(member) for member in value]
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def _named(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if isinstance(member, str) and name.lower() in _BY_NAME:
                yield name.lower(), member
            yield from _named(member)
    elif isinstance(value, list):
        for member in value:
            yield from _named(member)
