"""Drop-in LassoCV and ElasticNetCV: scikit-learn's grid, folds and choice, solved exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from excise.cross_validation import cross_validate_problem
from excise.linear_model.base import LinearRegressor, Training
from excise.linear_model.grid import alpha_grid
from excise.linear_model.paths import enet_path, lasso_path
from excise.linear_model.routing import Split
from excise.linear_model.warning import warn_if_uncertified
from excise.problem import make_problem
from excise.sessions import session_of

if TYPE_CHECKING:
    from excise.folds import Folds
    from excise.results import Path
    from excise.schedules import Schedule
    from excise.stages import Stage


class Scan(NamedTuple):
    """Held-out errors along one grid, and the path on all rows.

    Attributes
    ----------
    l1_ratio : float
    alphas : ndarray of shape (n_alphas,)
        Falling, as asked for; may repeat values.
    mse : ndarray of shape (n_alphas, n_folds)
    path : Path
        At the distinct alphas.
    """

    l1_ratio: float
    alphas: NDArray[np.float64]
    mse: NDArray[np.float64]
    path: Path

    @property
    def best(self) -> int:
        """Where the mean over the folds is smallest: the largest such alpha."""
        return int(np.argmin(self.mse.mean(axis=1)))


class CrossValidatedRegressor(LinearRegressor, Split):
    """Base of `LassoCV`, `ElasticNetCV` and those of several responses."""

    l1_ratio: Any
    eps: float
    alphas: Any
    fit_intercept: bool
    tol: float
    cv: Any
    n_jobs: int | None
    positive: bool
    schedule: Any = None

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Choose alpha by cross-validation and fit on all rows.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,), or (n_samples, n_targets) of several responses
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0, used in the grid, in every fit and in every fold's error; only their
            ratios matter. The folds count alike, whatever their weight.
        **params
            Parameters of the splitter's ``split``; only with
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : object
        """
        data = self._checked(X, y, sample_weight)
        folds = self._folds(data, params)
        ratios = [1.0] if self.l1_ratio is None else np.atleast_1d(self.l1_ratio).tolist()
        scans = [self._scan(data, folds, float(ratio)) for ratio in ratios]
        best = min(scans, key=lambda scan: float(scan.mse[scan.best].mean()))
        shared = np.ndim(self.alphas) > 0 or len(scans) == 1
        self.alphas_ = scans[0].alphas if shared else np.stack([scan.alphas for scan in scans])
        self.mse_path_ = np.squeeze(np.stack([scan.mse for scan in scans]))
        self.alpha_ = float(best.alphas[best.best])
        if self.l1_ratio is not None:
            self.l1_ratio_ = best.l1_ratio
        self._store(best, data.X.dtype, several=data.y.ndim == 2)
        return self

    def _checked(self, X: Any, y: Any, sample_weight: ArrayLike | None) -> Training:
        """The training data."""
        return self._training(X, y, sample_weight)

    def _scan(self, data: Training, folds: Folds, l1_ratio: float) -> Scan:
        problem = make_problem(
            data.X,
            data.goal,
            sample_weight=data.sample_weight,
            l1_ratio=l1_ratio,
            bounds="positive" if self.positive else None,
            fit_intercept=self.fit_intercept,
            n_threads=self.n_jobs if self.n_jobs and self.n_jobs > 0 else None,
            schedule=self.schedule,
        )
        one = replace(problem, schedule=problem.schedule and problem.schedule.variants()[0])
        grid = alpha_grid(session_of(one), self.alphas, self.eps)
        distinct, position = np.unique(-grid, return_inverse=True)
        found = cross_validate_problem(problem, folds, alphas=-distinct)
        mse = found.folds[position] / data.n_targets  # a sum over the responses; theirs is a mean
        return Scan(l1_ratio, grid, mse, found.path)

    def _store(self, scan: Scan, dtype: Any, *, several: bool) -> None:
        """The chosen point of the path as attributes."""
        path = scan.path
        k = int(np.flatnonzero(path.alphas == self.alpha_)[0])
        self.relative_gap_ = float(path.relative_gaps[k])
        self.dual_gap_ = self.relative_gap_ * path.null_loss
        self.kkt_violation_ = float(path.kkt_violations[k])
        self.n_iter_ = max(1, path.n_factorizations)
        warn_if_uncertified(type(self).__name__, self.alpha_, self.relative_gap_, self.tol)
        self.stages_: tuple[Stage, ...] = ()
        self.schedule_: Schedule | None = path.problem.schedule
        if self.schedule_ is not None:
            self.stages_ = path.at(self.alpha_).stages
        coef, intercept = path.coef_at(k).T, path.intercepts[k]
        if several:
            coef, intercept = np.atleast_2d(coef), np.atleast_1d(intercept)
        self._set_coef(coef, intercept, dtype)


