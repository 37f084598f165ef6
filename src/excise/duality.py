"""The books and the proof: every formula that turns a residual into a certificate.

Everything is on the standard scale: b = coef_std, columns with z_j'W z_j = 1, Omega_j(b) =
tax |b| + ridge b^2 / 2 on [lower, upper], and u = -l'(eta) per row, the residual r for the
squared loss; c_j = z_j'W u. With K outputs b, c and Omega run over coefficients (j, k), or over
groups of them, whose |.| is the Euclidean norm (see `excise.taxes.Penalty`). Where coefficients
pay a tax of their own before their group does, Omega + Omega* - b z is that of the group at what is
left of z, and own |b_j| - b_j clip(z_j) beside.

    primal   P(b)     = sum_i w_i l(y_i, eta_i) + sum_j Omega_j(b_j)
    dual     D(theta) = -sum_i w_i [ l*(-theta_i) + theta_i offset_i ] - sum_j Omega_j*(z_j'W theta)
             for theta with sum_i w_i theta_i = 0, the condition of the intercept

    gap = P(b) - D(theta) = sum_i w_i [ l(eta_i) + l*(-theta_i) + theta_i eta_i ]
                            + sum_j [ Omega_j(b_j) + Omega_j*(z_j'W theta) - b_j z_j'W theta ]

Each term is >= 0 (Fenchel and Young), so nothing cancels, and gap >= P(b) - min P whatever b and
theta are. For the squared loss the first sum is (r - theta)'W(r - theta) / 2.
Where l'' <= L, D is 1/L-strongly concave in the norm |.|_W, hence the optimal theta lies within
sqrt(2 L gap) of ours; if that ball holds |z_j'W theta| < tax_j, then b_j = 0 in every optimum
(the gap-safe sphere: Ndiaye, Fercoq, Gramfort and Salmon, JMLR 18, 2017).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from excise.losses import RowLoss
from excise.results import Floats
from excise.taxes import Penalty, allowed, earned
from excise.verdicts import Certificate, VerdictKind, Verdicts

EPS = float(np.finfo(np.float64).eps)
TIE = 1e-8
"""Earnings within this share of the tax are called equal to it."""
NOISE = 1e-13
"""Correlations below this share of |y| are rounding."""
UNPAID = 1e-10
"""Earnings of an unpenalised feature above this share of |y| are no rounding."""


class DualPoint(NamedTuple):
    """A feasible theta, seen by the features: z_j = z_j'W theta, and its gap to b."""

    z: Floats
    gap: float


class DualRay(Protocol):
    """The dual points s t: what a certificate asks of them."""

    @property
    def z(self) -> Floats:
        """Correlations z_j'W t."""

    @property
    def most(self) -> float:
        """The largest s."""

    def distance(self, s: float) -> float:
        """What the rows add to the gap."""

    def peak(self, b: Floats) -> float:
        """Where the gap of a plain lasso is smallest, if that is known; else 1."""


class Ray(NamedTuple):
    """The dual points s t, s >= 0, of the squared loss, by default for t = r.

    `z`: correlations z_j'W t. `square`: t'W t. `foot`: the s nearest to r. `apart`: the square of
    the distance from there to r.
    """

    z: Floats
    square: float
    foot: float = 1.0
    apart: float = 0.0

    @property
    def most(self) -> float:
        """The largest s in the domain of the loss's conjugate."""
        return np.inf

    def distance(self, s: float) -> float:
        """(r - s t)'W(r - s t) / 2."""
        return (self.apart + self.square * (s - self.foot) ** 2) / 2

    def peak(self, b: Floats) -> float:
        """The top of the parabola D(s t) of a plain lasso."""
        return self.foot + float(b @ self.z) / self.square if self.square > 0.0 else 1.0


class RowRay(NamedTuple):
    """The dual points s t, 0 <= s <= most, of any loss.

    `z`: correlations z_j'W t. `t`, `y`, `eta`: a number per row, or one per output; `weights`:
    one per row. `charge`: what the rounding left in the conditions z_j'W t = 0 may cost, at s = 1.
    """

    z: Floats
    t: Floats
    loss: RowLoss
    y: Floats
    eta: Floats
    weights: Floats
    charge: float

    @property
    def most(self) -> float:
        """The largest s <= 1 in the domain of the loss's conjugate."""
        return self.loss.domain_scale(self.y, self.t)

    def distance(self, s: float) -> float:
        """sum_i w_i [ l(eta_i) + l*(-s t_i) + s t_i eta_i ]."""
        rows = self.loss.fenchel_young(self.y, self.eta, -s * self.t)
        return mean_of(rows, self.weights) + s * self.charge

    def peak(self, b: Floats) -> float:
        """No shortcut is known: t itself."""
        return 1.0


