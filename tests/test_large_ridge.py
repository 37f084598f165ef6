"""A ridge with more rows than an n x n matrix is made for: conjugate gradients, certified alike."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_array, csr_array

from excise.certify import certify
from excise.engine import fit, fit_path
from excise.results import Status
from tests.fuzz_problems import Array

N, P = 2500, 400


def table(n: int = N, p: int = P, density: float = 0.02, seed: int = 0) -> tuple[Any, Array]:
    rng = np.random.default_rng(seed)
    m = int(n * p * density)
    X = csr_array((rng.standard_normal(m), (rng.integers(0, n, m), rng.integers(0, p, m))), (n, p))
    X.sum_duplicates()
    return X, X @ rng.standard_normal(p) + rng.standard_normal(n) + 3.0


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "standardize": {"standardize": True},
    "no intercept": {"fit_intercept": False},
    "taxes from 0.01 to 100, and free": {
        "penalty_weight": np.r_[0, 0, np.geomspace(0.01, 100, 398)]
    },
    "rows weighted": {"sample_weight": np.random.default_rng(1).integers(0, 4, N) + 0.0},
}


@pytest.mark.parametrize("form", [csr_array, csc_array])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_it_is_the_answer_of_the_dense_table(settings: dict[str, Any], form: Any) -> None:
    """40 alphas, of which 16 at a time share their readings of X."""
    X, y = table()
    sparse = fit_path(form(X), y, 40, penalty="ridge", **settings)
    dense = fit_path(X.toarray(), y, sparse.alphas, penalty="ridge", **settings)
    ours, theirs = sparse.coefs.toarray(), dense.coefs.toarray()
    np.testing.assert_allclose(ours, theirs, atol=1e-8 * np.abs(theirs).max())
    np.testing.assert_allclose(sparse.intercepts, dense.intercepts, atol=1e-8)
    assert sparse.relative_gaps.max() <= 1e-13
    last = ours[:, -1], float(sparse.intercepts[-1]), float(sparse.alphas[-1])
    assert certify(X, y, *last, penalty="ridge", **settings).relative_gap <= 1e-13


@pytest.mark.parametrize("alpha", [1e3, 1.0, 1e-6])
def test_a_column_of_mean_a_million(alpha: float) -> None:
    """Centring it by sums would cost six digits: it is kept whole."""
    X, y = table()
    X = X.tolil()
    X[:, [0]] = 1e6 + np.random.default_rng(2).standard_normal((N, 1))
    found = fit(csc_array(X), y, alpha, penalty="ridge")
    dense = fit(X.toarray(), y, alpha, penalty="ridge")
    assert found.status is Status.OPTIMAL
    np.testing.assert_allclose(found.coef, dense.coef, atol=1e-8 * np.abs(dense.coef).max())


def test_a_dense_table_of_more_columns_than_rows() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((2100, 2200)), rng.standard_normal(2100)
    found = fit(X, y, 0.1, penalty="ridge")
    assert found.status is Status.OPTIMAL
    assert certify(X, y, found.coef, found.intercept, 0.1, penalty="ridge").relative_gap <= 1e-13


def test_no_matrix_of_rows_times_rows() -> None:
    """One of 60000 x 60000 would take 29 GB and hours."""
    X, y = table(60000, 80000, 1e-4)
    started = time.perf_counter()
    path = fit_path(X, y, 10, penalty="ridge")
    assert path.relative_gaps.max() <= 1e-13
    assert path.n_passes < 200
    assert time.perf_counter() - started < 60.0


def test_what_falls_short_is_told() -> None:
    """Least squares of no full rank without a ridge: bounded work, and a gap that says so."""
    X, y = table(6000, 9000, 2e-4)
    found = fit(X, y, 0.0, penalty="ridge")
    assert np.isfinite(found.coef).all()
    assert (found.status is Status.STALLED) == (found.certificate.relative_gap > 1e-10)
