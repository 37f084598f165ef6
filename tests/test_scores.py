"""What cross-validation measures, against scikit-learn's formulas and its own cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import linear_model as peer
from sklearn import metrics
from sklearn.model_selection import KFold, cross_val_score

from excise.cross_validation import fit_cv
from excise.exceptions import InputError, InputTypeError
from excise.folds import make_folds
from excise.losses import LOSSES, Squared, loss_of
from excise.scores import SCORES, Score, explained, score_of

RNG = np.random.default_rng(11)
N = 90
X = RNG.standard_normal((N, 6))
ETA = X[:, 0] - 0.5 * X[:, 1]
NUMBERS = ETA + RNG.standard_normal(N)
CLASSES = (RNG.random(N) < 1.0 / (1.0 + np.exp(-2.0 * ETA))).astype(np.float64)
COUNTS = RNG.poisson(np.exp(0.5 * ETA)).astype(np.float64)
AMOUNTS = RNG.gamma(2.0, np.exp(0.5 * ETA))
WEIGHTS = {"none": None, "real": RNG.uniform(0.1, 3.0, N), "whole": np.arange(N) % 3 + 0.0}
LOGISTIC, SQUARED = loss_of("logistic"), Squared()


def proba(eta: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-eta))


def rounded(eta: np.ndarray) -> np.ndarray:
    return np.round(eta, 1)  # with ties


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("name, loss, y, theirs", [
    ("accuracy", LOGISTIC, CLASSES, lambda y, eta, w: metrics.accuracy_score(
        y, eta > 0, sample_weight=w)),
    ("auc", LOGISTIC, CLASSES, lambda y, eta, w: metrics.roc_auc_score(y, eta, sample_weight=w)),
    ("deviance", LOGISTIC, CLASSES, lambda y, eta, w: 2 * metrics.log_loss(
        y, proba(eta), sample_weight=w)),
    ("mse", LOGISTIC, CLASSES, lambda y, eta, w: metrics.brier_score_loss(
        y, proba(eta), sample_weight=w)),
    ("mse", SQUARED, NUMBERS, lambda y, eta, w: metrics.mean_squared_error(
        y, eta, sample_weight=w)),
    ("mae", SQUARED, NUMBERS, lambda y, eta, w: metrics.mean_absolute_error(
        y, eta, sample_weight=w)),
    ("mae", loss_of("poisson"), COUNTS, lambda y, eta, w: metrics.mean_absolute_error(
        y, np.exp(eta), sample_weight=w)),
    ("r2", SQUARED, NUMBERS, lambda y, eta, w: metrics.r2_score(y, eta, sample_weight=w)),
    ("pinball", SQUARED, NUMBERS, lambda y, eta, w: metrics.mean_pinball_loss(
        y, eta, sample_weight=w)),
    ("pinball", loss_of("quantile:0.9"), NUMBERS, lambda y, eta, w: metrics.mean_pinball_loss(
        y, eta, sample_weight=w, alpha=0.9)),
    ("deviance", loss_of("poisson"), COUNTS, lambda y, eta, w: metrics.mean_poisson_deviance(
        y, np.exp(eta), sample_weight=w)),
    ("deviance", loss_of("gamma"), AMOUNTS, lambda y, eta, w: metrics.mean_gamma_deviance(
        y, np.exp(eta), sample_weight=w)),
])  # fmt: skip
def test_scores_are_those_of_scikit_learn(name, loss, y, theirs, weights):
    w, eta = WEIGHTS[weights], rounded(ETA)
    assert SCORES[name](loss, y, eta, w) == pytest.approx(theirs(y, eta, w), rel=1e-12)


@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("spec, y, theirs", [
    ("squared", NUMBERS, lambda y, mu, w: metrics.r2_score(y, mu, sample_weight=w)),
    ("poisson", COUNTS, lambda y, mu, w: metrics.d2_tweedie_score(
        y, mu, sample_weight=w, power=1)),
    ("gamma", AMOUNTS, lambda y, mu, w: metrics.d2_tweedie_score(y, mu, sample_weight=w, power=2)),
    ("tweedie:1.5", COUNTS, lambda y, mu, w: metrics.d2_tweedie_score(
        y, mu, sample_weight=w, power=1.5)),
    ("quantile:0.5", NUMBERS, lambda y, mu, w: metrics.d2_absolute_error_score(
        y, mu, sample_weight=w)),
])  # fmt: skip
def test_the_share_of_deviance_explained(spec, y, theirs, weights):
    loss, w = loss_of(spec), WEIGHTS[weights]
    mu = loss.mean(0.5 * ETA)
    assert explained(loss, y, 0.5 * ETA, w) == pytest.approx(theirs(y, mu, w), rel=1e-9)


def test_nothing_to_explain():
    assert explained(SQUARED, np.ones(3), np.ones(3), None) == 1.0
    assert explained(SQUARED, np.ones(3), np.zeros(3), None) == 0.0


def own(y_true, prediction, sample_weight=None):
    return -metrics.mean_squared_error(y_true, prediction, sample_weight=sample_weight)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("loss, y", [
    ("squared", NUMBERS), ("logistic", CLASSES), ("poisson", COUNTS), ("huber", NUMBERS),
])  # fmt: skip
def test_a_function_is_maximised(loss, y, weights):
    """Minus the mean squared error chooses what "mse" chooses, fold by fold."""
    w = WEIGHTS[weights]
    settings = {"loss": loss, "sample_weight": w, "alphas": 20, "standardize": True}
    least = fit_cv(X, y, 5, scoring="mse", **settings)
    most = fit_cv(X, y, 5, scoring=own, **settings)
    assert_allclose(most.folds, -least.folds, rtol=1e-12)
    assert_allclose(most.null_folds, -least.null_folds, rtol=1e-12)
    assert_allclose(most.train, -least.train, rtol=1e-12)
    assert_allclose(most.se, least.se, rtol=1e-12)
    assert (most.alpha_min, most.alpha_1se) == (least.alpha_min, least.alpha_1se)
    assert most.greater_is_better and not least.greater_is_better
    assert (most.metric, least.metric) == ("own", "mean squared error")


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("offset", [None, 0.3 * RNG.standard_normal(N)])
@pytest.mark.parametrize("loss, y", [
    ("squared", NUMBERS), ("logistic", CLASSES), ("squared_hinge", CLASSES), ("poisson", COUNTS),
    ("gamma", AMOUNTS), ("tweedie:1.3", COUNTS), ("negative_binomial:2", COUNTS),
    ("huber:0.7", NUMBERS),
])  # fmt: skip
def test_the_core_measures_the_deviance_as_its_formula_does(loss, y, offset, weights):
    """Of the held-out rows, of the intercept alone, and of the training rows."""
    settings = {"loss": loss, "sample_weight": WEIGHTS[weights], "offset": offset, "alphas": 15}
    fast = fit_cv(X, y, 4, **settings)
    slow = fit_cv(X, y, 4, scoring=SCORES["deviance"], **settings)
    for name in ("folds", "null_folds", "mean", "se", "train"):
        assert_allclose(getattr(slow, name), getattr(fast, name), rtol=1e-8)
    assert slow.alpha_ == fast.alpha_
    expected = "mean squared error" if loss == "squared" else "mean deviance"
    assert fast.metric == fit_cv(X, y, 4, scoring="deviance", **settings).metric == expected


@pytest.mark.parametrize("scoring, theirs", [
    ("accuracy", "accuracy"), ("auc", "roc_auc"), ("deviance", "neg_log_loss"),
])  # fmt: skip
def test_folds_are_scored_as_scikit_learn_scores_them(scoring, theirs):
    """Each fold is fitted by scikit-learn on a copy, at the same alpha."""
    cv = KFold(4, shuffle=True, random_state=0)
    alphas = [0.03, 0.003]
    found = fit_cv(X, CLASSES, cv, loss="logistic", penalty="ridge", scoring=scoring, alphas=alphas)
    factor = -2.0 if scoring == "deviance" else 1.0
    for k, alpha in enumerate(alphas):
        expected = [
            cross_val_score(
                peer.LogisticRegression(
                    C=1.0 / (alpha * len(train)), solver="newton-cholesky", tol=1e-12
                ),
                X,
                CLASSES,
                cv=[(train, test)],
                scoring=theirs,
            )[0]
            for train, test in cv.split(X)
        ]
        assert_allclose(found.folds[k], factor * np.array(expected), rtol=1e-9)


def test_the_best_score_at_the_end_makes_the_grid_longer():
    y = X @ np.ones(6)
    found = fit_cv(X, y, 5, scoring="r2", alphas=10, alpha_min_ratio=0.1)
    assert found.n_extensions == 2 and found.alpha_min == found.alphas[-1]
    assert found.mean[-1] == found.mean.max()


def test_a_score_that_is_not_defined_names_the_fold():
    by_class = np.argsort(CLASSES, kind="stable")
    folds = [(by_class[10:], by_class[:10]), (by_class[:-10], by_class[-10:])]
    with pytest.raises(InputError, match=r"area under the ROC curve is not defined .* of fold 0"):
        fit_cv(X, CLASSES, folds, loss="logistic", scoring="auc")
    with pytest.raises(InputError, match=r"R2 is not defined .* of fold 0"):
        fit_cv(X, NUMBERS, N, scoring="r2", alphas=3)


@pytest.mark.parametrize("scoring, kind, message", [
    ("f1", InputError, "unknown scoring 'f1'"),
    (3, InputTypeError, "scoring must be a name or a function, not 3"),
    ("auc", InputError, "scoring='auc' is for classes 0 and 1"),
])  # fmt: skip
def test_bad_scorings(scoring, kind, message):
    with pytest.raises(kind, match=message):
        fit_cv(X, NUMBERS, 5, scoring=scoring)


def test_bad_score_weights():
    with pytest.raises(InputError, match="score_weight is zero in every row"):
        fit_cv(X, NUMBERS, 5, scoring="mae", score_weight=np.zeros(N))


def test_shares_are_no_classes():
    shares = np.clip(proba(ETA), 0.01, 0.99)
    assert fit_cv(X, shares, 5, loss="logistic", alphas=5).metric == "mean deviance"
    with pytest.raises(InputError, match="is for classes 0 and 1"):
        fit_cv(X, shares, 5, loss="logistic", scoring="accuracy")


def test_score_weights_stand_beside_those_of_the_fit():
    """Rows of no weight in the score are fitted, and the other way round."""
    fitted, scored = np.ones(N), (np.arange(N) % 2).astype(np.float64)
    found = fit_cv(
        X, NUMBERS, 3, scoring="mae", sample_weight=fitted, score_weight=scored, alphas=4
    )
    plain = fit_cv(X, NUMBERS, 3, scoring="mae", alphas=4)
    assert_allclose(found.path.coefs.toarray(), plain.path.coefs.toarray())
    assert np.all(found.folds != plain.folds)


# --- folds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 5, 10])
def test_folds_of_classes_are_alike(k):
    labels = np.array(["a"] * 37 + ["b"] * 13 + ["c"] * 3)
    folds = make_folds(53, k, stratify=labels, repeats=3)
    for fold in folds.fold_of_row:
        for name in "abc":
            counts = np.bincount(fold[labels == name], minlength=k)
            assert np.ptp(counts) <= 1
        assert np.ptp(np.bincount(fold)) <= 1
    again = make_folds(53, k, stratify=labels, repeats=3)
    np.testing.assert_array_equal(folds.roles, again.roles)
    other = make_folds(53, k, stratify=labels, repeats=3, random_state=1)
    assert np.any(folds.roles != other.roles)


def test_groups_of_a_class_are_spread():
    groups = np.repeat(np.arange(20), 3)
    labels = (groups < 8).astype(int)
    fold = make_folds(60, 4, groups=groups, stratify=labels).fold_of_row[0]
    assert all(len(set(fold[groups == g])) == 1 for g in range(20))
    assert_allclose([labels[fold == k].sum() for k in range(4)], 6)


def test_classes_are_stratified_unless_told_otherwise():
    rare = np.zeros(N)
    rare[:5] = 1.0
    settings: dict[str, Any] = {"loss": "logistic", "alphas": 4}
    fold = fit_cv(X, rare, 5, **settings).fold_of_row[0]
    assert sorted(fold[:5]) == [0, 1, 2, 3, 4]
    plain = fit_cv(X, rare, 5, stratify=False, **settings).fold_of_row[0]
    np.testing.assert_array_equal(plain, make_folds(N, 5).fold_of_row[0])
    given = fit_cv(X, NUMBERS, 5, stratify=rare, alphas=4).fold_of_row[0]
    np.testing.assert_array_equal(given, fold)
    forward = fit_cv(X, CLASSES, 3, time=np.arange(N), **settings)
    assert forward.folds.shape == (4, 3)


def test_strata_that_cannot_be():
    with pytest.raises(InputError, match="stratify and time cannot be used together"):
        make_folds(10, 2, stratify=np.arange(10) % 2, time=np.arange(10))
    with pytest.raises(InputError, match="stratify has no effect on folds that are given"):
        make_folds(10, np.arange(10) % 2, stratify=np.arange(10) % 2)


def test_a_fold_that_trains_on_one_class_is_refused():
    label = np.where(CLASSES > 0.0, 0, 1)
    with pytest.raises(InputError) as error:
        fit_cv(X, CLASSES, label, loss="logistic")
    assert str(error.value) == (
        "fold 0 of cv trains on rows of one class only\n"
        "  try: stratified folds (cv=5), and two rows or more of every class"
    )
    once = np.zeros(N)
    once[3] = 1.0
    with pytest.raises(InputError, match="trains on rows of one class only"):
        fit_cv(X, once, 5, loss="squared_hinge")
    halves = np.arange(N) % 2
    weights = np.where((halves == 1) & (CLASSES > 0.0), 0.0, 1.0)
    with pytest.raises(InputError, match="fold 0 of cv trains on rows of one class only"):
        fit_cv(X, CLASSES, halves, loss="logistic", sample_weight=weights)


def test_a_fold_that_trains_on_zeros_only_is_refused():
    rare = np.zeros(N)
    rare[:4] = 2.0
    label = np.where(np.arange(N) < 4, 0, 1)
    with pytest.raises(InputError, match=r"fold 0 of cv cannot be trained: y is 0.0 in all 86"):
        fit_cv(X, rare, label, loss="poisson")


def test_every_loss_has_a_label_for_its_deviance():
    for name in LOSSES:
        assert score_of(None, loss_of(name), NUMBERS) is None
    score = Score("own", "my score", lambda loss, y, eta, w: 1.0)
    assert score_of(score, SQUARED, NUMBERS) is score


def test_a_path_that_keeps_nothing_is_scored_too() -> None:
    found = fit_cv(X, CLASSES, 3, alphas=[9.0, 8.0], loss="logistic", scoring="accuracy")
    assert_allclose(found.train, max(CLASSES.mean(), 1.0 - CLASSES.mean()))
