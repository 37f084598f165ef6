"""How well classes are told apart: accuracy, AUC, who is taken for whom, calibration.

Everything is counted on held-out rows, each predicted by a model that never saw it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.choice import standard_error
from excise.cross_validation import Imputation, make_judge
from excise.exceptions import InputError
from excise.explain.calibration import calibration
from excise.explain.confusion import Confusion, confusion
from excise.explain.held_out import held_out
from excise.explain.score import Measure
from excise.folds import Folds
from excise.losses import by_rows
from excise.problem import Problem
from excise.results import Floats

OF_CLASSES = ("accuracy", "auc")
MOST_POINTS = 80
"""Points of the ROC curve that are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """Held-out rows of two classes at one alpha.

    Attributes
    ----------
    alpha : float
    counts : ndarray of int, shape (2, 2)
        Rows by class and by what is said of them: the likelier class.
    false_alarms, found : ndarray, shape (k,)
        The ROC curve: shares of the other and of the positive class above a falling threshold,
        from 0 to 1.
    predicted, observed : ndarray, shape (m,)
        Calibration: mean probability and share of the positive class, in bins of equally many
        rows; empty where the loss gives no probability.
    """

    alpha: float
    counts: NDArray[np.int64]
    false_alarms: Floats
    found: Floats
    predicted: Floats
    observed: Floats


class ClassReport(NamedTuple):
    """What a model keeps of its classes."""

    measures: tuple[Measure, ...]
    separation: Separation | Confusion


def class_report(
    problem: Problem,
    folds: Folds,
    alphas: Floats,
    chosen: float,
    *,
    imputation: Imputation | None = None,
) -> ClassReport:
    """Measures at falling `alphas`, and the rows told apart at the chosen one of them."""
    found = held_out(problem, folds, alphas, imputation)
    measures: list[Measure] = []
    for name in OF_CLASSES:
        judge = make_judge(problem, name)
        try:
            held = found.rate(judge)
        except InputError:  # a fold holds out one class only, which has no AUC
            continue
        se, train = standard_error(held[1:], found.folds), judge.train(found.session, found.path)
        table = np.stack([alphas, held[1:].mean(axis=1), se, train], axis=1)
        null = float(held[0].mean())
        measures += [Measure(name, *map(float, row), null) for row in table]  # type: ignore[call-arg]
    k = int(np.argmin(np.abs(alphas - chosen)))
    rows = np.concatenate([part for part, _ in found.parts])
    eta = np.concatenate([predictors[k + 1] for _, predictors in found.parts])
    used = problem.weights[rows] > 0.0
    y, eta = problem.y[rows][used], eta[used]
    loss, at = by_rows(problem.loss), float(alphas[k])
    if problem.outputs > 1:
        return ClassReport(tuple(measures), confusion(at, y, loss.mean(eta)))
    probability = loss.mean(eta) if loss.link == "logit" else None
    return ClassReport(tuple(measures), separation(at, y, eta, probability))


def separation(alpha: float, y: Floats, eta: Floats, probability: Floats | None) -> Separation:
    """Counts, ROC curve and calibration of predictors `eta` of classes y in {0, 1}."""
    said, actual = eta > 0.0, y > 0.5
    counts = np.array([[np.sum((actual == a) & (said == s)) for s in (0, 1)] for a in (0, 1)])
    order = np.argsort(-eta, kind="stable")
    last = np.append(np.flatnonzero(np.diff(eta[order])), len(eta) - 1)  # ties move together
    found = np.cumsum(actual[order])[last] / max(int(actual.sum()), 1)
    false_alarms = np.cumsum(~actual[order])[last] / max(int((~actual).sum()), 1)
    found, false_alarms = np.append(0.0, found), np.append(0.0, false_alarms)
    keep = _thinned(found + false_alarms)
    predicted = observed = np.empty(0)
    if probability is not None:
        predicted, observed = calibration(y, probability)
    return Separation(
        alpha, counts.astype(np.int64), false_alarms[keep], found[keep], predicted, observed
    )


def _thinned(length: Floats) -> NDArray[np.intp]:
    """At most `MOST_POINTS` positions, evenly along the curve, both ends included."""
    if len(length) <= MOST_POINTS:
        return np.arange(len(length))
    wanted = np.linspace(length[0], length[-1], MOST_POINTS)
    return np.unique(np.append(np.searchsorted(length, wanted), len(length) - 1))
