"""A drill that dies or freezes at a waypoint: which words are understood, when it strikes, and that nobody else may."""

import os
import signal

import pytest

from cli.app import main
from cli.dying import doom
from domain.errors import BadInput
from domain.orders import SendKind
from service.waypoints import Unwatched, Waypoint, after_send, before_send


def test_every_kind_of_send_has_a_point_before_and_one_after() -> None:
    assert {before_send(kind) for kind in SendKind} | {after_send(kind) for kind in SendKind} < set(Waypoint)


@pytest.mark.parametrize(("word", "number"), [("die", signal.SIGKILL), ("freeze", signal.SIGSTOP)])
def test_it_strikes_at_the_nth_arrival_at_its_point_alone(
    word: str, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    struck: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, sent: struck.append((pid, sent)))
    at = "before_send:cancel:2"
    points = doom(at if word == "die" else None, at if word == "freeze" else None)
    points.reach(Waypoint.BEFORE_CANCEL)
    points.reach(Waypoint.BEFORE_PLACE)
    assert struck == []
    points.reach(Waypoint.BEFORE_CANCEL)
    points.reach(Waypoint.BEFORE_CANCEL)
    assert struck == [(os.getpid(), number)]


def test_without_options_nothing_ever_strikes() -> None:
    assert isinstance(doom(None, None), Unwatched)


@pytest.mark.parametrize("words", [("nowhere", None), ("before_ack:0", None), ("before_ack", "after_ack")])
def test_what_is_not_understood_is_refused(words: tuple[str, str | None]) -> None:
    with pytest.raises(BadInput):
        doom(*words)


def test_only_a_drill_may_die_on_purpose(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["run.py", "serve", "--die-at", "before_ack"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == BadInput.exit_code
    assert "only a drill may do: add --drill" in capsys.readouterr().err
