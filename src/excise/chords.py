"""Between two solutions of a path: their mixtures, and how far those can be from the optimum.

Let b_0, b_1 be coefficients and theta_0, theta_1 dual points at alpha_0 > alpha_1, with gaps G_0,
G_1, and b_t, theta_t, alpha_t their mixtures (1 - t) . + t . ; the gap of `excise.duality` is

    G(b, theta, alpha) = F(eta) + F*(-theta) + <theta, offset>
                         + alpha Omega(b) + (alpha Omega)*(Z'W theta),

F the mean loss. F and F* are convex, and so is (alpha Omega)*(z) in alpha and z together, being a
supremum of functions alpha -> z b - alpha Omega(b) that are straight in both. Only alpha Omega(b)
bends the wrong way, by what Omega changes: with Omega convex,

    alpha_t Omega(b_t) <= mixture of the ends + t (1 - t) rise,
    rise = (alpha_0 - alpha_1) (Omega(b_1) - Omega(b_0)).

Hence G(b_t, theta_t, alpha_t) <= (1 - t) G_0 + t G_1 + t (1 - t) rise for every t: theta_t is
feasible at alpha_t, whatever the loss, its kinks, bounds and free features. Where F and Omega are
known to bend, the mixtures lie below by t (1 - t) times

    rows      |eta_1 - eta_0|^2 / 2  for F, and |xi_1 - xi_0|^2 / 2 for F*, weighted by w m;
    ridge R   alpha_1 R(b_1 - b_0)   for alpha Omega, and alpha_1 R(beta_1 - beta_0) for (.)*,

which is subtracted from the rise. Here m is the least second derivative of a row on the way (1 for
the squared loss), xi_k the predictor whose slopes are -theta_k, and beta_k the b that attains
(alpha_k Omega)*. They are near eta_k and b_k, by the gaps: |xi_k - eta_k|^2 / 2 <= G_k and
alpha_k R(beta_k - b_k) <= G_k. A row counts if m is known as far as xi_k can be, that is within
d of eta_k, w m d^2 / 2 > G_k. On a straight piece of a lasso path nothing is left of the rise.

Giesen, Mueller, Laue and Swiercy, "Approximating concavely parameterized optimization problems",
NeurIPS 2012, ask how many solutions bound all; Ndiaye, Le, Fercoq, Salmon and Takeuchi, "Safe grid
search with optimal complexity", ICML 2019, bound b_0 alone on the ray of its dual point.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from excise.arguments import check_alpha
from excise.between import Between
from excise.duality import EPS, ratio
from excise.exceptions import InputError
from excise.losses import Loss, Squared
from excise.problem import Problem
from excise.results import Floats, Path
from excise.standard import ColumnScale, predict
from excise.taxes import Penalty, penalty_at


class Chord(NamedTuple):
    """The mixtures of two neighbours on a path, from `high` down to `low`.

    `gap_high`, `gap_low`: relative gaps of the ends. `rise`: what t (1 - t) multiplies, over the
    null loss too.
    """

    high: float
    low: float
    gap_high: float
    gap_low: float
    rise: float

    def share(self, alpha: float) -> float:
        """T, from 0 at `high` to 1 at `low`."""
        width = self.high - self.low
        return min(max((self.high - alpha) / width, 0.0), 1.0) if width > 0.0 else 0.0

    def bound(self, t: float) -> float:
        """What is proved of the relative gap at t."""
        if t in (0.0, 1.0):
            return self.gap_low if t else self.gap_high
        return (1.0 - t) * self.gap_high + t * self.gap_low + t * (1.0 - t) * self.rise

    @property
    def worst(self) -> float:
        """The largest bound of all t."""
        ends, change = max(self.gap_high, self.gap_low), self.gap_low - self.gap_high
        if not self.rise > abs(change):  # the parabola has its top outside
            return ends
        return self.gap_high + (self.rise + change) ** 2 / (4.0 * self.rise)


class Measure:
    """What chords of a path are measured by: Omega at alpha = 1, and predictors."""

    def __init__(self, path: Path) -> None:
        self.problem, self.path = path.problem, path
        self.columns = ColumnScale(path.mean, path.scale)
        self.pen: Penalty = penalty_at(self.problem, self.columns, 1.0)

    def tax(self, b: Floats) -> float:
        """The share of the tax in Omega(b)."""
        return float(self.pen.tax @ np.abs(self.pen.size(b)))

    def ridge(self, b: Floats) -> float:
        """The share of the ridge in Omega(b)."""
        return float(self.pen.ridge @ self.pen.total(b**2)) / 2

    def moved(self, i: int, j: int, room: float) -> float:
        """A length between two solutions in the predictors, whose square F and F* save.

        `room`: a gap that both are within.
        """
        loss = self.problem.loss
        if isinstance(loss, Squared):
            step = self.path.columns_std.column(j) - self.path.columns_std.column(i)
            return float(np.sqrt(self.problem.weights @ np.sum(self.rows(step) ** 2, axis=1) / 2))
        if not isinstance(loss, Loss):  # rows that depend on each other
            return 0.0
        some = self.problem.weights > 0.0
        w, y = self.problem.weights[some], self.problem.y[some]
        start, end = self.eta(i)[some], self.eta(j)[some]
        low, high = np.minimum(start, end), np.maximum(start, end)
        with np.errstate(all="ignore"):
            m = loss.flattest(y, low, high)
            reach = np.sqrt(8.0 * room / (w * m))
            known = loss.flattest(y, low - reach, high + reach)
            known = np.where(known > m / 4.0, known, 0.0)  # then w known reach^2 / 2 > room
        return float(np.sqrt(w @ (known * (end - start) ** 2) / 2))

    def rows(self, b: Floats) -> Floats:
        """Z b, a column per output."""
        table = b.reshape(self.problem.p, -1)
        index = np.flatnonzero(table.any(axis=1))
        return predict(self.problem.design, self.columns, index, table[index])

    def eta(self, k: int) -> Floats:
        """The predictor of every row at ``alphas[k]``, of one output."""
        path, offset = self.path, self.problem.offset
        shift = path.intercepts[k] + path.mean @ path.columns.column(k)
        eta = self.rows(path.columns_std.column(k))[:, 0] + shift
        return np.asarray(eta if offset is None else eta + offset)

    def chord(self, i: int, j: int) -> Chord:
        """The chord from ``alphas[i]`` down to ``alphas[j]``."""
        path = self.path
        high, low = float(path.alphas[i]), float(path.alphas[j])
        gap_high, gap_low = float(path.relative_gaps[i]), float(path.relative_gaps[j])
        if not max(gap_high, gap_low) < np.inf:
            return Chord(high, low, gap_high, gap_low, 0.0)
        b_high, b_low = path.columns_std.column(i), path.columns_std.column(j)
        step = b_low - b_high
        of_high = self.tax(b_high) + self.ridge(b_high)
        of_low = self.tax(b_low) + self.ridge(b_low)
        rounding = 8.0 * EPS * (high - low) * (of_high + of_low)
        null = path.null_loss
        off = [np.sqrt(null * (gap + 4.0 * EPS)) for gap in (gap_high, gap_low)]
        rise = (high - low) * (of_low - of_high)
        ridge = np.sqrt(self.ridge(step))
        rise -= low * _twice(ridge, off[0] / np.sqrt(high) + off[1] / np.sqrt(low or 1.0))
        if rise > 0.0:
            rise -= _twice(self.moved(i, j, max(off) ** 2), off[0] + off[1])
        return Chord(high, low, gap_high, gap_low, ratio(max(rise, 0.0) + rounding, null))


def _twice(length: float, off: float) -> float:
    """The square of a length, and of another that differs from it by `off` at most."""
    return float(length**2 + max(length - off, 0.0) ** 2)


def check_chords(problem: Problem, asked: str) -> None:
    """Refuse what is no path of one convex problem, in words about what was `asked`."""
    if problem.schedule is not None:
        raise InputError(
            f"{asked} needs one convex problem, but a schedule solves several",
            remedy="a fit without schedule, or path.at(alpha), which solves",
        )
    if problem.penalty is not None:
        raise InputError(
            f"{asked} is known for l1, elastic and ridge penalties only",
            [f"not for penalty {problem.penalty.name!r}"],
            "path.at(alpha), which solves",
        )


def between(path: Path, alpha: float) -> Between:
    """`Path.between`."""
    check_chords(path.problem, "between")
    alpha = check_alpha(alpha)
    first, last = float(path.alphas[0]), float(path.alphas[-1])
    if alpha < last:
        raise InputError(
            f"alpha is {alpha}, below the last of the path, {last:.6g}",
            remedy="path.at(alpha), which solves",
        )
    measure = Measure(path)
    if alpha >= first:
        _refuse_above(measure, alpha, first)
        return _mixture(path, alpha, 0, 0.0, float(path.relative_gaps[0]))
    k = int(np.searchsorted(-path.alphas, -alpha, side="right")) - 1
    if path.alphas[k] == alpha:
        return _mixture(path, alpha, k, 0.0, float(path.relative_gaps[k]))
    chord = measure.chord(k, k + 1)
    t = chord.share(alpha)
    return _mixture(path, alpha, k, t, chord.bound(t))


def _refuse_above(measure: Measure, alpha: float, first: float) -> None:
    """Above the first alpha its solution is as good as there only if nobody pays."""
    b = measure.path.columns_std.column(0)
    if alpha > first and measure.tax(b) + measure.ridge(b) > 0.0:
        raise InputError(
            f"alpha is {alpha}, above the first of the path, {first:.6g}",
            remedy="path.at(alpha), which solves",
        )


def _mixture(path: Path, alpha: float, k: int, t: float, bound: float) -> Between:
    """The coefficients at t on the chord from ``alphas[k]``."""

    def mixed(values: list[Floats]) -> Floats:
        return values[0] if t == 0.0 else values[0] + t * (values[1] - values[0])  # equal ends stay

    ends = [k] if t == 0.0 else [k, k + 1]
    shape = (-1,) if path.outputs == 1 else (-1, path.outputs)
    intercept = mixed([path.intercepts[end] for end in ends])
    return Between(
        alpha=alpha,
        coef=mixed([path.columns.column(end) for end in ends]).reshape(shape),
        intercept=float(intercept) if path.outputs == 1 else intercept,
        coef_std=mixed([path.columns_std.column(end) for end in ends]).reshape(shape),
        bound=bound,
        feature_names=path.feature_names,
    )
