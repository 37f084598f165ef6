"""Drop-in MultiTaskElasticNet and MultiTaskLasso: several responses, one set of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin

from excise.engine import Session
from excise.exceptions import InputError
from excise.linear_model import objective
from excise.linear_model.base import LinearRegressor, Training
from excise.linear_model.paths import enet_path
from excise.linear_model.warning import warn_if_uncertified
from excise.problem import make_problem

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class MultiTaskModel(MultiOutputMixin, LinearRegressor):
    """Base of the four: y has a column per response."""

    def _several(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Training:
        """Checked data; an error for a y of one dimension."""
        data = self._training(X, y, sample_weight, multi_output=True)
        if data.y.ndim == 1:
            name = type(self).__name__.removeprefix("MultiTask")
            raise InputError(f"For mono-task outputs, use {name}", remedy="or y[:, None]")
        return data

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: a y of two dimensions only."""
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = False
        return tags


class MultiTaskElasticNet(MultiTaskModel):
    """Several responses by one set of features, solved exactly; drop-in for scikit-learn's.

    Minimises ``sum_i w_i |y_i - eta_i|_2^2 / (2 sum_i w_i) + alpha * l1_ratio * sum_j |B_j|_2 +
    alpha * (1 - l1_ratio) / 2 * sum_j |B_j|_2^2`` with ``eta = b0 + X B`` and B_j the coefficients
    of feature j for all responses: a feature is in or out for all of them together. The columns
    are not standardised and the intercepts are not penalised.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the norms in the penalty, from 0 (ridge) to 1.
    fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As in `ElasticNet`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
    intercept_ : ndarray of shape (n_targets,)
    sparse_coef_ : csr_array of shape (n_targets, n_features)
    dual_gap_, relative_gap_, kkt_violation_ : float
        As in `ElasticNet`, of all responses together.
    eps_ : float
        The largest `dual_gap_` that passes without a warning: `tol` times the null loss.
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
    >>> from excise.linear_model import MultiTaskElasticNet
    >>> Y = [[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]]
    >>> MultiTaskElasticNet(alpha=0.5).fit([[0.0], [1.0], [2.0]], Y).coef_.round(4)
    array([[1.2364],
           [0.9273]])
    """

    path = staticmethod(enet_path)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.selection = selection

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; only their ratios matter.

        Returns
        -------
        self : object
        """
        data = self._several(X, y, sample_weight)
        session = Session(
            make_problem(
                data.X,
                data.goal,
                l1_ratio=self.l1_ratio,
                sample_weight=data.sample_weight,
                fit_intercept=self.fit_intercept,
            )
        )
        (alpha,) = objective.elastic_net_alphas(self.alpha, data.total_weight, 1)
        solution = session.solve_at(alpha)
        self.dual_gap_ = solution.certificate.gap
        self.relative_gap_ = solution.certificate.relative_gap
        self.kkt_violation_ = solution.certificate.kkt_violation
        self.eps_ = self.tol * session.engine.null_loss
        self.n_iter_ = max(1, solution.n_factorizations)
        warn_if_uncertified(type(self).__name__, alpha, self.relative_gap_, self.tol)
        coef, intercept = np.atleast_2d(solution.coef.T), np.atleast_1d(solution.intercept)
        self._set_coef(coef, intercept, data.X.dtype)
        return self

    @property
    def sparse_coef_(self) -> csr_array:
        """The coefficients as a sparse array, shape (n_targets, n_features)."""
        from scipy.sparse import csr_array

        return csr_array(self.coef_)


class MultiTaskLasso(MultiTaskElasticNet):
    """`MultiTaskElasticNet` without the L2 penalty, solved exactly; drop-in for scikit-learn's.

    Minimises ``sum_i w_i |y_i - eta_i|_2^2 / (2 sum_i w_i) + alpha * sum_j |B_j|_2``.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept, copy_X, max_iter, tol, warm_start, random_state, selection
        As in `ElasticNet`.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, kkt_violation_, eps_, n_iter_
        As in `MultiTaskElasticNet`.

    Examples
    --------
    >>> from excise.linear_model import MultiTaskLasso
    >>> Y = [[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]]
    >>> MultiTaskLasso(alpha=0.5).fit([[0.0], [1.0], [2.0]], Y).coef_.round(4)
    array([[1.4 ],
           [1.05]])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            random_state=random_state,
            selection=selection,
        )
