"""Which penalty keeps how many features, by the record of the path."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from excise.exceptions import InputError
from excise.explain import Point
from excise.explain.words import figures
from excise.model.parts import PathRecord

ROUNDING = 1e-9
"""An alpha this near to an event, relative to it, may lie on either side."""


def kept_at(path: PathRecord, points: Iterable[Point], alpha: float) -> int:
    """How many features are kept at an alpha of the grid or of a saved point."""
    for point in points:
        if abs(point.alpha - alpha) <= 1e-9 * alpha:
            return int(np.count_nonzero(point.kept))
    k = int(np.argmin(np.abs(path.alphas - alpha)))
    return len(path.support(k))


def stretches(path: PathRecord) -> list[tuple[float, float, int]]:
    """(from alpha, down to alpha, kept) between events, by falling alpha.

    A path without events of features (none happened, or none were recorded) is read off its grid.
    """
    kept = path.counts
    if not path.crossings:
        lower = np.append(path.alphas[1:], path.alphas[-1])
        return [
            (float(a), float(b), int(k)) for a, b, k in zip(path.alphas, lower, kept, strict=True)
        ]
    signs = [1 if event.kind == "enters" else -1 for event in path.crossings]
    counts = int(kept[-1]) - sum(signs) + np.cumsum(signs)
    starts = [event.alpha for event in path.crossings]
    ends = [*starts[1:], float(path.alphas[-1])]
    first = (np.inf, starts[0], int(counts[0]) - signs[0])
    return [first, *zip(starts, ends, map(int, counts), strict=True)]


def alpha_keeping(path: PathRecord, n_features: int) -> float:
    """The highest alpha of the path that keeps exactly this many features.

    The highest point of the grid inside the first stretch between two events that keeps so
    many; its geometric middle when no grid point lies inside. Without events a point of the grid.
    """
    on_grid = not path.crossings
    found = [(high, low, kept) for high, low, kept in stretches(path) if high > low or on_grid]
    for high, low, kept in found:
        if kept == n_features:
            if on_grid:
                return high
            clear = (path.alphas < high * (1 - ROUNDING)) & (path.alphas > low * (1 + ROUNDING))
            inside = path.alphas[clear]
            if len(inside):
                return float(inside[0])
            return float(np.sqrt(high * low)) if np.isfinite(high) else low * (1.0 + 1e-6)
    numbers = sorted(
        {kept for _, _, kept in found}, key=lambda kept: (abs(kept - n_features), kept)
    )
    near = [
        f"{k} at {figures(next(low for _, low, kept in found if kept == k))}" for k in numbers[:2]
    ]
    raise InputError(
        f"no point of the path keeps exactly {n_features} features",
        [f"closest: {', '.join(near)}"],
    )
