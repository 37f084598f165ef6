"""Dates written as text: one format for the whole column, or none."""

from __future__ import annotations

import polars as pl

ISO = "%Y-%m-%d"
_SWAPPED = {"%d/%m/%Y": "%m/%d/%Y", "%d-%m-%Y": "%m-%d-%Y"}

FORMATS = (
    ISO,
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d %b %Y",
    *_SWAPPED,
    *_SWAPPED.values(),
)
"""The first that reads every value is taken."""

_LOOKS_DATED = r"^\d{1,4}[-/. ]\w{1,3}[-/. ]\d{1,4}"


def date_format(text: pl.Series) -> str | None:
    """The format of a column of strings, None if its values are not all dates."""
    head = text.drop_nulls().head(20)
    if not head.len() or not head.str.contains(_LOOKS_DATED).all():
        return None
    return next((f for f in FORMATS if _reads_all(head, f) and _reads_all(text, f)), None)


def is_ambiguous(text: pl.Series, format: str) -> bool:
    """Whether day and month could be exchanged in every value."""
    return format in _SWAPPED and _reads_all(text, _SWAPPED[format])


def as_dates(series: pl.Series, format: str) -> pl.Series:
    """Datetimes without time zone, null where missing or not a date in that format."""
    if series.dtype == pl.Date:
        return series.cast(pl.Datetime("us"))
    if isinstance(series.dtype, pl.Datetime):
        return series.dt.replace_time_zone(None).cast(pl.Datetime("us"))
    text = series.cast(pl.String)
    if "%H" in format:
        return text.str.to_datetime(format, time_unit="us", strict=False)
    return text.str.to_date(format, strict=False).cast(pl.Datetime("us"))


def _reads_all(text: pl.Series, format: str) -> bool:
    dates = as_dates(text, format)
    if dates.null_count() != text.null_count():
        return False
    first = dates.dt.year().min()
    return isinstance(first, int) and first >= 1000
