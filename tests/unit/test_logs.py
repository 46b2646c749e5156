"""How a line of the log looks: its hour, and what of it goes to the console."""

import logging
import sys

from cli.logs import InIndia, OneLine


def record(words: str) -> logging.LogRecord:
    """An error with a traceback, at 12:02:04.123 IST."""
    try:
        raise ValueError("secret detail")
    except ValueError:
        made = logging.LogRecord("ninefifteen", logging.ERROR, "file", 1, words, None, sys.exc_info())
    made.created, made.msecs, made.threadName = 1795415524.123, 123.0, "asha#3"
    return made


def test_times_are_those_of_the_market_and_say_so() -> None:
    """Catches: the hour of whatever zone the machine is in."""
    line = InIndia().format(record("it fell")).splitlines()
    assert line[0] == "2026-11-23 12:02:04,123 IST ERROR    asha#3 ninefifteen: it fell"
    assert line[-1] == "ValueError: secret detail"


def test_the_console_gets_one_line_that_cannot_steer_it() -> None:
    line = OneLine().format(record("it fell\x1b[2J\nand fell"))
    assert line == "2026-11-23 12:02:04,123 IST ERROR    asha#3 ninefifteen: it fell [2J and fell"
