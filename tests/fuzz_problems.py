"""Random problems, easy and nasty, as a user would pass them; problem k of a seed is always one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """One problem, as a user would pass it."""

    X: Array
    y: Array
    alphas: int
    ratio: float
    settings: dict[str, Any]

    def __str__(self) -> str:
        plain = (bool, int, float, str)
        brief = {k: v for k, v in self.settings.items() if isinstance(v, plain)}
        arrays = sorted(self.settings.keys() - brief.keys())
        return f"{self.X.shape} {self.X.dtype} {brief} + {arrays}, {self.alphas} to {self.ratio:g}"


def draw(seed: int, k: int) -> Case:
    """Problem `k` of a seed."""
    rng = np.random.default_rng([seed, k])
    n, p = int(rng.integers(1, 61)), int(rng.integers(1, 81))
    if rng.random() < 0.1:
        n = int(rng.integers(1, 6))
    X = columns(rng, n, p)
    y = _target(rng, X)
    settings = settings_of(rng, X, y)
    X, y = _units(rng, X, y, settings)
    X = _layout(rng, X)
    return Case(X, y, int(rng.integers(5, 21)), float(10.0 ** rng.uniform(-4, -1)), settings)


def columns(rng: np.random.Generator, n: int, p: int) -> Array:
    kind = rng.choice(["normal", "ar", "binary", "integers", "rank", "powers", "sparse"])
    X = rng.standard_normal((n, p))
    if kind == "ar":
        rho = rng.choice([0.5, 0.9, 0.99, 0.999])
        for j in range(1, p):
            X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
    elif kind == "binary":
        cut = rng.uniform(-1.5, 1.5)
        X = np.greater(X, cut).astype(np.float64)
    elif kind == "integers":
        X = rng.integers(-2, 3, (n, p)).astype(np.float64)
    elif kind == "rank":
        r = int(rng.integers(1, 4))
        X = rng.standard_normal((n, r)) @ rng.standard_normal((r, p))
    elif kind == "powers":
        X = np.vander(np.sort(rng.random(n)), p + 1, increasing=True)[:, 1:]
    elif kind == "sparse":
        X = X * (rng.random((n, p)) < 0.15)
    return _spoil(rng, X)


def _spoil(rng: np.random.Generator, X: Array) -> Array:
    """Copies, mirror images, sums and constants among the columns."""
    p = X.shape[1]
    for j in range(p):
        u = rng.random() / (0.02 if p == 1 else 0.5)
        other = int(rng.integers(p))
        if u < 0.1:
            X[:, j] = X[:, other]
        elif u < 0.15:
            X[:, j] = -X[:, other]
        elif u < 0.2:
            X[:, j] = X[:, other] + X[:, int(rng.integers(p))]
        elif u < 0.25:
            X[:, j] = rng.choice([0.0, 0.1, 1e6])
        elif u < 0.28:
            X[:, j] = X[:, other] + 1e-9 * rng.standard_normal(len(X))
    return X


def _target(rng: np.random.Generator, X: Array) -> Array:
    n, p = X.shape
    coef = rng.standard_normal(p) * (rng.random(p) < rng.choice([0.1, 0.5]))
    y = X @ coef / (1.0 + np.abs(X @ coef).max()) + rng.choice([0.0, 0.1, 1.0]) * (
        rng.standard_normal(n)
    )
    kind = rng.random()
    if kind < 0.15:
        y = np.round(3.0 * y)
    elif kind < 0.2:
        y = np.full(n, 0.3)
    elif kind < 0.25:
        y = X[:, int(rng.integers(p))].copy()
    return y


def settings_of(rng: np.random.Generator, X: Array, y: Array) -> dict[str, Any]:
    n, p = X.shape
    out: dict[str, Any] = {
        "fit_intercept": bool(rng.random() < 0.75),
        "standardize": bool(rng.random() < 0.5),
        "n_threads": int(rng.integers(1, 3)),
    }
    out["l1_ratio"] = float(rng.choice([1.0, 1.0, 1.0, 0.0, 0.5, 0.99, 1e-3, rng.random()]))
    if rng.random() < 0.3:
        w = rng.random(n) if rng.random() < 0.5 else rng.integers(0, 4, n).astype(np.float64)
        w[rng.random(n) < 0.1] = 0.0
        if w.max() > 0.0:
            out["sample_weight"] = w
    if rng.random() < 0.2:
        out["offset"] = rng.standard_normal(n)
    if rng.random() < 0.3:
        v = rng.choice([1.0, 1.0, 0.0, np.inf, 0.01, 100.0], p)
        out["penalty_weight"] = np.where(rng.random(p) < 0.3, v, rng.uniform(0.5, 2.0, p))
    kind = rng.random()
    size = float(np.abs(y).max() + 1e-3)
    if kind < 0.15:
        out["bounds"] = "positive"
    elif kind < 0.3:
        high = size * 10.0 ** rng.uniform(-3, 0, p)
        low = -size * 10.0 ** rng.uniform(-3, 0, p)
        high[rng.random(p) < 0.2] = rng.choice([0.0, np.inf])
        low[rng.random(p) < 0.2] = rng.choice([0.0, -np.inf])
        out["bounds"] = (low, high)
    return out


def _units(
    rng: np.random.Generator, X: Array, y: Array, settings: dict[str, Any]
) -> tuple[Array, Array]:
    """Columns and y in other units and far from zero, bounds and offset with them."""
    p = X.shape[1]
    spread = rng.choice([0.0, 0.0, 0.0, 4.0, 8.0])
    unit = 10.0 ** rng.uniform(-spread, spread, p)
    y_unit = float(rng.choice([1.0, 1.0, 1.0, 1e-100, 1e100, 1e6]))
    X, y = X * unit, y * y_unit
    if "offset" in settings:
        settings["offset"] = settings["offset"] * y_unit
    if isinstance(settings.get("bounds"), tuple):
        settings["bounds"] = tuple(side / unit * y_unit for side in settings["bounds"])
    if rng.random() < 0.15:
        X, y = X + 1e6 * unit, y + 1e6 * y_unit
    return X, y


def _layout(rng: np.random.Generator, X: Array) -> Array:
    if rng.random() < 0.25:
        X = X.astype(np.float32)
    kind = rng.random()
    if kind < 0.3:
        return np.asfortranarray(X)
    if kind < 0.4:
        return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]
    if kind < 0.5:
        spread = np.zeros((2 * X.shape[0], 3 * X.shape[1]), dtype=X.dtype)
        spread[::2, ::3] = X
        return spread[::2, ::3]
    if kind < 0.6:
        X.flags.writeable = False
    return X
