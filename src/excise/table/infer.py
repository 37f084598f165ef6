"""From a table and what a person asked for to a plan."""

from __future__ import annotations

import fnmatch
import math
import shlex
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl

from excise.exceptions import InputError, UsageError
from excise.explain.words import closest, count, listing
from excise.table.kinds import Kind, class_names, kind_of, plain, truth
from excise.table.plan import ColumnPlan, Plan, TargetPlan, Wishes
from excise.table.reader import Table
from excise.table.responses import plan_responses
from excise.table.roles import require_column
from excise.table.survival import plan_survival
from excise.table.text import Integers

_MANY_MISSING = 0.5


def infer_columns(
    table: Table, target: str, wishes: Wishes | None = None, *, retry: str = ""
) -> Plan:
    """Decide the kind of every column, on the rows that have a target.

    Parameters
    ----------
    table : Table
    target : str
        Column to predict; of survival times the column of times, of several responses the first.
    wishes : Wishes, optional
    retry : str, default=""
        Command with ``{}`` for a column, offered when the target is mistyped; default
        ``excise fit TABLE {}``.

    Raises
    ------
    InputError
        No such column, no usable target or feature, text among numbers, decimal commas.
    """
    wishes = wishes or Wishes()
    _check_wishes(wishes)
    retry = retry or f"excise fit {table.typed} {{}}"
    require_column(table, target, retry)
    parts = {target, *wishes.reserved, *wishes.responses}
    parts |= set(filter(None, (wishes.event, wishes.entry, wishes.strata, wishes.offset)))
    for name in sorted(parts - {target}):
        require_column(table, name)
    if wishes.event:
        target_plan, rows = plan_survival(table, target, wishes)
    elif wishes.responses:
        target_plan, rows = plan_responses(table, wishes.responses)
    else:
        target_plan, rows = _plan_target(table, target, wishes)
    names = _names_asked_for(table, parts, wishes)
    used = table.frame if len(rows) == table.frame.height else table.frame[rows]
    columns, dropped, warnings = _plan_columns(table, used.select(names), rows, wishes)
    if not columns:
        kinds = [f"{column.name}: {column.kind}" for column in dropped[:5]]
        fact = f"{table.name} has no column to predict {target_plan.argument!r} from"
        raise InputError(fact, kinds)
    if wishes.missing == "error":
        _refuse_missing(table, used, rows, columns)
    complete = rows
    if wishes.missing == "drop":
        complete = _complete_rows(table, used, rows, columns)
    taken = {*parts, *names}
    return Plan(
        table.name,
        table.frame.height,
        complete,
        replace(target_plan, offset=wishes.offset),
        columns,
        dropped,
        tuple(name for name in table.frame.columns if name not in taken),
        len(rows) - len(complete),
        wishes.missing,
        (*table.notes, *warnings),
    )


def _check_wishes(wishes: Wishes) -> None:
    if wishes.missing not in ("impute", "drop", "error"):
        raise UsageError(
            f"{wishes.missing!r} is no way to treat missing values", ["impute, drop or error"]
        )
    if wishes.task not in ("auto", "number", "class", "survival"):
        raise UsageError(f"no task named {wishes.task!r}", ["auto, number, class or survival"])
    for name, factor in wishes.tax.items():
        if math.isnan(factor) or factor < 0:
            raise UsageError(f"the tax factor of {name!r} is {factor:g}; it cannot be below 0")


def _matched(table: Table, patterns: Iterable[str]) -> dict[str, str]:
    """Columns that a name or glob matches, with the pattern; one that matches none is an error."""
    found: dict[str, str] = {}
    for pattern in patterns:
        exact = [pattern] if pattern in table.frame.columns else []
        hits = exact or [n for n in table.frame.columns if fnmatch.fnmatchcase(n, pattern)]
        if not hits:
            require_column(table, pattern)
        found.update(dict.fromkeys(hits, pattern))
    return found


def _names_asked_for(table: Table, taken: set[str], wishes: Wishes) -> list[str]:
    dropped = _matched(table, wishes.drop)
    only = _matched(table, wishes.only) if wishes.only else dict.fromkeys(table.frame.columns, "")
    kept = set(_matched(table, wishes.keep)) - set(dropped)
    return [
        name
        for name in table.frame.columns
        if (name in only or name in kept) and name not in dropped and name not in taken
    ]


