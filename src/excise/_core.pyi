"""
The C++ core of excise: exact paths, cross-validation and their certificates.
"""

from typing import Annotated

import numpy
from numpy.typing import NDArray


class Design:
    """A table in some storage, read where it lies."""

def dense(X: Annotated[NDArray, dict(shape=(None, None), device='cpu', writable=False)], streamed: bool = False) -> Design:
    """
    An array of float32 or float64 with any strides; `streamed`: it lies in a read-only map of a file, whose pages may be given back once they were read.
    """

def sparse(data: Annotated[NDArray, dict(shape=(None,), order='C', device='cpu', writable=False)], indices: Annotated[NDArray, dict(shape=(None,), order='C', device='cpu', writable=False)], indptr: Annotated[NDArray, dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, p: int, by_rows: bool) -> Design:
    """
    Compressed columns, or rows, of n rows and p columns; the indices of each must rise.
    """

def is_canonical(n_values: int, indices: Annotated[NDArray, dict(shape=(None,), order='C', device='cpu', writable=False)], indptr: Annotated[NDArray, dict(shape=(None,), order='C', device='cpu', writable=False)], n: int, p: int, by_rows: bool) -> bool:
    """
    Whether the indices of every column (or row) rise strictly; ValueError, naming what, where the structure is corrupt.
    """

def columns(arrays: tuple) -> Design:
    """
    One-dimensional arrays of one length: floats, integers or booleans, any strides.
    """

def repeated(base: Design, place: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Design:
    """
    The same table with column place[j] at j; every column stands somewhere, perhaps twice.
    """

def python_design(design: object) -> Design:
    """A design that is written in Python and checks what it returns."""

class Folds:
    """Who trains and who is held out, fold by fold."""

    def held_out(self, alphas: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], eta: bool = False, shares: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> tuple:
        """
        Held-out mean deviances (fold after fold), those of the intercepts alone, the worst relative gap of the training paths and, if wanted, per fold the predictors of its held-out rows: with the intercept alone, then at every alpha. With shares: of the points refined at each of them, share after share.
        """

class Engine:
    """One problem on one table: certified paths."""

    def __init__(self, design: Design, y: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, penalty_weight: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], lower: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], upper: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], l1_ratio: float, fit_intercept: bool, standardize: bool, loss: str = 'squared', parameter: float = 0.0, tol: float = 1e-10, offset: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None, n_threads: int = 1, check: object | None = None, survival: tuple[Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None, Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None] | None = None, outputs: int = 1, groups: tuple[Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]] | None = None, concave: tuple[str, float] | None = None, group_tax: tuple[Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], float] | None = None) -> None: ...

    @property
    def not_finite(self) -> int: ...

    @property
    def unsquarable(self) -> int: ...

    @property
    def alpha_max(self) -> float: ...

    @property
    def top_gradient(self) -> float: ...

    @property
    def grid_top(self) -> float: ...

    @property
    def null_loss(self) -> float: ...

    @property
    def unit(self) -> float: ...

    @property
    def y_mean(self) -> float: ...

    @property
    def mean(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]: ...

    @property
    def scale(self) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]: ...

    @property
    def farthest(self) -> float:
        """The largest |mean| of a column over its scale."""

    @property
    def has_free(self) -> bool: ...

    @property
    def uses_gram(self) -> bool: ...

    def path(self, alphas: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], start: tuple[float, Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]] | None = None, shares: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)] | None = None) -> dict:
        """
        Certified points at falling alphas, as compressed columns and arrays. With shares, `refined` has the same for each: the supports fitted again at this share of alpha.
        """

    def folds(self, roles: Annotated[NDArray[numpy.int8], dict(shape=(None, None), order='C', device='cpu', writable=False)], refill_columns: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], refill_indicators: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], deltas: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)]) -> Folds:
        """
        Folds to cross-validate; where moments serve, X is read here and not again.
        """

    def events(self, last: float, candidates: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> tuple:
        """
        Entries and exits between alpha_max and `last`: alphas, features, 1 = enters.
        """

def kernels() -> str:
    """The instruction set that the kernels were chosen for."""

def falling_fit(v: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)]) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
    """The falling sequence nearest to v."""

def total_variation(v: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], strength: float) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
    """The b that minimises |b - v|^2 / 2 + strength * sum |b_{j+1} - b_j|."""

def face_gram(gram: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order='C', device='cpu', writable=False)], place: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], owner: Annotated[NDArray[numpy.int64], dict(shape=(None,), order='C', device='cpu', writable=False)], sign: Annotated[NDArray[numpy.float64], dict(shape=(None,), order='C', device='cpu', writable=False)], count: int) -> Annotated[NDArray[numpy.float64], dict(shape=(None,))]:
    """
    B'GB, by rows, for the B of a face whose features stand at `place` in G.
    """
