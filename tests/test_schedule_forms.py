"""Concave penalties where columns are orthonormal: the closed forms that they must equal."""

from __future__ import annotations

import numpy as np
import pytest

from excise import Status, fit
from excise.schedules import LocalLinear, Reweighted


def orthonormal() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of mean 0 and variance 1, a target, and the coefficients without a penalty."""
    H = np.ones((1, 1))
    for _ in range(4):
        H = np.block([[H, H], [H, -H]])
    X = H[:, 1:]
    z = np.array([2.5, -1.7, 1.1, -0.9, 0.75, 0.6, -0.45, 0.3, *np.zeros(7)])
    return X, X @ z, z


def soft(z: np.ndarray, t: float) -> np.ndarray:
    return np.sign(z) * np.maximum(np.abs(z) - t, 0.0)


def firm(z: np.ndarray, t: float, gamma: float) -> np.ndarray:
    return np.where(np.abs(z) <= gamma * t, soft(z, t) / (1.0 - 1.0 / gamma), z)


def scad(z: np.ndarray, t: float, a: float) -> np.ndarray:
    middle = soft(z, a * t / (a - 1.0)) / (1.0 - 1.0 / (a - 1.0))
    inner = np.where(np.abs(z) <= 2.0 * t, soft(z, t), middle)
    return np.where(np.abs(z) > a * t, z, inner)


@pytest.mark.parametrize("gamma", [1.5, 3.0, 10.0])
def test_mcp_is_firm_thresholding(gamma: float) -> None:
    X, y, z = orthonormal()
    found = fit(X, y, 0.4, schedule=LocalLinear("mcp", gamma))
    np.testing.assert_allclose(found.coef, firm(z, 0.4, gamma), rtol=0, atol=1e-9)
    assert found.status is Status.STATIONARY


@pytest.mark.parametrize("a", [2.5, 3.7])
def test_scad_is_its_thresholding(a: float) -> None:
    X, y, z = orthonormal()
    found = fit(X, y, 0.4, schedule=LocalLinear("scad", a))
    np.testing.assert_allclose(found.coef, scad(z, 0.4, a), rtol=0, atol=1e-9)
    assert found.status is Status.STATIONARY


def test_log_is_the_root_of_its_equation() -> None:
    """b + t e / (b + e) = |z|: with s = |z| - e, b = (s + sqrt(s^2 + 4 e (|z| - t))) / 2."""
    X, y, z = orthonormal()
    t, e = 0.4, 0.5
    found = fit(X, y, t, schedule=LocalLinear("log", e))
    s = np.abs(z) - e
    root = (s + np.sqrt(np.maximum(s**2 + 4.0 * e * (np.abs(z) - t), 0.0))) / 2.0
    expected = np.sign(z) * np.where(np.abs(z) > t, root, 0.0)
    np.testing.assert_allclose(found.coef, expected, rtol=0, atol=1e-9)


def test_lq_is_the_root_of_its_equation() -> None:
    """The tangent is first laid at the lasso, |z| - t: below the saddle nothing is left."""
    X, y, z = orthonormal()
    t, q = 0.4, 0.5
    found = fit(X, y, t, schedule=LocalLinear("lq", q))
    expected = np.zeros(15)
    for j in np.flatnonzero(np.abs(z) > t):
        b = abs(z[j]) - t
        for _ in range(10_000):
            b = max(abs(z[j]) - t * q * b ** (q - 1.0), 0.0) if b > 0.0 else 0.0
        expected[j] = np.sign(z[j]) * b
    np.testing.assert_allclose(found.coef, expected, rtol=0, atol=1e-9)
    kept = found.support
    b = np.abs(found.coef[kept])
    np.testing.assert_allclose(b + t * q * b ** (q - 1.0), np.abs(z[kept]), atol=1e-9)
    assert 0 < len(kept) < np.count_nonzero(np.abs(z) > t)


def test_reweighted_follows_its_formula() -> None:
    X, y, z = orthonormal()
    found = fit(X, y, 0.4, schedule=Reweighted(3, epsilon=0.1))
    b = soft(z, 0.4)
    for stage in found.stages[1:]:
        factor = 0.1 / (np.abs(b) + 0.1)
        np.testing.assert_allclose(stage.penalty_weight, factor, atol=1e-12)
        b = np.sign(z) * np.maximum(np.abs(z) - 0.4 * factor, 0.0)
        np.testing.assert_allclose(stage.coef, b, atol=1e-12)
    assert len(found.stages) == 4
