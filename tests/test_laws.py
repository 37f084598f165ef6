"""Laws that any solver of this problem must obey: the reference and the engine, in turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import TABLES, Array, Table, ar, duplicates, scaled, wide

from excise import reference
from excise.certify import certify
from excise.engine import fit, fit_path
from excise.problem import make_problem
from excise.verdicts import VerdictKind

Answer = tuple[Array, float]
Solver = Callable[..., Answer]


def by_reference(X: Any, y: Any, alpha: float, **problem: Any) -> Answer:
    return reference.solve(make_problem(X, y, **problem), alpha)


def by_engine(X: Any, y: Any, alpha: float, **problem: Any) -> Answer:
    made = fit(X, y, alpha, **problem)
    return made.coef, made.intercept


@pytest.fixture(params=[by_reference, by_engine])
def solver(request: pytest.FixtureRequest) -> Solver:
    return request.param


def same(left: Answer, right: Answer, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(left[0], right[0], rtol=1e-9, atol=atol)
    assert left[1] == pytest.approx(right[1], rel=1e-9, abs=1e-9)


PROBLEMS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardized": {"standardize": True},
    "elastic": {"l1_ratio": 0.4},
    "ridge": {"penalty": "ridge", "standardize": True},
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3), "l1_ratio": 0.9},
    "no intercept": {"fit_intercept": False},
}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_a_path_is_certified_at_every_alpha(table: Table, problem: dict[str, Any]) -> None:
    """100 alphas, each judged by the verifier; what the path reports agrees."""
    path = fit_path(*table, 100, **problem)
    coefs = path.coefs.toarray()
    gaps = np.array(
        [
            certify(*table, coefs[:, k], path.intercepts[k], alpha, **problem).relative_gap
            for k, alpha in enumerate(path.alphas)
        ]
    )
    assert len(path) == 100
    assert gaps.max() <= 1e-10
    assert path.relative_gaps.max() <= 1e-10
    assert np.all(np.isfinite(coefs)) and np.all(np.isfinite(path.intercepts))


def test_alpha_max_is_tight_from_both_sides(table: Table, solver: Solver) -> None:
    top = reference.alpha_max(make_problem(*table))
    assert not solver(*table, top * (1 + 1e-9))[0].any()
    if top > 0.0:
        assert solver(*table, top * (1 - 1e-6))[0].any()


def test_offset_is_subtracted(solver: Solver) -> None:
    X, y = ar()
    offset = np.linspace(-1.0, 1.0, len(y))
    same(solver(X, y, 0.1, offset=offset), solver(X, y - offset, 0.1))


@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e100, 1e150])
def test_any_unit_of_y(solver: Solver, unit: float) -> None:
    X, y = ar()
    coef, intercept = solver(X, y * unit, 0.2 * unit)
    same((coef / unit, intercept / unit), solver(X, y, 0.2))


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_any_unit_of_x(solver: Solver, unit: float) -> None:
    """Standardised: a column in other units is the same column."""
    X, y = ar()
    coef, intercept = solver(X * unit, y, 0.2, standardize=True)
    same((coef * unit, intercept), solver(X, y, 0.2, standardize=True))


def test_means_of_a_million(solver: Solver) -> None:
    X, y = ar(50, 10)
    coef, _ = solver(X + 1e6, y - 1e6, 0.1)
    np.testing.assert_allclose(coef, solver(X, y, 0.1)[0], atol=1e-8)


def test_permutation_of_columns_and_rows(solver: Solver) -> None:
    X, y = scaled()
    rng = np.random.default_rng(0)
    columns, rows = rng.permutation(X.shape[1]), rng.permutation(len(y))
    expected, intercept = solver(X, y, 0.1, standardize=True)
    same(
        solver(X[rows][:, columns], y[rows], 0.1, standardize=True),
        (expected[columns], intercept),
    )


def test_twins_change_no_prediction(solver: Solver) -> None:
    X, y = duplicates()
    alone = solver(X[:, :10], y, 0.1)
    doubled = solver(X, y, 0.1)
    np.testing.assert_allclose(X @ doubled[0] + doubled[1], X[:, :10] @ alone[0] + alone[1])


def test_integer_weights_are_repeated_rows(solver: Solver) -> None:
    X, y = ar()
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    same(
        solver(X, y, 0.1, sample_weight=weight, standardize=True),
        solver(X[rows], y[rows], 0.1, standardize=True),
    )


def test_weight_zero_is_removal_and_only_ratios_matter(solver: Solver) -> None:
    X, y = ar()
    weight = np.r_[np.zeros(20), np.full(40, 1e-300)]
    same(solver(X, y, 0.1, sample_weight=weight), solver(X[20:], y[20:], 0.1))


def test_a_column_constant_on_the_rows_with_weight_is_zero(solver: Solver) -> None:
    X, y = ar()
    X[20:, 3] = 0.1
    weight = np.r_[np.zeros(20), np.ones(40)]
    coef, _ = solver(X, y, 1e-3, sample_weight=weight, standardize=True)
    assert coef[3] == 0.0
    assert np.all(np.isfinite(coef))


def test_a_constant_column_serves_without_an_intercept(solver: Solver) -> None:
    """It is a column like any other there (glmnet drops it)."""
    X, y = ar(40, 3)
    X[:, 1] = 1.0
    coef, intercept = solver(X, y + 5.0, 0.01, fit_intercept=False)
    assert intercept == 0.0
    assert coef[1] > 3.0


def test_unpenalised_and_excluded_features(solver: Solver) -> None:
    X, y = ar()
    weight = np.ones(30)
    weight[:2] = 0.0
    weight[4] = np.inf
    top = reference.alpha_max(make_problem(X, y, penalty_weight=weight))
    coef, _ = solver(X, y, top * 1.000001, penalty_weight=weight)
    assert set(np.flatnonzero(coef)) == {0, 1}
    ols = np.linalg.lstsq(np.c_[np.ones(60), X[:, :2]], y, rcond=None)[0]
    np.testing.assert_allclose(coef[:2], ols[1:], rtol=1e-10)
    coef, _ = solver(X, y, top * 1e-3, penalty_weight=weight)
    assert coef[4] == 0.0
    assert np.count_nonzero(coef) > 10


def test_alpha_zero_is_least_squares(solver: Solver) -> None:
    X, y = ar()
    coef, intercept = solver(X, y, 0.0)
    expected = np.linalg.lstsq(np.c_[np.ones(len(y)), X], y, rcond=None)[0]
    np.testing.assert_allclose(np.r_[intercept, coef], expected, atol=1e-10)
    X, y = TABLES["saturating"]()
    for problem in ({}, {"penalty": "ridge"}):
        coef, intercept = solver(X, y, 0.0, **problem)
        np.testing.assert_allclose(X @ coef + intercept, y, atol=1e-9)


def layouts(X: Array) -> dict[str, np.ndarray]:
    """One table in every shape that memory allows."""
    frozen = X.copy()
    frozen.flags.writeable = False
    spread = np.zeros((2 * X.shape[0], 3 * X.shape[1]))[::2, ::3]
    spread[:] = X
    return {
        "C": np.ascontiguousarray(X),
        "F": np.asfortranarray(X),
        "read-only": frozen,
        "strided": spread,
        "reversed": np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
        "float32": X.astype(np.float32),
    }


@pytest.mark.parametrize("layout", ["C", "F", "read-only", "strided", "reversed", "float32"])
def test_any_layout(solver: Solver, layout: str) -> None:
    """Used where it is, never written to; float32 means the same numbers."""
    X, y = wide()
    X = X.astype(np.float32).astype(np.float64)
    given_X = layouts(X)[layout]
    before = given_X.copy()
    same(solver(given_X, y, 0.1), solver(X, y, 0.1))
    np.testing.assert_array_equal(given_X, before)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    level=st.sampled_from([1.0, 0.5, 0.1, 1e-3, 1e-7]),
    problem=st.fixed_dictionaries(
        {
            "l1_ratio": st.sampled_from([1.0, 1.0, 0.5, 0.01, 0.0]),
            "standardize": st.booleans(),
            "fit_intercept": st.booleans(),
            "bounds": st.sampled_from([None, None, "positive", (-0.1, 0.2), (-np.inf, 0.0)]),
        }
    ),
    weighted=st.booleans(),
)
def test_small_integer_tables(
    seed: int, shape: tuple[int, int], level: float, problem: dict[str, Any], weighted: bool
) -> None:
    """Ties, duplicates, constant columns, more columns than rows: nothing wrong, nothing silent.

    A zero that either solver proves is zero in the other's answer too.
    """
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, shape).astype(np.float64)
    y = rng.integers(-3, 4, shape[0]).astype(np.float64)
    if weighted:
        problem = problem | {
            "sample_weight": np.r_[1.0, rng.integers(0, 3, shape[0] - 1)],
            "penalty_weight": rng.choice([0.0, 0.5, 1.0, np.inf], shape[1]),
        }
    top = reference.top_tax(reference.standardise(make_problem(X, y, **problem))) or 1.0
    answers = [solve(X, y, level * top, **problem) for solve in (by_reference, by_engine)]
    made = [certify(X, y, *answer, level * top, **problem) for answer in answers]
    assert max(one.relative_gap for one in made) <= 1e-10
    for one in made:
        proved = one.verdicts.kind == VerdictKind.PROVED
        assert not any(answer[0][proved].any() for answer in answers)
    assert made[0].primal == pytest.approx(made[1].primal, rel=1e-9, abs=1e-12)
    if made[0].unique and made[1].unique:
        np.testing.assert_allclose(answers[0][0], answers[1][0], atol=1e-5)
