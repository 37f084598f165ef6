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


def left_of(c: Floats, own: Floats) -> Floats:
    """What is left of each number after it has paid its own tax."""
    return np.asarray(np.sign(c) * np.maximum(np.abs(c) - own, 0.0))


def widest(groups: Groups, c: Floats, tax: Floats, own: Floats) -> Floats:
    """Of each group the largest s with |left_of(s c, own)| <= tax; own is a number per group.

    1 / s is the epsilon norm of Ndiaye et al. (NIPS 2016): Newton's method from the right of the
    root of a convex function.
    """
    size = groups.norm(c)
    some = size > 0.0
    start = tax + own * np.sqrt(np.diff(groups.indptr))
    s: Floats = np.divide(start, size, out=np.full(len(size), np.inf), where=some)
    if not own.any():
        return s
    each = own[groups.of]
    for _ in range(200):
        at = np.where(some, s, 0.0)[groups.of]
        over = np.abs(left_of(at * c, each))
        found, slope = groups.norm(over), groups.total(over * np.abs(c))
        less = np.divide(
            (found - tax) * found, slope, out=np.zeros_like(s), where=some & (slope > 0.0)
        )
        better = np.where(some & (found > tax), s - less, s)
        if not np.any(better < s):
            break
        s = np.minimum(better, s)
    return s
