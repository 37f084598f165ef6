"""Several responses: columns of numbers, planned together and read as a matrix."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import numpy as np
import polars as pl

from excise.exceptions import InputError
from excise.results import Floats
from excise.table.kinds import Kind, kind_of, plain
from excise.table.plan import TargetPlan
from excise.table.reader import Table
from excise.table.text import Integers


def plan_responses(table: Table, names: tuple[str, ...]) -> tuple[TargetPlan, Integers]:
    """The target, and the rows that have all responses.

    Raises
    ------
    InputError
        A response that holds no numbers, one that holds infinity, or one that is constant.
    """
    columns = [plain(table.frame[name]) for name in names]
    absent = np.array([column.is_null().to_numpy() for column in columns])
    for column, missing in zip(columns, absent, strict=True):
        _check_kind(table, names, column, np.flatnonzero(~missing))
    rows = np.flatnonzero(~absent.any(axis=0))
    if not len(rows):
        lacking = absent.sum(axis=1)
        most = int(lacking.argmax())
        raise InputError(
            f"no row of {table.name} has all {len(names)} responses",
            [f"{names[most]!r} is missing in {lacking[most]:,} of {table.frame.height:,} rows"],
            _without(table, names, names[most]),
        )
    for column in columns:
        present = column[rows]
        if present.min() == present.max():
            raise InputError(
                f"response {column.name!r} is {present[0]:g} in all {len(rows):,} rows; there is "
                "nothing to learn",
                [f"check the filter that made {table.name}, or leave it out"],
                _without(table, names, column.name),
            )
    plan = TargetPlan(
        names[0],
        "responses",
        missing=table.frame.height - len(rows),
        counts=tuple(absent.sum(axis=1).tolist()),
        responses=names,
    )
    return plan, rows


def read_responses(frame: pl.DataFrame, names: Sequence[str]) -> Floats:
    """A column for each response, NaN where it is missing or no number."""
    columns = [plain(frame[name]).cast(pl.Float64, strict=False) for name in names]
    return np.column_stack([column.fill_null(float("nan")).to_numpy() for column in columns])


def _check_kind(table: Table, names: tuple[str, ...], column: pl.Series, rows: Integers) -> None:
    """Refuse what is no column of numbers; constants are looked for among the rows in use."""
    name, present = column.name, column.drop_nulls()
    if not len(rows):
        raise InputError(
            f"response {name!r} is missing in all {len(column):,} rows",
            remedy=_without(table, names, name),
        )
    kind = kind_of(present, lambda row: table.place(int(rows[row])), table.style, asked=True).kind
    if kind is Kind.NUMBER or (kind is Kind.CONSTANT and present.dtype.is_numeric()):
        return
    raise InputError(
        f"response {name!r} is not a number but {kind} "
        f"({table.place(int(rows[0]))}: {str(present[0])!r})",
        ["several responses are numbers; a class has a model of its own"],
        _without(table, names, name),
    )


def _without(table: Table, names: tuple[str, ...], name: str) -> str:
    """The command that leaves one out."""
    rest = ",".join(other for other in names if other != name)
    return f"excise fit {table.typed} {shlex.quote(rest)}"
