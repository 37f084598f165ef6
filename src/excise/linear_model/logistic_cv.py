"""Drop-in LogisticRegressionCV: scikit-learn's grid, folds, scores and choice, solved exactly."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import column_or_1d

from excise.arguments import check_sample_weight
from excise.cross_validation import Judge, make_judge, with_weight
from excise.exceptions import InputError
from excise.folds import TEST, TRAIN, Folds
from excise.linear_model import objective
from excise.linear_model.base import Training
from excise.linear_model.classes import SCHEDULED, LinearClassifier
from excise.linear_model.logistic import LOGISTIC_RULES, PENALTIES, share_of
from excise.linear_model.routing import Split
from excise.linear_model.scoring import scoring_of
from excise.linear_model.settings import (
    Rules,
    boolean,
    choice,
    each,
    infinite,
    integer,
    positive_real,
    real,
)
from excise.linear_model.single import SingleModel
from excise.problem import make_problem
from excise.results import Floats, Path
from excise.schedules.base import single
from excise.schedules.parse import schedule_of
from excise.scores import SCORES, Score, score_of
from excise.sessions import session_of


class LogisticRegressionCV(LinearClassifier, Split, SingleModel):
    """Logistic regression with C chosen by cross-validation; drop-in for scikit-learn's.

    Of more than two classes the loss is the multinomial one, as in `LogisticRegression`. The grid,
    the folds, the scores and the choice (the best mean score over the folds) are scikit-learn's;
    every fit is exact. As there, C is the same in all folds, so that the strength per row is a
    little higher than on all rows. See `SparseClassifier` for the
    one-standard-error rule and explanations.

    Parameters
    ----------
    Cs : int or array-like, default=10
        How many values between 1e-4 and 1e4, evenly on a log scale; or the values.
    l1_ratios : array-like or None, default=None
        Shares of the L1 penalty; of several the best is chosen. None is (0.0,).
    fit_intercept : bool, default=True
        Whether to fit an intercept; it is never penalised.
    cv : int, splitter or iterable of (train, test), default=None
        As in scikit-learn; None means 5 stratified folds in the order of the rows.
    dual : bool, default=False
        Without effect.
    penalty : {"deprecated", "l1", "l2", "elasticnet"}, default="deprecated"
        "l1" and "l2" stand for `l1_ratios` (1.0,) and (0.0,).
    scoring : None, str or callable, default=None
        None is the accuracy; a name as in `SparseClassifier`; or ``scorer(estimator, X, y)`` as in
        scikit-learn, whose estimator and X stand for those of the fold: X is the predictor.
    solver, tol, max_iter, class_weight, n_jobs, verbose, intercept_scaling, random_state
        As in `LogisticRegression`.
    refit : bool, default=True
        Whether to fit all rows at the best C; else the best coefficients of each fold are averaged,
        and there is no certificate.
    use_legacy_attributes : bool, default=True
        Whether `C_`, `l1_ratio_`, `scores_` and `coefs_paths_` have the shapes of scikit-learn up
        to 1.9.
    schedule : Schedule, str or None, default=None
        As in `LogisticRegression`, in every fold and for every C; one value of `refine`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    coef_ : ndarray of shape (1, n_features), or (n_classes, n_features) of more than two
    intercept_ : ndarray of shape (1,) or (n_classes,)
    Cs_ : ndarray of shape (n_cs,)
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
    C_, l1_ratio_ : float, or ndarray of shape (1,) or (n_classes,) with legacy attributes
        The chosen ones.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_cs)
        With legacy attributes a dict from ``classes_[1]`` to an array of shape (n_folds, n_cs), or
        (n_folds, n_cs, n_l1_ratios) if `l1_ratios` are given; of more than two classes from every
        class to the same scores.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_cs, 1 or n_classes, n_features + 1)
        Coefficients of the folds, the intercept last (if there is one); with legacy attributes a
        dict like `scores_`, of arrays with that last axis.
    dual_gap_, relative_gap_, kkt_violation_ : float
        Certificate of the chosen point.
    stages_ : tuple of Stage
        Of a schedule, at the chosen point; with `refit`.
    n_iter_ : ndarray of shape (1,)
        Linear systems solved for the chosen point.
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
    >>> from excise.linear_model import LogisticRegressionCV
    >>> X = np.arange(40.0).reshape(20, 2) % 7
    >>> float(LogisticRegressionCV(Cs=[1e-4, 1.0], cv=2).fit(X, X[:, 0] > 3).C_[0])
    1.0
    """

    _rules: ClassVar[Rules] = LOGISTIC_RULES | {
        "penalty": choice("deprecated", "elasticnet", *PENALTIES),
        "refit": boolean,
        "use_legacy_attributes": boolean,
    }

    def __init__(
        self,
        *,
        Cs: int | ArrayLike = 10,
        l1_ratios: ArrayLike | None = None,
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = "deprecated",
        scoring: Any = None,
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: bool = True,
        schedule: Any = None,
    ) -> None:
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes
        self.schedule = schedule

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, **params: Any
    ) -> Self:
        """Choose C by cross-validation and fit on all rows.

        Parameters
        ----------
        X : array-like or sparse of shape (n_samples, n_features)
            float64 or float32 is used as it is: arrays in any memory order, canonical CSC and CSR.
        y : array-like of shape (n_samples,)
            Names of classes: numbers, text or True and False.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights >= 0, in the fits and in the scores. The folds count alike.
        **params
            Parameters of the splitter's ``split``; only with
            ``sklearn.set_config(enable_metadata_routing=True)``.

        Returns
        -------
        self : object
        """
        data = self._training(X, y, sample_weight, labels=True)
        coded, score_weight = self._labelled(data, None if self.schedule is None else SCHEDULED)
        folds = self._folds(data, params, classes=True)
        self.Cs_, self.l1_ratios_ = self._candidates()
        stages = schedule_of(self.schedule)
        stages = None if stages is None else single(stages)
        found = []
        for ratio in self.l1_ratios_.tolist():
            problem = make_problem(
                coded.X,
                coded.y,
                loss=self._data_term,
                l1_ratio=ratio,
                sample_weight=coded.sample_weight,
                fit_intercept=self.fit_intercept,
                schedule=stages,
            )
            judge = make_judge(problem, self._measure(coded.y), score_weight)
            found.append(_scan(judge, coded, with_weight(folds, problem), self.Cs_))
        scan = Scan(*(np.stack(parts, axis=1) for parts in zip(*found, strict=True)))
        if self.refit:
            self._refitted(coded, *scan.best(judge.sign))
        else:
            self._averaged(scan, judge.sign, data.X.dtype)
        self._publish(scan)
        return self

    def _refitted(self, data: Training, ratio: int, c: int) -> None:
        """Fit all rows at the best point of the grid."""
        self.C_: Any = float(self.Cs_[c])
        self.l1_ratio_: Any = float(self.l1_ratios_[ratio])
        alpha = objective.logistic_alpha(self.C_, data.total_weight)
        solution = self._solved(data, self._data_term, alpha, self.l1_ratio_)
        self._set_coef(*self._coefficients(solution), data.X.dtype)
        self.n_iter_, self.stages_ = np.array([self.n_iter_]), solution.stages

    def _averaged(self, scan: Scan, sign: float, dtype: Any) -> None:
        """Average the best coefficients of each fold; there is nothing to certify."""
        chosen = [
            Scan(scan.scores[[k]], scan.coefs[[k]]).best(sign) for k in range(len(scan.scores))
        ]
        mean = np.mean([scan.coefs[k][at] for k, at in enumerate(chosen)], axis=0)
        p = self.n_features_in_
        intercept = mean[:, p] if self.fit_intercept else np.zeros(len(mean))
        self._set_coef(mean[:, :p], intercept, dtype)
        self.C_ = float(np.mean([self.Cs_[c] for _, c in chosen]))
        self.l1_ratio_ = float(np.mean([self.l1_ratios_[ratio] for ratio, _ in chosen]))
        self.n_iter_ = np.array([1])

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Score the predictions by `scoring`.

        Parameters
        ----------
        X : array-like, sparse or data frame of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Of `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
            Greater is better: the deviance comes with a minus.
        """
        eta = self.decision_function(X).astype(np.float64, copy=False)
        labels = column_or_1d(y)
        strange = ~np.isin(labels, self.classes_)
        if strange.any():
            raise InputError(
                f"y holds {labels[strange].tolist()[0]!r}, which is no class of the fit"
            )
        code = self._coded(np.searchsorted(self.classes_, labels))
        score = self._measure(code)
        weights = check_sample_weight(sample_weight, len(code))
        value = score(self._data_term, code, eta, weights)
        return value if score.greater_is_better else -value

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect of it: with a schedule two classes only."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.schedule is None
        return tags

    def _measure(self, y: Floats) -> Score:
        """What the folds are scored by."""
        named = "accuracy" if self.scoring is None else self.scoring
        wanted = scoring_of(named, self.classes_, scorers=True)
        return score_of(wanted, self._data_term, y) or SCORES["deviance"]

    def _candidates(self) -> tuple[Floats, Floats]:
        """Values of C in the order given, and shares of the L1 penalty."""
        if isinstance(self.Cs, Integral):
            integer(1)("Cs", self.Cs)
            Cs = np.logspace(-4, 4, int(self.Cs))
        else:
            each(infinite(positive_real))("Cs", self.Cs)
            Cs = np.atleast_1d(np.asarray(self.Cs, dtype=np.float64))
        if self.l1_ratios is not None:
            each(real(0.0, 1.0))("l1_ratios", self.l1_ratios)
            ratios = np.atleast_1d(np.asarray(self.l1_ratios, dtype=np.float64))
        elif self.penalty == "elasticnet":
            raise InputError("l1_ratios must be specified when penalty is elasticnet.")
        else:
            ratios = np.array([share_of(self.penalty, None)])
        if min(len(Cs), len(ratios)) == 0:
            raise InputError("Cs and l1_ratios must hold a value each")
        return Cs, ratios

    def _publish(self, scan: Scan) -> None:
        """The choice, the scores and the coefficients of the folds in scikit-learn's shapes."""
        self.scores_: Any = scan.scores
        self.coefs_paths_: Any = scan.coefs
        if not self.use_legacy_attributes:
            return
        names = self.classes_.tolist()
        named = names[1:] if len(names) == 2 else names
        self.C_, self.l1_ratio_ = (np.full(len(named), one) for one in (self.C_, self.l1_ratio_))
        scores, coefs = (
            part[:, 0] if self.l1_ratios is None else np.swapaxes(part, 1, 2) for part in scan
        )
        self.scores_ = dict.fromkeys(named, scores)
        self.coefs_paths_ = {name: coefs[..., k, :] for k, name in enumerate(named)}


