"""Where the log goes: one rotating file for the service, one for each tenant, who#generation in every line.

Times are IST and say so. On the console only what somebody may have to look at, a line each.
"""

import logging
import re
import sys
import time
from datetime import datetime
from pathlib import Path

from concurrent_log_handler import ConcurrentRotatingFileHandler

from cli.output import printable
from domain.clock import IST
from domain.errors import NotAllowed

FORMAT = "%(asctime)s %(levelname)-8s %(threadName)s %(name)s: %(message)s"
BYTES_A_FILE = 10 * 1024 * 1024
OLD_FILES = 5
SERVICE = "service.log"
NOT_A_NAME = re.compile(r"[^A-Za-z0-9._-]")


class InIndia(logging.Formatter):
    """The format of every line, its time as the market's clock shows it."""

    default_msec_format = "%s,%03d IST"

    def __init__(self) -> None:
        super().__init__(FORMAT)

    @staticmethod
    def converter(seconds: float | None) -> time.struct_time:
        """The hour in India at so many seconds since 1970."""
        return datetime.fromtimestamp(seconds or 0.0, IST).timetuple()


class OneLine(InIndia):
    """For the console: the sentence; its traceback is in the file."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line that cannot steer the terminal."""
        record.message, record.asctime = record.getMessage(), self.formatTime(record)
        return printable(self.formatMessage(record))


class TenantFiles(logging.Handler):
    """Writes what a tenant's thread says to that tenant's own file; threads are named tenant#generation."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._files: dict[str, logging.Handler] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, if it came from a tenant's thread."""
        tenant, mark, _ = (record.threadName or "").rpartition("#")
        if mark:
            self._file(tenant).handle(record)

    def close(self) -> None:
        """Close every tenant's file."""
        for file in self._files.values():
            file.close()
        super().close()

    def _file(self, tenant: str) -> logging.Handler:
        if tenant not in self._files:
            self._files[tenant] = _rotating(self._folder / f"tenant-{NOT_A_NAME.sub('_', tenant)}.log")
            self._files[tenant].setFormatter(self.formatter)
        return self._files[tenant]


def start_logging(folder: Path, level: str, *, aloud: bool = False) -> None:
    """Send every logger's lines to the files of a folder, and `aloud` warnings to stderr too. Raises NotAllowed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SERVICE).open("a").close()
    except OSError as error:
        raise NotAllowed(
            f"The log folder {folder} cannot be written: {error.strerror}. Set NINEFIFTEEN_LOG_DIR to one that can."
        ) from error
    root = logging.getLogger()
    for handler in (_rotating(folder / SERVICE), TenantFiles(folder)):
        handler.setFormatter(InIndia())
        root.addHandler(handler)
    if aloud:
        root.addHandler(_console())
    root.setLevel(level)
    for chatty in ("urllib3", "alembic", "sqlalchemy", "aiohttp"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _console() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(OneLine())
    return handler


def _rotating(path: Path) -> logging.Handler:
    return ConcurrentRotatingFileHandler(
        str(path), maxBytes=BYTES_A_FILE, backupCount=OLD_FILES, encoding="utf-8", chmod=0o600
    )
