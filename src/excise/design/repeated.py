"""Columns of a table as often as they are wanted, never copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from excise.design.base import Design, Index
from excise.results import Floats

if TYPE_CHECKING:
    from excise._core import Design as Handle


class RepeatedDesign(Design):
    """Column ``place[j]`` of another design at j; every column of it stands somewhere.

    Parameters
    ----------
    base : Design
    place : ndarray of int, shape (p,)
    """

    def __init__(self, base: Design, place: Index) -> None:
        self.base, self.place = base, np.asarray(place, dtype=np.intp)
        self.shape = (base.shape[0], len(self.place))
        self.dtype, self.watched, self.finite = base.dtype, base.watched, base.finite

    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""
        return self.base.columns(self.place[index])

    def correlate(self, V: Floats) -> Floats:
        """X'V, shape (p, k), for V of shape (n, k)."""
        return self.base.correlate(V)[self.place]

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        return self.base.rows(rows, self.place[columns])

    def check(self) -> None:
        """Raise an InputError if the numbers can no longer be read."""
        self.base.check()

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        from excise import _core

        return _core.repeated(self.base.handle(), self.place.astype(np.int64))
