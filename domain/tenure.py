"""One generation's right to act for one user: given by a claim, taken by a stop or a revocation."""

import threading

from domain.errors import TenureLost


class Tenure:
    """Carried by everything a tenant's thread does; safe to revoke from any thread.

    `stop` asks politely (finish the cycle, send nothing new), `revoke` forbids: a request that has not sent
    its first byte stays unsent, a transaction that has not passed the fence is refused by the database anyway.
    """

    __slots__ = ("_beaten", "_revoked", "_stop", "generation", "user_id", "user_name", "wake")

    def __init__(self, user_id: int, generation: int, user_name: str = "") -> None:
        self.user_id = user_id
        self.generation = generation
        self.user_name = user_name or str(user_id)
        self.wake = threading.Event()
        self._beaten = 0.0
        self._stop = threading.Event()
        self._revoked = threading.Event()

    def __str__(self) -> str:
        return f"{self.user_name}#{self.generation}"

    @property
    def stopping(self) -> bool:
        """Whether the thread was asked to end."""
        return self._stop.is_set()

    @property
    def revoked(self) -> bool:
        """Whether the right to act is gone."""
        return self._revoked.is_set()

    @property
    def beaten(self) -> float:
        """When the thread last said that it lives, in boot-time seconds; 0 before the first time."""
        return self._beaten

    @property
    def stopped(self) -> threading.Event:
        """Set once the thread is to end; something to wait on."""
        return self._stop

    def beat(self, moment: float) -> None:
        """Say that the thread lives: called at each turn of its loop and before each broker call."""
        self._beaten = moment

    def stop(self) -> None:
        """Ask the thread to end after what it is doing."""
        self._stop.set()
        self.wake.set()

    def revoke(self) -> None:
        """Take the right away at once."""
        self._revoked.set()
        self.stop()

    def require(self) -> None:
        """Raise TenureLost when the right to act is gone."""
        if self.revoked:
            raise TenureLost(f"{self}: this generation may no longer act; its successor does.")
