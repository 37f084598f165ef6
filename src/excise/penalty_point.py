"""Dual points where a penalty is an object: feasible by its own conjugate, or none at all.

For theta with sum_i w_i theta_i = 0 and nothing earned along what the penalty leaves free,

    gap(theta) = sum_i w_i [ l(eta_i) + l*(-theta_i) + theta_i eta_i ] + Omega(b) + Omega*(z) - b'z

with z = A'W theta on the scale that the penalty acts on. A penalty that tells no conjugate has no
dual point: then the gap is infinite, and the optimality conditions are all there is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from excise.data_term import DataTerm, RowFitted
from excise.duality import EPS, TIE, DualRay, ratio, safe_radius
from excise.exceptions import InputError
from excise.freedom import Freedom
from excise.losses import Loss
from excise.penalties.base import Face, Mask, PenaltyAt
from excise.problem import Problem
from excise.results import Floats
from excise.standard import View
from excise.uniqueness import independent
from excise.verdicts import Certificate, VerdictKind, Verdicts

NOISE = 1e-12
"""Slopes below this share of the largest at the null model are rounding."""


class Bound(NamedTuple):
    """A feasible dual point: its gap to b, and what the features earn there."""

    gap: float
    z: Floats


def no_bound(z: Floats) -> Bound:
    """Nothing is known."""
    return Bound(np.inf, np.zeros_like(z))


def bound_on_ray(pen: PenaltyAt, b: Floats, ray: DualRay) -> Bound:
    """The best multiple of a dual vector that earns nothing along what is free."""
    share = pen.domain_scale(ray.z)
    if share is None:
        return no_bound(ray.z)
    most = min(share, ray.most)
    peak = ray.peak(b)
    tried = {most, min(peak, most)} if peak > 0.0 else {most}
    found = [
        Bound(ray.distance(s) + pen.fenchel_young(b, s * ray.z), s * ray.z) for s in sorted(tried)
    ]
    return min(found, key=lambda one: one.gap)


def without_free(free: Face, b: Floats, z: Floats) -> tuple[Floats, float, float]:
    """Z without what is earned along free directions, how much that was, and what it may cost."""
    if len(free.features) == 0:
        return z, 0.0, 0.0
    count = np.bincount(free.owner)
    left = free.gathered(z)
    along = free.gathered(b) / count
    out = z.copy()
    out[free.features] -= free.sign * (left / count)[free.owner]
    if len(count) == len(free.features):
        out[free.features] = 0.0
    return out, float(np.abs(left).max()), float(np.abs(left) @ np.abs(along))


def projected(theta: Floats, columns: Floats, h: Floats | None) -> Floats:
    """Theta moved, as little as possible in the metric 1 / h, to where the columns earn 0.

    Twice, since what they earn at first is rounded. `columns` of shape (n, k), and theta, carry
    sqrt(w); h None: all rows move alike.
    """
    if columns.shape[1] == 0:
        return theta
    root = np.ones(len(theta)) if h is None else np.sqrt(h)
    bent = columns * root[:, None]
    for _ in range(2):
        theta = theta - root * np.linalg.lstsq(bent.T, columns.T @ theta, rcond=EPS)[0]
    return theta


class _InUnits(NamedTuple):
    """A ray of y in units of `unit`, told in the caller's."""

    ray: DualRay
    z: Floats
    unit: float

    @property
    def most(self) -> float:
        """The largest s."""
        return self.ray.most

    def distance(self, s: float) -> float:
        """What the rows add to the gap."""
        return self.ray.distance(s) * self.unit**2

    def peak(self, b: Floats) -> float:
        """Where the gap of a norm is smallest, if that is known."""
        return self.ray.peak(b / self.unit)


def refuse_beside(problem: Problem, title: str) -> None:
    """Refuse what a penalty that is solved by proximal steps cannot stand beside."""
    loss = problem.loss
    if problem.outputs > 1:
        raise InputError(
            f"{title} takes one output, but y has {problem.outputs}",
            remedy="a fit for each column of y",
        )
    if not isinstance(loss, Loss) or loss.kinked:
        why = "has a kink" if isinstance(loss, Loss) else "is no sum over rows"
        raise InputError(
            f"{title} needs a smooth loss of single rows; the {loss.name} loss {why}",
            remedy="loss='huber'" if isinstance(loss, Loss) else "penalty='l1'",
        )
    bounded = np.flatnonzero((problem.lower > -np.inf) | (problem.upper < np.inf))
    if len(bounded):
        raise InputError(
            f"{title} takes no bounds, but {problem.feature(int(bounded[0]))} has some",
            remedy="no bounds, or penalty='l1'",
        )


class Seen(NamedTuple):
    """The coefficients that are judged, on the scale the penalty acts on, with their data term.

    `back` multiplies correlations of the standard scale, of y in units, into slopes in b.
    """

    view: View
    pen: PenaltyAt
    fit: RowFitted
    b: Floats
    c: Floats
    back: Floats
    unit: float


