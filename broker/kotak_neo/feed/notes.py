"""What a connection to the order feed tells the account's tap: some frames a second, and how many others there were."""

from broker.kotak_neo.feed.allowance import Allowance
from broker.kotak_neo.feed.words import Meaning
from broker.kotak_neo.session import Session
from broker.kotak_neo.tap import Frame, FrameKind, Tap
from domain.clock import Clock

FRAMES_A_SECOND, FRAMES_AT_ONCE = 10, 200
"""More than a day of one account has; taking the secrets out of a flood would cost everybody's time."""


class FeedNotes:
    """For the feeds' thread; costs nothing without a tap."""

    def __init__(self, tap: Tap | None, session: Session, clock: Clock) -> None:
        self._tap = tap
        self._secrets = (session.token, session.sid)
        self._clock = clock
        self._allowance = Allowance(FRAMES_A_SECOND, FRAMES_AT_ONCE, clock)
        self._unheard = 0

    def greeted(self, form: str) -> None:
        """The broker was told who we are, in such a form."""
        self._tell(FrameKind.GREETED, form)

    def said(self, data: str | bytes, meaning: Meaning) -> None:
        """The broker said something."""
        if self._tap is None:
            return
        if not self._allowance.take(1):
            self._unheard += 1
            return
        text = data if isinstance(data, str) else f"(a binary frame of {len(data)} bytes)"
        self._tell(FrameKind.SAID, text, meaning)

    def ended(self, why: str) -> None:
        """The connection is over."""
        self._tell(FrameKind.ENDED, why)

    def _tell(self, kind: FrameKind, text: str, meaning: str = "") -> None:
        if self._tap is not None:
            unheard, self._unheard = self._unheard, 0
            self._tap.told(Frame(kind, self._clock.now(), text, meaning, self._secrets, unheard))
