"""A drill's pace holds for the order feed as well, else a short day sees none of it."""

from dataclasses import fields

from broker.kotak_neo.feed.settings import FeedSettings

RATES = {"greeting", "longest_frame", "frame_cost", "bytes_a_second", "burst"}


def test_every_time_of_the_feed_is_scaled_and_hints_come_as_much_more_often() -> None:
    usual, quick = FeedSettings(), FeedSettings().paced(0.05)
    assert quick.wakes_a_second == usual.wakes_a_second / 0.05
    times = {field.name for field in fields(FeedSettings)} - RATES - {"wakes_a_second"}
    assert {getattr(quick, name) / getattr(usual, name) for name in times} == {0.05}
    assert all(getattr(quick, name) == getattr(usual, name) for name in RATES)


def test_the_usual_pace_changes_nothing() -> None:
    assert FeedSettings().paced(1.0) == FeedSettings()
