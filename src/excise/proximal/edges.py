"""Slides: to the edge of a face where some of its moves change no prediction.

Where more numbers move than predictions can tell apart, A B d = 0 for some d, and Newton's system
is singular. If the penalty falls along d the minimum is on no such face: one slides along d, the
loss unchanged, until two numbers meet or one becomes zero, and goes on from that smaller face. The
optimum found has independent numbers, as a vertex of a linear programme has.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, eigh

from excise.penalties.base import Face, PenaltyAt
from excise.proximal.data import EPS, Point
from excise.proximal.objective import Objective
from excise.results import Floats

DOUBLINGS, HALVINGS = 120, 60
SMALL_PIVOT = 1e-13
LEVEL = 1e-9
"""Directions along which the penalty falls by less than this share of its slopes are level."""


def slid(objective: Objective, point: Point, normal: Floats, step: float) -> Point:
    """`point`, slid to where Newton's system tells all moves apart; the objective does not rise.

    `normal` is a slope of the penalty at the point: what crosses an edge is held there by
    prox(b + step * normal, step).
    """
    pen, value = objective.pen, objective.value(point)
    face = pen.face(point.b)
    for _ in range(len(point.b)):
        assert face is not None
        way = _way(objective, face)
        if way is None:
            break
        m = face.gathered(point.b) / np.bincount(face.owner)
        b = _beyond(pen, face, m, way, len(point.b))
        if b is None:
            break
        new = objective.data.at(pen.prox(b + step * normal, step), point.shift)
        now, smaller = objective.value(new), pen.face(new.b)
        assert smaller is not None
        if not now <= value or len(smaller.slope) >= len(face.slope):
            break
        point, value, face = new, now, smaller
    return point


def _way(objective: Objective, face: Face) -> Floats | None:
    """A direction that changes no prediction, along which the penalty falls; None if none does."""
    if len(face.slope) == 0 or face.ridge.any():
        return None
    G = objective.data.columns.gram(face)
    if G is None or not np.all(np.isfinite(G)):
        return None
    size = np.sqrt(np.maximum(G.diagonal(), 0.0))
    size[size == 0.0] = 1.0
    scaled = G / size / size[:, None]
    if len(G) <= objective.data.most_rank and _clear(scaled):
        return None
    values, vectors = eigh(scaled, check_finite=False)
    flat = vectors[:, values <= 8.0 * len(G) * EPS * max(float(values[-1]), 0.0)]
    slope = face.slope / size
    along = flat.T @ slope
    if float(np.linalg.norm(along)) <= LEVEL * float(np.linalg.norm(slope)):
        return None
    return np.asarray(-(flat @ along) / size)


def _clear(G: Floats) -> bool:
    """Whether no pivot of a factor is small."""
    try:
        pivots = cho_factor(G, lower=True, check_finite=False)[0].diagonal()
    except LinAlgError:
        return False
    return float(pivots.min()) ** 2 > SMALL_PIVOT


def _beyond(pen: PenaltyAt, face: Face, m: Floats, way: Floats, p: int) -> Floats | None:
    """Coefficients just beyond the edge that m meets on its way; None: there is no edge."""

    def inside(share: float) -> bool:
        there = pen.face(face.spread(m + share * way, p))
        assert there is not None
        same = len(there.features) == len(face.features)
        return same and all(
            np.array_equal(getattr(there, name), getattr(face, name))
            for name in ("features", "owner", "sign", "slope")
        )

    low, high = 0.0, float(np.abs(m).max()) / float(np.abs(way).max()) or 1.0
    for _ in range(DOUBLINGS):
        if not inside(high):
            break
        low, high = high, 2.0 * high
    else:
        return None
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if inside(middle) else (low, middle)
    return face.spread(m + high * way, p)
