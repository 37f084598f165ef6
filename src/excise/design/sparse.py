"""Compressed columns or rows, read in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.design.base import BLOCK, Design, Index
from excise.results import Floats

if TYPE_CHECKING:
    from excise._core import Design as Handle
    from excise.compressed import Compressed

CHUNK = 1 << 20
"""Entries of a sparse table that are looked at together."""


class SparseDesign(Design):
    """A scipy CSC or CSR table in canonical form, its arrays used where they are."""

    sparse = True

    def __init__(self, X: Compressed) -> None:
        self.X = X
        self.shape = X.shape
        self.dtype = X.data.dtype

    def chunks(self) -> Iterator[tuple[Index, Index, Floats]]:
        """Rows, columns and values of all entries, about `CHUNK` at a time."""
        data, indices, indptr, _, by_rows = self.X
        for start in range(0, len(data), CHUNK):
            stop = min(start + CHUNK, len(data))
            first = int(np.searchsorted(indptr, start, side="right")) - 1
            last = int(np.searchsorted(indptr, stop, side="left"))
            ends = np.clip(indptr[first : last + 1], start, stop)
            major = np.repeat(np.arange(first, last), np.diff(ends))
            minor = indices[start:stop].astype(np.intp)
            values = data[start:stop].astype(np.float64)
            yield (major, minor, values) if by_rows else (minor, major, values)

    def sum_entries(self, of: Callable[[Index, Index, Floats], NDArray[Any]]) -> Floats:
        """Sum of `of` (rows, columns, values) over the entries of every column, shape (p,)."""
        out = np.zeros(self.shape[1])
        for rows, columns, values in self.chunks():
            first, last = (0, len(out)) if self.X.by_rows else (columns[0], columns[-1] + 1)
            summed = np.bincount(columns - first, of(rows, columns, values), last - first)
            out[first:last] += summed
        return out

    def entries(self, index: Index) -> tuple[Index, Index, Floats]:
        """Rows, places in `index` (rising), and values of the entries of some columns."""
        data, indices, indptr, (_, p), by_rows = self.X
        if not by_rows:
            count = (indptr[index + 1] - indptr[index]).astype(np.intp)
            place = np.repeat(np.arange(len(index)), count)
            shift = indptr[index] - np.cumsum(count) + count
            at = np.arange(len(place)) + shift[place]
            return indices[at].astype(np.intp), place, data[at].astype(np.float64)
        slot = np.full(p, -1, dtype=np.intp)
        slot[index] = np.arange(len(index))
        parts = []
        for rows, columns, values in self.chunks():
            places = slot[columns]
            found = places >= 0
            parts.append((rows[found], places[found], values[found]))
        if not parts:
            return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
        row, place, value = (np.concatenate(part) for part in zip(*parts, strict=True))
        order = np.argsort(place, kind="stable")
        return row[order], place[order], value[order]

    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""
        chosen = np.arange(self.shape[1])[index]
        rows, place, values = self.entries(chosen)
        out = np.zeros((self.shape[0], len(chosen)), order="F")
        out[rows, place] = values
        return out

    def blocks(self, index: Index | None = None) -> Iterator[tuple[Index, Floats]]:
        """Packed blocks of about `BLOCK` numbers with the indices of their columns.

        The entries of many blocks are found together: by rows, finding them reads the whole table.
        """
        n, p = self.shape
        wanted = np.arange(p) if index is None else index
        step = max(1, BLOCK // n)
        band = step * max(1, CHUNK // BLOCK) * (64 if self.X.by_rows else 1)
        for start in range(0, len(wanted), band):
            chosen = wanted[start : start + band]
            rows, place, values = self.entries(chosen)
            for first in range(0, len(chosen), step):
                here = chosen[first : first + step]
                part = slice(*np.searchsorted(place, [first, first + len(here)]))
                block = np.zeros((n, len(here)), order="F")
                block[rows[part], place[part] - first] = values[part]
                yield here, block

    def matrix(self, transposed: bool = False) -> Any:
        """X, or X', as a scipy array on the same memory; indices of 64 bits stay what they are."""
        from scipy.sparse import csc_array, csr_array

        n, p = self.shape
        make = csr_array if self.X.by_rows != transposed else csc_array
        out = make((p, n) if transposed else (n, p), dtype=self.dtype)
        out.data, out.indices, out.indptr = self.X.data, self.X.indices, self.X.indptr
        return out

    def correlate(self, V: Floats) -> Floats:
        """X'V, shape (p, k), for V of shape (n, k)."""
        return np.asarray(self.matrix(transposed=True) @ V)

    def predict(self, index: Index, coef: Floats) -> Floats:
        """X_A b, shape (n, k), for the columns A = `index` and b of shape (len(index), k)."""
        if self.X.by_rows:
            b = np.zeros((self.shape[1], coef.shape[1]))
            b[index] = coef
            return np.asarray(self.matrix() @ b)
        rows, place, values = self.entries(index)
        return np.stack(
            [np.bincount(rows, values * b[place], self.shape[0]) for b in coef.T], axis=1
        )

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        at, place, values = self.entries(columns)
        order = np.argsort(rows, kind="stable")  # rows may repeat, as in a resample
        first = np.searchsorted(rows[order], at, side="left")
        count = np.searchsorted(rows[order], at, side="right") - first
        out = np.zeros((len(rows), len(columns)))
        for again in range(int(count.max(initial=0))):
            found = count > again
            out[order[first[found] + again], place[found]] = values[found]
        return out

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        from excise import _core

        return _core.sparse(self.X.data, self.X.indices, self.X.indptr, *self.shape, self.X.by_rows)
