"""The same answer, the same proof and the same bits, whatever a table is stored in."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from storages import STORAGES, Array, arrays_of, frozen

from excise.certify import certify
from excise.cross_validation import fit_cv
from excise.engine import fit, fit_path
from excise.linear_model import Lasso, SparseRegressor
from excise.results import Path
from excise.verdicts import VerdictKind

SHAPES = {"tall": (90, 25), "wide": (40, 150)}
SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardize": {"standardize": True},
    "elastic, no intercept": {"l1_ratio": 0.5, "fit_intercept": False},
    "ridge": {"penalty": "ridge"},
    "positive": {"bounds": "positive"},
}
IN_MEMORY = [name for name in STORAGES if not name.startswith(("coo", "lil", "bsr"))]


def table(shape: str, mean: float = 0.0) -> tuple[Array, Array]:
    """A table of float32 values, most of them 0; column 3 is 0, column 4 constant, 5 dense."""
    rng = np.random.default_rng(4)
    n, p = SHAPES[shape]
    X = rng.standard_normal((n, p)) * (rng.random((n, p)) < 0.2)
    X[:, 3], X[:, 4], X[:, 5] = 0.0, 0.1, mean + rng.standard_normal(n)
    X = X.astype(np.float32).astype(np.float64)
    return X, X[:, 0] - 2.0 * X[:, 1] + (X[:, 5] - mean) + 0.3 * rng.standard_normal(n)


def same(one: Path, other: Path, rel: float = 1e-10) -> None:
    np.testing.assert_allclose(one.alphas, other.alphas, rtol=rel)
    ours, theirs = one.coefs_std.toarray(), other.coefs_std.toarray()
    np.testing.assert_allclose(ours, theirs, atol=rel * np.abs(theirs).max())
    np.testing.assert_allclose(one.intercepts, other.intercepts, atol=rel)


def every_setting(n: int, p: int) -> dict[str, Any]:
    """Weights with zeros, an offset, free and excluded features, bounds."""
    rng = np.random.default_rng(7)
    v = rng.uniform(0.5, 2.0, p)
    v[1::7], v[2::9] = 0.0, np.inf
    return {
        "sample_weight": rng.integers(0, 4, n) * 0.5,
        "offset": rng.standard_normal(n),
        "penalty_weight": v,
        "bounds": (-0.7, np.where(np.arange(p) % 3 == 1, np.inf, 0.7)),
        "l1_ratio": 0.7,
    }


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_path_with_a_proof_at_every_alpha(storage: str, shape: str) -> None:
    X, y = table(shape)
    stored = STORAGES[storage](X)
    cases = [*SETTINGS.values(), every_setting(*X.shape)]
    for settings in cases:
        path = fit_path(stored, y, 8, alpha_min_ratio=0.01, **settings)
        same(path, fit_path(X, y, 8, alpha_min_ratio=0.01, **settings))
        assert path.relative_gaps.max() <= 1e-10
        for k in (2, 7):
            coef, intercept = path.columns.column(k), float(path.intercepts[k])
            proof = certify(stored, y, coef, intercept, float(path.alphas[k]), **settings)
            dense = certify(X, y, coef, intercept, float(path.alphas[k]), **settings)
            assert proof.relative_gap <= 1e-10
            assert proof.primal == pytest.approx(dense.primal, rel=1e-12)
            assert proof.unique == dense.unique
            np.testing.assert_array_equal(proof.verdicts.kind, dense.verdicts.kind)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_cross_validation(storage: str, shape: str) -> None:
    X, y = table(shape)
    weight = np.random.default_rng(1).integers(1, 4, len(y))
    settings: dict[str, Any] = {"alphas": 10, "sample_weight": weight, "random_state": 3}
    found, expected = fit_cv(STORAGES[storage](X), y, 4, **settings), fit_cv(X, y, 4, **settings)
    np.testing.assert_allclose(found.folds, expected.folds, rtol=1e-9)
    assert found.alpha_ == pytest.approx(expected.alpha_, rel=1e-10)


@pytest.mark.parametrize("storage", IN_MEMORY)
def test_x_is_neither_changed_nor_needs_to_be_writable(storage: str) -> None:
    """scikit-learn #31073, #14249: read-only buffers, 64-bit indices."""
    X, y = table("wide")
    stored = frozen(STORAGES[storage](X))
    before = [zlib.crc32(np.ascontiguousarray(a)) for a in arrays_of(stored)]
    flags = dict(vars(stored)) if sparse.issparse(stored) else {}
    path = fit_path(stored, y, 6, standardize=True)
    path.events()
    path.at(float(path.alphas[3]) * 0.9)
    fit_cv(stored, y, 3, alphas=5)
    SparseRegressor(cv=3, alphas=5, stability=3, decoys=3).fit(stored, y).ledger()
    Lasso(alpha=0.1).fit(stored, y).predict(stored)
    assert [zlib.crc32(np.ascontiguousarray(a)) for a in arrays_of(stored)] == before
    for name, value in flags.items():
        assert vars(stored)[name] is value, name


