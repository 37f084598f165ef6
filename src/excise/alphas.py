"""Falling sequences of alphas: as asked for, and on the way to a single one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from excise.arguments import check_alpha
from excise.exceptions import InputError
from excise.problem import Problem
from excise.results import Floats

STEP = 0.85
"""Ratio of neighbouring alphas on the inner path that leads to a single one."""
MOST_STEPS = 100


def falling_alphas(
    problem: Problem, top_of: Callable[[], float], alphas: Any, ratio: float | None
) -> Floats:
    """The alphas that are meant: those given, or a geometric grid from the top (see `fit_path`)."""
    if not isinstance(alphas, (int, np.integer)):
        return given_alphas(alphas)
    count = int(alphas)
    if count < 1:
        raise InputError(f"alphas must be at least 1, got {count}")
    if ratio is None:
        ratio = 1e-4 if problem.n > problem.p else 1e-2
    elif not 0.0 < ratio < 1.0:
        raise InputError(f"alpha_min_ratio must be between 0 and 1, got {ratio!r}")
    top = top_of()
    if top == 0.0:  # nothing to explain: every alpha gives the same zeros
        return np.full(count, np.finfo(np.float64).resolution)
    grid = top * np.geomspace(1.0, ratio, count)
    grid[0] = top
    return grid


def given_alphas(alphas: Any) -> Floats:
    """Alphas as the user gave them, checked and falling."""
    values = np.atleast_1d(np.asarray(alphas, dtype=np.float64))
    if values.ndim != 1 or len(values) == 0:
        raise InputError("alphas must be a number of alphas or a list of them")
    falling = np.ascontiguousarray(np.sort(values)[::-1])
    if not (falling[-1] >= 0.0 and falling[0] < np.inf):  # NaN is first
        for value in values:
            check_alpha(value)
    return falling


def descent(above: float, alpha: float) -> Floats:
    """Falling alphas from `above`, which is solved, to `alpha`."""
    if not 0.0 < alpha < above:
        return np.array([alpha])
    count = int(np.ceil((np.log(alpha) - np.log(above)) / np.log(STEP)))
    return np.geomspace(above, alpha, min(max(count, 1), MOST_STEPS) + 1)[1:]
