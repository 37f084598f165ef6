"""Classifiers: labels, probabilities, weights of rows and classes, and what they refuse."""

from __future__ import annotations

import warnings
from decimal import Decimal, getcontext

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from class_data import CLASS_WEIGHTS, MARGIN, WEIGHTS, X, Y
from numpy.testing import assert_allclose
from sklearn import linear_model as peer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import StratifiedKFold

import excise
from excise.exceptions import InputError, InputTypeError
from excise.linear_model import LogisticRegression, LogisticRegressionCV, SparseClassifier


def assert_optimal(model, C, l1_ratio, weights=None):
    """The optimality conditions of scikit-learn's own objective, from its formula alone."""
    s = np.where(model.classes_[1] == Y, 1.0, -1.0)
    w = np.ones(len(Y)) if weights is None else np.asarray(weights)
    slope = -w * s / (1.0 + np.exp(s * model.decision_function(X)))
    g = C * X.T @ slope + (1.0 - l1_ratio) * model.coef_[0]
    b, size = model.coef_[0], C * np.abs(X).T @ np.abs(slope) + 1.0
    at_zero = np.maximum(np.abs(g) - l1_ratio, 0.0)
    violation = np.where(b == 0.0, at_zero, np.abs(g + l1_ratio * np.sign(b)))
    assert np.max(violation / size) < 1e-9
    if model.fit_intercept:
        assert abs(slope.sum()) < 1e-9 * np.abs(slope).sum()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_ridge_is_that_of_scikit_learn(C, weights, class_weight, fit_intercept):
    settings = {
        "C": C, "class_weight": CLASS_WEIGHTS[class_weight], "fit_intercept": fit_intercept,
    }  # fmt: skip
    w = WEIGHTS[weights]
    theirs = peer.LogisticRegression(**settings, solver="newton-cholesky", tol=1e-13)
    theirs.fit(X, Y, sample_weight=w)
    mine = LogisticRegression(**settings).fit(X, Y, sample_weight=w)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-8)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-8)
    assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-8)
    assert mine.relative_gap_ <= 1e-12
    np.testing.assert_array_equal(mine.predict(X), theirs.predict(X))
    assert mine.score(X, Y, w) == theirs.score(X, Y, w)


@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
def test_lasso_is_that_of_scikit_learn(l1_ratio, weights):
    w = WEIGHTS[weights]
    theirs = peer.LogisticRegression(
        C=1.0, l1_ratio=l1_ratio, solver="saga", tol=1e-12, max_iter=100_000
    ).fit(X, Y, sample_weight=w)
    mine = LogisticRegression(C=1.0, l1_ratio=l1_ratio).fit(X, Y, sample_weight=w)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-7)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("C", [1e-3, 0.05, 1.0, 50.0])
def test_optimality_conditions(C, l1_ratio, fit_intercept):
    settings = {"C": C, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    assert_optimal(LogisticRegression(**settings).fit(X, Y), C, l1_ratio)
    w = WEIGHTS["real"]
    assert_optimal(LogisticRegression(**settings).fit(X, Y, sample_weight=w), C, l1_ratio, w)


def test_ways_to_name_one_penalty():
    lasso = LogisticRegression(C=0.5, l1_ratio=1.0).fit(X, Y)
    for same in (
        LogisticRegression("l1", C=0.5),
        LogisticRegression("elasticnet", C=0.5, l1_ratio=1.0),
        LogisticRegression(alpha=1.0 / (0.5 * len(Y)), l1_ratio=1.0),
    ):
        assert_allclose(same.fit(X, Y).coef_, lasso.coef_, atol=1e-12)
    none = peer.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-13).fit(X, Y)
    for free in (LogisticRegression(None), LogisticRegression(C=np.inf)):
        assert_allclose(free.fit(X, Y).coef_, none.coef_, rtol=1e-8)
    for solver in ("liblinear", "newton-cg", "newton-cholesky", "sag", "saga"):
        other = LogisticRegression(C=0.5, l1_ratio=1.0, solver=solver).fit(X, Y)
        assert_allclose(other.coef_, lasso.coef_, atol=0)


def test_the_answer_is_certified_by_the_verifier():
    mine = LogisticRegression(C=0.3, l1_ratio=0.7).fit(X, Y)
    alpha = 1.0 / (0.3 * len(Y))
    found = excise.certify(
        X, Y == "b", mine.coef_[0], mine.intercept_[0], alpha, loss="logistic", l1_ratio=0.7
    )
    assert found.relative_gap <= 1e-12
    theirs = peer.LogisticRegression(C=0.3, solver="lbfgs", tol=1e-2).fit(X, Y)
    rough = excise.certify(
        X, Y == "b", theirs.coef_[0], theirs.intercept_[0], alpha, loss="logistic", penalty="ridge"
    )
    assert rough.relative_gap > 1e-12


