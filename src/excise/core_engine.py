"""The compiled engine of a checked problem: what the core is told, and what it refuses."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from excise._core import Engine
from excise.exceptions import InputError
from excise.losses import Squared
from excise.problem import Problem
from excise.results import Floats
from excise.stationary import concave_of


def default_threads() -> int:
    """The processors this process may use; fewer where OMP_NUM_THREADS says so.

    joblib and others set that variable in their workers, so that these do not crowd each other.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    return min(count, int(wanted)) if wanted.isdecimal() and int(wanted) > 0 else count


def engine_of(problem: Problem) -> Engine:
    """The compiled engine of a checked problem."""
    design, weighted = problem.design, problem.sample_weight is not None
    sees_all = not weighted or bool(np.all(problem.weights > 0.0))
    if not (sees_all or design.finite):  # the core looks at rows with weight only
        problem.refuse_non_finite()
    y, offset = problem.y, problem.offset
    if isinstance(problem.loss, Squared) and offset is not None:
        y, offset = y - offset, None
    times, groups = problem.survival, problem.groups
    several: dict[str, Any] = {}
    if (concave := concave_of(problem)) is not None:
        several["concave"] = (concave.name, concave.number)
    if problem.outputs > 1:
        several["outputs"] = problem.outputs
    if groups is not None:
        several["groups"] = (groups.indptr, groups.indices)
    if (kind := problem.group_tax) is not None:
        several["group_tax"] = (np.array(kind.weights), kind.own_share)
    engine = Engine(
        design=design.handle(),
        y=_by_output(y),
        weights=problem.weights if weighted else None,
        penalty_weight=np.ascontiguousarray(problem.penalty_weight),
        lower=np.ascontiguousarray(problem.lower),
        upper=np.ascontiguousarray(problem.upper),
        l1_ratio=problem.l1_ratio,
        fit_intercept=problem.centred,
        standardize=problem.standardize,
        loss=problem.loss.name,
        tol=problem.tol,
        parameter=problem.loss.core_parameter,
        offset=None if offset is None else _by_output(offset),
        n_threads=problem.n_threads or default_threads(),
        check=design.check if design.watched else None,
        survival=None if times is None else (times.time, times.late_entry, times.codes),
        **several,
    )
    if engine.not_finite >= 0:
        problem.refuse_non_finite()
    design.finite |= sees_all
    unusable = max(engine.not_finite, engine.unsquarable)
    if unusable >= 0:
        raise InputError(
            f"{problem.feature(unusable)} has values whose squares overflow or vanish",
            remedy="give the column in another unit",
        )
    return engine


def _by_output(values: Floats) -> Floats:
    """The rows of one output after those of another, as the core has them."""
    return np.ascontiguousarray(values.T).ravel()
