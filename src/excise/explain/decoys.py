"""The noise floor: the tax at which columns without any tie to the target would enter.

A shuffle permutes the rows of all standardised columns jointly: what they have in common stays,
every tie to y is broken. The best of the shuffled columns d enters at the tax

    max_j |d_j'W r|,     r = y less the intercept and the features that pay no tax,

(of several outputs the largest of each feature's K numbers, or, grouped, their length)
which is alpha_max * l1_ratio of the shuffled table; of a penalty beside the elastic net it is where
the first of them, or of the groups, would enter for itself. Its quantiles over shuffles say how
much a column of this table can earn by chance alone (the quantile universal threshold; Giacobino,
Sardy, Diaz-Rodriguez and Hengartner, Electron. J. Stat. 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from excise.explain.rows import Rows
from excise.penalties import Concave
from excise.problem import Problem
from excise.results import Floats

TOGETHER = 4_000_000
"""Numbers of shuffled residuals, or of their correlations, held at a time: 32 MB."""


@dataclass(frozen=True, slots=True)
class Decoys:
    """Quantiles, over the shuffles, of the tax at which the best shuffled column enters.

    Attributes
    ----------
    median, q95 : float
    n_shuffles, seed : int
    """

    median: float
    q95: float
    n_shuffles: int
    seed: int


def comparable(problem: Problem) -> bool:
    """Whether it is known what shuffled columns enter at: there is a tax, and concave ones bend it.

    Where a concave penalty acts on columns of different variance, each enters by another rule.
    """
    kind = problem.penalty
    return problem.l1_ratio > 0.0 and (kind is None or kind.convex or problem.standardize)


def decoys(rows: Rows, residual: Floats, n_shuffles: int = 200, seed: int = 0) -> Decoys:
    """Entries of the best of the shuffled columns.

    Parameters
    ----------
    rows : Rows
    residual : ndarray, shape (n,), or (n, K) of K outputs
        y less the intercept and the features that pay no tax. The outputs of a row stay together.
    """
    problem, K = rows.problem, rows.problem.outputs
    rng = np.random.default_rng(seed)
    used = rows.used()
    unit = np.ones(problem.p) if problem.standardize else rows.scale
    unit = np.where(problem.penalty_weight > 0.0, unit, 0.0)[:, None]
    together = max(1, TOGETHER // (K * max(problem.n, problem.p)))
    weighted = residual.reshape(problem.n, K) * problem.weights[:, None]
    best = np.zeros(n_shuffles)
    for start in range(0, n_shuffles, together):
        count = min(together, n_shuffles - start)
        shuffled = np.zeros((problem.n, count * K))
        for k in range(count):  # shuffling r by the inverse is shuffling the columns
            shuffled[used, k * K : (k + 1) * K] = weighted[rng.permutation(used)]
        earned = np.abs(rows.correlate(shuffled) * unit).reshape(problem.p, count, K)
        if (kind := problem.penalty) is not None and kind.convex:
            even = np.ones(problem.p)
            best[start : start + count] = [kind.entry(c, even) for c in earned[:, :, 0].T]
            continue
        of_each = np.linalg.norm(earned, axis=2) if problem.grouped else earned.max(axis=2)
        best[start : start + together] = of_each.max(axis=0)
    if isinstance(problem.penalty, Concave):
        best = problem.penalty.entries(best)
    median, q95 = np.quantile(best, [0.5, 0.95])
    return Decoys(float(median), float(q95), n_shuffles, seed)
