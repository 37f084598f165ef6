"""The estimator of the house: chooses its penalty, proves its zeros, and explains itself."""

from __future__ import annotations

from copy import copy
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from excise.certify import certify_problem
from excise.cross_validation import fit_cv
from excise.exceptions import InputError
from excise.linear_model.base import is_frame
from excise.linear_model.explained import ExplainedRegressor
from excise.linear_model.warning import warn_if_uncertified
from excise.model import build_model
from excise.model.parts import Column
from excise.results import Rule

if TYPE_CHECKING:
    from excise.model import Model
    from excise.model.record import At
    from excise.results import Solution

SAME_DATA = 1e-8
"""Rows on which the fitted coefficients have a larger relative gap are not the fitted rows."""


class SparseRegressor(ExplainedRegressor):
    """Sparse linear regression that comes with a proof and an explanation.

    Chooses the penalty by cross-validation, standardises inside every fold, solves exactly and
    certifies the answer. Then it can say why each feature is kept or cut.

    Parameters
    ----------
    loss : {"squared"}, default="squared"
    l1_ratio : float, default=1.0
        Share of the L1 penalty: 1 is the lasso, between 0 and 1 the elastic net.
    rule : {"1se", "min"}, default="1se"
        Take the highest penalty within one standard error of the best, or the best.
    cv : int, splitter, iterable of (train, test) or array of labels, default=10
        Number of random folds (made with `random_state`), or the folds: label k puts a row into
        fold k, -1 into none.
    repeats : int, default=1
        How often the random folds are drawn anew.
    alphas : int or array-like, default=100
        Length of the grid, or the alphas themselves. A grid of a given length is extended when
        the best alpha is its last.
    alpha_min_ratio : float or None, default=None
        Last alpha over the first; None means 1e-4 if n > p, else 1e-2.
    penalty_weight : array-like of shape (n_features,) or None, default=None
        Factor on the tax of each feature: 0 is never penalised, infinity excludes.
    bounds : None, "positive" or (lower, upper), default=None
        Bounds of the coefficients, on the original scale.
    fit_intercept : bool, default=True
    standardize : bool, default=True
        Whether the penalty acts on coefficients per standard deviation.
    tol : float, default=1e-10
        Largest certified duality gap, over the null loss, that passes without a warning.
    stability, decoys : int, default=100, 200
        Half-samples and shuffles behind the columns "picked" and "decoy95"; 0 switches them off.
    random_state : int, RandomState or None, default=0
        Of folds, half-samples and shuffles: the same call gives the same answer.
    n_threads : int or None, default=None
        None lets the solver choose. The answer does not depend on it.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    coef_, coef_std_ : ndarray of shape (n_features,)
        Coefficients per unit and per standard deviation of x.
    intercept_ : float
    certificate_ : Certificate
        Duality gap, optimality conditions, and a verdict for each feature.
    dual_gap_, relative_gap_, kkt_violation_ : float
        From the certificate.
    path_ : Path
        Certified solutions at every alpha of the grid.
    cv_ : CrossValidation
        Held-out errors along the grid.
    model_ : Model
        The record behind the explanations; made when first asked for.
    n_iter_ : int
        Linear systems solved for the path.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Notes
    -----
    A fitted estimator keeps X and y alive: the explanations are computed from them when first
    asked for, after checking that they still are what was fitted. A file of `save` holds no rows.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import SparseRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 4))
    >>> model = SparseRegressor().fit(X, 3 * X[:, 0] + 0.1 * X[:, 1] + rng.standard_normal(60))
    >>> model.coef_ != 0
    array([ True, False, False, False])
    """

    def __init__(
        self,
        *,
        loss: str = "squared",
        l1_ratio: float = 1.0,
        rule: Rule = "1se",
        cv: Any = 10,
        repeats: int = 1,
        alphas: int | ArrayLike = 100,
        alpha_min_ratio: float | None = None,
        penalty_weight: ArrayLike | None = None,
        bounds: Any = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float = 1e-10,
        stability: int = 100,
        decoys: int = 200,
        random_state: Any = 0,
        n_threads: int | None = None,
    ) -> None:
        self.loss = loss
        self.l1_ratio = l1_ratio
        self.rule = rule
        self.cv = cv
        self.repeats = repeats
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.penalty_weight = penalty_weight
        self.bounds = bounds
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.tol = tol
        self.stability = stability
        self.decoys = decoys
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Choose the penalty and fit.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR;
            it is kept, see Notes.
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0, used in the grid, in every fit and in every fold's error; an integer
            weight is a repeated row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay in one fold.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight, min_samples=2)
        self._seed = _seed(self.random_state)
        drawn = isinstance(self.cv, Integral)
        splitter = hasattr(self.cv, "split")
        folds = list(self.cv.split(data.X, data.y, groups)) if splitter else self.cv
        self.cv_ = fit_cv(
            data.X,
            data.y,
            folds,
            self.rule,
            alphas=self.alphas,
            alpha_min_ratio=self.alpha_min_ratio,
            groups=None if splitter else groups,
            repeats=self.repeats if drawn else 1,
            random_state=self._seed,
            loss=self.loss,
            l1_ratio=self.l1_ratio,
            penalty_weight=self.penalty_weight,
            bounds=self.bounds,
            sample_weight=data.sample_weight,
            fit_intercept=self.fit_intercept,
            standardize=self.standardize,
            tol=self.tol,
            n_threads=self.n_threads,
        )
        self.path_ = self.cv_.path
        self.n_iter_ = max(1, self.path_.n_factorizations)
        self._frame = frame_library(X)
        self._target = str(getattr(y, "name", None) or "y")
        self._model: Model | None = None
        self._store(self.cv_.best)
        warn_if_uncertified(type(self).__name__, self.alpha_, self.relative_gap_, self.tol)
        return self

    def _store(self, solution: Solution) -> None:
        """The chosen solution as attributes."""
        self.alpha_ = solution.alpha
        self.coef_, self.intercept_ = solution.coef, solution.intercept
        self.coef_std_ = solution.coef_std
        self.certificate_ = solution.certificate
        self.dual_gap_ = solution.certificate.gap
        self.relative_gap_ = solution.certificate.relative_gap
        self.kkt_violation_ = solution.certificate.kkt_violation

    @property
    def model_(self) -> Model:
        """The record behind the explanations, made when first asked for."""
        check_is_fitted(self)
        if self._model is None:
            self._check_data_unchanged()
            self._model = build_model(
                self.cv_,
                columns=self._columns(),
                target=self._target,
                stability=self.stability,
                decoys=self.decoys,
                seed=self._seed,
            )
        return self._model

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
        SparseRegressor
            A fitted copy.
        """
        model = self.model_.at(at, n_features=n_features)
        self._check_data_unchanged()
        other = copy(self)
        other._model = model
        other._store(self.path_.at(model.alpha))
        return other

    def _columns(self) -> list[Column]:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(self.n_features_in_)]
        return [Column(str(name)) for name in names]

    def _check_data_unchanged(self) -> None:
        """Refuse to explain other rows than were fitted: X is not copied, so it can change."""
        problem = self.path_.problem
        now = certify_problem(problem, self.coef_, self.intercept_, self.alpha_)
        if not now.relative_gap <= max(SAME_DATA, 10.0 * self.relative_gap_):
            raise InputError("X or y were changed after fit", remedy="fit again")


def frame_library(X: Any) -> str:
    """The data frame library of X; polars for everything else."""
    if not is_frame(X):
        return "polars"
    import narwhals as nw

    frame = nw.from_native(X, pass_through=True)
    return frame.implementation.value if isinstance(frame, nw.DataFrame) else "polars"


def _seed(random_state: Any) -> int:
    """A whole number from anything scikit-learn takes as a random state."""
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
