"""The penalty at one alpha on the standard scale: what every coefficient, or group, has to pay.

The penalty of feature j becomes  tax |b| + ridge b^2 / 2  on  lower <= b <= upper,  b = coef_std,
whether the user's penalty acts on coef_std (standardize=True) or on coef. Of grouped coefficients
|b| is the Euclidean norm. Of sparse groups each coefficient pays its own tax beside: see
`excise.penalties.SparseGroupLasso`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.groups import Groups, left_of, widest
from excise.problem import Problem
from excise.results import Floats
from excise.standard import LARGEST, ColumnScale, Index

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Penalty:
    """The penalty at one alpha, on the standard scale, a number per coefficient or per group.

    Formulas of the penalty are written once, for coefficients and for groups of them: a *size* is
    a number per group that says how large its members are. That of a coefficient by itself is its
    value, with its sign; that of a group is its norm, never negative.

    Attributes
    ----------
    tax, ridge, lower, upper : ndarray, shape (n_groups,)
        All 0 for a feature ruled out by an infinite penalty weight. Groups have no bounds.
    excluded : ndarray of bool
        Infinite penalty weight, a constant column, or bounds that leave only 0.
    unit : ndarray, shape (n_groups,)
        Multiplies a gradient on the standard scale into one on the scale the penalty acts on.
    groups : Groups or None
        None: every coefficient is a group by itself.
    outputs : int
        K, the number of coefficients of a feature.
    own : ndarray, shape (n_groups,), or None
        Of sparse groups what each coefficient pays by itself.
    reach : ndarray, shape (n_groups,), or None
        |Z_g'v| <= reach |v|; None: 1.
    length : ndarray, shape (n_coefficients,), or None
        The same of each column.
    """

    tax: Floats
    ridge: Floats
    lower: Floats
    upper: Floats
    excluded: NDArray[np.bool_]
    unit: Floats
    groups: Groups | None = None
    outputs: int = 1
    own: Floats | None = None
    reach: Floats | None = None
    length: Floats | None = None

    @property
    def of_features(self) -> bool:
        """Whether a group has several features."""
        return self.reach is not None

    def told(self, of_groups: NDArray[Any]) -> NDArray[Any]:
        """A number of each group as it is told: one per feature."""
        return self.each(of_groups) if self.of_features else of_groups.reshape(self.shape)

    def left(self, values: Floats) -> Floats:
        """What is left of correlations when each has paid its own tax."""
        return values if self.own is None else left_of(values, self.each(self.own))

    def widest(self, values: Floats) -> Floats:
        """Of each group the largest s at which s times these correlations are within its tax."""
        if self.own is not None:
            assert self.groups is not None
            return widest(self.groups, values, self.tax, self.own)
        size = np.abs(self.size(values))
        return np.asarray(
            np.divide(self.tax, size, out=np.full(len(size), np.inf), where=size > 0.0)
        )

    def alone(self, b: Floats, z: Floats) -> Floats:
        """Per group  own |b|_1 - b'clip(z, -own, own) >= 0: what coefficients add by themselves."""
        if self.own is None:
            return np.zeros(len(self.tax))
        own = self.each(self.own)
        return self.total(own * np.abs(b) - b * np.clip(z, -own, own))

    def value(self, b: Floats) -> float:
        """Omega(b)."""
        terms = self.tax * np.abs(self.size(b)) + self.ridge * self.total(b**2) / 2
        return float(np.sum(terms + self.alone(b, np.zeros_like(b))))

    def inside(self, of_groups: Mask, b: Floats) -> Mask:
        """Of these groups the coefficients that may move: of sparse ones those that are not 0."""
        each = self.each(of_groups)
        return each if self.own is None else each & ((b != 0.0) | (self.each(self.own) == 0.0))

    @property
    def shape(self) -> tuple[int, ...]:
        """A number per group, with an axis of outputs where each has features of its own."""
        whole = self.groups is not None or self.outputs == 1
        return (len(self.tax),) if whole else (len(self.tax) // self.outputs, self.outputs)

    @property
    def feature(self) -> Index:
        """The feature of each group (of several its first)."""
        first = np.arange(len(self.tax)) if self.groups is None else self.groups.first
        return np.asarray(first // self.outputs)

    def size(self, values: Floats) -> Floats:
        """The size of each group."""
        return values if self.groups is None else self.groups.norm(values)

    def total(self, values: Floats) -> Floats:
        """The sum over each group."""
        return values if self.groups is None else self.groups.total(values)

    def each(self, of_groups: NDArray[Any]) -> NDArray[Any]:
        """A number of each group, for each of its members."""
        return of_groups if self.groups is None else of_groups[self.groups.of]

    def direction(self, values: Floats) -> Floats:
        """Values over the absolute size of their group: the sign of one by itself; 0 for 0."""
        if self.groups is None:
            return np.asarray(np.sign(values))
        size = self.each(self.groups.norm(values))
        return np.asarray(np.divide(values, size, out=np.zeros_like(values), where=size > 0.0))

    def sized(self, size: Floats, values: Floats) -> Floats:
        """Numbers of this size, those of a group in proportion to `values`."""
        return size if self.groups is None else self.each(size) * self.direction(values)


def penalty_at(
    problem: Problem, columns: ColumnScale, alpha: float, y_unit: float = 1.0
) -> Penalty:
    """The penalty at `alpha` on the standard scale, for y in units of `y_unit`."""
    if problem.group_tax is not None:
        return _of_features(problem, columns, alpha, y_unit)
    unit = np.ones(problem.p) if problem.standardize else columns.divisor
    ruled_out = np.isinf(problem.penalty_weight)
    weight = np.where(ruled_out, 0.0, problem.penalty_weight)
    lower = np.where(ruled_out, 0.0, problem.lower * columns.divisor / y_unit)
    upper = np.where(ruled_out, 0.0, problem.upper * columns.divisor / y_unit)
    made = Penalty(
        tax=np.minimum(alpha / y_unit * problem.l1_ratio * weight / unit, LARGEST),
        ridge=np.minimum(alpha * (1.0 - problem.l1_ratio) * weight / unit / unit, LARGEST),
        lower=lower,
        upper=upper,
        excluded=(columns.scale == 0.0) | ((lower == 0.0) & (upper == 0.0)),
        unit=unit,
    )
    return made if problem.outputs == 1 else _of_outputs(made, problem.groups, problem.outputs)


def _of_features(problem: Problem, columns: ColumnScale, alpha: float, y_unit: float) -> Penalty:
    """The same for groups of features."""
    kind = problem.group_tax
    assert kind is not None
    groups, s, w = kind.parts, kind.own_share, np.array(kind.weights)
    unit = np.ones(len(groups)) if problem.standardize else columns.divisor[groups.first]
    v = problem.penalty_weight[groups.first]
    barred = np.isinf(v)
    v = np.where(barred, 0.0, v)
    tax = alpha / y_unit * problem.l1_ratio * v / unit
    ridge = alpha * (1.0 - problem.l1_ratio) * v / unit / unit
    edge = np.where(barred, 0.0, np.inf)
    return Penalty(
        tax=np.minimum(tax * (1.0 - s) * w, LARGEST),
        ridge=np.minimum(ridge * (s + (1.0 - s) * w), LARGEST),
        lower=-edge,
        upper=edge,
        excluded=barred | (groups.total(columns.scale) == 0.0),
        unit=unit,
        groups=groups,
        own=np.minimum(tax * s, LARGEST) if s > 0.0 else None,
        reach=np.sqrt(groups.total(np.square(columns.length))),
        length=columns.length,
    )


def _of_outputs(features: Penalty, groups: Groups | None, outputs: int) -> Penalty:
    """The penalty of features for their coefficients of all outputs, each by itself or grouped."""
    count = outputs if groups is None else 1
    parts = {
        name: np.repeat(getattr(features, name), count)
        for name in ("tax", "ridge", "lower", "upper", "excluded", "unit")
    }
    return Penalty(**parts, groups=groups, outputs=outputs)


def allowed(gradient: Floats, penalty: Penalty) -> Floats:
    """What a zero coefficient, or group, would earn on the sides that its bounds leave open."""
    return earned(gradient, penalty, penalty.upper > 0.0, penalty.lower < 0.0)


def earned(gradient: Floats, penalty: Penalty, up: Mask, down: Mask) -> Floats:
    """What coefficients, or groups, earn on the named sides."""
    size = penalty.size(penalty.left(gradient))
    upward, downward = np.where(up, size, 0.0), np.where(down, -size, 0.0)
    return np.maximum(0.0, np.maximum(upward, downward))
