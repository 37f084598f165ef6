"""Sparse solutions of linear systems: against an LP, the conditions of optimality, each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.optimize import linprog
from tables import Array

import excise
from excise import Pursuit, Status, basis_pursuit
from excise.exceptions import InputError, InputTypeError

KINDS = ("normal", "integer", "twins", "low rank", "zero rows", "tall", "0/1", "signs", "units")


def system(kind: str, seed: int) -> tuple[Array, Array]:
    """A small consistent system whose b is made of few columns, or of all."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(2, 8)), int(rng.integers(2, 14))
    A = rng.integers(-2, 3, (n, p)).astype(float)
    if kind == "normal":
        A = rng.standard_normal((n, p))
    elif kind == "twins":
        A = np.hstack([A, -A[:, : p // 2], A[:, :1]])
    elif kind == "low rank":
        A = rng.integers(-1, 2, (n, 2)) @ rng.integers(-2, 3, (2, p)).astype(float)
    elif kind == "zero rows":
        A[0], A[:, 0] = 0.0, 0.0
    elif kind == "tall":
        A = np.vstack([A, A[::-1], A @ np.diag(np.ones(p))])
    elif kind == "0/1":
        A = (A > 0.0).astype(float)
    elif kind == "signs":
        A = np.sign(rng.standard_normal((n, p)))
    elif kind == "units":
        A = A * 10.0 ** rng.integers(-1, 2, p)
    x = np.zeros(A.shape[1])
    few = rng.permutation(len(x))[: int(rng.integers(1, len(x) + 1))]
    x[few] = rng.integers(-3, 4, len(few))
    return A, A @ x


SYSTEMS = [(kind, seed) for kind in KINDS for seed in range(8)]


def cheapest(A: Array, b: Array) -> float:
    """The smallest |x|_1 by HiGHS, which shares nothing with the path."""
    found = linprog(np.ones(2 * A.shape[1]), A_eq=np.hstack([A, -A]), b_eq=b, method="highs")
    assert found.status == 0
    return float(found.fun)


def spread(A: Array, b: Array, norm1: float) -> float:
    """By how much a coefficient differs among the x with A x = b and the smallest norm."""
    p, widest = A.shape[1], 0.0
    for j in range(p):
        ends = []
        for sign in (1.0, -1.0):
            cost = np.zeros(2 * p)
            cost[[j, p + j]] = sign, -sign
            found = linprog(
                cost,
                A_eq=np.hstack([A, -A]),
                b_eq=b,
                A_ub=np.ones((1, 2 * p)),
                b_ub=[norm1 * (1.0 + 1e-9)],
                method="highs",
            )
            assert found.status == 0
            ends.append(sign * found.fun)
        widest = max(widest, ends[1] - ends[0])
    return widest


def is_solution(A: Array, b: Array, found: Pursuit) -> None:
    """Feasible, with a feasible dual point of the same value: nothing is cheaper."""
    assert found.status is Status.OPTIMAL
    assert found.norm1 == pytest.approx(np.abs(found.coef).sum())
    assert np.linalg.norm(b - A @ found.coef) <= 1e-10 * np.linalg.norm(b)
    assert np.abs(A.T @ found.dual).max() <= 1.0 + 1e-12
    assert b @ found.dual == pytest.approx(found.norm1, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize(("kind", "seed"), SYSTEMS)
def test_equality_is_the_linear_program(kind: str, seed: int) -> None:
    A, b = system(kind, seed)
    found = basis_pursuit(A, b)
    is_solution(A, b, found)
    assert found.norm1 == pytest.approx(cheapest(A, b), rel=1e-8, abs=1e-8)
    assert len(found.support) <= np.linalg.matrix_rank(A)


@pytest.mark.parametrize(("kind", "seed"), SYSTEMS[::2])
def test_unique_is_what_the_linear_program_says(kind: str, seed: int) -> None:
    A, b = system(kind, seed)
    found = basis_pursuit(A, b)
    assert found.unique is (spread(A, b, found.norm1) < 1e-5), found.reason
    assert not (found.unique and found.twins)


@settings(max_examples=60, deadline=None)
@given(
    A=arrays(np.int8, st.tuples(st.integers(1, 4), st.integers(1, 7)), elements=st.integers(-2, 2)),
    data=st.data(),
)
def test_small_integer_systems(A: Any, data: st.DataObject) -> None:
    b = data.draw(arrays(np.int8, len(A), elements=st.integers(-4, 4))).astype(float)
    A = A.astype(float)
    away = float(np.linalg.norm(b - A @ np.linalg.lstsq(A, b, rcond=None)[0]))
    if away > 1e-9:
        with pytest.raises(InputError, match="A x = b has no solution"):
            basis_pursuit(A, b)
        found = basis_pursuit(A, b, sigma=away)  # just what is possible
        assert found.status is Status.OPTIMAL
        is_solution(A, A @ found.coef, basis_pursuit(A, A @ found.coef))
        assert found.norm1 == pytest.approx(cheapest(A, A @ found.coef), rel=1e-8, abs=1e-8)
    else:
        found = basis_pursuit(A, b)
        is_solution(A, b, found)
        assert found.norm1 == pytest.approx(cheapest(A, b), rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("kind", "seed"), SYSTEMS)
def test_three_forms_are_one(kind: str, seed: int) -> None:
    """A noise level, the budget that its answer spends, and the lasso's conditions for both."""
    A, b = system(kind, seed)
    b = b + np.random.default_rng(seed).integers(-1, 2, len(b))
    away = float(np.linalg.norm(b - A @ np.linalg.lstsq(A, b, rcond=None)[0]))
    size = float(np.linalg.norm(b))
    if size - away < 1e-9:  # no column says anything about b
        assert not basis_pursuit(A, b, sigma=size).coef.any()
        return
    for share in (1e-2, 0.3, 0.8):
        sigma = away + share * (size - away)
        noise = basis_pursuit(A, b, sigma=sigma)
        budget = basis_pursuit(A, b, budget=noise.norm1)
        assert noise.residual_norm == pytest.approx(sigma, rel=1e-10)
        assert budget.norm1 == pytest.approx(noise.norm1, rel=1e-10)
        assert budget.residual_norm == pytest.approx(sigma, rel=1e-9)
        assert noise.unique is budget.unique
        for found in (noise, budget):
            assert found.status is Status.OPTIMAL
            r, kept = b - A @ found.coef, found.support
            c = A.T @ r / found.tax
            assert np.abs(c).max() <= 1.0 + 1e-8
            np.testing.assert_allclose(c[kept], np.sign(found.coef[kept]), atol=1e-8)
        u = noise.dual
        assert noise.bound == pytest.approx(b @ u - sigma * np.linalg.norm(u))
        assert noise.bound == pytest.approx(noise.norm1, rel=1e-9)
        u = budget.dual / np.linalg.norm(budget.dual)
        assert budget.bound == pytest.approx(b @ u - noise.norm1 * np.abs(A.T @ u).max())
        assert budget.bound == pytest.approx(sigma, rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_loose_budget_is_least_squares(kind: str) -> None:
    A, b = system(kind, 3)
    b = b + np.arange(len(b)) % 3
    found = basis_pursuit(A, b, budget=1e4)
    away = np.linalg.norm(b - A @ np.linalg.lstsq(A, b, rcond=None)[0])
    assert found.status is Status.OPTIMAL
    assert found.residual_norm == pytest.approx(away, rel=1e-9, abs=1e-9)
    assert found.norm1 == pytest.approx(cheapest(A, A @ found.coef), rel=1e-8)
    assert found.unique is bool(np.linalg.matrix_rank(A) == A.shape[1])
    assert "the budget does not bind" in found.reason


def test_the_gap_bounds_what_is_missing() -> None:
    """Whatever x, the bound of the dual alone is below every feasible |x|_1."""
    A, b = system("normal", 5)
    found = basis_pursuit(A, b)
    null = np.linalg.svd(A)[2][np.linalg.matrix_rank(A) :]
    assert len(null) > 0
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = found.coef + null.T @ rng.standard_normal(len(null)) * 10.0 ** rng.uniform(-6, 0)
        assert np.abs(other).sum() >= found.bound


@pytest.mark.parametrize("storage", ["csc", "csr", "float32", "fortran", "frame"])
def test_any_storage(storage: str) -> None:
    A, b = system("integer", 4)
    made = {
        "csc": sparse.csc_array,
        "csr": sparse.csr_array,
        "float32": np.float32,
        "fortran": np.asfortranarray,
        "frame": pd.DataFrame,
    }[storage](A)
    plain = basis_pursuit(A, b)
    for settings_ in ({}, {"sigma": 0.5}, {"budget": 0.5 * plain.norm1}):
        left, right = basis_pursuit(A, b, **settings_), basis_pursuit(made, b, **settings_)
        assert right.norm1 == pytest.approx(left.norm1, rel=1e-12)
        assert right.residual_norm == pytest.approx(left.residual_norm, abs=1e-10)
        assert right.unique is left.unique


def test_few_unknowns_are_recovered_and_proved() -> None:
    rng = np.random.default_rng(1)
    A, x = rng.standard_normal((60, 240)), np.zeros(240)
    x[rng.permutation(240)[:10]] = rng.standard_normal(10)
    found = basis_pursuit(A, A @ x)
    np.testing.assert_allclose(found.coef, x, atol=1e-12)
    assert found.unique is True
    assert found.support.tolist() == np.flatnonzero(x).tolist()


def test_a_constant_column_is_a_column() -> None:
    """And the order and signs of columns, and the unit of b, change nothing."""
    rng = np.random.default_rng(3)
    A = np.hstack([3.0 * np.ones((6, 1)), rng.standard_normal((6, 14))])
    b = A @ np.append([2.0, -1.0], np.zeros(13))
    found = basis_pursuit(A, b)
    is_solution(A, b, found)
    assert found.coef[0] == pytest.approx(2.0)
    order, sign = rng.permutation(15), np.sign(rng.standard_normal(15))
    other = basis_pursuit(A[:, order] * sign, 1e-6 * b)
    np.testing.assert_allclose(other.coef * sign, 1e-6 * found.coef[order], atol=1e-18)


def test_twins_are_named() -> None:
    A = np.array([[1.0, 0.0, 1.0, 0.2], [0.0, 1.0, 0.0, 0.2]])
    found = basis_pursuit(A, [3.0, 0.0])
    assert found.unique is False
    assert found.twins == ((0, 2),)
    assert "not unique" in found.summary()


def test_nothing_to_explain() -> None:
    A = np.array([[1.0, 2.0], [0.0, 0.0]])
    for found in (
        basis_pursuit(A, [0.0, 0.0]),
        basis_pursuit(A, [3.0, 4.0], sigma=5.0),
        basis_pursuit(A, [3.0, 4.0], budget=0),
        basis_pursuit(A, [0.0, 4.0], budget=1.0),
        basis_pursuit(0.0 * A, [3.0, 4.0], sigma=6.0),
        basis_pursuit([[1.0], [1.0]], [1.0, -1.0], sigma=1.414213562373095),  # |b|, rounded down
    ):
        assert not found.coef.any()
        assert found.status is Status.OPTIMAL
        assert found.gap == 0.0 and found.infeasibility < 1e-15
    assert basis_pursuit(A, [3.0, 4.0], budget=0).unique is True


def test_answers_say_what_they_are() -> None:
    A, b = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), [2.0, 2.0]
    found = basis_pursuit(pd.DataFrame(A, columns=["s", "t", "both"]), b)
    assert repr(found).startswith("Pursuit(equality, kept=1 of 3, norm1=2, ")
    assert found.summary() == (
        "optimal to 1e-15 (duality gap), feasible to 1e-15, unique: "
        "columns with |a'dual| = 1: 1, independent"
    )
    assert found.feature_names == ("s", "t", "both")
    assert excise.basis_pursuit is basis_pursuit


ROWS = np.array([[1.0, 0.0], [0.0, 0.0]])
REFUSED: list[tuple[type[Exception], str, tuple[Any, Any], dict[str, Any]]] = [
    (
        InputError,
        "A x = b has no solution: b is 4 away from the span of the columns\n  try: sigma >= 4",
        (ROWS, [3.0, 4.0]),
        {},
    ),
    (
        InputError,
        "no x satisfies the constraint: b is 4.56789 away from the span of the columns\n"
        "  |b - A x|_2 <= sigma = 2\n"
        "  try: sigma >= 4.568",
        (ROWS, [3.0, 4.56789]),
        {"sigma": 2},
    ),
    (
        InputError,
        "A x = b has no solution: b is 5 away from the span of the columns\n  try: sigma >= 5",
        (0.0 * ROWS, [3.0, 4.0]),
        {},
    ),
    (
        InputError,
        "sigma and budget cannot both be given\n"
        "  one bounds |b - A x|_2, the other |x|_1, and the rest is minimised\n"
        "  try: leave one of them out",
        (ROWS, [1.0, 0.0]),
        {"sigma": 1.0, "budget": 1.0},
    ),
    (
        InputError,
        "sigma is -1.0; it must be a finite number >= 0",
        (ROWS, [1.0, 0.0]),
        {"sigma": -1},
    ),
    (
        InputError,
        "budget is nan; it must be a finite number >= 0",
        (ROWS, [1.0, 0.0]),
        {"budget": np.nan},
    ),
    (InputTypeError, "sigma must be a number, not 'much'", (ROWS, [1.0, 0.0]), {"sigma": "much"}),
    (InputError, "tol is 0.0; it must be finite and > 0", (ROWS, [1.0, 0.0]), {"tol": 0.0}),
    (InputError, "A has 2 rows but b has 3 values", (ROWS, [1.0, 2.0, 3.0]), {}),
    (
        InputError,
        "A must have two dimensions (rows, features), got shape (2,)\n"
        "  try: A.reshape(-1, 1) for a single feature",
        (ROWS[0], [1.0, 2.0]),
        {},
    ),
    (InputError, "b must have one dimension, got shape (2, 2)", (ROWS, ROWS), {}),
    (
        InputError,
        "b holds NaN in row 1\n  try: fill or drop such rows",
        (ROWS, [1.0, np.nan]),
        {},
    ),
    (
        InputError,
        "A holds infinity in row 0, column 1\n  try: fill or drop such rows",
        (np.array([[1.0, np.inf], [0.0, 1.0]]), [1.0, 1.0]),
        {},
    ),
    (
        InputTypeError,
        "A holds complex numbers (dtype complex128), not numbers",
        (1j * ROWS, [1, 2]),
        {},
    ),
]


@pytest.mark.parametrize(("kind", "message", "data", "wanted"), REFUSED)
def test_refused(kind: type[Exception], message: str, data: Any, wanted: dict[str, Any]) -> None:
    with pytest.raises(kind) as caught:
        basis_pursuit(*data, **wanted)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("seed", range(5))
def test_the_named_sigma_works(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((7, 3)), rng.standard_normal(7)
    with pytest.raises(InputError) as caught:
        basis_pursuit(A, b)
    found = basis_pursuit(A, b, sigma=float(caught.value.remedy.removeprefix("sigma >= ")))
    assert found.status is Status.OPTIMAL