class Size(NamedTuple):
    """What the figures of a certificate are measured against.

    `unit`: y was divided by it. `null`: loss at b = 0 with the best intercept. `top`: the largest
    tax that anybody would pay, alpha_max * l1_ratio. `steep`: norm of the gradient at b = 0, |y|
    for the squared loss (the default).
    """

    unit: float
    null: float
    top: float
    steep: float | None = None

    @property
    def noise(self) -> float:
        """Correlations below this are rounding."""
        return NOISE * (float(np.sqrt(2.0 * self.null)) if self.steep is None else self.steep)


def mean_of(rows: Floats, weights: Floats) -> float:
    """Weighted sum over the rows with weight: an infinity elsewhere does not count."""
    return float(weights @ np.where(weights > 0.0, rows, 0.0))


def open_sides(pen: Penalty) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where Omega grows only by the tax: upward, downward without ridge and without a bound."""
    linear = pen.ridge == 0.0
    return linear & (pen.upper == np.inf), linear & (pen.lower == -np.inf)


def fenchel_young(b: Floats, z: Floats, pen: Penalty) -> Floats:
    """Omega(b) + Omega*(z) - b z per group, >= 0, for |z| <= tax on the open sides.

    With beta the b that attains Omega*(z) and s its direction (that of b if beta = 0), it equals

        ridge |b - beta|^2 / 2  +  (z - ridge beta - tax s)(beta - b)  +  tax (|b| - s b).
    """
    up, down = open_sides(pen)
    alone, z = pen.alone(b, z), pen.left(z)
    size = pen.size(z)
    size = np.where(up, np.minimum(size, pen.tax), size)
    size = np.where(down, np.maximum(size, -pen.tax), size)
    excess = np.sign(size) * np.maximum(np.abs(size) - pen.tax, 0.0)
    linear = pen.ridge == 0.0
    free = np.divide(excess, pen.ridge, out=np.zeros_like(excess), where=~linear)
    free[linear & (excess > 0.0)] = np.inf
    free[linear & (excess < 0.0)] = -np.inf
    best = np.clip(free, pen.lower, pen.upper)
    inner = (best == free) & (best != 0.0)
    own, z, beta = pen.direction(b), pen.sized(size, z), pen.sized(best, z)
    s = np.where(pen.each(best != 0.0), pen.sized(np.sign(best), z), own)
    slope = z - pen.each(pen.ridge) * beta - pen.each(pen.tax) * s
    slope = np.where(pen.each(inner), 0.0, slope)
    terms = pen.ridge * pen.total((b - beta) ** 2) / 2 + pen.total(slope * (beta - b))
    terms += pen.tax * np.abs(pen.size(b)) * pen.total((s - own) ** 2) / 2
    return np.asarray(np.maximum(terms + alone, 0.0))


def feasible_scale(c: Floats, pen: Penalty) -> float:
    """The largest s with s |c_j| <= tax_j on every open side (unpenalised features aside)."""
    if pen.own is not None:
        return float(np.min(pen.widest(c)[(pen.ridge == 0.0) & (pen.tax > 0.0)], initial=np.inf))
    earning = earned(c, pen, *open_sides(pen))
    bounding = (earning > 0.0) & (pen.tax > 0.0)
    return float(np.min(pen.tax[bounding] / earning[bounding], initial=np.inf))


def unpaid(z: Floats, pen: Penalty, noise: float) -> bool:
    """Whether a feature without tax, ridge and bound earns more than `noise`: it must earn 0."""
    return bool(np.any((pen.tax == 0.0) & (earned(z, pen, *open_sides(pen)) > noise)))


def duality_gap(b: Floats, ray: DualRay, pen: Penalty, noise: float) -> DualPoint:
    """The gap at the best point at hand of a ray.

    For a plain lasso D(s t) is a parabola in s: s is its top, or the feasible end before it. With
    a ridge or bounds, or another loss, the better of that and s = 1 is taken. Where an
    unpenalised feature earns more than `noise`, only theta = 0 is feasible, and the gap is the
    whole objective; `excise.certify` projects the residual first.
    """
    if unpaid(ray.z, pen, noise):
        return no_bound(b, ray.distance(0.0), pen)
    most = min(feasible_scale(ray.z, pen), ray.most)
    top = ray.peak(b)
    up, down = open_sides(pen)
    guesses = {min(top, most)} if np.all(up & down) else {min(top, most), min(1.0, most)}
    found = [ridge_as_rows(b, ray, pen)]
    for s in guesses:
        terms = fenchel_young(b, s * ray.z, pen)
        found.append(DualPoint(s * ray.z, ray.distance(s) + float(terms.sum())))
    return min(found, key=lambda point: point.gap)


def no_bound(b: Floats, loss: float, pen: Penalty) -> DualPoint:
    """Theta = 0, which is always feasible: the gap is the whole objective."""
    nothing = np.zeros_like(b)
    return DualPoint(nothing, loss + float(fenchel_young(b, nothing, pen).sum()))


def ridge_as_rows(b: Floats, ray: DualRay, pen: Penalty) -> DualPoint:
    """The gap on the ray with the ridge counted as rows added to Z.

    Omega*(s c) <= s^2 ridge b^2 / 2 as soon as s |c - ridge b| <= tax, however small the ridge;
    a coefficient that rests at a bound may earn more, since its bound holds it.
    """
    z = ray.z - pen.each(pen.ridge) * b
    earns, size = pen.size(z), pen.size(b)
    up = earns > 0.0
    held = np.where(up, (size > 0.0) & (size >= pen.upper), (size < 0.0) & (size <= pen.lower))
    shut = np.where(up, pen.upper == 0.0, pen.lower == 0.0)
    bounding = (pen.tax > 0.0) & ~held & ~shut & (earns != 0.0)
    s = float(np.min(pen.widest(z)[bounding], initial=min(1.0, ray.most)))
    left = pen.left(s * z)
    paid = np.maximum(pen.tax * np.abs(size) - pen.total(b * left), 0.0) + pen.alone(b, s * z)
    rows = pen.ridge * pen.total(b**2) * (1.0 - s) ** 2 / 2 + paid
    terms = np.where(held | (pen.tax == 0.0), fenchel_young(b, s * ray.z, pen), rows)
    return DualPoint(s * ray.z, ray.distance(s) + float(terms.sum()))


def kkt_distance(b: Floats, c: Floats, pen: Penalty) -> Floats:
    """How far each group is from its optimality condition, in units of c.

    b = 0: what it earns above its tax; else |c - ridge b - tax b / |b||, one-sided at a bound.
    """
    rest = c - pen.each(pen.ridge) * b - pen.each(pen.tax) * pen.direction(b)
    if pen.own is not None:
        own = pen.each(pen.own)
        rest = np.where(b == 0.0, pen.left(c), rest - own * np.sign(b))
    off, size = pen.size(rest), pen.size(b)
    off = np.where((size >= pen.upper) & (off > 0.0), 0.0, off)
    off = np.where((size <= pen.lower) & (off < 0.0), 0.0, off)
    return np.where(size == 0.0, np.maximum(allowed(c, pen) - pen.tax, 0.0), np.abs(off))


def reach(z: Floats, radius: Any, pen: Penalty) -> Floats:
    """The most that a feature can earn at any dual point within `radius` of theta.

    Its column has length 1, so that no group of its outputs earns more than `radius` beside; of a
    group of features |Z_g'v| is at most |v| times the root of the sum of their squared lengths.
    """
    size = pen.size(pen.left(z))
    radius = radius if pen.reach is None else radius * pen.reach
    upward = np.where(pen.upper > 0.0, size + radius, -np.inf)
    downward = np.where(pen.lower < 0.0, radius - size, -np.inf)
    return np.maximum(upward, downward)


def safe_radius(gap: float, null: float, curvature: float = 1.0) -> float:
    """sqrt(2 gap curvature), with room for the rounding of a gap that is computed near zero.

    A loss whose second derivative is at most `curvature` has a conjugate, and so a dual, that is
    1 / curvature strongly concave. Without a bound nothing is known.
    """
    if not np.isfinite(curvature):
        return np.inf
    return float(np.sqrt(2.0 * curvature * (gap + 4.0 * EPS * null)))


def verdicts_from(
    b: Floats, c: Floats, alone: Floats, z: Floats, radius: float, pen: Penalty, size: Size
) -> Verdicts:
    """Kind, earnings and tax per group, in the caller's units (see `VerdictKind`).

    `c` are the correlations with the residual, `alone` what they would be with b_j = 0 and the
    others held, `z` those with theta.
    """
    zero = pen.size(b) == 0.0
    earns = np.where(zero, allowed(c, pen), np.abs(pen.size(pen.left(alone))))
    tie = TIE * pen.tax + size.noise
    kind = np.full(len(pen.tax), VerdictKind.UNPROVED, dtype=np.uint8)
    kind[earns <= pen.tax + tie] = VerdictKind.BORDERLINE
    kind[earns < pen.tax - tie] = VerdictKind.KKT
    kind[reach(z, radius, pen) < pen.tax] = VerdictKind.PROVED
    kind[pen.excluded] = VerdictKind.EXCLUDED
    kind[~zero] = VerdictKind.KEPT
    unit = pen.unit * size.unit
    found = Verdicts(pen.told(kind), pen.told(earns * unit), pen.told(pen.tax * unit))
    return _within(found, b, c, z, radius, pen, size) if pen.of_features else found


def _within(
    of_groups: Verdicts, b: Floats, c: Floats, z: Floats, radius: float, pen: Penalty, size: Size
) -> Verdicts:
    """The same where a feature is zero although its group is not.

    In a sparse group it has a tax of its own; in others it is constant, or repeats what others say.
    """
    assert pen.length is not None
    own = pen.each(np.zeros(len(pen.tax)) if pen.own is None else pen.own)
    unit = pen.each(pen.unit) * size.unit
    within = pen.each(pen.size(b) > 0.0) & (b == 0.0)
    earns, tie = np.abs(c), TIE * own + size.noise
    kind = np.full(len(b), VerdictKind.UNPROVED, dtype=np.uint8)
    kind[earns <= own + tie] = VerdictKind.BORDERLINE
    kind[earns < own - tie] = VerdictKind.KKT
    kind[np.abs(z) + radius * pen.length < own] = VerdictKind.PROVED
    kind[pen.length == 0.0] = VerdictKind.EXCLUDED
    return Verdicts(
        np.where(within, kind, of_groups.kind),
        np.where(within, earns * unit, of_groups.earns),
        np.where(within, own * unit, of_groups.tax),
    )


def certificate_from(
    b: Floats,
    c: Floats,
    rr: float,
    pen: Penalty,
    size: Size,
    point: DualPoint | None = None,
    excess: float = 0.0,
) -> Certificate:
    """The certificate of b for the squared loss, all arguments with y in units of `size.unit`.

    Parameters
    ----------
    b, c : ndarray, shape (n_coefficients,)
    rr : float
        r'W r of the centred residual r, all outputs together.
    pen : Penalty
    size : Size
    point : DualPoint, optional
        Default: the best multiple of r (`duality_gap`).
    excess : float, default=0.0
        Loss that a better intercept would save.
    """
    noise = UNPAID * float(np.sqrt(2.0 * size.null))
    point = duality_gap(b, Ray(c, rr), pen, noise) if point is None else point
    data = Data(rr / 2, excess)
    return certificate_of(b, c, c + b, data, pen, size, point, float(np.sqrt(2.0 * excess)))


class Data(NamedTuple):
    """The data term of a certificate.

    `loss`: at b with its best intercept, or with the one at hand, whose `excess` is then in the
    gap already. `curvature`: bound on the second derivative.
    """

    loss: float
    excess: float = 0.0
    curvature: float = 1.0


def certificate_of(
    b: Floats,
    c: Floats,
    alone: Floats,
    data: Data,
    pen: Penalty,
    size: Size,
    point: DualPoint,
    off: float,
) -> Certificate:
    """The certificate of b for any loss, from what the features earn (see `verdicts_from`).

    `off` is the slope of the loss in the intercept.
    """
    primal, gap = data.loss + pen.value(b) + data.excess, point.gap + data.excess
    off = float(np.max(kkt_distance(b, c, pen) * pen.unit, initial=off if off > size.noise else 0))
    radius = safe_radius(point.gap, size.null, data.curvature)
    verdicts = verdicts_from(b, c, alone, point.z, radius, pen, size)
    square = size.unit * size.unit
    return Certificate(
        primal=primal * square,
        dual=(primal - gap) * square if np.isfinite(gap) else 0.0,  # no loss is below 0
        gap=gap * square,
        relative_gap=ratio(gap, size.null),
        kkt_violation=ratio(off, size.top),
        verdicts=verdicts,
    )


def ratio(part: float, whole: float) -> float:
    """A part over the whole, with 0 / 0 = 0."""
    return 0.0 if part == 0.0 else part / whole if whole > 0.0 else np.inf
