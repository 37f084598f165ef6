"""The books of the Cox model, and how well its risks order held-out rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from survival_models import (
    KINDS,
    crossed,
    folds_of,
    problem_of,
    survival_model,
    ties_of,
    times_of,
)
from survival_reference import survival_data, value_and_slopes

from excise import fit
from excise.concordance import concordance, pairs_in_order
from excise.cross_validation import fit_cv, held_out_predictors
from excise.engine import Session, solve_path
from excise.explain.baseline import Baseline, baseline_of
from excise.explain.rows import Rows
from excise.explain.stability import _strata
from excise.explain.survivors import at_risk, risk_groups, survival_report
from excise.folds import TRAIN, make_folds
from excise.penalties import GroupLasso, OverlappingGroups
from excise.problem import make_problem
from excise.survival import Survival


def slope(kind: str, j: int, coef: np.ndarray) -> float:
    """|d loss / d b_j| at b_j = 0 per standard deviation, the others held, by the definition."""
    X, y = times_of(kind)
    z = (X[:, j] - X[:, j].mean()) / X[:, j].std()
    eta = X @ coef - X[:, j] * coef[j]
    return abs(float(z @ value_and_slopes(y, eta, ties=ties_of(kind))[1]))


@pytest.mark.parametrize("kind", KINDS)
def test_earnings_are_the_slope_at_zero_with_the_others_held(kind: str) -> None:
    chosen = survival_model(kind)
    for model in (chosen, chosen.at("min"), chosen.at(float(chosen.path.alphas[10]))):
        for j, row in enumerate(model.ledger()):
            assert row.earns == pytest.approx(slope(kind, j, model.coef), rel=1e-6, abs=1e-8)
            alone = slope(kind, j, np.zeros(len(model.coef)))
            assert row.earns_alone == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_kept_if_and_only_if_it_earns_more_than_its_tax(kind: str) -> None:
    model, kept = survival_model(kind), set()
    alone = [row.earns_alone for row in model.ledger()]
    assert max(alone) == pytest.approx(model.alpha_max, rel=1e-9)
    assert model.path.events[0].feature == int(np.argmax(alone))
    for at in [None, "min", "1se", *map(float, model.path.alphas[1:])]:
        for row in model.ledger(at):
            kept.add(row.status)
            if row.status != "borderline":
                assert (row.earns > row.tax) == (row.coef != 0.0), (at, row)
    assert {"kept", "cut"} <= kept
    assert "with the others in" in str(model.why("x0"))


@pytest.mark.parametrize("kind", KINDS)
def test_crossings_are_where_the_support_changes(kind: str) -> None:
    model, path = survival_model(kind), crossed(kind).path
    for event in model.path.events[1:]:
        near = np.array([event.alpha * 1.0001, event.alpha * 0.9999])
        columns = solve_path(path.problem, near).columns
        inside = [event.feature in columns.support(k) for k in (0, 1)]
        assert inside == ([False, True] if event.kind == "enters" else [True, False])


def test_half_samples_hold_half_of_the_events() -> None:
    problem, path = problem_of("strata"), crossed("strata").path
    parts = _strata(Rows.of(problem, path.mean, path.scale))
    events = int(problem.y.sum())
    assert [len(part) for part in parts] == [events, problem.n - events]
    model = survival_model("strata")
    assert model.stability is not None and model.decoys is not None
    assert 0.0 < model.decoys.median < model.decoys.q95
    first = model.ledger("min")["x0"]
    assert first.picked == 1.0 and first.enters is not None and first.enters > model.decoys.q95


def test_every_fold_has_its_share_of_events() -> None:
    X, y = survival_data(n=100)
    rare = Survival(y.time, np.arange(100) % 9 == 0)
    found = fit_cv(X, rare, cv=4, alphas=5, loss="cox")
    counts = [int(rare.event[found.fold_of_row[0] == k].sum()) for k in range(4)]
    assert max(counts) - min(counts) <= 1
    free = fit_cv(X, rare, cv=4, alphas=5, loss="cox", stratify=False)
    assert not np.array_equal(free.fold_of_row, found.fold_of_row)


# --- concordance ---------------------------------------------------------------------------------


def pairs(y: Survival, risk: np.ndarray) -> tuple[float, int]:
    """Pairs in order, and all that can be compared, one by one."""
    right, total = 0.0, 0
    for i, j in permutations(range(len(y)), 2):
        outlasts = y.time[j] > y.time[i] or (y.time[j] == y.time[i] and not y.event[j])
        inside = y.entry is None or y.entry[j] < y.time[i]
        same = y.strata is None or y.strata[i] == y.strata[j]
        if y.event[i] and outlasts and inside and same:
            total += 1
            right += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    return right, total


@pytest.mark.parametrize("kind", KINDS)
def test_the_concordance_is_that_of_held_out_pairs_within_a_fold(kind: str) -> None:
    X, y = times_of(kind)
    model, problem, folds = survival_model(kind), problem_of(kind), folds_of(kind)
    alphas = np.array(sorted({model.alpha, model.alpha_min}, reverse=True))
    parts = held_out_predictors(Session(problem), folds, alphas)
    counted = np.array([pairs(y[rows], eta[1]) for rows, eta in parts])
    told = model.measured("concordance")
    assert told is not None and told.null == 0.5
    assert told.cv == pytest.approx(counted[:, 0].sum() / counted[:, 1].sum())
    right, total = pairs(y, X @ model.coef)
    assert told.train == pytest.approx(right / total)
    left_out = counted.sum(axis=0) - counted  # the jackknife over folds
    again = left_out[:, 0] / left_out[:, 1]
    jackknife = np.sqrt(len(again) - 1) * again.std()
    assert told.se == pytest.approx(jackknife, rel=0.25)


def test_held_out_pairs_count_by_their_weights() -> None:
    y = times_of("plain")[1]
    w = np.random.default_rng(2).integers(0, 4, len(y)) * 1.0
    problem, folds = replace(problem_of("plain"), sample_weight=w), folds_of("plain")
    alphas = crossed("plain").alphas[10:11]
    told = survival_report(problem, folds, alphas, float(alphas[0])).measures[0]
    parts = held_out_predictors(Session(problem), folds, alphas)
    copies = [np.repeat(np.arange(len(rows)), w[rows].astype(int)) for rows, _ in parts]
    counted = np.array(
        [pairs(y[rows[c]], eta[1][c]) for c, (rows, eta) in zip(copies, parts, strict=True)]
    )
    assert told.cv == pytest.approx(counted[:, 0].sum() / counted[:, 1].sum(), rel=1e-12)


def test_repeats_do_not_make_the_error_smaller() -> None:
    problem = problem_of("plain")
    alphas = crossed("plain").alphas[10:11]
    ses = []
    for repeats in (1, 4):
        folds = make_folds(problem.n, 5, repeats=repeats, stratify=problem.y, random_state=0)
        found = survival_report(problem, folds, alphas, float(alphas[0]))
        ses.append(found.measures[0].se)
        assert found.groups is not None and found.groups.rows.sum() == problem.n
    assert 0.4 * ses[0] < ses[1] < 2.5 * ses[0]


def test_folds_without_a_comparable_pair_have_no_say() -> None:
    problem = problem_of("plain")
    label = np.arange(problem.n) % 5
    label[:2] = 5, 6  # two folds of a row each
    folds = make_folds(problem.n, label)
    found = survival_report(problem, folds, np.array([0.05]), 0.05)
    assert 0.5 < found.measures[0].cv < 1.0
    one_by_one = make_folds(problem.n, np.arange(problem.n))
    alone = survival_report(problem, one_by_one, np.array([0.05]), 0.05)
    assert alone.measures == () and alone.groups is not None


# --- groups by risk ------------------------------------------------------------------------------


def kaplan_meier(y: Survival, times: np.ndarray) -> list[float]:
    """By the definition, one time after the other."""
    entry = np.full(len(y), -np.inf) if y.entry is None else y.entry
    left, found = 1.0, []
    for t in times:
        watched = int(np.sum((entry < t) & (t <= y.time)))
        died = int(np.sum((y.time == t) & (y.event > 0)))
        left *= 1.0 - died / watched if watched else 1.0
        found.append(left)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_thirds_of_held_out_rows_with_their_kaplan_meier_curves(kind: str) -> None:
    _, y = times_of(kind)
    model, problem, folds = survival_model(kind), problem_of(kind), folds_of(kind)
    groups = model.risk_groups
    assert groups is not None and groups.alpha == model.alpha and len(groups.rows) == 3
    assert groups.rows.sum() == len(y) and groups.events.sum() == y.event.sum()
    assert groups.rows.max() - groups.rows.min() <= 3
    parts = held_out_predictors(Session(problem), folds, np.array([model.alpha]))
    eta = np.empty(len(y))
    for rows, predictors in parts:
        eta[rows] = predictors[1]
    order = np.argsort(eta, kind="stable")
    for g, rows in enumerate(np.split(order, np.cumsum(groups.rows)[:-1])):
        np.testing.assert_allclose(
            groups.observed[g], kaplan_meier(y[rows], groups.times), atol=1e-6
        )
    assert np.all(np.diff(groups.expected, axis=1) <= 0.0)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if ties_of(kind) == "breslow"])
def test_as_many_events_are_expected_as_came(kind: str) -> None:
    """Breslow's baseline: summed over groups and times, expected events are the observed ones."""
    groups = survival_model(kind).risk_groups
    assert groups is not None and len(groups.times) < 80
    steps = -np.diff(np.log(groups.expected), axis=1, prepend=0.0)
    assert np.sum(steps * groups.at_risk) == pytest.approx(groups.events.sum(), rel=1e-5)


