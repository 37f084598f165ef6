"""Choose alpha by cross-validation: centre, scale and fill are learned inside every fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.engine import Session
from excise.exceptions import InputError
from excise.folds import TEST, TRAIN, Folds, make_folds
from excise.losses import Squared
from excise.problem import Problem, make_problem
from excise.results import CrossValidation, Floats, Rule

EXTENSIONS = 2
"""How often a grid whose last alpha is best is made longer."""


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """How filled values are learned again inside a fold.

    A column with missing values has an indicator column beside it, so that another fill is
    ``x + (fill - fill_of_all_rows) * indicator``: a fold needs no copy.

    Attributes
    ----------
    columns, indicators : ndarray of int, shape (m,)
    fill : ndarray, shape (m,)
        What stands in the columns now.
    refit : callable
        From a mask of training rows, shape (n,), to their fills, shape (m,).
    """

    columns: NDArray[np.intp]
    indicators: NDArray[np.intp]
    fill: Floats
    refit: Callable[[NDArray[np.bool_]], Floats]


def fit_cv(
    X: Any,
    y: Any,
    cv: Any = 10,
    rule: Rule = "1se",
    *,
    alphas: Any = 100,
    alpha_min_ratio: float | None = None,
    groups: Any = None,
    time: Any = None,
    repeats: int = 1,
    random_state: int | None = 0,
    imputation: Imputation | None = None,
    **problem: Any,
) -> CrossValidation:
    """Held-out loss along the path, and the alpha that `rule` chooses.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,)
        For the Cox model times and events: see `excise.Survival`. Its held-out error is what the
        held-out rows add to the deviance of the partial likelihood of all rows of the fold, per
        row (Verweij and van Houwelingen, Statistics in Medicine 12, 1993).
    cv, groups, time, repeats, random_state
        See `excise.folds.make_folds`.
    rule : {"1se", "min"}, default="1se"
        The largest alpha within one standard error of the best, or the best.
    alphas, alpha_min_ratio
        See `excise.engine.fit_path`; the grid is that of all rows. If its last alpha is best it
        is made longer, at most twice, unless the alphas are given.
    imputation : Imputation, optional
    **problem
        The settings of `excise.problem.make_problem`.

    Returns
    -------
    CrossValidation

    Raises
    ------
    InputError, InputTypeError
        If the data or a setting cannot be used; the message names what and where.
    """
    if rule not in ("1se", "min"):
        raise InputError(f"unknown rule {rule!r}", remedy="rule='1se' or rule='min'")
    checked = make_problem(X, y, **problem)
    folds = make_folds(
        checked.n, cv, groups=groups, time=time, repeats=repeats, random_state=random_state
    )
    return cross_validate(
        Session(checked),
        folds,
        rule,
        alphas=alphas,
        alpha_min_ratio=alpha_min_ratio,
        imputation=imputation,
    )


def cross_validate(
    session: Session,
    folds: Folds,
    rule: Rule = "1se",
    *,
    alphas: Any = 100,
    alpha_min_ratio: float | None = None,
    imputation: Imputation | None = None,
) -> CrossValidation:
    """`fit_cv` for a checked problem, with the engine that works on it, and its folds."""
    folds = _with_weight(folds, session.problem)
    made = session.engine.folds(folds.roles, *_refills(imputation, folds))
    grid = session.grid(alphas, alpha_min_ratio)
    may_extend = isinstance(alphas, (int, np.integer)) and len(grid) >= 3 and grid[0] > grid[-1]
    extensions = 0
    while True:
        held, null, training_gap, _ = made.held_out(grid)
        held = held.reshape(len(folds), len(grid)).T
        mean = held.mean(axis=1)
        best = int(np.argmin(mean))
        if not may_extend or best < len(grid) - 1 or extensions == EXTENSIONS:
            break
        extensions += 1
        step = grid[-1] / grid[-2]
        grid = np.concatenate([grid, grid[-1] * step ** np.arange(1, len(grid) // 4 + 2)])
    del made  # and its moments
    se = _standard_error(held, folds)
    first = int(np.flatnonzero(mean <= mean[best] + se[best])[0])
    path = session.path(grid)
    return CrossValidation(
        alphas=grid,
        mean=mean,
        se=se,
        folds=held,
        null_folds=null,
        train=2.0 * path.train_loss,
        alpha_min=float(grid[best]),
        alpha_1se=float(grid[first]),
        alpha_=float(grid[first if rule == "1se" else best]),
        rule=rule,
        path=path,
        fold_of_row=folds.fold_of_row,
        n_extensions=extensions,
        training_gap=float(training_gap),
        metric=_metric(session.problem),
    )


def _metric(problem: Problem) -> str:
    """What the held-out error of the problem's loss is."""
    if problem.survival is not None:
        return "deviance that held-out rows add to the partial likelihood"
    return "mean squared error" if isinstance(problem.loss, Squared) else "mean deviance"


def _standard_error(held: Floats, folds: Folds) -> Floats:
    """Of the mean over the folds of one division; repeats do not make it smaller."""
    if len(folds) == 1:
        return np.zeros(len(held))
    peak = float(held.max()) or 1.0  # the square of a squared error may leave the range
    return np.asarray(
        peak * (held / peak).std(axis=1, ddof=1) / np.sqrt(len(folds) / folds.repeats)
    )


def _with_weight(folds: Folds, problem: Problem) -> Folds:
    """The folds whose held-out rows have weight; an error where the training rows have none."""
    events = problem.weights * problem.y
    if problem.survival is not None and np.any((folds.roles == TRAIN) @ events == 0.0):
        raise InputError("the training rows of a fold hold no event", remedy="fewer folds")
    if problem.sample_weight is None:
        return folds
    w = problem.weights
    if np.any((folds.roles == TRAIN) @ w == 0.0):
        raise InputError(
            "sample_weight is zero on all training rows of a fold", remedy="fewer folds"
        )
    weighty = (folds.roles == TEST) @ w > 0.0
    if not weighty.any():
        raise InputError("sample_weight is zero on all held-out rows", remedy="other folds")
    return folds if weighty.all() else Folds(folds.roles[weighty])


def _refills(
    imputation: Imputation | None, folds: Folds
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Columns, indicators, and by how much the fill differs in each fold."""
    if imputation is None:
        none = np.empty(0, dtype=np.int64)
        return none, none, np.empty((len(folds), 0))
    fills = np.stack([imputation.refit(roles == TRAIN) for roles in folds.roles])
    return (
        imputation.columns.astype(np.int64),
        imputation.indicators.astype(np.int64),
        np.ascontiguousarray(fills - imputation.fill, dtype=np.float64),
    )
