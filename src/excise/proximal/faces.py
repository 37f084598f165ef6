"""Newton steps on faces: what makes proximal steps exact where the penalty is polyhedral.

A proximal step says which coefficients are zero, and which move together: b = B m, with the
penalty linear in m (or quadratic). There the objective is smooth, and a Newton step for m lands
where the optimality conditions of the face hold, exactly for the squared loss. The next proximal
step tells whether it was the right face. That is a semismooth Newton method for the fixed points
of b = prox(b + t c(b), t), and for the lasso the engine's primal-dual active set.

It is made global by the objective. As long as whole steps bring the gap down, they are taken as
they come; then a few short accelerated steps, which never raise the objective, choose the face,
and Newton's direction there is shortened until it helps.

References
----------
Hintermueller, Ito and Kunisch, "The primal-dual active set strategy as a semismooth Newton
method", SIAM Journal on Optimization 13, 2002.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from excise.penalties.base import Face
from excise.proximal.data import EPS, QUIET, DataPart, Point
from excise.proximal.edges import SMALL_PIVOT, slid
from excise.proximal.gradient import Descent
from excise.proximal.objective import Objective
from excise.results import Floats

PATIENCE = 2
"""Newton's whole steps without a gap half as large before they have to lower the objective."""

SHORT_STEPS = 16
"""Accelerated steps that choose the next face: each costs a fraction of a Newton step there."""

ROUNDS = 100
SLIDE = 4
"""Rounds without a gap half as large before flat directions are slid along."""

GIVEN_UP = 30
"""Rounds without a gap half as large before plain steps take over."""

ENOUGH = 1e-3
"""A gap this far below the tolerance is not worked on."""

DAMPING = 1e-2
"""Where some moves on a face change no prediction."""

AFTER_FACES = 2_000
"""Plain steps where Newton's on faces did not get to the tolerance."""

SHORTEST = 1e-12


class Lead(NamedTuple):
    """A solution before the last: the next is sought on the line through both.

    On one face b + t c is linear in alpha for the squared loss, so the first proximal step is
    taken there, `share` of their distance beyond the last.
    """

    before: Point
    share: float

    def beyond(self, point: Point, step: float) -> Floats:
        """The end of a gradient step, extrapolated."""
        here, before = (one.b + step * one.c for one in (point, self.before))
        return here + self.share * (here - before)


class Search:
    """The minimiser of one objective, from a starting point; counts the systems it solves."""

    def __init__(self, objective: Objective, tol: float, most_plain: int) -> None:
        self.objective, self.tol, self.most_plain = objective, tol, most_plain
        self.n_solves = 0
        self._wide, self._step = 1.0, 0.0

    def run(self, point: Point, lead: Lead | None = None) -> Point:
        """The best point found; the objective's `off` says how good it is."""
        objective = self.objective
        self._wide = self._step = objective.step_of(point)
        with QUIET():
            if objective.pen.face(point.b) is None:
                return self._plain(point, self.most_plain)
            best, off = self._whole_steps(point, lead)
            if off > self.tol:
                best, off = self._descended(best, off)
            if off > self.tol:
                point = self._plain(best, AFTER_FACES)
                best = point if objective.off(point) < off else best
        return best

    def _whole_steps(self, point: Point, lead: Lead | None) -> tuple[Point, float]:
        """Newton's steps as they come, while any of the last few brought the gap down."""
        best, off, waited = point, self.objective.off(point), 0
        while off > ENOUGH * self.tol and waited < PATIENCE:
            new = self._newton(point, lead)
            lead = None
            if new is None:
                break
            point, here = new, self.objective.off(new)
            waited = 0 if here < 0.5 * off else waited + 1
            if here < off:
                best, off = point, here
            elif off <= self.tol:
                break
        return best, off

    def _descended(self, point: Point, off: float) -> tuple[Point, float]:
        """Steps that lower the objective; Newton's whole ones where they do."""
        objective, best, waited = self.objective, point, 0
        value = objective.value(point)
        for _ in range(ROUNDS):
            new = self._newton(point)
            if new is None or not objective.value(new) <= value + objective.rounding(value):
                new = self._safe(point, slides=waited > SLIDE)
            if new is point:
                break
            point, here, before, value = new, objective.off(new), value, objective.value(new)
            fell = before - value > self.tol * objective.data.null
            waited = 0 if here < 0.5 * off or fell else waited + 1
            if here < off:
                best, off = point, here
            if off <= self.tol or waited > GIVEN_UP:
                break
        if ENOUGH * self.tol < off <= self.tol:
            new = self._newton(best)
            if new is not None and objective.off(new) < off:
                return new, objective.off(new)
        return best, off

    def _newton(self, point: Point, lead: Lead | None = None) -> Point | None:
        """Newton's step on the face that a wide proximal step finds."""
        wide = self._wide
        end = point.b + wide * point.c if lead is None else lead.beyond(point, wide)
        guess = self.objective.pen.prox(end, wide)
        moved = self._moved(point, guess)
        if moved is None:
            return None
        new = self.objective.data.at(guess + moved, point.shift)
        return new if np.isfinite(self.objective.value(new)) else None

    def _safe(self, point: Point, slides: bool) -> Point:
        """Short proximal steps, then Newton's direction on their face as far as it helps.

        What would leave the face is held at its edge: with a slope w of the penalty at z, where the
        last short step led, prox(z + t w, t) is z, and prox(z + s d + t w, t) follows z + s d along
        the face, but not beyond it.
        """
        objective, wide = self.objective, self._wide
        short = Descent(objective, point, self._step, accelerated=True)
        for _ in range(SHORT_STEPS):
            short.advance()
        last = short.point
        face_step = Descent(objective, last, short.step, accelerated=False)
        start = face_step.advance().point
        self._step = face_step.step
        if start is last:
            return last
        slope = (last.b + face_step.used * last.c - start.b) / face_step.used
        if slides:
            start = slid(objective, start, slope, wide)
        moved = self._moved(start, start.b, DAMPING)
        if moved is None:
            return start
        value, share = objective.value(start), 1.0
        while share > SHORTEST:
            b = objective.pen.prox(start.b + share * moved + wide * slope, wide)
            new = objective.data.at(b, start.shift)
            if objective.value(new) < value:
                return new
            share /= 2.0
        return start

    def _moved(self, point: Point, guess: Floats, damping: float = 0.0) -> Floats | None:
        """What Newton adds to `guess`, on its face, by the model at `point`.

        None: more numbers move than there are rows, and nothing damps them.
        """
        face, data = self.objective.pen.face(guess), self.objective.data
        assert face is not None
        flat = len(face.slope) > data.most_rank and not face.ridge.any()
        if flat and damping == 0.0:
            return None
        self.n_solves += len(face.slope) > 0
        return newton_step(data, point, guess, face, damping)

    def _plain(self, point: Point, most: int) -> Point:
        """Accelerated proximal steps alone."""
        return Descent(self.objective, point, self._wide, accelerated=True).run(most, self.tol)


