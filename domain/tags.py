"""Client tags: the key under which the broker knows an order once, and refuses it twice."""

import secrets
import string

DIGITS = string.digits + string.ascii_uppercase
RANDOM_BITS = 64
RANDOM_LENGTH = 13
"""64 bits in base 36; with a prefix of five this stays below the 20 characters that the field has proven."""


def new_tag(prefix: str) -> str:
    """The installation's prefix and 64 random bits: unique for ever, never derived from a row's number."""
    return prefix + _base36(secrets.randbits(RANDOM_BITS)).rjust(RANDOM_LENGTH, "0")


def is_ours(tag: str, prefix: str) -> bool:
    """Whether a tag in the broker's book was made by this installation, with what the broker appends on cancel."""
    body = tag.partition("-")[0]
    return body.startswith(prefix) and len(body) == len(prefix) + RANDOM_LENGTH and set(body) <= set(DIGITS)


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits
