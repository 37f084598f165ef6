"""The columns A that steps multiply with: read through the design, those in use kept as rows."""

from __future__ import annotations

import numpy as np

from excise.penalties.base import Face, Index
from excise.results import Floats
from excise.standard import View

FAR = 100.0
"""Columns whose mean is this many standard deviations are centred number by number."""

MOST_GRAM = 4000
"""Columns whose cross-products are kept."""


class Columns:
    """A = (X - mean) / per, with `per` the standard deviation or 1; a constant column is 0.

    Attributes
    ----------
    per : ndarray, shape (p,)
        A coefficient of A over that of X.
    n_passes : int
        How often X was read.
    """

    def __init__(self, view: View) -> None:
        problem, columns = view.problem, view.columns
        self.view, self.n, self.p = view, problem.n, problem.p
        self.per = columns.divisor if problem.standardize else np.ones(problem.p)
        self._live = columns.scale > 0.0
        self._far = np.flatnonzero(np.abs(columns.mean) > FAR * columns.scale)
        self.n_passes = 0
        self._place = np.full(problem.p, -1, dtype=np.intp)
        self._kept = np.empty(0, dtype=np.intp)
        self._rows = np.empty((0, problem.n))
        self._gram = np.empty((0, 0))
        self._crossed = 0

    @property
    def size(self) -> Floats:
        """Length of every column, weighted: sqrt of sum_i w_i a_ij^2."""
        return np.asarray(self.view.columns.scale / self.per)

    def correlate(self, u: Floats) -> Floats:
        """A'u."""
        design, mean = self.view.problem.design, self.view.columns.mean
        self.n_passes += 1
        out = design.correlate(u[:, None])[:, 0] - mean * float(u.sum())
        for here, block in design.blocks(self._far):
            out[here] = (block - mean[here]).T @ u
        return np.asarray(np.where(self._live, out / self.per, 0.0))

    def predict(self, b: Floats) -> Floats:
        """A b."""
        index = np.flatnonzero(b)
        if len(index) == 0:
            return np.zeros(self.n)
        self._keep(index)
        whole = np.zeros(len(self._kept))
        whole[self._place[index]] = b[index]
        return np.asarray(whole @ self._rows[: len(whole)])

    def combined(self, face: Face) -> Floats:
        """(A B)' for the B of a face, shape (m, n)."""
        self._keep(face.features)
        rows = self._rows[self._place[face.features]] * face.sign[:, None]
        if len(face.slope) == len(rows):
            return rows
        return np.asarray(np.add.reduceat(rows, face.starts, axis=0))

    def earned(self, face: Face, u: Floats) -> Floats:
        """(A B)'u."""
        self._keep(face.features)
        c = self._rows[: len(self._kept)] @ u
        return face.summed(c[self._place[face.features]])

    def gram(self, face: Face) -> Floats | None:
        """(A B)'W(A B) from cross-products that are kept; None: too many columns."""
        self._keep(face.features)
        if len(self._kept) > MOST_GRAM:
            return None
        self._cross()
        return face.folded(self._gram, self._place[face.features])

    def _keep(self, index: Index) -> None:
        """Have these columns as rows."""
        new = index[self._place[index] < 0]
        if len(new) == 0:
            return
        count, total = len(self._kept), len(self._kept) + len(new)
        if total > len(self._rows):
            grown = np.empty((min(max(2 * len(self._rows), total, 64), self.p), self.n))
            grown[:count] = self._rows[:count]
            self._rows = grown
        mean, done = self.view.columns.mean, count
        for here, block in self.view.problem.design.blocks(new):
            part = (block - mean[here]) / self.per[here]
            part[:, ~self._live[here]] = 0.0
            self._rows[done : done + len(here)] = part.T
            done += len(here)
        self._place[new] = np.arange(count, total)
        self._kept = np.concatenate([self._kept, new])

    def _cross(self) -> None:
        """Cross-products of the columns that have come since."""
        count, old = len(self._kept), self._crossed
        if count == old:
            return
        if count > len(self._gram):
            grown = np.empty((len(self._rows), len(self._rows)))
            grown[:old, :old] = self._gram[:old, :old]
            self._gram = grown
        new = self._rows[old:count]
        if self.view.problem.sample_weight is None:
            new = new / self.n
        else:
            new = new * self.view.problem.weights
        block = self._rows[:count] @ new.T
        self._gram[:count, old:count] = block
        self._gram[old:count, :count] = block.T
        self._crossed = count
