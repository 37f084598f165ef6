"""Cross-validation of a schedule: every training fold runs all its stages.

Of a schedule with something to choose (`PruneThenRefine` with several `refine`) the choice is made
together with alpha: the pair whose mean held-out error is best. Folds are the same table with
other row weights, so that centre, scale, first coefficients and stages are learned inside each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.cross_validation import (
    EXTENSIONS,
    Imputation,
    Judge,
    make_judge,
    predictors_of,
    standard_error,
    with_weight,
)
from excise.exceptions import InputError
from excise.folds import TEST, TRAIN, Folds
from excise.losses import Cox, Loss, Squared, by_rows
from excise.null_model import best_intercept
from excise.problem import Problem
from excise.refilled import refilled, refuse_large
from excise.refined import shares_of
from excise.results import CrossValidation, Floats, Rule
from excise.schedules import PruneThenRefine, Schedule
from excise.scores import label_of
from excise.staged import StagedSession, paths

SAME = 1e-10
"""Held-out errors that differ by less than this share of them, or of the intercept's, are equal.

Survivors that pay no tax have the same coefficients at every alpha that keeps the same of them.
"""


def cross_validate_staged(
    problem: Problem,
    folds: Folds,
    rule: Rule = "1se",
    *,
    alphas: Any = 100,
    alpha_min_ratio: float | None = None,
    scoring: Any = None,
    score_weight: Any = None,
    imputation: Imputation | None = None,
) -> CrossValidation:
    """`excise.cross_validation.fit_cv` for a checked problem with a schedule, and its folds.

    The rule "1se" chooses the largest alpha within one standard error of the best pair, among
    those of the best pair's schedule.
    """
    if isinstance(problem.loss, Cox):
        raise InputError(
            "a schedule is not cross-validated for the Cox model",
            ["its held-out error is not a mean over rows"],
            "fit or fit_path with the schedule, or fit_cv without",
        )
    assert problem.schedule is not None
    refuse_large(problem, folds, imputation)
    judge, folds = make_judge(problem, scoring, score_weight), with_weight(folds, problem)
    variants = problem.schedule.variants()
    session = StagedSession(replace(problem, schedule=variants[0]))
    held_out = _in_core(judge, session, folds, variants, imputation) or _by_fold(
        judge, problem, folds, variants, imputation
    )
    grid = session.grid(alphas, alpha_min_ratio)
    may_extend = isinstance(alphas, (int, np.integer)) and len(grid) >= 3 and grid[0] > grid[-1]
    extensions = 0
    while True:
        held, null, gap = held_out(grid)
        means = judge.sign * held.mean(axis=2)
        equal = means <= means.min() + SAME * max(abs(means.min()), abs(null.mean()))
        chosen, best = np.unravel_index(int(np.argmax(equal)), means.shape)
        if not may_extend or best < len(grid) - 1 or extensions == EXTENSIONS:
            break
        extensions += 1
        step = grid[-1] / grid[-2]
        grid = np.concatenate([grid, grid[-1] * step ** np.arange(1, len(grid) // 4 + 2)])
    mean, se = judge.sign * means[chosen], standard_error(held[chosen], folds)
    first = int(np.flatnonzero(means[chosen] <= means[chosen, best] + se[best])[0])
    sessions = [session.with_schedule(schedule) for schedule in variants]
    path, session = paths(sessions, grid)[chosen], sessions[chosen]
    own = 2.0 * path.train_loss
    if judge.score is not None:
        eta = predictors_of(session, path)
        own = judge.rate(eta, np.arange(problem.n), "the training rows")
    return CrossValidation(
        alphas=grid,
        mean=mean,
        se=se,
        folds=held[chosen],
        null_folds=null,
        train=own,
        alpha_min=float(grid[best]),
        alpha_1se=float(grid[first]),
        alpha_=float(grid[first if rule == "1se" else best]),
        rule=rule,
        path=path,
        fold_of_row=folds.fold_of_row,
        n_extensions=extensions,
        training_gap=gap,
        metric=label_of(judge.score, problem.loss, problem.outputs),
        greater_is_better=judge.sign < 0.0,
        schedule=variants[chosen],
        schedules=variants,
        schedule_means=judge.sign * means,
    )


def held_out_of_stages(
    problem: Problem, folds: Folds, alphas: Floats, *, imputation: Imputation | None = None
) -> list[tuple[NDArray[np.intp], Floats]]:
    """As `excise.cross_validation.held_out_predictors`, of the last stage of a schedule."""
    judge, found = make_judge(problem, None), []
    assert problem.schedule is not None
    for roles in folds.roles:
        filled, rows = refilled(problem, roles, imputation), np.flatnonzero(roles == TEST)
        session = _training(filled, roles, problem.schedule)
        null = np.full((1, len(rows)), _intercept(session.problem))
        eta = predictors_of(session, session.path(alphas))[:, rows]
        found.append((rows, np.concatenate([_with_offset(judge, null, rows), eta])))
    return found


def _training(problem: Problem, roles: Any, schedule: Schedule) -> StagedSession:
    """The rows in training, by their weights."""
    weights = np.ones(problem.n) if problem.sample_weight is None else problem.sample_weight
    in_training = np.where(roles == TRAIN, weights, 0.0)
    return StagedSession(replace(problem, sample_weight=in_training, schedule=schedule))


HeldOut = Callable[[Floats], tuple[Floats, Floats, float]]
"""From a grid: per schedule, alpha and fold; of the intercepts per fold; the worst training gap."""


def _in_core(
    judge: Judge,
    session: StagedSession,
    folds: Folds,
    variants: tuple[Schedule, ...],
    imputation: Imputation | None,
) -> HeldOut | None:
    """By the core, where it refines paths of a table and weights that are the same in all folds."""
    shares = None if imputation is not None else shares_of(session.problem, variants)
    if shares is None or not all(isinstance(one, PruneThenRefine) for one in variants):
        return None
    none = np.empty(0, dtype=np.int64)
    made = session.first_session.engine.folds(folds.roles, none, none, np.empty((len(folds), 0)))

    def held_out(grid: Floats) -> tuple[Floats, Floats, float]:
        held, null, gap = judge.held_out(made, grid, folds, shares)
        return np.where(np.isnan(held), judge.sign * np.inf, held), null, gap

    return held_out


def _by_fold(
    judge: Judge,
    problem: Problem,
    folds: Folds,
    variants: tuple[Schedule, ...],
    imputation: Imputation | None,
) -> HeldOut:
    """Stage by stage, every fold a session of its own, with fills of its own."""
    trained = [
        _training(refilled(problem, roles, imputation), roles, variants[0]) for roles in folds.roles
    ]
    return lambda grid: _held_out(judge, trained, folds, variants, grid)


def _held_out(
    judge: Judge,
    trained: list[StagedSession],
    folds: Folds,
    variants: tuple[Schedule, ...],
    grid: Floats,
) -> tuple[Floats, Floats, float]:
    held = np.empty((len(variants), len(grid), len(folds)))
    null, gap = np.empty(len(folds)), 0.0
    for k, roles in enumerate(folds.roles):
        rows, where = np.flatnonzero(roles == TEST), f"the held-out rows of fold {k}"
        first = np.array([[_intercept(trained[k].problem)]])
        null[k] = _rated(
            judge, _with_offset(judge, np.repeat(first, len(rows), 1), rows), rows, where
        )[0]
        sessions = [trained[k].with_schedule(schedule) for schedule in variants]
        for v, path in enumerate(paths(sessions, grid)):
            gap = max(gap, float(path.relative_gaps.max()))
            held[v, :, k] = _rated(judge, predictors_of(sessions[v], path)[:, rows], rows, where)
    return np.where(np.isnan(held), judge.sign * np.inf, held), null, gap


def _with_offset(judge: Judge, eta: Floats, rows: Any) -> Floats:
    """As the core hands predictors out: the squared loss has taken the offset off y."""
    offset = judge.problem.offset
    if offset is None or isinstance(judge.problem.loss, Squared):
        return eta
    return np.asarray(eta + offset[rows])


def _rated(judge: Judge, eta: Floats, rows: Any, where: str) -> Floats:
    """The score of predictors, or twice the mean loss."""
    if judge.score is not None:
        return judge.rate(eta, rows, where)
    problem = judge.problem
    if isinstance(problem.loss, Squared) and problem.offset is not None:
        eta = eta + problem.offset[rows]
    w = problem.weights[rows]
    counted = w > 0.0
    values = by_rows(problem.loss).value(problem.y[rows], eta)
    return np.asarray(2.0 * values[:, counted] @ w[counted] / w.sum())


def _intercept(problem: Problem) -> float:
    """The best intercept of the rows with weight."""
    if not problem.fit_intercept:
        return 0.0
    offset = np.zeros(problem.n) if problem.offset is None else problem.offset
    if isinstance(problem.loss, Squared):
        return float(problem.weights @ (problem.y - offset))
    assert isinstance(problem.loss, Loss)
    return best_intercept(problem.loss, problem.y, offset, problem.weights)
