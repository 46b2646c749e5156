"""What keeps a tenant from its work: logged when it begins, changes or lasts, not at every look as status has it."""

import logging
import re

from domain.clock import Clock

log = logging.getLogger(__name__)

AGAIN = 300.0
"""Seconds after which the same trouble is said once more."""
_MOMENT = re.compile(r"\d{1,2}:\d\d(?::\d\d)?|\b\d+(?:\.\d+)? s\b")
"""Times of day and seconds, which differ at every look at the same trouble."""


class Troubles:
    """One tenant's; a new one has said nothing yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = ""
        self._said = 0.0

    def tell(self, text: str, level: int) -> None:
        """Log it where it is new, or was last said minutes ago; else for who debugs alone."""
        kind, now = _MOMENT.sub("", text), self._clock.monotonic()
        new = kind != self._last or now - self._said >= AGAIN
        if new:
            self._last, self._said = kind, now
        log.log(level if new else logging.DEBUG, "%s", text)

    def over(self) -> None:
        """Work goes on; the same trouble is new when it comes again."""
        if self._last:
            log.info("It works again.")
        self._last = ""
