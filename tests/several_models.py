"""Models of several outputs: classes apart and grouped, responses, on one small table."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from excise.cross_validation import fit_cv
from excise.explain.judge import judge_of
from excise.folds import Folds, make_folds
from excise.model import Column, Model, Target, build_model
from excise.problem import Problem, make_problem

Array = np.ndarray

KINDS: dict[str, dict[str, Any]] = {
    "classes": {"loss": "multinomial"},
    "grouped": {"loss": "multinomial", "grouped": True},
    "elastic": {"loss": "multinomial", "l1_ratio": 0.5, "standardize": False},
    "responses": {"loss": "squared", "grouped": True},
    "apart": {"loss": "squared", "grouped": False},
}
NAMES = ("left", "middle", "right")
P = 7


@cache
def rows_of(kind: str) -> tuple[Array, Array]:
    """Correlated columns, and three classes or responses that three of them tell apart."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((150, P)) @ (np.eye(P) + 0.2 * rng.standard_normal((P, P))) + 1.0
    B = np.zeros((P, 3))
    B[[0, 3, 4]] = [[2.0, -1.0, 0.0], [0.0, 1.5, -1.0], [-1.0, 0.0, 1.0]]
    eta = X @ B
    if KINDS[kind]["loss"] == "squared":
        return X, eta + rng.standard_normal(eta.shape)
    return X, np.eye(3)[(eta - eta.mean(axis=0) + rng.gumbel(size=eta.shape)).argmax(axis=1)]


def settings_of(kind: str) -> dict[str, Any]:
    """Of the problem."""
    return {"standardize": True, **KINDS[kind]}


@cache
def problem_of(kind: str) -> Problem:
    """The checked problem."""
    return make_problem(*rows_of(kind), **settings_of(kind))


@cache
def folds_of(kind: str) -> Folds:
    """Five folds, each with its share of classes."""
    y = rows_of(kind)[1]
    classes = None if KINDS[kind]["loss"] == "squared" else y.argmax(axis=1)
    return make_folds(len(y), 5, stratify=classes, random_state=0)


@cache
def several_model(kind: str = "classes", alpha: float | None = None) -> Model:
    """The record, judged on the same folds."""
    X, y = rows_of(kind)
    classes = KINDS[kind]["loss"] == "multinomial"
    target = Target("side", levels=NAMES) if classes else Target("all", responses=NAMES)
    return build_model(
        fit_cv(X, y, cv=5, alphas=25, **settings_of(kind)),
        target=target,
        columns=[Column(f"x{j}") for j in range(P)],
        stability=8,
        decoys=20,
        alpha=alpha,
        judge=judge_of(problem_of(kind), folds_of(kind)),
    )