@pytest.mark.parametrize("storage", IN_MEMORY)
@pytest.mark.parametrize("shape", SHAPES)
def test_equal_bits_for_one_and_two_threads(storage: str, shape: str) -> None:
    X, y = table(shape)
    stored = STORAGES[storage](X)
    one, two = (fit_path(stored, y, 10, n_threads=k) for k in (1, 2))
    np.testing.assert_array_equal(one.columns.data, two.columns.data)
    np.testing.assert_array_equal(one.relative_gaps, two.relative_gaps)


@pytest.mark.parametrize("storage", STORAGES)
def test_integer_weights_are_repetitions_and_zero_is_removal(storage: str) -> None:
    X, y = table("tall")
    times = np.random.default_rng(0).integers(0, 4, len(y))
    again = np.repeat(np.arange(len(y)), times)
    store = STORAGES[storage]
    weighted = fit_path(store(X), y, 8, sample_weight=times, alpha_min_ratio=0.01)
    same(weighted, fit_path(store(X[again]), y[again], 8, alpha_min_ratio=0.01))


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("standardize", [False, True])
def test_constant_and_zero_columns_are_zero(storage: str, standardize: bool) -> None:
    X, y = table("tall")
    weight = np.ones(len(y))
    X[:, 6], weight[7] = 0.0, 0.0
    X[7, 6] = 5.0  # varies only in a row that does not count
    found = fit(STORAGES[storage](X), y, 1e-4, standardize=standardize, sample_weight=weight)
    for j in (3, 4, 6):
        assert found.coef[j] == 0.0
        assert found.certificate.verdicts[j].kind is VerdictKind.EXCLUDED


@pytest.mark.parametrize("storage", [s for s in STORAGES if "float32" not in s])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_mean_of_a_million_costs_nothing(storage: str, shape: str) -> None:
    X, y = table(shape, mean=1e6)
    stored = STORAGES[storage](X)
    path = fit_path(stored, y, 8, alpha_min_ratio=0.01)
    assert path.relative_gaps.max() <= 1e-10
    for k in (3, 7):
        coef, intercept = path.columns.column(k), float(path.intercepts[k])
        assert certify(stored, y, coef, intercept, float(path.alphas[k])).relative_gap <= 1e-10
    expected = fit_path(X, y, 8, alpha_min_ratio=0.01)
    np.testing.assert_allclose(
        path.coefs_std.toarray(), expected.coefs_std.toarray(), atol=1e-9 * np.abs(y).max()
    )


@pytest.mark.parametrize("storage", STORAGES)
def test_the_regressor_and_its_books(storage: str) -> None:
    X, y = table("tall")
    settings: dict[str, Any] = {"cv": 4, "alphas": 12, "stability": 5, "decoys": 10}
    found = SparseRegressor(**settings).fit(STORAGES[storage](X), y)
    expected = SparseRegressor(**settings).fit(X, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-9)
    np.testing.assert_allclose(
        found.predict(STORAGES[storage](X)), expected.predict(X), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(found.model_.books.xy, expected.model_.books.xy, atol=1e-11)
    assert str(found.why(0))
