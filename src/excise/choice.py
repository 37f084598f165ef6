"""The alpha, and of several schedules the one, that held-out errors choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from excise.folds import Folds
from excise.results import CrossValidation, Floats, Path, Rule

EXTENSIONS = 2
"""How often a grid whose last alpha is best is made longer."""

HeldOut = Callable[[Floats], tuple[Floats, Floats, float]]
"""From a grid: per variant, alpha and fold; of the intercepts per fold; the worst training gap."""


class Choice(NamedTuple):
    """What the folds say of a grid.

    Attributes
    ----------
    grid : ndarray, shape (n_alphas,)
    variant : int
        The schedule that is best somewhere on it; 0 if there is one.
    means : ndarray, shape (n_variants, n_alphas)
        Over the folds, in the unit of the score.
    held, se : ndarray, shape (n_alphas, n_folds) and (n_alphas,)
        Of that schedule, and the standard error of its means.
    null : ndarray, shape (n_folds,)
        Of the intercept alone.
    best, first : int
        Where its mean is best, and the first within one standard error of that.
    gap : float
        The worst of all training rows.
    extensions : int
    greater_is_better : bool
    """

    grid: Floats
    variant: int
    means: Floats
    held: Floats
    se: Floats
    null: Floats
    best: int
    first: int
    gap: float
    extensions: int
    greater_is_better: bool

    def told(self, rule: Rule, path: Path, train: Floats, **more: Any) -> CrossValidation:
        """With the path of all rows, and `train`, its own errors."""
        return CrossValidation(
            alphas=self.grid,
            mean=self.means[self.variant],
            se=self.se,
            folds=self.held,
            null_folds=self.null,
            train=train,
            alpha_min=float(self.grid[self.best]),
            alpha_1se=float(self.grid[self.first]),
            alpha_=float(self.grid[self.first if rule == "1se" else self.best]),
            rule=rule,
            path=path,
            n_extensions=self.extensions,
            training_gap=self.gap,
            greater_is_better=self.greater_is_better,
            **more,
        )


def choose(
    held_out: HeldOut,
    grid: Floats,
    folds: Folds,
    *,
    extend: bool,
    sign: float,
    same: float = 0.0,
) -> Choice:
    """Where `sign` times the mean held-out error is least.

    Of several such alphas the largest. A grid whose last alpha is best is made longer if it may be
    (`extend`). Means that differ by less than `same`, as a share of the best or of the intercept's,
    are equal.
    """
    may_extend = extend and len(grid) >= 3 and grid[0] > grid[-1]
    extensions = 0
    while True:
        held, null, gap = held_out(grid)
        means = sign * held.mean(axis=2)
        least = means.min()
        equal = means <= least + (same * max(abs(least), abs(null.mean())) if same else 0.0)
        variant, best = map(int, np.unravel_index(int(np.argmax(equal)), means.shape))
        if not may_extend or best < len(grid) - 1 or extensions == EXTENSIONS:
            break
        extensions += 1
        step = grid[-1] / grid[-2]
        grid = np.concatenate([grid, grid[-1] * step ** np.arange(1, len(grid) // 4 + 2)])
    se = standard_error(held[variant], folds)
    within = means[variant] <= means[variant, best] + se[best]
    first = int(np.flatnonzero(within)[0])
    own, better = held[variant], sign < 0.0
    return Choice(
        grid, variant, sign * means, own, se, null, best, first, float(gap), extensions, better
    )


def standard_error(held: Floats, folds: Folds) -> Floats:
    """Of the mean over the folds of one division; repeats do not make it smaller."""
    if len(folds) == 1:
        return np.zeros(len(held))
    finite = np.isfinite(held).all(axis=1)  # a deviance may be beyond the largest double
    peak = float(np.abs(held[finite]).max(initial=0.0)) or 1.0  # its square may be, too
    se = np.full(len(held), np.inf)
    se[finite] = peak * (held[finite] / peak).std(axis=1, ddof=1)
    return np.asarray(se / np.sqrt(len(folds) / folds.repeats))
