"""SparseRegressor: the choice, the proof, the explanation, and what survives a copy."""

from __future__ import annotations

import copy
import json
import pickle
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning as PeerConvergenceWarning
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import excise
from excise.exceptions import ConvergenceWarning, InputError, InputTypeError
from excise.linear_model import ElasticNet, Lasso, LassoCV, Ridge, SparseRegressor
from excise.linear_model.warning import warn_if_uncertified

QUICK = {"stability": 5, "decoys": 5}


@pytest.fixture(scope="module")
def frames():
    table = excise.demo("diabetes")
    frame = nw.from_native(table).to_pandas()
    return frame.drop(columns="progression"), frame["progression"]


@pytest.fixture(scope="module")
def fitted(frames):
    return SparseRegressor(**QUICK).fit(*frames)


def test_the_one_standard_error_choice_on_diabetes(fitted):
    kept = {"bmi": 24.10, "ltg": 21.01, "bp": 9.47, "hdl": -5.91, "sex": -0.65}
    near = fitted.at(5.83)
    found = dict(zip(near.feature_names_in_, near.coef_std_, strict=True))
    assert {name for name, value in found.items() if value} == set(kept)
    for name, value in kept.items():
        assert found[name] == pytest.approx(value, abs=0.006)
    assert fitted.cv_.alpha_1se == fitted.alpha_ >= fitted.cv_.alpha_min
    assert fitted.relative_gap_ <= 1e-12
    assert fitted.certificate_.relative_gap == fitted.relative_gap_


def test_prediction_and_score_agree_with_the_attributes(fitted, frames):
    X, y = frames
    assert_allclose(fitted.predict(X), X.to_numpy() @ fitted.coef_ + fitted.intercept_)
    assert_allclose(fitted.coef_ * fitted.path_.scale, fitted.coef_std_)
    residual = y - fitted.predict(X)
    assert fitted.score(X, y) == pytest.approx(1 - residual.var() / y.var())


@pytest.mark.parametrize("convert, library", [
    (lambda X: X, pd.DataFrame),
    (pl.from_pandas, pl.DataFrame),
    (lambda X: X.to_numpy(), pl.DataFrame),
])  # fmt: skip
def test_the_ledger_comes_in_the_library_of_the_table(frames, convert, library):
    X, y = convert(frames[0]), frames[1]
    model = SparseRegressor(**QUICK).fit(X, y)
    ledger = model.ledger()
    assert isinstance(ledger, library)
    assert list(ledger.columns) == [
        "feature", "group", "earns", "earns_alone", "tax", "margin", "coef_std", "coef", "status",
        "enters", "leaves", "picked", "decoy95",
    ]  # fmt: skip
    rows = nw.from_native(ledger)
    assert len(rows) == 10
    left = np.maximum(rows["earns"].to_numpy() - rows["tax"].to_numpy(), 0.0)
    assert_allclose(left, np.abs(rows["coef_std"].to_numpy()), atol=1e-8)
    assert_allclose(model.coef_, SparseRegressor().fit(*frames).coef_, atol=1e-12)


def test_why_adds_up(fitted):
    account = fitted.at(5.83).why("glu")
    assert account.status == "cut"
    assert account.earns_alone - sum(part for _, part in account.shares) == pytest.approx(
        account.left, abs=1e-9
    )
    assert account.earns == pytest.approx(5.14, abs=0.01)
    assert fitted.why(9).feature == "glu"
    assert "glu is cut" in str(account)
    with pytest.raises(InputError, match="glue"):
        fitted.why("glue")


def test_another_penalty_needs_no_refit(fitted, frames):
    best = fitted.at("min")
    assert best.alpha_ == fitted.cv_.alpha_min
    assert best.at("1se").alpha_ == fitted.alpha_
    assert np.count_nonzero(fitted.at(n_features=3).coef_) == 3
    assert np.count_nonzero(fitted.at(3).coef_) == 3
    again = SparseRegressor(rule="min", **QUICK).fit(*frames)
    assert_allclose(best.coef_, again.coef_, atol=1e-10)
    assert_allclose(best.model_.coef, best.coef_, atol=1e-8)
    assert best.relative_gap_ <= 1e-12


