"""The books of losses other than the squared one: measured on the rows, and exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loss_models import SPECS, crossed, loss_model, rows

from excise.cross_validation import cross_validate, held_out_predictors
from excise.engine import Session, solve_path
from excise.exceptions import InputError
from excise.explain.classes import class_report, separation
from excise.explain.rows import Rows
from excise.explain.stability import _strata, stability
from excise.folds import make_folds
from excise.losses import loss_of
from excise.problem import make_problem
from excise.verdicts import VerdictKind

SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"penalty": "elastic:0.5"},
    {"standardize": False},
    {"bounds": "positive"},
)


def slope(spec: str, j: int, coef: np.ndarray, intercept: float) -> float:
    """|d loss / d b_j| at b_j = 0 per standard deviation, the others held, by differences."""
    X, y = rows(spec)
    loss = loss_of(spec)
    z = (X[:, j] - X[:, j].mean()) / X[:, j].std()
    eta = intercept + X @ coef - z * coef[j] * X[:, j].std()
    h = 1e-5
    up, down = (float(np.mean(loss.value(y, eta + s * h * z))) for s in (1.0, -1.0))
    return abs(up - down) / (2.0 * h)


SMOOTH = [spec for spec in SPECS if not loss_of(spec).kinked]


@pytest.mark.parametrize("spec", SMOOTH)
def test_earnings_are_the_slope_at_zero_with_the_others_held(spec: str) -> None:
    for model in (loss_model(spec), loss_model(spec).at(float(loss_model(spec).path.alphas[15]))):
        for j, row in enumerate(model.ledger()):
            expected = slope(spec, j, model.coef, model.intercept)
            assert row.earns == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("spec", SPECS)
def test_the_highest_earner_alone_is_the_first_to_enter(spec: str) -> None:
    model = loss_model(spec)
    alone = [row.earns_alone for row in model.ledger()]
    assert max(alone) == pytest.approx(model.alpha_max, rel=1e-9)
    assert model.path.events[0].feature == int(np.argmax(alone))


@pytest.mark.parametrize("spec", SMOOTH)
def test_alone_is_the_slope_at_the_intercept(spec: str) -> None:
    model, nothing = loss_model(spec), np.zeros(6)
    _, y = rows(spec)
    loss = loss_of(spec)
    assert abs(float(np.mean(loss.gradient(y, np.full(len(y), model.books.centre))))) < 1e-12
    for j, row in enumerate(model.ledger()):
        expected = slope(spec, j, nothing, model.books.centre)
        assert row.earns_alone == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("spec", SPECS)
def test_kept_if_and_only_if_it_earns_more_than_its_tax(
    spec: str, settings: dict[str, Any]
) -> None:
    model = loss_model(spec, **settings)
    alphas = [float(alpha) for alpha in model.path.alphas[1:]]
    kept = set()
    for at in [None, "min", "1se", *alphas]:
        for row in model.ledger(at):
            kept.add(row.status)
            if row.status != "borderline":
                assert (row.earns > row.tax) == (row.coef != 0.0), (at, row)
    assert {"kept", "cut"} <= kept


@pytest.mark.parametrize("spec", SPECS)
def test_no_sum_is_claimed_where_none_is_exact(spec: str) -> None:
    model = loss_model(spec)
    why = model.why("x0")
    assert not why.additive and why.shares == () and why.left == why.earns
    text = str(why)
    assert "with the others in" in text and "already earned" not in text
    assert "so what is left" not in text
    assert not model.ledger().same_unit


@pytest.mark.parametrize("spec", SMOOTH)
def test_crossings_are_where_the_support_changes(spec: str) -> None:
    model, path = loss_model(spec), crossed(spec).path
    for event in model.path.events[1:]:
        near = np.array([event.alpha * 1.0001, event.alpha * 0.9999])
        columns = solve_path(path.problem, near).columns
        inside = [event.feature in columns.support(k) for k in (0, 1)]
        assert inside == ([False, True] if event.kind == "enters" else [True, False])
    assert {e.feature for e in model.path.events} == set(path.columns.indices.tolist())


def test_half_samples_hold_half_of_each_class() -> None:
    X, y = rows("logistic")
    problem = make_problem(X, y, loss="logistic", standardize=True)
    path = solve_path(problem, 5)
    parts = _strata(Rows.of(problem, path.mean, path.scale))
    assert [len(part) for part in parts] == [int(y.sum()), int((1 - y).sum())]
    rare = np.zeros(len(y))
    rare[:2] = 1.0
    problem = make_problem(X, rare, loss="logistic", standardize=True)
    path = solve_path(problem, 5)
    found = stability(Rows.of(problem, path.mean, path.scale), path.alphas, 10)
    assert np.all((found.picked >= 0.0) & (found.picked <= 1.0))


def test_a_log_link_always_has_a_row_above_zero() -> None:
    X, _ = rows("poisson")
    y = np.zeros(len(X))
    y[:2] = 3.0
    problem = make_problem(X, y, loss="poisson", standardize=True)
    path = solve_path(problem, 5)
    found = stability(Rows.of(problem, path.mean, path.scale), path.alphas, 10)
    assert np.isfinite(found.picked).all()


def test_measures_of_classes_are_those_of_the_held_out_rows() -> None:
    X, y = rows("logistic")
    session = Session(make_problem(X, y, loss="logistic", standardize=True))
    folds = make_folds(len(y), 4, stratify=y)
    alphas = session.grid(10)[3:6]
    told = class_report(session.problem, folds, alphas, float(alphas[1]))
    again = cross_validate(session, folds, alphas=alphas, scoring="auc")
    assert [m.cv for m in told.measures if m.name == "auc"] == pytest.approx(again.mean)
    assert [m.se for m in told.measures if m.name == "auc"] == pytest.approx(again.se)
    assert [m.train for m in told.measures if m.name == "auc"] == pytest.approx(again.train)
    assert {m.name for m in told.measures} == {"accuracy", "auc"} and len(told.measures) == 6
    parts = held_out_predictors(session, folds, alphas)
    right = np.mean([np.mean((eta[2] > 0) == (y[part] > 0.5)) for part, eta in parts])
    [found] = [m for m in told.measures if m.name == "accuracy" and m.alpha == alphas[1]]
    assert found.cv == pytest.approx(right)
    assert found.null == pytest.approx(max(y.mean(), 1 - y.mean()), abs=0.05)
    counts = told.separation.counts
    assert counts.sum() == len(y) and counts[1].sum() == y.sum()
    assert np.trace(counts) == sum(np.sum((e[2] > 0) == (y[r] > 0.5)) for r, e in parts)


def test_a_fold_of_one_class_has_no_area_under_the_curve() -> None:
    X, y = rows("logistic")
    session = Session(make_problem(X, y, loss="logistic", standardize=True))
    order = np.argsort(y, kind="stable")
    labels = np.empty(len(y), dtype=int)
    labels[order] = np.arange(len(y)) * 8 // len(y)
    told = class_report(session.problem, make_folds(len(y), labels), session.grid(10)[3:5], 1.0)
    assert {m.name for m in told.measures} == {"accuracy"}


def test_separation_of_a_perfect_and_of_a_useless_predictor() -> None:
    y = np.repeat([0.0, 1.0], 300)
    best = separation(1.0, y, y - 0.5, None)
    assert best.counts.tolist() == [[300, 0], [0, 300]] and len(best.predicted) == 0
    assert best.false_alarms.tolist() == [0.0, 0.0, 1.0] and best.found.tolist() == [0.0, 1.0, 1.0]
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(600)
    none = separation(1.0, y, noise, 1 / (1 + np.exp(-noise)))
    assert len(none.found) <= 81 and none.found[-1] == none.false_alarms[-1] == 1.0
    assert np.abs(none.found - none.false_alarms).max() < 0.15
    assert len(none.predicted) == len(none.observed) == 10
    assert np.all(np.diff(none.predicted) >= 0)


def test_a_model_that_was_not_saved_at_a_penalty_says_which_it_holds() -> None:
    model = loss_model("poisson")
    first, second = (float(alpha) for alpha in model.path.alphas[9:11])
    between = float(np.sqrt(first * second))
    with pytest.raises(InputError) as error:
        model.at(between)
    assert "the model file has no solution at penalty" in str(error.value)
    assert "the poisson loss cannot be solved again without the rows" in str(error.value)
    assert "it holds 30 penalties; the nearest: " in str(error.value)
    assert model.at(float(f"{first:.3g}")).alpha == first  # as the ledger shows it
    assert model.at(2).n_kept == 2
    assert model.at(first).certificate.rel_gap <= 1e-9
    kinds = model.at(first).certificate.kinds
    assert set(kinds) <= {VerdictKind.KEPT, VerdictKind.KKT}
