"""The folds once more, for what is measured on held-out rows beside the error of the choice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.cross_validation import (
    Imputation,
    Judge,
    held_out_predictors,
    in_one_engine,
    with_weight,
)
from excise.engine import Session
from excise.folds import Folds
from excise.problem import Problem
from excise.results import Floats, Path
from excise.session_folds import held_out_of_sessions
from excise.sessions import AnySession, session_of


class HeldOut(NamedTuple):
    """What each fold predicts for the rows that it never saw.

    Attributes
    ----------
    folds : Folds
        Those with weight.
    session : AnySession
    path : Path
        Of all rows, at the same alphas.
    parts : list of (rows, predictors)
        Per fold, predictors of shape (1 + n_alphas, len(rows)), or with a last axis of K outputs;
        the first is the intercept alone.
    """

    folds: Folds
    session: AnySession
    path: Path
    parts: list[tuple[NDArray[np.intp], Floats]]

    def rate(self, judge: Judge) -> Floats:
        """A score per fold, shape (1 + n_alphas, n_folds); `InputError` where it is not defined."""
        return np.array([judge.rate(eta, rows, "a fold") for rows, eta in self.parts]).T


def held_out(
    problem: Problem, folds: Folds, alphas: Floats, imputation: Imputation | None
) -> HeldOut:
    """The predictors of every fold at falling alphas; of a schedule those of its last stage."""
    folds, session = with_weight(folds, problem), session_of(problem)
    if in_one_engine(problem, imputation):
        assert isinstance(session, Session)
        parts = held_out_predictors(session, folds, alphas, imputation=imputation)
    else:
        parts = held_out_of_sessions(problem, folds, alphas, imputation=imputation)
    return HeldOut(folds, session, session.path(alphas), parts)
