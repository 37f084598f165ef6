"""What the engine is tested on: the small tables and more, with every option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tables import TABLES, Array, Table, ar


def widely_scaled() -> Table:
    """Columns in units from 1e-8 to 1e8."""
    X, y = ar(50, 17, 0.5, 20)
    return X * np.logspace(-8.0, 8.0, 17), y


def tiny_target() -> Table:
    """y around 1e-100."""
    X, y = ar(40, 12, 0.5, 21)
    return X, y * 1e-100


def huge_target() -> Table:
    """y around 1e100."""
    X, y = ar(12, 40, 0.5, 22)
    return X, y * 1e100


def wide_and_very_correlated() -> Table:
    """AR(0.99) with more columns than rows."""
    return ar(40, 90, 0.99, 23)


def wide_duplicates() -> Table:
    """Pairs and triples of equal columns, more columns than rows."""
    X, y = ar(15, 20, 0.5, 24)
    return np.hstack([X, X[:, ::2], X[:, ::4]]), y


def wide_ties() -> Table:
    """0/1 columns, more columns than rows, a target of small integers."""
    rng = np.random.default_rng(25)
    return (rng.random((16, 40)) < 0.5).astype(np.float64), rng.integers(-2, 3, 16) * 1.0


def two_rows() -> Table:
    """n = 2: every column is +-1 after scaling."""
    return np.array([[1.0, 2.0, 0.0], [4.0, 1.0, 0.0]]), np.array([1.0, 3.0])


def exact_fit() -> Table:
    """y is one of the columns."""
    X, _ = ar(30, 8, 0.5, 26)
    return X, X[:, 3].copy()


def sparse_columns() -> Table:
    """Most entries are zero."""
    rng = np.random.default_rng(27)
    X = rng.standard_normal((60, 40)) * (rng.random((60, 40)) < 0.1)
    return X, X[:, 0] - X[:, 1] + 0.1 * rng.standard_normal(60)


DESIGNS: dict[str, Callable[[], Table]] = TABLES | {
    make.__name__: make
    for make in (
        widely_scaled,
        tiny_target,
        huge_target,
        wide_and_very_correlated,
        wide_duplicates,
        wide_ties,
        two_rows,
        exact_fit,
        sparse_columns,
    )
}

WELL_CONDITIONED = ("ar", "wide", "scaled", "widely_scaled", "one_column", "constant_column")


def _weights(X: Array, y: Array) -> dict[str, Any]:
    w = np.random.default_rng(1).integers(0, 4, len(y)) * 0.5
    w[0] = 1.0
    return {"sample_weight": w}


def _offset(X: Array, y: Array) -> dict[str, Any]:
    size = float(np.abs(y).max())
    return {"offset": size * np.random.default_rng(2).standard_normal(len(y))}


def _free_and_excluded(X: Array, y: Array) -> dict[str, Any]:
    v = np.random.default_rng(3).uniform(0.5, 2.0, X.shape[1])
    v[1::7], v[2::9] = 0.0, np.inf
    return {"penalty_weight": v}


def _box(X: Array, y: Array) -> dict[str, Any]:
    """Bounds that some coefficients meet, whatever the units."""
    spread = X.std(axis=0) + 1e-6 * np.abs(X).max(axis=0) + np.finfo(float).tiny
    high = 0.15 * float(y.std()) / spread
    return {"bounds": (-high, np.where(np.arange(X.shape[1]) % 3 == 1, np.inf, high))}


Settings = Callable[[Array, Array], dict[str, Any]]
SETTINGS: dict[str, Settings] = {
    "lasso": lambda X, y: {},
    "standardize": lambda X, y: {"standardize": True},
    "elastic": lambda X, y: {"l1_ratio": 0.5},
    "nearly lasso": lambda X, y: {"l1_ratio": 0.99, "standardize": True},
    "ridge": lambda X, y: {"penalty": "ridge", "standardize": True},
    "positive": lambda X, y: {"bounds": "positive"},
    "box": lambda X, y: _box(X, y),
    "elastic box": lambda X, y: _box(X, y) | {"l1_ratio": 0.5, "standardize": True},
    "weights 0 and inf": _free_and_excluded,
    "weights 0 and inf, standardize": lambda X, y: (
        _free_and_excluded(X, y) | {"standardize": True, "bounds": "positive"}
    ),
    "rows weighted": _weights,
    "offset": lambda X, y: _offset(X, y) | {"standardize": True},
    "no intercept": lambda X, y: {"fit_intercept": False},
    "all at once": lambda X, y: (
        _weights(X, y) | _offset(X, y) | _free_and_excluded(X, y) | {"l1_ratio": 0.7}
    ),
}
