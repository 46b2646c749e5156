"""What can go wrong with a call, in the names that faults on command use."""

from enum import StrEnum


class Kind(StrEnum):
    """What goes wrong. "Accepted" means that the call was carried out all the same."""

    LOST_REPLY = "lost_reply"
    """Accepted, then the connection is dropped."""
    DROP_BEFORE = "drop_before"
    """The connection is dropped, nothing was carried out."""
    LATE_REPLY = "late_reply"
    """Accepted, answered after the seconds."""
    HANG = "hang"
    """Nothing is carried out, the connection is dropped after the seconds."""
    HANG_AFTER = "hang_after"
    """Accepted, the connection is dropped after the seconds."""
    BAD_GATEWAY = "502_html"
    """Not accepted, a page instead of JSON."""
    BAD_GATEWAY_AFTER = "502_after"
    """Accepted, a page instead of JSON."""
    UNAVAILABLE_AFTER = "503_after"
    """Accepted, 503 answered."""
    GARBAGE_AFTER = "garbage_after"
    """Accepted, the answer is not JSON."""
    OK_WITHOUT_NUMBER = "ok_without_number"
    """Accepted, the answer says Ok and names no order."""
    TOO_MANY = "429"
    """Not accepted, 429 answered."""
    SESSION_DEATH = "session_death"
    """Every session of the account ends; the call is refused with 100022."""
    ADDRESS_REFUSED = "ip_refused"
    """Not accepted, 100008: the address is not on the account's list."""
    OTHER_ADDRESS = "ip_changed"
    """Not accepted, 1037: the session was begun from another address."""
    REJECT = "reject"
    """Accepted, then refused by the risk checks in the given text (place, modify, cancel)."""
    SYNC_REJECT = "sync_reject"
    """Not accepted, refused at once with HTTP 200, "Not_Ok" and the given code and text."""
    LATE_ROW = "late_row"
    """Accepted; the order shows in the order book only after the seconds (place)."""
    NO_DATA = "no_data"
    """A report says "No Data" whatever there is."""
    MISSING_ROWS = "missing_rows"
    """The order book lacks its newest rows."""
    MALFORMED_ROW = "malformed_row"
    """The newest row of the order book has words where numbers belong."""
    SILENCE = "silence"
    """The order feed keeps what it had to say to itself (feed, feed_hello)."""
    DEAF = "deaf"
    """The connection of the order feed stays, says nothing any more and answers no ping (feed, feed_hello)."""
    GARBAGE_FRAME = "garbage_frame"
    """The order feed sends what is no JSON instead (feed, feed_hello)."""
    DUPLICATE_FRAME = "duplicate_frame"
    """The frame comes again, `rows` times more; many of them are a flood (feed)."""
    HUGE_FRAME = "huge_frame"
    """A frame of `rows` MiB comes instead (feed)."""
    REFUSE_HELLO = "refuse_hello"
    """The greeting is answered with "nk" and the connection closed (feed_hello)."""


FEED_CALLS = frozenset({"feed", "feed_hello"})
"""What the order feed does: each frame, and the answer to a greeting. "any" does not mean them."""
_ON_FEED = frozenset({Kind.DROP_BEFORE, Kind.LOST_REPLY, Kind.SILENCE, Kind.DEAF, Kind.GARBAGE_FRAME})
FEED_FRAME_KINDS = _ON_FEED | {Kind.DUPLICATE_FRAME, Kind.HUGE_FRAME}
FEED_HELLO_KINDS = _ON_FEED | {Kind.REFUSE_HELLO, Kind.SESSION_DEATH}
FEED_ONLY = (FEED_FRAME_KINDS | FEED_HELLO_KINDS) - {Kind.DROP_BEFORE, Kind.LOST_REPLY, Kind.SESSION_DEATH}

CHANGES = frozenset({"place", "modify", "cancel"})
REPORTS = frozenset({"orders", "history", "trades", "positions", "holdings"})
_AMONG = {
    Kind.OK_WITHOUT_NUMBER: CHANGES,
    Kind.REJECT: CHANGES,
    Kind.LATE_ROW: frozenset({"place"}),
    Kind.NO_DATA: REPORTS,
    Kind.MISSING_ROWS: frozenset({"orders"}),
    Kind.MALFORMED_ROW: frozenset({"orders"}),
}
"""The calls of the kinds that mean nothing to others."""
_OF_A_SESSION = frozenset({Kind.SESSION_DEATH, Kind.ADDRESS_REFUSED, Kind.OTHER_ADDRESS})
NOBODYS = "configuration"
"""The call that no account makes."""
ANY_CALL = "any"


def fits(kind: Kind, call: str) -> bool:
    """Whether such a fault can befall such a call."""
    if call in FEED_CALLS:
        return kind in (FEED_FRAME_KINDS if call == "feed" else FEED_HELLO_KINDS)
    if call == ANY_CALL:
        return kind not in FEED_ONLY
    return (
        kind not in FEED_ONLY and call in _AMONG.get(kind, {call}) and not (kind in _OF_A_SESSION and call == NOBODYS)
    )
