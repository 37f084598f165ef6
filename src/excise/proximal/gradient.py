"""Proximal gradient steps: ISTA, and FISTA with restarts, both with backtracking.

    ISTA    b+ = prox(b + t c(b), t)
    FISTA   the same from y = b + beta (b - b_before), beta = (s_before - 1) / s,
            s = (1 + sqrt(1 + 4 s_before^2)) / 2

A step t is short enough if f(b+) <= f(y) - c(y)'d + |d|^2 / (2 t), d = b+ - y; else it is halved.
Where an accelerated step raises the objective, its momentum is dropped (O'Donoghue and Candes),
so that the objective never rises, convex or not.

References
----------
Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse problems",
SIAM Journal on Imaging Sciences 2, 2009.
O'Donoghue and Candes, "Adaptive restart for accelerated gradient schemes", Foundations of
Computational Mathematics 15, 2015.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from excise.proximal.data import EPS, Point
from excise.proximal.objective import Objective

GROWTH = 1.1
"""By how much a step without momentum grows if it was short enough."""

MOST_HALVINGS = 60
LOOK = 10
"""Steps between two looks at the gap."""


class Move(NamedTuple):
    """One step of the method: where it led, its length, and whether momentum was dropped."""

    point: Point
    objective: float
    step: float
    restarted: bool


Watcher = Callable[[Move], None]


class Descent:
    """Proximal gradient steps on one objective, with what they remember."""

    def __init__(self, objective: Objective, point: Point, step: float, accelerated: bool) -> None:
        self.objective, self.accelerated = objective, accelerated
        self.point, self.value = point, objective.value(point)
        self.step, self._before, self._momentum = step, point, 1.0
        self.used, self.at_rest = step, False

    def advance(self) -> Move:
        """One step, which does not raise the objective."""
        here, restarted = self.point, False
        new, value = here, self.value
        if self.accelerated and self._momentum > 1.0:
            momentum, beta = self._next()
            start = self._between(beta)
            new = self._short(start)
            value = self.objective.value(new)
            restarted = not value <= self.value
        if new is here or restarted:
            self._momentum = 1.0
            momentum, _ = self._next()
            new = self._short(here)
            value = self.objective.value(new)
            self.step *= GROWTH
            if not value <= self.value + self.objective.rounding(self.value):
                self.at_rest = True
                new, value = here, self.value
        moved = float(np.max(np.abs(new.b - here.b), initial=0.0))
        self.at_rest |= moved <= 4.0 * EPS * float(np.max(np.abs(here.b), initial=0.0))
        self._before, self.point, self.value = here, new, value
        self._momentum = momentum
        return Move(new, value, self.used, restarted)

    def run(self, most: int, goal: float, watch: Watcher | None = None) -> Point:
        """At most so many steps, until the gap, or else the violation, is below the goal."""
        for count in range(1, most + 1):
            move = self.advance()
            if watch is not None:
                watch(move)
            if self.at_rest or (count % LOOK == 0 and self.objective.off(self.point) <= goal):
                break
        return self.point

    def _next(self) -> tuple[float, float]:
        """The next s and its beta."""
        s = (1.0 + np.sqrt(1.0 + 4.0 * self._momentum**2)) / 2.0
        return s, (self._momentum - 1.0) / s

    def _between(self, beta: float) -> Point:
        here, before, data = self.point, self._before, self.objective.data
        product = (1.0 + beta) * (here.eta - here.shift) - beta * (before.eta - before.shift)
        return data.at_eta(here.b + beta * (here.b - before.b), product - data.offset, here.shift)

    def _short(self, start: Point) -> Point:
        """The step from `start`, halved until it is short enough."""
        objective, step = self.objective, self.step
        for _ in range(MOST_HALVINGS):
            b = objective.pen.prox(start.b + step * start.c, step)
            new = objective.data.at(b, start.shift)
            if self._fits(start, new, step):
                self.used = self.step = step
                return new
            step /= 2.0
        return start  # rounding alone: a shorter step would say no more

    def _fits(self, start: Point, new: Point, step: float) -> bool:
        """Whether the quadratic model with curvature 1 / step lies above f at the new point.

        Of the squared loss the two sides are squares; else differences, up to their rounding.
        """
        d = new.b - start.b
        room = float(d @ d) / (2.0 * step)
        data = self.objective.data
        if data.squared:
            return float(data.weights @ np.square(new.eta - start.eta)) / 2.0 <= room
        away = new.loss - (start.loss - float(start.c @ d))
        return bool(away <= room + self.objective.rounding(start.loss))
