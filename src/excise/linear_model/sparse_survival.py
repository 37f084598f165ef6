"""The Cox model as an estimator: chooses its penalty, proves its zeros, predicts survival."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from excise.checks import table
from excise.concordance import concordance
from excise.cross_validation import fit_cv
from excise.exceptions import InputError
from excise.linear_model.base import COMPRESSED, FLOATS, LinearRegressor, is_frame, sound
from excise.linear_model.settings import Rules, check_parameters, choice
from excise.linear_model.sparse_model import seed_of
from excise.linear_model.warning import warn_if_uncertified
from excise.losses.cox import TIES
from excise.results import Rule
from excise.risk_sets import PartialLikelihood
from excise.survival import survival_of

if TYPE_CHECKING:
    from excise.survival import Survival


class SparseSurvival(LinearRegressor):
    """Sparse Cox regression for times that may be censored, with a proof of every answer.

    Chooses the penalty by the cross-validated partial likelihood, standardises inside every fold,
    solves exactly and certifies the answer.

    Parameters
    ----------
    ties : {"breslow", "efron"}, default="breslow"
    l1_ratio : float, default=1.0
        Share of the L1 penalty: 1 is the lasso, between 0 and 1 the elastic net.
    rule : {"1se", "min"}, default="1se"
        Take the highest penalty within one standard error of the best, or the best.
    cv : int, splitter, iterable of (train, test) or array of labels, default=10
        Number of random folds (made with `random_state`), or the folds.
    repeats : int, default=1
        How often the random folds are drawn anew.
    alphas : int or array-like, default=100
        Length of the grid, or the alphas themselves.
    alpha_min_ratio : float or None, default=None
        Last alpha over the first; None means 1e-4 if n > p, else 1e-2.
    penalty_weight : array-like of shape (n_features,) or None, default=None
        Factor on the tax of each feature: 0 is never penalised, infinity excludes.
    bounds : None, "positive" or (lower, upper), default=None
        Bounds of the coefficients, on the original scale.
    standardize : bool, default=True
        Whether the penalty acts on coefficients per standard deviation.
    tol : float, default=1e-10
        Largest certified duality gap, over the null loss, that passes without a warning.
    random_state : int, RandomState or None, default=0
        Of the folds.
    n_threads : int or None, default=None
        None lets the solver choose. The answer does not depend on it.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    coef_, coef_std_ : ndarray of shape (n_features,)
        Log hazard ratios per unit and per standard deviation of x.
    intercept_ : float
        0: a Cox model has none.
    certificate_ : Certificate
        Duality gap, optimality conditions, and a verdict for each feature.
    dual_gap_, relative_gap_, kkt_violation_ : float
        From the certificate.
    path_ : Path
        Certified solutions at every alpha of the grid.
    cv_ : CrossValidation
        Held-out errors along the grid.
    event_times_ : ndarray of shape (n_times,)
        The distinct times of events, rising.
    strata_ : ndarray of shape (n_strata,) or None
        The labels of the strata, sorted.
    baseline_cumulative_hazard_ : ndarray of shape (n_times,) or (n_strata, n_times)
        At `event_times_`, of a row whose risk score is `centre_`: Breslow's estimator, or with
        Efron's ties the one that belongs to them.
    centre_ : float
        Mean risk score of the training rows.
    n_iter_ : int
        Linear systems solved for the path.
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
    >>> from excise.linear_model import SparseSurvival
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> time = rng.exponential(np.exp(-X[:, 0]))
    >>> model = SparseSurvival().fit(X, (time, time < 2.0))
    >>> model.coef_ != 0
    array([ True, False, False, False])
    """

    _rules: ClassVar[Rules] = {"ties": choice(*TIES)}

    def __init__(
        self,
        *,
        ties: str = "breslow",
        l1_ratio: float = 1.0,
        rule: Rule = "1se",
        cv: Any = 10,
        repeats: int = 1,
        alphas: int | ArrayLike = 100,
        alpha_min_ratio: float | None = None,
        penalty_weight: ArrayLike | None = None,
        bounds: Any = None,
        standardize: bool = True,
        tol: float = 1e-10,
        random_state: Any = 0,
        n_threads: int | None = None,
    ) -> None:
        self.ties = ties
        self.l1_ratio = l1_ratio
        self.rule = rule
        self.cv = cv
        self.repeats = repeats
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.penalty_weight = penalty_weight
        self.bounds = bounds
        self.standardize = standardize
        self.tol = tol
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
        y : Survival, (time, event), structured array or array-like of shape (n_samples, 2)
            See `excise.Survival`; only that has entry times and strata.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights >= 0; with Breslow's ties an integer weight is a repeated row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay in one fold.

        Returns
        -------
        self : object
        """
        check_parameters(self)
        rows, target = self._rows(X, reset=True), survival_of(y)
        drawn, splitter = isinstance(self.cv, Integral), hasattr(self.cv, "split")
        folds = list(self.cv.split(rows, target.event, groups)) if splitter else self.cv
        self.cv_ = fit_cv(
            rows,
            target,
            folds,
            self.rule,
            alphas=self.alphas,
            alpha_min_ratio=self.alpha_min_ratio,
            groups=None if splitter else groups,
            repeats=self.repeats if drawn else 1,
            random_state=seed_of(self.random_state),
            loss=f"cox:{self.ties}",
            l1_ratio=self.l1_ratio,
            penalty_weight=self.penalty_weight,
            bounds=self.bounds,
            sample_weight=sample_weight,
            standardize=self.standardize,
            tol=self.tol,
            n_threads=self.n_threads,
        )
        self.path_ = self.cv_.path
        self.n_iter_ = max(1, self.path_.n_factorizations)
        solution = self.cv_.best
        self.alpha_ = solution.alpha
        self.coef_, self.intercept_ = solution.coef, 0.0
        self.coef_std_ = solution.coef_std
        self.certificate_ = solution.certificate
        self.dual_gap_ = solution.certificate.gap
        self.relative_gap_ = solution.certificate.relative_gap
        self.kkt_violation_ = solution.certificate.kkt_violation
        self._set_baseline(rows @ self.coef_, target)
        warn_if_uncertified(type(self).__name__, self.alpha_, self.relative_gap_, self.tol)
        return self

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """X checked, with its names recorded or compared."""
        if is_frame(X):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return check_array(table(X)[0].toarray(), dtype=FLOATS)
        return validate_data(self, sound(X), reset=reset, dtype=FLOATS, accept_sparse=COMPRESSED)

    def _set_baseline(self, eta: NDArray[np.float64], target: Survival) -> None:
        problem = self.path_.problem
        offset = np.zeros(len(eta)) if problem.offset is None else problem.offset
        seen = problem.weights > 0.0
        y, w = target[seen], problem.weights[seen]
        self.centre_ = float(w @ eta[seen])
        self.strata_ = None if y.strata is None else np.unique(y.strata)
        self.event_times_ = np.unique(y.time[y.event > 0.0])
        likelihood = PartialLikelihood(y, w, self.ties)
        steps = likelihood.baseline((eta + offset)[seen] - self.centre_)
        hazard = np.zeros((len(likelihood.sets.parts), len(self.event_times_)))
        for k, (part, times) in enumerate(
            zip(likelihood.sets.parts, likelihood.sets.times, strict=True)
        ):
            hazard[k, np.searchsorted(self.event_times_, times)] = steps[part]
        hazard = np.cumsum(hazard, axis=1)
        self.baseline_cumulative_hazard_ = hazard[0] if self.strata_ is None else hazard

    def predict_cumulative_hazard_function(
        self, X: Any, times: ArrayLike | None = None, strata: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Expected number of events up to each time.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        times : array-like of shape (n_times,), default=None
            None means `event_times_`. After the last of these the hazard is not known and stays.
        strata : array-like of shape (n_samples,), default=None
            Needed exactly when the model was fitted with strata.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
        """
        risk = np.exp(self.predict(X) - self.centre_)
        baseline = np.atleast_2d(self.baseline_cumulative_hazard_)
        if times is not None:
            wanted = np.asarray(times, dtype=np.float64)
            place = np.searchsorted(self.event_times_, wanted, side="right")
            baseline = np.column_stack([np.zeros(len(baseline)), baseline])[:, place]
        return np.asarray(risk[:, None] * baseline[self._strata(strata, len(risk))])

    def predict_survival_function(
        self, X: Any, times: ArrayLike | None = None, strata: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Probability of no event up to each time.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        times : array-like of shape (n_times,), default=None
            None means `event_times_`. After the last of these it is not known and stays.
        strata : array-like of shape (n_samples,), default=None
            Needed exactly when the model was fitted with strata.

        Returns
        -------
        ndarray of shape (n_samples, n_times)
        """
        return np.exp(-self.predict_cumulative_hazard_function(X, times, strata))

    def _strata(self, strata: Any, n: int) -> NDArray[np.intp]:
        """The row of the baseline for every row of X."""
        if (strata is None) != (self.strata_ is None):
            held = "no strata" if self.strata_ is None else "strata"
            raise InputError(f"the model was fitted with {held}", remedy="pass the same here")
        if strata is None or self.strata_ is None:
            return np.zeros(n, dtype=np.intp)
        labels = np.asarray(strata)
        if labels.shape != (n,):
            raise InputError(f"strata has shape {labels.shape}, but there are {n} rows")
        unknown = np.flatnonzero(~np.isin(labels, self.strata_))
        if len(unknown):
            row = int(unknown[0])
            raise InputError(f"strata is {labels[row]} in row {row}, which no training row has")
        return np.searchsorted(self.strata_, labels)

    def score(self, X: Any, y: Any) -> float:
        """Harrell's concordance of the risk scores: see `excise.concordance`.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        y : Survival, (time, event), structured array or array-like of shape (n_samples, 2)

        Returns
        -------
        float
        """
        check_is_fitted(self)
        return concordance(survival_of(y), self.predict(X))
