"""The whole method on one page of numpy: teaching text, and the oracle of the tests.

With rows multiplied by sqrt(w), columns on the standard scale and y centred, the problem is

    minimise  |y - Z b|^2 / 2 + sum_j tax_j |b_j| + ridge_j b_j^2 / 2,    lower <= b <= upper

and b is optimal iff c = Z'(y - Z b) - ridge * b satisfies, feature by feature,

    |c_j| <= tax_j                  where b_j = 0      (it earns less than its tax)
    c_j = tax_j sign(b_j)           where b_j != 0     (what is left after tax is b_j)
    c_j >= tax_j, c_j <= -tax_j     at an upper, a lower bound.

If the support and the signs were known, b would be one linear system. So: guess them from the
previous alpha, solve, let out the coefficients whose sign flipped, let in the features that earn
more than their tax, repeat until nothing changes: `newton` (a primal-dual active set, that is a
semismooth Newton method; Hintermueller, Ito and Kunisch, SIAM J. Optim. 2003). Where that cycles
or meets dependent columns, `descend` makes one change at a time, each of which lowers the
objective (feature-sign search; Lee et al., NIPS 2006).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from excise.problem import Problem
from excise.results import Floats
from excise.standard import ColumnScale, Penalty, allowed, column_scale, penalty_at

DEPENDENT = 1e-9
"""A column whose part outside the span of the others is shorter than this is dependent."""
SLACK = 2e-14
"""A zero may earn this much of |y| above its tax before it is let in: rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """A problem on the standard scale: Z'Z is a correlation matrix.

    `Z` has rows multiplied by sqrt(w); `y` is centred and divided by `unit`, a power of two.
    """

    problem: Problem
    columns: ColumnScale
    Z: Floats
    y: Floats
    y_mean: float
    unit: float

    def penalty(self, alpha: float) -> Penalty:
        """The penalty at `alpha`, for y in units of `unit`."""
        full = penalty_at(self.problem, self.columns, alpha / self.unit)
        return replace(full, lower=full.lower / self.unit, upper=full.upper / self.unit)

    def original(self, b: Floats) -> tuple[Floats, float]:
        """Coefficients per unit of x, and the intercept."""
        coef = b * self.unit / self.columns.divisor
        return coef, float(self.y_mean - self.columns.mean @ coef)


def standardise(problem: Problem) -> Standard:
    """Centre and scale a copy of the data (this is the reference; the engine never copies)."""
    w, columns = problem.weights, column_scale(problem)
    y = problem.y - problem.offset if problem.offset is not None else problem.y
    unit = float(2.0 ** np.frexp(np.abs(y).max())[1]) or 1.0
    y = y / unit
    y_mean = float(w @ y) if problem.fit_intercept else 0.0
    Z = (problem.X.astype(np.float64) - columns.mean) / columns.divisor
    Z = np.where(columns.scale > 0.0, Z, 0.0)
    if problem.fit_intercept:
        Z -= w @ Z
    root = np.sqrt(w)
    return Standard(problem, columns, Z * root[:, None], (y - y_mean) * root, y_mean * unit, unit)


def solve(problem: Problem, alpha: float) -> tuple[Floats, float]:
    """Coefficients and intercept on the original scale, at one alpha."""
    std = standardise(problem)
    return std.original(walk(std, [alpha])[0])


def path(problem: Problem, alphas: Floats) -> tuple[Floats, Floats]:
    """Coefficients (p, K) and intercepts (K,) on the original scale, alphas falling."""
    std = standardise(problem)
    columns, intercepts = zip(*map(std.original, walk(std, alphas)), strict=True)
    return np.column_stack(columns), np.asarray(intercepts)


def alpha_max(problem: Problem) -> float:
    """The smallest alpha at which every penalised coefficient is zero (inf for a ridge)."""
    return top_tax(standardise(problem)) * float(np.divide(1.0, problem.l1_ratio or 0.0))


