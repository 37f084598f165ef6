"""Drop-in QuantileRegressor: scikit-learn's signature and scaling, solved and certified."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from excise.linear_model import objective
from excise.linear_model.base import LinearRegressor
from excise.linear_model.settings import Rules, choice
from excise.linear_model.single import SingleModel
from excise.losses import Quantile

SOLVERS = ("highs-ds", "highs-ipm", "highs", "interior-point", "revised simplex")


class QuantileRegressor(LinearRegressor, SingleModel):
    """Linear regression of a quantile with an L1 penalty; drop-in for scikit-learn's.

    Minimises ``sum_i w_i pinball(y_i - eta_i) / sum_i w_i + alpha |b|_1`` with ``eta = b0 + X b``
    and pinball(r) = quantile * r for r >= 0, else (quantile - 1) * r. The optimum need not be
    unique: the objective agrees with scikit-learn's, the coefficients where there is one optimum.

    Parameters
    ----------
    quantile : float, default=0.5
        Strictly between 0 and 1.
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept : bool, default=True
        Whether to fit an intercept; it is never penalised.
    solver : {"highs-ds", "highs-ipm", "highs", "interior-point", "revised simplex"}, \
default="highs"
        Without effect: there is one solver.
    solver_options : dict or None, default=None
        Without effect.
    tol : float, default=1e-6
        Largest certified duality gap, over the null loss, that passes without a warning.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``, which scikit-learn
        has not: see `excise.schedules`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    dual_gap_, relative_gap_, kkt_violation_ : float
        As in `ElasticNet`.
    stages_ : tuple of Stage
        Of a schedule, whose last stage the coefficients are those of.
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
    >>> from excise.linear_model import QuantileRegressor
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0]]
    >>> model = QuantileRegressor(alpha=0.0).fit(X, [1.0, 2.0, 3.0, 4.0, 20.0])
    >>> model.predict([[4.0]]).round(6)
    array([5.])
    """

    _rules: ClassVar[Rules] = {"solver": choice(*SOLVERS)}

    def __init__(
        self,
        *,
        quantile: float = 0.5,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        solver: str = "highs",
        solver_options: Any = None,
        tol: float = 1e-6,
        schedule: Any = None,
    ) -> None:
        self.quantile = quantile
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.solver_options = solver_options
        self.tol = tol
        self.schedule = schedule

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
        alpha = objective.quantile_alpha(self.alpha)
        solution = self._solved(data, Quantile(self.quantile), alpha, l1_ratio=1.0)
        self.stages_ = solution.stages
        self._set_coef(solution.coef, solution.intercept, data.X.dtype)
        return self
