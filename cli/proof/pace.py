"""How fast a proof lives: one factor scales lease, time-outs, book lag and cycles alike."""

from pathlib import Path

from cli.times import Times
from domain.vantage import Tempo
from settings import Settings

FACTOR = 0.05
CODE_SECONDS = 2
"""How long a login code lives: 30 s by the same factor, in whole seconds."""
LEASE = 6.0
"""Seconds, unscaled; 0.3 s is the shortest lease that the settings take."""


def settings_of(home: Path, logs: Path, url: str = "") -> Settings:
    """The settings of a seed, made without a look at the environment; the account's rates are lifted."""
    return Settings.model_construct(
        home=home,
        log_dir=logs,
        kotak_url=url,
        pace=FACTOR,
        lease_seconds=LEASE * FACTOR,
        orders_per_second=0.0,
        reads_per_second=0.0,
        pool_size=6,
        drill_code_seconds=CODE_SECONDS,
    )


def tempo_of(settings: Settings) -> Tempo:
    """What coverage is judged by at this pace."""
    times = Times.of(settings).trading
    return Tempo(times.cycle, times.book_lag, times.call_deadline)


def described(settings: Settings) -> str:
    """The times in words."""
    times = Times.of(settings)
    day = times.trading
    return (
        f"every time × {FACTOR:g}: lease {times.lease:g} s, cycle {day.cycle:g} s, send window {day.send_window:g} s,"
        f" call {day.call_deadline:g} s, book lag {day.book_lag:g} s, absent after {day.absent_after:g} s"
    )
