"""Models with a penalty beside the elastic net that several tests ask questions of."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from excise import fit_cv
from excise.explain.judge import judge_of
from excise.folds import make_folds
from excise.model import Model, Target, build_model
from excise.penalties import GroupLasso, OverlappingGroups, Penalty, SparseGroupLasso
from excise.results import CrossValidation

GROUPS = [[0, 1, 2], [3, 9], [4, 5, 6, 7]]
PENALTIES: dict[str, Any] = {
    "group": GroupLasso(GROUPS, rest="alone"),
    "group of weights": GroupLasso(GROUPS, [1.0, 3.0, 0.5], rest="alone"),
    "sparse": SparseGroupLasso(GROUPS, rest="alone", l1_share=0.4),
    "overlapping": OverlappingGroups([[0, 1, 2], [2, 3, 9], [4, 5, 6, 7]], rest="alone"),
    "mcp:3": "mcp:3",
    "scad": "scad",
    "log:0.5": "log:0.5",
    "lq:0.5": "lq:0.5",
}
"""Penalties by what tests call them."""
CONCAVE = ("mcp:3", "scad", "log:0.5", "lq:0.5")
GROUPED = tuple(name for name in PENALTIES if name not in CONCAVE)
CASES = [
    *((name, "squared", standardize) for name in PENALTIES for standardize in (True, False)),
    *((name, "logistic", True) for name in GROUPED),
    ("group", "poisson", True),
]
"""(penalty, loss, standardize)."""


def data(loss: str = "squared") -> tuple[np.ndarray, np.ndarray]:
    """Twelve columns with a common part, six of them true; of two classes, counts, or a number."""
    rng = np.random.default_rng(8)
    X = rng.standard_normal((100, 12)) + 0.5 * rng.standard_normal((100, 1))
    X *= np.geomspace(0.5, 2.0, 12)
    eta = X[:, [0, 1, 3, 8, 9, 10]] @ [2.0, 1.0, -1.5, 0.6, 0.8, 0.2] + 0.5
    if loss == "logistic":
        return X, (rng.random(100) < 1.0 / (1.0 + np.exp(-eta))).astype(float)
    if loss == "poisson":
        return X, rng.poisson(np.exp(0.3 * eta)).astype(float)
    return X, eta + rng.standard_normal(100)


def crossed(name: str, loss: str = "squared", standardize: bool = True) -> CrossValidation:
    """Cross-validated in four folds."""
    return _crossed(name, loss, standardize)


def penalised_model(name: str, loss: str = "squared", standardize: bool = True) -> Model:
    """Its record."""
    return _model(name, loss, standardize)


@cache
def _crossed(name: str, loss: str, standardize: bool) -> CrossValidation:
    X, y = data(loss)
    settings: dict[str, Any] = {"loss": loss, "penalty": PENALTIES[name]}
    return fit_cv(X, y, 4, alphas=25, standardize=standardize, **settings)


@cache
def _model(name: str, loss: str, standardize: bool) -> Model:
    found = crossed(name, loss, standardize)
    held = found.fold_of_row[0]
    judge = judge_of(found.path.problem, make_folds(len(held), held))
    target = Target("y", ("no", "yes")) if loss == "logistic" else "y"
    return build_model(found, target=target, stability=0, decoys=20, judge=judge)


def form_of(model: Model) -> Penalty:
    """The penalty beside the elastic net."""
    assert model.penalty.form is not None
    return model.penalty.form
