"""From a table and what a person asked for to a model: the steps of `excise fit`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.cli.crossing import Crossed, cross_validate
from excise.cli.fit_options import FitOptions
from excise.cli.task import (
    check_target,
    hints,
    loss_for,
    survival_flag,
    task_wanted,
    thin_target,
)
from excise.cli.testing import Tested, test
from excise.exceptions import InputError, UsageError
from excise.explain.words import count
from excise.losses import AnyLoss
from excise.model import Model, Target, build_model
from excise.results import CrossValidation
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
    split_target,
)

Rows = NDArray[np.int64]
Stage = Callable[[str], None]
EXPECTED = (("", "", ""), (",", ".", "utf-8"), ("\t", ".", "utf-8"))
"""Separator, decimal mark and encoding that need no mention (none in binary formats)."""
DECOYS = 200
"""Shuffles for the noise floor."""


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


def sample(table: Table, size: int | None, seed: int) -> Table:
    """`size` random rows, in the order of the table."""
    if size is None or size >= table.frame.height:
        return table
    rng = np.random.default_rng(seed)
    return table.take(np.sort(rng.choice(table.frame.height, size, replace=False)))


def plan(table: Table, options: FitOptions) -> Plan:
    """Rows, kinds and parts of the columns."""
    goal = split_target(
        table,
        options.target,
        as_numbers=options.task == "number",
        survival=survival_flag(options),
    )
    if options.weights in goal.columns:
        raise UsageError("the weights are the target itself", remedy="another --weights")
    if options.offset in goal.columns:
        raise UsageError("the offset is the target itself", remedy="another --offset")
    wishes = Wishes(
        drop=options.drop,
        only=options.only,
        keep=options.keep,
        tax=options.taxes,
        missing=options.missing,
        reserved=options.reserved,
        task="class" if task_wanted(options) == "class" else "auto",
        positive=options.positive,
        event=goal.event,
        responses=goal.responses,
        offset=options.offset or "",
        entry=options.entry or "",
        strata=options.strata or "",
    )
    return infer_columns(table, goal.name, wishes)


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


def _fitted_as_number(target: Target, loss: AnyLoss) -> tuple[str, ...]:
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
    warned += thin_target(loss, encoded.y, training, options.folds)
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
    hinted = hints(loss, encoded.y, encoded.target.responses, options)
    if options.whole_categories:
        settings["whole_categories"] = True
        hinted += _no_category(table, crossed)
    if hinted:
        settings["hints"] = list(hinted)
    model = build(crossed, encoded, options, settings, warned)
    if options.private:
        model = _without_rows(model)
    tested = None
    if options.test_file:
        tested = test(model, encoded, read(options.test_file, options), None, options.weights)
    elif len(held):
        tested = test(model, encoded, table, held, options.weights)
    if tested:
        model = replace(model, settings={**model.settings, "test": tested.said()})
    certified = model.worst_gap <= options.tol
    return Fitted(model, planned, summary, tested, certified, _details(whole, crossed.cv))


def _no_category(table: Table, crossed: Crossed) -> tuple[str, ...]:
    """What is to say where --whole-categories found nothing to join."""
    if crossed.problem.penalty is not None:
        return ()
    return (f"--whole-categories: no category in {table.name}, so nothing is joined",)


def _without_rows(model: Model) -> Model:
    """Without the curves whose steps are rows: ROC, survival, baseline hazard."""
    watched = model.followup and replace(model.followup, baseline=None)
    return replace(model, separation=None, confusion=None, risk_groups=None, followup=watched)


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
