"""Cross-validation through sessions: for what the core does not cross-validate by itself.

Every training fold runs all the stages of a schedule, or all the steps of a penalty. Of a schedule
with something to choose (`PruneThenRefine` with several `refine`) the choice is made together with
alpha: the pair whose mean held-out error is best. Folds are the same table with other row weights,
so that centre, scale, first coefficients and stages are learned inside each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.choice import Choice, HeldOut, choose
from excise.cross_validation import (
    Imputation,
    Judge,
    make_judge,
    predictors_of,
    with_weight,
)
from excise.folds import TEST, TRAIN, UNUSED, Folds
from excise.losses import Cox, Loss, Squared, by_rows
from excise.null_model import best_intercept
from excise.problem import Problem
from excise.refilled import refilled, refuse_large
from excise.refined import shares_of
from excise.results import CrossValidation, Floats, Path, Rule
from excise.risk_sets import PartialLikelihood
from excise.schedules import PruneThenRefine, Schedule
from excise.sessions import AnySession, session_of
from excise.staged import StagedSession, paths

SAME = 1e-10
"""Held-out errors that differ by less than this share of them, or of the intercept's, are equal.

Survivors that pay no tax have the same coefficients at every alpha that keeps the same of them.
"""


def cross_validate_sessions(
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
    """`excise.cross_validation.fit_cv` for a checked problem with a schedule or penalty, and folds.

    The rule "1se" chooses the largest alpha within one standard error of the best pair, among
    those of the best pair's schedule.
    """
    refuse_large(problem, folds, imputation)
    judge, folds = make_judge(problem, scoring, score_weight), with_weight(folds, problem)
    variants: Variants = (None,) if problem.schedule is None else problem.schedule.variants()
    first_of_all = replace(problem, schedule=variants[0])
    session = session_of(first_of_all)
    held_out = _in_core(judge, session, folds, variants, imputation) or _by_fold(
        judge, first_of_all, folds, variants, imputation
    )
    choice = choose(
        held_out,
        session.grid(alphas, alpha_min_ratio),
        folds,
        extend=isinstance(alphas, (int, np.integer)),
        sign=judge.sign,
        same=SAME,
    )
    chosen = _of_variants(session, variants)[choice.variant]
    path = chosen.path(choice.grid)
    told = judge.facts(folds) | _told(variants, choice)
    return choice.told(rule, path, judge.train(chosen, path), **told)


Variants = tuple[Schedule | None, ...]


def held_out_of_sessions(
    problem: Problem, folds: Folds, alphas: Floats, *, imputation: Imputation | None = None
) -> list[tuple[NDArray[np.intp], Floats]]:
    """As `excise.cross_validation.held_out_predictors`, of sessions of each fold's own."""
    judge, found = make_judge(problem, None), []
    for roles in folds.roles:
        filled, rows = refilled(problem, roles, imputation), np.flatnonzero(roles == TEST)
        session = session_of(_training(filled, roles))
        null = np.full((1, len(rows)), _intercept(session.problem))
        eta = predictors_of(session, session.path(alphas))[:, rows]
        found.append((rows, np.concatenate([_with_offset(judge, null, rows), eta])))
    return found


def _told(variants: Variants, choice: Choice) -> dict[str, Any]:
    """What is told of the schedules, if there are some."""
    if variants[0] is None:
        return {}
    schedule = variants[choice.variant]
    return {"schedule": schedule, "schedules": variants, "schedule_means": choice.means}


def _training(problem: Problem, roles: Any) -> Problem:
    """The rows in training, by their weights."""
    weights = np.ones(problem.n) if problem.sample_weight is None else problem.sample_weight
    return replace(problem, sample_weight=np.where(roles == TRAIN, weights, 0.0))


def _of_variants(session: AnySession, variants: Variants) -> list[AnySession]:
    """A session for each schedule, which share what does not depend on it."""
    if not isinstance(session, StagedSession):
        return [session]
    return [session.with_schedule(one) for one in variants if one is not None]


def _paths(sessions: list[AnySession], grid: Floats) -> list[Path]:
    staged = [one for one in sessions if isinstance(one, StagedSession)]
    return paths(staged, grid) if staged else [one.path(grid) for one in sessions]


