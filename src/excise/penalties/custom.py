"""A penalty that somebody else wrote: two methods, checked, and no more believed than they tell."""

from __future__ import annotations

from typing import Any

import numpy as np

from excise.checks import Names
from excise.exceptions import InputError, InputTypeError
from excise.penalties.base import Penalty, alike
from excise.results import Floats

DOUBLINGS, HALVINGS = 200, 200
"""Of a search for the alpha at which everything becomes zero, or for a share of a dual point."""

SMALL_STEP = 2.0**-20
"""A step so small that what stands still under larger ones stands still under it."""


class Custom(Penalty):
    """alpha * value(b), with `value` and `prox` of any object.

    It must have ``value(b) -> float``, 0 at b = 0, and ``prox(v, step) -> ndarray``, the b that
    minimises ``|b - v|^2 / 2 + step * value(b)``. It may have ``convex = True`` and, to be proved,
    ``dual_norm(z) -> float`` (of a norm) or ``conjugate(z) -> float``, the supremum over b of
    ``b'z - value(b)``.

    Parameters
    ----------
    given : object
    """

    def __init__(self, given: Any) -> None:
        self.given = given
        self.title = type(given).__name__

    @property
    def name(self) -> str:  # type: ignore[override]
        """Of its class."""
        return self.title

    @property
    def convex(self) -> bool:  # type: ignore[override]
        """What it says of itself."""
        return bool(getattr(self.given, "convex", False))

    def __repr__(self) -> str:
        return f"Custom({self.given!r})"

    def check(self, weight: Floats, names: Names) -> None:
        """Ask once for what is used later, at points whose answers are known."""
        if np.any(weight != 1.0):
            raise InputError(
                f"{self.title} takes no penalty_weight",
                ["a penalty of one's own is a function of all coefficients"],
                "write the weights into its value and prox",
            )
        zero = np.zeros(len(weight))
        at_zero = self.value(zero, 1.0, weight)
        if at_zero != 0.0:
            raise InputError(f"{self.title}.value is {at_zero} at b = 0; it must be 0")
        moved = np.flatnonzero(self.prox(zero, 1.0, 1.0, weight))
        if len(moved):
            raise InputError(
                f"{self.title}.prox moves b = 0, in place {moved[0]}",
                ["0 is where a penalty is smallest"],
            )
        self.prox(np.linspace(-1.0, 1.0, len(weight)), 1.0, 1.0, weight)

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha)."""
        return 0.0 if alpha == 0.0 else alpha * self._number("value", b.copy())

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """What its prox says at step * alpha."""
        if step * alpha == 0.0:
            return v.copy()
        found = self.given.prox(v.copy(), step * alpha)
        try:
            b = np.asarray(found, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputTypeError(
                f"{self.title}.prox returned {type(found).__name__}, not an array of numbers"
            ) from None
        if b.shape != v.shape:
            raise InputError(f"{self.title}.prox returned shape {b.shape}, not {v.shape}")
        wrong = np.flatnonzero(~np.isfinite(b))
        if len(wrong):
            j = int(wrong[0])
            raise InputError(
                f"{self.title}.prox returned {b[j]} in place {j}",
                [f"for v = {v[j]:.6g} there and step {step * alpha:.6g}"],
            )
        return b

    def entry(self, c: Floats, weight: Floats) -> float:
        """Where prox(c, alpha) becomes 0, by bisection; infinity if it never does."""
        high = float(np.abs(c).max())
        if high == 0.0:
            return 0.0
        for _ in range(DOUBLINGS):
            if self._stays(c, high, weight):
                break
            high *= 2.0
        else:
            return np.inf
        low = high
        for _ in range(DOUBLINGS):
            low /= 2.0
            if not self._stays(c, low, weight):
                break
        else:
            return 0.0
        while (middle := (low + high) / 2.0) not in (low, high):
            low, high = (low, middle) if self._stays(c, middle, weight) else (middle, high)
        return high

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """|b - prox(b + step c)| / step; of one that is not convex for a small step.

        There a point at rest under a large step is so under all smaller ones, not the reverse.
        """
        step = alike(b, c) if self.convex else SMALL_STEP * min(1.0, alike(b, c))
        return np.asarray(np.abs(b - self.prox(b + step * c, step, alpha, weight)) / step)

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float | None:
        """From its `dual_norm` or its `conjugate`."""
        if not self.convex:
            return None
        if self._tells("dual_norm"):
            norm = self._number("dual_norm", z.copy())
            return 1.0 if norm <= alpha else alpha / norm
        if not self._tells("conjugate") or alpha == 0.0:
            return None
        if self._conjugate(z / alpha) < np.inf:
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            if middle in (low, high):
                break
            finite = self._conjugate(middle * z / alpha) < np.inf
            low, high = (middle, high) if finite else (low, middle)
        return low

    def fenchel_young(self, b: Floats, z: Floats, alpha: float, weight: Floats) -> float:
        """Value + conjugate - b'z; an error where it is clearly negative."""
        paid, earned = self.value(b, alpha, weight), float(b @ z)
        if not self._tells("dual_norm"):
            paid += alpha * self._conjugate(z / alpha)
        if paid - earned < -1e-9 * (abs(paid) + abs(earned)):
            other = "dual_norm" if self._tells("dual_norm") else "conjugate"
            raise InputError(
                f"value and {other} of {self.title} contradict each other",
                [f"b'z is {earned:.6g}, more than value and conjugate together, {paid:.6g}"],
            )
        return max(paid - earned, 0.0)

    def _stays(self, c: Floats, alpha: float, weight: Floats) -> bool:
        """Whether nothing leaves 0."""
        return not self.prox(c, 1.0, alpha, weight).any()

    def _tells(self, method: str) -> bool:
        return callable(getattr(self.given, method, None))

    def _conjugate(self, z: Floats) -> float:
        return self._number("conjugate", z.copy(), infinite=True)

    def _number(self, method: str, at: Floats, infinite: bool = False) -> float:
        """What a method returns: a number >= 0, finite unless it may be infinite."""
        found = getattr(self.given, method)(at)
        try:
            number = float(found)
        except (TypeError, ValueError):
            raise InputTypeError(
                f"{self.title}.{method} returned {type(found).__name__}, not a number"
            ) from None
        if not (0.0 <= number < np.inf or (infinite and number == np.inf)):
            raise InputError(f"{self.title}.{method} returned {number}; it must be finite and >= 0")
        return number