# --- probabilities -------------------------------------------------------------------------------


def exactly(eta):
    """1 / (1 + e^eta) and 1 / (1 + e^-eta), computed in 400 digits, and their logarithms."""
    getcontext().prec = 400
    powers = [Decimal(float(one)).exp() for one in eta]
    pairs = [(1 / (1 + e), e / (1 + e)) for e in powers]
    logs = [[float(share.ln()) for share in pair] for pair in pairs]
    return np.array([[float(share) for share in pair] for pair in pairs]), np.array(logs)


@pytest.mark.parametrize("make", [LogisticRegression, lambda: SparseClassifier(rule="min")])
def test_probabilities_against_two_references(make):
    model = make().fit(X, Y)
    eta = model.decision_function(X)
    theirs = peer.LogisticRegression().fit(X, Y)
    theirs.coef_, theirs.intercept_ = model.coef_, model.intercept_
    assert_allclose(model.predict_proba(X), theirs.predict_proba(X), rtol=1e-12)
    closed, logs = exactly(eta)
    assert_allclose(model.predict_proba(X), closed, rtol=1e-14)
    assert_allclose(model.predict_log_proba(X), logs, rtol=1e-13)
    assert_allclose(model.predict_proba(X).sum(axis=1), 1.0, rtol=1e-15)


def test_probabilities_keep_their_digits_far_out():
    model = LogisticRegression().fit(X, Y)
    far = X * (500.0 / np.abs(model.decision_function(X)).max())
    closed, logs = exactly(model.decision_function(far))
    assert 0.0 < closed.min() < 1e-150
    assert_allclose(model.predict_proba(far), closed, rtol=1e-12)
    assert_allclose(model.predict_log_proba(far), logs, rtol=1e-12)
    assert np.all(np.isfinite(model.predict_log_proba(far * 1e5)))


def test_unpenalised_probabilities_are_calibrated():
    """The likelihood equations: mean probability = share of the class, overall and along X."""
    p = LogisticRegression(None).fit(X, Y).predict_proba(X)[:, 1]
    assert p.mean() == pytest.approx(np.mean(Y == "b"), rel=1e-10)
    assert_allclose(X.T @ p, X.T @ (Y == "b"), rtol=1e-9)


def test_a_hinge_has_the_probabilities_its_loss_implies():
    model = SparseClassifier(loss="squared_hinge", rule="min").fit(X, Y)
    eta, p = model.decision_function(X), model.predict_proba(X)
    assert_allclose(p[:, 1], np.clip((eta + 1.0) / 2.0, 0.0, 1.0))
    assert_allclose(p.sum(axis=1), 1.0)
    assert np.isneginf(model.predict_log_proba(X).min())
    np.testing.assert_array_equal(model.predict(X) == "b", eta > 0.0)


# --- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("no", "yes"), (0, 1), (-1, 1), (False, True), (2.0, 7.0)])
@pytest.mark.parametrize("make", [LogisticRegression, SparseClassifier, LogisticRegressionCV])
def test_labels_of_any_kind(make, names):
    y = np.array(names)[(Y == "b").astype(int)]
    model, plain = make().fit(X, y), make().fit(X, Y)
    assert model.classes_.tolist() == sorted(names)
    assert_allclose(model.coef_, plain.coef_, atol=0)
    np.testing.assert_array_equal(model.predict(X), np.array(names)[(plain.predict(X) == "b") + 0])
    assert model.predict(X).dtype == y.dtype
    assert model.score(X, y) == plain.score(X, Y) > 0.75


def test_labels_that_are_objects_or_frames():
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(8)])
    series = pd.Series(Y, name="kind")
    plain = SparseClassifier().fit(X, Y)
    for table, labels in (
        (frame, series),
        (frame, series.astype("category")),
        (pl.from_pandas(frame), pl.Series("kind", Y.tolist())),
        (X, Y.astype(object)),
        (X, Y.tolist()),
        (sp.csr_array(X), Y),
    ):
        model = SparseClassifier().fit(table, labels)
        assert_allclose(model.coef_, plain.coef_, atol=1e-9)
        np.testing.assert_array_equal(model.predict(table), plain.predict(X))
    named = SparseClassifier().fit(frame, series)
    assert named._target == "kind"
    with pytest.raises(ValueError, match="feature names"):
        named.predict(frame[frame.columns[::-1]])


