"""The one-page method against its own optimality conditions, public figures and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from tables import TABLES, Table, ar, duplicates, scaled, wide

from excise import reference
from excise.certify import certify
from excise.problem import make_problem

SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardized": {"standardize": True},
    "elastic": {"l1_ratio": 0.4},
    "ridge": {"penalty": "ridge", "standardize": True},
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3), "l1_ratio": 0.9},
    "no intercept": {"fit_intercept": False},
}


def grid(problem: Any, ratio: float = 1e-4, count: int = 12) -> np.ndarray:
    top = reference.top_tax(reference.standardise(problem)) / max(problem.l1_ratio, 1e-3) or 1.0
    return np.geomspace(top, top * ratio, count)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_table_is_solved_to_rounding(table: Table, settings: dict[str, Any]) -> None:
    X, y = table
    problem = make_problem(X, y, **settings)
    alphas = grid(problem)
    coefs, intercepts = reference.path(problem, alphas)
    gaps = [
        certify(X, y, coefs[:, k], intercepts[k], alpha, **settings).relative_gap
        for k, alpha in enumerate(alphas)
    ]
    assert max(gaps) <= 1e-10


def test_saturation_down_to_a_millionth() -> None:
    X, y = TABLES["saturating"]()
    problem = make_problem(X, y)
    alphas = grid(problem, 1e-6)
    coefs, intercepts = reference.path(problem, alphas)
    assert np.count_nonzero(coefs[:, -1]) == len(y) - 1
    assert certify(X, y, coefs[:, -1], intercepts[-1], alphas[-1]).relative_gap <= 1e-10


def test_diabetes_books(diabetes: Table) -> None:
    """The raw table at alpha 5.83, standardised: the numbers of the README."""
    X, y = diabetes
    coef, intercept = reference.solve(make_problem(X, y, standardize=True), 5.83)
    keeps = dict(enumerate(np.round(coef * X.std(axis=0), 2)))
    assert {j: b for j, b in keeps.items() if b} == {
        1: -0.65,
        2: 24.10,
        3: 9.47,
        6: -5.91,
        8: 21.01,
    }
    verdicts = certify(X, y, coef, intercept, 5.83, standardize=True).verdicts
    expected = [0.81, 6.48, 29.93, 15.30, 2.49, 2.40, 11.74, 3.61, 26.84, 5.14]
    np.testing.assert_allclose(verdicts.earns, expected, atol=0.006)
    np.testing.assert_allclose(
        np.abs(coef * X.std(axis=0)), np.maximum(verdicts.earns - 5.83, 0.0), atol=1e-10
    )


def test_alpha_max_is_tight_from_both_sides(table: Table) -> None:
    problem = make_problem(*table)
    top = reference.alpha_max(problem)
    assert not reference.solve(problem, top * (1 + 1e-9))[0].any()
    if top > 0.0:
        assert reference.solve(problem, top * (1 - 1e-6))[0].any()


def test_alpha_max_with_unpenalised_features() -> None:
    X, y = ar()
    weight = np.ones(30)
    weight[:2] = 0.0
    weight[4] = np.inf
    problem = make_problem(X, y, penalty_weight=weight)
    top = reference.alpha_max(problem)
    assert set(np.flatnonzero(reference.solve(problem, top * 1.000001)[0])) == {0, 1}
    below = reference.solve(problem, top * 0.999)[0]
    assert np.count_nonzero(below) == 3
    assert below[4] == 0.0
    ols = np.linalg.lstsq(np.c_[np.ones(60), X[:, :2]], y, rcond=None)[0]
    np.testing.assert_allclose(reference.solve(problem, top)[0][:2], ols[1:], rtol=1e-10)


def test_agrees_with_scikit_learn() -> None:
    X, y = wide()
    weight = np.random.default_rng(0).random(len(y))
    tight = {"tol": 1e-14, "max_iter": 200_000}
    pairs: list[tuple[dict[str, Any], float, Any]] = [
        ({}, 0.1, Lasso(alpha=0.1, **tight)),
        ({"l1_ratio": 0.3}, 0.2, ElasticNet(alpha=0.2, l1_ratio=0.3, **tight)),
        ({"bounds": "positive"}, 0.05, Lasso(alpha=0.05, positive=True, **tight)),
        ({"fit_intercept": False}, 0.1, Lasso(alpha=0.1, fit_intercept=False, **tight)),
        ({"penalty": "ridge"}, 0.3, Ridge(alpha=0.3 * weight.sum(), solver="cholesky")),
    ]
    for settings, alpha, theirs in pairs:
        theirs.fit(X, y, sample_weight=weight)
        problem = make_problem(X, y, sample_weight=weight, **settings)
        coef, intercept = reference.solve(problem, alpha)
        np.testing.assert_allclose(coef, theirs.coef_, atol=1e-9)
        np.testing.assert_allclose(intercept, theirs.intercept_, atol=1e-9)


def test_alpha_zero_is_least_squares() -> None:
    X, y = ar()
    coef, intercept = reference.solve(make_problem(X, y), 0.0)
    expected = np.linalg.lstsq(np.c_[np.ones(len(y)), X], y, rcond=None)[0]
    np.testing.assert_allclose(np.r_[intercept, coef], expected, atol=1e-10)
    X, y = TABLES["saturating"]()
    coef, intercept = reference.solve(make_problem(X, y), 0.0)
    np.testing.assert_allclose(X @ coef + intercept, y, atol=1e-10)


def test_offset_is_subtracted() -> None:
    X, y = ar()
    offset = np.linspace(-1.0, 1.0, len(y))
    left = reference.solve(make_problem(X, y, offset=offset), 0.1)
    right = reference.solve(make_problem(X, y - offset), 0.1)
    np.testing.assert_allclose(left[0], right[0], atol=1e-12)
    assert left[1] == pytest.approx(right[1], abs=1e-12)


@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e100, 1e150])
def test_any_unit_of_y(unit: float) -> None:
    X, y = ar()
    expected, _ = reference.solve(make_problem(X, y), 0.2)
    coef, _ = reference.solve(make_problem(X, y * unit), 0.2 * unit)
    np.testing.assert_allclose(coef / unit, expected, atol=1e-13)


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_any_unit_of_x(unit: float) -> None:
    """Standardised: a column in other units is the same column."""
    X, y = ar()
    expected, _ = reference.solve(make_problem(X, y, standardize=True), 0.2)
    coef, _ = reference.solve(make_problem(X * unit, y, standardize=True), 0.2)
    np.testing.assert_allclose(coef * unit, expected, atol=1e-12)


def test_permutation_of_the_columns() -> None:
    X, y = scaled()
    order = np.random.default_rng(0).permutation(X.shape[1])
    expected, _ = reference.solve(make_problem(X, y, standardize=True), 0.1)
    coef, _ = reference.solve(make_problem(X[:, order], y, standardize=True), 0.1)
    np.testing.assert_allclose(coef, expected[order], rtol=1e-9, atol=1e-12)


def test_twins_change_no_prediction() -> None:
    X, y = duplicates()
    alone = reference.solve(make_problem(X[:, :10], y), 0.1)
    doubled = reference.solve(make_problem(X, y), 0.1)
    np.testing.assert_allclose(X @ doubled[0] + doubled[1], X[:, :10] @ alone[0] + alone[1])


def test_integer_weights_are_repeated_rows() -> None:
    X, y = ar()
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    left = reference.solve(make_problem(X, y, sample_weight=weight, standardize=True), 0.1)
    rows = np.repeat(np.arange(len(y)), weight)
    right = reference.solve(make_problem(X[rows], y[rows], standardize=True), 0.1)
    np.testing.assert_allclose(left[0], right[0], atol=1e-12)
    assert left[1] == pytest.approx(right[1], abs=1e-12)


def test_weight_zero_is_removal_and_only_ratios_matter() -> None:
    X, y = ar()
    weight = np.r_[np.zeros(20), np.full(40, 1e-300)]
    left = reference.solve(make_problem(X, y, sample_weight=weight), 0.1)
    right = reference.solve(make_problem(X[20:], y[20:]), 0.1)
    np.testing.assert_allclose(left[0], right[0], atol=1e-12)


def test_a_column_constant_on_the_rows_with_weight_is_zero() -> None:
    X, y = ar()
    X[20:, 3] = 0.1
    weight = np.r_[np.zeros(20), np.ones(40)]
    coef, _ = reference.solve(make_problem(X, y, sample_weight=weight, standardize=True), 1e-3)
    assert coef[3] == 0.0
    assert np.all(np.isfinite(coef))


def test_a_constant_column_serves_without_an_intercept() -> None:
    """It is a column like any other there (glmnet drops it)."""
    X, y = ar(40, 3)
    X[:, 1] = 1.0
    coef, intercept = reference.solve(make_problem(X, y + 5.0, fit_intercept=False), 0.01)
    assert intercept == 0.0
    assert coef[1] > 3.0
