"""Labels at the ends of lines, moved as little as possible so that none overlap."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart and inside [low, high], as near as can be to `wanted`.

    Least squares under an order: with the gaps taken out, the best positions are the isotonic
    regression of `wanted`, found by pooling neighbours that collide. When the room is too small
    for all of them, the gap shrinks to what fits.
    """
    count = len(wanted)
    if count > 1:
        gap = min(gap, (high - low) / (count - 1))
    order = sorted(range(count), key=wanted.__getitem__)
    pools: list[tuple[float, int]] = []  # (mean, size), rising
    for rank, i in enumerate(order):
        mean, size = wanted[i] - rank * gap, 1
        while pools and pools[-1][0] >= mean:
            other, weight = pools.pop()
            mean = (mean * size + other * weight) / (size + weight)
            size += weight
        pools.append((mean, size))
    slots = [mean for mean, size in pools for _ in range(size)]
    top = high - (count - 1) * gap
    placed = [0.0] * count
    for rank, i in enumerate(order):
        placed[i] = min(max(slots[rank], low), top) + rank * gap
    return placed
