"""From a table and what a person asked for to a model: the steps of `excise fit`."""

from __future__ import annotations

import shlex
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.cli.crossing import Crossed, cross_validate
from excise.cli.fit_options import FitOptions
from excise.cli.task import check_target, hints, loss_for, task_wanted, thin_classes
from excise.exceptions import DataWarning, InputError
from excise.explain.score import r2
from excise.explain.words import amount, count
from excise.losses import Loss
from excise.model import Model, Target, build_model
from excise.results import CrossValidation
from excise.scores import SCORES
from excise.table import (
    Encoded,
    Encoder,
    Plan,
    Table,
    Wishes,
    codes_of,
    infer_columns,
    numbers_of,
    read_table,
)

Rows = NDArray[np.int64]
Stage = Callable[[str], None]
EXPECTED = (("", "", ""), (",", ".", "utf-8"), ("\t", ".", "utf-8"))
"""Separator, decimal mark and encoding that need no mention (none in binary formats)."""
DECOYS = 200
"""Shuffles for the noise floor."""


@dataclass(frozen=True)
class Tested:
    """Scores on rows that played no part in the fit: R2 or D2 first."""

    rows: int
    scores: dict[str, float]

    @property
    def score(self) -> float:
        """R2 or D2."""
        return next(iter(self.scores.values()))

    def __str__(self) -> str:
        rest = [
            f"{name} {amount(score, 3 if name == 'AUC' else 2)}"
            for name, score in list(self.scores.items())[1:]
        ]
        more = f" ({', '.join(rest)})" if rest else ""
        return f", {amount(self.score, 2)} on {count(self.rows, 'test row')}{more}"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model and what else there is to say about it."""

    model: Model
    plan: Plan
    summary: str
    tested: Tested | None
    certified: bool
    details: tuple[str, ...]


def read(path: str, options: FitOptions, *, retry: str = "") -> Table:
    """A table, read as the flags say."""
    return read_table(
        path,
        sep=options.sep,
        decimal=options.decimal,
        encoding=options.encoding,
        na=options.na,
        retry=retry,
    )


def take(table: Table, rows: Rows) -> Table:
    """Some rows of a table; messages still name their lines."""
    lines = None if table.lines is None else table.lines[rows]
    return replace(table, frame=table.frame[rows], lines=lines)


def sample(table: Table, size: int | None, seed: int) -> Table:
    """`size` random rows, in the order of the table."""
    if size is None or size >= table.frame.height:
        return table
    rng = np.random.default_rng(seed)
    return take(table, np.sort(rng.choice(table.frame.height, size, replace=False)))


def plan(table: Table, options: FitOptions) -> Plan:
    """Rows, kinds and parts of the columns."""
    wishes = Wishes(
        drop=options.drop,
        only=options.only,
        keep=options.keep,
        tax=options.taxes,
        missing=options.missing,
        reserved=options.reserved,
        task="class" if task_wanted(options) == "class" else "auto",
        positive=options.positive,
    )
    return infer_columns(table, options.target, wishes)


def hold_back(table: Table, planned: Plan, options: FitOptions) -> tuple[Plan, Rows]:
    """The plan on the training rows, and the rows held back for the test.

    Groups are held back whole; with --time the latest rows are held back.
    """
    share, rows = options.test_share, planned.rows
    if share is None:
        return planned, rows[:0]
    if options.time:
        order = np.argsort(numbers_of(table, options.time, rows, "time"), kind="stable")
        unit = np.empty(len(rows), np.int64)
        unit[order] = np.arange(len(rows))
        held = unit >= len(rows) - round(share * len(rows))
    else:
        unit = codes_of(table, options.group, rows) if options.group else np.arange(len(rows))
        units = np.random.default_rng(options.seed).permutation(int(unit.max()) + 1)
        held = np.isin(unit, units[: round(share * len(units))])
    if not held.any() or held.all():
        raise InputError(
            f"--test {options.test} of {count(len(rows), 'usable row')} leaves one side empty",
            remedy="another share",
        )
    rest = rows[~held]
    return replace(planned, rows=rest, n_rows=planned.n_rows - int(held.sum())), rows[held]


def build(
    crossed: Crossed,
    encoded: Encoded,
    options: FitOptions,
    settings: dict[str, Any],
    warned: tuple[str, ...],
) -> Model:
    """The model record: books, stability and noise floor."""
    chosen = options.rule
    return build_model(
        crossed.cv,
        columns=encoded.columns,
        target=encoded.target,
        encoding=encoded.encoder.to_dict(),
        stability=options.stability,
        decoys=DECOYS if options.stability else 0,
        seed=options.seed,
        settings=settings,
        alpha=chosen.value if chosen.kind == "alpha" else None,
        n_features=int(chosen.value) if chosen.kind == "n_features" else None,
        warnings=encoded.warnings + warned,
        judge=crossed.judge(encoded),
    )


def test(
    model: Model, encoded: Encoded, table: Table, rows: Rows | None, weights: str | None
) -> Tested:
    """R2 on rows of a table (None: all with a target) that played no part in the fit.

    As in cross-validation, the mean that it is compared with is that of the training rows.
    """
    rows = infer_columns(table, model.target.name).rows if rows is None else rows
    held = take(table, rows)
    needed = {c.name for c, coef in zip(model.columns, model.coef, strict=True) if coef}
    transformed = encoded.encoder.transform(held, needed)
    for text in transformed.warnings:
        warnings.warn(f"test rows: {text}", DataWarning, stacklevel=2)
    w = numbers_of(table, weights, rows, "weights") if weights else None
    actual = target_values(held, model.target)
    loss, eta = model.data_term, model.eta(transformed.X)
    deviance, alone = SCORES["deviance"], np.full(len(eta), model.books.centre)
    left, whole = (deviance(loss, actual, predictor, w) for predictor in (eta, alone))
    scores = {model.cv.score_name: r2(left, whole)}
    if loss.of_classes:
        scores["accuracy"] = SCORES["accuracy"](loss, actual, eta, w)
        scores["AUC"] = SCORES["auc"](loss, actual, eta, w)
    return Tested(len(rows), scores)


def target_values(table: Table, target: Target) -> NDArray[np.float64]:
    """The target as the fit saw it: its numbers, or 0 and 1 for its two levels; NaN if missing."""
    import polars as pl

    from excise.table.kinds import class_names, plain

    series = table.frame[target.name]
    if target.levels:
        codes = list(range(len(target.levels)))
        series = class_names(plain(series)).replace_strict(list(target.levels), codes, default=None)
    values: NDArray[np.float64] = (
        series.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    )
    return values


def _fitted_as_number(target: Target, loss: Loss) -> tuple[str, ...]:
    if not target.levels or loss.of_classes:
        return ()
    coded = ", ".join(f"{code} = {level}" for code, level in enumerate(target.levels))
    return (f"{target.name} is fitted as a number: {coded}; predictions are not probabilities",)


def fit(options: FitOptions, threads: int | None, command: str, stage: Stage) -> Fitted | Plan:
    """All steps; with --dry-run the plan alone."""
    stage(f"reading {options.table}")
    whole = read(options.table, options, retry=f"excise fit {{}} {shlex.quote(options.target)}")
    table = sample(whole, options.sample, options.seed)
    planned = plan(table, options)
    loss = loss_for(planned, options)
    if options.dry_run:
        return planned
    training, held = hold_back(table, planned, options)
    encoded = Encoder.fit(table, training)
    check_target(loss, encoded.y, table, training, options)
    warned = _fitted_as_number(encoded.target, loss)
    warned += thin_classes(encoded.y, training, options.folds) if loss.of_classes else ()
    stage(f"cross-validating, {options.folds} folds")
    crossed = cross_validate(table, encoded, loss, options, threads)
    stage(f"explaining, {options.stability} half-samples")
    settings: dict[str, Any] = {"command": command, "folds": options.folds}
    if options.table != "-":
        settings["table"] = options.table
    summary = planned.summary()
    sniffed = table.sniffed
    if (sniffed.separator, sniffed.decimal, sniffed.encoding) not in EXPECTED:
        summary += f". Read as {sniffed}"
    if table is not whole:
        settings["sample"] = f"{table.frame.height:,} of {whole.frame.height:,} rows"
        summary += f". Sample: {settings['sample']}"
    settings["data"] = summary
    if hinted := hints(loss, encoded.y, options):
        settings["hints"] = list(hinted)
    model = build(crossed, encoded, options, settings, warned)
    if options.private:  # each step of a ROC curve is a row
        model = replace(model, separation=None)
    tested = None
    if options.test_file:
        tested = test(model, encoded, read(options.test_file, options), None, options.weights)
    elif len(held):
        tested = test(model, encoded, table, held, options.weights)
    if tested:
        said = {"rows": tested.rows, **tested.scores}
        model = replace(model, settings={**model.settings, "test": said})
    certified = model.certificate.rel_gap <= options.tol
    return Fitted(model, planned, summary, tested, certified, _details(whole, crossed.cv))


def _details(table: Table, cv: CrossValidation) -> tuple[str, ...]:
    """What -v adds: how the table was read, and what the solver did."""
    path = cv.path
    threads = path.problem.n_threads
    return (
        f"{table.name}: {table.sniffed}",
        f"path: {len(path)} penalties, {path.n_factorizations:,} factorizations, "
        f"{path.n_passes:,} passes over the data, {cv.folds.shape[1]} folds, "
        f"threads {threads or 'chosen by size'}; worst relative gap {path.relative_gaps.max():.0e}",
    )
