"""Gaussian columns, each correlated with the one before it: an AR(rho) design."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.problems.base import Floats, Problem, standardised


def autoregressive(rho: float, n: int, p: int, seed: int = 0) -> Floats:
    """Rows of a stationary AR(`rho`) process of length `p`, in Fortran order."""
    rng = np.random.default_rng(seed)
    X = np.empty((n, p), order="F")
    X[:, 0] = rng.standard_normal(n)
    for j in range(1, p):
        X[:, j] = rho * X[:, j - 1] + np.sqrt(1 - rho**2) * rng.standard_normal(n)
    return X


def maker(rho: float, n: int, p: int, alpha_min_ratio: float = 0.01) -> Callable[[], Problem]:
    """Return the function that simulates the problem: 20 true features, signal over noise 3."""

    def make() -> Problem:
        X = autoregressive(rho, n, p)
        rng = np.random.default_rng(1)
        true = rng.choice(p, size=min(20, p), replace=False)
        signal = X[:, true] @ rng.standard_normal(len(true))
        noise = rng.standard_normal(n)
        y = signal + noise * (np.std(signal) / np.std(noise) / 3)
        X, y = standardised(X, y)
        name = f"ar{str(rho)[2:]}-{n}x{p}"
        return Problem(name, f"AR({rho:g}) {n}x{p}", X, y, alpha_min_ratio)

    return make
