"""From data to pixels and back, with ticks at round numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import numpy as np

from excise.results import Floats


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear or logarithmic map of `domain` onto `pixels`; either may fall.

    Attributes
    ----------
    domain, pixels : tuple of float
        Where the first and the last value go.
    log : bool
        Whether equal ratios (not equal differences) get equal lengths; needs a positive domain.
    """

    domain: tuple[float, float]
    pixels: tuple[float, float]
    log: bool = False

    @overload
    def __call__(self, value: float) -> float: ...
    @overload
    def __call__(self, value: Floats) -> Floats: ...
    def __call__(self, value: float | Floats) -> float | Floats:
        """Where `value` is drawn; on a log scale, values outside the domain at its ends."""
        start, end = self.domain
        low, high = self.pixels
        if self.log:
            value = np.log(np.clip(value, min(self.domain), max(self.domain)))
            start, end = math.log(start), math.log(end)
        out = low + (value - start) / (end - start) * (high - low)
        return out if isinstance(out, np.ndarray) else float(out)

    def invert(self, pixel: float) -> float:
        """The value drawn at `pixel`."""
        start, end = self.domain
        share = (pixel - self.pixels[0]) / (self.pixels[1] - self.pixels[0])
        if self.log:
            return float(start * (end / start) ** share)
        return start + share * (end - start)

    def ticks(self, most: int) -> list[float]:
        """At most about `most` round values inside the domain, rising."""
        low, high = sorted(self.domain)
        return _log_ticks(low, high, most) if self.log else _round_ticks(low, high, most)


def linear(
    values: Floats, pixels: tuple[float, float], *, include: tuple[float, ...] = ()
) -> Scale:
    """A linear scale that holds all finite `values` and `include`, with a margin of 4%."""
    finite = np.append(values[np.isfinite(values)], include)
    low, high = float(finite.min(initial=math.inf)), float(finite.max(initial=-math.inf))
    if not low < high:
        low, high = (low - 1.0, high + 1.0) if abs(low) < 1.0 else (low - abs(low), high + abs(low))
    room = 0.04 * (high - low)
    return Scale((low - room, high + room), pixels)


def _round_ticks(low: float, high: float, most: int) -> list[float]:
    raw = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = power * next(
        m for m in (1.0, 2.0, 2.5, 5.0, 10.0, 20.0) if m * power >= raw * (1 - 1e-9)
    )
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for mantissas in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**d for d in decades for m in mantissas]
        inside = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        if len(inside) <= most:
            break
    if len(inside) > most:
        inside = inside[:: math.ceil(len(inside) / most)]
    return inside if len(inside) > 1 else _round_ticks(low, high, most)
