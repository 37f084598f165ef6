"""The classifier of the house: chooses its penalty, proves its zeros, and explains itself."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from excise.exceptions import InputError
from excise.linear_model.classes import HINGED, PENALISED, SCHEDULED, LinearClassifier
from excise.linear_model.scoring import scoring_of
from excise.linear_model.sparse_model import SparseModel
from excise.losses import LOSSES, Logistic, Multinomial, RowLoss, by_rows, row_loss_of
from excise.model.parts import Target
from excise.penalties import penalty_of
from excise.results import Rule

if TYPE_CHECKING:
    from excise.linear_model.base import Training
    from excise.results import Solution


class SparseClassifier(LinearClassifier, SparseModel):
    """Sparse linear classification that comes with a proof and an explanation.

    Chooses the penalty by cross-validation in stratified folds, standardises inside every fold,
    solves exactly and certifies the answer. For two classes or more, with any names.

    Parameters
    ----------
    loss : {"logistic", "squared_hinge"}, default="logistic"
        "logistic" gives calibrated probabilities; of more than two classes it is the multinomial
        loss, with a predictor for each. "squared_hinge" is a support vector machine of two classes,
        whose probabilities are the ones its loss implies (0 and 1 beyond the margin).
    l1_ratio : float, default=1.0
        Share of the L1 penalty: 1 is the lasso, between 0 and 1 the elastic net.
    rule : {"1se", "min"}, default="1se"
        Take the highest penalty within one standard error of the best, or the best.
    cv : int, splitter, iterable of (train, test) or array of labels, default=10
        Number of random folds (stratified, made with `random_state`), or the folds: label k puts
        a row into fold k, -1 into none.
    repeats : int, default=1
        How often the random folds are drawn anew.
    alphas : int or array-like, default=100
        Length of the grid, or the alphas themselves. A grid of a given length is extended when
        the best alpha is its last.
    alpha_min_ratio : float or None, default=None
        Last alpha over the first; None means 1e-4 if n > p, else 1e-2.
    penalty_weight : array-like of shape (n_features,) or None, default=None
        Factor on the tax of each feature: 0 is never penalised, infinity excludes.
    grouped : bool, default=False
        Of more than two classes: whether a feature is in or out for all classes together, its
        penalty the length of its coefficients; else each class has features of its own.
    bounds : None, "positive" or (lower, upper), default=None
        Bounds of the coefficients, on the original scale; none with `grouped`.
    fit_intercept : bool, default=True
    standardize : bool, default=True
        Whether the penalty acts on coefficients per standard deviation.
    class_weight : None, "balanced" or dict, default=None
        Factor on the weights of the rows of each class; "balanced" gives all classes the same
        total. It acts on the fits and on the deviance, not on other scores.
    tol : float, default=1e-10
        Largest certified duality gap, over the null loss, that passes without a warning.
    scoring : None, str, callable or scorer, default=None
        What is measured on the held-out rows: None is the deviance; "accuracy", "auc"; a name or a
        scorer of scikit-learn; or a function ``f(y_true, prediction, sample_weight=None)``,
        greater is better, of y (1 for ``classes_[1]``, else 0) and its probability; of more than
        two classes of columns, one for each.
    stability, decoys : int, default=100, 200
        Half-samples and shuffles behind the columns "picked" and "decoy95" of the ledger; 0
        switches them off.
    random_state : int, RandomState or None, default=0
        Of folds, half-samples and shuffles: the same call gives the same answer.
    n_threads : int or None, default=None
        None lets the solver choose. The answer does not depend on it.
    schedule : Schedule, str or None, default=None
        Stages of penalties, as in ``PruneThenRefine(0.0)`` or ``"prune:0"``: see
        `excise.schedules`. Of several values of `refine` the best is chosen with the penalty. It
        takes two classes.
    penalty : Penalty or None, default=None
        In the place of the elastic net: `GroupLasso`, `SparseGroupLasso` or `OverlappingGroups`
        of `excise.penalties`. It takes two classes and no bounds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        In sorted order.
    alpha_ : float
        The chosen penalty.
    coef_, coef_std_ : ndarray of shape (1, n_features), or (n_classes, n_features)
        Coefficients per unit and per standard deviation of x, for ``classes_[1]``; of more than
        two classes for each.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Of more than two classes, whose common constant means nothing, with mean 0.
    certificate_ : Certificate
        Duality gap, optimality conditions, and a verdict for each feature (and class, if more than
        two have features of their own).
    dual_gap_, relative_gap_, kkt_violation_ : float
        From the certificate.
    stages_ : tuple of Stage
        Of a schedule, whose last stage the coefficients and the certificate are those of.
    path_ : Path
        Certified solutions at every alpha of the grid.
    cv_ : CrossValidation
        Held-out deviances or scores along the grid.
    model_ : Model
        The record behind the explanations; made when first asked for.
    n_iter_ : int
        Linear systems solved for the path.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Only when X has column names that are all strings.

    Notes
    -----
    A fitted estimator keeps X and y alive. Data whose classes a plane separates have a finite
    answer at every positive penalty.

    Warns
    -----
    ConvergenceWarning
        Exactly when ``relative_gap_ > tol``.

    Examples
    --------
    >>> import numpy as np
    >>> from excise.linear_model import SparseClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.standard_normal((100, 4))
    >>> y = np.where(2 * X[:, 0] + rng.standard_normal(100) > 0, "yes", "no")
    >>> model = SparseClassifier().fit(X, y)
    >>> model.coef_ != 0
    array([[ True, False, False, False]])
    >>> model.predict([[1.0, 0.0, 0.0, 0.0]])
    array(['yes'], dtype='<U3')
    """

    def __init__(
        self,
        *,
        loss: str = "logistic",
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
        class_weight: Any = None,
        grouped: bool = False,
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
        self.class_weight = class_weight
        self.grouped = grouped
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
        y : array-like of shape (n_samples,)
            Names of classes: numbers, text or True and False.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0, used in the grid, in every fit and in every fold's score; an integer
            weight is a repeated row.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group stay in one fold.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight, min_samples=2, labels=True)
        loss = _class_loss(self.loss)
        binary = None if self.schedule is None else SCHEDULED
        binary = binary if self.penalty is None or penalty_of(self.penalty) is None else PENALISED
        binary = binary if isinstance(loss, Logistic) else HINGED
        coded, score_weight = self._labelled(data, binary)
        if len(self.classes_) > 2:
            loss = Multinomial()
            self._refuse_lone_rows(coded)
        return self._choose(
            X,
            y,
            coded,
            loss,
            groups,
            grouped=self.grouped,
            scoring=scoring_of(self.scoring, self.classes_),
            score_weight=score_weight,
        )

    def _refuse_lone_rows(self, coded: Training) -> None:
        """Every fold has to train on every class: drawn folds need two rows of each."""
        counts = np.count_nonzero(coded.y, axis=0)
        if not isinstance(self.cv, Integral) or counts.min() > 1:
            return
        raise InputError(
            f"y is {self.classes_.tolist()[int(counts.argmin())]!r} in one row only",
            ["the fold that holds this row out would train without its class"],
            "two rows or more of every class, or join it with another",
        )

    def _store(self, solution: Solution) -> None:
        super()._store(solution)
        self.coef_, self.intercept_ = self._coefficients(solution)
        self.coef_std_ = np.atleast_2d(solution.coef_std.T)

    def _target_record(self) -> Target:
        return Target(self._target, tuple(str(name) for name in self.classes_.tolist()))

    @property
    def _data_term(self) -> RowLoss:
        check_is_fitted(self)
        return by_rows(self.path_.problem.loss)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: two classes of "squared_hinge" or a schedule."""
        tags = super().__sklearn_tags__()
        plain = self.schedule is None and self.penalty is None
        tags.classifier_tags.multi_class = self.loss == Logistic.name and plain
        return tags


def _class_loss(loss: Any) -> RowLoss:
    """The loss; one of numbers is for a regressor."""
    found = row_loss_of(loss)
    if not found.of_classes:
        classes = ", ".join(repr(name) for name, one in LOSSES.items() if one.of_classes)
        raise InputError(
            f"the {found.name} loss is for numbers",
            [f"losses for classes: {classes}"],
            f"SparseRegressor(loss={found.name!r})",
        )
    return found
