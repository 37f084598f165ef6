"""The data term of a problem, as the certificate sees it: null model, slopes, dual rays.

Two kinds: any loss, row by row; and the squared loss, which knows its best intercept in closed
form, the whole of a dual ray from two sums, and may be counted in any unit of y.
Vectors over the rows are multiplied by sqrt(w), as everywhere in `excise.standard`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from excise.duality import EPS, Data, Ray, RowRay, mean_of
from excise.freedom import EachOutput, Freedom, Indices, Moves
from excise.losses import Loss, Squared
from excise.losses.base import Mask, quiet
from excise.null_model import best_intercept, fitted, residual_size, without_kinks
from excise.penalties import GroupPenalty
from excise.results import Floats
from excise.standard import View, target

LARGEST = 1e150
"""Slopes beyond this have no square."""

KINK, FITTED = 1e-7, 1e-4
"""A row within this share of the residuals' size of its kink is at the kink; residuals this small
beside those of the null model have no size."""

Direction = tuple[Floats, Moves]
"""A dual vector and how its rows may move."""


class DataTerm(ABC):
    """What a certificate asks of the data, in units of `unit`.

    Attributes
    ----------
    null : float
        Loss at b = 0 with the best intercept.
    steep : float
        Norm of the slopes there.
    null_slopes : ndarray of the shape of y
        Minus the slopes there.
    """

    unit: float = 1.0
    null: float
    steep: float | None = None
    null_slopes: Floats

    @abstractmethod
    def slopes_without(self, free: Indices) -> Floats:
        """Minus the slopes at the null model with the features `free` fitted."""

    @abstractmethod
    def at(self, b: Floats, coef: Floats, intercept: Any) -> Fitted:
        """The data term at coefficients, given on the standard scale and on the original."""


class Fitted(ABC):
    """The data term at given coefficients.

    Attributes
    ----------
    u : ndarray of the shape of y
        Minus the slopes of the loss; of a kink, the middle one.
    data : Data
    shift : float, or ndarray, shape (K,)
        The intercept of the standard scale, where its optimality is not known; else 0.
    dust : float
        A gap that rounding alone explains.
    """

    u: Floats
    data: Data
    shift: Any = 0.0
    dust: float = 0.0

    def off(self, u: Floats) -> float:
        """Slope of the loss in the intercept, for slopes u of the rows."""
        return 0.0

    @abstractmethod
    def alone(self, b: Floats, c: Floats) -> Floats:
        """Correlations with b_j = 0 and the others held, where b_j (or its group) is not 0."""

    @abstractmethod
    def curved(self, index: Indices) -> bool:
        """Whether the loss is known to bend along every combination of independent columns."""


class RowFitted(Fitted):
    """The data term of a loss made of rows, whose dual points move row by row."""

    @abstractmethod
    def directions(self) -> Iterator[Direction]:
        """Dual vectors to start from, the best first."""

    @abstractmethod
    def ray(self, theta: Floats, z: Floats, charge: float) -> Ray | RowRay:
        """The multiples of theta, z = Z'theta; `charge` as in `RowRay`."""

    @abstractmethod
    def slopes_near(self, theta: Floats) -> Floats:
        """Minus the slopes of the loss; at a kink those nearest to theta."""


def together(kind: GroupPenalty, b: Floats) -> list[Indices]:
    """The features of each group that is not zero."""
    groups = kind.parts
    kept = np.flatnonzero(groups.norm(b) > 0.0).tolist()
    return [groups.indices[groups.indptr[g] : groups.indptr[g + 1]] for g in kept]


def data_term(view: View) -> DataTerm:
    """The data term of the problem that `view` looks at."""
    return SquaredTerm(view) if isinstance(view.problem.loss, Squared) else LossTerm(view)


class SquaredTerm(DataTerm):
    """r'W r / 2 about the best intercept: y is centred, in units of a power of two."""

    def __init__(self, view: View) -> None:
        self.view, self.goal = view, target(view.problem)
        self.unit = self.goal.unit
        self.null_slopes = view.weighted(self.goal.values)
        self.null = float(np.vdot(self.null_slopes, self.null_slopes)) / 2

    def slopes_without(self, free: Indices) -> Floats:
        basis, y = self.view.span(free), self.null_slopes
        return np.asarray(y - basis @ (basis.T @ y))

    def at(self, b: Floats, coef: Floats, intercept: Any) -> Fitted:
        view = self.view
        r = self.null_slopes - view.predict(b)
        if view.problem.fit_intercept:
            r -= view.weighted(np.broadcast_to(view.root @ r, r.shape))
        return SquaredFit(view, r, self._excess(coef, intercept))

    def _excess(self, coef: Floats, intercept: Any) -> float:
        """Loss that the best intercept would save; none if it is the best to its last digits."""
        problem, mean = self.view.problem, self.view.columns.mean
        shift = intercept - self.goal.mean + mean @ coef
        size = float(np.abs(problem.y).max()) + np.abs(mean) @ np.abs(coef)
        size += 0.0 if problem.offset is None else float(np.abs(problem.offset).max())
        away = np.where(np.abs(shift) <= 4.0 * EPS * size, 0.0, shift / self.unit)
        return float(np.sum(away**2)) / 2


