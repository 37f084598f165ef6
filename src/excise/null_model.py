"""The model without taxed features: the best intercept, and the unpenalised features fitted.

It is what gaps and violations are measured against, so it has to be right for every loss, offset
and scale, and need not be fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from excise.losses import Loss
from excise.results import Floats

EPS = float(np.finfo(np.float64).eps)
WIDTHS = 10.0 ** np.arange(1.0, -14.0, -2.0)
"""Widths of a smoothed kink, in units of the residuals' size; rounding is next."""
FARTHEST = 1e300


def best_intercept(loss: Loss, y: Floats, offset: Floats, weights: Floats) -> float:
    """Where the weighted mean slope of the loss changes sign: Newton within a bracket.

    A loss that is best at infinity gives an intercept so large that its slope is 0.
    """

    def slope(b0: float) -> float:
        return float(weights @ loss.gradient(y, b0 + offset))

    typical = float(np.max(np.abs(y - offset))) if loss.link == "identity" else 1.0
    low, high = -(typical or 1.0), typical or 1.0
    while slope(low) > 0.0 and low > -FARTHEST:
        low *= 2.0
    while slope(high) < 0.0 and high < FARTHEST:
        high *= 2.0
    b0 = (low + high) / 2.0
    for _ in range(300):
        here = slope(b0)
        if here == 0.0 or high - low <= EPS * max(abs(low), abs(high)):
            break
        low, high = (low, b0) if here > 0.0 else (b0, high)
        bend = float(weights @ loss.hessian(y, b0 + offset))
        step = b0 - here / bend if 0.0 < bend < np.inf else np.inf
        new = step if low < step < high else (low + high) / 2.0
        if new == b0:
            break
        b0 = new
    return b0


def without_kinks(loss: Loss, y: Floats, eta: Floats, weights: Floats) -> Iterator[Loss]:
    """The loss itself if it has no kink; else smooth ones, ever closer to it."""
    if not loss.kinked:
        yield loss
        return
    size = residual_size(y, eta, weights)
    for width in WIDTHS:
        yield loss.smoothed(float(width) * size)


def residual_size(y: Floats, eta: Floats, weights: Floats) -> float:
    """Mean of |y - eta|, or the size of y where that is zero."""
    return float(weights @ np.abs(y - eta)) or float(np.max(np.abs(y))) or 1.0


def descended(
    eta: Floats,
    value: Callable[[Floats], float],
    step: Callable[[Floats], tuple[Floats, float]],
    rounds: int = 100,
) -> Floats:
    """Eta after damped Newton steps; `step` gives the way, and the fall of `value` along it."""
    here = value(eta)
    for _ in range(rounds):
        way, gain = step(eta)
        if not gain > 4.0 * EPS * abs(here):
            break
        t = 1.0
        while t > 1e-10 and not value(eta + t * way) <= here - 1e-4 * t * gain:
            t /= 2.0
        if t <= 1e-10:
            break
        eta = eta + t * way
        here = value(eta)
    return eta


def fitted(loss: Loss, y: Floats, eta: Floats, weights: Floats, columns: Floats) -> Floats:
    """Eta with the best multiples of `columns`, shape (n, k), added: damped Newton."""

    def value(eta: Floats, smooth: Loss) -> float:
        return float(weights @ smooth.value(y, eta))

    def step(eta: Floats, smooth: Loss) -> tuple[Floats, float]:
        slope = columns.T @ (weights * smooth.gradient(y, eta))
        h = smooth.hessian(y, eta)
        if loss.kinked:  # straight rows: as in iteratively reweighted least squares
            h = np.where(h > 0.0, h, 0.5 / np.maximum(np.abs(y - eta), 1e-300))
        h = weights * (h + 1e-9 * (float(np.max(h)) or 1.0))
        best = -np.linalg.lstsq(columns.T @ (columns * h[:, None]), slope, rcond=None)[0]
        return columns @ best, float(-slope @ best)

    for smooth in without_kinks(loss, y, eta, weights):
        eta = descended(eta, partial(value, smooth=smooth), partial(step, smooth=smooth), 50)
    return eta
