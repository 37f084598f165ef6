"""The partial likelihood written out, event by event, and survival data to try it on."""

from __future__ import annotations

from typing import Any

import numpy as np

from excise.survival import Survival

Array = np.ndarray


def survival_data(
    n: int = 120, p: int = 8, seed: int = 0, *, entry: bool = False, strata: bool = False
) -> tuple[Array, Survival]:
    """Correlated columns; times with ties, censored, perhaps entered late, in strata."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    X[:, 1:] = 0.6 * X[:, :-1] + 0.8 * X[:, 1:]
    eta = X[:, :3] @ np.array([0.8, -0.6, 0.4])
    start = np.floor(rng.exponential(2.0, n)) if entry else np.zeros(n)
    time = start + np.ceil(5.0 * rng.exponential(np.exp(-eta)))
    return X, Survival(
        time,
        rng.random(n) < 0.7,
        start if entry else None,
        rng.choice(["a", "b", "c"], n) if strata else None,
    )


def value_and_slopes(
    y: Survival, eta: Array, w: Array | None = None, ties: str = "breslow"
) -> tuple[float, Array]:
    """Minus the log partial likelihood less its least value, over the sum of weights; O(n^2).

    And its derivatives by eta.
    """
    n = len(eta)
    w = np.ones(n) if w is None else np.asarray(w, dtype=float)
    strata = np.zeros(n) if y.strata is None else y.strata
    entry = np.full(n, -np.inf) if y.entry is None else y.entry
    value, slopes = 0.0, np.zeros(n)
    for s in np.unique(strata):
        for t in np.unique(y.time[(y.event > 0) & (strata == s) & (w > 0)]):
            risk = (strata == s) & (entry < t) & (t <= y.time) & (w > 0)
            tied = risk & (y.event > 0) & (y.time == t)
            weight, d = w[tied].sum(), int(tied.sum())
            value -= w[tied] @ eta[tied]
            slopes[tied] -= w[tied]
            for k in range(d if ties == "efron" else 1):
                share = weight / d if ties == "efron" else weight
                off = k / d if ties == "efron" else 0.0
                c = w * risk * (1.0 - off * tied)
                top = eta[risk].max()
                mass = c * np.exp(np.where(risk, eta - top, 0.0))
                value += share * (top + np.log(mass.sum()) - np.log(weight * (1.0 - off)))
                slopes += share * mass / mass.sum()
    return float(value / w.sum()), slopes / w.sum()


def cox_objective(
    X: Array, y: Survival, coef: Array, alpha: float, ties: str = "breslow", **kw: Any
) -> float:
    """The lasso objective."""
    offset = kw.get("offset", 0.0)
    value, _ = value_and_slopes(y, X @ coef + offset, kw.get("sample_weight"), ties)
    return value + alpha * float(np.abs(coef).sum())
