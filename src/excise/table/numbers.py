"""Numbers written as text: decimal marks, thousands separators, and words that mean missing.

Everything here goes column by column and never guesses in silence: what was read as something
else than it says is returned as a note, what is nearly a number is an error that names the line.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from excise.exceptions import InputError

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "null", "NULL")
"""Read as missing in every column."""

MISSING_AMONG_NUMBERS = ("?", ".", "-", "--", "*", "None", "none", "na", "#DIV/0!", "#VALUE!")
"""Read as missing where every other value is a number."""

_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_COMMA_DECIMAL = r"^[+-]?(\d+|[1-9]\d{0,2}([. '’\u{a0}\u{202f}]\d{3})+)?,\d+([eE][+-]?\d+)?$"
_SPACES = r" '’_\u{a0}\u{202f}"
_NEARLY = 0.75

Place = Callable[[int], str]
"""Row number to ``line 17`` or ``row 16``."""


@dataclass(frozen=True, slots=True)
class Style:
    """How numbers are written.

    Attributes
    ----------
    decimal : str
        The decimal mark, "." or ",".
    grouped : bool
        Whether the other mark may separate thousands.
    missing : tuple of str
        Further words for a missing value; they may look like numbers (``-999``).
    """

    decimal: str = "."
    grouped: bool = True
    missing: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The mark that is not the decimal one."""
        return "." if self.decimal == "," else ","


def read_column(text: pl.Series, style: Style) -> tuple[pl.Series, str]:
    """A column of strings as numbers when all its values are; and a note on what was read into it.

    Words that mean missing become null; a code with leading zeros (``00501``) stays text.
    """
    if text.dtype != pl.String:
        return text, ""
    quick = None if style.missing else _cast(text, style.decimal)
    if quick is not None:
        return quick, ""
    text = text.str.strip_chars()
    text = text.set(text.is_in((*MISSING, *style.missing)), None)
    if text.null_count() == len(text):
        return text, ""
    quick = _cast(text, style.decimal)
    if quick is not None:
        return quick, ""
    words = text.is_in(MISSING_AMONG_NUMBERS).fill_null(False)
    rest = text.set(words, None) if words.any() else text
    if rest.null_count() == len(rest):
        return text, ""
    note = ""
    if words.any():
        said = ", ".join(repr(word) for word in text.filter(words).unique().sort())
        note = f"column {text.name!r}: {said} read as missing ({int(words.sum()):,} values)"
    numbers = _cast(rest, style.decimal)
    if numbers is not None:
        return numbers, note
    numbers, grouped = _ungroup(rest, style)
    if numbers is not None:
        return numbers, "; ".join(filter(None, (note, grouped)))
    return text, ""


def _cast(text: pl.Series, decimal: str) -> pl.Series | None:
    """Int64 or Float64 when every value is a number with that decimal mark."""
    nulls = text.null_count()
    whole = text.cast(pl.Int64, strict=False)
    if whole.null_count() == nulls:
        return None if _has_codes(text, whole) else whole
    if decimal != ".":
        if text.str.contains(".", literal=True).any():
            return None
        text = text.str.replace(decimal, ".", literal=True)
    real = text.cast(pl.Float64, strict=False)
    if real.null_count() != nulls:
        return None
    return real.fill_nan(None) if math.isnan(real.sum()) else real


def _has_codes(text: pl.Series, whole: pl.Series) -> bool:
    """Whether some integers are codes with leading zeros."""
    # the comparison is a quick test: tables can be wide
    return not whole.cast(pl.String).equals(text) and bool(text.str.contains(r"^0\d").any())


def _ungroup(text: pl.Series, style: Style) -> tuple[pl.Series | None, str]:
    """Numbers from ``1,204.5`` or ``1 204``, when every value can be read so."""
    marks = _SPACES + ("\\" + style.group if style.grouped else "")
    grouped = rf"[1-9]\d{{0,2}}([{marks}]\d{{3}})+"
    number = rf"^[+\-−]?({grouped}|\d+)(\{style.decimal}\d*)?([eE][+-]?\d+)?$"
    if not text.drop_nulls().str.contains(number).all():
        return None, ""
    example = text.filter(text.str.contains(rf"[{marks}]")).head(1)
    plain = text.str.replace_all(rf"[{marks}]", "").str.replace("−", "-", literal=True)
    numbers = _cast(plain, style.decimal)
    if numbers is None or example.is_empty():
        return numbers, ""
    note = f"column {text.name!r}: separators of thousands removed ({example[0]!r}"
    other = style.group in example[0]
    ask = f"; if '{style.group}' marks decimals: --decimal {style.group}" if other else ""
    return numbers, f"{note}{ask})"


def refuse_nearly_numeric(text: pl.Series, place: Place, style: Style) -> None:
    """Raise when nearly all values of a column of strings are numbers, or use a decimal comma."""
    plain = _is_number(text, style)
    comma = text.str.contains(_COMMA_DECIMAL)
    total = len(text) - text.null_count()
    if style.decimal == "." and comma.any() and (plain | comma).sum() >= 0.9 * total:
        row = comma.arg_true()[0]
        raise InputError(
            f"column {text.name!r} looks numeric but {int(comma.sum()):,} of {total:,} "
            f"values use a decimal comma ({place(row)}: {text[row]!r})",
            remedy="add --decimal ,",
        )
    _refuse_words(text, plain.fill_null(True), place)


def _is_number(text: pl.Series, style: Style) -> pl.Series:
    if style.decimal == ".":
        return text.str.contains(_PLAIN)
    return text.str.contains(_PLAIN.replace(r"\.", style.decimal))


def _refuse_words(text: pl.Series, fine: pl.Series, place: Place) -> None:
    """Text among measurements is an error; a code such as 1, 2, 3+ that repeats is a category."""
    numbers = text.filter(fine).drop_nulls()
    words = text.filter(~fine)
    total = len(numbers) + len(words)
    if not len(words) or len(numbers) < _NEARLY * total:
        return
    distinct = numbers.n_unique()
    if distinct <= 20 and distinct < 0.5 * len(numbers):
        return
    row = (~fine).arg_true()[0]
    verb = "is" if len(words) == 1 else "are"
    raise InputError(
        f"column {text.name!r} looks numeric but {len(words):,} of {total:,} values {verb} text "
        f"({place(row)}: {text[row]!r})",
        remedy=_remedy(words),
    )


def _remedy(words: pl.Series) -> str:
    said: list[str] = words.unique(maintain_order=True).to_list()
    return f"add --na {shlex.quote(','.join(said))}" if len(said) <= 3 else "correct the values"
