"""An event that may be set in a signal handler, too."""

import threading
from queue import Empty, SimpleQueue


class Doorbell(threading.Event):
    """`threading.Event` over a `SimpleQueue`, whose `put` is reentrant: a handler that interrupts its own thread
    within `wait` cannot meet a lock that the thread holds. One thread waits, any thread rings."""

    def __init__(self) -> None:
        super().__init__()
        self._rings: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether it rang since it was last cleared."""
        return not self._rings.empty()

    def set(self) -> None:
        """Ring."""
        if self._rings.empty():
            self._rings.put(None)

    def clear(self) -> None:
        """Forget that it rang."""
        try:
            while True:
                self._rings.get_nowait()
        except Empty:
            return

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a ring, at most so many seconds; whether there was one."""
        try:
            self._rings.put(self._rings.get(timeout=timeout))
        except Empty:
            return False
        return True