def top_tax(std: Standard) -> float:
    """alpha_max * l1_ratio: the largest earnings, per unit of penalty weight, at b = 0."""
    weight = np.where(np.isinf(std.problem.penalty_weight), 0.0, std.problem.penalty_weight)
    penalty = std.penalty(1.0)
    b = descend(std, replace(penalty, excluded=penalty.excluded | (weight > 0.0)))
    earned = allowed(std.Z.T @ (std.y - std.Z @ b), penalty) * penalty.unit
    taxed = (weight > 0.0) & ~penalty.excluded
    return float(np.max(earned[taxed] / weight[taxed], initial=0.0)) * std.unit


def walk(std: Standard, alphas: list[float] | Floats) -> list[Floats]:
    """Standard-scale solutions at falling alphas, each the start of the next.

    Long steps are cut: from alpha_max down no alpha is less than 0.7 times the one before.
    """
    previous = top_tax(std) / max(std.problem.l1_ratio, 1e-3)
    b, found = np.zeros(std.problem.p), []
    for alpha in alphas:
        while alpha < 0.7 * previous and previous > 1e-10 * std.unit:
            previous *= 0.7
            b = newton(std, std.penalty(previous), b)
        b = newton(std, std.penalty(float(alpha)), b)
        previous = min(previous, float(alpha))
        found.append(b)
    return found


def newton(std: Standard, pen: Penalty, start: Floats, rounds: int = 30) -> Floats:
    """The primal-dual active set, from the support and signs of `start`."""
    sign = np.where(pen.tax > 0.0, np.sign(start), 1.0) * ~pen.excluded
    held = np.zeros(len(start), dtype=int)  # -1, +1: held at the lower, upper bound
    slack = SLACK * float(np.linalg.norm(std.y))
    for _ in range(rounds):
        bound = np.where(held > 0, pen.upper, np.where(held < 0, pen.lower, 0.0))
        free = (sign != 0.0) & (held == 0)
        b = face_optimum(std, pen, free, sign, bound)
        if b is None:
            break
        c = std.Z.T @ (std.y - std.Z @ b) - pen.ridge * b
        flipped = free & (pen.tax > 0.0) & (b * sign <= 0.0)
        over = free & ~flipped & ((b > pen.upper) | (b < pen.lower))
        released = (held != 0) & (held * c < pen.tax * held * sign - slack)
        enters = (sign == 0.0) & ~pen.excluded & (allowed(c, pen) > pen.tax + slack)
        if not np.any(flipped | over | released | enters):
            return b
        sign = np.where(flipped, 0.0, np.where(enters, np.sign(c), sign))
        held = np.where(over, np.where(b > pen.upper, 1, -1), np.where(released, 0, held))
    return descend(std, pen, start)


def face_optimum(
    std: Standard, pen: Penalty, free: np.ndarray, sign: Floats, fixed: Floats
) -> Floats | None:
    """The best b with b = `fixed` off the free set and these signs on it; None if dependent.

    R'R b = Z_F'y - tax * sign with Z_F = QR (rows sqrt(ridge) below it), refined once.
    """
    b = np.where(free, 0.0, fixed)
    index = np.flatnonzero(free)
    if len(index) == 0:
        return b
    target = std.y - std.Z @ b
    A = np.vstack([std.Z[:, index], np.diag(np.sqrt(pen.ridge[index]))])
    if len(index) > len(A) or len(index) > len(std.y) and not pen.ridge[index].all():
        return None
    if not pen.ridge[index].any():
        A = A[: len(std.y)]
    Q, R = np.linalg.qr(A)
    if np.abs(np.diag(R)).min() < DEPENDENT * np.sqrt(1.0 + pen.ridge[index].max()):
        return None
    toll = pen.tax[index] * sign[index]
    full = np.concatenate([target, np.zeros(len(A) - len(target))])
    x = np.zeros(len(index))
    for _ in range(2):
        rest = full - A @ x
        step = Q.T @ rest - np.linalg.solve(R.T, toll - 0.0 * x) if not x.any() else None
        if step is None:
            step = np.linalg.solve(R.T, A.T @ rest - toll)
        x = x + np.linalg.solve(R, step)
    b[index] = x
    return b


