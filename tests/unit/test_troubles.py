"""A tenant's trouble in its log: said when it begins, changes or lasts; the looks between are for who debugs."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from domain.clock import VirtualClock
from service.troubles import AGAIN, Troubles

BEGAN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
REFUSED = "asha#1: the broker refused the login. The next login comes at 09:3{} IST."


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_the_same_trouble_is_said_once_though_its_times_differ(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clock = VirtualClock(BEGAN)
    troubles = Troubles(clock)
    for minute in range(5):
        troubles.tell(REFUSED.format(minute), logging.WARNING)
        clock.advance(5)
    assert warned(caplog) == [REFUSED.format(0)]
    assert len(caplog.records) == 5


def test_another_trouble_and_a_lasting_one_are_said(caplog: pytest.LogCaptureFixture) -> None:
    clock = VirtualClock(BEGAN)
    troubles = Troubles(clock)
    told = ["HTTP 401.", "HTTP 502.", "HTTP 502."]
    for text in told:
        troubles.tell(text, logging.WARNING)
    assert warned(caplog) == ["HTTP 401.", "HTTP 502."]
    clock.advance_to(BEGAN + timedelta(seconds=AGAIN))
    troubles.tell("HTTP 502.", logging.WARNING)
    assert len(warned(caplog)) == 3


def test_trouble_that_was_over_is_new_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    troubles = Troubles(VirtualClock(BEGAN))
    troubles.over()
    troubles.tell("HTTP 502.", logging.WARNING)
    troubles.over()
    troubles.tell("HTTP 502.", logging.WARNING)
    assert caplog.messages == ["HTTP 502.", "It works again.", "HTTP 502."]
