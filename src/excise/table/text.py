"""Delimited text to a frame of strings, with the line on which every row begins.

Polars parses; what it would accept in silence (short rows, blank lines, doubled names) is checked
first, on the bytes, so that each complaint names its line.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from excise.exceptions import InputError, UsageError
from excise.explain.words import count
from excise.table.source import Source

SEPARATORS = (",", ";", "\t", "|")
SHOWN = {"\t": "tab", " ": "space"}
ROW_NAMES = "(row names)"
_NEWLINE, _QUOTE = 10, 34
_BLOCK = 1 << 23
_SAMPLE = 1 << 20

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Cells as they stand: every column a string, an empty cell null.

    Attributes
    ----------
    frame : polars.DataFrame
    lines : ndarray of int64, shape (n_rows,)
        Line of the file, from 1, on which each row begins (values may contain line ends).
    separator : str
    """

    frame: pl.DataFrame
    lines: Integers
    separator: str


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Where the records of a text end, their line, and how many fields each has."""

    ends: Integers
    lines: Integers
    fields: Integers
    regular: bool


def parse(source: Source, data: bytes, sep: str | None) -> Text:
    """Cells of `data` (UTF-8, every line ended by LF); `sep` None sniffs the separator."""
    separator = separator_named(sep) if sep is not None else sniff_separator(data, source.name)
    layout = _scan(data, ord(separator))
    text = (
        _by_polars(source, data, layout, separator)
        if layout.regular
        else _by_csv_module(source, data, separator)
    )
    if not text.frame.height:
        raise InputError(
            f"{source.name} has a header but no rows",
            [f"{count(text.frame.width, 'column')}, separated by {shown(separator)}"],
            "check what wrote it",
        )
    return text


def shown(separator: str) -> str:
    """A separator as a message shows it: ``','``, ``tab``."""
    return SHOWN.get(separator, repr(separator))


def separator_named(sep: str) -> str:
    """The one character meant by ``--sep``: itself, or ``tab``."""
    separator = {"tab": "\t", "\\t": "\t", "space": " "}.get(sep, sep)
    if len(separator.encode()) != 1 or separator in '"\r\n':
        raise UsageError(
            f"{sep!r} cannot separate values", ["one character, or 'tab'"], "--sep ';'"
        )
    return separator


def sniff_separator(data: bytes, name: str) -> str:
    """The candidate that splits most of the first lines into as many fields as the header."""
    sample = data[: data.rfind(b"\n", 0, _SAMPLE) + 1] or data
    scores = {}
    for candidate in SEPARATORS:
        layout = _scan(sample, ord(candidate))
        fields = layout.fields[layout.fields > 0][:50]
        if len(fields) and fields[0] > 1:
            scores[candidate] = (float(np.mean(fields == fields[0])), int(fields[0]))
    if name.lower().endswith((".tsv", ".tab")) and "\t" in scores:
        return "\t"
    return max(scores, key=scores.__getitem__, default=",")


def _scan(data: bytes, separator: int) -> _Layout:
    """Records by the parity of quotes: what stands after an odd number of them is quoted."""
    text = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    newlines = np.flatnonzero(text == _NEWLINE)
    ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    if not len(ends) or ends[-1] != len(text) - 1:
        ends = np.append(ends, len(text) - 1)
    starts = np.concatenate(([0], ends[:-1] + 1))
    fields = np.ones(len(ends), np.int64)
    for begin in range(0, len(text), _BLOCK):
        at = begin + np.flatnonzero(text[begin : begin + _BLOCK] == separator)
        record = np.searchsorted(ends, at[np.searchsorted(quotes, at) % 2 == 0])
        if len(record):
            fields[record[0] : record[-1] + 1] += np.bincount(record - record[0])
    fields[starts == ends] = 0  # a blank line
    lines = np.searchsorted(newlines, starts) + 1
    return _Layout(ends, lines, fields, _regular(text, quotes, separator))


def _regular(text: NDArray[np.uint8], quotes: Integers, separator: int) -> bool:
    """Whether quotes stand only around whole values, those inside doubled (RFC 4180)."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    edges = (separator, _NEWLINE, _QUOTE)
    before = text[np.maximum(opening - 1, 0)]
    after = text[np.minimum(closing + 1, len(text) - 1)]
    return bool(np.all(np.isin(before, edges) | (opening == 0)) and np.all(np.isin(after, edges)))


