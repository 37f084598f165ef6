"""Concave penalties: a tax that fades as a coefficient grows, so that large ones are left alone.

The formulas are those of ``cpp/include/excise/penalty/concave.hpp``, here for whole vectors; the
tests hold the two together. A penalty is rho(|b_j|; t_j) at the tax t_j = alpha v_j, whose slope
at zero is the tax (of L_q infinite), and *fades*: rho'(u) = t fade(u).

A point is *stationary* if b_j = 0 earns no more than its tax, |c_j| <= t_j, and otherwise
c_j = rho'(|b_j|) sign(b_j), c being minus the slopes of the loss. More is true of a minimum in
coordinate j, with the others held: a zero earns no more than `threshold`, which is below the tax
where rho bends more than the loss.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from excise.checks import check_number
from excise.exceptions import InputError
from excise.penalties.base import Penalty
from excise.results import Floats

TINY = float(np.finfo(np.float64).tiny)
HALVINGS = 200
NEWTON = 100


class Concave(Penalty):
    """A penalty of each coefficient by itself, concave in its absolute value.

    Attributes
    ----------
    low, high : float
        The shape lies strictly between.
    """

    convex: ClassVar[bool] = False
    solver: ClassVar[Literal["core", "proximal"]] = "core"
    low: ClassVar[float] = 0.0
    high: ClassVar[float] = np.inf

    @classmethod
    def of(cls, shape: float | None) -> Concave:
        """The penalty of this shape; None: the usual one."""
        made: Any = cls
        return made() if shape is None else made(shape)  # type: ignore[no-any-return]

    @property
    @abstractmethod
    def number(self) -> float:
        """The shape, whatever it is called."""

    @property
    def spec(self) -> str:
        """As in ``penalty="mcp:3"``."""
        return f"{self.name}:{self.number:g}"

    @abstractmethod
    def fade(self, size: Floats, tax: Floats) -> Floats:
        """rho'(size) / tax for tax > 0."""

    @abstractmethod
    def rho(self, size: Floats, tax: Floats) -> Floats:
        """What a coefficient of this size pays."""

    @abstractmethod
    def concavity(self, size: Floats, tax: Floats) -> Floats:
        """-rho'' at this size; of MCP and SCAD the largest there is."""

    @abstractmethod
    def threshold(self, tax: Floats, step: float | Floats = 1.0) -> Floats:
        """The largest |v| at which ``|b - v|^2 / 2 + step rho(|b|)`` is smallest at b = 0."""

    @abstractmethod
    def beyond(self, size: Floats, tax: Floats, step: float) -> Floats:
        """The minimum of the same for |v| = size above the threshold."""

    @classmethod
    def read(cls, text: str) -> Concave:
        """The penalty of a string such as "mcp:3", from what follows the colon."""
        try:
            number = float(text) if text else None
        except ValueError:
            raise InputError(
                f"penalty '{cls.name}:{text}' must name its shape as a number",
                remedy=f"{cls.name!r}",
            ) from None
        return cls.of(number)

    def __post_init__(self) -> None:
        number = check_number("shape", self.number)
        if not self.low < number < self.high:
            upto = "" if self.high == np.inf else f" and < {self.high:g}"
            raise InputError(
                f"shape is {number}; of penalty {self.name!r} it must be > {self.low:g}{upto}"
            )

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """The sum of rho(|b_j|)."""
        tax, taxed = _taxes(alpha, weight)
        return float(np.sum(self.rho(np.abs(b), tax)[taxed]))

    def slope(self, b: Floats, alpha: float, weight: Floats) -> Floats:
        """rho'(|b_j|), at a zero its limit; infinite where a feature is excluded."""
        tax, taxed = _taxes(alpha, weight)
        with np.errstate(divide="ignore", over="ignore"):
            slopes = tax * self.fade(np.abs(b), tax)
        return np.where(taxed, slopes, np.where(np.isinf(weight), np.inf, 0.0))

    def bend(self, b: Floats, alpha: float, weight: Floats) -> Floats:
        """How concave the penalty is (see `concavity`); 0 where nothing is paid."""
        tax, taxed = _taxes(alpha, weight)
        with np.errstate(divide="ignore", over="ignore"):
            return np.where(taxed, self.concavity(np.abs(b), tax), 0.0)

    def leaving(self, curvature: Floats, alpha: float, weight: Floats) -> Floats:
        """What a zero has to earn to leave by itself, where the loss bends by `curvature`."""
        tax, taxed = _taxes(alpha, weight)
        found = curvature * self.threshold(tax, 1.0 / curvature)
        return np.where(taxed, found, np.where(np.isinf(weight), np.inf, 0.0))

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """The b that minimises |b - v|^2 / 2 + step * Omega(b); of two equal minima zero."""
        tax, taxed = _taxes(alpha, weight)
        size = np.abs(v)
        inside = size <= self.threshold(tax, step)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            found = np.where(inside, 0.0, self.beyond(size, tax, step))
        free = np.where(np.isinf(weight), 0.0, size)
        return np.asarray(np.copysign(np.where(taxed, found, free), v))

    def entry(self, c: Floats, weight: Floats) -> float:
        """The smallest alpha at which no zero would leave by itself, for columns of length 1."""
        taxed = (weight > 0.0) & np.isfinite(weight) & (c != 0.0)
        return float(np.max(self.entries(np.abs(c[taxed])) / weight[taxed], initial=0.0))

    def entries(self, size: Floats) -> Floats:
        """The tax whose threshold is `size`."""
        high = size.copy()
        while np.any(short := self.threshold(high) < size):
            high[short] *= 2.0
        low = np.zeros_like(high)
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if np.all((middle == low) | (middle == high)):
                break
            under = self.threshold(middle) < size
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return high

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """How far each feature is from being stationary, in units of c."""
        slopes = self.slope(b, alpha, weight)
        zero = np.maximum(np.abs(c) - slopes, 0.0)
        with np.errstate(invalid="ignore"):
            return np.where(b == 0.0, zero, np.abs(c - slopes * np.sign(b)))


