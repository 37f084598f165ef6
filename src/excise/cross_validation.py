"""Choose alpha by cross-validation: centre, scale and fill learned inside every fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.engine import Session, solve_path
from excise.exceptions import InputError
from excise.problem import Problem, make_problem
from excise.results import CrossValidation, Floats, Rule


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """How filled values are learned again inside a fold.

    A column with missing values has an indicator column beside it, so that another fill is
    ``x + (fill - fill_of_all_rows) * indicator``.
    """

    columns: NDArray[np.intp]
    indicators: NDArray[np.intp]
    fill: Floats
    refit: Callable[[NDArray[np.bool_]], Floats]


def make_folds(
    n: int,
    cv: Any = 10,
    *,
    groups: Any = None,
    time: Any = None,
    repeats: int = 1,
    random_state: int | None = 0,
) -> NDArray[np.intp]:
    """The fold in which each row is held out, shape (repeats, n); -1 = never held out."""
    if not isinstance(cv, (int, np.integer)):
        fold = np.full((1, n), -1, dtype=np.intp)
        for k, (_, held) in enumerate(cv):
            fold[0, np.asarray(held)] = k
        return fold
    k = int(cv)
    rng = np.random.default_rng(random_state)
    if time is not None:
        rank = np.argsort(np.argsort(np.asarray(time), kind="stable"), kind="stable")
        return (rank * (k + 1) // n - 1).astype(np.intp)[None, :]
    labels = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    units = int(labels.max()) + 1
    if k < 2 or units < k:
        raise InputError(f"{units} usable rows cannot fill {k} folds", remedy="fewer folds")
    folds = [rng.permutation(units) * k // units for _ in range(repeats)]
    return np.stack([fold[labels] for fold in folds]).astype(np.intp)


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
    """Held-out loss along the path, and the alpha that `rule` chooses."""
    checked = make_problem(X, y, **problem)
    fold = make_folds(
        checked.n, cv, groups=groups, time=time, repeats=repeats, random_state=random_state
    )
    given = not isinstance(alphas, (int, np.integer))
    grid = np.sort(np.asarray(alphas, float))[::-1] if given else None
    if grid is None:
        grid = Session(checked).grid(int(alphas), alpha_min_ratio)
    extensions = 0
    while True:
        held, null = _held_out(checked, fold, grid, imputation, time is not None)
        mean = held.mean(axis=1)
        best = int(np.argmin(mean))
        if given or best < len(grid) - 1 or extensions == 2 or len(grid) < 3:
            break
        extensions += 1
        step = grid[-1] / grid[-2]
        grid = np.concatenate([grid, grid[-1] * step ** np.arange(1, len(grid) // 4 + 2)])
    se = held.std(axis=1, ddof=1) / np.sqrt(held.shape[1])
    first = int(np.flatnonzero(mean <= mean[best] + se[best])[0])
    path = solve_path(checked, grid)
    chosen = first if rule == "1se" else best
    return CrossValidation(
        alphas=grid,
        mean=mean,
        se=se,
        folds=held,
        null_folds=null,
        train=2.0 * path.train_loss,
        alpha_min=float(grid[best]),
        alpha_1se=float(grid[first]),
        alpha_=float(grid[chosen]),
        rule=rule,
        path=path,
        fold_of_row=fold,
        n_extensions=extensions,
    )


def _held_out(
    problem: Problem, fold: NDArray[np.intp], grid: Floats, imputation: Imputation | None, forward: bool
) -> tuple[Floats, Floats]:
    """Held-out mean squared error (alphas, folds), and that of the mean alone."""
    errors, nulls = [], []
    for labels in fold:
        for k in range(int(labels.max()) + 1):
            test = labels == k
            train = (labels < k) if forward else ~test
            X = _refilled(problem.X, imputation, train)
            part = replace(
                problem,
                X=X[train],
                y=problem.y[train],
                sample_weight=_rows(problem.sample_weight, train),
                offset=_rows(problem.offset, train),
            )
            path = solve_path(part, grid)
            w = problem.weights[test] / problem.weights[test].sum()
            target = problem.y[test] - (0.0 if problem.offset is None else problem.offset[test])
            eta = X[test] @ path.coefs.toarray() + path.intercepts
            errors.append(w @ (target[:, None] - eta) ** 2)
            known = part.y - (0.0 if part.offset is None else part.offset)
            centre = part.weights @ known if problem.fit_intercept else 0.0
            nulls.append(w @ (target - centre) ** 2)
    return np.column_stack(errors), np.array(nulls)


def _rows(values: Floats | None, rows: NDArray[np.bool_]) -> Floats | None:
    return None if values is None else values[rows]


def _refilled(X: np.ndarray, imputation: Imputation | None, train: NDArray[np.bool_]) -> np.ndarray:
    if imputation is None:
        return X
    shift = imputation.refit(train) - imputation.fill
    X = X.copy()
    X[:, imputation.columns] += shift * X[:, imputation.indicators]
    return X
