"""The stages of a solution as a record keeps them, and what moments can run of a schedule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from excise.explain.point import Point, StagePoint
from excise.problem import Problem
from excise.results import Floats, Solution
from excise.schedules import Adaptive, Schedule, Then
from excise.stages import Stage

MOST_NUMBERS = 400_000
"""Weights of all stages together that a record keeps; beyond, those of the first and the last."""


def stages_of(
    solution: Solution, spread: Floats, *, earned: bool = False, share: float = 1.0
) -> tuple[StagePoint, ...]:
    """As a record keeps them: coefficients times `spread`, relative gaps times `share`.

    `earned`: with what features earn, where the books will not have it. A name that comes again
    has its number: refine, refine (2).
    """
    found: list[StagePoint] = []
    for stage in _few(solution.stages):
        times = 1 + sum(other.name.partition(" (")[0] == stage.name for other in found)
        found.append(
            StagePoint(
                name=stage.name if times == 1 else f"{stage.name} ({times})",
                alpha=stage.alpha,
                l1_ratio=stage.l1_ratio,
                penalty_weight=stage.penalty_weight,
                coef_std=stage.coef * spread,
                rel_gap=stage.relative_gap * share,
                earns=stage.earns if earned else None,
            )
        )
    return tuple(found)


def _few(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """All, or the first and the last."""
    if not stages:
        return stages
    if len(stages) * len(stages[0].coef) > MOST_NUMBERS:
        return stages[:1] + stages[-1:] if len(stages) > 1 else stages
    return stages


def starts_plain(problem: Problem, point: Point) -> bool:
    """Whether the first stage is the problem itself, so that its tax is what columns enter at."""
    if not point.stages:
        return True
    first = point.stages[0]
    same = first.alpha == point.alpha and first.l1_ratio == problem.l1_ratio
    return same and bool(np.array_equal(first.penalty_weight, problem.penalty_weight))


def from_moments(schedule: Schedule, point: Point | None = None) -> Schedule | None:
    """The schedule as moments can run it; None where first coefficients need the rows.

    A strength that was chosen on the rows, for the first stage of all, is that of `point`.
    """
    if isinstance(schedule, Then):
        first = from_moments(schedule.first, point)
        second = from_moments(schedule.second)
        return None if first is None or second is None else Then(first, second)
    if not schedule.needs_rows:
        return schedule
    if not isinstance(schedule, Adaptive) or point is None:
        return None
    if not point.stages or point.stages[0].name != f"init {schedule.init}":
        return None
    return replace(schedule, init_alpha=point.stages[0].alpha)
