"""SparseClassifier of several classes, SparseRegressor of several responses, their ledgers."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

import excise
from excise.cross_validation import fit_cv
from excise.exceptions import InputError
from excise.explain.words import figures
from excise.linear_model import (
    CVDisplay,
    LedgerDisplay,
    LogisticRegression,
    MultiTaskElasticNet,
    PathDisplay,
    SparseClassifier,
    SparseRegressor,
)

matplotlib.use("Agg")
from matplotlib import pyplot

RNG = np.random.default_rng(3)
X = RNG.standard_normal((180, 7)) * np.geomspace(0.5, 2.0, 7) + 1.0
NAMES = np.array(["left", "middle", "right"])
B = np.zeros((7, 3))
B[[0, 3, 4]] = [[3.0, -1.0, 0.0], [0.0, 1.0, -1.0], [-1.0, 0.0, 1.0]]
CODE = (X @ B + RNG.gumbel(size=(180, 3))).argmax(axis=1)
Y = NAMES[CODE]
HOT = np.eye(3)[CODE]
RESPONSES = X @ B + RNG.standard_normal((180, 3)) + [0.0, 2.0, -1.0]
FAST = {"cv": 4, "alphas": 15, "stability": 0, "decoys": 0}
Z = (X - X.mean(axis=0)) / X.std(axis=0)


def fitted(kind, **more):
    if kind == "responses":
        return SparseRegressor(**FAST | more).fit(X, RESPONSES)
    return SparseClassifier(grouped=kind == "grouped", **FAST | more).fit(X, Y)


KINDS = ("classes", "grouped", "responses")


def left_of(kind, model, coef_std):
    """Minus the gradient of every coefficient on the standard scale, from the formula alone."""
    eta = Z @ coef_std.T + model.intercept_ + X.mean(axis=0) @ model.coef_.T
    if kind == "responses":
        return Z.T @ (RESPONSES - eta) / len(X)
    e = np.exp(eta)
    return Z.T @ (HOT - e / e.sum(axis=1, keepdims=True)) / len(X)


@pytest.mark.parametrize("rule", ["1se", "min"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_choice_is_that_of_fit_cv(kind, rule):
    model = fitted(kind, rule=rule)
    y, loss = (RESPONSES, "squared") if kind == "responses" else (HOT, "multinomial")
    found = fit_cv(X, y, 4, rule, alphas=15, loss=loss, standardize=True, grouped=kind != "classes")
    assert model.alpha_ == found.alpha_
    assert_allclose(model.coef_, found.best.coef.T, atol=1e-9)
    assert_allclose(model.coef_std_, model.coef_ * X.std(axis=0), rtol=1e-9)
    assert model.coef_.shape == (3, 7)
    assert model.intercept_.shape == (3,)
    assert model.relative_gap_ <= 1e-10
    by_hand = excise.certify(
        X, y, model.coef_.T, model.intercept_, model.alpha_, loss=loss, standardize=True,
        grouped=kind != "classes",
    )  # fmt: skip
    assert by_hand.relative_gap <= 1e-10


def test_one_alpha_is_that_of_the_drop_ins():
    model = SparseClassifier(alphas=[0.05], standardize=False, cv=3).fit(X, Y)
    same = LogisticRegression(alpha=0.05, l1_ratio=1.0).fit(X, Y)
    assert_allclose(model.predict_proba(X), same.predict_proba(X), atol=1e-8)
    assert_array_equal(model.predict(X), same.predict(X))
    assert model.score(X, Y) == np.mean(model.predict(X) == Y)
    several = SparseRegressor(alphas=[0.2], standardize=False, cv=3).fit(X, RESPONSES)
    task = MultiTaskElasticNet(alpha=0.2, l1_ratio=1.0).fit(X, RESPONSES)
    assert_allclose(several.coef_, task.coef_, atol=1e-9)
    assert_allclose(several.predict(X), task.predict(X), atol=1e-9)
    assert several.score(X, RESPONSES) == pytest.approx(task.score(X, RESPONSES), abs=1e-12)


def test_scores_and_weights_of_classes():
    for scoring in ("accuracy", "auc", "neg_log_loss", "f1_macro"):
        model = fitted("classes", scoring=scoring)
        assert model.cv_.greater_is_better
        assert np.all(np.isfinite(model.cv_.mean))
    w = RNG.integers(0, 3, 180)
    folds = np.arange(180) % 3
    weighted = SparseClassifier(**FAST | {"cv": folds}).fit(X, Y, sample_weight=w)
    rows = np.repeat(np.arange(180), w)
    repeated = SparseClassifier(**FAST | {"cv": folds[rows]}).fit(X[rows], Y[rows])
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    factor = {"left": 3.0, "middle": 0.5}
    mine = SparseClassifier(**FAST | {"cv": folds}, class_weight=factor).fit(X, Y)
    same = SparseClassifier(**FAST | {"cv": folds}).fit(
        X, Y, sample_weight=np.array([3.0, 0.5, 1.0])[CODE]
    )
    assert_allclose(mine.coef_, same.coef_, atol=1e-8)


# --- the ledger ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["1se", "min"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_accounts_are_those_of_the_formula(kind, rule):
    model = fitted(kind, rule=rule, l1_ratio=0.7)
    ledger = model.ledger()
    tax = 0.7 * model.alpha_
    assert_allclose(ledger["tax"], tax, rtol=1e-12)
    assert_allclose(ledger["margin"], ledger["earns"] - ledger["tax"], rtol=1e-12)
    earns = np.empty((7, 3))
    for j in range(7):
        for k in range(3):
            without = model.coef_std_.copy()
            without[slice(None) if kind != "classes" else k, j] = 0.0
            earns[j, k] = left_of(kind, model, without)[j, k]
    b = model.coef_std_.T
    if kind == "classes":
        assert ledger["feature"].to_list() == [f"x{j}" for j in range(7) for _ in range(3)]
        assert ledger["class"].to_list() == NAMES.tolist() * 7
        assert_allclose(ledger["earns"], np.abs(earns).ravel(), atol=1e-7)
        assert_allclose(ledger["coef"], model.coef_.T.ravel(), rtol=1e-12)
        size = b.ravel()
    else:
        assert ledger["feature"].to_list() == [f"x{j}" for j in range(7)]
        assert_allclose(ledger["earns"], np.linalg.norm(earns, axis=1), atol=1e-6)
        names = NAMES if kind == "grouped" else ["y0", "y1", "y2"]
        for k, name in enumerate(names):
            assert_allclose(ledger[f"coef[{name}]"], model.coef_[k], rtol=1e-12)
        size = np.linalg.norm(b, axis=1)
    assert_allclose(ledger["coef_std"], size, rtol=1e-12)
    kept = size != 0.0
    assert kept.any()
    assert rule == "min" or not kept.all()
    assert_array_equal(np.array(ledger["status"].to_list()) == "kept", kept)
    assert_array_equal(np.array(ledger["earns"].to_list()) > tax, kept)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_earned_alone_is_where_the_path_begins(kind):
    model = fitted(kind)
    ledger = model.ledger()
    assert ledger["earns_alone"].max() == pytest.approx(model.path_.alpha_max, rel=1e-9)
    none = SparseRegressor if kind == "responses" else SparseClassifier
    y = RESPONSES if kind == "responses" else Y
    more = {} if kind == "responses" else {"grouped": kind == "grouped"}
    bare = none(**FAST, fit_intercept=False, **more).fit(X, y)
    assert bare.ledger()["earns_alone"].max() == pytest.approx(bare.path_.alpha_max, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_entries_are_where_the_coefficients_are_seen_to_come_in(kind):
    model = fitted(kind, rule="min")
    seen = 0
    for row in model.ledger().iter_rows(named=True):
        if row["enters"] is None:
            continue
        j = int(row["feature"][1:])
        k = slice(None) if kind != "classes" else NAMES.tolist().index(row["class"])
        above, below = (model.at(row["enters"] * f).coef_[k, j] for f in (1.001, 0.999))
        assert not np.any(above)
        assert np.all(below)
        seen += 1
    assert seen >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_many_entries_are_told_as_the_grid_saw_them(kind, monkeypatch):
    model = fitted(kind, alphas=12, rule="min")
    exact = model.ledger()
    monkeypatch.setattr("excise.explain.entries.EXACT", 0)
    rough = fitted(kind, alphas=12, rule="min").ledger()
    taxes, seen = model.path_.alphas, 0
    for one, other in zip(exact.iter_rows(named=True), rough.iter_rows(named=True), strict=True):
        if one["enters"] is not None and other["enters"] is not None and one["leaves"] is None:
            below = taxes[taxes < one["enters"] * (1.0 - 1e-9)].max()  # the first is at taxes[0]
            assert other["enters"] == below
            seen += 1
    assert seen >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_decoys_are_entries_of_shuffled_tables(kind):
    model = fitted(kind, decoys=30, random_state=4)
    y = RESPONSES if kind == "responses" else HOT
    u, rng, best = y - y.mean(axis=0), np.random.default_rng(4), []
    for _ in range(30):
        earned = np.abs(Z.T @ u[rng.permutation(180)] / 180)
        best.append((earned if kind == "classes" else np.linalg.norm(earned, axis=1)).max())
    assert_allclose(model.ledger()["decoy95"], np.quantile(best, 0.95), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_half_samples_pick_what_is_strong(kind):
    model = fitted(kind, stability=12)
    ledger = model.ledger()
    shares = 12.0 * ledger["picked"].to_numpy()
    assert_allclose(shares, np.round(shares), atol=1e-9)
    strong = ledger.filter(pl.col("coef_std").abs() == pl.col("coef_std").abs().max())
    assert strong["picked"].to_list() == [1.0]
    assert ledger["picked"].min() < 1.0
    assert model.ledger().equals(fitted(kind, stability=12).ledger())


def test_why_says_what_the_ledger_says():
    model = fitted("classes")
    rows = list(model.ledger().iter_rows(named=True))
    for j in range(7):
        said = str(model.why(j)).splitlines()
        assert said[0] == f"x{j}, at a tax of {figures(model.alpha_)}:"
        assert str(model.why(f"x{j}")).splitlines() == said
        for line, row in zip(said[1:], rows[3 * j : 3 * j + 3], strict=True):
            assert line.startswith(f"  {row['class']}: {row['status']}: it earns")
            assert ("above" if row["coef"] else "short of") in line
    whole = str(fitted("grouped").why("x0"))
    assert "all 3 classes together: kept" in whole
    assert "per unit: left" in whole
    with pytest.raises(InputError, match="no feature named 'x9'"):
        model.why("x9")


def test_free_and_excluded_features():
    weight = np.array([0.0, np.inf, 1.0, 1.0, 2.0, 1.0, 1.0])
    for kind in KINDS:
        model = fitted(kind, penalty_weight=weight, decoys=10)
        ledger = model.ledger()
        status = dict(zip(ledger["feature"], ledger["status"], strict=True))
        assert status["x0"] == "free"
        assert status["x1"] == "excluded"
        assert np.any(model.coef_[:, 0])
        assert not np.any(model.coef_[:, 1])
        assert "free: it pays no tax" in str(model.why(0))
        assert "excluded" in str(model.why("x1"))


def test_sparse_tables_and_single_precision():
    table = np.where(np.abs(X) < 1.0, 0.0, X)
    for make, y in ((SparseClassifier, Y), (SparseRegressor, RESPONSES)):
        dense = make(**FAST | {"decoys": 5}).fit(table, y)
        sparse = make(**FAST | {"decoys": 5}).fit(sp.csc_array(table), y)
        assert_allclose(sparse.coef_, dense.coef_, atol=1e-8)
        for name in ("earns", "earns_alone", "decoy95"):
            assert_allclose(sparse.ledger()[name], dense.ledger()[name], atol=1e-8)
        assert_allclose(sparse._eta(sp.csr_array(table)), dense._eta(table), atol=1e-7)
        single = make(**FAST).fit(table.astype(np.float32), y)
        assert_allclose(single.coef_, dense.coef_, atol=1e-4)


def test_names_come_from_the_data():
    frame = pd.DataFrame(X, columns=list("abcdefg"))
    model = SparseClassifier(**FAST).fit(frame, pd.Series(Y))
    ledger = model.ledger()
    assert isinstance(ledger, pd.DataFrame)
    assert ledger["feature"].unique().tolist() == list("abcdefg")
    targets = pd.DataFrame(RESPONSES, columns=["u", "v", "w"])
    several = SparseRegressor(**FAST).fit(frame, targets)
    assert {"coef[u]", "coef[v]", "coef[w]"} <= set(several.ledger().columns)
    assert_allclose(several.coef_, SparseRegressor(**FAST).fit(X, RESPONSES).coef_)


def test_another_penalty_without_a_refit():
    for kind in KINDS:
        model = fitted(kind)
        few = model.at(n_features=3)
        assert np.count_nonzero(few.coef_.any(axis=0)) == 3
        low = model.at("min")
        assert low.alpha_ == model.cv_.alpha_min
        assert_allclose(low.ledger()["tax"], low.alpha_)
        assert_allclose(model.ledger()["tax"], model.alpha_)
        with pytest.raises(InputError, match="no alpha of the grid keeps exactly 100 features"):
            model.at(n_features=100)


# --- report, card, pictures ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_report_card_and_text_say_the_same(kind, tmp_path):
    model = fitted(kind, stability=5, decoys=10)
    model.report(tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    card, plain = model._repr_html_(), repr(model)
    kept = f"{np.count_nonzero(model.coef_.any(axis=0))} of 7 features"
    assert kept in page and kept in card and kept in plain
    assert len(card.encode()) <= 30_000
    assert plain.splitlines()[0].startswith(f"{type(model).__name__} of y")
    assert plain.endswith(f"ledger() for {7 if kind != 'classes' else 21} rows")
    assert all(len(line) <= 80 for line in plain.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_draw_what_their_frames_hold(kind):
    model = fitted(kind, stability=5, decoys=10)
    outputs, noun = model.model_.outputs, "response" if kind == "responses" else "class"
    K, n = len(outputs), len(model.path_)
    path = PathDisplay.from_estimator(model)
    frame = path.frame()
    assert list(frame.columns) == ["alpha", "feature", noun, "coef_std"]
    drawn = np.reshape(frame["coef_std"].to_numpy(), (7, K, n))
    assert_allclose(drawn, model.path_.coefs_std.toarray().reshape(7, K, n), rtol=1e-6)
    assert frame[noun].to_list() == [name for _ in range(7) for name in outputs for _ in range(n)]
    by_length = sorted(float(np.abs(line.get_ydata()).max()) for line in path.plot().lines_)
    lengths = np.linalg.norm(drawn, axis=1)
    lengths = lengths[lengths.any(axis=1)].max(axis=1)
    assert_allclose(by_length, np.sort(lengths))
    one = path.plot(output=outputs[1])
    assert {np.abs(line.get_ydata()).max() for line in one.lines_} <= set(
        np.abs(drawn[:, 1]).max(axis=1)
    )
    with pytest.raises(InputError, match=f"no {noun} named 'x'"):
        path.plot(output="x")
    ledger = model.ledger()
    bars = LedgerDisplay.from_estimator(model).plot(most=3)
    most = ledger.group_by("feature").agg(pl.col("earns").max())["earns"].sort(descending=True)
    assert_allclose([bar.get_width() for bar in bars.bars_], most[:3])
    assert LedgerDisplay.from_estimator(model).frame().equals(ledger)
    assert_allclose(CVDisplay.from_estimator(model).plot().line_.get_ydata(), model.cv_.mean)
    pyplot.close("all")


def test_one_output_has_no_others():
    model = SparseRegressor(**FAST).fit(X, RESPONSES[:, 0])
    with pytest.raises(InputError, match="the model has one output"):
        PathDisplay.from_estimator(model).plot(output="y")
    assert model.model_.outputs == ()


def test_a_name_twice_is_no_name():
    frame = pd.DataFrame(RESPONSES, columns=[1, "1", "w"])
    assert SparseRegressor(**FAST).fit(X, frame).model_.outputs == ("y0", "y1", "y2")


def test_classes_that_cannot_be_learnt():
    lone = np.where(np.arange(180) == 7, "lone", Y)
    with pytest.raises(InputError, match="y is 'lone' in one row only"):
        SparseClassifier(**FAST).fit(X, lone)
    with pytest.raises(InputError, match="one class only"):
        SparseClassifier(**FAST).fit(X, np.repeat("a", 180))
    with pytest.raises(InputError, match="bounds cannot be kept"):
        SparseClassifier(**FAST, grouped=True, bounds="positive").fit(X, Y)
    with pytest.raises(InputError, match="bounds are for one response; y has 3 columns"):
        SparseRegressor(**FAST, bounds="positive").fit(X, RESPONSES)
    with pytest.raises(InputError, match="the poisson loss has one predictor per row"):
        SparseRegressor(**FAST, loss="poisson").fit(X, np.exp(RESPONSES))
    positive = SparseClassifier(**FAST, bounds="positive").fit(X, Y)
    assert positive.coef_.min() >= 0.0
    assert positive.coef_.max() > 0.0


def test_rows_that_were_changed_are_not_explained():
    table = X.copy()
    model = SparseClassifier(**FAST).fit(table, Y)
    table[:, 0] = 0.0
    with pytest.raises(InputError, match="X or y were changed after fit"):
        model.ledger()