def test_equal_risks_are_one_group_whose_expected_curve_is_nelson_and_aalen() -> None:
    _, y = times_of("plain")
    problem = problem_of("plain")
    groups = risk_groups(1.0, problem, np.arange(problem.n), np.zeros(problem.n))
    assert groups is not None and groups.names == ("all",)
    died = [np.sum((y.time == t) & (y.event > 0)) for t in groups.times]
    watched = [np.sum(y.time >= t) for t in groups.times]
    total = np.cumsum(np.array(died) / np.array(watched))
    np.testing.assert_allclose(groups.expected[0], np.exp(-total))
    np.testing.assert_array_equal(groups.at_risk[0], watched)
    two = risk_groups(1.0, problem, np.arange(problem.n), np.arange(problem.n) % 2.0)
    assert two is not None and two.names == ("low", "high") and two.rows.tolist() == [75, 75]
    censored = np.flatnonzero(y.event == 0.0)
    assert risk_groups(1.0, problem, censored, np.zeros(len(censored))) is None


def test_weights_are_repetitions() -> None:
    X, y = times_of("entry")
    w = np.arange(len(y)) % 3
    again = np.repeat(np.arange(len(y)), w)
    eta = X[:, 0]
    weighted = make_problem(X, y, loss="cox", sample_weight=w)
    repeated = make_problem(X[again], y[again], loss="cox")
    kept = np.flatnonzero(w)
    one = risk_groups(1.0, weighted, kept, (eta[kept] > 0).astype(float))
    other = risk_groups(1.0, repeated, np.arange(len(again)), (eta[again] > 0).astype(float))
    assert one is not None and other is not None
    np.testing.assert_allclose(one.observed, other.observed)
    np.testing.assert_allclose(one.expected, other.expected)