class Scan(NamedTuple):
    """What was found in the folds.

    Attributes
    ----------
    scores : ndarray of shape (n_folds, n_l1_ratios, n_cs)
    coefs : ndarray of shape (n_folds, n_l1_ratios, n_cs, n_predictors, n_features + 1)
        With the intercept last; without it where none is fitted.
    """

    scores: Floats
    coefs: Floats

    def best(self, sign: float) -> tuple[int, int]:
        """Positions of the best share and the best C; of equals the first C, as scikit-learn."""
        total = sign * self.scores.sum(axis=0).T
        c, ratio = np.unravel_index(np.argmin(total), total.shape)
        return int(ratio), int(c)


def _scan(judge: Judge, data: Training, folds: Folds, Cs: Floats) -> tuple[Floats, Floats]:
    """Scores, shape (n_folds, n_cs), and coefficients of every fold at every C.

    C multiplies the sum over the training rows, so that every fold has alphas of its own. Rows
    without weight stay out of a fit, so that no fold needs a copy.
    """
    problem = judge.problem
    weights = np.ones(problem.n) if data.sample_weight is None else data.sample_weight
    scores, coefs = [], []
    for k, roles in enumerate(folds.roles):
        trained = np.where(roles == TRAIN, weights, 0.0)
        share = trained.sum() / weights.sum()
        alphas = [objective.logistic_alpha(C, share * data.total_weight) for C in Cs]
        falling, place = np.unique(-np.array(alphas), return_inverse=True)
        path = session_of(replace(problem, sample_weight=trained)).path(-falling)
        rows = np.flatnonzero(roles == TEST)
        found, intercepts = _by_predictor(path)
        eta = np.stack([data.X[rows] @ b.T for b in found]) + intercepts[:, None, :]
        shaped = eta.reshape(len(path), *problem.y[rows].shape)
        scores.append(judge.rate(shaped, rows, f"the held-out rows of fold {k}")[place])
        parts = [found] + [intercepts[:, :, None]] * problem.fit_intercept
        coefs.append(np.concatenate(parts, axis=2)[place])
    return np.stack(scores), np.stack(coefs)


def _by_predictor(path: Path) -> tuple[Floats, Floats]:
    """Coefficients, shape (n_alphas, n_predictors, n_features), and intercepts along a path."""
    coefs = np.stack([path.coef_at(k).reshape(-1, path.outputs).T for k in range(len(path))])
    return coefs, path.intercepts.reshape(len(path), path.outputs)
