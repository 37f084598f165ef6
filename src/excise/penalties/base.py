"""What every penalty of `excise.penalties` is: a small frozen object without data.

A penalty is a function of all coefficients, on the scale that it acts on (per standard deviation
with standardize=True, as given otherwise), at a strength alpha and with the caller's penalty
weights: 0 leaves a feature free, infinity excludes it. L1, the elastic net and ridge are no such
objects unless asked for (`ElasticNet`): they are `l1_ratio`, which the engine knows by heart.

`value` and `prox` are enough to be solved by proximal gradient steps. What else a penalty tells
makes it exact or proved: its faces (`face`), and its conjugate (`domain_scale`, `fenchel_young`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar, Literal, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray

from excise.checks import Names
from excise.exceptions import InputError
from excise.results import Floats

Index = NDArray[np.intp]
Mask = NDArray[np.bool_]

DIFFERENCE = 1e-7
"""Share of the largest coefficient by which a slope of an unknown penalty is measured."""


class Face(NamedTuple):
    """Coefficients that move together, and the penalty where they do.

    b[features] = sign * m[owner], and all others are 0; near such b the penalty is slope @ m +
    ridge @ m**2 / 2 and a constant.

    Attributes
    ----------
    features : ndarray of int, shape (k,)
        Each once.
    owner : ndarray of int, shape (k,)
        The number that each follows, rising from 0 to m - 1.
    sign : ndarray, shape (k,)
    slope, ridge : ndarray, shape (m,)
    """

    features: Index
    owner: Index
    sign: Floats
    slope: Floats
    ridge: Floats

    @property
    def starts(self) -> Index:
        """Where each number's features begin."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))

    def folded(self, G: Floats, place: Index) -> Floats:
        """B'GB, for a G in which the features have these places."""
        from excise._core import face_gram

        count = len(self.slope)
        return face_gram(G, place, self.owner, self.sign, count).reshape(count, count)

    def spread(self, m: Floats, p: int) -> Floats:
        """The b of m."""
        b = np.zeros(p)
        b[self.features] = self.sign * m[self.owner]
        return b

    def gathered(self, values: Floats) -> Floats:
        """Sums of sign * values over the features of each number: B'values."""
        return self.summed(values[self.features])

    def summed(self, own: Floats) -> Floats:
        """Sums of sign * own over the features of each number, for a value of each feature."""
        if len(self.features) == 0:
            return np.empty(0)
        return np.asarray(np.bincount(self.owner, self.sign * own), dtype=np.float64)


def single(index: Index, slope: Floats, ridge: Floats | None = None) -> Face:
    """A face on which every feature of `index` moves by itself."""
    count = len(index)
    return Face(
        index, np.arange(count), np.ones(count), slope, np.zeros(count) if ridge is None else ridge
    )


