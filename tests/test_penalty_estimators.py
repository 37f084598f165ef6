"""Estimators with a penalty beside the elastic net store what `fit` and `fit_cv` find."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from told_penalties import CONCAVE, GROUPED, GROUPS, PENALTIES, data

from excise import InputError, Survival, fit, fit_cv
from excise.exceptions import InputTypeError
from excise.linear_model import SparseClassifier, SparseRegressor, SparseSurvival
from excise.linear_model.warning import ConvergenceWarning
from excise.model import load
from excise.penalties import MCP, GroupLasso, OverlappingGroups

X, Y = data()
NAMES = [f"c{j}" for j in range(12)]
FOLDS = np.arange(100) % 4
FEW = {"cv": FOLDS, "alphas": 20, "stability": 4, "decoys": 10}


@pytest.mark.parametrize("name", PENALTIES)
def test_the_choice_is_that_of_fit_cv(name):
    model = SparseRegressor(penalty=PENALTIES[name], **FEW).fit(X, Y)
    found = fit_cv(X, Y, FOLDS, alphas=20, standardize=True, penalty=PENALTIES[name])
    assert model.alpha_ == found.alpha_1se and model.cv_.alphas.tolist() == found.alphas.tolist()
    assert_allclose(model.coef_, found.best.coef, atol=1e-12)
    assert model.certificate_.stationary == (name in CONCAVE)
    assert model.certificate_.locally_convex == found.best.certificate.locally_convex
    frame = model.ledger()
    assert ("together" in frame.columns) == (name in GROUPED)
    assert (frame["earns"] > frame["tax"]).to_list() == (model.coef_ != 0.0).tolist()
    lower = model.at(float(model.cv_.alphas[12]) * 1.03)  # between two alphas
    assert_allclose(lower.coef_, model.path_.at(lower.alpha_).coef, atol=1e-10)
    assert (lower.ledger()["coef_std"] != 0.0).to_list() == (lower.coef_ != 0.0).tolist()


def test_groups_by_name(tmp_path):
    frame = pd.DataFrame(X, columns=NAMES)
    named = GroupLasso([[NAMES[j] for j in members] for members in GROUPS], rest="alone")
    model = SparseRegressor(penalty=named, **FEW).fit(frame, Y)
    numbered = SparseRegressor(penalty=PENALTIES["group"], **FEW).fit(X, Y)
    assert_allclose(model.coef_, numbered.coef_, atol=1e-12)
    ledger = model.ledger().set_index("feature")
    assert ledger.loc["c3", "together"] == "c3, c9" and ledger.loc["c10", "together"] == ""
    assert "in or out together with c9" in str(model.why("c3"))
    assert "Groups" in repr(model) and "Groups" in model._repr_html_()
    model.save(tmp_path / "m.excise.json")
    again = load(tmp_path / "m.excise.json")
    assert again.why("c3") == model.why("c3")
    assert again.penalty.form.groups[:3] == tuple(map(tuple, GROUPS))
    with pytest.raises(InputError, match="group 0 names 'nobody'"):
        SparseRegressor(penalty=GroupLasso([["nobody"]], rest="alone")).fit(frame, Y)


def test_classes_and_survival_times_take_groups():
    _, classes = data("logistic")
    groups = PENALTIES["group"]
    model = SparseClassifier(penalty=groups, **FEW).fit(X, np.where(classes > 0, "yes", "no"))
    found = fit_cv(X, classes, FOLDS, alphas=20, loss="logistic", standardize=True, penalty=groups)
    assert_allclose(model.coef_[0], found.best.coef, atol=1e-10)
    assert [row.together for row in model.model_.ledger()][3] == ("x3", "x9")
    rng = np.random.default_rng(0)
    times = Survival(rng.exponential(np.exp(-X[:, 0])), rng.random(100) < 0.7)
    survival = SparseSurvival(penalty=groups, **FEW).fit(X, times)
    kept = survival.coef_ != 0.0
    assert all(len(set(kept[members])) == 1 for members in GROUPS)
    frame = survival.ledger()
    assert (frame["earns"] > frame["tax"]).to_list() == kept.tolist()


def test_copies_and_choices():
    model = SparseRegressor(penalty=MCP(2.0), **FEW).fit(X, Y)
    assert clone(model).penalty == MCP(2.0)
    again = pickle.loads(pickle.dumps(model))
    assert again.ledger().equals(model.ledger())
    search = GridSearchCV(
        SparseRegressor(**FEW | {"cv": 3}), {"penalty": [None, "mcp:3", PENALTIES["group"]]}, cv=3
    )
    assert search.fit(X, Y).best_score_ > 0.5
    plain = SparseRegressor(penalty="elastic:0.5", **FEW).fit(X, Y)
    mixed = SparseRegressor(l1_ratio=0.5, **FEW).fit(X, Y)
    assert_allclose(plain.coef_, mixed.coef_)
    assert plain.model_.to_json()[:60] == mixed.model_.to_json()[:60]


MANY = np.stack([Y, -Y], axis=1)
REFUSED = [
    (SparseRegressor(penalty="mcp"), MANY, "'mcp' cannot be solved directly with 2 outputs"),
    (SparseRegressor(penalty=GroupLasso(GROUPS, rest="alone")), MANY, "groups of columns take one"),
    (SparseRegressor(penalty="mcp", loss="huber"), Y, "directly with the huber loss"),
    (SparseRegressor(penalty="mcp", l1_ratio=0.5), Y, "directly with l1_ratio = 0.5"),
    (SparseRegressor(penalty="mcp", bounds="positive"), Y, "directly with bounds"),
    (SparseRegressor(penalty="mcp", schedule="prune:0"), Y, "and a schedule cannot be used"),
    (SparseRegressor(penalty="mcp:0.5"), Y, "shape is 0.5"),
    (SparseRegressor(penalty="lasso"), Y, "unknown penalty 'lasso'"),
    (SparseRegressor(penalty=3), Y, "penalty is of class int, without value and prox"),
    (SparseRegressor(penalty="sorted_l1"), Y, "SparseRegressor cannot explain penalty 'sorted_l1'"),
    (SparseRegressor(penalty=GroupLasso(GROUPS)), Y, "feature 8 is in no group"),
    (SparseRegressor(penalty=GroupLasso(GROUPS, rest="alone"), bounds="positive"), Y, "bounds"),
    (SparseClassifier(penalty="scad"), Y > 0.0, "directly with the logistic loss"),
    (SparseClassifier(penalty=OverlappingGroups([[0, 1]], rest="alone")), FOLDS, "this penalty"),
    (SparseSurvival(penalty="mcp"), Survival(np.exp(Y), Y > 0.0), "directly with the cox loss"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "y", "message"), REFUSED, ids=lambda x: str(x)[:40])
def test_what_is_refused(model, y, message):
    with pytest.raises((InputError, InputTypeError, ValueError), match=message):
        model.fit(X, y)


def test_a_point_that_is_not_stationary_is_warned_of():
    with pytest.warns(ConvergenceWarning, match="no stationary point"):
        SparseRegressor(penalty="mcp:3", tol=1e-300, **FEW).fit(X, Y)


def test_fit_at_one_alpha_of_a_convex_penalty_agrees():
    model = SparseRegressor(penalty=PENALTIES["sparse"], **FEW).fit(X, Y)
    direct = fit(X, Y, model.alpha_, standardize=True, penalty=PENALTIES["sparse"])
    assert_allclose(model.coef_, direct.coef, atol=1e-9)
