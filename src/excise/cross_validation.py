"""Choose alpha by cross-validation: centre, scale and fill are learned inside every fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.arguments import check_sample_weight
from excise.choice import HeldOut, choose
from excise.engine import Session
from excise.exceptions import InputError
from excise.folds import TEST, TRAIN, Folds, make_folds
from excise.losses import Squared, by_rows
from excise.penalties import OverlappingGroups
from excise.problem import Problem, make_problem
from excise.results import CrossValidation, Floats, Path, Rule
from excise.scores import Score, label_of, score_of
from excise.sessions import AnySession
from excise.standard import predict

STRATIFIED = "stratified folds (cv=5), and two rows or more of every class"


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
    stratify: Any = None,
    repeats: int = 1,
    random_state: int | None = 0,
    scoring: Any = None,
    score_weight: Any = None,
    imputation: Imputation | None = None,
    **problem: Any,
) -> CrossValidation:
    """Held-out loss along the path, and the alpha that `rule` chooses.

    Parameters
    ----------
    X : array, data frame or Design, shape (n, p)
    y : array, shape (n,), or (n, K) of K outputs
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
    stratify : array, shape (n,), or False, optional
        See `excise.folds.make_folds`. If left out, a number of folds is stratified by y where
        the loss is one of classes, and by event where it is one of survival times; False: never.
    scoring : str, callable or Score, optional
        What is measured on the held-out rows: see `excise.scores.score_of`. None: the deviance.
    score_weight : array, shape (n,), optional
        Weights of the rows in a score other than the deviance; as `sample_weight` if left out.
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
    folds = folds_of(
        checked,
        cv,
        groups=groups,
        time=time,
        stratify=stratify,
        repeats=repeats,
        random_state=random_state,
    )
    return cross_validate_problem(
        checked,
        folds,
        rule,
        alphas=alphas,
        alpha_min_ratio=alpha_min_ratio,
        scoring=scoring,
        score_weight=score_weight,
        imputation=imputation,
    )


def cross_validate_problem(
    problem: Problem, folds: Folds, rule: Rule = "1se", **more: Any
) -> CrossValidation:
    """`fit_cv` for a checked problem and its folds; `more` as in `cross_validate`."""
    if in_one_engine(problem, more.get("imputation")):
        from excise.overlapping import core_session

        return cross_validate(core_session(problem), folds, rule, **more)
    from excise.session_folds import cross_validate_sessions

    return cross_validate_sessions(problem, folds, rule, **more)


def in_one_engine(problem: Problem, imputation: Imputation | None) -> bool:
    """Whether one engine solves all folds: no stages, no steps, no fills of repeated columns."""
    kind = problem.penalty
    if problem.schedule is not None or (kind is not None and kind.solver == "proximal"):
        return False
    return imputation is None or not isinstance(kind, OverlappingGroups)


def folds_of(
    problem: Problem, cv: Any, *, time: Any = None, stratify: Any = None, **more: Any
) -> Folds:
    """The folds that `fit_cv` makes of a checked problem; `more` as in `make_folds`."""
    if stratify is None and isinstance(cv, (int, np.integer)) and time is None:
        stratify = classes_of(problem)
    elif stratify is False:
        stratify = None
    return make_folds(problem.n, cv, time=time, stratify=stratify, **more)


def classes_of(problem: Problem) -> NDArray[Any] | None:
    """What every fold should have its share of: the class of each row, or whether its event came.

    None where y names neither.
    """
    if problem.survival is None and not problem.loss.names_classes(problem.y):
        return None
    return problem.y if problem.outputs == 1 else problem.y.argmax(axis=1)