class SquaredFit(RowFitted):
    """The squared loss at given coefficients."""

    def __init__(self, view: View, r: Floats, excess: float) -> None:
        self.view, self.u = view, r
        self.data = Data(float(np.vdot(r, r)) / 2, excess)

    def directions(self) -> Iterator[Direction]:
        one = self.view.problem.outputs == 1
        yield self.u, Freedom(self.view, None) if one else EachOutput(self.view)

    def ray(self, theta: Floats, z: Floats, charge: float) -> Ray:
        square = float(np.vdot(theta, theta))
        foot = float(np.vdot(self.u, theta)) / square if square > 0.0 else 1.0
        return Ray(z, square, foot, float(np.sum((self.u - foot * theta) ** 2)))

    def slopes_near(self, theta: Floats) -> Floats:
        return self.u

    def off(self, u: Floats) -> float:
        return float(np.sqrt(2.0 * self.data.excess))

    def alone(self, b: Floats, c: Floats) -> Floats:
        if self.view.problem.group_tax is None:
            return c + b
        out = c.copy()
        for here in together(self.view.problem.group_tax, b):
            Z = self.view.gather(here)
            out[here] += Z.T @ (Z @ b[here])
        return out

    def curved(self, index: Indices) -> bool:
        return True


class LossTerm(DataTerm):
    """sum_i w_i l(y_i, eta_i) of any loss; rows without weight repeat one that has some."""

    def __init__(self, view: View) -> None:
        problem = view.problem
        assert isinstance(problem.loss, Loss)
        self.view, self.loss = view, problem.loss
        self.weights, self.some = problem.weights, problem.weights > 0.0
        self.y = self.counted(problem.y)
        offset = np.zeros(problem.n) if problem.offset is None else problem.offset
        self.offset = self.counted(offset)
        b0 = 0.0
        if problem.fit_intercept:
            some = self.some
            b0 = best_intercept(self.loss, self.y[some], self.offset[some], self.weights[some])
        self.null_eta = b0 + self.offset
        ones = np.full((problem.n, int(problem.fit_intercept)), 1.0)
        self.null_slopes = self.balanced(self.null_eta, ones)
        self.null = self.value(self.null_eta)
        if self.null <= self.dust(self.null_eta):  # nothing to explain: no rounding is to be seen
            self.null, self.null_slopes = 0.0, np.zeros(problem.n)
        self.steep = max(
            float(np.linalg.norm(self.null_slopes)),
            float(np.linalg.norm(self.blur(self.null_eta))) * 1e13 * EPS,
        )

    def counted(self, values: Floats) -> Floats:
        """A row with weight in the place of those without: they cannot do harm then."""
        return np.where(self.some, values, values[np.argmax(self.some)])

    def value(self, eta: Floats) -> float:
        """The mean loss."""
        return mean_of(self.loss.value(self.y, eta), self.weights)

    @quiet
    def slopes(self, eta: Floats) -> Floats:
        """Minus the slopes, times sqrt(w)."""
        bounded = np.clip(-self.loss.gradient(self.y, eta), -LARGEST, LARGEST)
        return np.asarray(self.view.root * bounded)

    @quiet
    def blur(self, eta: Floats) -> Floats:
        """What a relative error of 1 in eta would change in the slopes, times sqrt(w)."""
        size = np.abs(self.y) if self.loss.link == "identity" else 1.0
        bend = np.minimum(self.loss.hessian(self.y, eta), LARGEST)
        return np.asarray(self.view.root * bend * (np.abs(eta) + size))

    @quiet
    def dust(self, eta: Floats) -> float:
        """A loss that rounding of eta alone explains."""
        size = np.abs(self.y) if self.loss.link == "identity" else 1.0
        off = 4.0 * EPS * (np.abs(eta) + size)
        steep = self.view.root * off @ np.abs(self.slopes(eta))
        return float(steep + 4.0 * EPS * off @ (self.view.root * self.blur(eta)))

    def slopes_without(self, free: Indices) -> Floats:
        view, some, eta = self.view, self.some, self.null_eta.copy()
        inverse = np.divide(1.0, view.root, out=np.zeros_like(view.root), where=some)
        columns = view.gather(free) * inverse[:, None]
        if view.problem.fit_intercept:
            columns = np.column_stack([np.ones(view.problem.n), columns])
        rows = self.y[some], eta[some], self.weights[some]
        eta[some] = fitted(self.loss, *rows, columns[some])
        return self.balanced(self.counted(eta), columns)

    def kinks(self, eta: Floats) -> Mask:
        """Rows that are at a kink of the loss."""
        here, null = (residual_size(self.y, at, self.weights) for at in (eta, self.null_eta))
        size = max(here, FITTED * null)  # where all rows are met their residuals are rounding
        return np.asarray(self.loss.smoothed(KINK * size).hessian(self.y, eta) > 0.0)

    def balanced(self, eta: Floats, columns: Floats) -> Floats:
        """`slopes`, chosen at a kink so that the columns, shape (n, k), earn nothing."""
        u = self.slopes(eta)
        if not self.loss.kinked:
            return u
        kink, root = self.kinks(eta), self.view.root
        seen = columns * root[:, None]
        change = np.linalg.lstsq(seen[kink].T, -seen.T @ u, rcond=None)[0]
        low, high = self.loss.slopes(self.y)
        u[kink] = np.clip(u[kink] + change, -(high * root)[kink], -(low * root)[kink])
        return u

    def at(self, b: Floats, coef: Floats, intercept: Any) -> Fitted:
        shift = intercept + float(self.view.columns.mean @ coef)
        return LossFit(self, self.counted(self.view.eta(b) + shift + self.offset), shift)