def test_files(fitted, tmp_path, frames):
    fitted.save(tmp_path / "m.excise.json")
    loaded = excise.load(tmp_path / "m.excise.json")
    assert_allclose(loaded.predict(frames[0].to_numpy()), fitted.predict(frames[0]))
    assert loaded.target.name == "progression"
    assert json.loads((tmp_path / "m.excise.json").read_text())["format"]
    fitted.report(tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "progression" in text and "<script src" not in text
    with pytest.raises(excise.OutputError):
        fitted.report(tmp_path / "no such folder" / "r.html")


def test_what_it_says_of_itself(fitted):
    assert repr(SparseRegressor(rule="min")) == "SparseRegressor(rule='min')"
    text = str(fitted)
    assert text == repr(fitted)
    assert text.splitlines()[0] == "SparseRegressor of progression"
    for label in ("Tax", "Kept", "Score", "Verdict", "Proof", "ledger() for 10 rows"):
        assert label in text
    assert max(map(len, text.splitlines())) <= 80
    bundle = fitted._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert fitted._repr_html_() == bundle["text/html"]
    assert len(bundle["text/html"].encode()) <= 30_000 and "<script" not in bundle["text/html"]
    assert "text/html" in SparseRegressor()._repr_mimebundle_()
    assert SparseRegressor()._repr_html_()


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_still_explain(frames, duplicate):
    model = SparseRegressor(**QUICK).fit(*frames)
    other = duplicate(model)
    assert_allclose(other.predict(frames[0]), model.predict(frames[0]), atol=0)
    assert str(other) == str(model)
    assert_allclose(other.at(2.5).coef_, model.at(2.5).coef_, rtol=1e-12)
    for mine, theirs in zip(other.path_.events(), model.path_.events(), strict=True):
        assert mine[1:] == theirs[1:]
        assert mine.alpha == pytest.approx(theirs.alpha, rel=1e-12)
    assert not hasattr(clone(model), "coef_")


def test_no_explanation_of_other_rows(frames):
    X, y = frames[0].to_numpy().copy(), frames[1].to_numpy()
    model = SparseRegressor(**QUICK).fit(X, y)
    X[:, 2] *= 2.0
    with pytest.raises(InputError, match="X or y were changed after fit"):
        model.ledger()
    assert repr(model) == "SparseRegressor(decoys=5, stability=5)"


def test_the_same_call_gives_the_same_answer(frames):
    first, second = (SparseRegressor().fit(*frames) for _ in range(2))
    assert first.alpha_ == second.alpha_
    assert first.ledger().equals(second.ledger())
    assert SparseRegressor(random_state=None, **QUICK).fit(*frames).alpha_ > 0.0


def test_folds_of_every_kind(frames):
    X, y = frames
    groups = np.arange(len(y)) % 40
    drawn = SparseRegressor(cv=5, repeats=2).fit(X, y)
    assert drawn.cv_.folds.shape[1] == 10
    split = SparseRegressor(cv=KFold(5)).fit(X, y)
    pairs = SparseRegressor(cv=list(KFold(5).split(X))).fit(X, y)
    assert split.alpha_ == pairs.alpha_
    grouped = SparseRegressor(cv=GroupKFold(5)).fit(X, y, groups=groups)
    assert grouped.cv_.folds.shape[1] == 5
    together = SparseRegressor(cv=5).fit(X, y, groups=groups)
    fold = together.cv_.fold_of_row[0]
    assert all(len(set(fold[groups == g])) == 1 for g in range(40))


def test_settings_reach_the_solver(frames):
    X, y = frames
    weight = np.ones(10)
    weight[0], weight[2] = 0.0, np.inf
    model = SparseRegressor(penalty_weight=weight).fit(X, y)
    assert model.coef_[0] != 0.0 and model.coef_[2] == 0.0
    assert SparseRegressor(bounds="positive", rule="min").fit(X, y).coef_.min() == 0.0
    assert SparseRegressor(fit_intercept=False).fit(X, y).intercept_ == 0.0
    assert_allclose(SparseRegressor(alphas=[3.0, 1.0]).fit(X, y).cv_.alphas, [3.0, 1.0])


def test_in_the_company_of_scikit_learn(frames):
    X, y = frames
    assert cross_val_score(SparseRegressor(cv=5), X, y, cv=3).min() > 0.3
    search = GridSearchCV(SparseRegressor(cv=5), {"l1_ratio": [0.5, 1.0]}, cv=2).fit(X, y)
    assert search.best_estimator_.alpha_ > 0.0
    pipe = make_pipeline(StandardScaler(), SparseRegressor(cv=5)).fit(X, y)
    direct = SparseRegressor(cv=5).fit(X, y)
    assert_allclose(pipe.predict(X), direct.predict(X), rtol=1e-9)


def test_weights_do_not_depend_on_their_unit(frames):
    X, y = frames
    w = 0.5 + np.arange(len(y)) % 3
    model, scaled = (SparseRegressor().fit(X, y, sample_weight=s * w) for s in (1.0, 1e6))
    assert model.alpha_ == pytest.approx(scaled.alpha_, rel=1e-12)
    assert_allclose(model.coef_, scaled.coef_, rtol=1e-9)


@pytest.mark.parametrize("factor", [1e-100, 1e100])
def test_the_unit_of_the_target_does_not_matter(frames, factor):
    X, y = frames
    model, scaled = SparseRegressor().fit(X, y), SparseRegressor().fit(X, y * factor)
    assert_allclose(scaled.coef_ / factor, model.coef_, rtol=1e-9)


BAD = [
    ({"alpha": -1.0}, InputError, "alpha=-1.0 is not in"),
    ({"alpha": "1"}, InputTypeError, "alpha must be a number, not '1'"),
    ({"alpha": np.nan}, InputError, "alpha=nan is not in"),
    ({"l1_ratio": 1.5}, InputError, r"l1_ratio=1.5 is not in \[0, 1\]"),
    ({"fit_intercept": "no"}, InputTypeError, "fit_intercept must be True or False, not 'no'"),
    ({"max_iter": 0}, InputError, "max_iter=0 must be at least 1"),
    ({"max_iter": 1.5}, InputTypeError, "max_iter must be a whole number, not 1.5"),
    ({"selection": "best"}, InputError, "selection='best' must be one of 'cyclic', 'random'"),
    ({"tol": -1e-3}, InputError, "tol=-0.001 is not in"),
]


@pytest.mark.parametrize("parameter, kind, message", BAD)
def test_bad_parameters(parameter, kind, message):
    with pytest.raises(kind, match=message):
        ElasticNet(**parameter).fit([[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0])


@pytest.mark.parametrize("parameter, message", [
    ({"solver": "lbfgs"}, "positive=True only"),
    ({"solver": "svd", "positive": True}, "does not support positive fitting"),
    ({"alpha": [1.0, -1.0]}, r"alpha\[1\]=-1.0 is not in"),
])  # fmt: skip
def test_bad_ridge(parameter, message):
    with pytest.raises(InputError, match=message):
        Ridge(**parameter).fit([[0.0], [1.0], [3.0]], [0.0, 1.0, 2.0])


def test_bad_tables(frames):
    X, y = frames
    with pytest.raises(InputTypeError, match="column 'sex' of X holds"):
        Lasso().fit(X.assign(sex="f"), y)
    with pytest.raises(InputError, match="column 'bmi' of X has 442 missing values"):
        Lasso().fit(X.assign(bmi=np.nan), y)
    with pytest.raises(InputError, match="X holds NaN in row 0, column 1"):
        Lasso().fit([[0.0, np.nan], [1.0, 2.0]], [0.0, 1.0])
    with pytest.raises(ValueError, match="usable rows cannot fill 10 folds"):
        SparseRegressor().fit(X[:7], y[:7])
    with pytest.raises(ValueError, match="sample_weight"):
        Ridge().fit(X, y, sample_weight=-1.0)
    with pytest.raises(ValueError, match="feature names"):
        Lasso().fit(X, y).predict(X[X.columns[::-1]])


def test_not_fitted():
    with pytest.raises(NotFittedError):
        SparseRegressor().predict([[0.0]])
    with pytest.raises(NotFittedError):
        SparseRegressor().ledger()


def test_the_warning_says_gap_target_consequence_and_cure():
    with pytest.warns(ConvergenceWarning) as caught:
        warn_if_uncertified("Lasso", 0.1, 4e-6, 1e-10)
    text = str(caught[0].message)
    for words in ("4.0e-06", "tol=1.0e-10", "2.0e-03 standard deviations", "tol=4.4e-06"):
        assert words in text
    assert isinstance(caught[0].message, PeerConvergenceWarning)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_uncertified("Lasso", 0.1, 1e-10, 1e-10)


def test_the_warning_comes_exactly_when_the_gap_is_above_tol(rng):
    X = rng.standard_normal((30, 4))
    y = X[:, 0] + rng.standard_normal(30)
    gap = Lasso(alpha=0.1).fit(X, y).relative_gap_
    if gap > 0.0:
        with pytest.warns(ConvergenceWarning):
            Lasso(alpha=0.1, tol=gap / 2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Lasso(alpha=0.1, tol=gap).fit(X, y)
        LassoCV().fit(X, y)


def test_one_weight_for_all_rows_is_no_weight(rng):
    X, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
    assert_allclose(
        Lasso(alpha=0.05).fit(X, y, sample_weight=3.0).coef_, Lasso(alpha=0.05).fit(X, y).coef_
    )


@pytest.mark.parametrize("p", [1, 40])
def test_one_column_and_many(p, rng):
    X = rng.standard_normal((25, p))
    model = SparseRegressor(**QUICK).fit(X, 2 * X[:, 0] + 0.1 * rng.standard_normal(25))
    assert model.coef_[0] > 1.0
    assert len(model.ledger()) == p
