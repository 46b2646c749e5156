"""The machine and this process: what it is, what it takes, and on which cores it runs."""

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")
STATUS = Path("/proc/self/status")
TASKS = Path("/proc/self/task")


def facts() -> dict[str, str]:
    """What a reader has to know beside any figure."""
    return {
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "at": time.strftime("%Y-%m-%d %H:%M:%S %z"),
    }


def resident_bytes() -> int:
    """The memory that this process holds at the moment (Linux)."""
    gc.collect()
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


@contextmanager
def pinned(wanted: bool) -> Iterator[None]:
    """Keep every thread of this process, and those it starts meanwhile, on its last core; then let them go again."""
    before = os.sched_getaffinity(0)
    _allow({max(before)} if wanted else before)
    try:
        yield
    finally:
        _allow(before)


def in_fresh_process(work: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """The result of a function of a module, computed where nothing else has used memory before."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def _allow(cores: set[int]) -> None:
    for task in TASKS.iterdir():
        os.sched_setaffinity(int(task.name), cores)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
