"""What an adapter offers: prepared jobs that can be timed, and their answers."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.problems.base import Floats, Problem


@dataclass(frozen=True)
class PathAnswer:
    """Coefficients along a path, a column per alpha, and an intercept per alpha or for all.

    With K outputs coefficient j of output k stands in row j * K + k, and every alpha has a row of
    K intercepts.
    """

    coefs: Floats
    intercepts: Floats | float = 0.0


@dataclass(frozen=True)
class CVAnswer:
    """Held-out mean squared error per alpha, averaged over folds, or over rows if `by_rows`."""

    mean: Floats
    by_rows: bool = False


@dataclass(frozen=True)
class ManyAnswer:
    """A `PathAnswer` per problem."""

    paths: list[PathAnswer]


class Job(ABC):
    """Work that is ready to run: data converted, code compiled, only the fit left."""

    @abstractmethod
    def run(self) -> float:
        """Do the work once; returns seconds."""

    @abstractmethod
    def answer(self) -> Any:
        """The result of the last run."""

    def close(self) -> None:  # noqa: B027  (most have nothing to do)
        """Let go of what the job holds."""


class PythonJob(Job):
    """Calls `work` and, when asked, turns its result into an answer."""

    def __init__(self, work: Callable[[], Any], read: Callable[[Any], Any]) -> None:
        self.work, self.read = work, read
        self.result: Any = None

    def run(self) -> float:
        start = time.perf_counter()
        result = self.work()
        seconds = time.perf_counter() - start
        self.result = result
        return seconds

    def answer(self) -> Any:
        return self.read(self.result)


class Together(Job):
    """Several jobs of one tool, one after the other, as one."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs

    def run(self) -> float:
        return sum(job.run() for job in self.jobs)

    def answer(self) -> ManyAnswer:
        return ManyAnswer([job.answer() for job in self.jobs])

    def close(self) -> None:
        for job in self.jobs:
            job.close()


class Peer(ABC):
    """One tool.

    Attributes
    ----------
    name, package : str
        What people call it, and what its distribution is called.
    tol : float
        Its default tolerance.
    ladder : tuple of float
        Tolerances for the picture of time against gap, loosest first.
    sparse : bool
        Whether it takes a scipy CSC matrix as it is.
    most_columns : float
        Above this many columns it takes minutes, for a reason the adapter states.
    losses : tuple of str
        Those it can state, without their parameters.
    penalties : tuple of str
        Those it can state, without their parameters.
    tight : float, optional
        The tolerance at which it is measured too where there are groups.
    without : dict of str to str
        Why it does not take part with a loss, or in a problem, though one would expect it to.
    """

    name: str
    package: str
    tol: float
    ladder: tuple[float, ...] = ()
    sparse: bool = True
    most_columns: float = math.inf
    losses: tuple[str, ...] = ("squared",)
    penalties: tuple[str, ...] = ("l1",)
    tight: float | None = None
    without: Mapping[str, str] = MappingProxyType({})

    @property
    def version(self) -> str:
        return version(self.package)

    def available(self) -> bool:
        """Whether the tool is installed."""
        try:
            self.version  # noqa: B018
        except ImportError:
            return False
        return True

    def tolerance(self, problem: Problem) -> float:
        """The default tolerance for such a problem."""
        return self.tol

    def tolerances(self, problem: Problem) -> tuple[float, ...]:
        """The default tolerance, and one at which groups are solved as far as ours."""
        first = self.tolerance(problem)
        return (first, self.tight) if problem.group_size and self.tight else (first,)

    def obstacle(self, problem: Problem) -> str | None:
        """Why the tool cannot take part in measuring `problem`, if it cannot."""
        for key in (problem.name, problem.family):
            if key in self.without:
                return self.without[key]
        if problem.family not in self.losses:
            return f"has no lasso of the {problem.family} loss"
        kind = problem.penalty.partition(":")[0]
        if kind not in self.penalties:
            return f"has no {kind.replace('_', ' ')} lasso"
        if problem.sparse and not self.sparse:
            return "takes dense tables only"
        if problem.X.shape[1] > self.most_columns:
            return f"not asked above {self.most_columns:,} columns"
        return None

    @abstractmethod
    def path(self, problem: Problem, tol: float) -> Job:
        """The whole path, with an intercept if the problem has one; answers a `PathAnswer`."""

    def many(self, problems: Sequence[Problem]) -> Job:
        """A path of each problem, one after the other; answers a `ManyAnswer`."""
        return Together([self.path(problem, self.tol) for problem in problems])

    def cv(self, problem: Problem, folds: np.ndarray) -> Job | None:
        """Cross-validation with an intercept at the default tolerance, on the given folds."""
        return None
