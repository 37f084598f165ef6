"""How well predictions fit: what cross-validation can measure, each formula once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from excise.exceptions import InputError, InputTypeError
from excise.losses import Loss, RowLoss, Squared, by_rows
from excise.losses.base import AnyLoss
from excise.null_model import best_intercept
from excise.results import Floats

Measure = Callable[[RowLoss, Floats, Floats, Floats | None], float]
"""From loss, y, predictor eta and weights (None: all alike) to a number.

All are of shape (m,); of K outputs y and eta are of shape (m, K).
"""


@dataclass(frozen=True, slots=True)
class Score:
    """A number that says how well predictions fit.

    Attributes
    ----------
    name : str
        As in ``scoring="mae"``.
    label : str
        In words, as in "mean absolute error".
    measure : callable
    greater_is_better : bool
    of_classes : bool
        Whether y must hold classes: 0 and 1, or a 1 in the column of each row's class.
    """

    name: str
    label: str
    measure: Measure
    greater_is_better: bool = True
    of_classes: bool = False

    def __call__(self, loss: RowLoss, y: Floats, eta: Floats, weights: Floats | None) -> float:
        """The score of one predictor."""
        return float(self.measure(loss, y, eta, weights))


def _deviance(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    value = loss.value(y, eta)  # of responses one by one: their sum counts
    return 2.0 * float(np.sum(np.average(value, weights=w, axis=0)))


def _accuracy(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    if y.ndim == 1:
        return float(np.average((eta > 0.0) == (y > 0.5), weights=w))
    return float(np.average(eta.argmax(axis=1) == y.argmax(axis=1), weights=w))


def _auc(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    """Share of pairs of a class and the rest that are in order; of several classes the mean."""
    if y.ndim == 1:
        return _ordered(y, eta, w)
    p = loss.mean(eta)
    return float(np.mean([_ordered(y[:, k], p[:, k], w) for k in range(y.shape[1])]))


def _ordered(y: Floats, eta: Floats, w: Floats | None) -> float:
    """Share of pairs from both classes that eta puts in order; an equal pair counts half."""
    weights = np.ones(len(y)) if w is None else w
    _, place = np.unique(eta, return_inverse=True)
    above = np.bincount(place, weights * y)
    below = np.bincount(place, weights * (1.0 - y))
    pairs = float(above.sum() * below.sum())
    return float(above @ (np.cumsum(below) - below / 2)) / pairs if pairs > 0.0 else np.nan


def _mse(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    return float(np.mean(squared_errors(y - loss.mean(eta), w)))


def squared_errors(left: Floats, w: Floats | None) -> Floats:
    """The mean square of what is left of y, for each output."""
    return np.asarray(np.average(np.square(left), weights=w, axis=0))


def _mae(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    return float(np.mean(np.average(np.abs(y - loss.mean(eta)), weights=w, axis=0)))


def _r2(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    spread = squared_errors(y - np.average(y, weights=w, axis=0), w)
    if not np.all(spread > 0.0):
        return np.nan
    return float(np.mean(1.0 - squared_errors(y - loss.mean(eta), w) / spread))


def _pinball(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
    q = float(getattr(loss, "q", 0.5))
    left = y - loss.mean(eta)
    rows = np.maximum(q * left, (q - 1.0) * left)
    return float(np.mean(np.average(rows, weights=w, axis=0)))


def squared_error_of(k: int) -> Score:
    """The mean squared error of response k alone."""

    def measure(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
        return float(squared_errors(y[:, k] - loss.mean(eta)[:, k], w))

    return Score("mse", f"mean squared error of response {k}", measure, greater_is_better=False)


SCORES = {
    score.name: score
    for score in (
        Score("deviance", "mean deviance", _deviance, greater_is_better=False),
        Score("accuracy", "accuracy", _accuracy, of_classes=True),
        Score("auc", "area under the ROC curve", _auc, of_classes=True),
        Score("mse", "mean squared error", _mse, greater_is_better=False),
        Score("mae", "mean absolute error", _mae, greater_is_better=False),
        Score("r2", "R2", _r2),
        Score("pinball", "mean pinball loss", _pinball, greater_is_better=False),
    )
}


def score_of(scoring: Any, loss: AnyLoss, y: Floats) -> Score | None:
    """The score that `scoring` means; None for the deviance, which the core measures itself.

    Parameters
    ----------
    scoring : None, str, callable or Score
        None is "deviance"; a callable is ``f(y_true, prediction, sample_weight=None) -> float``,
        greater is better, where the prediction is the mean (the probability of class 1, the
        quantile) and weights are passed only if there are any. Of K outputs y_true and prediction
        have a column each: of classes those of y and their probabilities.
    loss : AnyLoss
    y : ndarray, shape (n,) or (n, K)

    Raises
    ------
    InputError
        An unknown name, or a score of classes for another y.
    InputTypeError
        Neither a name nor a callable.
    """
    if scoring is None or scoring == "deviance":
        return None
    by_rows(loss)
    if isinstance(scoring, str):
        if scoring not in SCORES:
            valid = ", ".join(repr(name) for name in SCORES)
            raise InputError(f"unknown scoring {scoring!r}", [f"valid: {valid}, or a function"])
        score = SCORES[scoring]
    elif isinstance(scoring, Score):
        score = scoring
    elif callable(scoring):
        score = _own(scoring)
    else:
        raise InputTypeError(
            f"scoring must be a name or a function, not {scoring!r}", remedy="scoring='deviance'"
        )
    if score.of_classes and not loss.names_classes(y):
        several = loss.targets == "several"
        kind = "classes, not shares of them" if several else "classes 0 and 1"
        raise InputError(f"scoring={score.name!r} is for {kind}", remedy="scoring='deviance'")
    return score


def _own(function: Callable[..., Any]) -> Score:
    """The user's function of y, prediction and, where there are any, weights."""

    def measure(loss: RowLoss, y: Floats, eta: Floats, w: Floats | None) -> float:
        more = {} if w is None else {"sample_weight": w}
        return float(function(y, loss.mean(eta), **more))

    name = str(getattr(function, "__name__", type(function).__name__))
    return Score(name, name, measure)


PARTIAL = "deviance that held-out rows add to the partial likelihood"
"""What is measured of survival times."""


def label_of(score: Score | None, loss: AnyLoss, outputs: int = 1) -> str:
    """What a cross-validation with this score measures, in words."""
    if score is not None:
        return score.label
    if not isinstance(loss, RowLoss):
        return PARTIAL
    if not isinstance(loss, Squared):
        return SCORES["deviance"].label
    return SCORES["mse"].label if outputs == 1 else "mean squared error, all responses added"


def explained(loss: Loss, y: Floats, eta: Floats, w: Floats | None) -> float:
    """Share of the deviance of the best constant on these rows that eta explains: D2.

    For the squared loss this is R2. Where y is constant there is nothing to explain: 1 for an
    exact prediction, else 0.
    """
    weights = np.full(len(y), 1.0 / len(y)) if w is None else w / w.sum()
    null = best_intercept(loss, y, np.zeros(len(y)), weights)
    left = _deviance(loss, y, eta, w)
    total = _deviance(loss, y, np.full(len(y), null), w)
    counted = y[weights > 0.0]
    if total > 0.0 and np.any(counted != counted[0]):
        return 1.0 - left / total
    return 1.0 if left == 0.0 else 0.0
