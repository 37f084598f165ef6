"""How the rows of a dual point may move, and the least moves that make columns earn what they must.

With h the freedom of each row, moves are theta + h B a, with B the columns concerned and a from
the normal equations weighted by h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats
from excise.standard import View

DEPENDENT = 1e-9
"""A column is dependent if less than this share of it lies outside the span of the others."""

CLEAR = 1e-6
"""A share so large that the squares of a Gram matrix show it."""

MOST_WORK, MOST_COLUMNS = 1e10, 4000
"""Multiply-adds that go into factoring columns of a sparse table written out, and how many columns
go into a Gram matrix."""

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


class Moves(Protocol):
    """What a search for a dual point asks of the rows' freedom; indices are flat numbers."""

    @property
    def view(self) -> View:
        """The columns."""

    @property
    def alike(self) -> bool:
        """Whether all rows move alike: theta stays orthogonal to the intercept then."""

    @property
    def ones(self) -> bool:
        """Whether the intercept needs a column of its own."""

    def projected(self, theta: Floats, closed: Indices) -> Floats:
        """Theta moved, as little as possible, to where intercept and closed columns earn 0."""

    def moved(self, theta: Floats, z: Floats, wanted: Floats, index: Indices) -> Floats | None:
        """Theta moved from where columns earn `z` to where the chosen ones earn what is `wanted`.

        None: not known.
        """

    def too_many(self, index: Indices) -> bool:
        """Whether sparse columns written out are too many to be factored in a second or so."""


class Freedom(NamedTuple):
    """How rows of theta may move: all alike (h is None), or each by its h >= 0, with an intercept.

    Where all move alike, the intercept's column is orthogonal to the centred ones, and theta to it.
    """

    view: View
    h: Floats | None

    @property
    def alike(self) -> bool:
        """Whether h is None."""
        return self.h is None

    @property
    def bent(self) -> View:
        """The columns with rows multiplied by sqrt(w h)."""
        return self.view if self.h is None else self.view.reweighted(self.h)

    @property
    def root(self) -> Floats | float:
        """sqrt(h)."""
        return 1.0 if self.h is None else np.sqrt(self.h)

    @property
    def ones(self) -> bool:
        """Whether the intercept needs a column of its own."""
        return self.h is not None and self.view.problem.fit_intercept

    def with_intercept(self, bent: View, columns: Floats) -> Floats:
        """Columns over the rows, the intercept's first where it needs one."""
        return np.column_stack([bent.root, columns]) if self.ones else columns

    def earned(self, theta: Floats, z: Floats) -> Floats:
        """The right-hand side that belongs to `with_intercept`: what they earn at theta."""
        return np.concatenate([[self.view.root @ theta], z]) if self.ones else z

    def projected(self, theta: Floats, closed: Indices) -> Floats:
        """See `Moves`: twice, since what columns earn at first is rounded; the metric is 1 / h."""
        view = self.view
        if self.h is None:
            basis = view.span(closed)
            for _ in range(2):
                theta = theta - basis @ (basis.T @ theta)
            return theta
        columns = view.gather(closed)
        bent = self.with_intercept(self.bent, columns * np.sqrt(self.h)[:, None])
        for _ in range(2):
            earned = self.earned(theta, columns.T @ theta)
            theta = theta - self.root * np.linalg.lstsq(bent.T, earned, rcond=None)[0]
        return theta

    def moved(self, theta: Floats, z: Floats, wanted: Floats, index: Indices) -> Floats | None:
        """See `Moves`."""
        count = len(index) + self.ones
        if not 0 < count <= self.view.problem.n:
            return None
        solver = _solver(self, index)
        if solver is None:
            return None
        theta = theta - self.root * solver(self.earned(theta, z[index] - wanted[index]))
        if self.h is not None:  # rows of small h make the first step inaccurate
            z = self.view.correlate(theta)
            theta = theta - self.root * solver(self.earned(theta, z[index] - wanted[index]))
        return theta

    def too_many(self, index: Indices) -> bool:
        """See `Moves`."""
        return too_many(self.view, index)


