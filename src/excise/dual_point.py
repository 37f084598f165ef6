"""From the slopes of the loss to a feasible dual point, as near to the best one as can be had.

Theta must satisfy linear equations: the intercept and every feature that pays nothing earn 0. So
theta is moved within the rows' own freedom h (the second derivative of the loss): theta + h B a,
with B the columns concerned and a from the normal equations weighted by h. That is the Newton
step of the dual problem, the orthogonal projection for the squared loss, and it stays within the
conjugate's domain as long as |B a| <= 1 for logistic, Poisson, gamma and negative binomial rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.data_term import RowFitted
from excise.duality import EPS, NOISE, DualPoint, Size, duality_gap, no_bound, open_sides
from excise.results import Floats
from excise.standard import Penalty, View

DEPENDENT = 1e-9
"""A column is dependent if less than this share of it lies outside the span of the others."""

CLEAR = 1e-6
"""A share so large that the squares of a Gram matrix show it."""

MOST_WORK, MOST_COLUMNS = 1e10, 4000
"""Multiply-adds that go into factoring columns of a sparse table written out, and how many columns
go into a Gram matrix."""

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


class Freedom(NamedTuple):
    """How rows of theta may move: all alike (h is None), or each by its h >= 0, with an intercept.

    Where all move alike, the intercept's column is orthogonal to the centred ones, and theta to it.
    """

    view: View
    h: Floats | None

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


def best_dual_point(
    view: View, pen: Penalty, fit: RowFitted, b: Floats, c: Floats, size: Size
) -> tuple[DualPoint, Floats]:
    """The feasible point with the smallest gap at hand, and the slopes of the rows beside it.

    These are fit.u unless the loss has a kink: there u is one slope of many, and the one nearest
    to the dual point takes its place.
    """
    best, slopes = no_bound(b, fit.data.loss, pen), fit.u
    if not np.isfinite(best.gap):
        return best, slopes
    for u, h in fit.directions():
        z = c if u is fit.u else view.correlate(u)
        point, theta = _Search(Freedom(view, h), pen, fit, b, size).best(u, z)
        if point.gap < best.gap:
            best, slopes = point, fit.slopes_near(theta)
        if best.gap <= max(16.0 * EPS * size.null, fit.dust):
            break
    return best, slopes


class _Search:
    """A feasible theta from slopes u: moved off the features that pay nothing, then scaled.

    A feature without bounds whose tax is below the rounding of c allows only z_j'W theta = 0;
    one with a bound on one side joins them (`closed`) if its sign is wrong.
    """

    def __init__(
        self, freedom: Freedom, pen: Penalty, fit: RowFitted, b: Floats, size: Size
    ) -> None:
        self.freedom, self.pen, self.fit, self.b = freedom, pen, fit, b
        self.noise, self.enough = size.noise, 2.0 * NOISE**2 * size.null
        self.view = freedom.view
        self.up, self.down = open_sides(pen)
        self.bare = (pen.tax <= self.noise) & ~pen.excluded
        self.closed = self.bare & self.up & self.down

    def best(self, u: Floats, c: Floats) -> tuple[DualPoint, Floats]:
        """The best point at hand, with its theta.

        The first is u moved to where nobody earns who must not. Where that leaves a gap, u is
        moved, as little as possible, to where the features inside earn exactly what they pay: then
        the gap is of second order in the distance to the optimum.
        """
        theta, z, bare = u, c, self.closed
        away = self.freedom.ones or bool(np.any(z[bare]))
        while away or np.any(self.wrong(z)):
            self.closed = self.closed | self.wrong(z)
            if too_many(self.view, np.flatnonzero(self.closed)):  # 0 is feasible, and says little
                theta, z = np.zeros_like(u), np.zeros_like(c)
                break
            theta = _projected(self.freedom, theta, np.flatnonzero(self.closed))
            z, away = self.view.correlate(theta), False
        best = (self.judged(theta, z), theta)
        inside = (self.b != 0.0) & (self.b > self.pen.lower) & (self.b < self.pen.upper)
        grown = self.closed
        for self.closed in (grown, bare):  # at the optimum those that joined may earn less than 0
            if best[0].gap <= self.enough:
                break
            index = np.flatnonzero(self.closed | inside)
            moved = _moved(self.freedom, self.pen, u, self.b, c, index)
            if moved is not None and not np.any(self.wrong(z := self.view.correlate(moved))):
                best = min(best, (self.judged(moved, z), moved), key=lambda one: one[0].gap)
            if np.array_equal(grown, bare):
                break
        return best

    def wrong(self, z: Floats) -> Mask:
        """Features that pay nothing, and earn on a side that no bound closes."""
        earning = (self.up & (z > self.noise)) | (self.down & (z < -self.noise))
        return np.asarray(self.bare & ~self.closed & earning)

    def judged(self, theta: Floats, z: Floats) -> DualPoint:
        """The gap on the ray of theta; what rounding left in its equations is charged."""
        left = np.abs(np.where(self.closed, z, 0.0))
        sum_left = abs(float(self.view.root @ theta)) if self.freedom.ones else 0.0
        allowed = max(self.noise, 64.0 * EPS * float(np.linalg.norm(theta)))
        if self.freedom.h is not None and max(sum_left, float(left.max())) > allowed:
            return no_bound(self.b, self.fit.data.loss, self.pen)  # rows too stiff to move
        charge = sum_left * abs(self.fit.shift) + float(left @ np.abs(self.b))
        rounding = self.closed | (self.bare & (np.abs(z) <= self.noise))
        ray = self.fit.ray(theta, np.where(rounding, 0.0, z), charge)
        return duality_gap(self.b, ray, self.pen, self.noise)


def _projected(freedom: Freedom, theta: Floats, closed: Indices) -> Floats:
    """Theta moved to where the intercept and the closed features earn nothing.

    Twice, since what they earn at first is rounded. Of all moves the least, in the metric 1 / h.
    """
    view = freedom.view
    if freedom.h is None:
        basis = view.span(closed)
        for _ in range(2):
            theta = theta - basis @ (basis.T @ theta)
        return theta
    columns = view.gather(closed)
    bent = freedom.with_intercept(freedom.bent, columns * np.sqrt(freedom.h)[:, None])
    for _ in range(2):
        earned = freedom.earned(theta, columns.T @ theta)
        theta = theta - freedom.root * np.linalg.lstsq(bent.T, earned, rcond=None)[0]
    return theta


def _moved(
    freedom: Freedom, pen: Penalty, u: Floats, b: Floats, c: Floats, inside: Indices
) -> Floats | None:
    """The point nearest to u where z_j = tax_j sign(b_j) + ridge_j b_j inside; None: not known."""
    count = len(inside) + freedom.ones
    if not 0 < count <= freedom.view.problem.n:
        return None
    wanted = pen.tax[inside] * np.sign(b[inside]) + pen.ridge[inside] * b[inside]
    solver = _solver(freedom, inside)
    if solver is None:
        return None
    theta, z = u, c[inside]
    theta = theta - freedom.root * solver(freedom.earned(theta, z - wanted))
    if freedom.h is not None:  # rows of small h make the first step inaccurate
        z = freedom.view.correlate(theta)[inside]
        theta = theta - freedom.root * solver(freedom.earned(theta, z - wanted))
    return theta


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