def descend(std: Standard, pen: Penalty, start: Floats | None = None) -> Floats:
    """One change at a time: the objective falls until no feature wants in or out."""
    p = std.problem.p
    b = np.zeros(p) if start is None else np.clip(start, pen.lower, pen.upper)
    b[pen.excluded] = 0.0
    inside = (b != 0.0) & (b > pen.lower) & (b < pen.upper)
    sign, barred = np.sign(b), np.zeros(p, dtype=bool)
    slack = SLACK * float(np.linalg.norm(std.y))
    if face_optimum(std, pen, inside, sign, b) is None:
        b, inside, sign = np.zeros(p), np.zeros(p, dtype=bool), np.zeros(p)
    for _ in range(100 + 10 * (p + std.problem.n)):
        goal = face_optimum(std, pen, inside, sign, b)
        if goal is not None:
            b, moved, stopped = advance(b, goal - b, pen, sign, inside, 1.0)
            if moved > 0.0:
                barred[:] = False
            if stopped is not None:
                if moved == 0.0:
                    barred[stopped] = True
                continue
        c = std.Z.T @ (std.y - std.Z @ b) - pen.ridge * b
        up, down = np.where(b < pen.upper, c, 0.0), np.where(b > pen.lower, -c, 0.0)
        up -= np.where(b < 0.0, -pen.tax, pen.tax)
        down -= np.where(b > 0.0, -pen.tax, pen.tax)
        wants = np.where(inside | barred | pen.excluded, -np.inf, np.maximum(up, down))
        j = int(np.argmax(wants))
        if wants[j] <= slack:
            break
        way = 1.0 if up[j] >= down[j] else -1.0
        sign[j] = way if b[j] == 0.0 else np.sign(b[j])
        inside[j] = True
        if face_optimum(std, pen, inside, sign, b) is None:
            b, stopped = pivot(std, pen, b, sign, inside, j, way)
            barred[j] = stopped is None or stopped == j
            inside[j] = stopped is not None and stopped != j
    return b


def pivot(
    std: Standard, pen: Penalty, b: Floats, sign: Floats, inside: np.ndarray, j: int, way: float
) -> tuple[Floats, int | None]:
    """Let `j` in and, along the dependence that it closes, the first other feature out."""
    others = inside.copy()
    others[j] = False
    index = np.flatnonzero(others)
    step = np.zeros(len(b))
    step[index] = -way * np.linalg.lstsq(std.Z[:, index], std.Z[:, j], rcond=None)[0]
    step[j] = way
    b, _, stopped = advance(b, step, pen, sign, inside, np.inf)
    return b, stopped


def advance(
    b: Floats, step: Floats, pen: Penalty, sign: Floats, inside: np.ndarray, most: float
) -> tuple[Floats, float, int | None]:
    """Go along `step` until a coefficient meets zero or a bound, which leaves the free set."""
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where((pen.tax > 0.0) & (sign > 0.0), 0.0, pen.lower)
        high = np.where((pen.tax > 0.0) & (sign < 0.0), 0.0, pen.upper)
        wall = np.where(step > 0.0, high, low)
        reach = np.where(inside & (step != 0.0), (wall - b) / step, np.inf)
    reach = np.maximum(reach, 0.0)
    k = int(np.argmin(reach))
    if reach[k] >= most:
        return b + most * step if np.isfinite(most) else b, most, None
    b = b + reach[k] * step
    b[k] = wall[k]
    inside[k] = False
    if wall[k] == 0.0:
        sign[k] = 0.0
    return b, float(reach[k]), k
