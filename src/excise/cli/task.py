"""What a target is, and so which loss is fitted: the rules behind --task, --loss and --positive."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from excise.cli.fit_options import TASKS, FitOptions
from excise.exceptions import InputError, UsageError
from excise.explain.words import count
from excise.losses import AnyLoss, Cox, Logistic, Multinomial, Squared, loss_of, task_of
from excise.results import Floats
from excise.table import Plan, Table

DROWNS, NEARLY_ALL = 0.95, 0.9995
"""A response with such a share of the variance of all is told to decide what is kept."""
MOST_CODES = 5
"""So few whole numbers beside another column look like how a time ended."""
COUNT_MEAN = 10.0
"""Whole numbers with zeros and a mean below this look like counts of events."""


def task_wanted(options: FitOptions) -> str:
    """The task that the flags ask for: "auto", "number", "class" or "survival"."""
    asked = None if options.loss is None else task_of(loss_of(options.loss))
    return asked if asked in ("class", "survival") else options.task


def loss_for(planned: Plan, options: FitOptions) -> AnyLoss:
    """The loss that fits the target; an error where what was asked for does not.

    A target of two classes gets the logistic loss, one of more the multinomial one, a number or
    several responses the squared one, a time with its event the Cox model.
    """
    if options.grouped and len(planned.target.levels) < 3 and not planned.target.responses:
        fact = f"--grouped: target {options.target!r} has no three classes or more"
        raise UsageError(fact, remedy="no --grouped")
    found = _loss_for(planned, options)
    if options.concave and not isinstance(found, Squared):
        staged = found.name not in (Cox.name, Multinomial.name)
        asked = f" --loss {options.loss}" if options.loss else ""
        raise InputError(
            f"penalty {options.penalty} is for the squared loss, not the {found.name} loss",
            ["as a schedule it solves tangents of the same penalty"] if staged else [],
            _command(options, f"{asked} --schedule {options.penalty}" if staged else asked),
        )
    if options.whole_categories and isinstance(found, Multinomial):
        many = f"target {options.target!r} has {len(planned.target.levels):,} classes"
        fact = f"{many}; --whole-categories is for two, or for a number"
        where = ["--grouped keeps or cuts a column for all classes together"]
        raise InputError(fact, where, _command(options, " --grouped"))
    responses, levels = planned.target.responses, planned.target.levels
    if options.offset is not None and (responses or found.targets == "several"):
        what = f"{len(responses)} responses" if responses else f"{len(levels):,} classes"
        fact = f"--offset {options.offset}: target {options.target!r} is {what}"
        raise UsageError(fact, ["an offset is added to one predictor"], "no --offset")
    return found


def _loss_for(planned: Plan, options: FitOptions) -> AnyLoss:
    if planned.target.responses:
        return _of_responses(planned, options)
    if planned.target.kind == "survival":
        return _of_survival(options)
    _refuse_survival(options)
    asked = None if options.loss is None else loss_of(options.loss)
    if planned.target.kind == "number":
        if options.positive is not None:
            raise UsageError(
                f"--positive {options.positive}: target {options.target!r} is a number",
                remedy=f"--task class --positive {shlex.quote(options.positive)}",
            )
        return asked or Squared()
    several = len(planned.target.levels) > 2
    if options.task == "number" and not several:
        return asked or Squared()
    if asked is not None and not asked.of_classes:
        levels = _named(planned.target.levels)
        raise InputError(
            f"target {options.target!r} is {levels}; the {asked.name} loss needs {asked.domain}",
            remedy=_command(options, ""),
        )
    return _of_many(planned, asked, options) if several else _of_two(asked, options)


def survival_flag(options: FitOptions) -> str:
    """The flag that speaks of survival times where a target is more than one column; else empty."""
    flags = ("entry", "strata", "positive")
    said = ((f"--{name}", getattr(options, name)) for name in flags)
    if options.task == "survival":
        return "--task survival"
    if task_wanted(options) == "survival":
        return f"--loss {options.loss}"
    return next((f"{flag} {shlex.quote(value)}" for flag, value in said if value is not None), "")


def _of_responses(planned: Plan, options: FitOptions) -> AnyLoss:
    """The squared loss, with a feature in or out for all responses together."""
    many = f"{len(planned.target.responses)} responses"
    asked = Squared() if options.loss is None else loss_of(options.loss)
    if not isinstance(asked, Squared):
        raise InputError(
            f"target {options.target!r} is {many}; the {asked.name} loss is for one",
            ["several responses take the squared loss"],
            _command(options, ""),
        )
    if options.task not in ("auto", "number"):
        fact = f"target {options.target!r} is {many}, not {TASKS[options.task]}"
        raise InputError(fact, remedy=_command(options, ""))
    if options.schedule is not None:
        fact = f"--schedule {options.schedule}: target {options.target!r} is {many}"
        raise UsageError(fact, ["a schedule is for one response"], "no --schedule")
    if options.concave:
        fact = f"--penalty {options.penalty}: target {options.target!r} is {many}"
        raise UsageError(fact, ["a concave penalty is for one response"], "--penalty l1")
    if options.whole_categories:
        fact = f"--whole-categories: target {options.target!r} is {many}"
        where = ["a column is in or out for all responses together"]
        raise UsageError(fact, where, "no --whole-categories")
    if options.nonnegative:
        fact = f"--nonnegative: target {options.target!r} is {many}"
        where = ["a feature is in or out for all responses together, and has no one sign"]
        raise UsageError(fact, where, "no --nonnegative")
    return asked


def _of_survival(options: FitOptions) -> AnyLoss:
    asked = None if options.loss is None else loss_of(options.loss)
    if asked is not None and task_of(asked) != "survival":
        raise InputError(
            f"target {options.target!r} is a time and its event; the {asked.name} loss needs "
            f"{asked.domain}",
            remedy=_command(options, ""),
        )
    if options.task not in ("auto", "survival"):
        raise InputError(
            f"target {options.target!r} is a time and its event, not {TASKS[options.task]}",
            remedy=_command(options, ""),
        )
    return asked or Cox()


def _refuse_survival(options: FitOptions) -> None:
    """Refuse a target of one column where flags speak of survival times."""
    command = _command(replace(options, target=f"{options.target},EVENT"), "")
    if task_wanted(options) == "survival":
        raise UsageError(
            f"target {options.target!r} is one column; survival needs a time and an event",
            ["EVENT is 1 where the event came at that time, 0 where it had not come until then"],
            command,
        )
    for flag, value in (("--entry", options.entry), ("--strata", options.strata)):
        if value is not None:
            fact = f"{flag} {value}: target {options.target!r} is one column, not TIME,EVENT"
            raise UsageError(fact, remedy=command)


def _named(levels: tuple[str, ...]) -> str:
    """'a' or 'b'; 'a', 'b', 'c', ..."""
    if len(levels) == 2:
        return " or ".join(map(repr, levels))
    return ", ".join(map(repr, levels[:3])) + ", ..." * (len(levels) > 3)


def _of_two(asked: AnyLoss | None, options: FitOptions) -> AnyLoss:
    if isinstance(asked, Multinomial):
        raise UsageError(
            f"--loss multinomial: target {options.target!r} has two classes",
            ["it is for three or more; of two it is the logistic loss"],
            "--loss logistic",
        )
    return asked or Logistic()


def _of_many(planned: Plan, asked: AnyLoss | None, options: FitOptions) -> AnyLoss:
    """The multinomial loss, of which the logistic one is that of two classes."""
    levels = planned.target.levels
    where = [_named(levels)]
    binary = "a schedule" if options.schedule is not None else ""
    if asked is not None and not isinstance(asked, (Logistic, Multinomial)):
        binary = f"the {asked.name} loss"
    if binary:
        fact = f"target {options.target!r} has {len(levels):,} classes; {binary} is for two"
        raise InputError(fact, where, _command(options, ""))
    if options.positive is not None:
        raise UsageError(
            f"--positive {options.positive}: target {options.target!r} has {len(levels):,} classes",
            [*where, "each of them has a probability"],
            "no --positive",
        )
    return Multinomial()


def check_target(
    loss: AnyLoss, y: Floats, table: Table, planned: Plan, options: FitOptions
) -> None:
    """Refuse values that the loss has no meaning for, naming the line, and too few of a class.

    Survival times were read line by line: only their events can be too few by now.
    """
    if loss.of_classes:
        _check_classes(y, planned, options)
        return
    if planned.target.kind == "survival":
        _check_events(y, planned)
        return
    wrong = np.flatnonzero(~loss.usable(y))
    if len(wrong) == 0:
        return
    row = int(planned.rows[wrong[0]])
    many = f"{len(wrong):,} of {count(len(y), 'row')} have such a value"
    where = [many] if len(wrong) > 1 else []
    flag = " --loss tweedie" if loss.name == "gamma" and bool(np.all(y >= 0.0)) else ""
    raise InputError(
        f"target {options.target!r} is {y[wrong[0]]:g} ({table.place(row)}); "
        f"the {loss.name} loss needs {loss.domain}",
        where,
        _command(options, flag),
    )


def _check_classes(y: Floats, planned: Plan, options: FitOptions) -> None:
    """Each class needs a row to train on in every fold."""
    classes = len(planned.target.levels)
    if 2 * classes > len(y) and classes > 2:
        raise InputError(
            f"target {planned.target.name!r} has {classes:,} classes in "
            f"{count(len(y), 'usable row')}",
            ["a class needs two rows or more"],
            _command(options, " --task number"),
        )
    for code, level in enumerate(planned.target.levels):
        n = int(np.count_nonzero(y == code))
        if n < 2:
            raise InputError(
                f"target {planned.target.name!r} is {level!r} in {count(n, 'usable row')} only",
                ["a class needs two rows or more"],
            )


def _check_events(y: Floats, planned: Plan) -> None:
    """There must be an event to train on and one to hold out."""
    if (n := int(np.count_nonzero(y))) < 2:
        raise InputError(
            f"event {planned.target.event!r} came in {count(n, 'usable row')} only",
            ["two events or more are needed"],
        )


def thin_target(loss: AnyLoss, y: Floats, planned: Plan, folds: int) -> tuple[str, ...]:
    """The warning about a class with fewer than two rows, or events, per fold."""
    if planned.target.kind == "survival":
        events = int(np.count_nonzero(y))
        few = f"only {count(events, 'event')}: fewer than 2 in each of {folds} folds"
        return () if events >= 2 * folds else (f"{few}, so its scores are rough",)
    if not loss.of_classes:
        return ()
    counts = [int(np.count_nonzero(y == code)) for code in range(len(planned.target.levels))]
    n = min(counts)
    level = planned.target.levels[max(k for k, m in enumerate(counts) if m == n)]
    if n >= 2 * folds:
        return ()
    return (
        f"only {count(n, 'row')} of {level!r}: fewer than 2 in each of {folds} folds, so its "
        "scores are rough",
    )


def hints(
    loss: AnyLoss, y: NDArray[np.float64], names: tuple[str, ...], options: FitOptions
) -> tuple[str, ...]:
    """Another loss that the target looks made for, where none was asked for.

    Of several responses, whose names are given, whether one of them drowns the others, and whether
    two look like a time and how it ended.
    """
    if names:
        found = _of_sizes(y, names)
        return found if options.task == "number" else (*found, *_of_codes(y, names))
    if options.loss is not None or options.task == "number" or not isinstance(loss, Squared):
        return ()
    if bool(np.all((y == 0.0) | (y == 1.0))):
        return (f"{options.target} is 0 or 1: --task class fits the probability of 1",)
    whole = bool(np.all((y >= 0.0) & (y == np.round(y)))) and bool(np.any(y == 0.0))
    if whole and float(y.mean()) < COUNT_MEAN:
        return (f"{options.target} looks like a count: --loss poisson fits its logarithm",)
    return ()


def _of_sizes(y: NDArray[np.float64], names: tuple[str, ...]) -> tuple[str, ...]:
    """The response that has nearly all of the variance, and so decides what is kept."""
    scale = float(np.abs(y).max())
    variance = (y / scale).var(axis=0)
    share, top = float(variance.max() / variance.sum()), names[int(variance.argmax())]
    if share < DROWNS:
        return ()
    part = "nearly all" if share > NEARLY_ALL else f"{share:.1%}"
    return (
        f"{top} has {part} of the variance of all responses, and so decides what is kept: measure "
        "them in like units",
    )


def _of_codes(y: NDArray[np.float64], names: tuple[str, ...]) -> tuple[str, ...]:
    """Two responses, the first above 0, the second a few whole numbers: competing events, say."""
    codes = np.unique(y[:, 1])
    if len(names) > 2 or y[:, 0].min() <= 0.0 or len(codes) > MOST_CODES:
        return ()
    if codes[0] < 0.0 or np.any(codes != np.round(codes)):
        return ()
    return (
        f"{names[1]} has {len(codes)} values: if one of them, say {codes[1]:g}, says that an event "
        f"came at {names[0]}, --positive {codes[1]:g} fits survival times",
    )


def _command(options: FitOptions, flags: str) -> str:
    table = "-" if options.table == "-" else shlex.quote(options.table)
    return f"excise fit {table} {shlex.quote(options.target)}{flags}"
