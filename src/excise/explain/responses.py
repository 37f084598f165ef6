"""How well each of several responses is predicted, on held-out rows.

The squared errors are those that the cross-validation adds up over the responses: what is told of
them one by one sums to what the penalty was chosen by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from excise.choice import standard_error
from excise.cross_validation import Imputation, make_judge, predictors_of
from excise.explain.held_out import held_out
from excise.explain.rows import Rows
from excise.explain.score import Score, r2
from excise.folds import Folds
from excise.problem import Problem
from excise.results import Floats
from excise.scores import squared_error_of

RESPONSE_FIGURES = ("mean", "se", "train", "null", "null_train")
"""What is known of each response."""


@dataclass(frozen=True, slots=True, eq=False)
class ResponseErrors:
    """Mean squared errors of K responses at one alpha.

    Attributes
    ----------
    alpha : float
    mean, se, train : ndarray, shape (K,)
        Held out, its standard error over folds, and on all rows.
    null, null_train : ndarray, shape (K,)
        The same for the intercept alone.
    """

    alpha: float
    mean: Floats
    se: Floats
    train: Floats
    null: Floats
    null_train: Floats


class ResponseScore(NamedTuple):
    """How well one response is predicted: R2, and the mean squared errors that it is made of."""

    name: str
    r2: Score
    mean: float
    se: float
    train: float
    null: float

    def to_dict(self) -> dict[str, Any]:
        """As in the ``score`` of ``excise fit --json``."""
        mse = {"cv": self.mean, "se": self.se, "train": self.train, "null": self.null}
        score = {"cv": self.r2.cv, "se": self.r2.se, "train": self.r2.train, "null": 0.0}
        return {"response": self.name, "r2": score, "mse": mse}


ResponsesReport = tuple[ResponseErrors, ...]


def responses_report(
    problem: Problem,
    folds: Folds,
    alphas: Floats,
    imputation: Imputation | None = None,
) -> ResponsesReport:
    """The errors of each response at falling `alphas`."""
    found = held_out(problem, folds, alphas, imputation)
    null = np.square(Rows.of(problem, found.path.mean, found.path.scale).y).T @ problem.weights
    trained, rows = predictors_of(found.session, found.path), np.arange(problem.n)
    columns = []
    for k in range(problem.outputs):
        judge = make_judge(problem, squared_error_of(k))
        held = found.rate(judge)
        mean, se = held[1:].mean(axis=1), standard_error(held[1:], found.folds)
        alone = np.full(len(alphas), held[0].mean())
        columns.append([mean, se, judge.rate(trained, rows, "all rows"), alone])
    table = np.array(columns)  # outputs, figures, alphas
    return tuple(
        ResponseErrors(float(alpha), mean, se, train, alone, null)
        for alpha, (mean, se, train, alone) in zip(alphas, table.transpose(2, 1, 0), strict=True)
    )


def response_scores(errors: ResponseErrors, names: Sequence[str]) -> tuple[ResponseScore, ...]:
    """A score for each response."""
    columns = (getattr(errors, key).tolist() for key in RESPONSE_FIGURES)
    figures = zip(names, *columns, strict=True)
    return tuple(
        ResponseScore(
            name,
            Score(r2(mean, null), se / null if null else 0.0, r2(train, null_train)),
            mean,
            se,
            train,
            null,
        )
        for name, mean, se, train, null, null_train in figures
    )
