"""Drop-in LogisticRegression: scikit-learn's signature and scaling, solved and certified."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from excise.exceptions import InputError
from excise.linear_model import objective
from excise.linear_model.classes import SCHEDULED, LinearClassifier
from excise.linear_model.settings import (
    Rules,
    boolean,
    choice,
    infinite,
    integer,
    optional,
    positive_real,
    real,
)
from excise.linear_model.single import SingleModel

SOLVERS = ("lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga")
PENALTIES = {"l1": 1.0, "l2": 0.0}
"""The l1_ratio that each of scikit-learn's penalties means."""

LOGISTIC_RULES: Rules = {
    "dual": boolean,
    "intercept_scaling": positive_real,
    "max_iter": integer(0),
    "penalty": optional(choice("deprecated", "elasticnet", *PENALTIES)),
    "solver": choice(*SOLVERS),
}


class LogisticRegression(LinearClassifier, SingleModel):
    """Logistic regression of two or more classes, solved exactly; drop-in for scikit-learn's.

    Minimises ``C sum_i w_i log(1 + exp(-s_i eta_i)) + l1_ratio |b|_1 + (1 - l1_ratio) / 2 |b|_2^2``
    with ``eta = b0 + X b`` and s = 1 for ``classes_[1]``, else -1; of K > 2 classes the multinomial
    loss ``log(sum_k exp(eta_ik)) - eta_iy`` with K predictors, all penalised, number by number.
    The weights are taken as they are given: doubling all weights doubles C. The columns are not
    standardised and the intercept is never penalised.

    Parameters
    ----------
    penalty : {"deprecated", "l1", "l2", "elasticnet"} or None, default="deprecated"
        As `l1_ratio` and `C` say; or 1, 0 or `l1_ratio` for the share of the L1 penalty; or, with
        None, no penalty.
    C : float, default=1.0
        Inverse strength of the penalty, above 0; infinity is no penalty.
    l1_ratio : float or None, default=0.0
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso); None is 0.
    dual : bool, default=False
        Without effect: the answer has both sides.
    tol : float, default=1e-4
        Largest certified duality gap, over the null loss, that passes without a warning.
    fit_intercept : bool, default=True
        Whether to fit an intercept; without it the data are taken as they are.
    intercept_scaling : float, default=1
        Without effect: the intercept is not penalised, whatever `solver` says.
    class_weight : None, "balanced" or dict, default=None
        Factor on the weights of the rows of each class; "balanced" gives all classes the same
        total and leaves the total of all as it is.
    random_state : int, RandomState or None, default=None
        Without effect: nothing is random.
    solver : {"lbfgs", "liblinear", "newton-cg", "newton-cholesky", "sag", "saga"}, default="lbfgs"
        Without effect: there is one solver, and it takes every penalty.
    max_iter : int, default=100
        Without effect: the work is bounded by the solver.
    verbose : int, default=0
        Without effect: fitting is silent.
    warm_start : bool, default=False
        Without effect: the answer does not depend on a starting point.
    n_jobs : int or None, default=None
        Without effect.
    alpha : float or None, default=None
        Strength of the penalty on the scale of the mean loss, ``1 / (C sum_i w_i)``, in place of
        `C`.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``, which scikit-learn
        has not: see `excise.schedules`. It takes two classes, and something to prune with:
        ``l1_ratio=1``.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        In sorted order.
    coef_ : ndarray of shape (1, n_features), or (n_classes, n_features) of more than two
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Of more than two classes, whose common constant means nothing, with mean 0.
    dual_gap_, relative_gap_, kkt_violation_ : float
        As in `ElasticNet`; `dual_gap_` on the scale of the mean loss.
    stages_ : tuple of Stage
        Of a schedule, whose last stage the coefficients are those of.
    n_iter_ : ndarray of shape (1,)
        Linear systems solved, at least 1.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Notes
    -----
    Of more than two classes the lasso need not have one answer; its probabilities are unique.
    Classes that a plane separates have a finite answer at every finite C. Without a penalty the
    coefficients then only tend to infinity; the ones given have a loss within `relative_gap_` of 0.

    Examples
    --------
    >>> from excise.linear_model import LogisticRegression
    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["a", "a", "b", "b"])
    >>> model.predict_proba([[1.5]]).round(6)
    array([[0.5, 0.5]])
    """

    _rules: ClassVar[Rules] = LOGISTIC_RULES | {
        "C": infinite(positive_real),
        "alpha": optional(real(0.0)),
        "l1_ratio": optional(real(0.0, 1.0)),
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
        alpha: float | None = None,
        schedule: Any = None,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.alpha = alpha
        self.schedule = schedule

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,)
            Names of classes: numbers, text or True and False.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; their sum matters, see the class.

        Returns
        -------
        self : object
        """
        binary = None if self.schedule is None else SCHEDULED
        data, _ = self._labelled(self._training(X, y, sample_weight, labels=True), binary)
        solution = self._solved(data, self._data_term, *self._strength(data.total_weight))
        self._set_coef(*self._coefficients(solution), data.X.dtype)
        self.n_iter_, self.stages_ = np.array([self.n_iter_]), solution.stages
        return self

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: with a schedule two classes only."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.schedule is None
        return tags

    def _strength(self, total_weight: float) -> tuple[float, float]:
        """Alpha and l1_ratio as the engine takes them."""
        ratio = share_of(self.penalty, self.l1_ratio)
        if self.alpha is not None and self.C != 1.0:
            raise InputError("alpha and C are two names of one thing", remedy="leave out C")
        if self.penalty is None:
            return 0.0, ratio
        if self.alpha is not None:
            return float(self.alpha), ratio
        return objective.logistic_alpha(self.C, total_weight), ratio

    def sparsify(self) -> Self:
        """Store the coefficients as a sparse array, where most are zero.

        Returns
        -------
        self : object
        """
        from scipy.sparse import csr_array

        self.coef_ = csr_array(self.coef_)
        return self

    def densify(self) -> Self:
        """Store the coefficients as an array again.

        Returns
        -------
        self : object
        """
        if not isinstance(self.coef_, np.ndarray):
            self.coef_ = self.coef_.toarray()
        return self


def share_of(penalty: str | None, l1_ratio: float | None) -> float:
    """The l1_ratio that scikit-learn's `penalty` and `l1_ratio` mean together."""
    if penalty in PENALTIES:
        share = PENALTIES[penalty]
        if l1_ratio not in (None, 0.0, share):
            raise InputError(
                f"penalty={penalty!r} and l1_ratio={l1_ratio} contradict each other",
                remedy="l1_ratio alone",
            )
        return share
    if penalty == "elasticnet" and l1_ratio is None:
        raise InputError("l1_ratio must be specified when penalty is elasticnet.")
    return 0.0 if l1_ratio is None else float(l1_ratio)
