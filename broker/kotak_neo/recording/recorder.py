"""All that passes between us and the broker, written down without secrets: for showing where it differs from the book.

The tenants' threads and the feeds' only put what they heard into a queue; one thread takes the secrets out and writes.
Whatever fails here (a full disk, a full queue) is said once and costs a line of the recording, never a call.
"""

import json
import logging
import queue
import threading
from pathlib import Path

from broker.kotak_neo.recording.file import LARGEST, RecordFile
from broker.kotak_neo.recording.line import frame_line, line_of
from broker.kotak_neo.recording.redaction import Redaction
from broker.kotak_neo.tap import Frame, Heard
from domain.clock import IST
from domain.users import Credentials

log = logging.getLogger(__name__)
FORMAT = 1
_WAITING, _WAITING_BYTES = 1000, 32 * 1024 * 1024
Event = Heard | Frame


class Recorder:
    """One for a process. `close` writes what is waiting."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        """Raises NotAllowed for a folder that cannot be used or that others can read; bytes of all its recordings."""
        self._file = RecordFile(folder, largest)
        self._queue: queue.Queue[tuple[_Account, Event] | None] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._held = self._lost = self._accounts = 0
        self._warned = False
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
        self._thread.start()

    def tap(self, credentials: Credentials) -> "_Account":
        """What one account's exchanges are told to."""
        with self._lock:
            self._accounts += 1
            return _Account(self, self._accounts, Redaction(credentials))

    def take(self, account: "_Account", event: Event) -> None:
        """Keep it for the writing thread; without room it is lost, and the next line says how many were."""
        size = _size(event)
        with self._lock:
            if self._held + size <= _WAITING_BYTES and not self._queue.full():
                self._held += size
                self._queue.put_nowait((account, event))
                return
            self._lost += 1

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, as far as it can be done in the time, and end."""
        try:
            self._queue.put(None, timeout=seconds)
        except queue.Full:
            return
        self._thread.join(seconds)

    def _run(self) -> None:
        while (waiting := self._queue.get()) is not None:
            account, event = waiting
            try:
                self._write(account, event)
            except Exception as error:  # noqa: BLE001 - a recording must not end because of what the broker sent
                self._warn(f"an exchange could not be written down ({type(error).__name__}); others are tried")
            finally:
                with self._lock:
                    self._held -= _size(event)
        self._file.close()
        if self._lost:
            log.warning("recorder: %d exchanges were not recorded: more came at once than could be kept", self._lost)

    def _write(self, account: "_Account", event: Event) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        if isinstance(event, Frame):
            at, told = event.at, frame_line(account.redaction, event)
        else:
            at, told = event.began_at, line_of(account.redaction, event)
        line = {"format": FORMAT, "account": account.number, **told} | ({"lost_before": lost} if lost else {})
        self._file.append(at.astimezone(IST).date(), json.dumps(line, ensure_ascii=False))

    def _warn(self, words: str) -> None:
        """Once; never with a traceback, in which secrets may stand."""
        if not self._warned:
            self._warned = True
            log.warning("recorder: %s", words)


class _Account:
    """The tap of one account; its redaction belongs to the writing thread."""

    def __init__(self, recorder: Recorder, number: int, redaction: Redaction) -> None:
        self.number = number
        self.redaction = redaction
        self._recorder = recorder

    def heard(self, exchange: Heard) -> None:
        """Put it into the queue."""
        self._recorder.take(self, exchange)

    def told(self, frame: Frame) -> None:
        """Put it into the queue."""
        self._recorder.take(self, frame)


def _size(event: Event) -> int:
    if isinstance(event, Frame):
        return len(event.text)
    return len(event.answer.body) if event.answer is not None else 0
