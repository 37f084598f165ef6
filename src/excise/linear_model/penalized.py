"""Regressors with one alpha and one or several targets, each its own problem on the same X."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import MultiOutputMixin

from excise.linear_model.base import LinearRegressor
from excise.linear_model.warning import warn_if_uncertified, warn_if_unsettled
from excise.sessions import session_of

if TYPE_CHECKING:
    from excise.linear_model.base import Training
    from excise.results import Solution

PER_TARGET = ("coef_", "dual_gap_", "relative_gap_", "kkt_violation_", "n_iter_")


class PenalizedRegressor(MultiOutputMixin, LinearRegressor):
    """Base of `Lasso`, `ElasticNet` and `Ridge`."""

    alpha: Any
    l1_ratio: float
    fit_intercept: bool
    positive: bool
    tol: float
    schedule: Any = None

    _alphas: Callable[[Any, float, int], list[float]]
    """Converts the parameter `alpha`: a function of `excise.linear_model.objective`."""

    def _solve(self, data: Training) -> Self:
        """Solve every target and store the answers, without an axis of targets if there is one.

        Like scikit-learn's, the intercept of a y with one column has shape (1,).
        """
        problems = data.problems(
            l1_ratio=self.l1_ratio,
            bounds="positive" if self.positive else None,
            fit_intercept=self.fit_intercept,
            schedule=self.schedule,
        )
        alphas = self._alphas(self.alpha, data.total_weight, data.n_targets)
        found = [
            session_of(problem).solve_at(alpha)
            for problem, alpha in zip(problems, alphas, strict=True)
        ]
        for solution in found:
            gap = solution.worst_gap
            warn_if_uncertified(type(self).__name__, solution.alpha, gap, self.tol)
            warn_if_unsettled(type(self).__name__, solution.status)
        self._store(found, data.X.dtype)
        if data.n_targets == 1:
            for name in PER_TARGET:
                setattr(self, name, getattr(self, name)[0])
        if data.y.ndim == 1:
            self.intercept_ = self.intercept_[0]
        return self

    def _store(self, found: list[Solution], dtype: Any) -> None:
        """The answers as attributes, a row or an entry for each target."""
        certificates = [solution.certificate for solution in found]
        self.dual_gap_ = np.array([certificate.gap for certificate in certificates])
        self.relative_gap_ = np.array([solution.worst_gap for solution in found])
        self.kkt_violation_ = np.array([certificate.kkt_violation for certificate in certificates])
        self.n_iter_ = [max(1, solution.n_factorizations) for solution in found]
        coef = np.stack([solution.coef for solution in found])
        intercept = np.array([solution.intercept for solution in found])
        self._set_coef(coef, intercept, dtype)