@dataclass(frozen=True)
class MCP(Concave):
    """The minimax concave penalty: the tax fades in a straight line, to nothing at ``shape * tax``.

    ``tax |b| - b^2 / (2 shape)`` up to there, constant beyond.

    Parameters
    ----------
    shape : float > 1, default=3.0
        Large ones come close to the lasso, small ones to best subsets.

    References
    ----------
    Zhang, "Nearly unbiased variable selection under minimax concave penalty", Annals of
    Statistics 38, 2010.
    """

    shape: float = 3.0
    name: ClassVar[str] = "mcp"
    low: ClassVar[float] = 1.0

    @property
    def number(self) -> float:
        """The shape."""
        return self.shape

    def fade(self, size: Floats, tax: Floats) -> Floats:
        """1 - size / (shape tax), not below 0."""
        return np.maximum(1.0 - size / (self.shape * tax), 0.0)

    def rho(self, size: Floats, tax: Floats) -> Floats:
        """What a coefficient of this size pays."""
        b = np.minimum(size, self.shape * tax)
        return b * (tax - b / (2.0 * self.shape))

    def concavity(self, size: Floats, tax: Floats) -> Floats:
        """1 / shape."""
        return np.full_like(size, 1.0 / self.shape)

    def threshold(self, tax: Floats, step: float | Floats = 1.0) -> Floats:
        """The tax; lower where the flat is as good before that."""
        return tax * np.minimum(step, np.sqrt(np.multiply(step, self.shape)))

    def beyond(self, size: Floats, tax: Floats, step: float) -> Floats:
        """Firm thresholding."""
        if step >= self.shape:
            return size
        inner = (size - step * tax) / (1.0 - step / self.shape)
        return np.where(size < self.shape * tax, inner, size)


