"""Drop-in Ridge: scikit-learn's signature and scaling, solved exactly and certified."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from numpy.typing import ArrayLike

from excise.exceptions import InputError
from excise.linear_model import objective
from excise.linear_model.penalized import PenalizedRegressor
from excise.linear_model.settings import Rules, each, real


class Ridge(PenalizedRegressor):
    """Linear regression with an L2 penalty, solved exactly; drop-in for scikit-learn's.

    Minimises ``sum_i w_i (y_i - eta_i)^2 + alpha * |b|_2^2`` with ``eta = b0 + X b`` and the
    weights as they are given: doubling all weights halves the penalty.

    Parameters
    ----------
    alpha : float or array-like of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0.
    fit_intercept : bool, default=True
        Whether to fit an intercept; without it the data are taken as they are.
    copy_X : bool, default=True
        Without effect: X is never copied and never written to.
    max_iter : int or None, default=None
        Without effect: the solution is direct.
    tol : float, default=1e-4
        Largest certified duality gap, over the null loss, that passes without a warning.
    solver : {"auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs"}, \
default="auto"
        Without effect but checked as scikit-learn does: there is one solver, and it is exact.
    positive : bool, default=False
        Whether to allow only coefficients >= 0; `solver` must then be "auto" or "lbfgs".
    random_state : int, RandomState or None, default=None
        Without effect: nothing is random.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    dual_gap_, relative_gap_, kkt_violation_ : float or ndarray of shape (n_targets,)
        As in `ElasticNet`; `dual_gap_` on the scale of the mean loss.
    n_iter_ : int or list of int
        Linear systems solved, at least 1.
    solver_ : str
        `solver`, as asked for.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Examples
    --------
    >>> from excise.linear_model import Ridge
    >>> Ridge(alpha=2.0).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0]).coef_
    array([1.])
    """

    l1_ratio = 0.0
    _alphas = staticmethod(objective.ridge_alphas)
    _rules: ClassVar[Rules] = {"alpha": each(real(0.0))}

    def __init__(
        self,
        alpha: float | ArrayLike = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; their sum matters, see the class.

        Returns
        -------
        self : object
        """
        self._check_solver()
        data = self._training(X, y, sample_weight, multi_output=True)
        self.solver_ = self.solver
        return self._solve(data)

    def _check_solver(self) -> None:
        """Refuse the combinations that scikit-learn refuses."""
        if self.solver == "lbfgs" and not self.positive:
            raise InputError("solver='lbfgs' is for positive=True only", remedy="solver='auto'")
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise InputError(
                f"solver={self.solver!r} does not support positive fitting", remedy="solver='auto'"
            )
