"""The whole method on one page of numpy: teaching text, and the oracle of the tests.

With rows multiplied by sqrt(w), columns on the standard scale and y centred, the problem is

    minimise  |y - Z b|^2 / 2 + sum_j tax_j |b_j| + ridge_j b_j^2 / 2,    lower <= b <= upper

and b is optimal iff c = Z'(y - Z b) - ridge * b satisfies, feature by feature,

    |c_j| <= tax_j                  where b_j = 0      (it earns less than its tax)
    c_j = tax_j sign(b_j)           where b_j != 0     (what is left after tax is b_j)
    c_j >= tax_j, c_j <= -tax_j     at an upper, a lower bound.

If the support and the signs were known, b would be one linear system. So: guess them from the
previous alpha, solve, let out the coefficients whose sign flipped, let in the features that earn
more than their tax, repeat until nothing changes: `newton`, a primal-dual active set, which is a
semismooth Newton method (Hintermueller, Ito and Kunisch, SIAM J. Optim. 13, 2003). Where it
cycles or meets dependent columns, `descend` makes one change at a time, each of which lowers the
objective (feature-sign search: Lee, Battle, Raina and Ng, NIPS 2006).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from excise.duality import Size, certificate_from
from excise.problem import Problem
from excise.results import Floats
from excise.standard import ColumnScale, Target, View, target
from excise.taxes import Penalty, allowed, penalty_at
from excise.verdicts import Certificate

DEPENDENT = 1e-9
"""A column is dependent if less than this share of it lies outside the span of the others."""
SLACK = 2e-14
"""A zero may earn this share of |y| above its tax before it is let in: rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """A problem on the standard scale: Z'Z is a correlation matrix, y in units of `target.unit`."""

    problem: Problem
    columns: ColumnScale
    target: Target
    Z: Floats
    y: Floats

    def penalty(self, alpha: float) -> Penalty:
        """The penalty at `alpha`."""
        return penalty_at(self.problem, self.columns, alpha, self.target.unit)

    def original(self, b: Floats) -> tuple[Floats, float]:
        """Coefficients per unit of x, and the intercept."""
        coef = b * self.target.unit / self.columns.divisor
        return coef, float(self.target.mean - self.columns.mean @ coef)


def standardise(problem: Problem) -> Standard:
    """Centre and scale a copy of the data (this is the reference: the engine never copies)."""
    view, centred = View(problem), target(problem)
    Z = view.gather(np.arange(problem.p))
    return Standard(problem, view.columns, centred, Z, view.root * centred.values)


def solve(problem: Problem, alpha: float) -> tuple[Floats, float]:
    """Coefficients and intercept on the original scale, at one alpha."""
    std = standardise(problem)
    return std.original(walk(std, [alpha])[0])


def path(problem: Problem, alphas: Iterable[float]) -> tuple[Floats, Floats]:
    """Coefficients (p, K) and intercepts (K,) on the original scale, at falling alphas."""
    std = standardise(problem)
    columns, intercepts = zip(*map(std.original, walk(std, alphas)), strict=True)
    return np.column_stack(columns), np.asarray(intercepts)


def alpha_max(problem: Problem) -> float:
    """The smallest alpha at which every penalised coefficient is zero (inf for a ridge)."""
    top = top_tax(standardise(problem))
    return top / problem.l1_ratio if problem.l1_ratio > 0.0 else np.inf if top > 0.0 else 0.0


def top_tax(std: Standard) -> float:
    """alpha_max * l1_ratio: most earned, per unit of weight, with only unpenalised features in."""
    weight, penalty = std.problem.penalty_weight, std.penalty(1.0)
    taxed = (weight > 0.0) & ~penalty.excluded
    b = descend(std, replace(penalty, excluded=penalty.excluded | taxed), np.zeros(len(weight)))
    earned = allowed(std.Z.T @ (std.y - std.Z @ b), penalty)
    earned[earned <= SLACK * float(np.linalg.norm(std.y))] = 0.0
    most = np.max(earned[taxed] * penalty.unit[taxed] / weight[taxed], initial=0.0)
    return float(most) * std.target.unit


def judge(std: Standard, alpha: float, b: Floats) -> Certificate:
    """The gap of b and a verdict on every feature."""
    r = std.y - std.Z @ b
    size = Size(std.target.unit, float(std.y @ std.y) / 2, top_tax(std) / std.target.unit)
    return certificate_from(b, std.Z.T @ r, float(r @ r), std.penalty(alpha), size)


def walk(std: Standard, alphas: Iterable[float]) -> list[Floats]:
    """Standard-scale solutions at falling alphas, each the start of the next.

    Long steps are cut: down from alpha_max, none is longer than a factor of 0.7.
    """
    top = top_tax(std) / max(std.problem.l1_ratio, 1e-3)
    here, b, found = top, np.zeros(std.problem.p), []
    for alpha in alphas:
        while alpha < 0.7 * here and here > 1e-10 * top:
            here *= 0.7
            b = newton(std, std.penalty(here), b)
        here = min(here, float(alpha))
        b = newton(std, std.penalty(float(alpha)), b)
        found.append(b)
    return found


