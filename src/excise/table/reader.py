"""Read a table from a file or standard input: the frame, and what was made out on the way."""

from __future__ import annotations

import codecs
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from excise.exceptions import InputError, UsageError
from excise.explain.words import listing
from excise.table import numbers, text
from excise.table.source import Source, open_source

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_FORMATS = {"parquet": "Parquet", "arrow": "Arrow IPC", "arrow stream": "Arrow IPC"}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """How the table was read; separator, decimal and encoding are empty unless it is text."""

    format: str
    separator: str = ""
    decimal: str = ""
    encoding: str = ""

    def __str__(self) -> str:
        """One line for people, for example: CSV, values between ',', decimal '.', utf-8."""
        if not self.separator:
            return self.format
        between = text.shown(self.separator)
        return f"{self.format}, values between {between}, decimal {self.decimal!r}, {self.encoding}"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A frame with the name it goes by in messages.

    Attributes
    ----------
    name : str
        File name, or "standard input".
    typed : str
        As a command would name it.
    frame : polars.DataFrame
        Columns whose values are all numbers are numbers; other text is left as it is.
    sniffed : Sniffed
    style : numbers.Style
        How numbers are written in it.
    notes : tuple of str
        What was read as something else than it says (thousands separators, ``?``).
    lines : ndarray of int64 or None
        Line on which each row begins; None where a file has no lines.
    """

    name: str
    typed: str
    frame: pl.DataFrame
    sniffed: Sniffed
    style: numbers.Style = field(default_factory=numbers.Style)
    notes: tuple[str, ...] = ()
    lines: text.Integers | None = None

    @classmethod
    def of_frame(cls, frame: pl.DataFrame, name: str = "the table") -> Table:
        """A frame that is in memory already."""
        return cls(name, name, frame, Sniffed("frame"))

    def take(self, rows: text.Integers) -> Table:
        """Some of its rows; messages still name their lines."""
        lines = None if self.lines is None else self.lines[rows]
        return replace(self, frame=self.frame[rows], lines=lines)

    def place(self, row: int) -> str:
        """Where row `row` (from 0) is found: ``line 17``, or ``row 16`` without lines."""
        return f"row {row + 1:,}" if self.lines is None else f"line {self.lines[row]:,}"


def read_table(
    path: str | Path,
    *,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    na: str | Sequence[str] | None = None,
    retry: str = "",
) -> Table:
    """Read CSV, TSV, Parquet or Arrow IPC.

    Parameters
    ----------
    path : path-like
        "-" reads standard input. The format is told by the first bytes, not by the name.
    sep : str, optional
        Separator of values, one character, or "tab". Default: sniffed among ``, ; tab |``.
    decimal : {".", ","}, optional
        Decimal mark. Default ".": a column with decimal commas is an error that says so.
    encoding : str, optional
        Default: UTF-8, or what a byte order mark says; anything else is an error that says so.
    na : str or sequence of str, optional
        Further words for "missing", separated by commas if one string.
    retry : str, default=""
        Command with ``{}`` for the file name, offered when the file does not exist.

    Returns
    -------
    Table

    Raises
    ------
    InputError
        Whatever is wrong with the file: with the line, and what to try.
    UsageError
        An option has no meaning.
    """
    source = open_source(path, retry)
    if decimal not in (None, ".", ","):
        raise UsageError(f"{decimal!r} is not a decimal mark", remedy="--decimal . or --decimal ,")
    if source.format == "text":
        data, encoding = _decode(source, encoding)
        cells = text.parse(source, data, sep)
        frame, lines = cells.frame, cells.lines
        name = "TSV" if cells.separator == "\t" else "CSV"
        sniffed = Sniffed(name, cells.separator, decimal or ".", encoding)
    else:
        frame, lines = _read_binary(source), None
        sniffed = Sniffed(_FORMATS[source.format])
    words = na.split(",") if isinstance(na, str) else na or ()
    style = numbers.Style(
        decimal or ".",
        decimal is not None or sniffed.separator in ("", ","),
        tuple(word.strip() for word in words),
    )
    read = [numbers.read_column(column, style) for column in frame]
    notes = tuple(note for _, note in read if note)
    frame = pl.DataFrame([column for column, _ in read])
    return Table(source.name, source.typed, frame, sniffed, style, notes, lines)


def _decode(source: Source, encoding: str | None) -> tuple[bytes, str]:
    """The text as UTF-8, every line ended by LF; and its encoding."""
    data = source.data
    name = encoding or next((n for mark, n in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        is_utf8 = codecs.lookup(name).name == "utf-8"
        decoded = data.decode(name)
    except LookupError:
        raise UsageError(
            f"there is no encoding named {name!r}", remedy="--encoding cp1252, or utf-16, latin-1"
        ) from None
    except (UnicodeError, ValueError) as error:
        raise _undecodable(source, name, error) from None
    if "\0" in decoded:
        raise _binary(source)
    if not is_utf8:
        data = decoded.removeprefix("\ufeff").encode("utf-8", "replace")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.strip():
        raise InputError(f"{source.name} is empty", remedy="check what wrote it")
    return data if data.endswith(b"\n") else data + b"\n", name.removesuffix("-sig")


def _binary(source: Source) -> InputError:
    line = 1 + source.data.count(b"\n", 0, max(source.data.find(b"\0"), 0))
    wide = source.data[:400:2].count(0) > 90 or source.data[1:400:2].count(0) > 90
    return InputError(
        f"{source.name} is a binary file, not a table (a zero byte in line {line:,})",
        ["excise reads CSV, TSV, Parquet and Arrow IPC"],
        "add --encoding utf-16" if wide else "",
    )


def _undecodable(source: Source, name: str, error: Exception) -> InputError:
    """The line and the byte that the encoding does not know, and what it may be instead."""
    if not isinstance(error, UnicodeDecodeError):
        return InputError(f"{source.name} cannot be read as {name}", [str(error)])
    data, at = source.data, error.start
    if name == "utf-8" and b"\0" in data:
        return _binary(source)
    line, byte = 1 + data.count(b"\n", 0, at), data[at]
    before = data[max(data.rfind(b"\n", 0, at) + 1, at - 12) : at].decode("utf-8", "ignore")
    where, remedy = [], "name the encoding with --encoding"
    if name == "utf-8":
        likely = bytes([byte]).decode("cp1252", "ignore")
        if likely:
            where = [f"that byte is {likely!r} in Windows-1252 (after {before!r})"]
        remedy = "add --encoding cp1252" if likely else "add --encoding latin-1"
    return InputError(
        f"{source.name} is not {name.upper()}: byte 0x{byte:02X} in line {line:,}", where, remedy
    )


def _read_binary(source: Source) -> pl.DataFrame:
    readers = {"parquet": pl.read_parquet, "arrow": pl.read_ipc, "arrow stream": pl.read_ipc_stream}
    kind = _FORMATS[source.format]
    try:
        frame = readers[source.format](io.BytesIO(source.data))
    except (Exception, pl.exceptions.PanicException) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{source.name} is damaged: it cannot be read as {kind}", [first[:100]]
        ) from None
    names = text.column_names(source, frame.columns, line=1) if frame.width else []
    if not frame.height or not frame.width:
        listed = f"columns: {listing(names[:10])}" if names else "no columns either"
        raise InputError(f"{source.name} has no rows", [listed], "check what wrote it")
    return frame.rename(dict(zip(frame.columns, names, strict=True)))
