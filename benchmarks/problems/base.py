"""A problem: a table, a response, and how far down the path goes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALL = 2_000_000
"""Below this many numbers one thread is used by everybody: starting a second costs more."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A regression problem, centred, with columns of variance 1, in Fortran order.

    Centring happens once, outside every timing, so that nobody needs an intercept on a path.
    """

    name: str
    title: str
    X: Floats
    y: Floats
    alpha_min_ratio: float = 0.01
    n_alphas: int = 100

    @property
    def alpha_max(self) -> float:
        return float(np.abs(self.X.T @ self.y).max() / len(self.y))

    @property
    def alphas(self) -> Floats:
        return self.alpha_max * np.geomspace(1.0, self.alpha_min_ratio, self.n_alphas)

    @property
    def threads(self) -> int:
        return self.threads_for(1)

    def threads_for(self, n_fits: int) -> int:
        """How many threads everybody may use for so many paths."""
        return 1 if self.X.size * n_fits < SMALL else 2

    def cut(self, n: int, p: int) -> Problem:
        """The first `n` rows and `p` columns, standardised again."""
        X, y = standardised(self.X[:n, :p], self.y[:n])
        return replace(self, X=X, y=y, name=f"{self.name}-quick", n_alphas=20)


def standardised(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Centre `y` and the columns of `X`, scale the columns to variance 1, drop constant ones."""
    X = np.array(X, dtype=np.float64, order="F")
    y = np.asarray(y, dtype=np.float64)
    X = X[:, X.min(axis=0) < X.max(axis=0)]
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    return np.asfortranarray(X), y - y.mean()