def test_rows_at_risk_by_the_definition() -> None:
    _, y = times_of("both")
    assert y.entry is not None
    weight, times = np.random.default_rng(0).random(len(y)), np.array([0.5, 1.0, 3.0, 1e9])
    expected = [weight[(y.entry < t) & (t <= y.time)].sum() for t in times]
    np.testing.assert_allclose(at_risk(y, weight, times), expected, atol=1e-12)


# --- baseline ------------------------------------------------------------------------------------


def test_a_stratum_without_weight_has_no_hazard() -> None:
    X, y = times_of("strata")
    assert y.strata is not None
    problem = make_problem(X, y, loss="cox", sample_weight=(y.strata != "b").astype(float))
    base = baseline_of(problem, np.zeros(len(y)))
    assert base.hazard.shape == (3, len(base.times)) and not base.hazard[1].any()
    assert base.hazard[[0, 2], -1].min() > 0.0


def test_a_thinned_baseline_is_right_at_the_times_it_has() -> None:
    whole = Baseline(np.arange(1.0, 1001.0), np.cumsum(np.ones((2, 1000)), axis=1))
    thin = whole.thinned(50)
    assert len(thin.times) == 50 and thin.last == whole.last and whole.thinned(1000) is whole
    np.testing.assert_array_equal(thin.cumulative(thin.times), whole.cumulative(thin.times))
    np.testing.assert_array_equal(thin.cumulative(np.array([0.0])), np.zeros((2, 1)))


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "prune:0"},
        {"schedule": "mcp"},
        {"penalty": GroupLasso([0, 0, 1, 1, 2, 2, 3, 3])},
        {"penalty": OverlappingGroups([[0, 1, 2], [2, 3, 4], [5, 6, 7]])},
    ],
    ids=lambda settings: str(next(iter(settings.values())))[:18],
)
def test_risks_of_held_out_rows_are_those_of_the_model(settings: dict[str, Any]) -> None:
    """Of a schedule its last stage, of groups theirs: fold by fold, solved by hand."""
    X, y = survival_data(n=150, seed=4)
    more: dict[str, Any] = {"loss": "cox", "standardize": True} | settings
    problem, alphas = make_problem(X, y, **more), np.array([0.1, 0.04])
    folds = make_folds(150, 4, stratify=y.event, random_state=0)
    report = survival_report(problem, folds, alphas, 0.04)
    for measure, alpha in zip(report.measures, alphas.tolist(), strict=True):
        right, pairs = np.zeros(2)
        for roles in folds.roles:
            train = roles == TRAIN
            found = fit(X[train], y[train], alpha, **more)
            counted = pairs_in_order(y[~train], X[~train] @ found.coef)
            right, pairs = right + counted[0], pairs + counted[1]
        assert measure.cv == pytest.approx(right / pairs, abs=1e-12)
        own = fit(X, y, alpha, **more).coef
        assert measure.train == pytest.approx(concordance(y, X @ own), abs=1e-12)
    assert report.groups is not None
