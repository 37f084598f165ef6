"""Columns that lie apart, as those of a data frame do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.design.base import Design, Index
from excise.results import Floats

if TYPE_CHECKING:
    from excise._core import Design as Handle


class FrameDesign(Design):
    """One-dimensional arrays of one length, read where they lie.

    Parameters
    ----------
    series : sequence of ndarray, shape (n,)
        Native floats of 4 or 8 bytes, integers or booleans, with any stride, read-only too.
    """

    def __init__(self, series: Sequence[NDArray[Any]]) -> None:
        self.series = tuple(series)
        self.shape = (len(self.series[0]), len(self.series))
        single = all(one.dtype == np.float32 for one in self.series)
        self.dtype = np.dtype(np.float32 if single else np.float64)

    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""
        chosen = range(self.shape[1])[index] if isinstance(index, slice) else index
        return self._packed(slice(None), chosen, self.shape[0])

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        return self._packed(rows, columns, len(rows))

    def _packed(self, rows: Index | slice, columns: Sequence[int] | Index, n: int) -> Floats:
        out = np.empty((n, len(columns)), order="F")
        for k, j in enumerate(columns):
            out[:, k] = self.series[j][rows]
        return out

    def toarray(self) -> NDArray[Any]:
        """The whole table as one array of `dtype`, a copy."""
        return np.stack(self.series, axis=1, dtype=self.dtype, casting="unsafe")

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        from excise import _core

        return _core.columns(self.series)
