"""How one column of a table becomes numbers: four small recipes, learned once, applied anywhere.

A recipe maps the n entries of its ``source`` to an (n, k) array, one column per feature, NaN where
an entry is missing; what stands in for a missing entry (``fill``) is the median of numbers and
dates and the most frequent level of the others. Recipes are plain data: ``vars`` is their JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Protocol, Self

import numpy as np
import polars as pl

from excise.results import Floats
from excise.table.dates import ISO, as_dates
from excise.table.kinds import NO, YES, truth
from excise.table.plan import ColumnPlan

_DAY_US = 86_400e6


class Recipe(Protocol):
    """One column of a table to k columns of numbers.

    Attributes
    ----------
    kind : str
        As in the model file.
    strict : bool
        Whether an entry that the recipe does not know is an error (text among numbers) or counted
        and encoded as 0 (a level not seen in training).
    """

    kind: ClassVar[str]
    strict: ClassVar[bool]

    @property
    def source(self) -> str:
        """The column it reads."""

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """Names of the k features, each with what 0 and 1 stand for, or the level 1 marks."""

    def values(self, series: pl.Series) -> Floats:
        """The (n, k) array; rows of entries that are missing or not known are NaN."""

    def fill(self, values: Floats) -> Floats:
        """What stands in for a missing entry, shape (k,); NaN where no entry is present."""


@dataclass(frozen=True, slots=True)
class Number:
    """The number itself."""

    kind: ClassVar[str] = "number"
    strict: ClassVar[bool] = True
    source: str

    @classmethod
    def learn(cls, series: pl.Series, plan: ColumnPlan) -> Self:
        """Nothing to remember."""
        return cls(series.name)

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """One, named like the column."""
        return {self.source: ()}

    def values(self, series: pl.Series) -> Floats:
        """Entries as float64."""
        return series.cast(pl.Float64, strict=False).to_numpy().reshape(-1, 1)

    def fill(self, values: Floats) -> Floats:
        """The median."""
        return medians(values)


@dataclass(frozen=True, slots=True)
class YesNo:
    """One 0/1 feature; 1 is yes, or the rarer of two levels (of equally rare ones, the last)."""

    kind: ClassVar[str] = "yes/no"
    strict: ClassVar[bool] = False
    source: str
    no: str
    yes: str

    @classmethod
    def learn(cls, series: pl.Series, plan: ColumnPlan) -> Self:
        """Remember the two levels."""
        present = series.drop_nulls()
        if present.dtype == pl.Boolean:
            return cls(series.name, "false", "true")
        levels = present.value_counts(sort=True)[series.name].to_list()
        if truth(present) is not None:
            no = next((level for level in levels if level.lower() in NO), "no")
            return cls(series.name, no, next((v for v in levels if v.lower() in YES), "yes"))
        shares = [int((present == level).sum()) for level in levels]
        return cls(series.name, *(min(levels), max(levels)) if len({*shares}) == 1 else levels)

    @property
    def says_yes(self) -> bool:
        """Whether its levels are words for no and yes, not names such as ``north``, ``south``."""
        return self.no.lower() in NO and self.yes.lower() in YES

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """``smoker``, or ``side=north`` when the levels are not words for yes and no."""
        name = self.source if self.says_yes else f"{self.source}={self.yes}"
        return {name: (self.no, self.yes)}

    def values(self, series: pl.Series) -> Floats:
        """1 for yes, 0 for no; other spellings of yes and no are understood."""
        text = as_text(series)
        yes, no = text == self.yes, text == self.no
        if self.says_yes:
            low = text.str.to_lowercase()
            yes, no = yes | low.is_in([*YES, "1"]), no | low.is_in([*NO, "0"])
        known = (yes | no).fill_null(False).to_numpy()
        return np.where(known, yes.fill_null(False).to_numpy(), np.nan).reshape(-1, 1)

    def fill(self, values: Floats) -> Floats:
        """The more frequent of 0 and 1."""
        middle = medians(values)
        return np.where(middle == 0.5, 0.0, middle)


@dataclass(frozen=True, slots=True)
class Category:
    """One 0/1 feature for every level: no level is the baseline."""

    kind: ClassVar[str] = "category"
    strict: ClassVar[bool] = False
    source: str
    levels: tuple[str, ...]

    @classmethod
    def learn(cls, series: pl.Series, plan: ColumnPlan) -> Self:
        """Remember the levels, sorted."""
        return cls(series.name, tuple(as_text(series).drop_nulls().unique().sort().to_list()))

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """``region=North``, ``region=South``, ..."""
        return {f"{self.source}={level}": (level,) for level in self.levels}

    def values(self, series: pl.Series) -> Floats:
        """A row has one 1, at its level."""
        codes = as_text(series).replace_strict(
            list(self.levels), range(len(self.levels)), default=None, return_dtype=pl.Int64
        )
        known = codes.is_not_null().to_numpy()
        at = codes.fill_null(0).to_numpy()
        return np.where(known[:, None], np.eye(len(self.levels))[at], np.nan)

    def fill(self, values: Floats) -> Floats:
        """The most frequent level (of equally frequent ones, the first)."""
        counts = np.nansum(values, axis=0)
        if not counts.any():
            return np.full(len(self.levels), np.nan)
        fill: Floats = (np.arange(len(counts)) == np.argmax(counts)).astype(np.float64)
        return fill


@dataclass(frozen=True, slots=True)
class Date:
    """Year, month, and days since the first date of the training rows."""

    kind: ClassVar[str] = "date"
    strict: ClassVar[bool] = True
    source: str
    format: str
    first: str

    @classmethod
    def learn(cls, series: pl.Series, plan: ColumnPlan) -> Self:
        """Remember the format and the first day."""
        first = as_dates(series, plan.format).cast(pl.Date).min()
        return cls(series.name, plan.format, str(first))

    @property
    def features(self) -> dict[str, tuple[str, ...]]:
        """``sold year``, ``sold month``, ``sold days``."""
        return {f"{self.source} {part}": () for part in ("year", "month", "days")}

    def values(self, series: pl.Series) -> Floats:
        """Days count from midnight of the first day and may have a fraction."""
        dates = as_dates(series, self.format or ISO)
        start = (date.fromisoformat(self.first) - date(1970, 1, 1)).days
        micro = dates.dt.epoch("us").cast(pl.Float64).to_numpy()
        parts = [part.cast(pl.Float64).to_numpy() for part in (dates.dt.year(), dates.dt.month())]
        return np.column_stack([*parts, micro / _DAY_US - start])

    def fill(self, values: Floats) -> Floats:
        """The median of each part."""
        return medians(values)


_Known = type[Number] | type[YesNo] | type[Category] | type[Date]
_ALL: tuple[_Known, ...] = (Number, YesNo, Category, Date)
RECIPES = {recipe.kind: recipe for recipe in _ALL}


def learn(series: pl.Series, plan: ColumnPlan) -> Recipe:
    """The recipe for a column of that kind."""
    return RECIPES[plan.kind.value].learn(series, plan)


def medians(values: Floats) -> Floats:
    """Median of each column, NaN left out; NaN for a column that has nothing else."""
    ordered = np.sort(values, axis=0)  # NaN goes last
    present = np.count_nonzero(~np.isnan(values), axis=0)
    columns = np.arange(values.shape[1])
    low, high = np.maximum(present - 1, 0) // 2, present // 2
    middle = [ordered[np.minimum(at, len(values) - 1), columns] for at in (low, high)]
    return np.where(present > 0, 0.5 * middle[0] + 0.5 * middle[1], np.nan)


def as_text(series: pl.Series) -> pl.Series:
    """Entries as strings, whole numbers without a decimal point."""
    if series.dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        if (whole == series).all():
            series = whole
    return series.cast(pl.String)
