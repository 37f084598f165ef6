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
from excise.results import Floats, Path

TALL = 20
"""More rows per column than this: moments are shared."""
SHARED = 4_000_000
"""Numbers of moments held at a time: 32 MB."""
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
        Of several outputs with features of their own (k, n_features * outputs), in flat numbers.
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
    for path in solve(rows, alphas, n_samples, rng):
        for k in range(len(alphas)):
            kept[k, path.columns_std.support(k) if apart else path.support(k)] += 1
    return Stability(alphas, kept / n_samples, n_samples, seed)


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