@pytest.mark.parametrize("make", [LogisticRegression, SparseClassifier, LogisticRegressionCV])
def test_labels_that_cannot_be(make):
    with pytest.raises(InputError, match=r"y holds one class only \('a'\)"):
        make().fit(X, np.full(120, "a"))
    with pytest.raises(ValueError, match="Unknown label type"):
        make().fit(X, MARGIN)
    with pytest.raises(ValueError, match="NaN"):
        make().fit(X, np.where(Y == "a", np.nan, 1.0))
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(make(), method)(X)


def test_the_squared_hinge_loss_has_two_classes():
    with pytest.raises(InputError, match="Only binary classification is supported") as error:
        SparseClassifier(loss="squared_hinge").fit(X, np.arange(120) % 6)
    assert "y holds 6 classes: 0, 1, 2, 3, ..." in str(error.value)
    assert "the squared_hinge loss is for two classes" in str(error.value)
    assert "loss='logistic', or sklearn.multiclass.OneVsRestClassifier" in str(error.value)


# --- weights -------------------------------------------------------------------------------------


def test_weights_are_repetitions():
    w = WEIGHTS["whole"]
    again = np.repeat(np.arange(120), w)
    for make in (
        LogisticRegression,
        lambda: LogisticRegression(l1_ratio=1.0, class_weight="balanced"),
        lambda: LogisticRegression(class_weight={"a": 2.0}),
    ):
        weighted = make().fit(X, Y, sample_weight=w)
        repeated = make().fit(X[again], Y[again])
        assert_allclose(weighted.coef_, repeated.coef_, atol=1e-9)
        kept = w > 0
        removed = make().fit(X[kept], Y[kept], sample_weight=w[kept])
        assert_allclose(weighted.coef_, removed.coef_, atol=1e-9)


@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS)
@pytest.mark.parametrize("scoring", [None, "accuracy", "auc"])
def test_weights_are_repetitions_in_folds_too(scoring, class_weight):
    w = WEIGHTS["whole"]
    label = np.arange(120) // 2 % 5
    again = np.repeat(np.arange(120), w)
    make = {"scoring": scoring, "class_weight": CLASS_WEIGHTS[class_weight], "alphas": 20}
    weighted = SparseClassifier(cv=label, **make).fit(X, Y, sample_weight=w)
    repeated = SparseClassifier(cv=label[again], **make).fit(X[again], Y[again])
    assert_allclose(weighted.cv_.folds, repeated.cv_.folds, rtol=1e-8)
    assert weighted.alpha_ == pytest.approx(repeated.alpha_, rel=1e-10)
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-8)


def test_one_weight_for_all_rows_counts_in_the_total():
    three = LogisticRegression(C=0.1).fit(X, Y, sample_weight=3.0)
    assert_allclose(three.coef_, LogisticRegression(C=0.3).fit(X, Y).coef_, atol=1e-10)
    both = LogisticRegression(C=0.1, class_weight="balanced").fit(X, Y, sample_weight=3.0)
    plain = LogisticRegression(C=0.3, class_weight="balanced").fit(X, Y)
    assert_allclose(both.coef_, plain.coef_, atol=1e-10)


def test_balanced_classes_have_one_total():
    rare = np.where(np.arange(120) < 12, "yes", "no")
    model = SparseClassifier(class_weight="balanced", alphas=10).fit(X, rare)
    w = model.path_.problem.weights
    assert w[:12].sum() == pytest.approx(0.5) == w[12:].sum()


def test_class_weights_do_not_enter_other_scores():
    settings = {"alphas": [0.05, 0.01], "class_weight": {"a": 5.0}, "scoring": "accuracy"}
    folds = list(StratifiedKFold(4).split(X, Y))
    model = SparseClassifier(cv=folds, **settings).fit(X, Y)
    for k, (train, test) in enumerate(folds):
        one = excise.fit(
            X[train], Y[train] == "b", 0.01, loss="logistic", standardize=True,
            sample_weight=np.where(Y[train] == "a", 5.0, 1.0),
        )  # fmt: skip
        hit = (X[test] @ one.coef + one.intercept > 0.0) == (Y[test] == "b")
        assert model.cv_.folds[1, k] == pytest.approx(hit.mean())


@pytest.mark.parametrize("class_weight, kind, message", [
    ({"c": 1.0}, InputError, r"names 'c', which is no class of y\n  classes: 'a', 'b'"),
    ({"a": -1.0}, InputError, "weights must be finite and >= 0"),
    ("equal", InputTypeError, "class_weight must be None, 'balanced' or a dict, not 'equal'"),
    ({"a": 0.0}, InputError, "there is nothing to learn"),
])  # fmt: skip
def test_bad_class_weights(class_weight, kind, message):
    for make in (LogisticRegression, SparseClassifier):
        with pytest.raises(kind, match=message):
            make(class_weight=class_weight).fit(X, Y)


