"""One straight piece of the lasso's path, and what proves that a point on it is the end.

While the support S and the signs s stay, minimising |b - A x|^2 / 2 + tax |x|_1 gives

    x_S(tax) = x0 - tax d,    b - A x(tax) = r0 + tax w,    r0 orthogonal to A_S, and to w,

with x0 the least squares of b on A_S, d = (A_S'A_S)^-1 s and w = A_S d. Hence A_S'w = s and s'd =
|w|^2, so that |x|_1 = s'x0 - tax |w|^2 and |b - A x|^2 = |r0|^2 + tax^2 |w|^2: where a piece meets
a norm is a formula, tax = 0 included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.design import Design
from excise.duality import EPS
from excise.freedom import DEPENDENT, MOST_WORK
from excise.results import Floats
from excise.uniqueness import dependent

NEGLIGIBLE = 1e-10
"""Share of |b| below which a residual is none."""
NEAR = 1e-8
"""|a_j'dual| this near to 1 counts as 1 when solutions are compared."""

Unique = tuple[bool | None, str, tuple[tuple[int, ...], ...]]


class Point(NamedTuple):
    """A candidate: coefficients, residual over tax, and the tax of its lasso (0: the limit)."""

    coef: Floats
    dual: Floats
    tax: float


@dataclass(frozen=True, eq=False)
class System:
    """A x = b."""

    design: Design
    b: Floats

    @cached_property
    def size(self) -> float:
        """Euclidean norm of b."""
        return float(np.linalg.norm(self.b))

    @cached_property
    def lengths(self) -> Floats:
        """Euclidean norms of the columns."""
        found = np.empty(self.design.shape[1])
        for index, block in self.design.blocks():
            found[index] = np.linalg.norm(block, axis=0)
        return found

    def columns(self, index: NDArray[np.intp]) -> Floats:
        """The chosen columns, a copy."""
        return np.asarray(self.design.columns(index), dtype=np.float64)

    def correlate(self, u: Floats) -> Floats:
        """A'u."""
        return np.asarray(self.design.correlate(u[:, None])[:, 0])

    def residual(self, coef: Floats) -> Floats:
        """What x leaves of b."""
        support = np.flatnonzero(coef)
        return np.asarray(self.b - self.columns(support) @ coef[support])

    def independent(self, index: NDArray[np.intp]) -> bool | None:
        """Whether the chosen columns are linearly independent; None: too costly to know."""
        if len(index) > len(self.b) or not np.all(self.lengths[index] > 0.0):
            return False
        if float(len(self.b)) * len(index) ** 2 > MOST_WORK:
            return None
        R = np.linalg.qr(self.columns(index) / self.lengths[index], mode="r")
        return bool(np.all(np.abs(np.diag(R)) > DEPENDENT))


@dataclass(frozen=True, eq=False)
class Piece:
    """The straight piece with this support and these signs; see the module for the letters."""

    system: System
    support: NDArray[np.intp]
    sign: Floats
    x0: Floats
    d: Floats
    r0: Floats
    w: Floats
    noise: float

    @property
    def exact(self) -> bool:
        """Whether the columns of the support give b."""
        return self.rest <= self.noise

    @cached_property
    def rest(self) -> float:
        """|r0|."""
        return float(np.linalg.norm(self.r0))

    @property
    def largest(self) -> float:
        """|x|_1 where the tax is 0."""
        return float(self.sign @ self.x0)

    def norm1(self, tax: float) -> float:
        """|x|_1 at `tax`."""
        return self.largest - tax * float(self.w @ self.w)

    def residual_norm(self, tax: float) -> float:
        """|b - A x| at `tax`."""
        return float(np.hypot(self.rest, tax * np.linalg.norm(self.w)))

    def orthogonal(self) -> bool:
        """Whether r0 is what no column can explain: the distance of b from their span."""
        away = np.abs(self.system.correlate(self.r0))
        return bool(np.all(away <= self.system.lengths * (1e-9 * self.rest + 1e-4 * self.noise)))

    def meets_noise(self, sigma: float) -> float:
        """The tax at which |b - A x| = sigma; 0 if it is larger all along."""
        room = (sigma - self.rest) * (sigma + self.rest)
        return float(np.sqrt(max(room, 0.0)) / np.linalg.norm(self.w))

    def meets_budget(self, budget: float) -> float:
        """The tax at which |x|_1 = budget; 0 if it is smaller all along."""
        return max(self.largest - budget, 0.0) / float(self.w @ self.w)

    def at(self, tax: float) -> Point:
        """The point of this piece at `tax`, with coefficients of the wrong sign set to zero."""
        coef = np.zeros(self.system.design.shape[1])
        x = self.x0 - tax * self.d
        little = 1e-3 * self.noise / self.system.lengths[self.support]
        coef[self.support] = np.where(x * self.sign > little, x, 0.0)
        pulled = tax > 0.0 and not self.exact
        return Point(coef, self.w + self.r0 / tax if pulled else self.w, tax)


