"""What is said over the order feed: where it is, how it is greeted, and what a frame of it means to us.

Nothing is ever read out of a frame but whether it is news: the order book is the truth, the feed says when to look.
"""

import json
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from broker.kotak_neo.session import Session

_PATH = "/realtime"
_SCHEMES = {"ws": "http", "wss": "https"}
_NOT_NEWS = frozenset({"cn", "hb"})


class Meaning(StrEnum):
    """What a frame means."""

    WELCOME = "welcome"
    REFUSAL = "refusal"
    NEWS = "news"
    NOTHING = "nothing"
    NONSENSE = "nonsense"


def address(session: Session) -> str:
    """The feed of the session, as an http(s) URL: what the login named, else its usual place on the session's host."""
    parts = urlsplit(session.feed_url or urlsplit(session.base_url)._replace(path=_PATH, query="").geturl())
    return urlunsplit(parts._replace(scheme=_SCHEMES.get(parts.scheme.lower(), parts.scheme)))


def raw_greeting(session: Session) -> str:
    """The form that the official SDK sends: it looks like JSON and is not."""
    return f"{{type:cn,Authorization:{session.token},Sid:{session.sid},src:WEB}}"


def json_greeting(session: Session) -> str:
    """The form that others found accepted where the raw one was dropped."""
    said = {"type": "cn", "Authorization": session.token, "Sid": session.sid, "src": "WEB"}
    return json.dumps(said, separators=(",", ":"))


def meaning(text: str) -> Meaning:
    """What a frame means. Of whatever type, an object that is neither an answer nor a heartbeat is news."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return Meaning.NONSENSE
    if not isinstance(said, dict):
        return Meaning.NONSENSE
    if "ak" in said:
        return Meaning.WELCOME if said["ak"] == "ok" else Meaning.REFUSAL
    return Meaning.NOTHING if str(said.get("type")) in _NOT_NEWS else Meaning.NEWS
