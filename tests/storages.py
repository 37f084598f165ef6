"""What a table may be stored in: a function from a dense array to a stored X, one per storage.

The laws of `test_storages.py` hold for each. A new storage is one entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Array = NDArray[np.float64]
Store = Callable[[Array], Any]

SPARSE_KINDS = {
    "csc_array": sparse.csc_array,
    "csr_array": sparse.csr_array,
    "csc_matrix": sparse.csc_matrix,
    "csr_matrix": sparse.csr_matrix,
}


def arrays_of(X: Any) -> tuple[NDArray[Any], ...]:
    """The memory of a stored X."""
    return (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)


def frozen(X: Any) -> Any:
    """The same X in memory that cannot be written to."""
    for array in arrays_of(X):
        array.flags.writeable = False
    return X


def with_index(X: Any, dtype: Any) -> Any:
    """The same sparse X with indices of this type."""
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    return X


def scrambled(X: Any) -> Any:
    """Entries in random order, some stored in two parts, some explicit zeros."""
    rng = np.random.default_rng(0)
    coo = X.tocoo()
    halves = rng.random(coo.nnz) < 0.3
    empty = rng.integers(0, X.shape, (5, 2)).T
    row = np.concatenate([coo.row, coo.row[halves], empty[0]])
    column = np.concatenate([coo.col, coo.col[halves], empty[1]])
    value = coo.data.copy()
    value[halves] /= 2.0
    value = np.concatenate([value, value[halves], np.zeros(5)])
    by_rows = X.format == "csr"
    major, minor = (row, column) if by_rows else (column, row)
    order = rng.permutation(len(major))
    order = order[np.argsort(major[order], kind="stable")]
    indptr = np.searchsorted(major[order], np.arange(X.shape[0 if by_rows else 1] + 1))
    return type(X)((value[order], minor[order], indptr), shape=X.shape)


def with_zeros(X: Array, make: Any) -> Any:
    """Every number stored, zeros too."""
    stored = make(np.where(X == 0.0, 1.0, X))
    rows = stored.tocoo().row, stored.tocoo().col
    stored.data[:] = X[rows]
    return stored


def strided(X: Array) -> Array:
    """Every second row and third column of a larger array."""
    wide = np.full((2 * X.shape[0], 3 * X.shape[1]), np.nan)
    wide[::2, ::3] = X
    return wide[::2, ::3]


STORAGES: dict[str, Store] = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "strided": strided,
}
for _name, _make in SPARSE_KINDS.items():
    STORAGES |= {
        _name: _make,
        f"{_name}, int64": lambda X, make=_make: with_index(make(X), np.int64),
        f"{_name}, float32": lambda X, make=_make: make(X.astype(np.float32)),
        f"{_name}, scrambled": lambda X, make=_make: scrambled(make(X)),
    }
STORAGES |= {
    "csc_array, every zero": lambda X: with_zeros(X, sparse.csc_array),
    "csr_array, every zero": lambda X: with_zeros(X, sparse.csr_array),
    "coo_array": sparse.coo_array,
    "lil_matrix": sparse.lil_matrix,
    "bsr_array": sparse.bsr_array,
}
"""Every storage; X should hold values of float32."""
