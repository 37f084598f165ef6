"""A plan for a table: which rows, which columns, of which kind; and the one line that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from excise.explain.words import count
from excise.model.parts import target_columns
from excise.table.kinds import Kind
from excise.table.text import Integers

MOST_NAMED = 5
"""Responses named in a sentence about missing ones."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person asked for; column names may be globs (``s?``, ``gene_*``).

    Attributes
    ----------
    drop, only : tuple of str
        Columns to leave out, or the only ones to use.
    keep : tuple of str
        Columns that pay no tax.
    tax : mapping of str to float
        Factor on the tax, per source column; infinity excludes.
    missing : str
        "impute" (median or mode, and an "x is missing" column), "drop" (rows) or "error".
    reserved : tuple of str
        Columns with another part to play (weights, groups, time): never features.
    task : str
        "auto", "number" or "class".
    positive : str or None
        The class whose probability is wanted; None: yes or true, else the rarer of two. Of
        survival times the value that says that the event came; None: 1, yes or true.
    event, entry, strata : str
        Of survival times the columns of events, late entries and strata; empty: there are none.
    responses : tuple of str
        Several columns to predict; empty: there is one.
    offset : str
        The column that is added to the predictor; empty: there is none.
    """

    drop: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    tax: Mapping[str, float] = field(default_factory=dict)
    missing: str = "impute"
    reserved: tuple[str, ...] = ()
    task: str = "auto"
    positive: str | None = None
    event: str = ""
    entry: str = ""
    strata: str = ""
    responses: tuple[str, ...] = ()
    offset: str = ""


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column of the table: its kind, how many values are missing, its factor on the tax."""

    name: str
    kind: Kind
    missing: int = 0
    format: str = ""
    penalty_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """The target: kind "number", "class", "survival" or "responses", and rows that lack it.

    `levels` are those of classes; of two the second is the positive one. `counts` says how many
    rows are of each, of survival times how many are censored and how many end in the event, of
    several responses how many rows lack each. `event`, `happened`, `entry`, `strata`,
    `responses` and `offset` are those of `excise.model.Target`.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    missing: int = 0
    counts: tuple[int, ...] = ()
    event: str = ""
    happened: str = ""
    entry: str = ""
    strata: str = ""
    responses: tuple[str, ...] = ()
    offset: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the table that it is made of."""
        return target_columns(self.name, self.event, self.responses)

    @property
    def argument(self) -> str:
        """As the command line calls it: NAME, or TIME,EVENT, or A,B,C of several responses."""
        return ",".join(self.columns)

    def lacking(self, rows: int) -> str:
        """Of how many rows it is missing: 3 of 16 rows have no target 'y'."""
        n = self.missing
        if not self.responses:
            have = "has" if n == 1 else "have"
            return f"{n:,} of {count(rows, 'row')} {have} no target {self.argument!r}"
        each = [f"{k:,} {name}" for name, k in zip(self.responses, self.counts, strict=True) if k]
        more = [f"{len(each) - MOST_NAMED:,} more"] if len(each) > MOST_NAMED else []
        lack = "lacks" if n == 1 else "lack"
        named = ", ".join([*each[:MOST_NAMED], *more])
        return f"{n:,} of {count(rows, 'row')} {lack} a response ({named})"

    def with_counts(self, censored: int, events: int) -> TargetPlan:
        """The same, once survival times are counted."""
        return replace(self, counts=(censored, events))

    def summary(self) -> str:
        """Number; malignant (212) or benign (357); class (a, b, c); 35 events, 52 censored."""
        if self.event:
            censored, events = self.counts
            return f"{count(events, 'event')}, {censored:,} censored"
        if self.responses:
            return f"{len(self.responses)} responses"
        if len(self.levels) == 2 == len(self.counts):
            (other, positive), (n_other, n_positive) = self.levels, self.counts
            return f"{positive} ({n_positive:,}) or {other} ({n_other:,})"
        return f"{self.kind} ({', '.join(self.levels[:5])})" if self.levels else self.kind


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What will be made of a table.

    Attributes
    ----------
    table : str
        Name of the table.
    n_rows : int
        Rows of the table.
    rows : ndarray of int64
        Those that are used: they have a target (and, if missing values drop rows, all else).
    target : TargetPlan
    columns : tuple of ColumnPlan
        Encoded, in table order.
    dropped : tuple of ColumnPlan
        Left out because of their kind.
    excluded : tuple of str
        Left out as asked.
    incomplete : int
        Rows with a target that are left out because something else is missing.
    missing : str
        "impute", "drop" or "error".
    warnings : tuple of str
    """

    table: str
    n_rows: int
    rows: Integers
    target: TargetPlan
    columns: tuple[ColumnPlan, ...]
    dropped: tuple[ColumnPlan, ...] = ()
    excluded: tuple[str, ...] = ()
    incomplete: int = 0
    missing: str = "impute"
    warnings: tuple[str, ...] = ()

    def counts(self) -> str:
        """10 numbers, 0 categories, 0 dropped."""
        kinds = self._count_kinds()
        kinds[Kind.NUMBER] = kinds.get(Kind.NUMBER, 0)
        kinds[Kind.CATEGORY] = kinds.get(Kind.CATEGORY, 0)
        parts = [_count_kind(kind, kinds[kind]) for kind in Kind if kind in kinds]
        return ", ".join([*parts, f"{len(self.dropped)} dropped"])

    def summary(self) -> str:
        """diabetes.csv: 442 rows, 10 numbers, nothing missing. Target progression: number."""
        kinds = self._count_kinds()
        parts = [count(self.n_rows, "row")]
        parts += [_count_kind(kind, kinds[kind]) for kind in Kind if kind in kinds]
        if self.dropped:
            named = [f"{column.name}: {column.kind}" for column in self.dropped[:3]]
            more = [f"and {len(self.dropped) - 3:,} more"] if len(self.dropped) > 3 else []
            parts.append(f"{len(self.dropped):,} dropped ({', '.join(named + more)})")
        parts.append(self._missing_text())
        target = self.target.summary()
        if self.target.offset:
            target += f", offset {self.target.offset}"
        return f"{self.table}: {', '.join(parts)}. Target {self.target.argument}: {target}"

    def _count_kinds(self) -> dict[Kind, int]:
        kinds: dict[Kind, int] = {}
        for column in self.columns:
            kinds[column.kind] = kinds.get(column.kind, 0) + 1
        return kinds

    def _missing_text(self) -> str:
        values = sum(column.missing for column in self.columns)
        holes = sum(1 for column in self.columns if column.missing)
        parts = []
        if values:
            parts.append(f"{count(values, 'value')} missing in {count(holes, 'column')}")
        if self.target.missing:
            what = "without all responses" if self.target.responses else "without target"
            parts.append(f"{count(self.target.missing, 'row')} {what} left out")
        if self.incomplete:
            parts.append(f"{count(self.incomplete, 'incomplete row')} left out")
        return ", ".join(parts) or "nothing missing"


def _count_kind(kind: Kind, n: int) -> str:
    if kind is Kind.YES_NO:
        return f"{n:,} yes/no"
    if kind is Kind.CATEGORY and n != 1:
        return f"{n:,} categories"
    return count(n, kind.value)
