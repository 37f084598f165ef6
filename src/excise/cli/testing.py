"""How a model does on rows that played no part in its fit."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.cli.scoring import needed_columns
from excise.concordance import pairs_in_order
from excise.exceptions import DataWarning, InputError
from excise.explain.score import r2
from excise.explain.words import amount, count
from excise.losses import Cox, by_rows
from excise.model import Model, Target
from excise.model.facts import MOST_SCORES
from excise.results import Floats
from excise.risk_sets import PartialLikelihood
from excise.scores import SCORES, squared_errors
from excise.table import (
    Encoded,
    Table,
    Wishes,
    infer_columns,
    numbers_of,
    read_responses,
    read_survival,
)


class TestedResponse(NamedTuple):
    """R2 of one response, its mean squared error and that of the training mean."""

    name: str
    r2: float
    mse: float
    null: float


@dataclass(frozen=True)
class Tested:
    """Scores on rows that played no part in the fit: R2 or D2 first; then of each response."""

    rows: int
    scores: dict[str, float]
    each: tuple[TestedResponse, ...] = ()

    @property
    def score(self) -> float:
        """R2 or D2."""
        return next(iter(self.scores.values()))

    def said(self) -> dict[str, float]:
        """As the model file keeps it."""
        each = {f"R2 of {one.name}": one.r2 for one in self.each}
        return {"rows": self.rows, **self.scores, **each}

    def __str__(self) -> str:
        rest = [
            f"{name} {amount(score, 3 if name == 'AUC' else 2)}"
            for name, score in list(self.scores.items())[1:]
        ]
        rest += [f"{one.name} {amount(one.r2, 2)}" for one in self.each[:MOST_SCORES]]
        if (hidden := len(self.each) - MOST_SCORES) > 0:
            rest.append(f"{hidden} more")
        more = f" ({', '.join(rest)})" if rest else ""
        return f", {amount(self.score, 2)} on {count(self.rows, 'test row')}{more}"


def test(
    model: Model,
    encoded: Encoded,
    table: Table,
    rows: NDArray[np.int64] | None,
    weights: str | None,
) -> Tested:
    """Scores on rows of a table (None: all with a target) that played no part in the fit.

    As in cross-validation, the mean that is compared with is that of the training rows.
    """
    rows = _all_rows(table, model.target) if rows is None else rows
    held = table.take(rows)
    transformed = encoded.encoder.transform(held, needed_columns(model))
    for text in transformed.warnings:
        warnings.warn(f"test rows: {text}", DataWarning, stacklevel=2)
    w = numbers_of(table, weights, rows, "weights") if weights else None
    name = model.target.offset
    offset = numbers_of(table, name, rows, "offset") if name else None
    eta = model.eta(transformed.X, offset)
    if model.followup is not None:
        alone = np.zeros(len(rows)) if offset is None else offset
        return Tested(len(rows), _of_survival(model, encoded, table, rows, eta, alone, w))
    actual, loss = target_values(held, model.target), by_rows(model.data_term)
    if model.target.responses:
        return _of_responses(model, actual, eta, w)
    if model.outputs:
        actual = _one_hot(actual, table, rows, model)
    deviance, alone = SCORES["deviance"], np.zeros(eta.shape) + model.books.centre
    alone = alone if offset is None else alone + offset
    left, whole = (deviance(loss, actual, predictor, w) for predictor in (eta, alone))
    scores = {model.cv.score_name: r2(left, whole)}
    if loss.of_classes:
        scores["accuracy"] = SCORES["accuracy"](loss, actual, eta, w)
        scores["AUC"] = SCORES["auc"](loss, actual, eta, w)
        if model.outputs and np.isnan(scores["AUC"]):  # a class has no test rows
            del scores["AUC"]
    return Tested(len(rows), scores)


def _of_responses(model: Model, actual: Floats, eta: Floats, w: Floats | None) -> Tested:
    """The squared errors of all responses added, and of each."""
    alone = np.zeros(eta.shape) + model.books.centre
    left, whole = (squared_errors(actual - x, w) for x in (eta, alone))
    figures = zip(model.outputs, left.tolist(), whole.tolist(), strict=True)
    each = tuple(TestedResponse(name, r2(mse, null), mse, null) for name, mse, null in figures)
    scores = {model.cv.score_name: r2(float(left.sum()), float(whole.sum()))}
    return Tested(len(actual), scores, each)


def _one_hot(codes: Floats, table: Table, rows: NDArray[np.int64], model: Model) -> Floats:
    """A column for each class of training; another class is an error."""
    name, unknown = model.target.name, np.flatnonzero(np.isnan(codes))
    if len(unknown):
        row = int(rows[unknown[0]])
        raise InputError(
            f"target {name!r} is {table.frame[name][row]!r} ({table.place(row)}), "
            "a class that no training row has",
            [f"its classes: {', '.join(model.outputs[:5])}{', ...' * (len(model.outputs) > 5)}"],
            "test rows of these classes",
        )
    return np.asarray(np.eye(len(model.outputs))[codes.astype(np.intp)])


def _all_rows(table: Table, target: Target) -> NDArray[np.int64]:
    parts = Wishes(
        event=target.event,
        positive=target.happened or None,
        entry=target.entry,
        strata=target.strata,
        responses=target.responses,
        offset=target.offset,
    )
    return infer_columns(table, target.columns[0], parts).rows


def _of_survival(
    model: Model,
    encoded: Encoded,
    table: Table,
    rows: NDArray[np.int64],
    eta: Floats,
    alone: Floats,
    w: Floats | None,
) -> dict[str, float]:
    """The deviance of these rows' own partial likelihood, and the concordance.

    `alone` is the predictor without features.
    """
    loss = model.data_term
    assert isinstance(loss, Cox)
    w = np.ones(len(rows)) if w is None else w
    some = w > 0.0
    y = read_survival(table, rows, encoded.plan.target)[some]
    right, pairs = pairs_in_order(y, eta[some], w[some])
    likelihood = PartialLikelihood(y, w[some] / w.sum(), loss.ties)
    null = likelihood.value(alone[some]) if y.event.any() else 0.0
    scores = {model.cv.score_name: r2(likelihood.value(eta[some]), null) if null else 0.0}
    return scores | ({"concordance": right / pairs} if pairs else {})


def target_values(table: Table, target: Target) -> NDArray[np.float64]:
    """The target as the fit saw it: its numbers, or 0 and 1 for its two levels; NaN if missing.

    Several responses have a column each.
    """
    import polars as pl

    from excise.table.kinds import class_names, plain

    if target.responses:
        return read_responses(table.frame, target.responses)
    series = table.frame[target.name]
    if target.levels:
        codes = list(range(len(target.levels)))
        series = class_names(plain(series)).replace_strict(list(target.levels), codes, default=None)
    values: NDArray[np.float64] = (
        series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    )
    return values
