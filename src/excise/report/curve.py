"""Coefficient paths as lines on the page.

Between two knots a coefficient is a straight line in alpha, so on a log axis it is an exponential
curve: it is subdivided until the chords leave it by less than a tenth of a pixel, then points
that a longer chord already covers are dropped.
"""

from __future__ import annotations

import numpy as np

from excise.report.scales import Scale
from excise.results import Floats

TOLERANCE = 0.1  # pixels


def curve(alphas: Floats, values: Floats, x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Pixels of the piecewise linear function through (alphas, values), alphas falling."""
    width = np.log(alphas[:-1] / alphas[1:])
    rise = np.abs(np.diff(y(values)))
    bend = np.divide(rise, -np.expm1(-width), out=np.zeros_like(rise), where=width > 0.0)
    # a chord over a part u of the log axis errs by at most bend u^2 / 8
    counts = np.maximum(np.ceil(width * np.sqrt(bend / (8.0 * TOLERANCE))), 1.0).astype(int)
    segment = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = np.append(alphas[segment] * np.exp(-width[segment] * step / counts[segment]), alphas[-1])
    heights = np.interp(-at, -alphas, values)
    points = simplify(np.column_stack([x(at), y(heights)]), TOLERANCE)
    return [(float(a), float(b)) for a, b in points]


def simplify(points: Floats, tolerance: float) -> Floats:
    """The fewest of `points` (Ramer, Douglas and Peucker) that stay within `tolerance` of all."""
    keep = np.zeros(len(points), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        chord = points[last] - points[first]
        inner = points[first + 1 : last] - points[first]
        off = np.abs(inner[:, 0] * chord[1] - inner[:, 1] * chord[0])
        far = int(np.argmax(off))
        if off[far] > tolerance * max(float(np.hypot(*chord)), 1e-12):
            middle = first + 1 + far
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[keep]
