"""A refusal as its reader sees it: where a verb writes, that nothing was written; where it only looks, no such word."""

import re
from collections.abc import Sequence

from domain.errors import BadInput, NinefifteenError
from domain.wording import stopped

WRITES = frozenset({
    *(f"user {verb}" for verb in ("add", "enable", "disable", "restart")),
    *(f"user set-{what}" for what in ("exit", "policy", "egress", "live", "credentials")),
    *(f"position {verb}" for verb in ("add", "set-exit", "close", "ratio", "clear")),
    *(f"paper {verb}" for verb in ("deposit", "hold", "buy", "sell", "cancel", "fault")),
    "halt", "resume", "settle", "exit",
})  # fmt: skip
SAID = re.compile(r"nothing was (?:written|changed|moved)", re.IGNORECASE)
_IDLE = re.compile(r"(?:; nothing was written(?=[;,.])| Nothing was written\.)")


def refusal(error: NinefifteenError, words: Sequence[str]) -> str:
    """What is said of an error that ended the verb of these words."""
    text = str(error)
    if not isinstance(error, BadInput):
        return text
    if not {words[0] if words else "", " ".join(words[:2])} & WRITES:
        return _IDLE.sub("", text)
    return text if SAID.search(text) else f"{stopped(text)} Nothing was written."
