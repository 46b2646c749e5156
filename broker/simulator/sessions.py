"""Tokens: a view token from the first login step, a trade token from the second; both end by midnight in India."""

import base64
import random
import uuid
from dataclasses import dataclass
from datetime import datetime

from broker.simulator.accounts import Account
from broker.simulator.answers import INVALID_SESSION, NO_SESSION, VIEW_TOKEN, Refusal, text_of
from broker.simulator.clock import next_midnight
from broker.simulator.settings import Settings, seconds


@dataclass(frozen=True, slots=True)
class Session:
    """One token and what it opens."""

    account: Account
    token: str
    sid: str
    trades: bool
    ends: datetime
    began: datetime
    remote: str = ""
    """The address that it was begun from."""


class Sessions:
    """Every token that was given out and not withdrawn. Deterministic for a seed."""

    def __init__(self, seed: int, settings: Settings) -> None:
        self._settings = settings
        self._dice = random.Random(f"sessions {seed}")
        self._by_token: dict[str, Session] = {}
        self._codes: dict[str, set[str]] = {}

    def begin(self, account: Account, trades: bool, now: datetime, remote: str = "") -> Session:
        """Give out a token of one of the two kinds."""
        sid = self.identifier()
        ends = next_midnight(now)
        if self._settings.session_hours:
            ends = min(ends, now + seconds(3600 * self._settings.session_hours))
        session = Session(account, _token(account, sid, trades, now, ends), sid, trades, ends, now, remote)
        self._by_token[session.token] = session
        return session

    def end(self, account: Account) -> None:
        """Withdraw every token of the account."""
        mine = [token for token, session in self._by_token.items() if session.account is account]
        for token in mine:
            del self._by_token[token]

    def use(self, account: Account, code: str) -> bool:
        """Use up a login code; False when it was used before. The few codes of a day do not repeat within a minute."""
        used = self._codes.setdefault(account.ucc, set())
        fresh = code not in used
        used.add(code)
        return fresh

    def viewing(self, token: str, sid: str, now: datetime) -> Session | None:
        """The session of a view token, None unless it is good."""
        session = self._find(token, sid, now)
        return session if session and not session.trades else None

    def trading(self, token: str, sid: str, now: datetime) -> Session:
        """The session of a trade token. Raises Refusal: 100022 for an unknown or ended one, 100021 for a view token."""
        session = self._find(token, sid, now)
        if session is None:
            raise Refusal(INVALID_SESSION if self._settings.documented_errors else NO_SESSION)
        if not session.trades:
            raise Refusal(VIEW_TOKEN)
        return session

    def knows(self, session: Session, now: datetime) -> bool:
        """Whether the session was neither withdrawn nor has ended."""
        return self._by_token.get(session.token) is session and now < session.ends

    def identifier(self) -> str:
        """A fresh uuid."""
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def _find(self, token: str, sid: str, now: datetime) -> Session | None:
        session = self._by_token.get(token)
        return session if session and session.sid == sid and now < session.ends else None


def _token(account: Account, sid: str, trades: bool, now: datetime, ends: datetime) -> str:
    """Shaped like a JWT with a readable `exp`; the signature is none."""
    scope = "Trade" if trades else "View"
    claims = {"sub": account.ucc, "jti": sid, "scope": scope, "iat": int(now.timestamp()), "exp": int(ends.timestamp())}
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    return ".".join([*(_base64(text_of(part)) for part in parts), _base64("no signature")])


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
