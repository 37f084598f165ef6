"""Drop-in MultiTaskElasticNetCV and MultiTaskLassoCV: grid, folds and choice of scikit-learn's."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from excise.linear_model.base import Training
from excise.linear_model.cross_validated import CrossValidatedRegressor
from excise.linear_model.multi_task import MultiTaskModel
from excise.linear_model.paths import enet_path, lasso_path


class MultiTaskCV(MultiTaskModel, CrossValidatedRegressor):
    """Base of the two."""

    positive = False

    def _checked(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Training:
        return self._several(X, y, sample_weight)


class MultiTaskElasticNetCV(MultiTaskCV):
    """`MultiTaskElasticNet`, alpha and l1_ratio chosen by cross-validation; as scikit-learn's.

    The grid, the folds and the choice (smallest mean error over the folds) are scikit-learn's;
    every fit is exact.

    Parameters
    ----------
    l1_ratio, eps, alphas, fit_intercept, max_iter, tol, cv, copy_X, verbose, n_jobs, \
random_state, selection
        As in `ElasticNetCV`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_features)
    intercept_ : ndarray of shape (n_targets,)
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratio, n_alphas, n_folds)
        Held-out mean squared errors, the mean of all responses.
    alpha_, l1_ratio_, alphas_, dual_gap_, relative_gap_, kkt_violation_, n_iter_
        As in `ElasticNetCV`.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import MultiTaskElasticNetCV
    >>> X = np.arange(20.0).reshape(10, 2) % 7
    >>> MultiTaskElasticNetCV(alphas=[1.0, 0.01], cv=2).fit(X, X).alpha_
    0.01
    """

    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection

    path = staticmethod(enet_path)


class MultiTaskLassoCV(MultiTaskCV):
    """`MultiTaskLasso` with alpha chosen by cross-validation; drop-in for scikit-learn's.

    The grid, the folds and the choice (smallest mean error over the folds) are scikit-learn's;
    every fit is exact.

    Parameters
    ----------
    eps, alphas, fit_intercept, max_iter, tol, copy_X, cv, verbose, n_jobs, random_state, selection
        As in `ElasticNetCV`.

    Attributes
    ----------
    alpha_, coef_, intercept_, alphas_, mse_path_, dual_gap_, relative_gap_, kkt_violation_, \
n_iter_, n_features_in_, feature_names_in_
        As in `MultiTaskElasticNetCV`, for one l1_ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import MultiTaskLassoCV
    >>> X = np.arange(20.0).reshape(10, 2) % 7
    >>> MultiTaskLassoCV(alphas=[9.0, 0.01], cv=2).fit(X, X).alpha_
    0.01
    """

    l1_ratio = None
    path = staticmethod(lasso_path)

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.selection = selection
