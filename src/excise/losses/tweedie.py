"""The Tweedie loss between Poisson and gamma with a log link, for amounts with zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from excise.losses.base import EPS, Loss, Mask, in_range, quiet, some_count
from excise.losses.special import exp_divergence, safe_log
from excise.results import Floats

LARGEST = 1e300


def why_not(power: Any) -> tuple[str, ...]:
    """Why there is no loss of a power outside [1, 2]; nothing for 0 and what is no number.

    With a log link half the deviance has the second derivative
    (2 - power) mu^(2 - power) + (power - 1) y mu^(1 - power).
    """
    if not isinstance(power, (int, float)) or power == 0.0 or 1.0 <= power <= 2.0:
        return ()
    if 0.0 < power < 1.0:
        return ("no distribution has a power between 0 and 1",)
    return (
        "with a log link its deviance is not convex below 0 and above 2: no optimum can be proved",
    )


@dataclass(frozen=True)
class Tweedie(Loss):
    """Half the unit deviance of variance mu^power, 1 < power < 2, with mu = exp(eta).

    With a = 2 - power, c = power - 1 it is e^{a eta} / a + y e^{-c eta} / c - y^a / (a c), which
    is a sum of two divergences of exp: between y^a and e^{a eta}, and y^a and y e^{-c eta}.
    """

    name: ClassVar[str] = "tweedie"
    summary: ClassVar[str] = "half the deviance of variance mu^power, for amounts with zeros"
    link: ClassVar[str] = "log"
    domain: ClassVar[str] = "numbers >= 0"

    power: float = 1.5

    def __post_init__(self) -> None:
        ends = "power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'"
        in_range(self, 1.0, 2.0, (ends, *why_not(self.power)))

    @property
    def _ac(self) -> tuple[float, float]:
        return 2.0 - self.power, self.power - 1.0

    def value(self, y: Floats, eta: Floats) -> Floats:
        a, c = self._ac
        best = y**a
        falling = exp_divergence(best, safe_log(y) - c * eta)
        return exp_divergence(best, a * eta) / a + falling / c

    @quiet
    def gradient(self, y: Floats, eta: Floats) -> Floats:
        a, c = self._ac
        return np.exp(a * eta) - np.exp(safe_log(y) - c * eta)

    @quiet
    def hessian(self, y: Floats, eta: Floats) -> Floats:
        a, c = self._ac
        return a * np.exp(a * eta) + c * np.exp(safe_log(y) - c * eta)

    @quiet
    def flattest(self, y: Floats, low: Floats, high: Floats) -> Floats:
        """It has a valley: the rising part is least at one end, the falling part at the other."""
        a, c = self._ac
        return a * np.exp(a * low) + c * np.exp(safe_log(y) - c * high)

    @quiet
    def conjugate(self, y: Floats, v: Floats) -> Floats:
        y, v = np.broadcast_arrays(y, v)
        best = self._eta_of(y, v)
        known = np.isfinite(best)
        inner = np.where(known, best, 0.0)
        found = v * inner - self.value(y, inner)
        return np.where(known, found, np.where(v == 0.0, 0.0, np.inf))

    def fenchel_young(self, y: Floats, eta: Floats, v: Floats) -> Floats:
        a, c = self._ac
        y, eta, v = np.broadcast_arrays(y, eta, v)
        best = self._eta_of(y, v)
        rising = exp_divergence(np.exp(a * best), a * eta)
        falling = exp_divergence(
            np.exp(safe_log(y) - c * np.maximum(best, -LARGEST)), safe_log(y) - c * eta
        )
        outside = (y == 0.0) & (v < 0.0)
        return np.where(outside, np.inf, rising / a + falling / c)

    def slopes(self, y: Floats) -> tuple[Floats, Floats]:
        return np.where(y > 0.0, -np.inf, 0.0), np.full_like(y, np.inf)

    @quiet
    def mean(self, eta: Floats) -> Floats:
        return np.exp(eta)

    def curvature(self, y: Floats) -> float:
        return np.inf

    def _usable(self, y: Floats) -> Mask:
        return y >= 0.0

    def _check_fit(self, y: Floats, rows: str, fit_intercept: bool) -> None:
        some_count(self, y, rows, fit_intercept)

    @quiet
    def _eta_of(self, y: Floats, v: Floats) -> Floats:
        """The eta whose gradient is v; -infinity where y = 0 and v <= 0.

        For y > 0 and d = eta - log y: e^{a d} - e^{-c d} = v / y^a, by Newton's method kept within
        bounds (d lies between 0 and log(1 + x) / a for x > 0, -log(1 - x) / c and 0 for x < 0).
        """
        a, c = self._ac
        some = y > 0.0
        safe = np.where(some, y, 1.0)
        x = np.clip(np.where(some, v, 0.0) / safe**a, -LARGEST, LARGEST)
        high = np.log1p(np.maximum(x, 0.0)) / a
        low = -np.log1p(np.maximum(-x, 0.0)) / c
        d = np.where(x > 0.0, high, low)
        for _ in range(100):
            off = np.expm1(a * d) - np.expm1(-c * d) - x
            high, low = np.where(off >= 0.0, d, high), np.where(off <= 0.0, d, low)
            step = d - off / (a * np.exp(a * d) + c * np.exp(-c * d))
            new = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            settled = bool(np.all(np.abs(new - d) <= 4.0 * EPS * np.abs(d)))
            d = new
            if settled:
                break
        return np.where(some, np.log(safe) + d, safe_log(np.maximum(v, 0.0)) / a)
