"""Groups that share columns, solved as groups of copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from excise.copies import of_columns, on_copies
from excise.engine import Session
from excise.penalties import OverlappingGroups
from excise.problem import Problem
from excise.results import Event, Floats, Solution, SparseColumns
from excise.standard import ColumnScale
from excise.verdicts import Certificate


def core_session(problem: Problem) -> Session:
    """A session of the compiled engine, on copies of columns where groups share them."""
    shares = isinstance(problem.penalty, OverlappingGroups)
    return OverlapSession(problem) if shares else Session(problem)


class OverlapSession(Session):
    """A session whose engine sees a copy of each column for every group that it is in."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.inner = on_copies(problem)
        assert isinstance(problem.penalty, OverlappingGroups)
        self.place = problem.penalty.place
        self.first = np.unique(self.place, return_index=True)[1]

    @property
    def _seen(self) -> Problem:
        return self.inner

    @property
    def columns(self) -> ColumnScale:
        """Centre and spread of the columns."""
        copies = super().columns
        return ColumnScale(copies.mean[self.first], copies.scale[self.first])

    def solve_at(
        self, alpha: float, after: Solution | None = None, *, start: Any = None
    ) -> Solution:
        """As `Session.solve_at`; what is known of columns does not say where copies are."""
        return super().solve_at(alpha)

    def events(self) -> tuple[list[Event], Floats]:
        """Entries and exits of groups, each named by its first column that varies."""
        found, alphas = super().events()
        return [one._replace(feature=int(self.place[one.feature])) for one in found], alphas

    def sparse(self, found: dict[str, Any], name: str) -> SparseColumns:
        """Sums over the copies of each column."""
        copies, p = self._found(found, name), self.problem.p
        owner = np.repeat(np.arange(copies.n_columns), np.diff(copies.indptr))
        flat, at = np.unique(owner * p + self.place[copies.indices], return_inverse=True)
        data: Floats = np.bincount(at, copies.data, len(flat)).astype(np.float64)
        indptr = np.searchsorted(flat, np.arange(copies.n_columns + 1) * p)
        return SparseColumns(indptr.astype(np.int64), (flat % p).astype(np.int64), data, p)

    def _verified(
        self, problem: Problem, found: dict[str, Any], k: int, alpha: float
    ) -> Certificate:
        """Of the copies, with a verdict for each column."""
        return of_columns(super()._verified(self.inner, found, k, alpha), self.place)
