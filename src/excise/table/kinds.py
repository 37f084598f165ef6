"""What a column is: one kind per column, decided from its type, values and, for ids, its name."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from excise.exceptions import InputError
from excise.table.dates import ISO, date_format, is_ambiguous
from excise.table.numbers import Place, Style, refuse_nearly_numeric

MAX_LEVELS = 50
MOSTLY_MISSING = 0.95

YES = ("yes", "y", "true", "t", "on")
NO = ("no", "n", "false", "f", "off")

_EXACT = 2**53
_ID_WORDS = re.compile(
    "ids?|u?uid|guid|pk|key|index|idx|row|rowid|rownum|rownames|names|serial|identifier|unnamed"
)
_OWNED_ID = re.compile(
    "(user|customer|client|patient|subject|person|employee|member|account|order|invoice|item|"
    "product|transaction|session|sample|case|record|passenger|student|device|house)id"
)


class Kind(StrEnum):
    """The first four are encoded; a column of another kind is dropped, by name."""

    NUMBER = "number"
    YES_NO = "yes/no"
    CATEGORY = "category"
    DATE = "date"
    ID_LIKE = "id-like"
    CONSTANT = "constant"
    FREE_TEXT = "free text"
    ALL_MISSING = "all missing"
    MOSTLY_MISSING = "mostly missing"
    NESTED = "not a table value"

    @property
    def usable(self) -> bool:
        """Whether the column becomes features."""
        return self in (Kind.NUMBER, Kind.YES_NO, Kind.CATEGORY, Kind.DATE)


@dataclass(frozen=True, slots=True)
class Found:
    """The kind of a column; `format` for dates, `warning` if it was a close call."""

    kind: Kind
    format: str = ""
    warning: str = ""


def plain(series: pl.Series) -> pl.Series:
    """The column as one of String, Boolean, a number or a date; NaN and "" become null."""
    dtype = series.dtype
    if isinstance(dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    elif dtype.is_decimal() or dtype.is_float():
        series = series.cast(pl.Float64)
        return series.fill_nan(None) if math.isnan(series.sum()) else series
    elif isinstance(dtype, pl.Duration):
        return series.dt.total_microseconds() / 86_400e6
    if series.dtype == pl.String:
        series = series.str.strip_chars()
        return series.set(series == "", None)
    return series


def class_names(series: pl.Series) -> pl.Series:
    """The values of a target of classes as text: 1.0 is the class "1"."""
    if series.dtype.is_float() and bool((series.drop_nulls() % 1.0 == 0.0).all()):
        series = series.cast(pl.Int64, strict=False)
    return series.cast(pl.String)


def kind_of(series: pl.Series, place: Place, style: Style, *, asked: bool = False) -> Found:
    """The kind of a column that went through `plain`.

    `asked` (the column was named to be kept) spares ids and mostly missing columns. Two-valued text
    is yes/no; 0/1 numbers stay numbers; text is a category up to `MAX_LEVELS` levels.
    """
    dtype, missing = series.dtype, series.null_count()
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object, pl.Time):
        return Found(Kind.NESTED)
    if missing == len(series):
        return Found(Kind.ALL_MISSING)
    if _is_constant(series, bool(missing)):
        return Found(Kind.CONSTANT)
    if missing > MOSTLY_MISSING * len(series) and not asked:
        return Found(Kind.MOSTLY_MISSING)
    if dtype == pl.String:
        return _kind_of_text(series, place, style)
    if dtype == pl.Boolean:
        return Found(Kind.YES_NO)
    if dtype.is_temporal():
        return Found(Kind.DATE, ISO)
    refuse_infinity(series, place)
    return Found(Kind.ID_LIKE if not asked and _is_id(series) else Kind.NUMBER)


def zero_or_one(numbers: pl.Series) -> pl.Series:
    """Which numbers are 0 or 1."""
    return (numbers == 0) | (numbers == 1)


def truth(text: pl.Series) -> pl.Series | None:
    """Strings as booleans if they are words for yes and no alone, in any case; else None."""
    low = text.str.to_lowercase()
    yes = low.is_in(YES)
    return yes if (yes | low.is_in(NO)).all() else None


def _kind_of_text(text: pl.Series, place: Place, style: Style) -> Found:
    present = text.drop_nulls()
    if truth(present) is not None:
        return Found(Kind.YES_NO)
    format, warning = date_format(text), ""
    if format and not is_ambiguous(text, format):
        return Found(Kind.DATE, format)
    if format:
        warning = (
            f"column {text.name!r} is not used as a date: day and month cannot be told apart "
            f"({place(0)}: {text[0]!r}); write dates as 2026-11-23"
        )
    refuse_nearly_numeric(text, place, style)
    levels = present.n_unique()
    if levels == 2 and len(present) > 2:
        return Found(Kind.YES_NO)
    if levels == len(present):
        words = present.str.contains(r"\s").mean()
        spaced = isinstance(words, float) and words > 0.5
        return Found(Kind.FREE_TEXT if spaced else Kind.ID_LIKE, warning=warning)
    return Found(Kind.CATEGORY if levels <= MAX_LEVELS else Kind.FREE_TEXT, warning=warning)


def _is_constant(series: pl.Series, some_missing: bool) -> bool:
    if series.dtype.is_numeric():
        return series.min() == series.max()
    return series.n_unique() - some_missing == 1


def refuse_infinity(series: pl.Series, place: Place) -> None:
    """Raise when a column of numbers holds an infinite one."""
    if any(isinstance(end, float) and math.isinf(end) for end in (series.min(), series.max())):
        row = series.is_infinite().arg_true()[0]
        raise InputError(
            f"column {series.name!r} holds infinity ({place(row)}: {series[row]})",
            remedy="correct it, or say that it means missing: --na inf,-inf",
        )


def _is_id(numbers: pl.Series) -> bool:
    """All different whole numbers, in a column called like an id (or too long to be measured)."""
    top = numbers.max()
    long = isinstance(top, int | float) and top > _EXACT
    if len(numbers) < 3 or numbers.null_count() or not (long or _named_like_id(numbers.name)):
        return False
    if numbers.dtype.is_float() and not (numbers == numbers.floor()).all():
        return False
    return numbers.n_unique() == len(numbers)


def _named_like_id(name: str) -> bool:
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    tokens = re.findall(r"[a-z]+", spaced.lower())
    if not tokens:
        return False
    last = tokens[-1]
    return bool(
        tokens[0] in ("id", "unnamed") or _ID_WORDS.fullmatch(last) or _OWNED_ID.fullmatch(last)
    )
