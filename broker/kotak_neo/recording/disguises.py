"""How a secret may be written, and how a text reads once it is decoded: percents, escapes, entities, base64, hex."""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

LONG = 8
"""Characters from which on a value is a secret wherever it stands; a shorter one only where it stands by itself."""

_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def dresses(secret: str) -> Iterator[str]:
    """The secret as different writers write it."""
    yield from (secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret))
    yield from ("".join(f"%{byte:02X}" for byte in secret.encode()), secret.replace("/", "\\/"))
    yield from ("".join(f"\\u{ord(char):04x}" for char in secret), "".join(f"&#{ord(char)};" for char in secret))
    if len(secret) >= LONG:
        yield secret.encode().hex()
        yield secret[::-1]
        for lead in range(3):
            yield from _in_base64(secret.encode(), lead)


def _in_base64(secret: bytes, lead: int) -> Iterator[str]:
    """The characters that it is inside a longer text whose bytes before it are `lead` more than a multiple of three."""
    first = (lead * 8 + 5) // 6
    last = ((lead + len(secret)) * 8) // 6
    padded = base64.b64encode(b"\0" * lead + secret).decode()[first:last]
    yield from (padded, padded.translate(str.maketrans("+/", "-_")))


def pattern_of(form: str) -> str:
    """A regular expression for a form: a short one has to stand by itself."""
    edges = (r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])") if len(form) < LONG else ("", "")
    return f"{edges[0]}{re.escape(form)}{edges[1]}"


def views(text: str) -> Iterator[str]:
    """The text as it is, and as it reads decoded once and twice in each usual way."""
    yield text
    for decode in (unquote, unquote_plus, html.unescape, _unescaped):
        once = decode(text)
        if once != text:
            yield from (once, decode(once))


def _unescaped(text: str) -> str:
    return re.sub(r"\\{1,7}u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\", "")


def _decoded(run: str) -> Iterator[str]:
    standard = run.translate(str.maketrans("-_", "+/"))
    whole = standard[: len(standard) - (len(standard) % 4 == 1)]
    try:
        yield base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return


def out_of_base64(text: str) -> str:
    """What the runs of base64 in a text say, in small letters."""
    return "\n".join(part for run in _BASE64_RUN.findall(text) for part in _decoded(run)).lower()