def cross_validate(
    session: Session,
    folds: Folds,
    rule: Rule = "1se",
    *,
    alphas: Any = 100,
    alpha_min_ratio: float | None = None,
    scoring: Any = None,
    score_weight: Any = None,
    imputation: Imputation | None = None,
) -> CrossValidation:
    """`fit_cv` for a checked problem, with the engine that works on it, and its folds."""
    judge = make_judge(session.problem, scoring, score_weight)
    folds = with_weight(folds, session.problem)
    choice = choose(
        _in_engine(session, judge, folds, imputation),
        session.grid(alphas, alpha_min_ratio),
        folds,
        extend=isinstance(alphas, (int, np.integer)),
        sign=judge.sign,
    )
    path = session.path(choice.grid)
    return choice.told(rule, path, judge.train(session, path), **judge.facts(folds))


def _in_engine(
    session: Session, judge: Judge, folds: Folds, imputation: Imputation | None
) -> HeldOut:
    """By the engine, which lets go of the moments of the folds when this is let go of."""
    made = session.engine.folds(folds.roles, *_refills(imputation, folds))
    return lambda grid: judge.held_out(made, grid, folds)


class Judge(NamedTuple):
    """What is measured on held-out rows.

    Attributes
    ----------
    problem : Problem
    score : Score or None
        None: the deviance, which the core measures without handing out predictors.
    weights : ndarray, shape (n,), or None
        Of the rows in the score.
    """

    problem: Problem
    score: Score | None
    weights: Floats | None

    @property
    def sign(self) -> float:
        """-1 where greater is better."""
        return -1.0 if self.score is not None and self.score.greater_is_better else 1.0

    def facts(self, folds: Folds) -> dict[str, Any]:
        """What a result tells of the folds and of what was measured."""
        metric = label_of(self.score, self.problem.loss, self.problem.outputs)
        return {"fold_of_row": folds.fold_of_row, "metric": metric}

    def held_out(
        self, made: Any, alphas: Floats, folds: Folds, shares: Floats | None = None
    ) -> tuple[Floats, Floats, float]:
        """Per share (one, if none are given), alpha and fold; of the intercepts; worst gap."""
        held, null, gap, eta = made.held_out(alphas, self.score is not None, shares)
        count = 1 if shares is None else len(shares)
        if self.score is not None:
            found = np.empty((len(folds), count * len(alphas) + 1))
            for k, (flat, roles) in enumerate(zip(eta, folds.roles, strict=True)):
                rows = np.flatnonzero(roles == TEST)
                predictors = flat.reshape(found.shape[1], *self.problem.y[rows].shape)
                found[k] = self.rate(predictors, rows, f"the held-out rows of fold {k}")
            held, null = found[:, 1:], found[:, 0]
        held = held.reshape(len(folds), count, len(alphas)).transpose(1, 2, 0)
        return held, null, float(gap)

    def rate(self, eta: Floats, rows: NDArray[np.intp], where: str) -> Floats:
        """The score of each predictor, as the core hands them out.

        They are of shape (k, len(rows)), or (k, len(rows), K) of K outputs.
        """
        assert self.score is not None
        y, loss, offset = self.problem.y[rows], self.problem.loss, self.problem.offset
        if isinstance(loss, Squared) and offset is not None:  # the engine took it off y
            eta = eta + offset[rows]
        w = None if self.weights is None else self.weights[rows]
        if w is not None and not np.all(w > 0.0):
            y, eta, w = y[w > 0.0], eta[:, w > 0.0], w[w > 0.0]
        found = np.array([self.score(by_rows(loss), y, one, w) for one in eta])
        if np.any(np.isnan(found)):
            needs = "two different values of y"
            if loss.of_classes and self.problem.outputs > 1:
                needs = "rows of every class"
            raise InputError(
                f"{self.score.label} is not defined on {where}",
                [f"it needs {needs} there"],
                "fewer folds, or scoring='deviance'",
            )
        return found

    def train(self, session: AnySession, path: Path) -> Floats:
        """The same of the path on its own rows, shape (n_alphas,)."""
        if self.score is None:
            return np.asarray(2.0 * path.train_loss)
        eta = predictors_of(session, path)
        return self.rate(eta, np.arange(self.problem.n), "the training rows")


