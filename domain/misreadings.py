"""What pydantic's kinds of errors mean, for people: one place for settings and for the command line."""

import re
from collections.abc import Mapping
from typing import Any

SENTENCES: Mapping[str, str] = {
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be one of {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "finite_number": "must be a finite number",
}
_FORMATS = re.compile(r"does not match the formats? '%Y-%m-%d'")


def misread(found: Mapping[str, Any], sentences: Mapping[str, str] = SENTENCES) -> str:
    """What is wrong with a value, from one of `ValidationError.errors()`: "must be …" or "cannot be used: …"."""
    known = sentences.get(found["type"]) or SENTENCES.get(found["type"])
    if known is not None:
        return known.format(**found.get("ctx", {}))
    told = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    if _FORMATS.search(told):
        return "must be a day such as 2026-11-23"
    wanted = told.removeprefix("Input should be ")
    return f"must be {wanted}" if wanted != told else f"cannot be used: {told}"
