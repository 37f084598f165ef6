"""Drop-in ElasticNet and Lasso: scikit-learn's signatures, solved exactly and certified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import metadata_routing

from excise.linear_model import objective
from excise.linear_model.paths import enet_path
from excise.linear_model.penalized import PenalizedRegressor

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from excise.results import Solution


class ElasticNet(PenalizedRegressor):
    """Linear regression with an L1 and an L2 penalty, solved exactly; drop-in for scikit-learn's.

    Minimises ``sum_i w_i (y_i - eta_i)^2 / (2 sum_i w_i) + alpha * l1_ratio * |b|_1 +
    alpha * (1 - l1_ratio) / 2 * |b|_2^2`` with ``eta = b0 + X b``. The columns are not standardised
    and the intercept is not penalised.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the L1 penalty, from 0 (ridge) to 1 (lasso).
    fit_intercept : bool, default=True
        Whether to fit an intercept; without it the data are taken as they are.
    precompute : bool or array-like, default=False
        Without effect: the solver decides by itself when a Gram matrix pays.
    max_iter : int, default=1000
        Without effect: the work is bounded by the solver.
    copy_X : bool, default=True
        Without effect: X is never copied and never written to.
    tol : float, default=1e-4
        Largest certified duality gap, over the null loss, that passes without a warning. The
        solver aims at rounding error whatever `tol` is.
    warm_start : bool, default=False
        Without effect: the answer does not depend on a starting point.
    positive : bool, default=False
        Whether to allow only coefficients >= 0.
    random_state : int, RandomState or None, default=None
        Without effect: nothing is random.
    selection : {"cyclic", "random"}, default="cyclic"
        Without effect: see `random_state`.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``, which scikit-learn
        has not: see `excise.schedules`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray of shape (n_targets,)
    sparse_coef_ : csr_array of shape (n_targets, n_features)
    dual_gap_ : float or ndarray of shape (n_targets,)
        Certified bound on the suboptimality of the objective.
    relative_gap_ : float or ndarray of shape (n_targets,)
        The same over the null loss (b = 0, best intercept).
    kkt_violation_ : float or ndarray of shape (n_targets,)
        Largest violation of the optimality conditions, over alpha_max.
    stages_ : tuple of Stage, or list of such tuples
        Of a schedule, whose last stage the coefficients are those of; `relative_gap_` is the
        largest of all stages.
    n_iter_ : int or list of int
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
    >>> from excise.linear_model import ElasticNet
    >>> model = ElasticNet(alpha=0.5).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0])
    >>> model.coef_.round(4)
    array([1.1818])
    """

    __metadata_request__fit = {"check_input": metadata_routing.UNUSED}  # noqa: RUF012

    path = staticmethod(enet_path)
    _alphas = staticmethod(objective.elastic_net_alphas)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        schedule: Any = None,
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection
        self.schedule = schedule

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        check_input: bool = True,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0; only their ratios matter.
        check_input : bool, default=True
            Without effect: the input is always checked, in one pass.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight, multi_output=True)
        return self._solve(data)

    def _store(self, found: list[Solution], dtype: Any) -> None:
        """The answers as attributes, and the stages behind them."""
        super()._store(found, dtype)
        stages = [solution.stages for solution in found]
        self.stages_ = stages[0] if len(stages) == 1 else stages

    @property
    def sparse_coef_(self) -> csr_array:
        """The coefficients as a sparse array, shape (n_targets, n_features)."""
        from scipy.sparse import csr_array

        return csr_array(np.atleast_2d(self.coef_))


class Lasso(ElasticNet):
    """Linear regression with an L1 penalty, solved exactly; drop-in for scikit-learn's.

    Minimises ``sum_i w_i (y_i - eta_i)^2 / (2 sum_i w_i) + alpha * |b|_1`` with
    ``eta = b0 + X b``. The columns are not standardised and the intercept is not penalised.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state, \
selection, schedule
        As in `ElasticNet`.

    Attributes
    ----------
    coef_, intercept_, sparse_coef_, dual_gap_, relative_gap_, kkt_violation_, stages_, n_iter_
        As in `ElasticNet`.

    Examples
    --------
    >>> from excise.linear_model import Lasso
    >>> model = Lasso(alpha=0.5).fit([[0.0], [1.0], [2.0]], [0.0, 2.0, 4.0])
    >>> model.coef_.round(4)
    array([1.25])
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
        schedule: Any = None,
    ) -> None:
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            copy_X=copy_X,
            max_iter=max_iter,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
            schedule=schedule,
        )
