"""Strings measured in terminal cells: wide characters count two, combining marks none."""

from __future__ import annotations

import textwrap
import unicodedata

_INVISIBLE = ("Mn", "Me", "Cf")


def _cell(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.category(character) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width(text: str) -> int:
    """Terminal cells that `text` takes."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def clean(text: str) -> str:
    """`text` with control characters spelled out, so that a name cannot drive the terminal."""
    if text.isprintable():
        return text
    return "".join(c if _harmless(c) else c.encode("unicode_escape").decode() for c in text)


def _harmless(character: str) -> bool:
    if character.isprintable():
        return True
    return unicodedata.category(character) in ("Zs", "Cf") and character not in _BIDI


_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder what follows them on the line."""


def _take(text: str, cells: int) -> str:
    """The longest prefix of at most `cells` cells."""
    used = 0
    for i, character in enumerate(text):
        used += _cell(character)
        if used > cells:
            return text[:i]
    return text


def shorten(text: str, cells: int, ellipsis: str = "…") -> str:
    """`text` in at most `cells` cells, the middle replaced by an ellipsis when it is longer.

    Both ends stay: columns of one table often share their first words.
    """
    if width(text) <= cells:
        return text
    room = max(cells - len(ellipsis), 0)
    tail = _take(text[::-1], room // 3)[::-1]
    while tail and _cell(tail[0]) == 0:
        tail = tail[1:]
    return (_take(text, room - width(tail)) + ellipsis + tail)[: max(cells, 0)]


def left(text: str, cells: int) -> str:
    """Padded on the right to `cells` cells."""
    return text + " " * (cells - width(text))


def right(text: str, cells: int) -> str:
    """Padded on the left to `cells` cells."""
    return " " * (cells - width(text)) + text


def wrap(text: str, cells: int, first: str = "", hang: str = "") -> list[str]:
    """`text` in lines of at most `cells` cells; `first` opens the first line, `hang` the rest.

    A word longer than a line keeps a line to itself: names are never broken.
    """
    if width(first + text) <= cells:
        return [first + text]
    if text.isascii():
        return textwrap.wrap(
            text,
            cells,
            initial_indent=first,
            subsequent_indent=hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
    lines, current = [], first
    empty = True
    for word in text.split():
        joined = current + word if empty else f"{current} {word}"
        if not empty and width(joined) > cells:
            lines.append(current)
            joined = hang + word
        current, empty = joined, False
    return [*lines, current]
