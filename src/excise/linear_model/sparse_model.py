"""What the estimators of the house share: the choice of the penalty, the proof, the explanation."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from excise.certify import certify_problem
from excise.cross_validation import classes_of, cross_validate_problem, folds_of
from excise.exceptions import InputError
from excise.explain.judge import judge_of
from excise.linear_model.base import Training, is_frame
from excise.linear_model.explained import ExplainedModel
from excise.linear_model.warning import (
    warn_if_not_stationary,
    warn_if_uncertified,
    warn_if_unsettled,
)
from excise.losses import AnyLoss, Squared
from excise.model import build_model
from excise.model.parts import Column, Target
from excise.penalties import RECORDED, Penalty, penalty_of
from excise.problem import Problem, make_problem
from excise.results import CrossValidation, Rule
from excise.scores import label_of

if TYPE_CHECKING:
    from excise.model import Model
    from excise.model.record import At
    from excise.results import Solution

SAME_DATA = 1e-8
"""Rows on which the fitted coefficients have a larger relative gap are not the fitted rows."""


class SparseModel(ExplainedModel):
    """Base of `SparseRegressor`, `SparseClassifier` and `SparseSurvival`."""

    loss: Any
    l1_ratio: float
    rule: Rule
    cv: Any
    repeats: int
    alphas: int | ArrayLike
    alpha_min_ratio: float | None
    penalty_weight: ArrayLike | None
    bounds: Any
    fit_intercept: bool
    standardize: bool
    tol: float
    stability: int
    decoys: int
    random_state: Any
    n_threads: int | None
    schedule: Any
    penalty: Any

    def _choose(
        self,
        X: Any,
        y: Any,
        data: Training,
        loss: AnyLoss,
        groups: Any,
        *,
        grouped: bool | None = None,
        **scoring: Any,
    ) -> Self:
        """Cross-validate checked data, and store the chosen solution."""
        self._seed = seed_of(self.random_state)
        drawn = isinstance(self.cv, Integral)
        splitter = hasattr(self.cv, "split")
        problem = make_problem(
            data.X,
            data.y,
            loss=loss,
            l1_ratio=self.l1_ratio,
            penalty_weight=self.penalty_weight,
            bounds=self.bounds,
            sample_weight=data.sample_weight,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            tol=self.tol,
            n_threads=self.n_threads,
            grouped=grouped,
            schedule=self.schedule,
            penalty=self._settled_penalty(),
        )
        self._folds = folds_of(
            problem,
            list(self.cv.split(data.X, labels_of(problem), groups)) if splitter else self.cv,
            groups=None if splitter else groups,
            repeats=self.repeats if drawn else 1,
            random_state=self._seed,
        )
        self.cv_ = cross_validate_problem(
            problem,
            self._folds,
            self.rule,
            alphas=self.alphas,
            alpha_min_ratio=self.alpha_min_ratio,
            **scoring,
        )
        self.path_ = self.cv_.path
        self.n_iter_ = max(1, self.path_.n_factorizations)
        self._frame = frame_library(X)
        self._target = str(getattr(y, "name", None) or "y")
        self._model: Model | None = None
        self._store(self.cv_.best)
        name, squared = type(self).__name__, isinstance(loss, Squared)
        if self.certificate_.locally_convex is not None:
            status, off = self._solution.status, self.kkt_violation_
            warn_if_not_stationary(name, self.alpha_, status, off, self.tol)
        else:
            warn_if_uncertified(name, self.alpha_, self.relative_gap_, self.tol, squared=squared)
        warn_if_unsettled(name, self._solution.status)
        return self

    def _settled_penalty(self) -> str | Penalty:
        """The penalty with numbers in the place of names, which a checked X has no more."""
        if self.penalty is None or (kind := penalty_of(self.penalty)) is None:
            return self.penalty or "l1"
        if RECORDED.get(kind.name) is not type(kind):
            raise InputError(
                f"{type(self).__name__} cannot explain penalty {kind.name!r}",
                [f"it takes {', '.join(map(repr, RECORDED))}"],
                "fit_cv, which chooses alpha for any penalty",
            )
        names = getattr(self, "feature_names_in_", None)
        return kind.settled(self.n_features_in_, None if names is None else tuple(names))

    def _store(self, solution: Solution) -> None:
        """The chosen solution as attributes."""
        self._solution = solution
        self.alpha_ = solution.alpha
        self.coef_, self.intercept_ = solution.coef, solution.intercept
        self.coef_std_ = solution.coef_std
        self.stages_ = solution.stages
        self.certificate_ = solution.certificate
        self.dual_gap_ = solution.certificate.gap
        self.relative_gap_ = solution.worst_gap
        self.kkt_violation_ = solution.certificate.kkt_violation

    @property
    def model_(self) -> Model:
        """The record behind the explanations, made when first asked for."""
        check_is_fitted(self)
        if self._model is None:
            self._check_data_unchanged()
            self._model = build_model(
                self._in_deviance(),
                columns=self._columns(),
                target=self._target_record(),
                stability=self.stability,
                decoys=self.decoys,
                seed=self._seed,
                alpha=None if self.alpha_ == self.cv_.alpha_ else self.alpha_,
                judge=judge_of(self.path_.problem, self._folds),
            )
        return self._model

    def _in_deviance(self) -> CrossValidation:
        """The cross-validation, measured again if it was scored otherwise; the choice stays.

        What is told of a fit (null model, verdict, training rows) is told in the deviance.
        """
        found, problem = self.cv_, self.path_.problem
        if found.metric == label_of(None, problem.loss, problem.outputs):
            return found
        plain = cross_validate_problem(problem, self._folds, self.rule, alphas=found.alphas)
        choice = ("alpha_min", "alpha_1se", "alpha_", "n_extensions")
        return replace(plain, **{name: getattr(found, name) for name in choice})

    def ledger(self) -> Any:
        """What every feature earns, pays and keeps, zeros included.

        Returns
        -------
        data frame
            A row per feature, in the library of X (polars for arrays). Columns: feature, group,
            earns, earns_alone, tax, margin, coef_std, coef, status, enters, leaves, picked,
            decoy95. With groups of columns there is a column "together", the features whose
            account the row is (empty: its own); with a schedule a column "stage", the stage whose
            account the row is: the last, or, of a feature that this excludes, the one that cut it.
            Of more than two classes a row per feature and class, with a column "class" in the
            place of group; of several responses, and of classes with ``grouped=True``, a row
            per feature: what it earns and its coefficients are lengths over all of them, and a
            column ``coef[name]`` for each has its coefficient. There a path of more than 100
            entries and exits tells them as its grid saw them.
        """
        return super().ledger()

    def _target_record(self) -> Target:
        """What is predicted."""
        return Target(self._target)

    def at(self, at: At = None, *, n_features: int | None = None) -> Self:
        """The same fit at another penalty, exact and certified, without cross-validating again.

        Parameters
        ----------
        at : float, int, "min", "1se" or None
            An alpha; or the best, the one-standard-error one; or, for an int, as `n_features`.
        n_features : int
            The highest alpha of the path that keeps this many features.

        Returns
        -------
        self : object
            A fitted copy.
        """
        check_is_fitted(self)
        other = copy(self)
        problem = self.path_.problem
        plain = problem.penalty is None and not problem.schedule
        if isinstance(problem.loss, Squared) and self.path_.outputs == 1 and plain:
            other._model = self.model_.at(at, n_features=n_features)
            alpha = other._model.alpha
        else:  # a record moves along its grid only; the rows are still here
            alpha, other._model = self._alpha_at(at, n_features), None
        self._check_data_unchanged()
        other._store(self.path_.at(alpha))
        return other

    def _alpha_at(self, at: At, n_features: int | None) -> float:
        """The alpha that `at` means, without a record."""
        if isinstance(at, (int, np.integer)) and not isinstance(at, bool):
            n_features = int(at)
        if n_features is not None:
            kept = np.array([len(self.path_.support(k)) for k in range(len(self.path_))])
            hits = np.flatnonzero(kept == n_features)
            if len(hits) == 0:
                counts = ", ".join(map(str, np.unique(kept)))
                raise InputError(
                    f"no alpha of the grid keeps exactly {n_features} features",
                    [f"they keep {counts}"],
                )
            return float(self.path_.alphas[hits[0]])
        named = {None: self.alpha_, "min": self.cv_.alpha_min, "1se": self.cv_.alpha_1se}
        if at is None or isinstance(at, str):
            if at not in named:
                raise InputError(f"unknown rule {at!r}", ["valid: min, 1se, an alpha, a count"])
            return named[at]
        return at

    def _columns(self) -> list[Column]:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        return [Column(str(name)) for name in names]

    def _check_data_unchanged(self) -> None:
        """Refuse to explain other rows than were fitted: X is not copied, so it can change."""
        found = self._solution
        problem, alpha = self.path_.problem, found.alpha
        if found.stages:  # what is proved is the last one's problem
            last = found.stages[-1]
            weights = {"penalty_weight": last.penalty_weight, "l1_ratio": last.l1_ratio}
            problem, alpha = replace(problem, schedule=None, **weights), last.alpha
        now = certify_problem(problem, found.coef, found.intercept, alpha)
        if not now.relative_gap <= max(SAME_DATA, 10.0 * self.relative_gap_):
            raise InputError("X or y were changed after fit", remedy="fit again")


def labels_of(problem: Problem) -> NDArray[Any]:
    """What a splitter takes as y: of several classes the position of each row's."""
    found = classes_of(problem) if problem.outputs > 1 else problem.y
    return problem.y if found is None else found


def frame_library(X: Any) -> str:
    """The data frame library of X; polars for everything else."""
    if not is_frame(X):
        return "polars"
    import narwhals as nw

    frame = nw.from_native(X, pass_through=True)
    return frame.implementation.value if isinstance(frame, nw.DataFrame) else "polars"


def seed_of(random_state: Any) -> int:
    """A whole number from anything scikit-learn takes as a random state."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
