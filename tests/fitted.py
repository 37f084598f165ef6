"""Fitted models that several tests ask questions of."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from excise.cross_validation import fit_cv
from excise.model import Column, Model, build_model

DIABETES = ["age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu"]


@cache
def diabetes_model(alpha: float | None = None) -> Model:
    """The raw diabetes table, standardised; by the 1-SE rule or at `alpha`."""
    from sklearn.datasets import load_diabetes

    data = load_diabetes(scaled=False)
    return build_model(
        fit_cv(data.data, data.target, standardize=True),
        columns=[Column(name) for name in DIABETES],
        target="progression",
        settings={"table": "diabetes.csv"},
        alpha=alpha,
    )


def small_model(n: int = 60, p: int = 6, seed: int = 0, **problem: Any) -> Model:
    """Random columns, half of them true, without stability and decoys."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) @ (np.eye(p) + 0.4 * rng.standard_normal((p, p)))
    y = X @ (np.arange(p) % 2 * rng.standard_normal(p)) + rng.standard_normal(n)
    cv = fit_cv(X, y, cv=4, alphas=20, **{"standardize": True, **problem})
    return build_model(cv, stability=0, decoys=0)
