"""Targets of two columns, TIME,EVENT: checked line by line, and read as survival times."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

import numpy as np
import polars as pl

from excise.exceptions import InputError
from excise.explain.words import closest, count
from excise.results import Floats
from excise.survival import Survival
from excise.table.kinds import YES, Kind, class_names, kind_of, plain, truth, zero_or_one
from excise.table.plan import TargetPlan, Wishes
from excise.table.reader import Table
from excise.table.roles import labels_of, numbers_of
from excise.table.text import Integers

RULE = "events are 0 or 1, no or yes, false or true"
BOTH = "--task number, if both are responses"
_SHOWN = 5


def plan_survival(table: Table, time: str, wishes: Wishes) -> tuple[TargetPlan, Integers]:
    """The target, and the rows that have a time and an event.

    Raises
    ------
    InputError
        A time or an event that is missing (unless such rows are to be dropped) or cannot be used,
        with its line; or no event at all.
    """
    columns = {"time": plain(table.frame[time]), "event": plain(table.frame[wishes.event])}
    known = np.ones(table.frame.height, bool)
    for role, series in columns.items():
        absent = series.is_null().to_numpy()
        if absent.all() or (absent.any() and wishes.missing != "drop"):
            raise _missing(table, role, series.name, absent)
        known &= ~absent
    rows = np.flatnonzero(known)
    target = TargetPlan(
        time,
        "survival",
        missing=table.frame.height - len(rows),
        event=wishes.event,
        happened=_happened(columns["event"], wishes.positive),
        entry=wishes.entry,
        strata=wishes.strata,
    )
    if not len(rows):
        raise InputError(f"no row of {table.name} has a {time!r} and a {wishes.event!r}")
    events = int(read_survival(table, rows, target).event.sum())
    if not events:
        value = columns["event"][int(rows[0])]
        raise InputError(
            f"event {wishes.event!r} is {_spoken(value)} in all {len(rows):,} rows; "
            "there is nothing to learn",
            [f"check the filter that made {table.name}, or name another event"],
        )
    return target.with_counts(len(rows) - events, events), rows


def read_survival(table: Table, rows: Integers, target: TargetPlan) -> Survival:
    """These rows of a table as survival times; nothing may be missing."""
    time, event, entry, strata = target.name, target.event, target.entry, target.strata
    happened = _Column(table, rows, event).events(target.happened, _Column(table, rows, time))
    times = _Column(table, rows, time).times()
    late = numbers_of(table, entry, rows, "entry") if entry else None
    if late is not None and (wrong := np.flatnonzero(~(late < times))).size:
        row = int(wrong[0])
        raise InputError(
            f"entry {entry!r} is {late[row]:g} ({table.place(int(rows[row]))}), "
            f"not before its time, {times[row]:g}",
            _how_many(len(wrong), len(rows)),
        )
    labels = labels_of(table, strata, rows, "strata") if strata else None
    return Survival(times, happened, late, labels)


def _missing(table: Table, role: str, name: str, absent: np.ndarray) -> InputError:
    n, rows = int(absent.sum()), len(absent)
    if n == rows:
        return InputError(f"{role} {name!r} is missing in all {rows:,} rows")
    first = table.place(int(np.flatnonzero(absent)[0]))
    return InputError(
        f"{role} {name!r} is missing in {n:,} of {count(rows, 'row')} ({first})",
        ["a row counts only with its time and its event"],
        "--missing drop",
    )


def _happened(series: pl.Series, positive: str | None) -> str:
    """The value that means an event, where it was named; a name that is not there is an error."""
    if positive is None:
        return ""
    counts = _tally(series)
    if positive in counts:
        return positive
    near = closest(positive, counts, limit=1)
    raise InputError(
        f"no {positive!r} in event {series.name!r}",
        [_listed(counts)],
        f"--positive {shlex.quote(near[0])}" if near else "",
    )


def _tally(series: pl.Series) -> dict[str, int]:
    """How many rows have each value, as text, the commonest first."""
    tally = class_names(series.drop_nulls()).value_counts(sort=True)
    return dict(zip(*(tally[column].to_list() for column in tally.columns), strict=True))


def _listed(counts: dict[str, int]) -> str:
    shown = sorted(list(counts)[:_SHOWN])
    found = ", ".join(f"{value} ({counts[value]:,})" for value in shown)
    return f"its values: {found}{', ...' * (len(counts) > _SHOWN)}"


def _how_many(wrong: int, rows: int) -> list[str]:
    return [f"{wrong:,} of {count(rows, 'row')} have such a value"] if wrong > 1 else []


def _spoken(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else repr(str(value))


@dataclass(frozen=True)
class _Column:
    """Some rows of a column."""

    table: Table
    rows: Integers
    name: str

    @property
    def series(self) -> pl.Series:
        return plain(self.table.frame[self.name][self.rows])

    def place(self, row: int) -> str:
        return self.table.place(int(self.rows[row]))

    def times(self) -> Floats:
        """Numbers above 0."""
        series = self.series
        kind = kind_of(series, self.place, self.table.style, asked=True).kind
        if not series.dtype.is_numeric():
            raise InputError(
                f"time {self.name!r} is not a number but {kind} "
                f"({self.place(0)}: {str(series[0])!r})",
                ["a time is counted from the start of each row, in days, months or years"]
                if kind is Kind.DATE
                else [],
                "name another time",
            )
        times: Floats = series.cast(pl.Float64).to_numpy()
        wrong = np.flatnonzero(~(times > 0.0))
        if len(wrong):
            raise InputError(
                f"time {self.name!r} is {times[wrong[0]]:g} ({self.place(int(wrong[0]))}); "
                "times must be > 0",
                [
                    *_how_many(len(wrong), len(times)),
                    "nobody is at risk before time 0: correct these rows, or leave them out",
                ],
                BOTH if times.min() < 0.0 else "",
            )
        return times

    def events(self, happened: str, time: _Column) -> Floats:
        """1 where the event came, else 0."""
        series = self.series
        if happened:
            return (class_names(series) == happened).cast(pl.Float64).to_numpy()
        if series.dtype == pl.String and truth(series) is not None:
            return series.str.to_lowercase().is_in(YES).cast(pl.Float64).to_numpy()
        if series.dtype == pl.Boolean or (series.dtype.is_numeric() and zero_or_one(series).all()):
            return series.cast(pl.Float64).to_numpy()
        raise self._no_events(series, time)

    def _no_events(self, series: pl.Series, time: _Column) -> InputError:
        fine = zero_or_one(series) if series.dtype.is_numeric() else pl.Series([False])
        row = int((~fine).arg_true()[0])
        counts = _tally(series)
        fact = f"event {self.name!r} is {_spoken(series[row])} ({self.place(row)}); {RULE}"
        other = time.series
        numbers = series.dtype.is_numeric()
        if numbers and other.dtype.is_numeric() and zero_or_one(other).all():
            command = f"excise fit {self.table.typed} {shlex.quote(f'{self.name},{time.name}')}"
            swapped = f"{time.name!r} is all 0 and 1: are the two the other way round?"
            return InputError(fact, [swapped], f"{command}, or {BOTH}")
        if len(counts) > _SHOWN:
            return InputError(fact, [_listed(counts)], "name another event")
        likely = max(counts) if numbers else min(counts, key=lambda k: counts[k])
        remedy = f"--positive {shlex.quote(likely)}, if that says that the event came"
        return InputError(fact, [_listed(counts)], f"{remedy}, or {BOTH}" if numbers else remedy)
