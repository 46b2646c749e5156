"""A session of the trading day: its token, its host, and until when it is worth using."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from domain.clock import IST

_MARGIN = timedelta(minutes=2)
_LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Session:
    """Token and sid of the trade session; `base_url` is where all later calls go. Times are UTC.

    `address` is the egress address that it was begun from, to which the broker ties it; empty for none in particular.
    `feed_url`: where the order feed is, in the broker's words; empty where it did not say.
    """

    token: str = field(repr=False)
    sid: str = field(repr=False)
    base_url: str
    created: datetime
    expires: datetime
    address: str = ""
    feed_url: str = field(default="", repr=False)

    def good_at(self, now: datetime) -> bool:
        """Whether it was created today (IST) and has more than two minutes left, or a quarter of a short life.

        Source: Kotak publishes no lifetime; a token of theirs ended at midnight IST, and NSE wants a daily log-out.
        """
        same_day = self.created.astimezone(IST).date() == now.astimezone(IST).date()
        return same_day and now < self.expires - min(_MARGIN, (self.expires - self.created) / 4)

    def record(self) -> dict[str, str]:
        """All of it, to be kept as a secret."""
        times = {"created": self.created.isoformat(), "expires": self.expires.isoformat()}
        places = {"base_url": self.base_url, "address": self.address, "feed_url": self.feed_url}
        return {"token": self.token, "sid": self.sid, **places, **times}

    def url(self, path: str) -> str:
        """The address of a path; the base may itself carry one."""
        return f"{self.base_url.rstrip('/')}/{path.lstrip('/')}"


def opened(token: str, sid: str, base_url: str, now: datetime, *, address: str = "", feed_url: str = "") -> Session:
    """A session created now, ending with the token's own `exp` or else at midnight IST."""
    return Session(token, sid, base_url, now, expiry(token, now) or _midnight(now), address, feed_url)


def recorded(record: Mapping[str, str]) -> Session | None:
    """The session of a record; None for a record that is none."""
    try:
        created, expires = (datetime.fromisoformat(record[name]).astimezone(UTC) for name in ("created", "expires"))
        places = record["address"], record["feed_url"]
        return Session(record["token"], record["sid"], record["base_url"], created, expires, *places)
    except (KeyError, TypeError, ValueError):
        return None


def expiry(token: str, now: datetime) -> datetime | None:
    """The `exp` of a JWT, unverified; None where there is none that makes sense."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        ends = datetime.fromtimestamp(claims["exp"], UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError, binascii.Error):
        return None
    return ends if now < ends < now + _LONGEST else None


def _midnight(now: datetime) -> datetime:
    tomorrow = now.astimezone(IST).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), IST).astimezone(UTC)
