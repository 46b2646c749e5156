"""Many seeds: one after another on each worker's own ground, told as they end, stopped all together."""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta
from pathlib import Path

from cli.proof.ground import Ground, ground
from cli.proof.report import as_text
from cli.proof.script import script
from cli.proof.trial import Trial
from cli.proof.verdict import Tally, Verdict
from cli.proof.watch import Interrupted
from domain.clock import IST, SystemClock

NIGHT = timedelta(seconds=240)
"""No seed begins so shortly before midnight in India, when the broker's day ends."""


class Company:
    """`jobs` workers in a folder of their own."""

    def __init__(self, home: Path, jobs: int, hear: Callable[[Verdict], None]) -> None:
        self._home = home
        self._jobs = jobs
        self._hear = hear
        self._clock = SystemClock()
        self._stopping = threading.Event()
        self._making = threading.Lock()

    def prove(self, seeds: Sequence[int]) -> Tally:
        """Play every seed. Raises KeyboardInterrupt, once everything that was started has ended."""
        jobs = min(self._jobs, len(seeds))
        with ThreadPoolExecutor(jobs, thread_name_prefix="prove") as pool:
            work = [pool.submit(self._worker, number, seeds[number::jobs]) for number in range(jobs)]
            try:
                verdicts = [verdict for done in as_completed(work) for verdict in done.result()]
            finally:
                self._stopping.set()
        return Tally(sorted(verdicts, key=lambda verdict: verdict.script.seed))

    def _worker(self, number: int, seeds: Sequence[int]) -> list[Verdict]:
        verdicts = []
        try:
            with ground(self._home / f"ground-{number}", self._making) as own:
                for seed in seeds:
                    verdicts.append(self._one(own, seed))
        except Interrupted:
            pass
        return verdicts

    def _one(self, own: Ground, seed: int) -> Verdict:
        self._await_day()
        folder = self._home / f"seed-{seed}"
        try:
            verdict = Trial(script(seed), folder, own, self._clock, self._stopping).run()
        except Interrupted:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if verdict.broken:
            (folder / "evidence.json").write_text(as_text(verdict), encoding="utf-8")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        self._hear(verdict)
        return verdict

    def _await_day(self) -> None:
        """Let a midnight in India pass that is near."""
        now = self._clock.now().astimezone(IST)
        midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), IST)
        if midnight - now < NIGHT and self._clock.wait(self._stopping, (midnight - now).total_seconds() + 1):
            raise Interrupted
