"""More than two classes: against scikit-learn, against the formula, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import linear_model as peer
from sklearn.model_selection import StratifiedKFold

import excise
from excise.exceptions import InputError
from excise.linear_model import LogisticRegression, LogisticRegressionCV

RNG = np.random.default_rng(5)
X = RNG.standard_normal((150, 6)) * np.geomspace(0.5, 3.0, 6) + 1.0
ETA = X @ RNG.standard_normal((6, 3)) * [1.0, 1.0, 0.5] + RNG.gumbel(size=(150, 3))
NAMES = np.array(["left", "middle", "right"])
Y = NAMES[ETA.argmax(axis=1)]
WEIGHTS = {"none": None, "real": RNG.uniform(0.1, 3.0, 150), "whole": np.arange(150) % 4}
CLASS_WEIGHTS = {
    "none": None, "balanced": "balanced", "dict": {"left": 3.0, "middle": 0.5, "right": 1.0},
}  # fmt: skip


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("class_weight", CLASS_WEIGHTS)
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_ridge_is_that_of_scikit_learn(C, weights, class_weight, fit_intercept):
    settings = {
        "C": C, "class_weight": CLASS_WEIGHTS[class_weight], "fit_intercept": fit_intercept,
    }  # fmt: skip
    w = WEIGHTS[weights]
    theirs = peer.LogisticRegression(**settings, solver="newton-cg", tol=1e-12, max_iter=10_000)
    theirs.fit(X, Y, sample_weight=w)
    mine = LogisticRegression(**settings).fit(X, Y, sample_weight=w)
    assert mine.coef_.shape == (3, 6)
    assert mine.intercept_.shape == (3,)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(mine.coef_.sum(axis=0), 0.0, atol=1e-10)
    centred = theirs.intercept_ - theirs.intercept_.mean()
    assert_allclose(mine.intercept_, centred, atol=1e-5)
    assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert_array_equal(mine.predict(X), theirs.predict(X))
    assert_array_equal(mine.classes_, theirs.classes_)
    assert mine.relative_gap_ <= 1e-10


@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
def test_lasso_is_that_of_scikit_learn(l1_ratio, weights):
    w = WEIGHTS[weights]
    theirs = peer.LogisticRegression(
        C=0.2, l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=200_000, random_state=0
    ).fit(X, Y, sample_weight=w)
    mine = LogisticRegression(C=0.2, l1_ratio=l1_ratio).fit(X, Y, sample_weight=w)
    assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    if l1_ratio < 1.0:  # the lasso of classes need not have one answer
        assert_allclose(mine.coef_, theirs.coef_, atol=1e-5)


@pytest.mark.parametrize("C", [0.05, 1.0, 20.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_optimality_conditions_of_the_formula(C, l1_ratio):
    mine = LogisticRegression(C=C, l1_ratio=l1_ratio).fit(X, Y)
    e = np.exp(X @ mine.coef_.T + mine.intercept_)
    left = e / e.sum(axis=1, keepdims=True) - (Y[:, None] == NAMES)
    slope = C * left.T @ X + (1.0 - l1_ratio) * mine.coef_
    b = mine.coef_
    at_zero = np.maximum(np.abs(slope) - l1_ratio, 0.0)
    violation = np.where(b == 0.0, at_zero, np.abs(slope + l1_ratio * np.sign(b)))
    assert violation.max() < 1e-7 * (1.0 + C * np.abs(X).sum())
    assert_allclose(left.sum(axis=0), 0.0, atol=1e-7 * len(Y))
    assert mine.intercept_.mean() == pytest.approx(0.0, abs=1e-12)


def test_predictions_are_those_of_the_predictors():
    model = LogisticRegression(C=0.5).fit(X, Y)
    eta = model.decision_function(X)
    assert_allclose(eta, X @ model.coef_.T + model.intercept_, rtol=1e-12)
    e = np.exp(eta)
    assert_allclose(model.predict_proba(X), e / e.sum(axis=1, keepdims=True), rtol=1e-12)
    assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X), rtol=1e-12)
    assert np.all(np.isfinite(model.predict_log_proba(1e6 * X)))
    assert_array_equal(model.predict(X), NAMES[eta.argmax(axis=1)])
    assert model.score(X, Y) == np.mean(model.predict(X) == Y)
    single = LogisticRegression(C=0.5).fit(X.astype(np.float32), Y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    sparse = LogisticRegression(C=0.5).fit(sp.csr_array(X), Y)
    assert_allclose(sparse.coef_, model.coef_, atol=1e-9)


def test_the_answer_is_certified_by_the_verifier():
    mine = LogisticRegression(C=0.3, l1_ratio=0.7).fit(X, Y)
    found = excise.certify(
        X, (Y[:, None] == NAMES).astype(float), mine.coef_.T, mine.intercept_,
        1.0 / (0.3 * len(Y)), loss="multinomial", l1_ratio=0.7,
    )  # fmt: skip
    assert found.relative_gap <= 1e-10


def test_without_a_penalty():
    theirs = peer.LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-12, max_iter=10_000)
    theirs.fit(X, Y)
    for free in (LogisticRegression(penalty=None), LogisticRegression(C=np.inf)):
        mine = free.fit(X, Y)
        assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
        assert_allclose(mine.coef_, theirs.coef_ - theirs.coef_.mean(axis=0), atol=1e-4)
        assert_allclose(mine.coef_.sum(axis=0), 0.0, atol=1e-9)


def test_labels_of_any_kind():
    code = np.searchsorted(NAMES, Y)
    text = LogisticRegression().fit(X, Y)
    whole = LogisticRegression().fit(X, code * 10 - 7)
    assert_array_equal(whole.classes_, [-7, 3, 13])
    assert_allclose(whole.coef_, text.coef_, atol=0)
    assert_array_equal(whole.predict(X), np.searchsorted(NAMES, text.predict(X)) * 10 - 7)


# --- cross-validation ----------------------------------------------------------------------------


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("l1_ratios", [None, [0.0, 0.5]])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_cross_validation_is_that_of_scikit_learn(scoring, l1_ratios, legacy):
    settings = {
        "Cs": [0.03, 0.1, 1.0], "cv": StratifiedKFold(3), "scoring": scoring,
        "l1_ratios": l1_ratios, "use_legacy_attributes": legacy,
    }  # fmt: skip
    solver = {"solver": "saga", "tol": 1e-9, "max_iter": 100_000, "random_state": 0}
    theirs = peer.LogisticRegressionCV(**settings, **solver)
    if l1_ratios is None:
        theirs.set_params(l1_ratios=(0.0,))
        settings["l1_ratios"] = (0.0,)
    theirs.fit(X, Y)
    mine = LogisticRegressionCV(**settings).fit(X, Y)
    assert_allclose(mine.C_, theirs.C_)
    assert_allclose(mine.l1_ratio_, theirs.l1_ratio_)
    assert np.shape(mine.C_) == np.shape(theirs.C_)
    assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    if legacy:
        assert list(mine.scores_) == list(theirs.scores_) == NAMES.tolist()
        for name in NAMES:
            assert_allclose(mine.scores_[name], theirs.scores_[name], atol=1e-5)
            coefs = theirs.coefs_paths_[name]
            assert_allclose(mine.coefs_paths_[name][..., :-1], coefs[..., :-1], atol=1e-4)
    else:
        assert_allclose(mine.scores_, theirs.scores_, atol=1e-5)
        assert mine.coefs_paths_.shape == theirs.coefs_paths_.shape
        assert_allclose(mine.coefs_paths_[..., :-1], theirs.coefs_paths_[..., :-1], atol=1e-4)
    weights = {"sample_weight": WEIGHTS["real"]}
    assert mine.score(X, Y, **weights) == pytest.approx(theirs.score(X, Y, **weights), abs=1e-5)


def test_averaged_coefficients_of_the_folds():
    settings = {
        "Cs": [0.1], "l1_ratios": (0.0,), "cv": 3, "refit": False, "scoring": "accuracy",
    }  # fmt: skip
    theirs = peer.LogisticRegressionCV(
        **settings, tol=1e-10, max_iter=10_000, use_legacy_attributes=True
    )
    mine = LogisticRegressionCV(**settings).fit(X, Y)
    assert_allclose(mine.coef_, theirs.fit(X, Y).coef_, atol=1e-5)
    assert_allclose(mine.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_a_fold_without_a_class_is_told():
    rare = np.where(np.arange(150) == 0, "rare", Y)
    with pytest.raises(InputError, match="fold 0 of cv cannot be trained"):
        LogisticRegressionCV(Cs=2, cv=[(np.arange(1, 150), [0])]).fit(X, rare)
    with pytest.raises(InputError, match="one class only"):
        LogisticRegression().fit(X, np.repeat("a", 150))
