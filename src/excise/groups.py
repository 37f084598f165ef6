"""Coefficients that are in or out together: each in exactly one group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats


@dataclass(frozen=True, eq=False)
class Groups:
    """Members of group g: ``indices[indptr[g] : indptr[g + 1]]``, flat numbers of coefficients.

    With K outputs coefficient (j, k) has the flat number j K + k.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @cached_property
    def of(self) -> NDArray[np.int64]:
        """The group of each coefficient."""
        out = np.empty(len(self.indices), dtype=np.int64)
        out[self.indices] = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        return out

    @property
    def first(self) -> NDArray[np.int64]:
        """The first member of each group."""
        return self.indices[self.indptr[:-1]]

    def total(self, values: Floats) -> Floats:
        """A sum per group."""
        return np.asarray(np.bincount(self.of, values, len(self)), dtype=np.float64)

    def norm(self, values: Floats) -> Floats:
        """A Euclidean norm per group; no square of it overflows or vanishes."""
        peak = np.zeros(len(self))
        np.maximum.at(peak, self.of, np.abs(values))
        unit = np.where((peak > 0.0) & (peak < np.inf), peak, 1.0)
        return np.asarray(unit * np.sqrt(self.total(np.square(values / unit[self.of]))))


def rows_of_coefficients(p: int, outputs: int) -> Groups:
    """A group per feature: its coefficients of all outputs."""
    return Groups(np.arange(p + 1) * outputs, np.arange(p * outputs))
