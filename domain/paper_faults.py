"""What can go wrong with a call to a paper broker, on command, in words: the calls, the kinds, and which fits which."""

from collections.abc import Mapping

from domain.errors import BadInput

CHANGES = ("place", "modify", "cancel")
REPORTS = ("orders", "history", "trades", "holdings", "quotes")
ANY = "any"
CALLS = (*CHANGES, *REPORTS, ANY)

_LOST = "drop_before lost_reply late_reply hang hang_after 502_html 502_after 503_after garbage_after ok_without_number"
EVERYWHERE = (*_LOST.split(), "429", "session_death", "ip_refused", "ip_changed", "sync_reject")
"""What can befall any call."""
SOME: Mapping[str, tuple[str, ...]] = {
    "reject": CHANGES,
    "late_row": ("place",),
    "no_data": ("orders", "trades", "holdings", "quotes"),
    "missing_rows": ("orders",),
    "malformed_row": ("orders",),
}
"""What would change nothing of the others."""
KINDS = (*EVERYWHERE, *SOME)
MOST_TIMES = 2**31 - 1
MOST_SECONDS = 3600


def require_fault(call: str, kind: str, times: int, seconds: float, probability: float) -> None:
    """Raise BadInput, with the words that are known, where such a fault makes no sense or could never strike."""
    if call not in CALLS:
        raise BadInput(f"The call {call[:80]!r} is not known; known are: {', '.join(CALLS)}. Nothing was written.")
    if not kind:
        raise BadInput(f"Say what is to go wrong: {', '.join(kinds_of(call))}. Nothing was written.")
    if kind not in KINDS:
        raise BadInput(f"The kind {kind[:80]!r} is not known; known are: {', '.join(KINDS)}. Nothing was written.")
    if kind not in kinds_of(call):
        raise BadInput(
            f"The kind {kind} can never strike a call {call}, only: {', '.join(SOME[kind])}. What can strike {call}:"
            f" {', '.join(kinds_of(call))}. Nothing was written."
        )
    if not 0 <= times <= MOST_TIMES:
        raise BadInput(f"--times must be from 0 (until cleared) to {MOST_TIMES}; this is {times}. Nothing was written.")
    if not 0 <= seconds <= MOST_SECONDS:
        raise BadInput(f"--seconds must be from 0 to {MOST_SECONDS}; this is {seconds:g}. Nothing was written.")
    if not 0 < probability <= 1:
        raise BadInput(
            f"--probability must be more than 0 and at most 1; this is {probability:g}. Nothing was written."
        )


def kinds_of(call: str) -> tuple[str, ...]:
    """The kinds that can strike the call; for `any` those that can strike every one."""
    return (*EVERYWHERE, *(kind for kind, calls in SOME.items() if call in calls))