def newton(std: Standard, pen: Penalty, start: Floats, rounds: int = 30) -> Floats:
    """The primal-dual active set, from the support and signs of `start`."""
    sign = np.where(pen.tax > 0.0, np.sign(start), 1.0) * ~pen.excluded
    held = np.zeros(len(start))  # -1.0, +1.0: held at the lower, the upper bound
    slack = SLACK * float(np.linalg.norm(std.y))
    for _ in range(rounds):
        bound = np.where(held > 0.0, pen.upper, np.where(held < 0.0, pen.lower, 0.0))
        free = (sign != 0.0) & (held == 0.0)
        b = face_optimum(std, pen, free, sign, bound)
        if b is None:
            break
        c = std.Z.T @ (std.y - std.Z @ b) - pen.ridge * b
        flipped = free & (pen.tax > 0.0) & (b * sign <= 0.0)
        over = free & ~flipped & ((b > pen.upper) | (b < pen.lower))
        released = (held != 0.0) & (held * (c - pen.tax * sign) < -slack)
        enters = (sign == 0.0) & ~pen.excluded & (allowed(c, pen) > pen.tax + slack)
        if not np.any(flipped | over | released | enters):
            return b
        sign = np.where(flipped, 0.0, np.where(enters, np.sign(c), sign))
        held = np.where(over, np.where(b > pen.upper, 1.0, -1.0), np.where(released, 0.0, held))
    return descend(std, pen, start)


def face_optimum(
    std: Standard, pen: Penalty, free: NDArray[np.bool_], sign: Floats, fixed: Floats
) -> Floats | None:
    """The best b with these signs on the free set and b = `fixed` off it; None if dependent.

    A'A b = A'y - tax * sign, with A = QR the free columns above sqrt(ridge); refined once.
    """
    b, index = np.where(free, 0.0, fixed), np.flatnonzero(free)
    if len(index) == 0:
        return b
    A = np.vstack([std.Z[:, index], np.diag(np.sqrt(pen.ridge[index]))])
    if not pen.ridge[index].any():
        A = A[: len(std.y)]
    if len(index) > len(A):
        return None
    Q, R = np.linalg.qr(A)
    if np.any(np.abs(np.diag(R)) < DEPENDENT * np.linalg.norm(A, axis=0)):
        return None
    goal = np.zeros(len(A))
    goal[: len(std.y)] = std.y - std.Z @ b
    toll = pen.tax[index] * sign[index]
    x = np.linalg.solve(R, Q.T @ goal - np.linalg.solve(R.T, toll))
    x += np.linalg.solve(R, np.linalg.solve(R.T, A.T @ (goal - A @ x) - toll))
    b[index] = x
    return b


def descend(std: Standard, pen: Penalty, start: Floats) -> Floats:
    """One change at a time; the objective falls until no feature wants in, out or off a bound."""
    b = np.where(pen.excluded, 0.0, np.clip(start, pen.lower, pen.upper))
    inside, sign = (b != 0.0) & (b > pen.lower) & (b < pen.upper), np.sign(b)
    if face_optimum(std, pen, inside, sign, b) is None:
        b, inside, sign = np.zeros_like(b), np.zeros_like(inside), np.zeros_like(sign)
    newest, way = 0, 1.0
    barred = np.zeros_like(inside)  # came in and could not move: a tie, decided by rounding
    slack = SLACK * float(np.linalg.norm(std.y))
    for _ in range(100 + 10 * (std.problem.p + std.problem.n)):
        goal = face_optimum(std, pen, inside, sign, b)
        if goal is None:  # the newest feature depends on the others
            b, moved, met = advance(b, kernel(std, inside, newest, way), pen, sign, inside, np.inf)
        else:
            b, moved, met = advance(b, goal - b, pen, sign, inside, 1.0)
        barred &= moved == 0.0
        if met is not None:
            barred[met] = moved == 0.0
            continue
        if goal is None:
            inside[newest], barred[newest] = False, True
        c = std.Z.T @ (std.y - std.Z @ b) - pen.ridge * b
        rise = np.where(b < pen.upper, c - np.where(b < 0.0, -pen.tax, pen.tax), -np.inf)
        fall = np.where(b > pen.lower, -c - np.where(b > 0.0, -pen.tax, pen.tax), -np.inf)
        wants = np.where(inside | barred | pen.excluded, -np.inf, np.maximum(rise, fall))
        newest = int(np.argmax(wants))
        if wants[newest] <= slack:
            break
        way = 1.0 if rise[newest] >= fall[newest] else -1.0
        sign[newest] = way if b[newest] == 0.0 else np.sign(b[newest])
        inside[newest] = True
    return b


def kernel(std: Standard, inside: NDArray[np.bool_], newest: int, way: float) -> Floats:
    """The direction that moves `newest` and leaves Z b where it is."""
    others = np.flatnonzero(inside)
    others = others[others != newest]
    step = np.zeros(std.problem.p)
    step[others] = -way * np.linalg.lstsq(std.Z[:, others], std.Z[:, newest], rcond=None)[0]
    step[newest] = way
    return step


def advance(
    b: Floats, step: Floats, pen: Penalty, sign: Floats, inside: NDArray[np.bool_], most: float
) -> tuple[Floats, float, int | None]:
    """Go along `step` until a coefficient meets zero or a bound, which takes it off the free set.

    Returns b, how far it went (at most `most`), and the feature that stopped it.
    """
    high = np.where((pen.tax > 0.0) & (sign < 0.0), 0.0, pen.upper)
    low = np.where((pen.tax > 0.0) & (sign > 0.0), 0.0, pen.lower)
    wall = np.where(step > 0.0, high, low)
    reach = np.full(len(b), np.inf)
    going = inside & (step != 0.0)
    reach[going] = np.maximum((wall[going] - b[going]) / step[going], 0.0)
    k = int(np.argmin(reach))
    if reach[k] >= most:
        return (b + most * step, most, None) if np.isfinite(most) else (b, 0.0, None)
    b = b + reach[k] * step
    b[k], inside[k] = wall[k], False
    return b, float(reach[k]), k
