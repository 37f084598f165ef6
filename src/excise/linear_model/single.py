"""One alpha, one target, any loss: solved, certified, and told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from excise.linear_model.base import LinearModel, Training
from excise.linear_model.warning import warn_if_uncertified, warn_if_unsettled
from excise.losses import RowLoss, Squared
from excise.problem import make_problem
from excise.sessions import session_of

if TYPE_CHECKING:
    from excise.results import Solution


class SingleModel(LinearModel):
    """Base of `LogisticRegression`, the generalised linear regressors and `QuantileRegressor`."""

    fit_intercept: bool
    tol: float
    schedule: Any = None

    def _solved(self, data: Training, loss: RowLoss, alpha: float, l1_ratio: float) -> Solution:
        """The solution; its certificate and `n_iter_` are stored."""
        problem = make_problem(
            data.X,
            data.y,
            loss=loss,
            l1_ratio=l1_ratio,
            sample_weight=data.sample_weight,
            fit_intercept=self.fit_intercept,
            schedule=self.schedule,
        )
        solution = session_of(problem).solve_at(alpha)
        self.n_iter_: Any = max(1, solution.n_factorizations)
        self.dual_gap_ = solution.certificate.gap
        self.relative_gap_ = solution.worst_gap
        self.kkt_violation_ = solution.certificate.kkt_violation
        warn_if_uncertified(
            type(self).__name__,
            alpha,
            self.relative_gap_,
            self.tol,
            squared=isinstance(loss, Squared),
        )
        warn_if_unsettled(type(self).__name__, solution.status)
        return solution
