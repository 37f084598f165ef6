"""The Cox model as an estimator: chooses its penalty, proves its zeros, predicts survival."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from excise.arguments import check_sample_weight
from excise.checks import table
from excise.concordance import concordance
from excise.exceptions import InputError
from excise.explain.baseline import Baseline, baseline_of
from excise.linear_model.base import (
    COMPRESSED,
    FLOATS,
    LinearRegressor,
    Training,
    is_frame,
    row_weights,
    sound,
)
from excise.linear_model.settings import Rules, check_parameters, choice
from excise.linear_model.sparse_model import SparseModel
from excise.losses import Cox
from excise.losses.cox import TIES
from excise.model.parts import Target
from excise.results import Rule
from excise.standard import ColumnScale, predict
from excise.survival import survival_of

if TYPE_CHECKING:
    from excise.results import Solution


class SparseSurvival(LinearRegressor, SparseModel):
    """Sparse Cox regression for times that may be censored, with a proof and an explanation.

    Chooses the penalty by the cross-validated partial likelihood, standardises inside every fold,
    solves exactly and certifies the answer. Then it can say why each feature is kept or cut.

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
    stability, decoys : int, default=100, 200
        Half-samples and shuffles behind the columns "picked" and "decoy95"; 0 switches them off.
    random_state : int, RandomState or None, default=0
        Of folds, half-samples and shuffles: the same call gives the same answer.
    n_threads : int or None, default=None
        None lets the solver choose. The answer does not depend on it.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``: see
        `excise.schedules`. Of several values of `refine` the best is chosen with the penalty.
    penalty : Penalty or None, default=None
        In the place of the elastic net: `GroupLasso`, `SparseGroupLasso` or `OverlappingGroups`
        of `excise.penalties`. It takes no bounds.

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
    stages_ : tuple of Stage
        Of a schedule, whose last stage the coefficients and the certificate are those of.
    path_ : Path
        Certified solutions at every alpha of the grid.
    cv_ : CrossValidation
        Held-out errors along the grid.
    model_ : Model
        The record behind the explanations; made when first asked for.
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

    Notes
    -----
    A fitted estimator keeps X and y alive. How good it is, is told by the concordance of held-out
    rows, 0.5 without any order, and by the share of the partial likelihood's deviance that is
    explained, which is small even for good models.

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
    fit_intercept = False

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
        stability: int = 100,
        decoys: int = 200,
        random_state: Any = 0,
        n_threads: int | None = None,
        schedule: Any = None,
        penalty: Any = None,
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
        self.stability = stability
        self.decoys = decoys
        self.random_state = random_state
        self.n_threads = n_threads
        self.schedule = schedule
        self.penalty = penalty

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
        names = getattr(getattr(y, "dtype", None), "names", None)
        target = survival_of(y)
        self._target_columns = _columns_of(y, names)
        data = Training(self._rows(X), target, *row_weights(sample_weight, len(target)))
        return self._choose(X, y, data, Cox(self.ties), groups)

    def _rows(self, X: Any) -> Any:
        """X checked, with its names recorded."""
        if is_frame(X):
            validate_data(self, X, skip_check_array=True)
            return check_array(table(X)[0].toarray(), dtype=FLOATS)
        return validate_data(self, sound(X), dtype=FLOATS, accept_sparse=COMPRESSED)

    def _store(self, solution: Solution) -> None:
        """The chosen solution, and the baseline that belongs to it."""
        super()._store(solution)
        problem, support = self.path_.problem, np.flatnonzero(solution.coef)
        columns = ColumnScale(self.path_.mean, self.path_.scale)
        eta = predict(problem.design, columns, support, solution.coef_std[support, None])[:, 0]
        base = baseline_of(problem, eta)
        self.centre_ = float(self.path_.mean @ solution.coef)
        self.event_times_ = base.times
        strata = problem.survival and problem.survival.strata
        self.strata_ = None if strata is None else np.unique(strata)
        self.baseline_cumulative_hazard_ = base.hazard[0] if strata is None else base.hazard

    def _target_record(self) -> Target:
        return self._target_columns

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
        ratio = np.exp(self.predict(X) - self.centre_)
        base = Baseline(self.event_times_, np.atleast_2d(self.baseline_cumulative_hazard_))
        wanted = base.times if times is None else np.asarray(times, dtype=np.float64)
        return base.expected(ratio, wanted, self._strata(strata, len(ratio)))

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

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Harrell's concordance of the risk scores: see `excise.concordance`.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        y : Survival, (time, event), structured array or array-like of shape (n_samples, 2)
        sample_weight : array-like of shape (n_samples,), default=None
            A pair of rows counts by the product of its weights.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        times = survival_of(y)
        weights = check_sample_weight(sample_weight, len(times))
        return concordance(times, self.predict(X), weights)


def _columns_of(y: Any, fields: tuple[str, ...] | None) -> Target:
    """What the parts of y are called."""
    time, event = "time", "event"
    if fields:
        event, time = sorted(fields, key=lambda name: y.dtype[name].kind != "b")
    late, stratified = (getattr(y, name, None) is not None for name in ("entry", "strata"))
    return Target(
        time, event=event, entry="entry" if late else "", strata="strata" if stratified else ""
    )
