"""Classifiers that choose their penalty: SparseClassifier and LogisticRegressionCV."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from class_data import CLASS_WEIGHTS, MARGIN, WEIGHTS, X, Y
from numpy.testing import assert_allclose
from sklearn import linear_model as peer
from sklearn import metrics
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import excise
from excise import linear_model as ours
from excise.exceptions import InputError
from excise.linear_model import LogisticRegression, LogisticRegressionCV, SparseClassifier
from excise.scores import SCORES

# --- the classifier of the house -----------------------------------------------------------------


def test_the_choice_on_breast_cancer():
    table = load_breast_cancer(as_frame=True)
    y = table.target_names[table.target]
    model = SparseClassifier().fit(table.data, y)
    assert model.classes_.tolist() == ["benign", "malignant"]
    assert model.cv_.metric == "mean deviance" and model.cv_.alpha_1se == model.alpha_
    assert 5 < np.count_nonzero(model.coef_) < 30
    assert model.relative_gap_ <= 1e-9 and model.kkt_violation_ <= 1e-7
    assert model.score(table.data, y) > 0.97
    best = model.at("min")
    assert best.alpha_ == model.cv_.alpha_min and best.coef_.shape == (1, 30)
    assert np.count_nonzero(model.at(n_features=5).coef_) == 5
    assert np.count_nonzero(model.at(5).coef_) == 5
    assert model.at().alpha_ == model.alpha_ and model.at(0.1).alpha_ == 0.1
    with pytest.raises(InputError, match="unknown rule 'best'"):
        model.at("best")
    with pytest.raises(InputError, match="no alpha of the grid keeps exactly 31 features"):
        model.at(31)
    assert_allclose(model.coef_std_[0], model.coef_[0] * model.path_.scale)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(duplicate):
    model = SparseClassifier(alphas=20).fit(X, Y)
    other = duplicate(model)
    assert_allclose(other.predict_proba(X), model.predict_proba(X), atol=0)
    assert_allclose(other.at("min").coef_, model.at("min").coef_, rtol=1e-10)
    assert not hasattr(clone(model), "coef_")


def test_no_answer_at_another_penalty_for_other_rows():
    rows = X.copy()
    model = SparseClassifier(alphas=20).fit(rows, Y)
    rows[:, 0] *= -1.0
    with pytest.raises(InputError, match="X or y were changed after fit"):
        model.at("min")


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_explanations(loss, tmp_path):
    model = SparseClassifier(loss=loss, alphas=20, stability=5, decoys=5).fit(X, Y)
    assert repr(model).startswith("SparseClassifier of y")
    assert_allclose(model.ledger()["coef"].to_numpy().sum(), model.coef_.sum(), rtol=1e-6)
    told = model.model_.separation
    assert told is not None and told.counts.sum() == 120
    assert model.model_.target.levels == ("a", "b") and "x0" in str(model.why(0))
    model.report(tmp_path / "r.html")
    model.save(tmp_path / "m.json")
    assert excise.load(tmp_path / "m.json").target.levels == ("a", "b")
    assert "text/html" in model._repr_mimebundle_()
    assert "text/html" in LogisticRegression().fit(X, Y)._repr_mimebundle_()


@pytest.mark.parametrize("scoring", ["accuracy", "auc", "roc_auc", "neg_log_loss", "f1_macro",
                                     metrics.make_scorer(metrics.brier_score_loss,
                                                         response_method="predict_proba",
                                                         greater_is_better=False)])  # fmt: skip
def test_scorers_against_cross_val_score(scoring):
    """Held-out scores are those of scikit-learn's loop over refitted classifiers."""
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    yes = np.where(Y == "b", 1, 0)
    model = SparseClassifier(cv=cv, scoring=scoring, alphas=[0.05, 0.01]).fit(X, yes)
    theirs = "roc_auc" if scoring == "auc" else scoring
    for k, alpha in enumerate((0.05, 0.01)):
        pipe = make_pipeline(StandardScaler(), LogisticRegression(alpha=alpha, l1_ratio=1.0))
        expected = cross_val_score(pipe, X, yes, cv=cv, scoring=theirs)
        assert_allclose(model.cv_.folds[k], expected, rtol=1e-8)
    assert model.cv_.greater_is_better


