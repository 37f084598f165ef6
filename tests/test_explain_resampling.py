"""Half-samples and shuffles, against direct computations on the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fitted import diabetes_model
from tables import Table, ar

from excise.engine import fit_path
from excise.explain.decoys import decoys
from excise.explain.rows import Rows, standardise
from excise.explain.stability import _from_moments, _from_rows, stability


def rows_of(X: np.ndarray, y: np.ndarray, **problem: Any) -> Rows:
    path = fit_path(X, y, 3, **{"standardize": True, **problem})
    return Rows.of(path.problem, path.mean, path.scale)


def test_published_shares_and_noise_floor() -> None:
    model = diabetes_model()
    picked = {row.feature: row.picked for row in model.ledger()}
    published = {"bmi": 1.0, "ltg": 1.0, "bp": 1.0, "hdl": 0.97, "sex": 0.57, "glu": 0.4,
                 "tch": 0.06, "tc": 0.01, "ldl": 0.04, "age": 0.03}  # fmt: skip
    for name, share in published.items():
        assert picked[name] == pytest.approx(share, abs=0.12), name
    assert model.at("min").ledger()["age"].picked == pytest.approx(0.70, abs=0.12)
    assert model.decoys is not None
    assert model.decoys.median == pytest.approx(5.9, abs=0.6)
    assert model.decoys.q95 == pytest.approx(9.8, abs=0.8)


@pytest.mark.parametrize("settings", [{}, {"standardize": False, "l1_ratio": 0.7}])
def test_blocks_and_rows_give_the_same_shares(settings: dict[str, Any]) -> None:
    X, y = ar(400, 8)
    rows = rows_of(X, y, **settings)
    alphas = np.array([0.8, 0.2])
    shares = []
    for method in (_from_rows, _from_moments):
        paths = list(method(rows, alphas, 200, np.random.default_rng(1)))
        shares.append(np.mean([p.columns_std.to_scipy().toarray() != 0.0 for p in paths], axis=0))
    np.testing.assert_allclose(*shares, atol=0.15)


def test_a_half_sample_is_solved_like_its_own_table() -> None:
    X, y = ar(41, 5)
    rows = rows_of(X * np.logspace(-3, 3, 5), y)
    (path,) = _from_rows(rows, np.array([0.3]), 1, np.random.default_rng(2))
    half = np.random.default_rng(2).permutation(41)[:20]
    alone = fit_path(
        rows.problem.design.columns(slice(None))[half], y[half], [0.3], standardize=True
    )
    np.testing.assert_allclose(path.columns.column(0), alone.columns.column(0), rtol=1e-9)


def test_moments_of_parts_add_up_and_forget_the_whole() -> None:
    X, y = ar(50, 4)
    weights = np.arange(50) % 3 * 1.0
    rows = rows_of(X + 1e6, y - 7.0, sample_weight=weights)
    columns = np.arange(4)
    parts = rows.moments(columns, rows.used(), 7)
    whole = rows.moments(columns, rows.used(), 1)[0]
    np.testing.assert_allclose(parts.sum(axis=0), whole, atol=1e-12)
    found = standardise(parts[:3].sum(axis=0), centred=True)
    taken = rows.used()[: 3 * -(-len(rows.used()) // 7)]
    repeated = np.repeat(taken, weights[taken].astype(int))
    Z = (X[repeated] - X[repeated].mean(0)) / X[repeated].std(0)
    np.testing.assert_allclose(found.G, np.corrcoef(X[repeated].T), atol=1e-8)
    np.testing.assert_allclose(
        found.q, Z.T @ (y[repeated] - y[repeated].mean()) / len(Z), atol=1e-8
    )


def test_a_column_constant_in_a_half_is_not_divided_by_rounding() -> None:
    X, y = ar(200, 3)
    X[:, 1] = 0.0
    X[17, 1] = 1.0
    found = stability(rows_of(X, y), np.array([0.01]), 40)
    assert 0.0 < found.picked[0, 1] < 1.0


def test_shares_are_known_at_saved_alphas_only() -> None:
    model = diabetes_model()
    assert model.stability is not None
    assert model.stability.at(model.alpha) is not None
    assert model.stability.at(2.0) is None and model.ledger(2.0)["bmi"].picked is None


def test_same_seed_same_shares() -> None:
    rows = rows_of(*ar(30, 40))
    first, again, other = (stability(rows, np.array([0.3]), 20, seed) for seed in (1, 1, 2))
    assert (first.picked == again.picked).all() and (first.picked != other.picked).any()


def brute_decoys(X: np.ndarray, r: np.ndarray, n: int) -> np.ndarray:
    Z = (X - X.mean(0)) / X.std(0)
    rng = np.random.default_rng(99)
    return np.array([np.abs(Z[rng.permutation(len(Z))].T @ r).max() / len(Z) for _ in range(n)])


def test_decoys_are_the_alpha_max_of_shuffled_tables(diabetes: Table) -> None:
    X, y = diabetes
    rows = rows_of(X, y)
    expected = np.quantile(brute_decoys(X, y - y.mean(), 3000), [0.5, 0.95])
    found = decoys(rows, rows.y, 3000, 1)
    np.testing.assert_allclose([found.median, found.q95], expected, rtol=0.05)


def test_rows_without_weight_are_not_shuffled_in(diabetes: Table) -> None:
    X, y = diabetes
    outlier = np.vstack([X, 1e6 * np.ones((1, 10))])
    weights = np.append(np.ones(442), 0.0)
    plain, padded = rows_of(X, y), rows_of(outlier, np.append(y, 1e9), sample_weight=weights)
    a, b = decoys(plain, plain.y, 300), decoys(padded, padded.y, 300)
    assert a.median == pytest.approx(b.median, rel=1e-6)


def test_features_without_tax_are_taken_out_first() -> None:
    from excise.cross_validation import fit_cv
    from excise.model import build_model

    X, y = ar(200, 5)
    y = y + 50.0 * X[:, 4]
    free = np.array([1.0, 1.0, 1.0, 1.0, 0.0])
    cv = fit_cv(X, y, cv=3, standardize=True, penalty_weight=free)
    model = build_model(cv, stability=0)
    assert model.decoys is not None and model.decoys.q95 < 3.0