class LossFit(RowFitted):
    """Any loss at given coefficients."""

    def __init__(self, term: LossTerm, eta: Floats, shift: float) -> None:
        self.term, self.eta = term, eta
        self.shift = shift if term.view.problem.fit_intercept else 0.0
        self.u, self.dust = term.slopes(eta), term.dust(eta)
        value = term.value(eta)
        if term.null == 0.0 and value <= self.dust:
            self.u, value = np.zeros_like(self.u), 0.0
        self.data = Data(value, curvature=term.loss.curvature(term.y))

    @quiet
    def directions(self) -> Iterator[Direction]:
        term = self.term
        ways = list(without_kinks(term.loss, term.y, self.eta, term.weights))
        for smooth in reversed(ways):
            bend = np.minimum(smooth.hessian(term.y, self.eta), LARGEST)
            if smooth is not term.loss:
                u = -term.view.root * smooth.gradient(term.y, self.eta)
                yield u, Freedom(term.view, bend)
                continue
            yield self.u, Freedom(term.view, bend)
            yield self.u, Freedom(term.view, np.abs(self._bare(self.u)))

    def _bare(self, vector: Floats) -> Floats:
        """A vector over the rows without its factor sqrt(w)."""
        out = np.zeros_like(vector)
        return self.term.counted(
            np.divide(vector, self.term.view.root, out=out, where=self.term.some)
        )

    def ray(self, theta: Floats, z: Floats, charge: float) -> RowRay:
        term = self.term
        return RowRay(z, self._bare(theta), term.loss, term.y, self.eta, term.weights, charge)

    def slopes_near(self, theta: Floats) -> Floats:
        term = self.term
        if not term.loss.kinked:
            return self.u
        kink = term.kinks(self.eta)
        low, high = term.loss.slopes(term.y)
        return np.where(kink, term.view.root * np.clip(self._bare(theta), -high, -low), self.u)

    def off(self, u: Floats) -> float:
        return abs(float(self.term.view.root @ u)) if self.term.view.problem.fit_intercept else 0.0

    def curved(self, index: Indices) -> bool:
        return self.term.loss.strictly_convex

    def alone(self, b: Floats, c: Floats) -> Floats:
        term, out = self.term, c.copy()
        root, kind = term.view.root[:, None], term.view.problem.group_tax
        for here in [] if kind is None else together(kind, b):
            block = term.view.gather(here)
            part = np.divide(block, root, out=np.zeros_like(block), where=root > 0.0) @ b[here]
            slopes = term.loss.gradient(term.y, self.eta - part)
            out[here] = -(block * root).T @ np.clip(slopes, -LARGEST, LARGEST)
        if kind is not None:
            return out
        for here, block in term.view.blocks(np.flatnonzero(b)):
            part = np.divide(block, root, out=np.zeros_like(block), where=root > 0.0) * b[here]
            slopes = term.loss.gradient(term.y[:, None], self.eta[:, None] - part)
            out[here] = -np.sum(block * root * np.clip(slopes, -LARGEST, LARGEST), axis=0)
        return out
