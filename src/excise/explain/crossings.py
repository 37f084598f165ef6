"""Where features enter and leave as the tax falls, for any loss.

The path of the squared loss is made of straight lines, and the core finds every crossing. Other
paths are curved: what changes between two penalties of the grid is closed in on, by the zero of a
straight line through the last two coefficients before it, solved again and again. A feature that
comes and goes between two neighbouring penalties is not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from excise.engine import solve_path
from excise.losses import Squared
from excise.results import Event, Floats, Path

ROUNDS = 8
"""How often crossings are closed in on at most."""
CLOSE = 2e-4
"""Ends so near to each other, relative to the penalty, show the digits that anybody is shown."""
MARGIN = 0.05
"""A guess keeps this part of the stretch away from its ends."""


class _Stretch(NamedTuple):
    """A feature is zero at one end of [alphas[k + 1], alphas[k]] and not at the other."""

    feature: int
    k: int
    kind: Literal["enters", "leaves"]


def crossings(path: Path) -> tuple[Event, ...]:
    """Every entry and exit, by falling alpha."""
    if path.problem.l1_ratio == 0.0:
        return ()
    if isinstance(path.problem.loss, Squared):
        return tuple(path.events())
    features = np.unique(path.columns_std.indices)
    alphas, coefs = path.alphas, _dense(path, features)
    for _ in range(ROUNDS):
        wide = (s for s in _stretches(coefs) if alphas[s.k] - alphas[s.k + 1] > CLOSE * alphas[s.k])
        wanted = {_zero(alphas, coefs, stretch, MARGIN) for stretch in wide}
        new = np.array(sorted(wanted - set(alphas.tolist()), reverse=True))
        if not len(new):
            break
        found = solve_path(path.problem, new)
        alphas = np.concatenate([alphas, new])
        coefs = np.concatenate([coefs, _dense(found, features)], axis=1)
        order = np.argsort(-alphas, kind="stable")
        alphas, coefs = alphas[order], coefs[:, order]
    events = [
        Event(_zero(alphas, coefs, s), int(features[s.feature]), s.kind) for s in _stretches(coefs)
    ]
    return tuple(sorted(events, key=lambda event: -event.alpha))


def _dense(path: Path, features: np.ndarray) -> Floats:
    """Coefficients of some features, a column per alpha."""
    return np.stack([path.columns_std.column(k)[features] for k in range(len(path))], axis=1)


def _stretches(coefs: Floats) -> Iterator[_Stretch]:
    inside = coefs != 0.0
    for j, k in np.argwhere(inside[:, 1:] != inside[:, :-1]):
        yield _Stretch(int(j), int(k), "enters" if inside[j, k + 1] else "leaves")


def _zero(alphas: Floats, coefs: Floats, stretch: _Stretch, margin: float = 0.0) -> float:
    """Where the line through the two coefficients beside the stretch meets zero; or its middle."""
    j, k, kind = stretch
    low, high = float(alphas[k + 1]), float(alphas[k])
    near, far = (k + 1, k + 2) if kind == "enters" else (k, k - 1)
    guess = (low + high) / 2
    if 0 <= far < len(alphas) and coefs[j, far] != 0.0 and coefs[j, far] != coefs[j, near]:
        slope = (alphas[far] - alphas[near]) / (coefs[j, far] - coefs[j, near])
        guess = float(alphas[near] - coefs[j, near] * slope)
    room = margin * (high - low)
    return min(max(guess, low + room), high - room)
