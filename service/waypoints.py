"""Labelled points of the intent protocol, where a proof may end or freeze the process; by default nothing happens."""

from enum import StrEnum
from typing import Protocol

from domain.orders import SendKind


class Waypoint(StrEnum):
    """Where a crash could hurt most. "Before" a transaction is just before its commit, with everything written."""

    BEFORE_INTENT = "before_intent"
    AFTER_INTENT = "after_intent"
    BEFORE_PLACE = "before_send:place"
    AFTER_PLACE = "after_send:place"
    BEFORE_MODIFY = "before_send:modify"
    AFTER_MODIFY = "after_send:modify"
    BEFORE_CANCEL = "before_send:cancel"
    AFTER_CANCEL = "after_send:cancel"
    BEFORE_ACK = "before_ack"
    AFTER_ACK = "after_ack"
    BEFORE_SETTLE = "before_settle"
    """A read is about to decide what became of sends in doubt."""
    AFTER_SETTLE = "after_settle"


def before_send(kind: SendKind) -> Waypoint:
    """The point before the request's first byte."""
    return Waypoint(f"before_send:{kind}")


def after_send(kind: SendKind) -> Waypoint:
    """The point after the answer, or after nobody answered."""
    return Waypoint(f"after_send:{kind}")


class Waypoints(Protocol):
    """Who is told."""

    def reach(self, point: Waypoint) -> None:
        """The tenant's thread is there."""


class Unwatched:
    """Nobody is told."""

    def reach(self, point: Waypoint) -> None:
        """Go on."""
