"""Sparse tables as they come in: scipy's CSC and CSR, checked before anything follows an index."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.checks import LARGEST, refuse, refuse_kind
from excise.exceptions import InputError

Values = NDArray[np.float64] | NDArray[np.float32]


class Compressed(NamedTuple):
    """The arrays of a scipy CSC or CSR table whose structure is sound and canonical.

    Attributes
    ----------
    data : ndarray of float64 or float32, shape (n_stored,)
    indices : ndarray of int32 or int64, shape (n_stored,)
        Rows of the values (CSC) or columns (CSR), rising within each column (or row).
    indptr : ndarray of int32 or int64
        Where each column (or row) begins, and the end.
    shape : tuple of int
        (n, p)
    by_rows : bool
        CSR.
    """

    data: Values
    indices: NDArray[Any]
    indptr: NDArray[Any]
    shape: tuple[int, int]
    by_rows: bool


def compressed(X: Any) -> Compressed:
    """The arrays of a sparse X: its own if it is CSC or CSR, in order and of floats.

    Other formats, unsorted and repeated entries and other dtypes cost a copy; X is never changed,
    not even its flags.
    """
    if len(X.shape) != 2:
        raise InputError(f"X must have two dimensions (rows, features), got shape {X.shape}")
    if 0 in X.shape:
        raise InputError(f"X has no {'rows' if X.shape[0] == 0 else 'columns'}")
    if X.dtype.kind not in "biuf":
        refuse_kind("X", np.empty(0, X.dtype))
    if X.format not in ("csc", "csr"):
        X = _by_columns(X)
    by_rows, (n, p) = X.format == "csr", map(int, X.shape)
    indices, indptr = (_offsets(X, name) for name in ("indices", "indptr"))
    values = np.ascontiguousarray(X.data)
    if values.ndim != 1:
        raise InputError(f"X has a corrupt sparse structure: data has shape {values.shape}")
    if values.dtype.type not in (np.float64, np.float32) or not values.dtype.isnative:
        values = values.astype(np.float64)
    if not _is_canonical(len(values), indices, indptr, (n, p), by_rows):
        values, indices, indptr = _canonical(values, indices, indptr, (n, p), by_rows)
    stored = int(indptr[-1])
    return Compressed(values[:stored], indices[:stored], indptr, (n, p), by_rows)


def _offsets(X: Any, name: str) -> NDArray[Any]:
    array = np.asarray(getattr(X, name))
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(
            f"X has a corrupt sparse structure: {name} has dtype {array.dtype} "
            f"and shape {array.shape}"
        )
    if array.dtype.type in (np.int32, np.int64) and array.dtype.isnative:
        return np.ascontiguousarray(array)
    return array.astype(np.int64)


def _is_canonical(
    n_values: int,
    indices: NDArray[Any],
    indptr: NDArray[Any],
    shape: tuple[int, int],
    by_rows: bool,
) -> bool:
    """Whether indices rise strictly; the core looks at every one of them before anybody else."""
    from excise import _core

    try:
        return _core.is_canonical(n_values, indices, indptr, *shape, by_rows)
    except ValueError as error:
        raise InputError(f"X has a {error}", remedy="build X again from its entries") from None


def _canonical(
    values: Values,
    indices: NDArray[Any],
    indptr: NDArray[Any],
    shape: tuple[int, int],
    by_rows: bool,
) -> tuple[Values, NDArray[Any], NDArray[Any]]:
    """Copies in order, repeated entries summed as scipy does."""
    from scipy.sparse import csc_array, csr_array

    make = csr_array if by_rows else csc_array
    stored = int(indptr[-1])
    copy = make((values[:stored].copy(), indices[:stored].copy(), indptr.copy()), shape=shape)
    copy.sum_duplicates()
    return copy.data, copy.indices, copy.indptr


def _by_columns(X: Any) -> Any:
    """Any other scipy format as CSC, its coordinates checked before compiled code follows them."""
    try:
        entries = X.tocoo()
    except (ValueError, IndexError) as error:
        raise InputError(f"X has a corrupt sparse structure: {error}") from None
    for name, index, count in zip(
        ("row", "column"), (entries.row, entries.col), X.shape, strict=True
    ):
        if len(index) != len(entries.data):
            raise InputError(
                f"X has a corrupt sparse structure: {len(entries.data)} values, "
                f"but {len(index)} {name} indices"
            )
        if len(index) and not (index.min() >= 0 and index.max() < count):
            worst = index.max() if index.max() >= count else index.min()
            raise InputError(
                f"X has a corrupt sparse structure: {name} index {worst} is outside [0, {count})"
            )
    return entries.tocsc()


def refuse_non_finite_entries(X: Compressed) -> None:
    """Refuse NaN, infinity and values too large to subtract; one pass unless there is one."""
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(X.data.sum())
    if -LARGEST < total < LARGEST:
        return
    wrong = ~(np.abs(X.data.astype(np.float64)) < LARGEST)
    if wrong.any():
        k = int(np.argmax(wrong))
        major = int(np.searchsorted(X.indptr, k, side="right")) - 1
        minor = int(X.indices[k])
        row, column = (major, minor) if X.by_rows else (minor, major)
        refuse("X", float(X.data[k]), f"row {row}, column {column}", int(wrong.sum()))
