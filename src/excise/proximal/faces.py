"""Newton steps on faces: what makes proximal steps exact where the penalty is polyhedral.

A proximal step says which coefficients are zero, and which move together: b = B m, with the
penalty linear in m (or quadratic). There the objective is smooth, and a Newton step for m lands
where the optimality conditions of the face hold, exactly for the squared loss. The next proximal
step tells whether it was the right face. That is a semismooth Newton method for the fixed points
of b = prox(b + t c(b), t), and for the lasso the engine's primal-dual active set.

It is made global by the objective: a step is taken only if that falls; else a short proximal step,
which always lowers it, chooses the face, and Newton's direction from there is shortened until it
helps.

References
----------
Hintermueller, Ito and Kunisch, "The primal-dual active set strategy as a semismooth Newton
method", SIAM Journal on Optimization 13, 2002.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from excise.penalties.base import Face
from excise.proximal.data import EPS, DataPart, Point
from excise.proximal.gradient import Descent
from excise.proximal.objective import Objective
from excise.results import Floats

ROUNDS = 200
SHORTEST = 1e-12
ENOUGH = 1e-3
"""A gap this far below the tolerance is not worked on."""
SPARE = 4
"""Rounds beyond the tolerance that may still lower the gap."""
GIVEN_UP = 30
"""Rounds without a lower gap before plain steps take over."""
PLAIN = 50
"""Plain accelerated steps between two Newton steps where there is no face, or no progress."""
SMALL_PIVOT = 1e-13


class Search:
    """The minimiser of one objective, from a starting point; counts the systems it solves."""

    def __init__(self, objective: Objective, tol: float, most: int) -> None:
        self.objective, self.tol, self.most = objective, tol, most
        self.n_solves = 0

    def run(self, point: Point) -> Point:
        """The best point found; good enough, or the last one worth having."""
        objective = self.objective
        if objective.pen.face(point.b) is None:
            return self._plain(point, self.most)
        best, off, waited, spare = point, np.inf, 0, SPARE
        wide = objective.step_of(point.b)
        short = Descent(objective, point, wide, accelerated=False)
        for _ in range(ROUNDS):
            here = objective.off(point)
            if here < 0.5 * off:
                waited = 0
            else:
                waited += 1
            if here < off:
                best, off = point, here
            if off <= ENOUGH * self.tol or waited > GIVEN_UP:
                break
            if off <= self.tol:
                spare -= 1
                if spare < 0 or waited > 1:
                    break
            new = self._full(point, wide)
            if new is None:
                new = self._safe(point, short)
            if new is point:
                break
            point = new
        if off > self.tol:
            point = self._plain(best, self.most)
            best = point if objective.off(point) < off else best
        return best

    def _full(self, point: Point, step: float) -> Point | None:
        """Newton's step on the face that a wide proximal step finds, if the objective falls."""
        objective = self.objective
        guess = objective.pen.prox(point.b + step * point.c, step)
        face = objective.pen.face(guess)
        assert face is not None
        moved = self._newton(point, guess, face)
        if moved is None:
            return None
        new = objective.data.at(guess + moved, point.shift)
        before = objective.value(point)
        return new if objective.value(new) <= before + objective.rounding(before) else None

    def _safe(self, point: Point, short: Descent) -> Point:
        """A short proximal step, then Newton's direction on its face as far as it helps."""
        objective, data = self.objective, self.objective.data
        short.point, short.value = point, objective.value(point)
        start = short.advance().point
        face = objective.pen.face(start.b)
        assert face is not None
        moved = self._newton(start, start.b, face)
        if moved is None:
            return start
        value, share = objective.value(start), 1.0
        while share > SHORTEST:
            new = data.at(start.b + share * moved, start.shift)
            if objective.value(new) < value:
                return new
            share /= 2.0
        return start

    def _newton(self, point: Point, guess: Floats, face: Face) -> Floats | None:
        self.n_solves += 1
        return newton_step(self.objective.data, point, guess, face)

    def _plain(self, point: Point, most: int) -> Point:
        """Accelerated proximal steps alone."""
        objective = self.objective
        descent = Descent(objective, point, objective.step_of(point.b), accelerated=True)
        return descent.run(most, self.tol)


def newton_step(data: DataPart, point: Point, guess: Floats, face: Face) -> Floats | None:
    """From `guess`, on its face, to the minimiser there of the model that is made at `point`.

    None: the rows do not bend, or the system says nothing.
    """
    if len(face.slope) == 0:
        return np.zeros_like(guess)
    if len(face.slope) > data.problem.n and not face.ridge.any():
        return None
    m = face.gathered(guess) / np.bincount(face.owner)
    found = _model(data, point, guess, face)
    if found is None:
        return None
    H, slope = found
    step = _solved(H, face.ridge, slope - face.slope - face.ridge * m)
    return None if step is None else face.spread(step, len(guess))


def fitted_on(objective: Objective, face: Face, point: Point) -> Point:
    """The best point of a face that costs nothing, by damped Newton steps."""
    data = objective.data
    for _ in range(ROUNDS):
        moved = newton_step(data, point, point.b, face)
        if moved is None:
            break
        share = 1.0
        while share > SHORTEST:
            new = data.at(point.b + share * moved, point.shift)
            if new.loss < point.loss:
                break
            share /= 2.0
        else:
            break
        point = new
    return point


def _model(
    data: DataPart, point: Point, guess: Floats, face: Face
) -> tuple[Floats, Floats] | None:
    """Second derivatives on the face, and minus the slopes at `guess`, of the model at `point`."""
    if data.squared:
        H = data.columns.gram(face)
        if H is not None:
            u = data.weights * (data.y - data.columns.predict(guess))
            return H, data.columns.combined(face) @ u
    h = data.bend(point.eta)
    total = float(h.sum())
    if not 0.0 < total < np.inf:
        return None
    rows = data.columns.combined(face)
    u = point.u - h * (data.columns.predict(guess) - data.columns.predict(point.b))
    bent = rows * h
    H, slope = bent @ rows.T, rows @ u
    if data.moves:
        tilt = bent.sum(axis=1)
        H -= np.outer(tilt, tilt / total)
        slope -= tilt * (float(u.sum()) / total)
    return H, slope


def _solved(H: Floats, ridge: Floats, right: Floats) -> Floats | None:
    """(H + ridge)^-1 right, without what cannot be told from rounding."""
    H = H + np.diag(ridge)
    size = np.sqrt(np.maximum(H.diagonal(), 0.0))
    size[size == 0.0] = 1.0
    scaled, right = H / size / size[:, None], right / size
    if not (np.all(np.isfinite(scaled)) and np.all(np.isfinite(right))):
        return None
    try:
        factor = cho_factor(scaled, lower=True, check_finite=False)
        if factor[0].diagonal().min() ** 2 > SMALL_PIVOT:
            return np.asarray(cho_solve(factor, right, check_finite=False) / size)
    except LinAlgError:
        pass
    values, vectors = eigh(scaled, check_finite=False)
    clear = values > len(H) * EPS * max(float(values[-1]), 0.0) * 8.0
    return np.asarray(vectors[:, clear] @ ((right @ vectors[:, clear]) / values[clear]) / size)
