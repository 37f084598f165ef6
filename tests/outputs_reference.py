"""A slow, plain solver for K outputs, and problems to solve: the truth that certificates meet.

Accelerated proximal gradient steps with restarts (Beck and Teboulle 2009; O'Donoghue and Candes
2015) on standardised columns; dense, one alpha, no thought of speed, no formula of excise's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import log_softmax, softmax

Array = np.ndarray


def data(
    loss: str, n: int = 60, p: int = 8, K: int = 3, seed: int = 0, shares: bool = False
) -> tuple[Array, Array]:
    """Correlated columns; responses, or classes in columns of 0 and 1, or shares of them."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.6 * X[:, :-1] + 0.8 * X[:, 1:]
    B = np.zeros((p, K))
    B[: min(4, p)] = rng.standard_normal((min(4, p), K))
    eta = X @ B + 0.3 * np.arange(K)
    if loss == "squared":
        return X, eta + rng.standard_t(3, (n, K))
    if shares:
        return X, rng.dirichlet(np.ones(K), n) * 0.3 + 0.7 * softmax(eta, axis=1)
    code = np.array([rng.choice(K, p=one) for one in softmax(eta, axis=1)])
    code[:K] = np.arange(K)
    return X, np.eye(K)[code]


KINDS = [("squared", False), ("squared", True), ("multinomial", False), ("multinomial", True)]

SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardize": {"standardize": True},
    "elastic": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "no intercept": {"fit_intercept": False},
    "weights 0 and inf": {"penalty_weight": np.array([0.0, np.inf, 2.0, 1.0, 1.0, 0.0, 1.0, 0.5])},
    "weights 0, elastic": {"penalty_weight": np.r_[0.0, np.ones(7)], "l1_ratio": 0.7},
    "rows weighted": {"sample_weight": np.arange(60.0) % 4},
    "offset": {"offset": np.random.default_rng(9).normal(0.0, 0.7, (60, 3))},
    "box": {"bounds": (-0.1, 0.2)},
    "positive": {"bounds": (0.0, np.inf)},
}
"""For 60 rows, 8 features and 3 outputs; groups have no bounds."""


def usable(name: str, grouped: bool) -> bool:
    return not (grouped and "bounds" in SETTINGS[name])


class Setting(NamedTuple):
    """The objective's settings with their defaults written out."""

    w: Array
    v: Array
    offset: Array
    l1_ratio: float
    intercept: bool
    standardize: bool
    grouped: bool
    lower: float
    upper: float


def setting(X: Array, y: Array, loss: str, given: dict[str, Any]) -> Setting:
    n, p = X.shape
    w = np.asarray(given.get("sample_weight", np.ones(n)), dtype=float)
    lower, upper = given.get("bounds", (-np.inf, np.inf))
    return Setting(
        w / w.sum(),
        np.asarray(given.get("penalty_weight", np.ones(p)), dtype=float),
        given.get("offset", np.zeros_like(y)),
        given.get("l1_ratio", 1.0),
        given.get("fit_intercept", True),
        given.get("standardize", False),
        given.get("grouped", loss == "squared"),
        lower,
        upper,
    )


def mean_loss(y: Array, eta: Array, w: Array, loss: str) -> float:
    seen = w > 0.0
    y, eta, w = y[seen], eta[seen], w[seen]
    if loss == "squared":
        return float(w @ np.sum((y - eta) ** 2, axis=1) / 2)
    entropy = np.sum(y * np.log(np.where(y > 0.0, y, 1.0)), axis=1)
    return float(w @ (entropy - np.sum(y * log_softmax(eta, axis=1), axis=1)))


def spread(X: Array, s: Setting) -> tuple[Array, Array]:
    """Centre and scale of the columns."""
    centre = s.w @ X if s.intercept else np.zeros(X.shape[1])
    return centre, np.sqrt(s.w @ (X - centre) ** 2)


def objective(
    X: Array, y: Array, B: Array, b0: Any, alpha: float, loss: str, **given: Any
) -> float:
    """The objective of docs/objective.md for K outputs, written out once more."""
    s = setting(X, y, loss, given)
    b = B * spread(X, s)[1][:, None] if s.standardize else B
    v = np.where(np.isinf(s.v), 0.0, s.v)
    size = np.linalg.norm(b, axis=1) if s.grouped else np.abs(b).sum(axis=1)
    paid = v * (s.l1_ratio * size + (1.0 - s.l1_ratio) * np.sum(b**2, axis=1) / 2)
    return mean_loss(y, b0 + X @ B + s.offset, s.w, loss) + alpha * float(paid.sum())


def solve(
    X: Array, y: Array, alpha: float, loss: str, rounds: int = 20000, **given: Any
) -> tuple[Array, Array]:
    """Coefficients (p, K) and intercepts (K,) on the original scale."""
    s = setting(X, y, loss, given)
    centre, scale = spread(X, s)
    scale = np.where(scale > 0.0, scale, 1.0)
    Z, K = (X - centre) / scale, y.shape[1]
    A = np.column_stack([np.full(len(Z), float(s.intercept)), Z])
    unit = np.ones(len(scale)) if s.standardize else scale
    v = np.where(np.isinf(s.v), 0.0, s.v)
    tax = np.r_[0.0, alpha * s.l1_ratio * v / unit][:, None]
    ridge = np.r_[0.0, alpha * (1.0 - s.l1_ratio) * v / unit**2][:, None]
    low = np.r_[-np.inf, s.lower * scale][:, None]
    high = np.r_[np.inf, s.upper * scale][:, None]
    shut = np.r_[False, np.isinf(s.v)]
    steep = np.linalg.eigvalsh(A.T @ (A * s.w[:, None]))[-1] * (1.0 if loss == "squared" else 0.5)
    step = 1.0 / steep

    def prox(V: Array) -> Array:
        size = np.linalg.norm(V, axis=1, keepdims=True) if s.grouped else np.abs(V)
        left = np.maximum(1.0 - step * tax / np.maximum(size, 1e-300), 0.0)
        out = np.clip(V * left / (1.0 + step * ridge), low, high)
        out[shut] = 0.0
        return out

    def slope(x: Array) -> Array:
        eta = A @ x + s.offset
        mean = eta if loss == "squared" else softmax(eta, axis=1)
        return A.T @ (s.w[:, None] * (mean - y))

    x = ahead = np.zeros((A.shape[1], K))
    t = 1.0
    for _ in range(rounds):
        new = prox(ahead - step * slope(ahead))
        if np.sum((ahead - new) * (new - x)) > 0.0:
            t, ahead = 1.0, x
            new = prox(x - step * slope(x))
        if np.max(np.abs(new - x)) <= 1e-15 * (1.0 + np.max(np.abs(new))):
            x = new
            break
        after = (1.0 + np.sqrt(1.0 + 4.0 * t * t)) / 2.0
        ahead, x, t = new + (t - 1.0) / after * (new - x), new, after
    B = x[1:] / scale[:, None]
    return B, (x[0] - centre @ B) * s.intercept
