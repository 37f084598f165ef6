"""Drop-in HuberRegressor: scikit-learn's objective, its scale included, solved and certified."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from excise.checks import is_sparse
from excise.engine import Session
from excise.linear_model import objective
from excise.linear_model.base import LinearRegressor, Training
from excise.linear_model.settings import Rules, integer, real
from excise.linear_model.warning import warn_if_uncertified
from excise.losses import Huber
from excise.problem import Problem, make_problem
from excise.results import Floats

SMALLEST = 1e-6
"""Scale of the residuals over the spread of y, below which the fit counts as exact."""
INNER_TOL = 1e-25


class HuberRegressor(LinearRegressor):
    """Linear regression that outliers do not bend, with an L2 penalty; drop-in for scikit-learn's.

    Minimises ``sum_i w_i (s + s H(r_i / s)) + alpha |b|_2^2`` over b, b0 and the scale s > 0, with
    ``r = y - b0 - X b`` and H(z) = z^2 up to epsilon, 2 epsilon |z| - epsilon^2 beyond. At one s
    this is the Huber loss with a ridge, which is solved exactly; what is left is convex in s, and
    the zero of its derivative is bracketed.

    Parameters
    ----------
    epsilon : float, default=1.35
        Residuals beyond ``epsilon * scale_`` are outliers; at least 1.
    max_iter : int, default=100
        Without effect: the work is bounded by the solver.
    alpha : float, default=0.0001
        Strength of the penalty, at least 0.
    warm_start : bool, default=False
        Without effect: the answer does not depend on a starting point.
    fit_intercept : bool, default=True
        Whether to fit an intercept; it is never penalised.
    tol : float, default=1e-05
        Largest certified duality gap, over the objective at b = 0, that passes without a warning.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    scale_ : float
        The scale s; at least 1e-6 of the spread of y, where all or nearly all rows are fitted
        exactly.
    outliers_ : ndarray of bool, shape (n_samples,)
    dual_gap_, relative_gap_ : float
        Certified bound on the suboptimality of the objective above, and over the objective at
        b = 0 with the root mean square of y about its mean as scale.
    n_iter_ : int
        Scales tried.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> from excise.linear_model import HuberRegressor
    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0]]
    >>> y = [0.1, 0.9, 2.1, 2.9, 4.1, 4.9, 6.1, 70.0]
    >>> HuberRegressor().fit(X, y).predict([[7.0]]).round()
    array([7.])
    """

    _rules: ClassVar[Rules] = {"epsilon": real(1.0), "max_iter": integer(0)}

    def __init__(
        self,
        *,
        epsilon: float = 1.35,
        max_iter: int = 100,
        alpha: float = 0.0001,
        warm_start: bool = False,
        fit_intercept: bool = True,
        tol: float = 1e-05,
    ) -> None:
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.alpha = alpha
        self.warm_start = warm_start
        self.fit_intercept = fit_intercept
        self.tol = tol

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; their sum matters, see the class.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight)
        search = Search(data, float(self.epsilon), float(self.alpha), self.fit_intercept)
        at = search.best()
        self.scale_ = at.scale
        self.n_iter_ = search.n_tried
        self.dual_gap_ = max(at.objective - search.bound(at, self.tol), 0.0)
        self.relative_gap_ = self.dual_gap_ / search.null
        self.outliers_ = np.abs(at.residual) > at.scale * self.epsilon
        self._set_coef(at.coef, at.intercept, data.X.dtype)
        name = type(self).__name__
        warn_if_uncertified(name, self.alpha, self.relative_gap_, self.tol, squared=False)
        return self


class At(NamedTuple):
    """The best coefficients at one scale, their residuals, the objective and its slope in scale."""

    scale: float
    coef: Floats
    intercept: float
    residual: Floats
    objective: float
    slope: float


class Search:
    """The convex function of the scale that is left when the coefficients are solved for."""

    def __init__(self, data: Training, epsilon: float, alpha: float, fit_intercept: bool) -> None:
        self.data, self.epsilon, self.alpha = data, epsilon, alpha
        self.problem = make_problem(
            data.X,
            data.y,
            sample_weight=data.sample_weight,
            penalty="ridge",
            fit_intercept=fit_intercept,
            tol=INNER_TOL,
        )
        self.weights = self.problem.weights * data.total_weight
        centre = float(self.problem.weights @ data.y) if fit_intercept else 0.0
        spread = float(np.sqrt(self.problem.weights @ np.square(data.y - centre)))
        size = float(np.abs(data.y).max()) or 1.0
        self.top = spread if spread > 1e-14 * size else size
        """At this scale the slope is >= 0: no fit has a larger sum of squares than the null one."""
        self.null = 2.0 * data.total_weight * self.top
        self.n_tried = 0

    def at(self, scale: float) -> At:
        """Solve for the coefficients; the formulas of the class, at this scale.

        Where no row is an outlier the answer is that of least squares, which keeps its digits
        under a penalty however weak.
        """
        self.n_tried += 1
        strength = objective.huber_alpha(self.alpha, scale, self.data.total_weight)
        far = self.epsilon * scale
        coef, intercept, residual = self._solved(self.problem, strength)
        if np.any((np.abs(residual) > far) & (self.weights > 0.0)):
            bent = replace(self.problem, loss=Huber(far))
            coef, intercept, residual = self._solved(bent, strength)
        z = np.abs(residual) / scale
        core = np.minimum(z, self.epsilon)
        value = scale * (1.0 + core * (2.0 * z - core))
        total = float(self.weights @ value) + self.alpha * float(coef @ coef)
        slope = float(self.weights @ (1.0 - np.square(core)))
        return At(scale, coef, intercept, residual, total, slope)

    def _solved(self, problem: Problem, alpha: float) -> tuple[Floats, float, Floats]:
        """Coefficients, intercept, and what they leave of y."""
        found = Session(problem).path(np.array([alpha]))
        coef, intercept = found.columns.column(0), float(found.intercepts[0])
        return coef, intercept, np.asarray(self.data.y - (self.data.X @ coef + intercept))

    def best(self) -> At:
        """Where the slope changes sign."""
        high = self.at(self.top)
        if high.slope <= 0.0:  # by rounding only
            return high
        low = high
        while low.slope > 0.0 and low.scale > SMALLEST * self.top:
            high, low = low, self.at(max(low.scale / 4.0, SMALLEST * self.top))
        if low.slope >= 0.0:
            return low
        seen = {one.scale: one for one in (low, high)}

        def slope(scale: float) -> float:
            if scale not in seen:
                seen[scale] = self.at(scale)
            return seen[scale].slope

        brentq(slope, low.scale, high.scale, xtol=1e-300, rtol=8.9e-16)
        return min(seen.values(), key=lambda one: (abs(one.slope), one.objective))

    def bound(self, at: At, tol: float) -> float:
        """A lower bound of the objective, from slopes v of s H(r / s) that are feasible.

        ``s (1 + H(r / s))`` is the supremum of ``v r + s (1 - v^2 / 4)`` over |v| <= 2 epsilon, so
        that for ``sum w v^2 <= 4 sum w`` (and ``sum w v = 0`` where there is an intercept) the
        objective is nowhere below ``sum w v y - |X' W v|^2 / (4 alpha)``. Under a weak penalty the
        last term is large for a v that is right to many digits; one without slope has none.
        """
        v = 2.0 * np.clip(at.residual / at.scale, -self.epsilon, self.epsilon)
        if self.alpha > 0.0:
            mean = float(self.problem.weights @ v) if self.problem.fit_intercept else 0.0
            found = self._bound(v - mean)
            if at.objective - found <= tol * self.null:
                return found
            return max(found, self._bound(self._without_slope(v)))
        return self._bound(self._without_slope(v))

    def _bound(self, v: Floats) -> float:
        """Of a v that is scaled until it is feasible."""
        w = self.weights
        size = float(w @ np.square(v)) / 4.0
        v = v * min(
            1.0,
            2.0 * self.epsilon / (float(np.abs(v).max()) or 1.0),
            float(np.sqrt(w.sum() / size)) if size > 0.0 else 1.0,
        )
        earned = float((w * v) @ self.data.y)
        if self.alpha == 0.0:
            return earned
        slopes = self.data.X.T @ (w * v)
        return earned - float(slopes @ slopes) / (4.0 * self.alpha)

    def _without_slope(self, v: Floats) -> Floats:
        """The nearest v that is orthogonal, with the weights, to the columns and the intercept."""
        root = np.sqrt(self.weights)
        X = self.data.X.toarray() if is_sparse(self.data.X) else np.asarray(self.data.X)
        Z = np.column_stack([X, np.ones(len(v))]) if self.problem.fit_intercept else X
        Q, R = np.linalg.qr(root[:, None] * Z.astype(np.float64))
        Q = Q[:, np.abs(np.diag(R)) > 1e-12 * np.abs(np.diag(R)).max(initial=0.0)]
        left = root * v
        for _ in range(2):
            left = left - Q @ (Q.T @ left)
        return np.divide(left, root, out=np.zeros_like(v), where=root > 0.0)
