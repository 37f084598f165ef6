"""The floor under all tools: X'y once, a single read of the data."""

from __future__ import annotations

from benchmarks.peers.base import PythonJob
from benchmarks.problems.base import Problem


class NullJob(PythonJob):
    """Answers nothing; its time is the unit called a pass."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(lambda: problem.X.T @ problem.y, lambda _: None)
