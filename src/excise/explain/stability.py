"""Whether the same features would be kept with other rows.

Each half-sample (n // 2 rows without replacement; Meinshausen and Buehlmann, J. R. Stat. Soc. B
2010) is centred, scaled and solved on its own, at the same alphas and with all stages of a
schedule; of two classes half of each is taken, and so of rows with and without an event. With the
squared loss and rows that far outnumber columns the work is shared: the rows are dealt at random
into blocks whose moments are computed once, and a half-sample is half of the blocks (single rows,
if their moments fit in memory).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from excise.engine import solve_path
from excise.explain.moments import solve_moments
from excise.explain.rows import Rows, standardise
from excise.explain.together import whole
from excise.penalties import GroupPenalty
from excise.problem import Problem
from excise.results import Floats, Path
from excise.sessions import session_of

TALL = 20
"""More rows per column than this: moments are shared."""
SHARED = 4_000_000
"""Numbers of moments held at a time: 32 MB."""
WAY = 30
"""Alphas on the way to a saved one."""
FEWEST_BLOCKS = 20
"""Half-samples made of fewer blocks than this would be too much alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """Share of half-samples that keep each feature, at the same alpha.

    Attributes
    ----------
    alphas : ndarray, shape (k,)
        The saved taxes: the chosen one, best and 1-SE; falling.
    picked : ndarray, shape (k, n_features)
        Of several outputs with features of their own (k, n_features * outputs), in flat numbers;
        of a group that is in or out as one that of the group.
    n_samples, seed : int
    """

    alphas: Floats
    picked: Floats
    n_samples: int
    seed: int

    def at(self, alpha: float) -> Floats | None:
        """Shares at a saved alpha; None at any other."""
        for saved, picked in zip(self.alphas, self.picked, strict=True):
            if abs(saved - alpha) <= 1e-9 * alpha:
                return np.asarray(picked)
        return None


def stability(rows: Rows, alphas: Floats, n_samples: int = 100, seed: int = 0) -> Stability:
    """Solve `n_samples` half-samples at falling `alphas`."""
    p, apart = rows.problem.p, not rows.problem.grouped
    rng = np.random.default_rng(seed)
    shared = len(rows.used()) > TALL * p and FEWEST_BLOCKS * (p + 2) ** 2 <= 2 * SHARED
    shared &= rows.squared
    shared &= not (rows.problem.schedule and rows.problem.schedule.needs_rows)
    solve = _from_moments if shared else _from_rows
    kept = np.zeros((len(alphas), p * rows.problem.outputs if apart else p), dtype=np.int64)
    along = _way_to(rows.problem, alphas)
    places = np.flatnonzero(np.isin(along, alphas)).tolist()
    groups = _wholes(rows)
    for path in solve(rows, along, n_samples, rng):
        for k, at in enumerate(places):
            found = path.columns_std.support(at) if apart else path.support(at)
            if groups is not None:
                found = np.flatnonzero(np.isin(groups, groups[found]) & (rows.scale > 0.0))
            kept[k, found] += 1
    return Stability(alphas, kept / n_samples, n_samples, seed)


def _wholes(rows: Rows) -> NDArray[np.int64] | None:
    """The group of each column where groups are in or out as one; else None.

    A column that is constant in a half-sample goes with its group.
    """
    kind = rows.problem.penalty
    return kind.parts.of if isinstance(kind, GroupPenalty) and whole(kind) else None


def _way_to(problem: Problem, alphas: Floats) -> Floats:
    """The alphas to solve at: of a penalty that is not convex also those on the way to them.

    Which minimum is found depends on the way.
    """
    if problem.penalty is None or problem.penalty.convex:
        return alphas
    top = session_of(problem).grid(1)[0]
    way = np.geomspace(top, alphas[-1], WAY) if top > alphas[-1] > 0.0 else alphas
    return np.unique(np.concatenate([way, alphas]))[::-1]


def _from_rows(
    rows: Rows, alphas: Floats, n_samples: int, rng: np.random.Generator
) -> Iterator[Path]:
    """The engine on the same rows, half of them with weight 0: nothing is copied."""
    problem, weights = rows.problem, rows.problem.weights
    strata = _strata(rows)
    for _ in range(n_samples):
        half = np.zeros(problem.n)
        for stratum in strata:
            chosen = rng.permutation(stratum)[: max(len(stratum) // 2, 1)]
            half[chosen] = weights[chosen]
        yield solve_path(replace(problem, sample_weight=half), alphas)


def _strata(rows: Rows) -> list[NDArray[np.intp]]:
    """Rows of which half is taken: those of each class; else rows that are zero, and the others.

    Without a row above zero a log link has no finite intercept, and without an event there is
    nothing to learn.
    """
    used, loss, y = rows.used(), rows.problem.loss, rows.problem.y
    if not loss.of_classes and loss.link != "log":
        return [used]
    if rows.problem.outputs > 1:
        classes = y[used].argmax(axis=1)
        return [used[classes == k] for k in np.unique(classes)]
    above = y[used] > (0.5 if loss.of_classes else 0.0)
    return [part for part in (used[above], used[~above]) if len(part)]


def _from_moments(
    rows: Rows, alphas: Floats, n_samples: int, rng: np.random.Generator
) -> Iterator[Path]:
    """Sums of half of the blocks of moments."""
    problem, p = rows.problem, rows.problem.p
    used = rng.permutation(rows.used())
    n_blocks = min(len(used), max(FEWEST_BLOCKS, SHARED // (p + 2) ** 2))
    blocks = rows.moments(np.arange(p), used, n_blocks)
    for half in _halves(blocks, n_samples, rng):
        G, q, scale = standardise(half, problem.centred)
        spread = scale * rows.divisor
        unit = np.ones(p) if problem.standardize else spread
        to_penalty = np.where(spread > 0.0, spread / np.where(unit > 0.0, unit, 1.0), 1.0)
        yield solve_moments(
            G,
            q,
            unit,
            alphas,
            l1_ratio=problem.l1_ratio,
            penalty_weight=problem.penalty_weight,
            lower=problem.lower * to_penalty,
            upper=problem.upper * to_penalty,
            schedule=problem.schedule,
            penalty=problem.penalty,
        )


def _halves(
    blocks: NDArray[np.float64], n_samples: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """The sum of a random half of the blocks, `n_samples` times."""
    n_blocks, flat = len(blocks), blocks.reshape(len(blocks), -1)
    together = max(1, SHARED // flat.shape[1])
    for start in range(0, n_samples, together):
        picks = np.zeros((min(together, n_samples - start), n_blocks))
        for row in picks:
            row[rng.permutation(n_blocks)[: n_blocks // 2]] = 1.0
        yield from (picks @ flat).reshape(-1, *blocks.shape[1:])
