"""Objects of every penalty in the registry, and penalties as a user would write them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.penalties import (
    MCP,
    REGISTRY,
    SCAD,
    ElasticNet,
    GroupLasso,
    LogSum,
    Lq,
    OverlappingGroups,
    Penalty,
    SortedL1,
    SparseGroupLasso,
    TotalVariation,
)

Floats = NDArray[np.float64]

MODELS: dict[str, list[Penalty]] = {
    "mcp": [MCP(3.0)],
    "scad": [SCAD(3.7)],
    "log": [LogSum(2.0)],
    "lq": [Lq(0.5)],
    "elastic_net": [ElasticNet(1.0), ElasticNet(0.4), ElasticNet(0.0)],
    "sorted_l1": [SortedL1(0.2), SortedL1.oscar(0.3), SortedL1(sequence=[3, 2, 2, 1, 0.5, 0])],
    "total_variation": [TotalVariation(0.5), TotalVariation(0.0), TotalVariation(1.0)],
    "group": [GroupLasso([[0, 1], [2, 3, 4], [5]])],
    "sparse_group": [SparseGroupLasso([[0, 3], [1, 2, 4, 5]], l1_share=0.3)],
    "overlapping_groups": [OverlappingGroups([[0, 1, 2], [2, 3], [3, 4, 5]])],
}
"""At least one of each; those with a sequence are for six features."""

ALL = [penalty for name in REGISTRY for penalty in MODELS.get(name, [])]
CONVEX = [penalty for penalty in ALL if penalty.convex]
NORMS = [penalty for penalty in CONVEX if penalty not in (ElasticNet(0.4), ElasticNet(0.0))]
P = 6
ONES = np.ones(P)


class Lasso:
    """|b|_1: value, prox and the norm that proves an answer."""

    convex = True

    def value(self, b: Floats) -> float:
        return float(np.abs(b).sum())

    def prox(self, v: Floats, step: float) -> Floats:
        return np.sign(v) * np.maximum(np.abs(v) - step, 0.0)

    def dual_norm(self, z: Floats) -> float:
        return float(np.abs(z).max())


class Plain(Lasso):
    """The same, which tells no dual norm."""

    dual_norm = None  # type: ignore[assignment]


class HalfSquare:
    """|b|^2 / 2 with its conjugate."""

    convex = True

    def value(self, b: Floats) -> float:
        return float(b @ b) / 2

    def prox(self, v: Floats, step: float) -> Floats:
        return v / (1 + step)

    def conjugate(self, z: Floats) -> float:
        return float(z @ z) / 2


class Wrong(Lasso):
    """A lasso whose methods return what they are told to."""

    def __init__(self, **returns: Any) -> None:
        self.returns = returns

    def value(self, b: Floats) -> Any:
        return self.returns.get("value", super().value(b)) if b.any() else 0.0

    def prox(self, v: Floats, step: float) -> Any:
        return self.returns.get("prox", super().prox(v, step)) if v.any() else v
