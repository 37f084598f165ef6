"""Models of every loss, on small tables with a known signal."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from excise.catalog import LOSS_NAMES
from excise.cross_validation import fit_cv
from excise.model import Model, build_model
from excise.results import CrossValidation

SPECS = ("logistic", "squared_hinge", "poisson", "gamma", "tweedie:1.3", "negative_binomial:2",
         "huber:1", "quantile:0.5")  # fmt: skip
"""One of each loss of rows, but the squared one."""

assert {spec.partition(":")[0] for spec in SPECS} == {
    *LOSS_NAMES["number"],
    *LOSS_NAMES["class"],
} - {"squared", "multinomial"}


def rows(spec: str, n: int = 120, p: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns and a target of the loss's kind."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.3 * rng.standard_normal((p, p)))
    eta = 0.3 + 0.8 * X[:, 0] - 0.6 * X[:, 1]
    name = spec.partition(":")[0]
    if name in LOSS_NAMES["class"]:
        return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-eta))).astype(float)
    if name in ("poisson", "negative_binomial"):
        return X, rng.poisson(np.exp(np.minimum(eta, 3.0))).astype(float)
    if name in ("huber", "quantile"):
        return X, eta + rng.standard_t(2, n)
    amounts = rng.gamma(2.0, np.exp(np.clip(eta, -3.0, 3.0)) / 2.0) + 1e-3
    return X, amounts if name == "gamma" else amounts * (rng.random(n) < 0.6)


@cache
def crossed(spec: str, **problem: Any) -> CrossValidation:
    """A cross-validated path."""
    X, y = rows(spec)
    settings = {"standardize": True, "cv": 4, "alphas": 30, "loss": spec, **problem}
    return fit_cv(X, y, **settings)


@cache
def loss_model(spec: str, **problem: Any) -> Model:
    """Its record."""
    return build_model(crossed(spec, **problem), stability=6, decoys=20)