def test_bad_sample_weights():
    with pytest.raises(InputError, match=r"sample_weight is -1.0 in row 0"):
        LogisticRegression().fit(X, Y, sample_weight=np.where(np.arange(120) == 0, -1.0, 1.0))
    with pytest.raises(InputError, match="zero in all rows of a class"):
        LogisticRegression(class_weight="balanced").fit(X, Y, sample_weight=(Y == "a") + 0.0)
    with pytest.raises(InputError, match="needs rows of both classes"):
        LogisticRegression().fit(X, Y, sample_weight=(Y == "a") + 0.0)


# --- hard data -----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_classes_that_a_plane_separates(loss):
    """statsmodels #39, GLM.jl #286, glum #874: finite for every positive penalty."""
    y = X[:, 0] > 1.0
    for C in (1.0, 1e3, 1e6):
        model = LogisticRegression(C=C).fit(X, y)
        assert np.all(np.isfinite(model.coef_)) and model.relative_gap_ <= 1e-9
        assert model.score(X, y) > (0.95 if C > 1.0 else 0.7)
    chosen = SparseClassifier(loss=loss, rule="min").fit(X, y)
    assert np.all(np.isfinite(chosen.coef_)) and chosen.score(X, y) > 0.95
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", excise.ConvergenceWarning)
        free = LogisticRegression(None).fit(X[:, :1], y)
    assert np.isfinite(free.coef_[0, 0]) and free.score(X[:, :1], y) == 1.0


@pytest.mark.parametrize("unit", [1e-100, 1e-8, 1e8, 1e100])
def test_the_unit_of_x_does_not_matter(unit):
    plain = SparseClassifier().fit(X, Y)
    scaled = SparseClassifier().fit(X * unit, Y)
    assert scaled.alpha_ == pytest.approx(plain.alpha_, rel=1e-9)
    assert_allclose(scaled.coef_ * unit, plain.coef_, rtol=1e-7, atol=1e-10)
    assert_allclose(scaled.predict_proba(X * unit), plain.predict_proba(X), rtol=1e-8)


def test_columns_of_mean_a_million():
    far = SparseClassifier().fit(X + 1e6, Y)
    plain = SparseClassifier().fit(X, Y)
    assert_allclose(far.coef_, plain.coef_, rtol=1e-6)
    assert_allclose(far.predict_proba(X + 1e6), plain.predict_proba(X), rtol=1e-6)


def test_a_rare_class():
    y = np.zeros(120, dtype=int)
    y[[3, 50]] = 1
    model = SparseClassifier(cv=5, class_weight="balanced").fit(X, y)
    assert np.all(np.isfinite(model.cv_.mean)) and model.relative_gap_ <= 1e-9
    with pytest.raises(InputError, match="trains on rows of one class only"):
        SparseClassifier(cv=5).fit(X, np.arange(120) == 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_precision_and_order(dtype):
    reference = LogisticRegression(C=0.5, l1_ratio=0.5).fit(X, Y)
    for order in "CF":
        model = LogisticRegression(C=0.5, l1_ratio=0.5).fit(np.asarray(X, dtype, order), Y)
        assert model.coef_.dtype == dtype == model.predict_proba(X.astype(dtype)).dtype
        assert_allclose(model.coef_, reference.coef_, atol=1e-9 if dtype == np.float64 else 1e-4)


def test_sparse_coefficients():
    model = LogisticRegression(C=0.1, l1_ratio=1.0).fit(X, Y)
    expected = model.predict_proba(X)
    assert sp.issparse(model.sparsify().coef_)
    assert_allclose(model.predict_proba(X), expected)
    assert_allclose(model.predict_proba(sp.csr_array(X)), expected)
    assert isinstance(model.densify().densify().coef_, np.ndarray)


@pytest.mark.parametrize("settings, message", [
    ({"C": 0.0}, "C=0.0 is not in"),
    ({"C": np.nan}, "C=nan is not in"),
    ({"C": 2.0, "alpha": 1.0}, "alpha and C are two names of one thing"),
    ({"alpha": -1.0}, "alpha=-1.0 is not in"),
    ({"penalty": "l1", "l1_ratio": 0.5}, "contradict each other"),
    ({"penalty": "l0"}, "penalty='l0' must be one of"),
    ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be specified"),
    ({"solver": "svd"}, "solver='svd' must be one of"),
])  # fmt: skip
def test_bad_logistic(settings, message):
    with pytest.raises(InputError, match=message):
        LogisticRegression(**settings).fit(X, Y)
