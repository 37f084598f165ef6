"""The regressor of the house: chooses its penalty, proves its zeros, and explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d

from excise.exceptions import InputError
from excise.linear_model.glm import LinkedRegressor
from excise.linear_model.scoring import scoring_of
from excise.linear_model.sparse_model import SparseModel
from excise.losses import LOSSES, Loss, Squared, row_loss_of
from excise.model.parts import Target, joint_name
from excise.results import Rule

if TYPE_CHECKING:
    from excise.results import Solution


class SparseRegressor(LinkedRegressor, SparseModel):
    """Sparse linear regression that comes with a proof and an explanation.

    Chooses the penalty by cross-validation, standardises inside every fold, solves exactly and
    certifies the answer. Then it can say why each feature is kept or cut. Several responses (a y
    of several columns, for the squared loss) have one set of features: each is in or out for all of
    them together, as in `MultiTaskElasticNet`.

    Parameters
    ----------
    loss : str or Loss, default="squared"
        "squared", "poisson", "gamma", "tweedie:1.5", "negative_binomial:1", "huber:1.35" or
        "quantile:0.5"; a parameter left out is the one shown here.
    l1_ratio : float, default=1.0
        Share of the L1 penalty: 1 is the lasso, between 0 and 1 the elastic net.
    rule : {"1se", "min"}, default="1se"
        Take the highest penalty within one standard error of the best, or the best.
    cv : int, splitter, iterable of (train, test) or array of labels, default=10
        Number of random folds (made with `random_state`), or the folds: label k puts a row into
        fold k, -1 into none.
    repeats : int, default=1
        How often the random folds are drawn anew.
    alphas : int or array-like, default=100
        Length of the grid, or the alphas themselves. A grid of a given length is extended when
        the best alpha is its last.
    alpha_min_ratio : float or None, default=None
        Last alpha over the first; None means 1e-4 if n > p, else 1e-2.
    penalty_weight : array-like of shape (n_features,) or None, default=None
        Factor on the tax of each feature: 0 is never penalised, infinity excludes.
    bounds : None, "positive" or (lower, upper), default=None
        Bounds of the coefficients, on the original scale; none with several responses.
    fit_intercept : bool, default=True
    standardize : bool, default=True
        Whether the penalty acts on coefficients per standard deviation.
    tol : float, default=1e-10
        Largest certified duality gap, over the null loss, that passes without a warning.
    scoring : None, str, callable or scorer, default=None
        What is measured on the held-out rows: None is the deviance (for "squared" the mean squared
        error); "mae", "mse", "r2", "pinball"; a name or a scorer of scikit-learn; or a function
        ``f(y_true, prediction, sample_weight=None)``, greater is better.
    stability, decoys : int, default=100, 200
        Half-samples and shuffles behind the columns "picked" and "decoy95"; 0 switches them off.
    random_state : int, RandomState or None, default=0
        Of folds, half-samples and shuffles: the same call gives the same answer.
    n_threads : int or None, default=None
        None lets the solver choose. The answer does not depend on it.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``: see
        `excise.schedules`. Of several values of `refine` the best is chosen with the penalty. It
        takes one response.
    penalty : str, Penalty or None, default=None
        In the place of the elastic net: "mcp:3", "scad:3.7", "log:0.1" or "lq:0.5", for the
        squared loss; `GroupLasso`, `SparseGroupLasso` or `OverlappingGroups` of
        `excise.penalties`. It takes one response and no bounds.

    Attributes
    ----------
    alpha_ : float
        The chosen penalty.
    coef_, coef_std_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients per unit and per standard deviation of x.
    intercept_ : float or ndarray of shape (n_targets,)
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
    n_iter_ : int
        Linear systems solved for the path.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Notes
    -----
    A fitted estimator keeps X and y alive: the explanations are computed from them when first
    asked for, after checking that they still are what was fitted. A file of `save` holds no rows.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import SparseRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((60, 4))
    >>> model = SparseRegressor().fit(X, 3 * X[:, 0] + 0.1 * X[:, 1] + rng.standard_normal(60))
    >>> model.coef_ != 0
    array([ True, False, False, False])
    """

    def __init__(
        self,
        *,
        loss: str = "squared",
        l1_ratio: float = 1.0,
        rule: Rule = "1se",
        cv: Any = 10,
        repeats: int = 1,
        alphas: int | ArrayLike = 100,
        alpha_min_ratio: float | None = None,
        penalty_weight: ArrayLike | None = None,
        bounds: Any = None,
        fit_intercept: bool = True,
        standardize: bool = True,
        tol: float = 1e-10,
        scoring: Any = None,
        stability: int = 100,
        decoys: int = 200,
        random_state: Any = 0,
        n_threads: int | None = None,
        schedule: Any = None,
        penalty: Any = None,
    ) -> None:
        self.loss = loss
        self.l1_ratio = l1_ratio
        self.rule = rule
        self.cv = cv
        self.repeats = repeats
        self.alphas = alphas
        self.alpha_min_ratio = alpha_min_ratio
        self.penalty_weight = penalty_weight
        self.bounds = bounds
        self.fit_intercept = fit_intercept
        self.standardize = standardize
        self.tol = tol
        self.scoring = scoring
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
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR;
            it is kept, see Notes.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0, used in the grid, in every fit and in every fold's error; an integer
            weight is a repeated row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay in one fold.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight, min_samples=2, multi_output=True)
        loss = _regression_loss(self.loss)
        self._responses: list[str] = []
        if data.n_targets > 1:
            self._refuse_bounds(data.n_targets)
            self._responses = _names_of(y, data.n_targets)
        elif data.y.ndim == 2:
            data = data._replace(y=column_or_1d(data.y, warn=True))
        return self._choose(X, y, data, loss, groups, scoring=scoring_of(self.scoring))

    def _refuse_bounds(self, n_targets: int) -> None:
        if self.bounds is not None:
            raise InputError(
                f"bounds are for one response; y has {n_targets} columns",
                ["a feature is in or out for all responses together"],
                "a model for each column of y",
            )

    def _store(self, solution: Solution) -> None:
        super()._store(solution)
        self.coef_, self.coef_std_ = self.coef_.T, self.coef_std_.T

    def _target_record(self) -> Target:
        names = tuple(self._responses)
        return Target(joint_name(names), responses=names) if names else super()._target_record()

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """D2, the share of the deviance explained; R2 for the squared loss.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
            1 - (deviance of the prediction) / (deviance of the best constant on these rows); of
            several responses the mean R2.
        """
        check_is_fitted(self)
        if self.path_.outputs == 1:
            return super().score(X, y, sample_weight)
        return float(RegressorMixin.score(self, X, y, sample_weight))

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: several responses of the squared loss."""
        tags = super().__sklearn_tags__()
        plain = self.schedule is None and self.penalty is None
        tags.target_tags.multi_output = self.loss == Squared.name and plain
        return tags

    @property
    def _data_term(self) -> Loss:
        fitted = getattr(self, "path_", None)
        return row_loss_of(self.loss if fitted is None else fitted.problem.loss)


def _names_of(y: Any, n_targets: int) -> list[str]:
    """Of the columns of y, where it has different ones; else y0, y1, ..."""
    names = [str(name) for name in getattr(y, "columns", ())]
    return names if len(set(names)) == n_targets else [f"y{k}" for k in range(n_targets)]


def _regression_loss(loss: Any) -> Loss:
    """The loss; one of classes is for a classifier."""
    found = row_loss_of(loss)
    if found.of_classes:
        numbers = ", ".join(repr(name) for name, one in LOSSES.items() if not one.of_classes)
        raise InputError(
            f"the {found.name} loss is for classes",
            [f"losses for numbers: {numbers}"],
            f"SparseClassifier(loss={found.name!r})",
        )
    return found
