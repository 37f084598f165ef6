"""Models with a schedule that several tests ask questions of."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from excise import fit_cv
from excise.explain.judge import judge_of
from excise.folds import make_folds
from excise.model import Model, Target, build_model
from excise.results import CrossValidation

SPECS = {
    "static": {},
    "prune:0": {},
    "prune:0.3": {"l1_ratio": 0.6},
    "adaptive:ridge:1": {},
    "adaptive:ridge:1:0.1": {"bounds": (-np.inf, 0.2)},
    "adaptive:marginal+prune:0.2": {"standardize": False},
    "adaptive:lasso+prune:0": {"penalty_weight": [0.0, np.inf, 2.0, *[1.0] * 9]},
    "prune:1+prune:0": {},
    "reweighted:2": {"l1_ratio": 0.7, "standardize": False},
    "mcp": {},
    "lq": {"fit_intercept": False},
}
"""Texts of schedules, each with further settings of the problem."""


def data(loss: str = "squared") -> tuple[np.ndarray, np.ndarray]:
    """Twelve columns with a common part, five of them true; of two classes, or a number."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((90, 12)) + 0.6 * rng.standard_normal((90, 1))
    X *= np.geomspace(0.3, 3.0, 12)
    eta = X[:, :5] @ [2.0, 1.0, -1.5, 0.4, 0.2] + 0.5
    if loss == "logistic":
        return X, (rng.random(90) < 1.0 / (1.0 + np.exp(-eta))).astype(float)
    if loss == "poisson":
        return X, rng.poisson(np.exp(0.3 * eta)).astype(float)
    return X, eta + rng.standard_normal(90)


@cache
def crossed(spec: str, loss: str = "squared") -> CrossValidation:
    """Cross-validated in four folds."""
    X, y = data(loss)
    problem: dict[str, Any] = {"standardize": True, **SPECS.get(spec, {})}
    return fit_cv(X, y, 4, alphas=20, loss=loss, schedule=spec, **problem)


@cache
def scheduled_model(spec: str, loss: str = "squared", halves: int = 0) -> Model:
    """Its record."""
    found = crossed(spec, loss)
    held = found.fold_of_row[0]
    judge = judge_of(found.path.problem, make_folds(len(held), held))
    target = Target("y", ("no", "yes")) if loss == "logistic" else "y"
    return build_model(found, target=target, stability=halves, decoys=20, judge=judge)
