"""SIGTERM and SIGINT, turned into something that the main loop reads when it comes to it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

from tenants.doorbell import Doorbell

STOPPING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stop_signals(stops: SimpleQueue[str], bell: Doorbell) -> Iterator[None]:
    """While it lasts, each signal puts its name into the queue and rings; on the main thread alone, as Python asks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def enqueue(number: int, frame: FrameType | None) -> None:
        stops.put(signal.Signals(number).name)
        bell.set()

    before = {number: signal.signal(number, enqueue) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