@dataclass(frozen=True)
class SCAD(Concave):
    """Smoothly clipped absolute deviation: the tax stays to ``|b| = tax``, then fades.

    Its slope falls in a straight line from there to nothing at ``shape * tax``.

    Parameters
    ----------
    shape : float > 2, default=3.7

    References
    ----------
    Fan and Li, "Variable selection via nonconcave penalized likelihood and its oracle
    properties", JASA 96, 2001.
    """

    shape: float = 3.7
    name: ClassVar[str] = "scad"
    low: ClassVar[float] = 2.0

    @property
    def number(self) -> float:
        """The shape."""
        return self.shape

    def fade(self, size: Floats, tax: Floats) -> Floats:
        """(shape - size / tax) / (shape - 1), within 0 and 1."""
        return np.clip((self.shape - size / tax) / (self.shape - 1.0), 0.0, 1.0)

    def rho(self, size: Floats, tax: Floats) -> Floats:
        """What a coefficient of this size pays."""
        b = np.minimum(size, self.shape * tax)
        past = np.maximum(b - tax, 0.0)
        return tax * b - past * past / (2.0 * (self.shape - 1.0))

    def concavity(self, size: Floats, tax: Floats) -> Floats:
        """1 / (shape - 1)."""
        return np.full_like(size, 1.0 / (self.shape - 1.0))

    def threshold(self, tax: Floats, step: float | Floats = 1.0) -> Floats:
        """The tax; lower where the flat is as good before that."""
        return tax * np.minimum(step, np.sqrt(np.multiply(step, self.shape + 1.0)))

    def beyond(self, size: Floats, tax: Floats, step: float) -> Floats:
        """Soft thresholding, a steeper line, and nothing changed."""
        soft, flat = size - step * tax, self.shape * tax
        fall = step / (self.shape - 1.0)
        if fall < 1.0:
            line = np.where(size < flat, (soft - fall * tax) / (1.0 - fall), size)
            return np.where(soft <= tax, soft, line)
        within = (soft > 0.0) & (soft <= tax)

        def cost(b: Floats) -> Floats:
            return (b - size) ** 2 / 2.0 + step * self.rho(b, tax)

        better = within & ((size < flat) | (cost(soft) < cost(size)))
        return np.where(better, soft, size)


@dataclass(frozen=True)
class LogSum(Concave):
    """The logarithmic penalty ``tax epsilon log(1 + |b| / epsilon)``: the tax fades, never to zero.

    Parameters
    ----------
    epsilon : float > 0, default=0.1
        Where half of the tax is left, on the scale that the penalty acts on: think of the size of
        a small coefficient.

    References
    ----------
    Candes, Wakin and Boyd, "Enhancing sparsity by reweighted l1 minimization", Journal of Fourier
    Analysis and Applications 14, 2008.
    """

    epsilon: float = 0.1
    name: ClassVar[str] = "log"

    @property
    def number(self) -> float:
        """The epsilon."""
        return self.epsilon

    def fade(self, size: Floats, tax: Floats) -> Floats:
        """What epsilon is of size + epsilon."""
        return np.asarray(self.epsilon / (size + self.epsilon))

    def rho(self, size: Floats, tax: Floats) -> Floats:
        """What a coefficient of this size pays."""
        return np.asarray(tax * self.epsilon * np.log1p(size / self.epsilon))

    def concavity(self, size: Floats, tax: Floats) -> Floats:
        """Tax epsilon / (size + epsilon)^2."""
        return np.asarray(tax * self.epsilon / (size + self.epsilon) ** 2)

    def threshold(self, tax: Floats, step: float | Floats = 1.0) -> Floats:
        """The tax up to epsilon; beyond, where the minimum jumps."""
        tax = step * tax
        jumps = np.maximum(2.0 * np.sqrt(tax * self.epsilon) - self.epsilon, 0.0)
        low, high = np.minimum(jumps, tax), tax
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if np.all((middle == low) | (middle == high)):
                break
            b = self.beyond(middle, tax, 1.0)
            over = b * b / 2.0 - middle * b + self.rho(b, tax) > 0.0
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        return np.where(tax <= self.epsilon, tax, high)

    def beyond(self, size: Floats, tax: Floats, step: float) -> Floats:
        """The larger root of ``b^2 + (epsilon - size) b + (tax - size) epsilon = 0``."""
        over, tax = size - self.epsilon, step * tax
        apart = np.sqrt(np.maximum(over**2 + 4.0 * self.epsilon * (size - tax), 0.0))
        small = over < 0.0
        bottom = np.where(small & (apart > over), apart - over, 1.0)
        mirrored = 2.0 * self.epsilon * (size - tax) / bottom
        return np.maximum(np.where(small, mirrored, (over + apart) / 2.0), 0.0)


