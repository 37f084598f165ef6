"""The one-page method against its own optimality conditions, public figures and scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from tables import TABLES, Table, ar, wide

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


def test_its_verdicts_are_those_of_the_verifier(table: Table) -> None:
    X, y = table
    std = reference.standardise(make_problem(X, y))
    alpha = 0.1 * reference.top_tax(std) or 1.0
    b = reference.walk(std, [alpha])[0]
    ours, theirs = reference.judge(std, alpha, b), certify(X, y, *std.original(b), alpha)
    np.testing.assert_array_equal(ours.verdicts.kind, theirs.verdicts.kind)
    np.testing.assert_allclose(ours.verdicts.earns, theirs.verdicts.earns, rtol=1e-7, atol=1e-7)
    assert max(ours.relative_gap, theirs.relative_gap) <= 1e-12


def test_a_ridge_has_no_alpha_max_unless_nothing_is_earned() -> None:
    X, y = ar()
    assert reference.alpha_max(make_problem(X, y, penalty="ridge")) == np.inf
    assert reference.alpha_max(make_problem(X, 0.0 * y, penalty="ridge")) == 0.0


def test_unpenalised_near_twins_stay_finite() -> None:
    """Two columns that differ by 1e-10: one carries the fit, the other is left alone."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(30)
    X = np.c_[x, x + 1e-10 * rng.standard_normal(30)]
    y = x + rng.standard_normal(30)
    coef, _ = reference.solve(make_problem(X, y, penalty_weight=[0.0, 0.0]), 1.0)
    assert np.count_nonzero(coef) == 1
    assert np.abs(coef).max() == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-6)
