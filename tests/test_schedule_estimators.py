"""Estimators with a schedule: what they store is what `fit` and `fit_cv` find."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, KFold

from excise import InputError, fit, fit_cv
from excise.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    SparseClassifier,
    SparseRegressor,
)
from excise.linear_model.warning import ConvergenceWarning
from excise.schedules import Adaptive, LocalLinear, PruneThenRefine, Reweighted

RNG = np.random.default_rng(2)
X = RNG.standard_normal((80, 8)) + 0.5 * RNG.standard_normal((80, 1))
Y = X[:, :3] @ [2.0, -1.0, 0.5] + RNG.standard_normal(80)
C = (Y > 0.0).astype(float)
SCHEDULES = [PruneThenRefine(0.2), Adaptive(), Reweighted(2), LocalLinear("mcp"), "prune:0"]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_drop_in_names_find_what_fit_finds(schedule):
    for model, settings in (
        (Lasso(alpha=0.2, schedule=schedule), {}),
        (ElasticNet(alpha=0.3, l1_ratio=0.4, schedule=schedule), {"l1_ratio": 0.4}),
    ):
        found = fit(X, Y, model.alpha, schedule=schedule, **settings)
        model.fit(X, Y)
        assert_allclose(model.coef_, found.coef, atol=1e-12)
        assert [stage.name for stage in model.stages_] == [stage.name for stage in found.stages]
        assert model.relative_gap_ == found.worst_gap <= 1e-10
    model = LogisticRegression(C=0.2, l1_ratio=1.0, schedule=schedule).fit(X, C)
    found = fit(X, C, 1.0 / (0.2 * 80), loss="logistic", schedule=schedule)
    assert_allclose(model.coef_[0], found.coef, atol=1e-9)
    assert len(model.stages_) == len(found.stages)


def test_each_target_has_stages_of_its_own():
    model = Lasso(alpha=0.2, schedule="prune:0").fit(X, np.stack([Y, -3.0 * Y, X[:, 5]], axis=1))
    assert [len(stages) for stages in model.stages_] == [2, 2, 2]
    assert_allclose(model.coef_[0], fit(X, Y, 0.2, schedule="prune:0").coef, atol=1e-12)
    assert Lasso().fit(X, Y).stages_ == ()


def test_cross_validated_names_choose_refine_too():
    folds = KFold(4)
    model = LassoCV(cv=folds, alphas=12, schedule="prune:0,0.5,1").fit(X, Y)
    label = np.zeros(80, dtype=int)
    for k, (_, test) in enumerate(folds.split(X)):
        label[test] = k
    found = fit_cv(X, Y, label, "min", alphas=model.alphas_, schedule="prune:0,0.5,1")
    assert model.schedule_ == found.schedule and model.alpha_ == found.alpha_
    assert_allclose(model.mse_path_, found.folds, rtol=1e-9)
    assert_allclose(model.coef_, found.best.coef, atol=1e-9)
    assert [stage.alpha for stage in model.stages_] == [s.alpha for s in found.best.stages]
    mixed = ElasticNetCV(cv=folds, alphas=8, l1_ratio=[0.5, 1.0], schedule=Adaptive()).fit(X, Y)
    again = fit(X, Y, mixed.alpha_, l1_ratio=mixed.l1_ratio_, schedule=Adaptive())
    assert_allclose(mixed.coef_, again.coef, atol=1e-7)
    plain = LassoCV(cv=folds, alphas=5).fit(X, Y)
    assert plain.stages_ == () and plain.schedule_ is None


def test_logistic_regression_cv_runs_the_schedule_in_every_fold():
    folds = KFold(3)
    model = LogisticRegressionCV(
        Cs=[0.05, 0.2], l1_ratios=[1.0], cv=folds, schedule="prune:0.3", use_legacy_attributes=False
    ).fit(X, C)
    for k, (train, _) in enumerate(folds.split(X)):
        for c, strength in enumerate([0.05, 0.2]):
            alpha = 1.0 / (strength * len(train))
            made = fit(X[train], C[train], alpha, loss="logistic", schedule="prune:0.3")
            assert_allclose(model.coefs_paths_[k, 0, c, 0, :-1], made.coef, atol=1e-7)
    found = fit(X, C, 1.0 / (model.C_ * 80), loss="logistic", schedule="prune:0.3")
    assert_allclose(model.coef_[0], found.coef, atol=1e-8)
    assert len(model.stages_) == 2


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_clones_and_pickles(schedule):
    model = SparseRegressor(schedule=schedule, alphas=10, cv=3, stability=0, decoys=0)
    assert clone(model).get_params()["schedule"] == schedule
    fitted = model.fit(X, Y)
    again = pickle.loads(pickle.dumps(fitted))
    assert_allclose(again.coef_, fitted.coef_)
    assert str(again.why(0)) == str(fitted.why(0))
    assert len(again.stages_) == len(fitted.stages_)


def test_a_grid_of_schedules():
    grid = {"schedule": [None, "static", "prune:0", PruneThenRefine(0.5), Adaptive()]}
    search = GridSearchCV(Lasso(alpha=0.3), grid, cv=3).fit(X, Y)
    scores = search.cv_results_["mean_test_score"]
    assert scores[0] == pytest.approx(scores[1]) and np.isfinite(scores).all()
    assert search.best_params_["schedule"] in grid["schedule"]


def test_the_regressor_of_the_house_tells_all():
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    model = SparseRegressor(schedule="prune:0,0.5", cv=4, alphas=30).fit(frame, Y)
    found = fit_cv(X, Y, 4, alphas=30, standardize=True, schedule="prune:0,0.5")
    assert model.cv_.schedule == found.schedule and model.alpha_ == found.alpha_
    assert_allclose(model.coef_, found.best.coef)
    ledger = model.ledger()
    assert ledger.columns[-1] == "stage" and set(ledger["stage"]) <= {"prune", "refine"}
    assert set(ledger.loc[ledger["coef"] != 0.0, "stage"]) == {"refine"}
    assert "Stages" in repr(model) and "<html" not in model._repr_html_()
    cut = ledger.loc[ledger["stage"] == "prune", "feature"].iloc[0]
    assert f"{cut} is cut: it earns " in str(model.why(cut))
    assert "at stage prune, so its coefficient is exactly zero." in str(model.why(cut))
    moved = model.at(n_features=3)
    assert np.count_nonzero(moved.coef_) == 3 and len(moved.stages_) == 2
    assert_allclose(moved.coef_, fit(X, Y, moved.alpha_, standardize=True,
                                     schedule=found.schedule).coef, atol=1e-10)  # fmt: skip
    assert moved.ledger()["tax"].max() == pytest.approx(moved.alpha_)
    assert "stage" not in SparseRegressor(cv=3, alphas=5).fit(frame, Y).ledger().columns


def test_another_score_keeps_the_choice():
    model = SparseRegressor(schedule="prune:0", scoring="mae", cv=4, alphas=15).fit(X, Y)
    assert model.model_.alpha == model.alpha_ and model.model_.schedule == "prune:0"


def test_changed_rows_are_found():
    moving = X.copy()
    model = SparseRegressor(schedule="prune:0.3", cv=3, alphas=10).fit(moving, Y)
    moving[:, 0] += Y
    with pytest.raises(InputError, match="X or y were changed after fit"):
        model.ledger()


def test_a_schedule_that_does_not_settle_warns():
    with pytest.warns(ConvergenceWarning, match="another step of the schedule would still change"):
        model = Lasso(alpha=0.2, schedule="log::1").fit(X, Y)
    assert len(model.stages_) == 2
    with pytest.warns(ConvergenceWarning, match="another step"):
        chosen = SparseRegressor(schedule="log::1", cv=3, alphas=10, rule="min").fit(X, Y)
    assert any("log::1: another step" in text for text in chosen.model_.warnings)


IRIS = load_iris(return_X_y=True)
BINARY = (
    "Only binary classification is supported. The type of the target is multiclass.\n"
    "  y holds 3 classes: 0, 1, 2\n"
    "  a schedule is for two classes\n"
    "  try: schedule=None, or sklearn.multiclass.OneVsRestClassifier(...)"
)
REFUSED = [
    (lambda: SparseClassifier(schedule="prune:0").fit(*IRIS), BINARY),
    (lambda: LogisticRegression(schedule="prune:0").fit(*IRIS), BINARY),
    (lambda: LogisticRegressionCV(schedule="prune:0").fit(*IRIS), BINARY),
    (
        lambda: fit(X, np.eye(3)[IRIS[1][:80]], 0.1, loss="multinomial", schedule="prune:0"),
        "a schedule takes two classes, but y has 3\n"
        "  try: schedule=None, or one class against the rest",
    ),
    (
        lambda: SparseRegressor(schedule="prune:0").fit(X, np.stack([Y, Y], axis=1)),
        "a schedule takes one output, but y has 2\n"
        "  try: a fit for each column of y, or schedule=None",
    ),
    (
        lambda: Lasso(schedule=PruneThenRefine((0.0, 1.0))).fit(X, Y),
        "the schedule has 2 values of refine\n"
        "  a fit takes one of them; cross-validation chooses\n"
        "  try: one value, or fit_cv",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_is_refused(call, message):
    with pytest.raises(InputError) as caught:
        call()
    assert str(caught.value) == message
