"""The contract of a storage, and the plain array that fulfils it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.design.mapped import bytes_needed, is_streamed, refuse_shrunk
from excise.results import Floats

if TYPE_CHECKING:
    from excise._core import Design as Handle

BLOCK = 1 << 17
"""Numbers of X that are looked at together: one megabyte of float64."""

Index = NDArray[np.intp]


class Design(ABC):
    """A table of n rows and p columns that is only read.

    Attributes
    ----------
    shape : tuple of int
        (n, p)
    dtype : numpy dtype
        In which answers are stored by those who store them in the dtype of X.
    sparse : bool
        Whether most numbers are zeros that are not stored.
    watched : bool
        Whether `check` has something to look at: it is asked before and while X is read.
    finite : bool
        Whether somebody has looked at every number and found none that cannot be used.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    sparse: bool = False
    watched = False
    finite = False

    @abstractmethod
    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""

    def correlate(self, V: Floats) -> Floats:
        """X'V, shape (p, k), for V of shape (n, k)."""
        return np.concatenate([block.T @ V for _, block in self.blocks()])

    def check(self) -> None:  # noqa: B027 - most storages have nothing to look at
        """Raise an InputError if the numbers can no longer be read."""

    def checked(self) -> Design:
        """The design with every answer checked, where somebody else wrote it."""
        return self

    @abstractmethod
    def handle(self) -> Handle:
        """What the compiled core reads the table by."""

    def blocks(self, index: Index | None = None) -> Iterator[tuple[Index, Floats]]:
        """Packed blocks of about `BLOCK` numbers with the indices of their columns.

        Of all columns, or of the chosen ones.
        """
        n, p = self.shape
        count = p if index is None else len(index)
        step = max(1, BLOCK // n)
        for start in range(0, count, step):
            part = slice(start, min(start + step, count))
            here = np.arange(p)[part] if index is None else index[part]
            yield here, self.columns(part if index is None else here)

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        return self.columns(columns)[rows]

    def column_sums(self) -> Floats:
        """Sum of every column, shape (p,)."""
        return self.correlate(np.ones((self.shape[0], 1)))[:, 0]

    def toarray(self) -> NDArray[Any]:
        """The whole table as one array of `dtype`; a copy, unless it is stored as one."""
        return self.columns(slice(None)).astype(self.dtype, copy=False)


class ArrayDesign(Design):
    """A NumPy array of float32 or float64, with any strides, read-only or memory-mapped too."""

    def __init__(self, X: NDArray[np.float64] | NDArray[np.float32]) -> None:
        self.X = X
        self.shape = X.shape
        self.dtype = X.dtype
        self.file_bytes = bytes_needed(X)
        self.watched = self.file_bytes > 0

    def check(self) -> None:
        """Raise an InputError if the file behind the array has shrunk."""
        if self.watched:
            refuse_shrunk(self.X, self.file_bytes)

    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""
        self.check()
        return self.X[:, index].astype(np.float64)

    def correlate(self, V: Floats) -> Floats:
        """X'V, shape (p, k), for V of shape (n, k); in one go where NumPy needs no copy of X."""
        flags = self.X.flags
        if self.X.dtype != np.float64 or not (flags.c_contiguous or flags.f_contiguous):
            return super().correlate(V)
        self.check()
        return np.asarray(self.X.T @ V)

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        self.check()
        return self.X[rows[:, None], columns].astype(np.float64)

    def column_sums(self) -> Floats:
        """Sum of every column, shape (p,)."""
        self.check()
        return np.asarray(np.sum(self.X, axis=0, dtype=np.float64))

    def toarray(self) -> NDArray[Any]:
        """The array itself."""
        return self.X

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        from excise import _core

        return _core.dense(self.X, streamed=is_streamed(self.X))