class EachOutput(NamedTuple):
    """Rows of K outputs that move alike, each output by itself."""

    view: View
    alike: bool = True
    ones: bool = False

    def _parts(self, index: Indices) -> list[Indices]:
        """The chosen features of each output."""
        K = self.view.problem.outputs
        return [index[index % K == k] // K for k in range(K)]

    def projected(self, theta: Floats, closed: Indices) -> Floats:
        """See `Moves`."""
        one, parts = Freedom(self.view, None), self._parts(closed)
        return np.stack([one.projected(theta[:, k], at) for k, at in enumerate(parts)], axis=1)

    def moved(self, theta: Floats, z: Floats, wanted: Floats, index: Indices) -> Floats | None:
        """See `Moves`."""
        one, theta = Freedom(self.view, None), theta.copy()
        K = self.view.problem.outputs
        for k, features in enumerate(self._parts(index)):
            if len(features) == 0:
                continue
            there = one.moved(theta[:, k], z[k::K], wanted[k::K], features)
            if there is None:
                return None
            theta[:, k] = there
        return theta

    def too_many(self, index: Indices) -> bool:
        """See `Moves`."""
        return any(too_many(self.view, features) for features in self._parts(index))


def _solver(freedom: Freedom, index: Indices) -> Callable[[Floats], Floats] | None:
    """The shortest x with A'x = `change`, A the bent columns; None if that is not to be had.

    By the Cholesky factor of A'A for clearly independent sparse columns, else by QR.
    """
    view, bent, ones = freedom.view, freedom.bent, freedom.ones
    if (factor := clear_factor(bent, index, ones)) is not None:
        from scipy.linalg import cho_solve

        def by_gram(change: Floats) -> Floats:
            found = cho_solve((factor[0], True), change / factor[1]) / factor[1]
            step = np.zeros(view.problem.p)
            step[index] = found[ones:]
            return bent.predict(step) + (bent.root * found[0] if ones else 0.0)

        return by_gram
    if too_many(view, index):
        return None
    columns = freedom.with_intercept(bent, bent.gather(index))
    Q, R = np.linalg.qr(columns)
    if np.any(np.abs(np.diag(R)) <= DEPENDENT * np.linalg.norm(R, axis=0)):
        if freedom.h is None:
            return None
        # rows that cannot move, or twins: their equations may agree all the same
        return lambda change: np.asarray(np.linalg.lstsq(columns.T, change, DEPENDENT)[0])
    return lambda change: np.asarray(Q @ np.linalg.solve(R.T, change))


def clear_factor(view: View, index: Indices, ones: bool = False) -> tuple[Floats, Floats] | None:
    """The Cholesky factor of sparse columns scaled to length 1, where they are clearly independent.

    With the lengths. It costs what their entries cost, but sees distances from the span down to
    `CLEAR` only; for the rest, and for dense columns, there is the QR factorisation.
    """
    if not view.problem.design.sparse or not 0 < len(index) <= MOST_COLUMNS:
        return None
    gram = view.gram(index)
    if ones:
        side = view.correlate(view.root)[index]
        gram = np.block([[np.array([[view.root @ view.root]]), side], [side[:, None], gram]])
    lengths = np.sqrt(gram.diagonal())
    if not lengths.all():
        return None
    try:
        factor = np.linalg.cholesky(gram / np.outer(lengths, lengths))
    except np.linalg.LinAlgError:
        return None
    return (factor, lengths) if factor.diagonal().min() > CLEAR else None


def too_many(view: View, index: Indices) -> bool:
    """Whether sparse columns written out are too many to be factored in a second or so."""
    return view.problem.design.sparse and view.problem.n * len(index) ** 2 > MOST_WORK
