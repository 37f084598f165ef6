"""A problem: a table, a response, and how far down the path goes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

SMALL = 2_000_000
"""Below this many numbers one thread is used by everybody: starting a second costs more."""

Floats = NDArray[np.float64]
Table: TypeAlias = "Floats | sp.csc_matrix"


@dataclass(frozen=True)
class Problem:
    """A problem scaled outside every timing: of the squared loss without an intercept, or another.

    `X` is dense in Fortran order, its columns centred and of variance 1; or a scipy CSC matrix,
    whose columns have mean square 1 but are not centred, which would fill it. `y` is centred for
    the squared loss, so that nobody needs an intercept; for every other loss it is what the loss
    is about (classes 0 and 1, counts, amounts, numbers), and everybody fits an intercept. For the
    Cox model, which has none, it has two columns, times and events; of several classes
    (multinomial) it has a column each, 1 in the rows of that class.

    `loss` is spelled as in ``excise.fit_path(..., loss="quantile:0.5")``. `penalty` is "l1", or
    "group:5" or "sparse_group:5" for groups of 5 neighbours: see `tax`.
    """

    name: str
    title: str
    X: Table
    y: Floats
    alpha_min_ratio: float = 0.01
    n_alphas: int = 100
    loss: str = "squared"
    penalty: str = "l1"

    @property
    def family(self) -> str:
        """The loss without its parameter."""
        return self.loss.partition(":")[0]

    @property
    def parameter(self) -> float:
        """The parameter of the loss."""
        return float(self.loss.partition(":")[2])

    @property
    def squared(self) -> bool:
        return self.family == "squared"

    @property
    def group_size(self) -> int:
        """How many neighbours are a group; 0: every column by itself."""
        return int(self.penalty.partition(":")[2] or 0)

    @cached_property
    def tax(self) -> Any:
        """The penalty as excise takes it: groups weigh the square root of their size.

        A sparse group pays half of its tax column by column.
        """
        if not self.group_size:
            return self.penalty
        from excise.penalties import GroupLasso, SparseGroupLasso

        labels = np.arange(self.X.shape[1]) // self.group_size
        return (GroupLasso if self.penalty.startswith("group") else SparseGroupLasso)(labels)

    @property
    def outputs(self) -> int:
        """How many predictors each row has."""
        return int(self.y.shape[1]) if self.family == "multinomial" else 1

    @property
    def fit_intercept(self) -> bool:
        return self.family not in ("squared", "cox")

    @property
    def sparse(self) -> bool:
        return sp.issparse(self.X)

    @property
    def size(self) -> int:
        """Numbers stored, which is what one pass over X reads."""
        return self.X.nnz if self.sparse else self.X.size

    @property
    def earned(self) -> Floats:
        """Minus the slope of the loss of each row at the best constant, a column per output."""
        if self.squared:
            return self.y
        if self.family == "multinomial":
            return self.y - self.y.mean(axis=0)
        if self.family == "quantile":
            return signs_of_quantile(self.y, self.parameter)
        if self.family == "cox":
            return martingale_residuals(*self.y.T)
        mean = self.y.mean()
        return (self.y - mean) * mean ** (1.0 - self.power)

    @property
    def power(self) -> float:
        """The slope of a row is (mean - y) / mean^(power - 1), for classes too."""
        if self.family == "tweedie":
            return self.parameter
        return {"logistic": 1.0, "poisson": 1.0, "gamma": 2.0}[self.family]

    @cached_property
    def alpha_max(self) -> float:
        earns = self.X.T @ self.earned / len(self.y)
        if self.group_size:
            return float(self.tax.entry(earns, np.ones(len(earns))))
        return float(np.abs(earns).max())

    @cached_property
    def alphas(self) -> Floats:
        return self.alpha_max * np.geomspace(1.0, self.alpha_min_ratio, self.n_alphas)

    @property
    def threads(self) -> int:
        return self.threads_for(1)

    def threads_for(self, n_fits: int) -> int:
        """How many threads everybody may use for so many paths."""
        return 1 if self.size * n_fits < SMALL else 2

    @property
    def facts(self) -> dict[str, Any]:
        """What a result says about its problem."""
        n, p = self.X.shape
        return {
            "problem": self.name,
            "title": self.title,
            "n": n,
            "p": p,
            "n_alphas": self.n_alphas,
            "alpha_min_ratio": self.alpha_min_ratio,
            "loss": self.loss,
            "penalty": self.penalty,
        } | ({"stored": self.size} if self.sparse else {})

    def cut(self, n: int, p: int) -> Problem:
        """The first `n` rows and `p` columns, scaled again."""
        scaled = scaled_sparse if self.sparse else standardised
        X, y = scaled(self.X[:n, :p], self.y[:n])
        y = y if self.squared else self.y[:n]
        few = min(20, self.n_alphas)
        return replace(self, X=X, y=y, name=f"{self.name}-quick", n_alphas=few)


def signs_of_quantile(y: Floats, q: float) -> Floats:
    """Put q above the quantile and q - 1 below; at it, between: what makes the sum zero."""
    middle = np.quantile(y, q, method="inverted_cdf")
    u = np.where(y > middle, q, q - 1.0)
    at = y == middle
    u[at] = -u[~at].sum() / at.sum()
    return u


def martingale_residuals(time: Floats, event: Floats) -> Floats:
    """Events less those that Nelson and Aalen's estimate expects: what no column explains."""
    times, group = np.unique(time, return_inverse=True)
    events = np.bincount(group, event, len(times))
    at_risk = len(time) - np.r_[0, np.cumsum(np.bincount(group))[:-1]]
    return event - np.cumsum(events / at_risk)[group]


def standardised(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Centre `y` and the columns of `X`, scale the columns to variance 1, drop constant ones."""
    X = np.array(X, dtype=np.float64, order="F")
    y = np.asarray(y, dtype=np.float64)
    X = X[:, X.min(axis=0) < X.max(axis=0)]
    X -= X.mean(axis=0)
    X /= X.std(axis=0)
    return np.asfortranarray(X), y - y.mean()


def scaled_sparse(X: sp.csc_matrix, y: ArrayLike) -> tuple[sp.csc_matrix, Floats]:
    """Centre `y`, scale the columns of `X` to mean square 1, drop empty ones."""
    X = sp.csc_matrix(X, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    X = X[:, np.diff(X.indptr) > 0]
    X.sort_indices()
    squares = np.add.reduceat(X.data**2, X.indptr[:-1])
    X.data *= np.repeat(np.sqrt(X.shape[0] / squares), np.diff(X.indptr))
    return X, y - y.mean()
