"""Small designs, easy and hard, that every solver and every certificate must survive."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Table = tuple[Array, Array]


def ar(n: int = 60, p: int = 30, rho: float = 0.5, seed: int = 0) -> Table:
    """Neighbouring columns correlated `rho`, five true coefficients."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, p))
    X = np.empty((n, p))
    X[:, 0] = noise[:, 0]
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * noise[:, j]
    coef = np.zeros(p)
    coef[: min(5, p)] = np.array([3.0, -2.0, 1.5, 1.0, -0.5])[: min(5, p)]
    return X, X @ coef + rng.standard_normal(n)


def wide() -> Table:
    """Twice as many features as rows."""
    return ar(40, 80, 0.5, 1)


def very_correlated() -> Table:
    """AR(0.99)."""
    return ar(80, 30, 0.99, 2)


def duplicates() -> Table:
    """Every column twice, and the first once more, negated."""
    X, y = ar(50, 10, 0.3, 3)
    return np.hstack([X, X, -X[:, :1]]), y


def vandermonde() -> Table:
    """30 powers of one variable: condition above 1e16."""
    t = np.linspace(0.0, 1.0, 50)
    noise = np.random.default_rng(4).standard_normal(50)
    return np.vander(t, 31, increasing=True)[:, 1:], np.sin(6.0 * t) + 0.1 * noise


def binary_ties() -> Table:
    """0/1 columns and a small-integer target: many exact ties."""
    rng = np.random.default_rng(5)
    X = (rng.random((32, 20)) < 0.5).astype(np.float64)
    X[:, 10:] = 1.0 - X[:, :10]
    return X, np.round(2.0 * X[:, 0] - X[:, 1] + rng.integers(-1, 2, 32))


def scaled() -> Table:
    """Columns in units from 1e-4 to 1e4."""
    X, y = ar(60, 17, 0.5, 6)
    return X * np.logspace(-4.0, 4.0, 17), y


def rank_two() -> Table:
    """20 columns in a plane."""
    rng = np.random.default_rng(7)
    X = rng.standard_normal((30, 2)) @ rng.standard_normal((2, 20))
    return X, X[:, 0] + rng.standard_normal(30)


def constant_column() -> Table:
    """A column of 0.1s and one of zeros among others."""
    X, y = ar(40, 8, 0.5, 8)
    X[:, 2], X[:, 5] = 0.1, 0.0
    return X, y


def one_row() -> Table:
    """n = 1: nothing varies."""
    return np.array([[1.0, 2.0, 3.0]]), np.array([4.0])


def one_column() -> Table:
    """p = 1."""
    return ar(20, 1, 0.0, 9)


def constant_target() -> Table:
    """y = 0.3 everywhere: nothing to explain."""
    X, _ = ar(30, 6, 0.5, 10)
    return X, np.full(30, 0.3)


def saturating() -> Table:
    """Wide, and y is explained exactly long before alpha reaches 0."""
    rng = np.random.default_rng(11)
    return rng.standard_normal((20, 60)), rng.standard_normal(20)


def large_means() -> Table:
    """Columns and target around 1e6."""
    X, y = ar(50, 10, 0.5, 12)
    return X + 1e6, y + 1e6


TABLES: dict[str, Callable[[], Table]] = {
    make.__name__: make
    for make in (
        ar,
        wide,
        very_correlated,
        duplicates,
        vandermonde,
        binary_ties,
        scaled,
        rank_two,
        constant_column,
        one_row,
        one_column,
        constant_target,
        saturating,
        large_means,
    )
}
