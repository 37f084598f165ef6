"""The data term as steps see it: a smooth function of the coefficients that the penalty acts on.

    f(b) = min over b0 of  sum_i w_i l(y_i, b0 + offset_i + (A b)_i)

with A the centred columns, per standard deviation with standardize=True. Its slopes are -c, with
c = A'u and u_i = -w_i l'(eta_i), which sum to 0: the intercept is never a coordinate.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as np

from excise.data_term import data_term
from excise.losses import Loss, Squared
from excise.null_model import best_intercept
from excise.problem import Problem
from excise.proximal.columns import Columns
from excise.results import Floats
from excise.standard import View, target

EPS = float(np.finfo(np.float64).eps)
NEWTON_STEPS = 20
QUIET = partial(np.errstate, over="ignore", invalid="ignore")
"""Trial steps may lead where a loss overflows: they are seen to be no better, and dropped."""


class Point:
    """Coefficients with what they predict and cost; c only when asked for."""

    def __init__(self, data: DataPart, b: Floats, eta: Floats, shift: float) -> None:
        self.data, self.b, self.eta, self.shift = data, b, eta, shift
        self.loss = data.value(eta)

    @cached_property
    def u(self) -> Floats:
        """Minus the slopes of the loss in the rows, times their weights."""
        return self.data.slopes(self.eta)

    @cached_property
    def c(self) -> Floats:
        """Minus the slopes of the loss in b."""
        return self.data.columns.correlate(self.u)


class DataPart:
    """A problem's data term, its intercept the best one at every b."""

    def __init__(self, problem: Problem) -> None:
        assert isinstance(problem.loss, Loss)
        problem.refuse_non_finite()
        self.problem, self.loss = problem, problem.loss
        self.view = View(problem)
        self.columns = Columns(self.view)
        term = data_term(self.view)
        self.null = term.null * term.unit**2
        self.weights, self.some = problem.weights, problem.weights > 0.0
        self.squared = isinstance(problem.loss, Squared)
        self.mean: float = 0.0
        self.offset: Any = 0.0
        if self.squared:
            goal = target(problem)
            self.y, self.mean = goal.values * goal.unit, float(goal.mean)
        else:
            offset = np.zeros(problem.n) if problem.offset is None else problem.offset
            self.y, self.offset = self.counted(problem.y), self.counted(offset)
        self.moves = problem.fit_intercept and not self.squared
        self.most_rank = int(self.some.sum()) - problem.fit_intercept
        self._first = self.shift_of(self._offset(), 0.0)

    def counted(self, values: Floats) -> Floats:
        """A row with weight in the place of those without: they cannot do harm then."""
        if self.problem.sample_weight is None:
            return values
        return np.where(self.some, values, values[np.argmax(self.some)])

    def at(self, b: Floats, shift: float | None = None) -> Point:
        """The point b; `shift` is a guess of its intercept."""
        return self.at_eta(b, self.columns.predict(b), self._first if shift is None else shift)

    def at_eta(self, b: Floats, product: Floats, shift: float) -> Point:
        """The point b for which A b is known."""
        eta = self.counted(product + self.offset)
        shift = self.shift_of(eta, shift)
        return Point(self, b, eta + shift, shift)

    def value(self, eta: Floats) -> float:
        """The mean loss."""
        with QUIET():
            return float(self.weights @ self.loss.value(self.y, eta))

    def slopes(self, eta: Floats) -> Floats:
        """Minus the slopes in the rows, times their weights."""
        with QUIET():
            return np.asarray(-self.weights * self.loss.gradient(self.y, eta))

    def bend(self, eta: Floats) -> Floats:
        """Second derivatives in the rows, times their weights."""
        with QUIET():
            return np.asarray(self.weights * self.loss.hessian(self.y, eta))

    def shift_of(self, eta: Floats, shift: float) -> float:
        """The best intercept beside eta: Newton from a guess, and a bracket where that fails."""
        if not self.moves:
            return 0.0
        slope = np.inf
        for _ in range(NEWTON_STEPS):
            u, h = self.slopes(eta + shift), self.bend(eta + shift)
            before, slope, size = slope, float(u.sum()), float(np.abs(u).sum())
            if abs(slope) <= 4.0 * EPS * size:
                return shift
            if not (abs(slope) < abs(before) and h.sum() > 0.0 and np.isfinite(size)):
                break
            shift += slope / float(h.sum())
        rows = self.y[self.some], eta[self.some], self.weights[self.some]
        return best_intercept(self.loss, *rows)

    def intercept(self, point: Point, coef: Floats) -> float:
        """On the original scale."""
        shift = self.mean if self.squared else point.shift
        return shift - float(self.view.columns.mean @ coef)

    def _offset(self) -> Any:
        return np.zeros(self.problem.n) + self.offset