def _in_core(
    judge: Judge,
    session: AnySession,
    folds: Folds,
    variants: Variants,
    imputation: Imputation | None,
) -> HeldOut | None:
    """By the core, where it refines paths of a table and weights that are the same in all folds."""
    schedules = tuple(one for one in variants if isinstance(one, PruneThenRefine))
    if not isinstance(session, StagedSession) or len(schedules) < len(variants):
        return None
    shares = None if imputation is not None else shares_of(session.problem, schedules)
    if shares is None:
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
    variants: Variants,
    imputation: Imputation | None,
) -> HeldOut:
    """Stage by stage, or alpha by alpha, every fold a session of its own, with fills of its own."""
    trained = [
        session_of(_training(refilled(problem, roles, imputation), roles)) for roles in folds.roles
    ]
    return lambda grid: _held_out(judge, trained, folds, variants, grid)


def _held_out(
    judge: Judge,
    trained: list[AnySession],
    folds: Folds,
    variants: Variants,
    grid: Floats,
) -> tuple[Floats, Floats, float]:
    """Per variant, alpha and fold; of the intercepts alone per fold; the worst training gap."""
    held = np.empty((len(variants), len(grid), len(folds)))
    null, gap = np.empty(len(folds)), 0.0
    for k, roles in enumerate(folds.roles):
        where = f"the held-out rows of fold {k}"
        first = np.full((1, judge.problem.n), _intercept(trained[k].problem))
        null[k] = _rated(judge, _with_offset(judge, first), roles, where)[0]
        sessions = _of_variants(trained[k], variants)
        for v, path in enumerate(_paths(sessions, grid)):
            gap = max(gap, float(path.relative_gaps.max()))
            held[v, :, k] = _rated(judge, predictors_of(sessions[v], path), roles, where)
    return np.where(np.isnan(held), judge.sign * np.inf, held), null, gap


def _with_offset(judge: Judge, eta: Floats, rows: Any = slice(None)) -> Floats:
    """As the core hands predictors out: the squared loss has taken the offset off y."""
    offset = judge.problem.offset
    if offset is None or isinstance(judge.problem.loss, Squared):
        return eta
    return np.asarray(eta + offset[rows])


def _rated(judge: Judge, eta: Floats, roles: Any, where: str) -> Floats:
    """The score of predictors of all rows on those held out, or twice the mean loss."""
    problem, rows = judge.problem, np.flatnonzero(roles == TEST)
    if judge.score is not None:
        return judge.rate(eta[:, rows], rows, where)
    if isinstance(problem.loss, Cox):
        return _added(problem, problem.loss, eta, roles)
    eta = eta[:, rows]
    if isinstance(problem.loss, Squared) and problem.offset is not None:
        eta = eta + problem.offset[rows]
    w = problem.weights[rows]
    counted = w > 0.0
    values = by_rows(problem.loss).value(problem.y[rows], eta)
    return np.asarray(2.0 * values[:, counted] @ w[counted] / w.sum())


def _added(problem: Problem, loss: Cox, eta: Floats, roles: Any) -> Floats:
    """What held-out rows add to the deviance of the partial likelihood, per row: see `fit_cv`."""
    survival, w, found = problem.survival, problem.weights, []
    assert survival is not None
    for wanted in (roles != UNUSED, roles == TRAIN):
        rows = np.flatnonzero(wanted & (w > 0.0))
        likelihood = PartialLikelihood(survival[rows], w[rows], loss.ties)
        found.append(np.array([likelihood.value(one[rows]) for one in eta]))
    every, training = found
    return np.asarray(2.0 * (every - training) / w[roles == TEST].sum())


def _intercept(problem: Problem) -> float:
    """The best intercept of the rows with weight."""
    if not problem.fit_intercept:
        return 0.0
    offset = np.zeros(problem.n) if problem.offset is None else problem.offset
    if isinstance(problem.loss, Squared):
        return float(problem.weights @ (problem.y - offset))
    assert isinstance(problem.loss, Loss)
    return best_intercept(problem.loss, problem.y, offset, problem.weights)