def newton_step(
    data: DataPart, point: Point, guess: Floats, face: Face, damping: float = 0.0
) -> Floats | None:
    """From `guess`, on its face, to the minimiser there of the model that is made at `point`.

    None: the rows do not bend, or the system says nothing.
    """
    if len(face.slope) == 0:
        return np.zeros_like(guess)
    m = face.gathered(guess) / np.bincount(face.owner)
    found = _model(data, point, guess, face)
    if found is None:
        return None
    H, slope = found
    step = _solved(H, face.ridge, slope - face.slope - face.ridge * m, damping)
    return None if step is None else face.spread(step, len(guess))


def fitted_on(data: DataPart, face: Face, point: Point) -> Point:
    """The best point of a face that costs nothing, by damped Newton steps."""
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


def _model(data: DataPart, point: Point, guess: Floats, face: Face) -> tuple[Floats, Floats] | None:
    """Second derivatives on the face, and minus the slopes at `guess`, of the model at `point`."""
    columns = data.columns
    if data.squared:
        H = columns.gram(face)
        if H is not None:
            u = data.weights * (data.y - columns.predict(guess))
            return H, columns.earned(face, u)
    h = data.bend(point.eta)
    total = float(h.sum())
    if not 0.0 < total < np.inf:
        return None
    rows = columns.combined(face)
    u = point.u - h * (columns.predict(guess) - columns.predict(point.b))
    bent = rows * h
    H, slope = bent @ rows.T, rows @ u
    if data.moves:
        tilt = bent.sum(axis=1)
        H -= np.outer(tilt, tilt / total)
        slope -= tilt * (float(u.sum()) / total)
    return H, slope


def _solved(H: Floats, ridge: Floats, right: Floats, damping: float) -> Floats | None:
    """(H + ridge)^-1 right, without what cannot be told from rounding.

    `damping`, a share of the diagonal, is added where the system is singular: then the step goes
    far along directions that change no prediction, downhill, and the face's edge ends it.
    """
    diagonal = H.diagonal() + ridge
    size = np.sqrt(np.maximum(diagonal, 0.0))
    size[size == 0.0] = 1.0
    scaled, right = H / size / size[:, None], right / size
    np.fill_diagonal(scaled, diagonal / size**2)
    if not (np.all(np.isfinite(scaled)) and np.all(np.isfinite(right))):
        return None
    for more in (0.0, damping) if damping > 0.0 else (0.0,):
        try:
            system = scaled + more * np.eye(len(H)) if more > 0.0 else scaled
            factor = cho_factor(system, lower=True, check_finite=False)
        except LinAlgError:
            continue
        if factor[0].diagonal().min() ** 2 > SMALL_PIVOT:
            return np.asarray(cho_solve(factor, right, check_finite=False) / size)
    values, vectors = eigh(scaled, check_finite=False)
    clear = values > 8.0 * len(H) * EPS * max(float(values[-1]), 0.0)
    return np.asarray(vectors[:, clear] @ ((right @ vectors[:, clear]) / values[clear]) / size)