@dataclass(frozen=True)
class Lq(Concave):
    """A power ``tax |b|^power`` below one, whose slope at zero is infinite.

    Every zero is stationary by itself: the engine lets a feature in where its coefficient would
    be lower elsewhere, with the others held.

    Parameters
    ----------
    power : float in (0, 1), default=0.5

    References
    ----------
    Marjanovic and Solo, "On l_q optimization and matrix completion", IEEE Transactions on Signal
    Processing 60, 2012.
    """

    power: float = 0.5
    name: ClassVar[str] = "lq"
    high: ClassVar[float] = 1.0
    is_tax: ClassVar[bool] = False

    @property
    def number(self) -> float:
        """The power."""
        return self.power

    def fade(self, size: Floats, tax: Floats) -> Floats:
        """Power times ``size^(power - 1)``."""
        return np.asarray(self.power * size ** (self.power - 1.0))

    def rho(self, size: Floats, tax: Floats) -> Floats:
        """What a coefficient of this size pays."""
        return np.asarray(tax * size**self.power)

    def concavity(self, size: Floats, tax: Floats) -> Floats:
        """Tax times power (1 - power) size^(power - 2)."""
        return np.asarray(tax * self.power * (1.0 - self.power) * size ** (self.power - 2.0))

    def threshold(self, tax: Floats, step: float | Floats = 1.0) -> Floats:
        """Where the minimum jumps from zero."""
        return self._jump(tax, step) * (2.0 - self.power) / (2.0 - 2.0 * self.power)

    def entries(self, size: Floats) -> Floats:
        """The tax whose threshold is `size`."""
        b = size * (2.0 - 2.0 * self.power) / (2.0 - self.power)
        return np.asarray(b ** (2.0 - self.power) / (2.0 - 2.0 * self.power))

    def beyond(self, size: Floats, tax: Floats, step: float) -> Floats:
        """Newton's method from the right on an equation that is convex."""
        b = np.maximum(size, TINY)
        for _ in range(NEWTON):
            off = b + step * tax * self.fade(b, tax) - size
            after = b - off / (1.0 - step * self.concavity(b, tax))
            lower = (after < b) & (after > 0.0)
            if not lower.any():
                break
            b = np.where(lower, after, b)
        return b

    def _jump(self, tax: Floats, step: float | Floats) -> Floats:
        """The smallest coefficient that is not zero."""
        return np.asarray((2.0 * step * tax * (1.0 - self.power)) ** (1.0 / (2.0 - self.power)))


CONCAVE: dict[str, type[Concave]] = {one.name: one for one in (MCP, SCAD, LogSum, Lq)}


def _taxes(alpha: float, weight: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Taxes alpha v_j, and where one is paid; a number that means nothing stands elsewhere."""
    taxed = (weight > 0.0) & np.isfinite(weight)
    tax = np.where(taxed, alpha * np.where(taxed, weight, 1.0), 1.0)
    return np.maximum(tax, TINY), taxed  # alpha = 0: no tax, whatever the factor