def piece_through(system: System, coef: Floats) -> Piece:
    """The piece through a solution of some lasso."""
    coef, b = _vertex(system, coef), system.b
    support = np.flatnonzero(coef)
    sign, columns = np.sign(coef[support]), system.columns(support)
    Q, R = np.linalg.qr(columns)
    x0 = np.linalg.solve(R, Q.T @ b)
    x0 += np.linalg.solve(R, Q.T @ (b - columns @ x0))
    half = np.linalg.solve(R.T, sign)
    half += np.linalg.solve(R.T, sign - columns.T @ (Q @ half))
    r0 = b - Q @ (Q.T @ b)
    r0 -= Q @ (Q.T @ r0)
    terms = float(system.lengths[support] @ np.abs(x0))
    noise = NEGLIGIBLE * system.size + 64.0 * EPS * terms
    return Piece(system, support, sign, x0, np.linalg.solve(R, half), r0, Q @ half, noise)


def _vertex(system: System, coef: Floats) -> Floats:
    """The coefficients, or others of the same signs, fit and norm whose columns are independent."""
    support = np.flatnonzero(coef)
    if system.independent(support) is not False:
        return coef
    from scipy.optimize import nnls  # a vertex of {z >= 0: the same fit}; they share the norm

    columns, sign = system.columns(support), np.sign(coef[support])
    out = np.zeros_like(coef)
    out[support] = sign * nnls(columns * sign, columns @ coef[support])[0]
    return out


def excess(x: Floats, c: Floats) -> tuple[float, float]:
    """|x|_1 - x'c / shrink, and by what c must shrink to have no entry above 1."""
    shrink = max(1.0, largest(c))
    return float(np.sum(np.abs(x) - x * (c / shrink))), shrink


def largest(c: Floats) -> float:
    """The largest size of an entry."""
    return float(np.abs(c).max())


def who_else(system: System, coef: Floats, c: Floats) -> Unique:
    """Whether another x is as good, why, and which columns depend on each other.

    `c` = A'dual with |c|_inf <= 1. All optima have the same A x and are zero wherever |c_j| < 1;
    where |c_j| = 1 they have its sign. So another one differs by a d != 0 with A d = 0 that moves
    only columns with |c_j| = 1, those with x_j = 0 in the direction of c_j.
    """
    inside = np.flatnonzero(coef)
    tied = np.flatnonzero((np.abs(c) >= 1.0 - NEAR) & (coef == 0.0))
    order = np.concatenate([inside, tied])
    if len(order) == 0:
        return True, "no column reaches |a'dual| = 1", ()
    if float(len(system.b)) * len(order) ** 2 > MOST_WORK:
        return None, f"columns with |a'dual| = 1: {len(order)}, too many to compare", ()
    if system.independent(order):
        return True, f"columns with |a'dual| = 1: {len(order)}, independent", ()
    columns = system.columns(order) / system.lengths[order] * np.sign(c[order])
    if not _can_move(columns, len(inside)):
        text = f"columns with |a'dual| = 1: {len(order)}, dependent, but none can enter"
        return True, text, ()
    twins = dependent(columns, order, len(inside))
    return False, f"columns with |a'dual| = 1: {len(order)}, and some can swap", twins


def _can_move(columns: Floats, inside: int) -> bool:
    """Whether some z >= 0, z != 0, of the tied columns has its fit in the span of those inside."""
    Q = np.linalg.qr(columns[:, :inside])[0]
    rest = columns[:, inside:]
    for _ in range(2):
        rest = rest - Q @ (Q.T @ rest)
    from scipy.optimize import nnls

    stacked = np.vstack([rest, np.ones(rest.shape[1])])
    z, _ = nnls(stacked, np.append(np.zeros(len(rest)), 1.0))
    return bool(z.sum() > 0.0 and np.linalg.norm(rest @ z) <= DEPENDENT * z.sum())
