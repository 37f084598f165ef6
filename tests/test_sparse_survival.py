"""SparseSurvival: a scikit-learn estimator whose predictions are survival functions."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
from islp import brain_cancer
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold
from survival_reference import survival_data

from excise import SparseSurvival, Survival, fit, load
from excise.concordance import concordance, pairs_in_order
from excise.exceptions import InputError
from excise.model import Target


def test_it_is_the_chosen_point_of_the_path() -> None:
    X, y = survival_data()
    made = SparseSurvival(alphas=30, rule="min").fit(X, y)
    alone = fit(X, y, made.alpha_, loss="cox", standardize=True)
    np.testing.assert_allclose(made.coef_, alone.coef, atol=1e-8)
    assert made.relative_gap_ <= 1e-9
    assert made.intercept_ == 0.0
    np.testing.assert_allclose(made.predict(X), X @ made.coef_)
    assert made.score(X, y) > 0.6


def test_parameters_are_those_of_scikit_learn() -> None:
    made = SparseSurvival(ties="efron", alphas=12, cv=4, l1_ratio=0.9)
    again = clone(made)
    assert again.get_params() == made.get_params()
    X, y = survival_data()
    np.testing.assert_array_equal(made.fit(X, y).coef_, again.fit(X, y).coef_)
    with pytest.raises(InputError, match="ties='exact' must be one of 'breslow', 'efron'"):
        SparseSurvival(ties="exact").fit(X, y)


def test_it_can_be_searched() -> None:
    X, y = survival_data()
    grid = GridSearchCV(SparseSurvival(alphas=8, rule="min"), {"l1_ratio": [0.5, 1.0]}, cv=KFold(3))
    grid.fit(X, np.column_stack([y.time, y.event]))
    assert 0.5 < grid.best_score_ < 1.0


def test_sparse_and_named_columns() -> None:
    pandas = pytest.importorskip("pandas")
    X, y = survival_data()
    made = SparseSurvival(alphas=10, cv=3)
    wide = made.fit(X, y).coef_
    np.testing.assert_allclose(made.fit(scipy.sparse.csr_array(X), y).coef_, wide, atol=1e-9)
    frame = pandas.DataFrame(X, columns=[f"v{j}" for j in range(8)])
    np.testing.assert_allclose(made.fit(frame, y).coef_, wide, atol=1e-9)
    assert list(made.feature_names_in_) == list(frame.columns)
    np.testing.assert_allclose(made.predict(frame), X @ wide, atol=1e-9)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_without_coefficients_it_is_nelson_and_aalen(ties: str) -> None:
    X, y = survival_data()
    made = SparseSurvival(alphas=[1e6], cv=3, ties=ties).fit(X, y)
    assert not made.coef_.any()
    total, expected = 0.0, []
    for t in made.event_times_:
        d, n = int(np.sum(y.event[y.time == t])), int(np.sum(y.time >= t))
        total += d / n if ties == "breslow" else sum(1.0 / (n - k) for k in range(d))
        expected.append(total)
    np.testing.assert_allclose(made.baseline_cumulative_hazard_, expected)
    np.testing.assert_allclose(
        made.predict_survival_function(X[:2]), np.exp(-np.tile(expected, (2, 1)))
    )


def test_expected_events_are_those_that_came() -> None:
    """Breslow's estimator: the cumulative hazards at the rows' own times sum to the events."""
    X, y = survival_data(entry=True, strata=True)
    made = SparseSurvival(alphas=20, rule="min").fit(X, y)
    at_end, at_start = (
        np.diag(made.predict_cumulative_hazard_function(X, times, y.strata))
        for times in (y.time, y.entry)
    )
    assert np.sum(at_end - at_start) == pytest.approx(y.event.sum())


def test_survival_at_chosen_times() -> None:
    X, y = survival_data()
    made = SparseSurvival(alphas=20).fit(X, y)
    known = made.predict_survival_function(X)
    times = np.r_[0.0, made.event_times_, 1e9]
    shown = made.predict_survival_function(X, times)
    np.testing.assert_array_equal(shown[:, 0], 1.0)
    np.testing.assert_array_equal(shown[:, 1:-1], known)
    np.testing.assert_array_equal(shown[:, -1], known[:, -1])
    assert np.all(np.diff(shown, axis=1) <= 0.0)


def test_strata_are_asked_for() -> None:
    X, y = survival_data(strata=True)
    made = SparseSurvival(alphas=10, cv=3).fit(X, y)
    with pytest.raises(InputError, match="the model was fitted with strata"):
        made.predict_survival_function(X)
    with pytest.raises(InputError, match="strata is z in row 1, which no training row has"):
        made.predict_survival_function(X[:2], strata=["a", "z"])
    with pytest.raises(InputError, match=r"strata has shape \(1,\), but there are 2 rows"):
        made.predict_survival_function(X[:2], strata=["a"])
    plain = SparseSurvival(alphas=10, cv=3).fit(X, (y.time, y.event))
    with pytest.raises(InputError, match="the model was fitted with no strata"):
        plain.predict_survival_function(X, strata=y.strata)


@pytest.mark.parametrize("entry", [False, True])
@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("kind", ["alike", "integers", "any"])
def test_concordance_pair_by_pair(entry: bool, strata: bool, kind: str) -> None:
    _, y = survival_data(n=70, entry=entry, strata=strata)
    rng = np.random.default_rng(0)
    risk = rng.integers(0, 12, 70).astype(float)
    weights = {
        "alike": np.ones(70),
        "integers": rng.integers(0, 4, 70) * 1.0,
        "any": rng.random(70),
    }
    w = weights[kind]
    right = pairs = 0.0
    for i, j in permutations(range(70), 2):
        outlasts = y.time[j] > y.time[i] or (y.time[j] == y.time[i] and not y.event[j])
        inside = y.entry is None or y.entry[j] < y.time[i]
        same = y.strata is None or y.strata[i] == y.strata[j]
        if y.event[i] and outlasts and inside and same:
            pairs += w[i] * w[j]
            order = 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
            right += order * w[i] * w[j]
    assert pairs_in_order(y, risk, w) == pytest.approx((right, pairs), rel=1e-12)
    assert concordance(y, risk, w) == pytest.approx(right / pairs, rel=1e-12)
    if kind == "alike":
        assert concordance(y, risk) == concordance(y, risk, w)
    if kind == "integers":
        rows = np.repeat(np.arange(70), w.astype(int))
        assert concordance(y[rows], risk[rows]) == pytest.approx(right / pairs, rel=1e-12)
    with pytest.raises(InputError, match="no two rows can be compared"):
        concordance(Survival([1.0, 2.0], [0, 1]), np.zeros(2))
    nobody = Survival([1.0, 2.0, 3.0], [1, 1, 1], entry=[0.5, 1.5, 2.5])
    with pytest.raises(InputError, match="no two rows can be compared"):
        concordance(nobody, np.arange(3.0), np.array([0.1, 0.7, 0.3]))


def test_a_score_by_the_weights_of_its_rows() -> None:
    X, y = survival_data(n=80)
    w = np.arange(80) % 4 * 1.0
    rows = np.repeat(np.arange(80), w.astype(int))
    model = SparseSurvival(alphas=8, cv=3, stability=0, decoys=0).fit(X, y)
    assert model.score(X, y, w) == pytest.approx(model.score(X[rows], y[rows]), rel=1e-12)
    assert model.score(X, y) == model.score(X, y, np.full(80, 2.0))


# --- explanations --------------------------------------------------------------------------------


def test_it_explains_itself(tmp_path: Path) -> None:
    X, y = survival_data(entry=True, strata=True)
    model = SparseSurvival(stability=8, decoys=20, rule="min").fit(X, y)
    ledger = model.ledger()
    assert_allclose(ledger["coef"].to_numpy(), model.coef_)
    assert ledger["picked"].is_not_null().all() and ledger["decoy95"].is_not_null().all()
    assert str(model.why(0)).startswith("x0 is kept: it earns")
    assert repr(model).startswith("SparseSurvival of time\n")
    assert re.search(r"concordance 0\.\d\d \+/- 0\.\d\d held out \(0\.5 = no order\)", repr(model))
    assert "text/html" in model._repr_mimebundle_()
    model.report(tmp_path / "r.html")
    assert "Does a higher risk mean an earlier event?" in (tmp_path / "r.html").read_text()
    model.save(tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    assert again.task == "survival" and again.loss == "cox"
    assert again.target == Target("time", event="event", entry="entry", strata="strata")
    assert again.followup is not None and again.followup.levels == ("a", "b", "c")
    times = np.array([0.0, 1.0, 4.5, 9.0, 1e6])
    survival = model.predict_survival_function(X, times, y.strata)
    assert_allclose(again.survival(X, times, y.strata), survival, rtol=1e-12)
    assert_allclose(again.predict(X), np.exp(model.predict(X) - model.centre_), rtol=1e-12)
    assert again.predict(X.mean(axis=0, keepdims=True)) == pytest.approx(1.0)


def test_another_penalty_is_another_baseline() -> None:
    X, y = survival_data()
    model = SparseSurvival(alphas=30, stability=0, decoys=0).fit(X, y)
    other = model.at("min")
    assert other.alpha_ == model.cv_.alpha_min < model.alpha_
    direct = SparseSurvival(alphas=30, rule="min").fit(X, y)
    assert_allclose(other.coef_, direct.coef_, atol=1e-9)
    assert_allclose(
        other.predict_survival_function(X), direct.predict_survival_function(X), atol=1e-9
    )
    assert not np.allclose(other.baseline_cumulative_hazard_, model.baseline_cumulative_hazard_)
    assert other.model_.risk_groups is not None and other.model_.risk_groups.alpha == other.alpha_
    with pytest.raises(InputError, match="the model file holds no baseline hazard"):
        model.model_.at("min").survival(X, [1.0])


def test_what_the_parts_of_y_are_called() -> None:
    X, y = survival_data()
    settings = {"alphas": 8, "cv": 3, "stability": 0, "decoys": 0}
    fields = np.array(
        list(zip(y.event > 0, y.time, strict=True)), dtype=[("died", bool), ("months", float)]
    )
    named = SparseSurvival(**settings).fit(X, fields).model_
    assert named.target == Target("months", event="died")
    assert named.equation().startswith("log hazard ratio of died = ")
    plain = SparseSurvival(**settings).fit(X, np.column_stack([y.time, y.event]))
    assert plain.model_.target == Target("time", event="event")
    assert_allclose(plain.coef_, SparseSurvival(**settings).fit(X, fields).coef_)


def test_one_weight_for_all_rows_changes_nothing() -> None:
    X, y = survival_data()
    plain = SparseSurvival(alphas=10, cv=3).fit(X, y)
    assert_allclose(SparseSurvival(alphas=10, cv=3).fit(X, y, sample_weight=2.0).coef_, plain.coef_)
    with pytest.raises(InputError, match="sample_weight"):
        SparseSurvival().fit(X, y, sample_weight=-1.0)


def test_brain_cancer_is_starved_of_events_not_of_rows() -> None:
    X, time, event = brain_cancer()
    model = SparseSurvival(rule="min", stability=0, decoys=0).fit(X, (time, event))
    kept = int(np.count_nonzero(model.coef_))
    assert event.sum() < 5 * kept <= len(event)
    code, said = model.model_.verdict
    assert code == "DATA-STARVED"
    assert said == f"35 events for {kept} kept features: fewer than 5 events each"


def test_no_explanation_of_other_rows() -> None:
    X, y = survival_data()
    rows = X.copy()
    model = SparseSurvival(alphas=20, rule="min").fit(rows, y)
    rows[:, 0] *= -1.0
    with pytest.raises(InputError, match="X or y were changed after fit"):
        model.ledger()


@pytest.mark.parametrize("schedule", ["prune:0", "adaptive:lasso"])
def test_a_schedule_is_that_of_fit(schedule: str) -> None:
    X, y = survival_data(n=150, seed=4)
    made = SparseSurvival(schedule=schedule, cv=4, alphas=15, rule="min").fit(X, y)
    alone = fit(X, y, made.alpha_, loss="cox", standardize=True, schedule=schedule)
    assert_allclose(made.coef_, alone.coef, atol=1e-8)
    assert [stage.name for stage in made.stages_] == [stage.name for stage in alone.stages]
    assert made.relative_gap_ <= 1e-10
    expected = np.diag(made.predict_cumulative_hazard_function(X, y.time))
    assert expected.sum() == pytest.approx(y.event.sum())