class ElasticNetCV(CrossValidatedRegressor):
    """Elastic net with alpha and l1_ratio chosen by cross-validation; drop-in for scikit-learn's.

    The grid, the folds and the choice (smallest mean error over the folds) are scikit-learn's;
    every fit is exact. See `SparseRegressor` for the one-standard-error rule and explanations.

    Parameters
    ----------
    l1_ratio : float or array-like, default=0.5
        Share of the L1 penalty; of several values the best is chosen.
    eps : float, default=1e-3
        ``alpha_min / alpha_max`` of an automatic grid.
    alphas : int or array-like, default=100
        Length of an automatic grid, or the alphas themselves.
    fit_intercept : bool, default=True
        Whether to fit an intercept; without it the data are taken as they are.
    precompute : "auto", bool or array-like, default="auto"
        Without effect: the solver decides by itself when a Gram matrix pays.
    max_iter : int, default=1000
        Without effect: the work is bounded by the solver.
    tol : float, default=1e-4
        Largest certified duality gap, over the null loss, that passes without a warning.
    cv : int, splitter or iterable of (train, test), default=None
        As in scikit-learn; None means 5 folds in the order of the rows.
    copy_X : bool, default=True
        Without effect: X is never copied and never written to.
    verbose : bool or int, default=0
        Without effect: fitting is silent.
    n_jobs : int or None, default=None
        Number of threads; None or -1 lets the solver choose. The answer does not depend on it.
    positive : bool, default=False
        Whether to allow only coefficients >= 0.
    random_state : int, RandomState or None, default=None
        Without effect: nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Without effect: see `random_state`.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine((0.0, 0.5, 1.0))`` or ``"prune:0,0.5,1"``,
        which scikit-learn has not: see `excise.schedules`. Of several values of `refine` the best
        is chosen with alpha.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        The chosen ones.
    coef_ : ndarray of shape (n_features,)
    intercept_ : float
    alphas_ : ndarray of shape (n_alphas,) or (n_l1_ratio, n_alphas)
        The grid, falling.
    mse_path_ : ndarray of shape (n_alphas, n_folds) or (n_l1_ratio, n_alphas, n_folds)
        Held-out mean squared errors.
    dual_gap_, relative_gap_, kkt_violation_ : float
        Certificate of the chosen point, as in `ElasticNet`.
    stages_ : tuple of Stage
        Of a schedule, at the chosen point.
    schedule_ : Schedule or None
        The one that was chosen.
    n_iter_ : int
        Linear systems solved for the path on all rows.
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
    >>> from excise.linear_model import ElasticNetCV
    >>> X = np.arange(20.0).reshape(10, 2) % 7
    >>> ElasticNetCV(alphas=[1.0, 0.01], cv=2).fit(X, X[:, 0]).alpha_
    0.01
    """

    def __init__(
        self,
        *,
        l1_ratio: float | ArrayLike = 0.5,
        eps: float = 1e-3,
        alphas: int | ArrayLike = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: bool | int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        schedule: Any = None,
    ) -> None:
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.schedule = schedule

    path = staticmethod(enet_path)


class LassoCV(CrossValidatedRegressor):
    """Lasso with alpha chosen by cross-validation; drop-in for scikit-learn's.

    The grid, the folds and the choice (smallest mean error over the folds) are scikit-learn's;
    every fit is exact. See `SparseRegressor` for the one-standard-error rule and explanations.

    Parameters
    ----------
    eps, alphas, fit_intercept, precompute, max_iter, tol, copy_X, cv, verbose, n_jobs, positive, \
random_state, selection, schedule
        As in `ElasticNetCV`.

    Attributes
    ----------
    alpha_, coef_, intercept_, alphas_, mse_path_, dual_gap_, relative_gap_, kkt_violation_, \
n_iter_, stages_, schedule_, n_features_in_, feature_names_in_
        As in `ElasticNetCV`, for one l1_ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import LassoCV
    >>> X = np.arange(20.0).reshape(10, 2) % 7
    >>> LassoCV(alphas=[1.0, 0.01], cv=2).fit(X, X[:, 0]).alpha_
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
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        schedule: Any = None,
    ) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.copy_X = copy_X
        self.cv = cv
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.schedule = schedule
