"""Relaxed paths: the core fits every support of a path again, at shares of its alpha.

The factor of the first stage serves the second, so that a relaxed path costs little more than a
plain one. `excise.staged` comes to the same points stage by stage, each with an engine of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.certify import certify_problem
from excise.design import ArrayDesign
from excise.engine import Session
from excise.problem import Problem
from excise.results import Floats, Path, SparseColumns
from excise.schedules.base import Schedule


def shares_of(problem: Problem, schedules: Sequence[Schedule]) -> Floats | None:
    """The shares of alpha at which these schedules refine a path; None: the core cannot."""
    shares = [schedule.refines_at() for schedule in schedules]
    if problem.l1_ratio == 0.0 or any(share is None for share in shares):
        return None
    return np.array(shares, dtype=np.float64)


def refined_paths(session: Session, alphas: Floats, shares: Floats) -> tuple[Path, list[Path]]:
    """The path of the first stage, and for every share that of the supports fitted again.

    The gap of a refined point is that of the worse stage.
    """
    found = session.run(alphas, shares=shares)
    start = session.certified(alphas, found)
    some = zip(shares.tolist(), found["refined"], strict=True)
    return start, [_refined(session, start, own, share) for share, own in some]


def _refined(session: Session, start: Path, found: dict[str, Any], share: float) -> Path:
    columns = session.sparse(found, "coef")
    verify = _verifier(session.problem, start, share, columns, found["intercepts"])
    gaps = session.relative_gaps(found, verify)
    top = session.engine.top_gradient
    return replace(
        start,
        columns=columns,
        columns_std=session.sparse(found, "coef_std"),
        intercepts=found["intercepts"],
        relative_gaps=np.maximum(start.relative_gaps, gaps),
        kkt_violations=found["violations"] / (top if top > 0.0 else 1.0),
        train_loss=found["losses"],
    )


def _verifier(
    problem: Problem, start: Path, share: float, columns: SparseColumns, intercepts: Floats
) -> Callable[[int], float]:
    """The relative gap at the k-th alpha by the verifier, which reads columns of supports alone."""

    @cache
    def narrow() -> tuple[NDArray[np.int64], Problem]:
        kept = np.union1d(np.flatnonzero(problem.penalty_weight == 0.0), start.columns.indices)
        return kept, narrowed(problem, kept)

    def verify(k: int) -> float:
        kept, whole = narrow()
        own = (whole.penalty_weight == 0.0) | np.isin(kept, start.support(k))
        support = replace(whole, penalty_weight=np.where(own, whole.penalty_weight, np.inf))
        coef, alpha = columns.column(k)[kept], share * float(start.alphas[k])
        return certify_problem(support, coef, float(intercepts[k]), alpha).relative_gap

    return verify


def narrowed(problem: Problem, columns: Any) -> Problem:
    """The problem of these columns alone, a copy: nothing else is read to fit them."""
    kept, done = np.empty((problem.n, len(columns)), order="F"), 0
    for here, block in problem.design.blocks(columns):
        kept[:, done : done + len(here)] = block
        done += len(here)
    names = problem.feature_names
    return replace(
        problem,
        design=ArrayDesign(kept),
        penalty_weight=problem.penalty_weight[columns],
        lower=problem.lower[columns],
        upper=problem.upper[columns],
        feature_names=None if names is None else tuple(names[j] for j in columns),
    )