def _by_polars(source: Source, data: bytes, layout: _Layout, separator: str) -> Text:
    filled = np.flatnonzero(layout.fields)
    head, rows = filled[0], filled[1:]
    start = layout.ends[head - 1] + 1 if head else 0
    header = data[start : layout.ends[head]].decode()
    names = _split(source, header, separator, int(layout.lines[head]))
    _check_fields(source, layout.fields[rows], layout.lines[rows], len(names), separator)
    body = data[layout.ends[head] + 1 :]
    if len(rows) + head + 1 < len(layout.ends):
        body = _without(body, layout.ends[layout.fields == 0] - layout.ends[head] - 1)
    names = column_names(source, names, line=int(layout.lines[head]))
    schema = pl.Schema(dict.fromkeys(names, pl.String()))
    if not len(rows):
        return Text(pl.DataFrame(schema=schema), layout.lines[rows], separator)
    quote = '"' if '"' in header or b'"' in body else None
    frame = pl.read_csv(
        body, has_header=False, schema=schema, separator=separator, quote_char=quote
    )
    if frame.height != len(rows):
        raise InputError(f"{source.name} could not be split into rows")
    return Text(_checked(source, frame, int(layout.lines[head])), layout.lines[rows], separator)


def _split(source: Source, header: str, separator: str, line: int) -> list[str]:
    try:
        [names] = csv.reader(io.StringIO(header, newline=""), delimiter=separator, strict=True)
    except csv.Error as error:
        raise InputError(f"line {line:,} of {source.name} cannot be read: {error}") from None
    return names


def _without(body: bytes, blanks: Integers) -> bytes:
    """`body` without the newlines at `blanks` (those after its start)."""
    keep = np.ones(len(body), bool)
    keep[blanks[blanks >= 0]] = False
    return np.frombuffer(body, np.uint8)[keep].tobytes()


def _by_csv_module(source: Source, data: bytes, separator: str) -> Text:
    """Slower, for quotes that stand inside values: 6'2" or a "b" c."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator, strict=True)
    records, lines, line = [], [], 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise InputError(
                f"a quote opened in line {line:,} of {source.name} is never closed",
                remedy='close it, or write a quote inside a value twice ("")',
            ) from None
        raise InputError(
            f"line {reader.line_num:,} of {source.name} cannot be read: {error}",
            remedy='write a quote inside a value twice ("")',
        ) from None
    names, rows = records[0], records[1:]
    fields = np.array([len(row) for row in rows], np.int64)
    numbers = np.array(lines[1:], np.int64)
    _check_fields(source, fields, numbers, len(names), separator)
    names = column_names(source, names, line=lines[0])
    columns = zip(*rows, strict=True) if rows else [() for _ in names]
    cells = {
        name: pl.Series(name, values, pl.String)
        for name, values in zip(names, columns, strict=True)
    }
    return Text(_checked(source, pl.DataFrame(cells), lines[0]), numbers, separator)


def _check_fields(
    source: Source, fields: Integers, lines: Integers, expected: int, separator: str
) -> None:
    ragged = np.flatnonzero(fields != expected)
    if not len(ragged):
        return
    first = ragged[0]
    where = f"values are separated by {shown(separator)}"
    if len(ragged) > 1:
        where = f"{len(ragged):,} of {len(fields):,} rows differ from the header; {where}"
    remedy = f"quote values that contain {shown(separator)}, or name the separator with --sep"
    if len(ragged) == len(fields) and np.all(fields == expected + 1):
        where = "every row has one value more than the header: row names?"
        remedy = "write the table without row names (R: row.names = FALSE)"
    raise InputError(
        f"line {lines[first]:,} of {source.name} has {count(int(fields[first]), 'field')}, "
        f"expected {expected:,}",
        [where],
        remedy,
    )


def column_names(source: Source, names: list[str], line: int) -> list[str]:
    """Header names, stripped; a first column without one holds row names (R and pandas do so)."""
    names = [name.strip() for name in names]
    if len(names) > 1 and not names[0] and ROW_NAMES not in names:
        names[0] = ROW_NAMES
    if "" in names:
        empty = [str(j + 1) for j, name in enumerate(names) if not name]
        which = f"column {empty[0]}" if len(empty) == 1 else f"columns {', '.join(empty[:5])}"
        has = "has" if len(empty) == 1 else "have"
        raise InputError(
            f"{which} of {source.name} {has} no name", remedy=f"name every column in line {line:,}"
        )
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        at = [str(j + 1) for j, name in enumerate(names) if name == doubled[0]]
        more = [f"and {count(len(doubled) - 1, 'other name')}"] if len(doubled) > 1 else []
        raise InputError(
            f"{len(at)} columns of {source.name} are named {doubled[0]!r}: "
            f"{', '.join(at[:-1])} and {at[-1]}",
            more,
            f"give each column its own name in line {line:,}",
        )
    return names


def _checked(source: Source, frame: pl.DataFrame, line: int) -> pl.DataFrame:
    """`frame`, unless its nameless first column repeats itself and so cannot hold row names."""
    if frame.columns[0] == ROW_NAMES and frame[ROW_NAMES].n_unique() < frame.height:
        raise InputError(
            f"column 1 of {source.name} has no name", remedy=f"name every column in line {line:,}"
        )
    return frame
