"""Times, taken fairly: everybody in turn, round after round, and the median counts."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any


@dataclass
class Runs:
    """Seconds of several runs of the same work."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def facts(self) -> dict[str, float]:
        """What a result says about them."""
        return {
            "seconds": self.median,
            "best": min(self.seconds),
            "runs": len(self.seconds),
        }


def interleaved(
    works: Mapping[str, Callable[[], float]], *, budget: float, most: int = 15, least: int = 3
) -> dict[str, Runs]:
    """Run all `works` in turn, starting each round with another one; quick ones a few times a turn.

    Stops after `most` rounds, or after `least` once `budget` seconds are spent. A first, untimed
    round warms caches and compilers; whoever then takes more than a third of the budget for one
    run is not asked again, and who took three times the budget at once is believed.
    """
    runs = {name: Runs() for name in works}
    works = {name: on_all_cores(work) for name, work in works.items()}
    names = list(works)
    slow = set()
    for name in names:
        seconds = works[name]()
        if budget / 3 < seconds < 3 * budget:
            seconds = works[name]()
        if seconds > budget / 3:
            runs[name].seconds.append(seconds)
            slow.add(name)
    start = time.perf_counter()
    for k in range(most):
        for name in names[k % len(names) :] + names[: k % len(names)]:
            if name not in slow:
                runs[name].seconds += burst(works[name])
        if k + 1 >= least and time.perf_counter() - start > budget:
            break
    return runs


CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def on_all_cores(work: Callable[[], float]) -> Callable[[], float]:
    """Undo what other tools did to this thread: threads that `work` starts inherit its cores.

    Importing adelie binds the thread to one core, and everybody's threads after it.
    """

    def run() -> float:
        if CORES is not None:
            os.sched_setaffinity(0, CORES)
        return work()

    return run


def burst(work: Callable[[], float], *, most: int = 5, enough: float = 0.03) -> list[float]:
    """Run `work` until `enough` seconds are spent: the first run finds the caches cold."""
    seconds = [work()]
    while len(seconds) < most and sum(seconds) < enough:
        seconds.append(work())
    return seconds


def machine() -> dict[str, Any]:
    """The kind of machine, as far as a reader needs it."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": date.today().isoformat(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
