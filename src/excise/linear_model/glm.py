"""Drop-in PoissonRegressor, GammaRegressor and TweedieRegressor, solved exactly and certified."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length, column_or_1d

from excise.arguments import check_sample_weight
from excise.exceptions import InputError
from excise.linear_model import objective
from excise.linear_model.base import LinearRegressor
from excise.linear_model.settings import Rules, choice, real
from excise.linear_model.single import SingleModel
from excise.losses import Gamma, Loss, Poisson, Squared, Tweedie
from excise.losses.tweedie import why_not
from excise.scores import explained


class LinkedRegressor(LinearRegressor, ABC):
    """Base of regressors whose prediction is a function of eta, scored by deviance."""

    @property
    @abstractmethod
    def _data_term(self) -> Loss:
        """The loss."""

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict the mean of y (its median or quantile, where that is what was fitted).

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        eta = self._eta(X)
        return self._data_term.mean(eta).astype(eta.dtype, copy=False)

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """D2, the share of the deviance explained; R2 for the squared loss.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
            1 - (deviance of the prediction) / (deviance of the best constant on these rows).
        """
        eta = self._eta(X).astype(np.float64, copy=False)
        loss = self._data_term
        goal = column_or_1d(check_array(y, dtype=np.float64, ensure_2d=False))
        check_consistent_length(eta, goal)
        weights = check_sample_weight(sample_weight, len(goal))
        loss.check_target(goal, weights, False)
        return explained(loss, goal, eta, weights)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: whether y must be positive."""
        tags = super().__sklearn_tags__()
        try:
            self._data_term.check_target(np.array([-1.0, 1.0]))
        except (ValueError, TypeError, AttributeError):  # or a parameter that fit will refuse
            tags.target_tags.positive_only = True
        return tags


class GeneralizedLinearRegressor(LinkedRegressor, SingleModel):
    """Base of the three drop-ins."""

    alpha: float
    _rules: ClassVar[Rules] = {"solver": choice("lbfgs", "newton-cholesky")}

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; only their ratios matter.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight)
        alpha = objective.deviance_alpha(self.alpha)
        solution = self._solved(data, self._data_term, alpha, l1_ratio=0.0)
        self._set_coef(solution.coef, solution.intercept, data.X.dtype)
        return self


class PoissonRegressor(GeneralizedLinearRegressor):
    """Poisson regression with a log link and an L2 penalty, solved exactly.

    Drop-in for scikit-learn's. Minimises ``sum_i w_i d(y_i, mu_i) / (2 sum_i w_i) +
    alpha / 2 |b|_2^2`` with ``mu = exp(b0 + X b)`` and the unit deviance
    ``d = 2 (y log(y / mu) - y + mu)``, for y >= 0. See `SparseRegressor` for an L1 penalty.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept : bool, default=True
        Whether to fit an intercept; it is never penalised.
    solver : {"lbfgs", "newton-cholesky"}, default="lbfgs"
        Without effect: there is one solver.
    max_iter : int, default=100
        Without effect: the work is bounded by the solver.
    tol : float, default=1e-4
        Largest certified duality gap, over the null loss, that passes without a warning.
    warm_start : bool, default=False
        Without effect: the answer does not depend on a starting point.
    verbose : int, default=0
        Without effect: fitting is silent.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    dual_gap_, relative_gap_, kkt_violation_ : float
        As in `ElasticNet`.
    n_iter_ : int
        Linear systems solved, at least 1.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> from excise.linear_model import PoissonRegressor
    >>> model = PoissonRegressor(alpha=1e-6).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0])
    >>> model.predict([[3.0]]).round(3)
    array([8.])
    """

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    @property
    def _data_term(self) -> Loss:
        return Poisson()


class GammaRegressor(PoissonRegressor):
    """Gamma regression with a log link and an L2 penalty, solved exactly.

    Drop-in for scikit-learn's. As `PoissonRegressor`, with the unit deviance
    ``d = 2 (log(mu / y) + y / mu - 1)``, for y > 0.

    Parameters
    ----------
    alpha, fit_intercept, solver, max_iter, tol, warm_start, verbose
        As in `PoissonRegressor`.

    Attributes
    ----------
    coef_, intercept_, dual_gap_, relative_gap_, kkt_violation_, n_iter_, n_features_in_, \
feature_names_in_
        As in `PoissonRegressor`.

    Examples
    --------
    >>> from excise.linear_model import GammaRegressor
    >>> model = GammaRegressor(alpha=1e-6).fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0])
    >>> model.predict([[3.0]]).round(3)
    array([8.])
    """

    @property
    def _data_term(self) -> Loss:
        return Gamma()


class TweedieRegressor(GeneralizedLinearRegressor):
    """Regression with a Tweedie deviance and an L2 penalty, solved exactly.

    Drop-in for scikit-learn's. As `PoissonRegressor`, for amounts with many zeros when
    1 < power < 2.

    Parameters
    ----------
    power : float, default=0.0
        Of the mean in the variance: 0 is the squared loss, 1 Poisson, between 1 and 2 compound
        Poisson-gamma, 2 gamma. Other powers are refused.
    alpha, fit_intercept
        As in `PoissonRegressor`.
    link : {"auto", "identity", "log"}, default="auto"
        "auto" is the identity for power 0, else the logarithm; no other pair is solved.
    solver, max_iter, tol, warm_start, verbose
        As in `PoissonRegressor`.

    Attributes
    ----------
    coef_, intercept_, dual_gap_, relative_gap_, kkt_violation_, n_iter_, n_features_in_, \
feature_names_in_
        As in `PoissonRegressor`.

    Examples
    --------
    >>> from excise.linear_model import TweedieRegressor
    >>> model = TweedieRegressor(power=1.5, alpha=1e-6)
    >>> model.fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0]).predict([[3.0]]).round(3)
    array([8.])
    """

    _rules: ClassVar[Rules] = GeneralizedLinearRegressor._rules | {
        "link": choice("auto", "identity", "log"),
        "power": real(-np.inf),
    }

    def __init__(
        self,
        *,
        power: float = 0.0,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        link: str = "auto",
        solver: str = "lbfgs",
        max_iter: int = 100,
        tol: float = 1e-4,
        warm_start: bool = False,
        verbose: int = 0,
    ) -> None:
        self.power = power
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.link = link
        self.solver = solver
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.verbose = verbose

    @property
    def _data_term(self) -> Loss:
        if not (self.power == 0.0 or 1.0 <= self.power <= 2.0):
            notes = ["powers: 0, and 1 to 2", *why_not(self.power)]
            raise InputError(f"power={self.power!r} is not solved", notes, "power=1.5")
        usual = "identity" if self.power == 0.0 else "log"
        if self.link not in ("auto", usual):
            why = (
                "(y - e^eta)^2 is not convex in eta: no optimum can be proved"
                if usual == "identity"
                else "the mean must stay above 0, which the identity does not promise"
            )
            fact = f"link={self.link!r} is not solved for power={self.power!r}"
            raise InputError(fact, [why], "link='auto'")
        named: dict[float, Loss] = {0.0: Squared(), 1.0: Poisson(), 2.0: Gamma()}
        return named.get(float(self.power)) or Tweedie(self.power)
