"""Paths and single solutions for penalties that are objects, with their certificates."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from excise.alphas import STEP, descent, falling_alphas
from excise.arguments import check_alpha
from excise.certify import certify_problem
from excise.exceptions import InputError
from excise.penalties.base import Penalty, PenaltyAt
from excise.penalty_point import refuse_beside
from excise.problem import Problem
from excise.proximal.data import DataPart, Point
from excise.proximal.faces import Lead, Search, fitted_on
from excise.proximal.objective import SETTLED, Objective
from excise.results import Event, Floats, Path, Solution, SparseColumns, Status
from excise.standard import ColumnScale
from excise.verdicts import Certificate

PASSING = 1e-4
"""The tolerance of a solution on the way to another."""

MOST_PLAIN = 20_000
"""Plain steps at one alpha where there are no faces."""

LEAST_RATIO = 1e-3
"""Where nothing is ever exactly zero, a grid starts where an elastic net with this share of |b|
would."""


class Start(NamedTuple):
    """Where a search begins: a solution at a larger alpha, and the one before it."""

    alpha: float
    point: Point
    before: Start | None = None

    def then(self, alpha: float, point: Point) -> Start:
        """The next start; it remembers this one, but none before."""
        return Start(alpha, point, self._replace(before=None))

    def lead(self, alpha: float) -> Lead | None:
        """What the last two solutions say of the one at `alpha`."""
        before = self.before
        if before is None or not before.alpha > self.alpha:
            return None
        return Lead(before.point, (self.alpha - alpha) / (before.alpha - self.alpha))


class ProximalSession:
    """A problem whose penalty is an object, with what its solutions have in common."""

    def __init__(self, problem: Problem) -> None:
        assert problem.penalty is not None
        refuse_beside(problem, problem.penalty.name)
        self.problem = problem
        self.penalty: Penalty = problem.penalty
        self._known: list[Start] = []
        self.n_solves = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"problem": self.problem, "penalty": self.penalty, "_known": [], "n_solves": 0}

    @cached_property
    def data(self) -> DataPart:
        """The data term, made when first asked for."""
        return DataPart(self.problem)

    @property
    def columns(self) -> ColumnScale:
        """Centre and spread of the columns."""
        return self.data.view.columns

    @cached_property
    def null(self) -> Point:
        """B = 0, or the best of what the penalty leaves free."""
        point = self.data.at(np.zeros(self.problem.p))
        free = self.penalty.free(self.problem.penalty_weight)
        if len(free.slope) == 0:
            return point
        return fitted_on(self.data, free, point)

    @cached_property
    def top(self) -> float:
        """The largest slope of a penalised feature at the null model."""
        weight = self.problem.penalty_weight
        penalised = (weight > 0.0) & (weight < np.inf)
        return float(np.max(np.abs(self.null.c[penalised]), initial=0.0))

    @cached_property
    def alpha_max(self) -> float:
        """The smallest alpha at which nothing is kept that pays."""
        return self.penalty.entry(self.null.c, self.problem.penalty_weight)

    @property
    def grid_top(self) -> float:
        """Where a grid starts."""
        return self.alpha_max if self.alpha_max < np.inf else self.top / LEAST_RATIO

    def grid(self, alphas: Any = 100, alpha_min_ratio: float | None = None) -> Floats:
        """The falling alphas that `alphas` means (see `excise.fit_path`)."""
        return falling_alphas(self.problem, lambda: self.grid_top, alphas, alpha_min_ratio)

    def solve_at(self, alpha: float) -> Solution:
        """The solution at `alpha` with its certificate, from the nearest larger alpha known."""
        alpha = check_alpha(alpha)
        larger = [one for one in self._known if one.alpha >= alpha]
        start = min(larger, key=lambda one: one.alpha) if larger else self._first()
        before = self.n_solves
        point = self._search(alpha, start).point
        coef, intercept = self.original(point)
        certificate = certify_problem(self.problem, coef, intercept, alpha)
        return Solution(
            alpha=alpha,
            coef=coef,
            intercept=intercept,
            coef_std=coef * self.columns.divisor,
            certificate=certificate,
            status=status_of(certificate, self.problem.tol),
            feature_names=self.problem.feature_names,
            n_factorizations=self.n_solves - before,
        )

    def path(self, alphas: Floats) -> Path:
        """Certified solutions at falling `alphas`."""
        start, found = self._first(), []
        before = self.n_solves
        for alpha in alphas.tolist():
            start = self._search(alpha, start)
            found.append(start)
        self._known = found
        coefs, intercepts = zip(*(self.original(one.point) for one in found), strict=True)
        judged = [self._judged(one, *self.original(one.point)) for one in found]
        columns = SparseColumns.of(list(coefs))
        return Path(
            alphas=alphas,
            columns=columns,
            columns_std=columns.scale_rows(self.columns.divisor),
            intercepts=np.array(intercepts),
            relative_gaps=np.array([gap for gap, _ in judged]),
            kkt_violations=np.array([violation for _, violation in judged]),
            train_loss=np.array([one.point.loss for one in found]),
            alpha_max=self.alpha_max,
            null_loss=self.data.null,
            mean=self.columns.mean,
            scale=self.columns.scale,
            n_factorizations=self.n_solves - before,
            n_passes=self.data.columns.n_passes,
            problem=self.problem,
            feature_names=self.problem.feature_names,
            _solve_at=self.solve_at,
            _find_events=_no_events,
            _find_convex=lambda: self._convex_min(float(alphas[-1])),
        )

    def _convex_min(self, last: float) -> float:
        """See `Path.convex_min`."""
        if self.penalty.convex:
            return last
        raise InputError(f"where {self.penalty.name} leaves the objective convex is not known")

    def original(self, point: Point) -> tuple[Floats, float]:
        """Coefficients and intercept on the original scale."""
        coef = point.b / self.data.columns.per
        return coef, self.data.intercept(point, coef)

    def _first(self) -> Start:
        """The null model, at the alpha where it is the solution."""
        return Start(self.grid_top, self.null)

    def objective(self, alpha: float) -> Objective:
        """The objective at one alpha."""
        pen = PenaltyAt(self.penalty, alpha, self.problem.penalty_weight)
        return Objective(self.data, pen, self.top)

    def _search(self, alpha: float, start: Start) -> Start:
        """The solution at `alpha`, through alphas between if it is far below the start."""
        tol, steps = self.problem.tol, [alpha]
        if 0.0 < alpha < start.alpha * STEP**3:
            steps = descent(start.alpha, alpha).tolist()
        for step in steps:
            wanted = tol if step == steps[-1] else max(tol, PASSING)
            search = Search(self.objective(step), wanted, MOST_PLAIN)
            start = start.then(step, search.run(start.point, start.lead(step)))
            self.n_solves += search.n_solves
        return start

    def _judged(self, start: Start, coef: Floats, intercept: float) -> tuple[float, float]:
        """The relative gap and the violation; the verifier's where the quick gap is too large."""
        objective = self.objective(start.alpha)
        gap, violation = objective.relative_gap(start.point), objective.violation(start.point)
        if gap <= self.problem.tol or not self.penalty.convex:
            return gap, violation
        made = certify_problem(self.problem, coef, intercept, start.alpha)
        return min(gap, made.relative_gap), violation


def status_of(certificate: Certificate, tol: float) -> Status:
    """By the gap; where there is none, or it is another problem's, by the optimality conditions."""
    proved = certificate.relative_gap <= tol
    settled = certificate.kkt_violation <= max(tol, 10.0 * SETTLED)
    if certificate.stationary:
        return Status.STATIONARY if proved or settled else Status.STALLED
    if np.isfinite(certificate.relative_gap):
        return Status.OPTIMAL if proved else Status.STALLED
    return Status.CONDITIONS if settled else Status.STALLED


def _no_events() -> tuple[list[Event], Floats]:
    raise InputError(
        "the events of this penalty are not known between its alphas",
        ["who is kept at each alpha: Path.support"],
        "path.at(alpha)",
    )
