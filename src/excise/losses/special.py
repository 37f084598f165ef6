"""Divergences that keep their last digits where they are near zero.

A loss less its best value is a difference of numbers that nearly agree. Each function here is that
difference, written so that nothing cancels: a series near the optimum, the plain formula far away.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from excise.losses.base import quiet
from excise.results import Floats

EXP_TERMS = [1.0 / factorial(k) for k in range(20, 1, -1)]
"""exp(d) - 1 - d = d^2 (1/2! + d/3! + ...), highest power first; enough for |d| <= 1."""
ATANH_TERMS = [2.0 / (2 * k + 1) for k in range(18, 0, -1)]
"""2 (atanh(s) - s) = s^3 (2/3 + 2 s^2/5 + ...), highest power first; enough for |s| <= 1/3."""
HUGE = 1e308


def expit(eta: Floats) -> Floats:
    """1 / (1 + exp(-eta))."""
    e = np.exp(-np.abs(eta))
    return np.asarray(np.where(eta >= 0.0, 1.0, e) / (1.0 + e))


def safe_log(m: Floats) -> Floats:
    """Return log(m), -infinity at 0."""
    return np.asarray(np.where(m > 0.0, np.log(np.where(m > 0.0, m, 1.0)), -np.inf))


def xlogx(m: Floats) -> Floats:
    """Return m log(m), 0 at 0."""
    return np.asarray(m * np.log(np.where(m > 0.0, m, 1.0)))


@quiet
def exp_excess(d: Floats) -> Floats:
    """Return exp(d) - 1 - d."""
    near = np.clip(d, -1.0, 1.0)
    series = np.square(near) * np.polyval(EXP_TERMS, near)
    return np.asarray(np.where(np.abs(d) < 1.0, series, np.expm1(d) - d))


def log1p_deficit(u: Floats) -> Floats:
    """Return u - log(1 + u) for u > -1: with s = u / (2 + u), log(1 + u) = 2 atanh(s)."""
    near = np.clip(u, -0.5, 0.5)
    s = near / (2.0 + near)
    series = near * s - s**3 * np.polyval(ATANH_TERMS, s * s)
    return np.asarray(np.where(np.abs(u) < 0.5, series, u - np.log1p(u)))


@quiet
def exp_divergence(m: Floats, x: Floats) -> Floats:
    """Return exp(x) - m - m (x - log m) >= 0 for m >= 0, which is exp(x) at m = 0.

    The Bregman divergence of exp between x and log m: half the Poisson deviance of m from exp(x).
    """
    some = m > 0.0
    d = np.where(some, x - np.log(np.where(some, m, 1.0)), 0.0)
    far = np.exp(x) - np.minimum(m * (1.0 + np.maximum(d, 0.0)), HUGE)
    near = m * exp_excess(np.minimum(d, 2.0))
    return np.asarray(np.where(some & (d <= 2.0), near, np.maximum(far, 0.0)))


@quiet
def share_divergence(q: Floats, rest: Floats, eta: Floats) -> Floats:
    """Return log(1 + exp(eta)) - q eta + q log q + rest log rest >= 0 for shares with q + rest = 1.

    Half the binomial deviance of the share q from expit(eta). With d = eta - logit(q) it is
    log(1 + q (e^d - 1)) - q d; near d = 0, with u = q (e^d - 1), it is the difference of
    q (e^d - 1 - d) and u - log(1 + u), of which the first is at least twice the second where
    q <= 1/2: q and rest change places, and eta its sign, where they are not.
    """
    swap = q > rest
    less, more = np.where(swap, rest, q), np.where(swap, q, rest)
    eta = np.where(swap, -eta, eta)
    some = less > 0.0
    d = np.where(some, eta - np.log(np.where(some, less, more) / more), 0.0)
    near = np.clip(d, -1.0, 1.0)
    close = less * exp_excess(near) - log1p_deficit(less * np.expm1(near))
    far = np.log1p(less * np.expm1(np.minimum(d, 700.0))) - less * d
    wild = np.maximum(d, 700.0)
    farther = more * wild + np.log(np.where(some, less, 1.0) + more * np.exp(-wild))
    split = np.where(np.abs(d) < 1.0, close, np.where(d <= 700.0, far, farther))
    return np.asarray(np.where(some, np.maximum(split, 0.0), np.logaddexp(0.0, eta)))