class Penalty(ABC):
    """A penalty Omega(b; alpha), with the formulas that solvers and certificates need.

    Attributes
    ----------
    name : str
        In the registry, in messages and in strings such as "mcp:3".
    convex : bool
        Of one that is not convex a solution is stationary, never called optimal.
    solver : {"core", "proximal"}
        Who solves it: the compiled engine, or proximal gradient steps.
    is_tax : bool
        Whether alpha times a penalty weight is what a zero has to earn, by itself or for its share
        of a group; else alpha is a strength in units of its own.
    """

    name: ClassVar[str]
    convex: ClassVar[bool] = True
    solver: ClassVar[Literal["core", "proximal"]] = "proximal"
    is_tax: ClassVar[bool] = True

    @property
    def spec(self) -> str:
        """As in ``penalty="mcp:3"``; of what no text says all of, the name."""
        return self.name

    @property
    def settings(self) -> dict[str, Any]:
        """What makes the same penalty again, by name; for a settled one plain JSON."""
        return {one.name: getattr(self, one.name) for one in fields(cast(Any, self))}

    def settled(self, p: int, names: Names) -> Self:
        """The same for a table of p columns, of these names: most do not care."""
        return self

    @classmethod
    def read(cls, text: str) -> Penalty:
        """The penalty that a string "name" or "name:parameter" means, from what follows the colon.

        Raises
        ------
        InputError
        """
        made: Any = cls
        try:
            shape = [float(text)] if text else []
        except ValueError:
            raise InputError(
                f"penalty '{cls.name}:{text}' must name its parameter as a number",
                remedy=f"{cls.name!r}, or an object of excise.penalties",
            ) from None
        return made(*shape)  # type: ignore[no-any-return]

    def check(self, weight: Floats, names: Names) -> None:  # noqa: B027 - most take any
        """Refuse a table, or penalty weights, that the penalty cannot take.

        Parameters
        ----------
        weight : ndarray, shape (p,)
            Penalty weights.
        names : tuple of str or None
            Of the features.

        Raises
        ------
        InputError
        """

    @abstractmethod
    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha) >= 0, with Omega(0) = 0."""

    @abstractmethod
    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """The b that minimises |b - v|^2 / 2 + step * Omega(b; alpha)."""

    @abstractmethod
    def entry(self, c: Floats, weight: Floats) -> float:
        """The smallest alpha at which b = 0 is optimal, or stationary, where features earn `c`.

        What `free` moves is left aside.
        """

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """How far each feature, or group, is from its optimality condition, in units of c.

        c are minus the slopes of the loss at b. By default what a proximal step would move, over
        the step: |b - prox(b + step c)| / step, with a step that makes b and step * c alike.
        """
        step = alike(b, c)
        return np.asarray(np.abs(b - self.prox(b + step * c, step, alpha, weight)) / step)

    def free(self, weight: Floats) -> Face:
        """The directions that cost nothing: features of weight 0, each by itself."""
        index = np.flatnonzero(weight == 0.0)
        return single(index, np.zeros(len(index)))

    def face(self, b: Floats, alpha: float, weight: Floats) -> Face | None:
        """The face that b lies on; None: the penalty has none, or does not tell."""
        return None

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float | None:
        """The largest s in [0, 1] for which s z is in the conjugate's domain.

        None: the conjugate is not known. z is 0 along what is `free`.
        """
        return None

    def fenchel_young(self, b: Floats, z: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b) + Omega*(z) - b'z >= 0, for z in the conjugate's domain.

        By default for a norm, whose conjugate is 0 there.
        """
        return max(self.value(b, alpha, weight) - float(b @ z), 0.0)

    def price(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """What the first unit of each feature costs where it is 0 and the others are held.

        In the direction in which it earns, the sign of c. Below 0 where the others pull it. By
        default from differences of `value`.
        """
        out = np.empty(len(b))
        little = DIFFERENCE * (float(np.abs(b).max()) or 1.0)
        for j in range(len(b)):
            there = b.copy()
            there[j] = 0.0
            before = self.value(there, alpha, weight)
            there[j] = little if c[j] >= 0.0 else -little
            out[j] = (self.value(there, alpha, weight) - before) / little
        return out

    def proved(self, reach: Floats, alpha: float, weight: Floats) -> Mask:
        """Features that are zero in every optimum, since none of them earns more than `reach`."""
        return np.zeros(len(reach), dtype=bool)


def share_within(norm: float, most: float) -> float:
    """The largest share, up to 1, of something of that norm that is no longer than `most`."""
    return 1.0 if norm <= most else most / norm


def alike(b: Floats, c: Floats) -> float:
    """A step for which b and step * c are of one size; 1 where there is none."""
    size, slope = float(np.abs(b).max(initial=0.0)), float(np.abs(c).max(initial=0.0))
    step = size / slope if slope > 0.0 else 0.0
    return step if 0.0 < step < np.inf else 1.0


def one_weight(penalty: Penalty, weight: Floats, which: Mask, names: Names) -> None:
    """Refuse weights that differ among the features that share the penalty."""
    from excise.checks import name_of

    some = weight[which]
    wrong = np.flatnonzero(which & (weight != some[0])) if len(some) else np.empty(0, dtype=int)
    if len(wrong):
        first, j = int(np.flatnonzero(which)[0]), int(wrong[0])
        raise InputError(
            f"{penalty.name} takes one penalty_weight for all features that it couples",
            [
                f"{some[0]} for {name_of('feature', first, names)}, "
                f"{weight[j]} for {name_of('feature', j, names)}"
            ],
            "equal weights",
        )


def common_weight(weight: Floats, which: Mask) -> float:
    """The weight that the features of `which` have in common; 1 if there are none."""
    return float(weight[np.argmax(which)]) if which.any() else 1.0


class PenaltyAt(NamedTuple):
    """A penalty at one alpha with its weights: what a solver and a certificate hold."""

    penalty: Penalty
    alpha: float
    weight: Floats

    def value(self, b: Floats) -> float:
        """Omega(b)."""
        return self.penalty.value(b, self.alpha, self.weight)

    def prox(self, v: Floats, step: float) -> Floats:
        """The b that minimises |b - v|^2 / 2 + step * Omega(b)."""
        return self.penalty.prox(v, step, self.alpha, self.weight)

    def distance(self, b: Floats, c: Floats) -> Floats:
        """From the optimality condition, per feature."""
        return self.penalty.distance(b, c, self.alpha, self.weight)

    def face(self, b: Floats) -> Face | None:
        """The face that b lies on."""
        return self.penalty.face(b, self.alpha, self.weight)

    def domain_scale(self, z: Floats) -> float | None:
        """What share of z is in the conjugate's domain."""
        return self.penalty.domain_scale(z, self.alpha, self.weight)

    def fenchel_young(self, b: Floats, z: Floats) -> float:
        """Omega(b) + Omega*(z) - b'z."""
        return self.penalty.fenchel_young(b, z, self.alpha, self.weight)
