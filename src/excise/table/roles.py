"""Columns with another part than feature or target: weights, groups, times."""

from __future__ import annotations

import shlex

import numpy as np
import polars as pl
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.explain.words import closest, count
from excise.results import Floats
from excise.table.dates import as_dates, date_format
from excise.table.kinds import class_names, plain, refuse_infinity
from excise.table.reader import Table
from excise.table.text import Integers


def require_column(table: Table, name: str, retry: str = "") -> None:
    """Raise when the table has no such column; offer the closest names."""
    names = table.frame.columns
    if name in names:
        return
    near = closest(name, names)
    if near:
        where = f"{count(len(names), 'column')}; closest: {', '.join(near)}"
    else:
        shown = names if len(names) <= 6 else [*names[:6], "..."]
        where = f"{count(len(names), 'column')}: {', '.join(shown)}"
    remedy = retry.replace("{}", shlex.quote(near[0])) if near else ""
    raise InputError(f"no column named {name!r} in {table.name}", [where], remedy)


def numbers_of(table: Table, name: str, rows: Integers, role: str) -> Floats:
    """A column of numbers or dates (as days), nothing missing, for `role` ("weights", "time")."""
    series = _present(table, name, rows, role)
    format = date_format(series) if series.dtype == pl.String else ""
    if series.dtype.is_temporal() or format:
        return as_dates(series, format or "").dt.epoch("us").to_numpy() / 86_400e6
    if not (series.dtype.is_numeric() or series.dtype == pl.Boolean):
        raise InputError(
            f"column {name!r} cannot be used as {role}: it holds text "
            f"({table.place(int(rows[0]))}: {str(series[0])!r})"
        )
    if series.dtype.is_numeric():
        refuse_infinity(series, lambda row: table.place(int(rows[row])))
    return series.cast(pl.Float64).to_numpy().copy()


def codes_of(table: Table, name: str, rows: Integers, role: str = "groups") -> Integers:
    """A whole number for each different value of a column, in order of appearance."""
    series = _present(table, name, rows, role)
    if series.dtype.is_nested():
        raise InputError(f"column {name!r} cannot be used as {role}: it holds lists")
    return (series.cast(pl.String).rank("dense") - 1).to_numpy().astype(np.int64)


def labels_of(table: Table, name: str, rows: Integers, role: str) -> NDArray[np.str_]:
    """The values of a column as text, nothing missing."""
    series = _present(table, name, rows, role)
    if series.dtype.is_nested():
        raise InputError(f"column {name!r} cannot be used as {role}: it holds lists")
    return np.array(class_names(series).to_list(), dtype=np.str_)


def _present(table: Table, name: str, rows: Integers, role: str) -> pl.Series:
    require_column(table, name)
    series = plain(table.frame[name][rows])
    if series.null_count():
        row = int(rows[series.is_null().arg_true()[0]])
        raise InputError(
            f"column {name!r} cannot be used as {role}: "
            f"{series.null_count():,} of {len(series):,} values are missing ({table.place(row)})"
        )
    return series