def penalised_certificate(
    view: View, term: DataTerm, coef: Floats, intercept: Any, alpha: float
) -> Certificate:
    """The certificate of coefficients on the original scale, under a penalty that is an object."""
    problem, divisor = view.problem, view.columns.divisor
    penalty = problem.penalty
    assert penalty is not None
    pen = PenaltyAt(penalty, alpha, problem.penalty_weight)
    excluded = np.isinf(pen.weight)
    wrong = np.flatnonzero(excluded & (coef != 0.0))
    if len(wrong):
        raise InputError(
            f"coef is not zero for {problem.feature(int(wrong[0]))}, "
            "which penalty_weight = inf excludes"
        )
    per = divisor if problem.standardize else np.ones(problem.p)
    back, unit = divisor / per * term.unit, term.unit
    fit = term.at(coef * divisor / unit, coef, intercept)
    assert isinstance(fit, RowFitted)
    c = view.flat(fit.u) * back
    seen = Seen(view, pen, fit, coef * per, c, back, unit)
    top = _top(seen, term)
    bound, radius = _bound(seen, term)
    square, excess = unit * unit, fit.data.excess * unit * unit
    primal = fit.data.loss * square + excess + pen.value(seen.b)
    gap, null = bound.gap + excess, term.null * square
    off = float(np.max(pen.distance(seen.b, c), initial=fit.off(fit.u) * unit))
    proved = penalty.proved(np.abs(bound.z) + radius * back, alpha, pen.weight)
    verdicts = _verdicts(seen, proved & np.isfinite(radius), top)
    undecided = np.flatnonzero((verdicts.kind != VerdictKind.PROVED) & ~excluded)
    unique = penalty.convex and (len(undecided) == 0 or bool(independent(view, undecided)))
    return Certificate(
        primal=primal,
        dual=primal - gap if np.isfinite(gap) else 0.0,
        gap=gap,
        relative_gap=ratio(gap, null),
        kkt_violation=ratio(off, top) if off > NOISE * top else 0.0,
        verdicts=verdicts,
        unique=True if unique and fit.curved(undecided) else None,
        stationary=not penalty.convex,
    )


def _top(seen: Seen, term: DataTerm) -> float:
    """The largest slope of a penalised feature at the null model."""
    free = np.flatnonzero(seen.pen.weight == 0.0)
    slopes = term.slopes_without(free) if len(free) else term.null_slopes
    penalised = (seen.pen.weight > 0.0) & (seen.pen.weight < np.inf)
    return float(np.max(np.abs(seen.view.flat(slopes) * seen.back)[penalised], initial=0.0))


def _bound(seen: Seen, term: DataTerm) -> tuple[Bound, float]:
    """The best dual point at hand, and within what distance of it the best of all is."""
    view, pen, fit, unit = seen.view, seen.pen, seen.fit, seen.unit
    best = no_bound(seen.b)
    if not pen.penalty.convex or pen.domain_scale(np.zeros_like(seen.b)) is None:
        return best, np.inf
    free = pen.penalty.free(pen.weight)
    columns = _columns(seen, free)
    for u, freedom in fit.directions():
        assert isinstance(freedom, Freedom)
        held = columns
        if freedom.ones:
            held = np.column_stack([view.root, columns])
        theta = projected(u, held, freedom.h)
        z, _, charge = without_free(free, seen.b, view.flat(theta) * seen.back)
        charge += abs(float(view.root @ theta)) * abs(fit.shift) if freedom.ones else 0.0
        ray = _InUnits(fit.ray(theta, z / unit, charge / unit**2), z, unit)
        found = bound_on_ray(pen, seen.b, ray)
        extra = charge if freedom.alike else 0.0  # a plain ray knows no charge
        best = min(best, found._replace(gap=found.gap + extra), key=lambda one: one.gap)
        if best.gap <= max(16.0 * EPS * term.null, fit.dust) * unit**2:
            break
    return best, safe_radius(best.gap / unit**2, term.null, fit.data.curvature)


def _columns(seen: Seen, free: Face) -> Floats:
    """What the free directions do to the rows, times sqrt(w), shape (n, k)."""
    count = len(free.slope)
    out = np.zeros((seen.view.problem.n, count))
    if count == 0:
        return out
    place = np.empty(seen.view.problem.p, dtype=np.intp)
    place[free.features] = np.arange(len(free.features))
    for here, block in seen.view.blocks(free.features):
        scaled = block * (seen.back[here] / seen.unit * free.sign[place[here]])
        np.add.at(out.T, free.owner[place[here]], scaled.T)
    return out


def _verdicts(seen: Seen, proved: Mask, top: float) -> Verdicts:
    """What a feature earns where it is 0, against what the first unit of it costs there."""
    pen, b = seen.pen, seen.b
    zero = b == 0.0
    standard = b * seen.back / seen.unit**2  # per standard deviation, y in units
    alone = seen.fit.alone(standard, seen.c / seen.back) * seen.back
    slope = np.where(zero, seen.c, alone)
    price = pen.penalty.price(b, slope, pen.alpha, pen.weight)
    price = np.where(np.isfinite(price), price, 0.0)
    tie = TIE * np.abs(price) + NOISE * top
    earns, off = np.abs(slope), pen.distance(b, seen.c)
    kind = np.full(len(b), VerdictKind.UNPROVED, dtype=np.uint8)
    kind[off <= tie] = VerdictKind.BORDERLINE
    holds = VerdictKind.KKT if pen.penalty.convex else VerdictKind.STATIONARY
    kind[(off <= tie) & (earns < price - tie)] = holds
    kind[proved] = VerdictKind.PROVED
    kind[np.isinf(pen.weight) | (seen.view.columns.scale == 0.0)] = VerdictKind.EXCLUDED
    kind[~zero] = VerdictKind.KEPT
    return Verdicts(kind, earns, price)
