"""The certificate of a Cox model: slopes, and dual points that are slopes somewhere else.

Rows are coupled, so a dual point cannot be moved row by row: see `excise.slope_point`. What the
slopes at another eta, or a share of them, cost is known in closed form
(`PartialLikelihood.distance`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from excise.data_term import LARGEST, DataTerm, Fitted, together
from excise.duality import EPS, Data
from excise.freedom import Indices
from excise.losses import Cox
from excise.null_model import descended
from excise.problem import Problem
from excise.results import Floats
from excise.risk_sets import PartialLikelihood
from excise.slope_point import SlopeFitted
from excise.standard import View

FARTHEST = 20.0
"""How far a step of eta goes at most."""

CLEAR = 1e-10
"""A share of the second derivative above its rounding."""


def likelihood_of(problem: Problem) -> tuple[Indices, PartialLikelihood]:
    """The rows that have weight, and their partial likelihood."""
    assert isinstance(problem.loss, Cox) and problem.survival is not None
    rows: Indices = np.flatnonzero(problem.weights > 0.0)
    survival, weights = problem.survival[rows], problem.weights[rows]
    return rows, PartialLikelihood(survival, weights, problem.loss.ties)


class CoxTerm(DataTerm):
    """The partial likelihood; rows without weight are left out."""

    def __init__(self, view: View) -> None:
        problem = view.problem
        self.view = view
        self.rows, self.likelihood = likelihood_of(problem)
        self.root = view.root[self.rows]
        self.null_eta = np.zeros(len(self.rows))
        if problem.offset is not None:
            self.null_eta = problem.offset[self.rows].copy()
        self.null = self.likelihood.value(self.null_eta)
        self.null_slopes = self.slopes(self.null_eta)
        dust = self.dust(self.null_eta)
        if self.null <= dust:
            self.null, self.null_slopes = 0.0, np.zeros(problem.n)
        blur = float(np.linalg.norm(self.root * self.blur(self.null_eta)))
        self.steep = max(float(np.linalg.norm(self.null_slopes)), blur * 1e13 * EPS)

    def slopes(self, eta: Floats) -> Floats:
        """Minus the slopes of all rows, times sqrt(w)."""
        out = np.zeros(self.view.problem.n)
        bounded = np.clip(-self.likelihood.slopes(eta), -LARGEST, LARGEST)
        out[self.rows] = self.root * bounded
        return out

    def blur(self, eta: Floats) -> Floats:
        """What a relative error of 1 in eta would change in the slopes."""
        return np.asarray(np.minimum(self.likelihood.hazard(eta), LARGEST) * (1.0 + np.abs(eta)))

    def dust(self, eta: Floats) -> float:
        """A loss that rounding of eta alone explains."""
        return 4.0 * EPS * float(self.likelihood.weights @ self.blur(eta))

    def columns(self, index: Indices) -> Floats:
        """The chosen columns on the standard scale, without weights, of the rows with weight."""
        return np.asarray(self.view.gather(index)[self.rows] / self.root[:, None])

    def bend(self, eta: Floats, columns: Floats) -> Floats:
        """Columns'H columns."""
        bent = np.stack([self.likelihood.bent(eta, v) for v in columns.T], axis=1)
        product = columns.T @ (self.likelihood.weights[:, None] * bent)
        return np.asarray((product + product.T) / 2)

    def slopes_without(self, free: Indices) -> Floats:
        columns = self.columns(free)

        def step(eta: Floats) -> tuple[Floats, float]:
            earned = columns.T @ (self.root * self.slopes(eta)[self.rows])
            best = np.linalg.lstsq(self.bend(eta, columns), earned, rcond=None)[0]
            return columns @ best, float(earned @ best)

        return self.slopes(descended(self.null_eta, self.likelihood.value, step))

    def at(self, b: Floats, coef: Floats, intercept: Any) -> Fitted:
        return CoxFit(self, self.view.eta(b)[self.rows] + self.null_eta)


class CoxFit(SlopeFitted):
    """The partial likelihood at given coefficients."""

    def __init__(self, term: CoxTerm, eta: Floats) -> None:
        self.term, self.eta = term, eta
        self.u, self.dust = term.slopes(eta), term.dust(eta)
        value = term.likelihood.value(eta)
        if term.null == 0.0 and value <= self.dust:
            self.u, value = np.zeros_like(self.u), 0.0
        self.data = Data(value, curvature=term.likelihood.curvature)

    def alone(self, b: Floats, c: Floats) -> Floats:
        out, kind = c.copy(), self.term.view.problem.group_tax
        alike = np.flatnonzero(b)[:, None] if kind is None else together(kind, b)
        for here in alike:
            columns = self.term.columns(here)
            slopes = self.term.slopes(self.eta - columns @ b[here])[self.term.rows]
            out[here] = columns.T @ (self.term.root * slopes)
        return out

    def curved(self, index: Indices) -> bool:
        bend = self.term.bend(self.eta, self.term.columns(index))
        size = np.sqrt(np.maximum(bend.diagonal(), 0.0))
        if not size.all():
            return False
        return bool(np.linalg.eigvalsh(bend / np.outer(size, size))[0] > CLEAR)

    def starts(self, closed: Indices, noise: float) -> list[Floats]:
        return [self.eta]

    def slopes(self, eta: Floats) -> Floats:
        return self.term.slopes(eta)

    def unbalanced(self, u: Floats) -> Floats:
        return np.zeros(0)

    def can_move(self, index: Indices) -> bool:
        return 0 < len(index) <= len(self.eta)

    def moved(self, eta: Floats, index: Indices, off: Floats) -> Floats:
        columns = self.term.columns(index)
        step = columns @ np.linalg.lstsq(self.term.bend(eta, columns), off, rcond=None)[0]
        return np.asarray(eta + step * min(1.0, FARTHEST / max(np.max(np.abs(step)), 1e-300)))

    def ray(self, z: Floats, eta: Floats, charge: float) -> CoxRay:
        return CoxRay(z, self, eta, charge)


class CoxRay(NamedTuple):
    """The dual points s t, 0 <= s <= 1, for t minus the slopes at `other`; as `RowRay`."""

    z: Floats
    fit: CoxFit
    other: Floats
    charge: float

    @property
    def most(self) -> float:
        """Beyond 1 nothing is known."""
        return 1.0

    def distance(self, s: float) -> float:
        """What s t costs at the fit's eta."""
        fit = self.fit
        return fit.term.likelihood.distance(fit.eta, self.other, s) + s * self.charge

    def peak(self, b: Floats) -> float:
        """No shortcut is known: t itself."""
        return 1.0
