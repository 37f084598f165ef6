"""Small frozen objects that carry answers: nothing here computes a solution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.between import Between, Guarantee
from excise.exceptions import InputError
from excise.stages import Stage
from excise.trace import Trace
from excise.verdicts import Certificate

if TYPE_CHECKING:
    from scipy.sparse import csc_array

Floats = NDArray[np.float64]
Rule = Literal["1se", "min"]


class Status(Enum):
    """How a fit ended; the value is advice."""

    OPTIMAL = "the certified gap is within the tolerance"
    STALLED = (
        "the certified gap is above the tolerance; loosen tol, or drop columns that nearly repeat "
        "others"
    )
    STATIONARY = (
        "a stationary point of a penalty that is not convex; other starts may lead to better ones"
    )
    CONDITIONS = (
        "the optimality conditions hold within the tolerance; the penalty tells no conjugate, so "
        "that no bound on the objective is known"
    )
    UNSETTLED = "another step of the schedule would still change the weights; give it more steps"


class Event(NamedTuple):
    """A feature enters or leaves the model as alpha falls through `alpha`.

    `output`: the one it does so for, where each of several outputs has features of its own.
    """

    alpha: float
    feature: int
    kind: Literal["enters", "leaves"]
    output: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """A fitted model at one alpha.

    Attributes
    ----------
    alpha : float
    coef, coef_std : ndarray, shape (n_features,), or (n_features, K) of K outputs
        Coefficients per unit of x, and per standard deviation of x.
    intercept : float, or ndarray, shape (K,)
        Of classes, whose common constant means nothing, with mean 0.
    certificate : Certificate
    status : Status
    feature_names : tuple of str or None
    n_factorizations : int
        Newton systems solved on the way.
    stages : tuple of Stage
        Of a schedule; coefficients, certificate and status are those of the last one.
    trace : Trace or None
        Of `excise.proximal_gradient`, if asked for.
    """

    alpha: float
    coef: Floats
    intercept: Any
    coef_std: Floats
    certificate: Certificate
    status: Status
    feature_names: tuple[str, ...] | None = None
    n_factorizations: int = 0
    stages: tuple[Stage, ...] = ()
    trace: Trace | None = None

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the features with a coefficient that is not zero."""
        return np.flatnonzero(self.coef if self.coef.ndim == 1 else self.coef.any(axis=1))

    @property
    def worst_gap(self) -> float:
        """The relative gap; of a schedule the largest of all stages: a bad one spoils the rest."""
        gaps = (stage.relative_gap for stage in self.stages)
        return max(self.certificate.relative_gap, *gaps, 0.0)

    def __repr__(self) -> str:
        outputs = "" if self.coef.ndim == 1 else f", outputs={self.coef.shape[1]}"
        return (
            f"Solution(alpha={self.alpha:.6g}, kept={len(self.support)} of {len(self.coef)}"
            f"{outputs}, relative_gap={self.certificate.relative_gap:.1e})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class SparseColumns:
    """Compressed columns of a (n_rows, n_columns) matrix; scipy is imported only on demand."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    data: Floats
    n_rows: int

    @staticmethod
    def of(columns: list[Floats]) -> SparseColumns:
        """Dense columns, compressed."""
        indices = [np.flatnonzero(column) for column in columns]
        indptr = np.concatenate([[0], np.cumsum([len(index) for index in indices])])
        data = [column[index] for column, index in zip(columns, indices, strict=True)]
        return SparseColumns(
            indptr.astype(np.int64),
            np.concatenate(indices).astype(np.int64),
            np.concatenate(data),
            len(columns[0]),
        )

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return len(self.indptr) - 1

    def column(self, k: int) -> Floats:
        """Column `k`, dense."""
        out = np.zeros(self.n_rows)
        part = slice(self.indptr[k], self.indptr[k + 1])
        out[self.indices[part]] = self.data[part]
        return out

    def support(self, k: int) -> NDArray[np.int64]:
        """Row indices of the entries of column `k`."""
        return self.indices[self.indptr[k] : self.indptr[k + 1]]

    def scale_rows(self, factor: Floats) -> SparseColumns:
        """Every row multiplied by its factor."""
        scaled = self.data * factor[self.indices]
        return SparseColumns(self.indptr, self.indices, scaled, self.n_rows)

    def to_scipy(self) -> csc_array:
        """The same matrix as a scipy CSC array."""
        from scipy.sparse import csc_array

        shape = (self.n_rows, self.n_columns)
        return csc_array((self.data, self.indices, self.indptr), shape=shape)


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """Certified solutions along a falling sequence of alphas.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Falling.
    columns, columns_std : SparseColumns
        Coefficients per unit and per standard deviation, a column per alpha; with K outputs that
        of feature j and output k in row j K + k.
    intercepts : ndarray, shape (n_alphas,), or (n_alphas, K)
    relative_gaps, kkt_violations, train_loss : ndarray, shape (n_alphas,)
    alpha_max : float
        The smallest alpha at which every penalised coefficient is zero.
    null_loss : float
        Loss at b = 0 with the best intercept.
    mean, scale : ndarray, shape (n_features,)
        Weighted centre and standard deviation of each column (0 for a constant column).
    n_factorizations, n_passes : int
        Newton systems solved, and reads of X (one per right-hand side).
    problem : Problem
        What was solved (kept alive: `at`, `knots` and `events` go back to the data).
    outputs : int
        K, the number of predictors of a row.
    guarantee : Guarantee or None
        What is proved of `between` at every alpha, where that was asked for.
    """

    alphas: Floats
    columns: SparseColumns
    columns_std: SparseColumns
    intercepts: Floats
    relative_gaps: Floats
    kkt_violations: Floats
    train_loss: Floats
    alpha_max: float
    null_loss: float
    mean: Floats
    scale: Floats
    n_factorizations: int
    n_passes: int
    problem: Any
    feature_names: tuple[str, ...] | None = None
    outputs: int = 1
    guarantee: Guarantee | None = None
    _solve_at: Callable[[float], Solution] | None = field(default=None, repr=False)
    _find_events: Callable[[], tuple[list[Event], Floats]] | None = field(default=None, repr=False)
    _find_between: Callable[[Path, float], Between] | None = field(default=None, repr=False)
    _find_convex: Callable[[], float] | None = field(default=None, repr=False)

    @property
    def coefs(self) -> csc_array:
        """Coefficients on the original scale, shape (n_features * outputs, n_alphas), scipy CSC."""
        return self.columns.to_scipy()

    @property
    def coefs_std(self) -> csc_array:
        """Coefficients per standard deviation, shape (n_features * outputs, n_alphas), CSC."""
        return self.columns_std.to_scipy()

    def coef_at(self, k: int) -> Floats:
        """Coefficients at ``alphas[k]``, shape (n_features,), or (n_features, outputs)."""
        flat = self.columns.column(k)
        return flat if self.outputs == 1 else flat.reshape(-1, self.outputs)

    def support(self, k: int) -> NDArray[np.int64]:
        """Features with a coefficient that is not zero at ``alphas[k]``."""
        flat = self.columns.support(k)
        return flat if self.outputs == 1 else np.unique(flat // self.outputs)

    def at(self, alpha: float) -> Solution:
        """The exact solution at any alpha, between grid points too."""
        assert self._solve_at is not None
        return self._solve_at(alpha)

    def between(self, alpha: float) -> Between:
        """Coefficients at any alpha from first to last, with their bound; nothing is solved.

        They lie on the straight line between those of the two neighbours. Above the first alpha,
        if nobody pays there, they are those of the first.

        Raises
        ------
        InputError
            An alpha outside; a schedule, or a penalty for which no bound is known.
        """
        if self._find_between is None:
            raise InputError("between is not known of this path", remedy="path.at(alpha)")
        return self._find_between(self, alpha)

    def events(self) -> list[Event]:
        """Every entry and exit between alpha_max and the last alpha, by falling alpha."""
        assert self._find_events is not None
        return self._find_events()[0]

    def knots(self) -> Floats:
        """The alphas at which the support changes, falling; the first is alpha_max."""
        assert self._find_events is not None
        return self._find_events()[1]

    def convex_min(self) -> float:
        """The smallest alpha down to which a concave penalty leaves the objective locally convex.

        Convex on the support, at every alpha of the path from the first on; infinite if at none.
        Below, other minima are likely to be near. Of a convex penalty the last alpha.

        References
        ----------
        Breheny and Huang, "Coordinate descent algorithms for nonconvex penalized regression, with
        applications to biological feature selection", Annals of Applied Statistics 5, 2011.
        """
        assert self._find_convex is not None
        return self._find_convex()

    def __len__(self) -> int:
        return len(self.alphas)

    def __repr__(self) -> str:
        first, last = len(self.support(0)), len(self.support(len(self) - 1))
        worst = float(self.relative_gaps.max(initial=0.0))
        outputs = "" if self.outputs == 1 else f"{self.outputs} outputs, "
        return (
            f"Path({len(self)} alphas {self.alphas[0]:.4g} to {self.alphas[-1]:.4g}, {outputs}"
            f"kept {first} to {last} of {self.columns.n_rows // self.outputs}, "
            f"worst relative gap {worst:.1e})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class CrossValidation:
    """Held-out loss or score along the path, and the alpha it chooses.

    Attributes
    ----------
    alphas : ndarray, shape (n_alphas,)
        Falling; the same grid as `path`.
    mean, se : ndarray, shape (n_alphas,)
        Mean of `folds` and its standard error.
    folds : ndarray, shape (n_alphas, n_folds * repeats)
        What `metric` says, on the held-out rows of each fold.
    null_folds : ndarray, shape (n_folds * repeats,)
        The same of the best intercept of the training rows alone.
    train : ndarray, shape (n_alphas,)
        The same of the all-data path on its own rows.
    alpha_min, alpha_1se, alpha_ : float
        Best mean; largest alpha within one standard error of it; the one `rule` chose.
    rule : {"1se", "min"}
    path : Path
        The path on all rows.
    fold_of_row : ndarray of int, shape (repeats, n_rows)
        Fold in which each row was held out (-1: never held out).
    n_extensions : int
        How often the grid was extended because the best alpha was its last.
    training_gap : float
        Largest relative gap of all training paths.
    metric : str
        What `mean` measures: "mean squared error", "mean deviance" (twice the mean loss), or the
        score asked for.
    greater_is_better : bool
        Whether `alpha_min` is where `mean` is largest.
    schedule : Schedule or None
        The one that was chosen together with alpha, out of `schedules`; `mean` is its own.
    schedules : tuple of Schedule
    schedule_means : ndarray, shape (n_schedules, n_alphas), or None
        The same as `mean`, of each.
    """

    alphas: Floats
    mean: Floats
    se: Floats
    folds: Floats
    null_folds: Floats
    train: Floats
    alpha_min: float
    alpha_1se: float
    alpha_: float
    rule: Rule
    path: Path
    fold_of_row: NDArray[np.intp]
    n_extensions: int = 0
    training_gap: float = 0.0
    metric: str = "mean squared error"
    greater_is_better: bool = False
    schedule: Any = None
    schedules: tuple[Any, ...] = ()
    schedule_means: Floats | None = None

    @property
    def index_min(self) -> int:
        """Position of `alpha_min` in `alphas`."""
        return int(np.flatnonzero(self.alphas == self.alpha_min)[0])

    @property
    def index_1se(self) -> int:
        """Position of `alpha_1se` in `alphas`."""
        return int(np.flatnonzero(self.alphas == self.alpha_1se)[0])

    @property
    def best(self) -> Solution:
        """The exact, certified solution at `alpha_`."""
        return self.path.at(self.alpha_)

    def __repr__(self) -> str:
        return (
            f"CrossValidation({self.folds.shape[1]} folds, alpha_min={self.alpha_min:.4g}, "
            f"alpha_1se={self.alpha_1se:.4g}, rule={self.rule!r})"
        )
