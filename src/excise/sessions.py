"""Who solves a problem: one engine, the stages of its schedule, or steps of its penalty."""

from __future__ import annotations

from typing import Any, Protocol

from excise.problem import Problem
from excise.results import Floats, Path, Solution
from excise.standard import ColumnScale


class AnySession(Protocol):
    """A problem with who works on it."""

    problem: Problem

    @property
    def columns(self) -> ColumnScale:
        """Centre and spread of the columns."""

    @property
    def alpha_max(self) -> float:
        """Where the first feature enters."""

    def grid(self, alphas: Any = 100, alpha_min_ratio: float | None = None) -> Floats:
        """The falling alphas that `alphas` means (see `excise.fit_path`)."""

    def solve_at(self, alpha: float) -> Solution:
        """The solution at `alpha` with its certificate."""

    def path(self, alphas: Floats) -> Path:
        """Solutions at falling `alphas`."""


def session_of(problem: Problem) -> AnySession:
    """A session for the problem, of the kind that its schedule and its penalty ask for."""
    if problem.penalty is not None and problem.penalty.solver == "proximal":
        from excise.proximal import ProximalSession

        return ProximalSession(problem)  # it refuses a schedule
    if problem.schedule is not None:
        from excise.staged import StagedSession

        return StagedSession(problem)
    from excise.overlapping import core_session

    return core_session(problem)