def _plan_columns(
    table: Table, frame: pl.DataFrame, rows: Integers, wishes: Wishes
) -> tuple[tuple[ColumnPlan, ...], tuple[ColumnPlan, ...], list[str]]:
    kept = _matched(table, wishes.keep)
    taxes = _matched(table, wishes.tax)
    only = _matched(table, wishes.only)
    used: list[ColumnPlan] = []
    dropped: list[ColumnPlan] = []
    warnings: list[str] = []
    for column in frame:
        name = column.name
        asked = name in (kept.get(name), taxes.get(name), only.get(name))
        column = plain(column)
        found = kind_of(column, lambda row: table.place(int(rows[row])), table.style, asked=asked)
        factor = 0.0 if name in kept else wishes.tax[taxes[name]] if name in taxes else 1.0
        missing = column.null_count()
        plan = ColumnPlan(name, found.kind, missing, found.format, factor)
        (used if found.kind.usable else dropped).append(plan)
        if found.warning:
            warnings.append(found.warning)
        if found.kind.usable and missing > _MANY_MISSING * len(column):
            warnings.append(f"column {name!r} is missing in {missing:,} of {len(column):,} rows")
    lost = [name for name in kept if any(name == column.name for column in dropped)]
    if lost:
        kinds = {column.name: column.kind for column in dropped}
        named = listing([f"{name!r} ({kinds[name]})" for name in lost[:5]])
        warnings.append(f"{named} cannot be kept: dropped all the same")
    return tuple(used), tuple(dropped), warnings


def _plan_target(table: Table, name: str, wishes: Wishes) -> tuple[TargetPlan, Integers]:
    task = wishes.task
    column = plain(table.frame[name])
    rows = np.flatnonzero(column.is_not_null().to_numpy())
    if not len(rows):
        raise InputError(
            f"target {name!r} is missing in all {len(column):,} rows",
            ["check the column, or name another target"],
        )
    present = column.drop_nulls()
    found = kind_of(present, lambda row: table.place(int(rows[row])), table.style, asked=True)
    if found.kind is Kind.CONSTANT:
        raise InputError(
            f"target {name!r} is {_spoken(present)} in all {len(present):,} rows; "
            "there is nothing to learn",
            [f"check the filter that made {table.name}, or name another target"],
        )
    missing = len(column) - len(rows)
    if found.kind is Kind.NUMBER and task != "class":
        return TargetPlan(name, "number", (), missing), rows
    if task == "number" or found.kind not in (Kind.NUMBER, Kind.YES_NO, Kind.CATEGORY):
        known_as = "a number" if task == "number" else "a number or a class"
        raise InputError(
            f"target {name!r} is not {known_as} but {found.kind} "
            f"({table.place(int(rows[0]))}: {str(present[0])!r})",
            remedy="name another target",
        )
    levels, counts = _levels(name, class_names(present), wishes.positive)
    return TargetPlan(name, "class", levels, missing, counts), rows


def _levels(
    name: str, present: pl.Series, positive: str | None
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The classes and their rows; of two the positive one last."""
    tally = present.value_counts(sort=False).sort(present.name)
    counts = dict(zip(*(tally[column].to_list() for column in tally.columns), strict=True))
    levels = list(counts)
    if positive is not None and positive not in counts:
        near = closest(positive, levels, limit=1)
        found = ", ".join(f"{level} ({counts[level]:,})" for level in levels[:5])
        raise InputError(
            f"no class named {positive!r} in target {name!r}",
            [f"its classes: {found}{', ...' * (len(levels) > 5)}"],
            f"--positive {shlex.quote(near[0])}" if near else "",
        )
    if len(levels) == 2:
        asserted = truth(pl.Series(levels))
        second = counts[levels[0]] >= counts[levels[1]] if asserted is None else not asserted[0]
        second = second if positive is None else positive == levels[1]
        levels = levels if second else levels[::-1]
    return tuple(levels), tuple(counts[level] for level in levels)


def _spoken(present: pl.Series) -> str:
    value = present[0]
    return f"{value:g}" if present.dtype.is_numeric() else repr(str(value))


def _refuse_missing(
    table: Table, frame: pl.DataFrame, rows: Integers, columns: tuple[ColumnPlan, ...]
) -> None:
    holes = [column for column in columns if column.missing]
    if holes:
        first = holes[0]
        row = plain(frame[first.name]).is_null().arg_true()[0]
        also = [f"and {count(len(holes) - 1, 'other column')}"] if len(holes) > 1 else []
        raise InputError(
            f"column {first.name!r} has {count(first.missing, 'missing value')} "
            f"(first in {table.place(int(rows[row]))})",
            also,
            "--missing impute or --missing drop",
        )


def _complete_rows(
    table: Table, frame: pl.DataFrame, rows: Integers, columns: tuple[ColumnPlan, ...]
) -> Integers:
    complete = np.ones(len(rows), bool)
    for column in columns:
        if column.missing:
            complete &= plain(frame[column.name]).is_not_null().to_numpy()
    if not complete.any():
        worst = max(columns, key=lambda column: column.missing)
        raise InputError(
            f"no row of {table.name} is complete",
            [f"column {worst.name!r} is missing in {worst.missing:,} of {len(rows):,} rows"],
            f"--missing impute, or --drop {shlex.quote(worst.name)}",
        )
    return rows[complete]
