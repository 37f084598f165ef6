"""The books balance: against the rows, against the certificate, against a solver's answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import TABLES

from excise.engine import fit_path
from excise.explain import Books
from excise.explain.rows import Rows
from excise.model.build import make_books
from excise.results import Path, Solution
from excise.verdicts import VerdictKind


def random_problem(seed: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Correlated columns with every setting that the books must carry."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 40)), int(rng.integers(1, 12))
    X = rng.standard_normal((n, p)) @ rng.standard_normal((p, p))
    X = X * np.exp(rng.normal(0.0, 2.0, p)) + rng.normal(0.0, 5.0, p)
    y = X @ rng.standard_normal(p) / X.std(0).max() + rng.standard_normal(n)
    weight = rng.choice([0.0, 0.5, 1.0, 1.0, 2.0, np.inf], p)
    problem = {
        "standardize": bool(rng.integers(2)),
        "fit_intercept": bool(rng.integers(2)),
        "l1_ratio": float(rng.choice([1.0, 1.0, 0.5])),
        "penalty_weight": weight,
        "sample_weight": rng.integers(0, 4, n) + (np.arange(n) < 6) * 1.0,
        "offset": rng.standard_normal(n),
        "bounds": "positive" if rng.integers(4) == 0 else None,
    }
    return X, y, problem


def solved(X: np.ndarray, y: np.ndarray, **problem: Any) -> tuple[Path, Solution, Books]:
    path = fit_path(X, y, 20, alpha_min_ratio=1e-3, **problem)
    solution = path.at(float(path.alphas[9]))
    return path, solution, make_books(Rows.of(path.problem, path.mean, path.scale), path, (1.0,))


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_account_adds_up(seed: int) -> None:
    X, y, problem = random_problem(seed)
    _, solution, books = solved(X, y, **problem)
    left = books.left(solution.coef_std)
    size = np.abs(books.xy * books.unit).max() + 1e-300
    for j in range(books.n_features):
        shares = books.shares(j, solution.coef_std)
        assert {k for k, _ in shares} == set(np.flatnonzero(solution.coef)) - {j}
        alone = abs(books.xy[j] * books.unit[j])
        sign = -1.0 if books.xy[j] < 0.0 else 1.0
        assert alone - sum(x for _, x in shares) == pytest.approx(sign * left[j], abs=1e-10 * size)


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_what_is_left_after_tax_is_the_coefficient(seed: int) -> None:
    X, y, problem = random_problem(seed)
    _, solution, books = solved(X, y, **problem)
    left, tax = books.left(solution.coef_std), books.tax(solution.alpha)
    b = solution.coef_std / books.unit if not problem["standardize"] else solution.coef_std
    size = np.abs(books.xy * books.unit).max() + 1e-300
    for j in np.flatnonzero(b):
        due = np.sign(b[j]) * (abs(left[j]) - tax[j]) / books.divisor(solution.alpha, j)
        assert b[j] == pytest.approx(due, abs=1e-9 * size / books.divisor(solution.alpha, j))
    zero = (b == 0.0) & (books.scale > 0.0)
    assert np.all(books.allowed(left)[zero] <= tax[zero] + 1e-9 * size)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_earnings_from_moments_are_those_of_the_rows(seed: int) -> None:
    X, y, problem = random_problem(seed)
    _, solution, books = solved(X, y, **problem)
    verdicts = solution.certificate.verdicts
    ours = books.allowed(books.left(solution.coef_std))
    counted = verdicts.kind != VerdictKind.EXCLUDED
    size = np.abs(books.xy * books.unit).max() + 1e-300
    np.testing.assert_allclose(ours[counted], verdicts.earns[counted], atol=1e-9 * size)
    np.testing.assert_allclose(books.tax(solution.alpha)[counted], verdicts.tax[counted])


@given(st.integers(0, 10_000), st.floats(0.01, 0.99))
@settings(max_examples=60, deadline=None)
def test_a_model_moves_without_its_rows(seed: int, part: float) -> None:
    X, y, problem = random_problem(seed)
    path, _, books = solved(X, y, **problem)
    alpha = float(path.alphas[0] * part)
    moved, direct = books.solve(alpha), path.at(alpha)
    size = np.abs(direct.coef_std).max() + 1e-300
    np.testing.assert_allclose(moved.coef_std, direct.coef_std, atol=1e-7 * size)
    assert moved.proof.rel_gap <= 1e-10
    fitted = X @ direct.coef + direct.intercept
    np.testing.assert_allclose(X @ moved.coef + moved.intercept, fitted, atol=1e-6 * np.ptp(y))
    w = path.problem.weights
    error = w @ (y - problem["offset"] - fitted) ** 2
    assert books.train_error(direct.coef_std) == pytest.approx(
        error, abs=1e-9 * 2 * books.null_loss
    )


@pytest.mark.parametrize("name", sorted(TABLES))
def test_hard_tables_move_to_certified_solutions(name: str) -> None:
    X, y = TABLES[name]()
    path, _, books = solved(X, y, standardize=True)
    for part in (1.5, 0.5, 0.1):
        alpha = float(path.alphas[0] * part)
        point, direct = books.solve(alpha), path.at(alpha)
        assert point.proof.rel_gap <= 1e-9
        objective = [
            books.train_error(b) / 2 + alpha * np.abs(b).sum()
            for b in (point.coef_std, direct.coef_std)
        ]
        assert objective[0] == pytest.approx(objective[1], abs=1e-9 * books.null_loss + 1e-300)


def test_twins_and_overlaps() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 200))
    X = np.column_stack([a, b, -a + 0.1 * b, 5.0 + a])
    _, _, books = solved(X, b + a, standardize=True)
    assert [k for k, _ in books.twins(0)] == [3, 2]
    assert books.twins(0)[1][1] == pytest.approx(np.corrcoef(X[:, 0], X[:, 2])[0, 1])
    assert books.overlaps(0.7)[0] == (0, 3, pytest.approx(1.0))
    assert books.twins(1) == []


def test_wide_tables_keep_a_block() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 400))
    path = fit_path(X, 3 * X[:, 399] + rng.standard_normal(60), 30, standardize=True)
    low = float(path.alphas[-1])
    books = make_books(Rows.of(path.problem, path.mean, path.scale), path, (low,))
    ever = set().union(*(path.columns.support(k).tolist() for k in range(len(path))))
    assert len(books.block) == 300 and ever <= set(books.block.tolist())
    assert books.floor == 0.0 and not books.complete
    left = books.left(path.at(low).coef_std)
    outside = np.setdiff1d(np.arange(400), books.block)
    assert np.isnan(left[outside]).all() and not np.isnan(left[books.block]).any()
    Z = (X - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(books.xy, Z.T @ (path.problem.y - path.problem.y.mean()) / 60)
    assert books.shares(int(outside[0]), path.at(low).coef_std) == []
    assert books.twins(int(outside[0])) == []


def test_tax_free_columns_come_before_the_first_ridge() -> None:
    """2026-11-23: a solve from a known point crashed, its Gram rows were never stored."""
    X, y, problem = random_problem(316)
    path = fit_path(X, y, 20, alpha_min_ratio=1e-3, **problem)
    near = path.at(float(0.98 * path.alphas[0]))
    assert near.certificate.relative_gap <= 1e-10