def predictors_of(session: AnySession, path: Path) -> Floats:
    """The predictors of all rows as the core has them, shape (n_alphas, n), or (n_alphas, n, K).

    A Cox model leaves a constant open: its predictors are those against the average row.
    """
    problem, K = session.problem, path.outputs
    kept = np.unique(path.columns.indices // K)
    rows = (kept[:, None] * K + np.arange(K)).ravel()

    def side_by_side(coefs: Any, features: int) -> Floats:
        """A column for every alpha and output."""
        dense = coefs.toarray().reshape(features, K, len(path))
        return np.asarray(dense.transpose(0, 2, 1).reshape(features, len(path) * K))

    coefs = side_by_side(path.coefs_std[rows], len(kept))
    eta = predict(problem.design, session.columns, kept, coefs)
    if problem.survival is None:
        eta += session.columns.mean[kept] @ side_by_side(path.coefs[rows], len(kept))
    eta += path.intercepts.ravel()
    whole = eta.reshape(problem.n, len(path), K).transpose(1, 0, 2)
    if not isinstance(problem.loss, Squared) and problem.offset is not None:
        whole = whole + problem.offset.reshape(problem.n, K)
    return whole if K > 1 else whole[:, :, 0]


def held_out_predictors(
    session: Session, folds: Folds, alphas: Floats, *, imputation: Imputation | None = None
) -> list[tuple[NDArray[np.intp], Floats]]:
    """Per fold its held-out rows and their predictors, shape (1 + n_alphas, len(rows)).

    K outputs are a last axis. The first is the intercept alone; the others belong to the falling
    alphas.
    """
    made = session.engine.folds(folds.roles, *_refills(imputation, folds))
    found = []
    for flat, roles in zip(made.held_out(alphas, True)[3], folds.roles, strict=True):
        rows = np.flatnonzero(roles == TEST)
        shape = session.problem.y[rows].shape
        found.append((rows, flat.reshape(len(alphas) + 1, *shape)))
    return found


def make_judge(problem: Problem, scoring: Any, score_weight: Any = None) -> Judge:
    """What `scoring` measures on the rows of a problem: see `fit_cv`."""
    weights = check_sample_weight(score_weight, problem.n, "score_weight")
    return Judge(
        problem,
        score_of(scoring, problem.loss, problem.y),
        problem.sample_weight if weights is None else weights,
    )


def with_weight(folds: Folds, problem: Problem) -> Folds:
    """The folds whose held-out rows have weight; an error where a fold cannot be trained."""
    _refuse_untrainable(folds, problem)
    if problem.sample_weight is None:
        return folds
    weighty = (folds.roles == TEST) @ problem.weights > 0.0
    if not weighty.any():
        raise InputError("sample_weight is zero on all held-out rows", remedy="other folds")
    return folds if weighty.all() else Folds(folds.roles[weighty])


def _refuse_untrainable(folds: Folds, problem: Problem) -> None:
    """Refuse training rows without weight, of one class, or with nothing else to learn."""
    loss, w = problem.loss, problem.sample_weight
    for k, roles in enumerate(folds.roles):
        train = roles == TRAIN
        weights = None if w is None else w[train]
        if weights is not None and not np.any(weights > 0.0):
            raise InputError(
                "sample_weight is zero on all training rows of a fold", remedy="fewer folds"
            )
        if isinstance(loss, Squared):
            continue
        try:
            loss.check_target(problem.y[train], weights, problem.fit_intercept)
        except InputError as error:
            if loss.of_classes and problem.outputs == 1:
                raise InputError(
                    f"fold {k} of cv trains on rows of one class only",
                    remedy=STRATIFIED,
                ) from None
            remedy = STRATIFIED if loss.of_classes else "fewer folds"
            raise InputError(
                f"fold {k} of cv cannot be trained: {error.fact}", error.where, remedy
            ) from None


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