def test_what_is_told_of_a_fit_is_told_in_the_deviance():
    """Whatever the folds were scored by: else a verdict would read an AUC as an error."""
    settings = {"alphas": 20, "stability": 0, "decoys": 0}
    plain = SparseClassifier(**settings).fit(X, Y)
    scored = SparseClassifier(scoring="auc", **settings).fit(X, Y)
    told, usual = scored.model_, plain.at(scored.alpha_).model_
    assert told.alpha == scored.alpha_ and told.alpha_min == scored.cv_.alpha_min
    assert told.cv.metric == "mean deviance"
    assert_allclose(told.cv.mean, usual.cv.mean, rtol=1e-6)
    assert told.cv.null == pytest.approx(usual.cv.null)
    assert "deviance explained -" not in str(scored)
    regressor = ours.SparseRegressor(scoring="mae", **settings).fit(X, MARGIN)
    assert regressor.model_.cv.metric == "mean squared error"
    assert "R2 0." in str(regressor)


def test_a_function_of_probabilities():
    def brier(y_true, prediction, sample_weight=None):
        return -float(np.average((y_true - prediction) ** 2, weights=sample_weight))

    for w in (None, WEIGHTS["real"]):
        own = SparseClassifier(scoring=brier, alphas=15).fit(X, Y, sample_weight=w)
        named = SparseClassifier(scoring="mse", alphas=15).fit(X, Y, sample_weight=w)
        assert own.alpha_ == named.alpha_ and own.cv_.metric == "brier"
        theirs = SparseClassifier(scoring="neg_brier_score", alphas=15)
        weighed = theirs.fit(X, Y == "b", sample_weight=w)
        assert_allclose(weighed.cv_.folds, own.cv_.folds, rtol=1e-12)


def test_losses_of_numbers_are_for_the_regressor():
    with pytest.raises(InputError, match="losses for classes: 'logistic', 'squared_hinge'"):
        SparseClassifier(loss="poisson").fit(X, Y)
    with pytest.raises(InputError, match="SparseClassifier"):
        ours.SparseRegressor(loss="logistic").fit(X, (Y == "a") + 0.0)
    with pytest.raises(InputError, match="unknown loss 'hinge'"):
        SparseClassifier(loss="hinge").fit(X, Y)


def test_in_the_company_of_scikit_learn():
    assert cross_val_score(SparseClassifier(cv=5), X, Y, cv=3).min() > 0.7
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=3, scoring="neg_log_loss")
    assert search.fit(X, Y).best_estimator_.classes_.tolist() == ["a", "b"]
    pipe = make_pipeline(StandardScaler(), SparseClassifier(cv=5)).fit(X, Y)
    assert_allclose(pipe.predict_proba(X), SparseClassifier(cv=5).fit(X, Y).predict_proba(X),
                    rtol=1e-8)  # fmt: skip


# --- LogisticRegressionCV ------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["none", "real"])
@pytest.mark.parametrize("class_weight", ["none", "balanced"])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss", "roc_auc"])
def test_logistic_cv_is_that_of_scikit_learn(scoring, class_weight, weights):
    settings = {"Cs": 6, "scoring": scoring, "class_weight": CLASS_WEIGHTS[class_weight]}
    w = WEIGHTS[weights]
    theirs = peer.LogisticRegressionCV(
        **settings, l1_ratios=(0.0,), solver="newton-cholesky", tol=1e-13,
        use_legacy_attributes=False,
    ).fit(X, Y, sample_weight=w)  # fmt: skip
    mine = LogisticRegressionCV(**settings, use_legacy_attributes=False)
    mine.fit(X, Y, sample_weight=w)
    assert mine.C_ == theirs.C_ and mine.l1_ratio_ == theirs.l1_ratio_ == 0.0
    assert_allclose(mine.scores_, theirs.scores_, rtol=1e-9)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-8)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-8)
    assert mine.score(X, Y, w) == pytest.approx(theirs.score(X, Y, sample_weight=w), rel=1e-9)
    assert_allclose(mine.coefs_paths_, theirs.coefs_paths_, atol=1e-7)


