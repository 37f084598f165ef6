"""Models whose every figure is known in closed form: the columns are orthonormal.

Then earns_j = |q_j| whatever the others do, and b_j(alpha) = sign(q_j) max(|q_j| - alpha, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from excise.explain import Books, Decoys, Stability
from excise.explain.point import Point, Proof
from excise.explain.score import CVRecord
from excise.model import Column, Model, PathRecord, Penalty, Target
from excise.results import Event, Floats, SparseColumns
from excise.verdicts import VerdictKind

BLOCK = 300


def soft(q: Floats, alpha: float) -> Floats:
    return np.sign(q) * np.maximum(np.abs(q) - alpha, 0.0)


def point_at(q: Floats, alpha: float) -> Point:
    coef = soft(q, alpha)
    kinds = np.where(coef != 0.0, VerdictKind.KEPT, VerdictKind.PROVED).astype(np.uint8)
    return Point(alpha, 1.0, coef, coef, Proof(0.0, 0.0, 0.0, kinds, True), np.abs(q))


def path_of(q: Floats, alphas: Floats) -> PathRecord:
    columns = [soft(q, float(alpha)) for alpha in alphas]
    indices = [np.flatnonzero(column) for column in columns]
    data = np.concatenate([c[i] for c, i in zip(columns, indices, strict=True)])
    indptr = np.concatenate([[0], np.cumsum([len(i) for i in indices])]).astype(np.int64)
    matrix = SparseColumns(indptr, np.concatenate(indices).astype(np.int64), data, len(q))
    falling = np.argsort(-np.abs(q), kind="stable")
    events = [Event(abs(float(q[j])), int(j), "enters") for j in falling]
    return PathRecord(alphas, matrix, tuple(e for e in events if e.alpha > alphas[-1]))


def cv_of(alphas: Floats, null: float) -> CVRecord:
    x = np.linspace(-1.0, 1.0, len(alphas))
    mean = null * (0.55 + 0.45 * (x - 0.3) ** 2 / 1.69)
    train = null * np.linspace(1.0, 0.45, len(alphas))
    return CVRecord(
        alphas, mean, np.full(len(alphas), 0.02 * null), train, null, 0.03 * null, null, 10
    )


def orthonormal_model(
    p: int,
    *,
    names: Sequence[str] = (),
    target: str = "y",
    kept: float = 0.3,
    seed: int = 0,
    **changes: Any,
) -> Model:
    """`p` orthonormal columns, about a share `kept` of them kept at the chosen penalty."""
    rng = np.random.default_rng(seed)
    q = rng.standard_normal(p) * 10.0
    size = np.sort(np.abs(q))
    alphas = np.geomspace(size[-1], size[-1] * 1e-3, 100)
    chosen = float(alphas[np.argmin(np.abs(alphas - np.quantile(size, 1.0 - kept)))])
    block = np.sort(np.argsort(-np.abs(q))[:BLOCK])
    null = float(q @ q) + 1.0
    books = Books(
        xy=q,
        block=block,
        gram=np.eye(len(block)),
        mean=np.zeros(p),
        scale=np.ones(p),
        centre=0.0,
        penalty_weight=np.ones(p),
        lower=np.full(p, -np.inf),
        upper=np.full(p, np.inf),
        l1_ratio=1.0,
        standardize=True,
        null_loss=null / 2.0,
    )
    labels = list(names) + [f"x{j}" for j in range(len(names), p)]
    cv = cv_of(alphas, null)
    best = float(alphas[int(np.argmin(cv.mean))])
    picked = np.clip(np.abs(q) / size[-1], 0.0, 1.0)
    made = {
        "target": Target(target),
        "columns": tuple(Column(name) for name in labels),
        "n_rows": 10 * p,
        "point": point_at(q, chosen),
        "rule": "1se",
        "alpha_min": best,
        "alpha_1se": chosen,
        "alpha_max": float(size[-1]),
        "penalty": Penalty(),
        "standardize": True,
        "fit_intercept": True,
        "path": path_of(q, alphas),
        "cv": cv,
        "books": books,
        "saved": (point_at(q, best),),
        "stability": Stability(np.array([chosen]), picked[None, :], 100, 0),
        "decoys": Decoys(0.1, 0.2, 200, 0),
        "settings": {"command": "excise fit t.csv y", "seed": 0},
        "fingerprints": {"table": "sha256:abc"},
        "software": "excise 0.1",
        "created": "2026-01-01",
    }
    return Model(**{**made, **changes})
