"""The certificate of the multinomial loss: K predictors of a row, coupled by their softmax.

A dual point is y less the probabilities at some eta': see `excise.slope_point`. A constant added to
all K numbers of a row changes nothing, so that Newton steps leave out the last output of the
intercept, and of every feature that all outputs have.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from excise.data_term import DataTerm, Fitted
from excise.duality import EPS, Data, RowRay, mean_of
from excise.freedom import MOST_WORK, Indices
from excise.losses import Multinomial
from excise.losses.special import expit
from excise.null_model import descended
from excise.results import Floats
from excise.slope_point import SlopeFitted
from excise.standard import View

FARTHEST = 20.0
"""How far a step of eta goes at most."""

POLISH = 4
"""Undamped steps after the loss, whose last digits are flat, has stopped falling."""


class ClassesTerm(DataTerm):
    """sum_i w_i KL(y_i || softmax(eta_i)); rows without weight are left out."""

    def __init__(self, view: View) -> None:
        problem = view.problem
        assert isinstance(problem.loss, Multinomial)
        self.view, self.loss, self.outputs = view, problem.loss, problem.outputs
        self.rows: Indices = np.flatnonzero(problem.weights > 0.0)
        self.y, self.weights = problem.y[self.rows], problem.weights[self.rows]
        self.root = view.root[self.rows]
        self.offset = np.zeros_like(self.y)
        if problem.offset is not None:
            self.offset = problem.offset[self.rows]
        self.null_eta = self.offset
        if problem.fit_intercept:
            start = self.offset + np.log(np.maximum(self.weights @ self.y, 1e-300))
            self.null_eta = self.settled(start, np.empty(0, dtype=np.intp))
        self.null_slopes = self.slopes(self.null_eta)
        self.null = self.value(self.null_eta)
        if self.null <= self.dust(self.null_eta):
            self.null, self.null_slopes = 0.0, np.zeros_like(problem.y)
        self.steep = max(
            float(np.linalg.norm(self.null_slopes)),
            float(np.linalg.norm(self.blur(self.null_eta))) * 1e13 * EPS,
        )

    def value(self, eta: Floats) -> float:
        """The mean loss."""
        return mean_of(self.loss.value(self.y, eta), self.weights)

    def slopes(self, eta: Floats) -> Floats:
        """Minus the slopes of all rows, times sqrt(w)."""
        out = np.zeros((self.view.problem.n, self.outputs))
        out[self.rows] = -self.root[:, None] * self.loss.gradient(self.y, eta)
        return out

    def blur(self, eta: Floats) -> Floats:
        """What a relative error of 1 in eta would change in the slopes, times sqrt(w)."""
        p = self.loss.mean(eta)
        return np.asarray(self.root[:, None] * p * (1.0 - p) * (np.abs(eta) + 1.0))

    def dust(self, eta: Floats) -> float:
        """A loss that rounding of eta alone explains."""
        off = 4.0 * EPS * self.root[:, None] * (np.abs(eta) + 1.0)
        steep = float(np.vdot(off, np.abs(self.slopes(eta)[self.rows])))
        return steep + 4.0 * EPS * float(np.vdot(off, self.blur(eta)))

    def columns(self, features: Indices) -> Floats:
        """The chosen columns on the standard scale, without weights, of the rows with weight."""
        return np.asarray(self.view.gather(features)[self.rows] / self.root[:, None])

    def moves(self, index: Indices) -> Moves:
        """What the intercept and these coefficients can do to eta."""
        K = self.outputs
        features, place = np.unique(index // K, return_inverse=True)
        whole = np.bincount(place, minlength=len(features)) == K
        used = ~(whole[place] & (index % K == K - 1))
        ones = int(self.view.problem.fit_intercept)
        columns = np.ones((len(self.rows), ones + len(features)))
        columns[:, ones:] = self.columns(features)
        at = [place[used & (index % K == k)] + ones for k in range(K)]
        if ones:
            at = [np.append(0, one) if k < K - 1 else one for k, one in enumerate(at)]
        return Moves(self, columns, at)

    def settled(self, eta: Floats, index: Indices) -> Floats:
        """Eta with the best intercept and the best of these coefficients added."""
        moves = self.moves(index)
        eta = descended(eta, self.value, moves.step)
        left = moves.left(eta)
        for _ in range(POLISH):
            further = eta + moves.step(eta)[0]
            after = moves.left(further)
            if not after < left:
                break
            eta, left = further, after
        return eta

    def slopes_without(self, free: Indices) -> Floats:
        index = free[:, None] * self.outputs + np.arange(self.outputs)
        return self.slopes(self.settled(self.null_eta, index.ravel()))

    def at(self, b: Floats, coef: Floats, intercept: Any) -> Fitted:
        shift = intercept + self.view.columns.mean @ coef
        return ClassesFit(self, self.view.eta(b)[self.rows] + shift + self.offset, shift)


class Moves(NamedTuple):
    """Columns over the rows with weight, and those that each output may be moved by."""

    term: ClassesTerm
    columns: Floats
    at: list[Indices]

    def sums(self, slopes: Floats) -> Floats:
        """What the columns earn at slopes with their sqrt(w), output after output."""
        bare = self.term.root[:, None] * slopes[self.term.rows]
        parts = [self.columns[:, at].T @ bare[:, k] for k, at in enumerate(self.at)]
        return np.concatenate(parts)

    def left(self, eta: Floats) -> float:
        """The most that any of them earns at eta."""
        return float(np.max(np.abs(self.sums(self.term.slopes(eta))), initial=0.0))

    def step(self, eta: Floats) -> tuple[Floats, float]:
        """The Newton step to where they earn nothing, and how the loss falls along it."""
        earned = self.sums(self.term.slopes(eta))
        return self.way(eta, earned)

    def way(self, eta: Floats, off: Floats) -> tuple[Floats, float]:
        """The Newton step to where they earn `off` less, and their product."""
        if len(off) == 0:
            return np.zeros_like(eta), 0.0
        a = _solved(self._bend(eta), off)
        ends = np.cumsum([0, *map(len, self.at)])
        way = np.stack(
            [self.columns[:, at] @ a[ends[k] : ends[k + 1]] for k, at in enumerate(self.at)], axis=1
        )
        return way - way.mean(axis=1, keepdims=True), float(a @ off)

    def _bend(self, eta: Floats) -> Floats:
        """Columns'W (diag(p) - p p') columns, output by output."""
        p, w = self.term.loss.mean(eta), self.term.weights
        rows = []
        for k, at in enumerate(self.at):
            mine = self.columns[:, at].T
            row = [
                (mine * (w * p[:, k] * ((k == other) - p[:, other]))) @ self.columns[:, theirs]
                for other, theirs in enumerate(self.at)
            ]
            rows.append(np.concatenate(row, axis=1))
        whole = np.concatenate(rows)
        return np.asarray((whole + whole.T) / 2)


def _solved(bend: Floats, off: Floats) -> Floats:
    """The solution of bend a = off, with columns scaled alike; of singular systems the shortest."""
    size = np.sqrt(np.maximum(bend.diagonal(), 0.0))
    size = np.where(size > 0.0, size, 1.0)
    scaled, goal = bend / np.outer(size, size), off / size
    try:
        factor = np.linalg.cholesky(scaled)
        clear = factor.diagonal().min() > 1e-6
    except np.linalg.LinAlgError:
        clear = False
    if clear:
        from scipy.linalg import cho_solve

        return np.asarray(cho_solve((factor, True), goal) / size)
    return np.asarray(np.linalg.lstsq(scaled, goal, rcond=1e-13)[0] / size)


class ClassesFit(SlopeFitted):
    """The multinomial loss at given coefficients."""

    def __init__(self, term: ClassesTerm, eta: Floats, shift: Floats) -> None:
        self.term, self.eta = term, eta
        self.shift = shift - shift.mean() if term.view.problem.fit_intercept else 0.0
        self.u, self.dust = term.slopes(eta), term.dust(eta)
        value = term.value(eta)
        if term.null == 0.0 and value <= self.dust:
            self.u, value = np.zeros_like(self.u), 0.0
        self.data = Data(value, curvature=term.loss.curvature(term.y))

    def starts(self, closed: Indices, noise: float) -> list[Floats]:
        term = self.term
        moves = term.moves(closed)
        if not moves.left(self.eta) > noise:
            return [self.eta]
        return [term.settled(self.eta, closed), term.settled(term.null_eta, closed)]

    def slopes(self, eta: Floats) -> Floats:
        return self.term.slopes(eta)

    def unbalanced(self, u: Floats) -> Floats:
        root, view = self.term.view.root, self.term.view
        return np.asarray(root @ u if view.problem.fit_intercept else np.zeros(0))

    def off(self, u: Floats) -> float:
        return float(np.max(np.abs(self.unbalanced(u)), initial=0.0))

    def can_move(self, index: Indices) -> bool:
        return len(index) > 0 and len(self.eta) * len(index) ** 2 <= 10.0 * MOST_WORK

    def moved(self, eta: Floats, index: Indices, off: Floats) -> Floats:
        moves = self.term.moves(index)
        wanted = np.zeros((self.term.view.problem.p, self.term.outputs))
        wanted.ravel()[index] = off
        goal = wanted[np.unique(index // self.term.outputs)]
        if self.term.view.problem.fit_intercept:
            goal = np.vstack([self.unbalanced(self.slopes(eta)), goal])
        goal = np.concatenate([goal[at, k] for k, at in enumerate(moves.at)])
        step = moves.way(eta, goal)[0]
        return np.asarray(eta + step * min(1.0, FARTHEST / max(np.max(np.abs(step)), 1e-300)))

    def ray(self, z: Floats, eta: Floats, charge: float) -> RowRay:
        term = self.term
        t = -term.loss.gradient(term.y, eta)
        return RowRay(z, t, term.loss, term.y, self.eta, term.weights, charge)

    def curved(self, index: Indices) -> bool:
        """But for a constant in all K numbers of a row."""
        return True

    def alone(self, b: Floats, c: Floats) -> Floats:
        term, out, K = self.term, c.copy(), self.term.outputs
        others = _others(self.eta)
        for j in np.flatnonzero(b.reshape(-1, K).any(axis=1)):
            column, own = term.columns(np.array([j]))[:, 0], slice(j * K, (j + 1) * K)
            away = column[:, None] * b[own]
            if term.view.problem.grouped:
                slopes = term.loss.gradient(term.y, self.eta - away)
            else:
                slopes = expit(self.eta - away - others) - term.y
            earned = -(term.weights * column) @ slopes
            out[own] = np.where(term.view.problem.grouped | (b[own] != 0.0), earned, c[own])
        return out


def _others(eta: Floats) -> Floats:
    """The log of the sum of e^eta over the other outputs, for each output."""
    out = np.empty_like(eta)
    for k in range(eta.shape[1]):
        rest = np.delete(eta, k, axis=1)
        top = rest.max(axis=1)
        out[:, k] = top + np.log(np.exp(rest - top[:, None]).sum(axis=1))
    return out
