"""How small the squared loss can be with few features, or cheap ones: a bound over all subsets.

On the standard scale, with G = Z'WZ, c = Z'Wy and a diagonal D >= 0 with G - D >= 0,

    loss(b) = |y|^2 / 2 - c'b + b'(G - D) b / 2  +  sum_j d_j b_j^2 / 2.

The first three terms are convex: they lie above their tangent at any point b~, whose slopes are
g = (G - D) b~ - c. So for every b whose features form an allowed set S

    loss(b) >= |y|^2 / 2 - b~'(G - D) b~ / 2 + sum over S of (g_j b_j + d_j b_j^2 / 2)
            >= |y|^2 / 2 - b~'(G - D) b~ / 2 - max over allowed S of sum over S of g_j^2 / (2 d_j),

whatever b~ is. The best b~ belongs to the perspective relaxation, in which d_j b_j^2 becomes
d_j b_j^2 / z_j for shares 0 <= z_j <= 1 of features; it is approached by Frank-Wolfe steps.
The last maximum is a knapsack, bounded by its fractional solution.

Pilanci, Wainwright and El Ghaoui, "Sparse learning via Boolean relaxations", Mathematical
Programming 151, 2015; Frangioni and Gentile, "SDP diagonalizations and perspective cuts",
Operations Research Letters 35, 2007.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from excise.duality import EPS
from excise.results import Floats
from excise.standard import View

MOST_FEATURES = 400
"""Features whose Gram matrix is decomposed in a second or so."""
STEPS = 200
CLOSE = 1e-4
"""Share of the null loss within which a step's bound is the best of its relaxation."""
ROUNDING = 1e-11


def knapsack(gain: Floats, cost: Floats, most: float) -> Floats:
    """The shares z in [0, 1] with cost'z <= most and the largest gain'z."""
    z = np.where((cost == 0.0) & (gain > 0.0), 1.0, 0.0)
    paid = np.flatnonzero((cost > 0.0) & (gain > 0.0))
    order = paid[np.argsort(-gain[paid] / cost[paid], kind="stable")]
    left = most - np.concatenate([[0.0], np.cumsum(cost[order])[:-1]])
    z[order] = np.clip(left / cost[order], 0.0, 1.0)
    return z


def subset_bound(view: View, y: Floats, cost: Floats, most: float) -> float:
    """A lower bound of |y - Z b|^2 / 2 over all b whose features cost at most `most` together.

    Parameters
    ----------
    view : View
    y : ndarray, shape (n,)
        Centred and multiplied by sqrt(w), as `excise.data_term.SquaredTerm` has it.
    cost : ndarray, shape (p,)
        >= 0; infinity forbids a feature.
    most : float

    Returns
    -------
    float
        0 where nothing is known: with more than `MOST_FEATURES` features allowed.
    """
    usable = np.flatnonzero((cost <= most) & (view.columns.scale > 0.0))
    null = float(y @ y) / 2
    if len(usable) == 0:
        return null
    if len(usable) > MOST_FEATURES or null == 0.0:
        return 0.0
    gram, c = gram_of(view, usable), view.correlate(y)[usable]
    best = all_of(view, y, usable)
    for d in diagonals(gram):
        best = max(best, _relaxed(gram, c, d, null, cost[usable], most))
    return max(best - ROUNDING * null, 0.0)


def gram_of(view: View, index: NDArray[np.intp]) -> Floats:
    """Z_A'W Z_A, a block of columns at a time."""
    parts = [view.correlate(block)[index] for _, block in view.blocks(index)]
    return np.concatenate(parts, axis=1)


def all_of(view: View, y: Floats, index: NDArray[np.intp]) -> float:
    """The loss with all these features, which no part of them can beat."""
    if len(index) >= view.problem.n:
        return 0.0
    basis = view.span(index)
    rest = y - basis @ (basis.T @ y)
    return float(rest @ rest) / 2


def diagonals(gram: Floats) -> Iterator[Floats]:
    """Diagonals D with G - D >= 0: the least eigenvalue, or in proportion to 1 / G^-1_jj."""
    values, vectors = np.linalg.eigh(gram)
    slack = 1e-9 + len(gram) * EPS * values[-1]
    if values[0] <= 2.0 * slack:
        return
    yield np.full(len(gram), values[0] - slack)
    alone = 1.0 / np.sum(vectors**2 / values, axis=1)  # what of a column the others do not span
    root = np.sqrt(alone)
    least = float(np.linalg.eigvalsh(gram / np.outer(root, root))[0])
    yield max(least * (1.0 - 1e-6) - slack / float(alone.min()), 0.0) * alone


def _relaxed(gram: Floats, c: Floats, d: Floats, null: float, cost: Floats, most: float) -> float:
    """The best bound that Frank-Wolfe steps on the shares z come to, or the set they point at."""
    if not d.min() > 0.0:
        return 0.0
    rest, best = gram - np.diag(d), 0.0

    def solved(z: Floats) -> tuple[float, float, Floats]:
        """At the best b~ for z: the bound, the value of the relaxation, and the best set there."""
        root = np.sqrt(z)
        b = root * np.linalg.solve(root[:, None] * rest * root + np.diag(d), root * c)
        bent = rest @ b
        gain = (bent - c) ** 2 / (2.0 * d)
        chosen = knapsack(gain, cost, most)
        bound = null - float(b @ bent) / 2 - float(gain @ chosen)
        return bound, null - float(c @ b) / 2, chosen

    z = knapsack(c**2, cost, most)
    for step in range(STEPS):
        bound, value, chosen = solved(z)
        best = max(best, bound)
        if value - best <= CLOSE * null:
            break
        z = z + 2.0 / (step + 3.0) * (chosen - z)
    return max(best, solved(chosen)[0])