def test_logistic_cv_over_two_settings():
    mine = LogisticRegressionCV(Cs=[1.0, 0.01, 1.0], l1_ratios=[0.2, 1.0], scoring="deviance")
    mine.fit(X, Y)
    assert mine.scores_["b"].shape == (5, 3, 2)
    assert_allclose(mine.scores_["b"][:, 0], mine.scores_["b"][:, 2])
    assert mine.C_.shape == (1,) and mine.l1_ratio_[0] in (0.2, 1.0)
    same = LogisticRegression(C=mine.C_[0], l1_ratio=mine.l1_ratio_[0]).fit(X, Y)
    assert_allclose(mine.coef_, same.coef_, atol=1e-10)
    eta = mine.decision_function(X)
    deviance = SCORES["deviance"](mine._data_term, (Y == "b") + 0.0, eta, None)
    assert mine.score(X, Y) == pytest.approx(-deviance)
    lasso = LogisticRegressionCV(Cs=3, penalty="l1").fit(X, Y)
    assert lasso.scores_["b"].shape == (5, 3) and lasso.l1_ratio_[0] == 1.0


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("legacy", [True, False])
def test_logistic_cv_averages_where_scikit_learn_does(legacy, fit_intercept):
    settings = {"refit": False, "use_legacy_attributes": legacy, "fit_intercept": fit_intercept,
                "l1_ratios": np.array([0.0]), "Cs": [0.01, 0.1, 1.0], "scoring": "neg_log_loss",
                "penalty": "deprecated"}  # fmt: skip
    theirs = peer.LogisticRegressionCV(**settings, solver="newton-cholesky", tol=1e-12)
    theirs.fit(X / 5.0, Y)
    mine = LogisticRegressionCV(**settings).fit(X / 5.0, Y)
    assert_allclose(mine.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(mine.intercept_, theirs.intercept_, atol=1e-5)
    assert_allclose(mine.C_, theirs.C_)
    assert_allclose(mine.l1_ratio_, theirs.l1_ratio_)
    paths = [one.coefs_paths_["b"] if legacy else one.coefs_paths_ for one in (mine, theirs)]
    assert_allclose(*paths, atol=1e-4)


def test_logistic_cv_takes_a_scorer_of_an_estimator():
    def hits(estimator, Z, y, sample_weight=None):
        return np.average(estimator.predict(Z) == y, weights=sample_weight)

    for w in (None, WEIGHTS["real"]):
        own = LogisticRegressionCV(scoring=hits).fit(X, Y, sample_weight=w)
        named = LogisticRegressionCV().fit(X, Y, sample_weight=w)
        assert_allclose(own.scores_["b"], named.scores_["b"], rtol=1e-12)


def test_logistic_cv_on_sparse_tables_and_frames():
    plain = LogisticRegressionCV(Cs=3).fit(X, Y)
    for table in (sp.csr_array(X), sp.csc_matrix(X), pd.DataFrame(X)):
        other = LogisticRegressionCV(Cs=3).fit(table, Y)
        assert_allclose(other.coef_, plain.coef_, atol=1e-8)
        assert_allclose(other.scores_["b"], plain.scores_["b"])


@pytest.mark.parametrize("settings, message", [
    ({"Cs": [1.0, -1.0]}, r"Cs\[1\]=-1.0 is not in"),
    ({"Cs": 0}, "Cs=0 must be at least 1"),
    ({"Cs": []}, "must hold a value each"),
    ({"l1_ratios": [2.0]}, r"l1_ratios\[0\]=2.0 is not in"),
    ({"penalty": "elasticnet"}, "l1_ratios must be specified"),
    ({"penalty": None}, "penalty=None must be one of"),
])  # fmt: skip
def test_bad_logistic_cv(settings, message):
    with pytest.raises(InputError, match=message):
        LogisticRegressionCV(**settings).fit(X, Y)


def test_bad_scores_of_logistic_cv():
    model = LogisticRegressionCV(Cs=2).fit(X, Y)
    with pytest.raises(InputError, match="y holds 'c', which is no class of the fit"):
        model.score(X, np.full(120, "c"))
