"""The one place where SVG text is written: every attribute and child is escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import east_asian_width

from markupsafe import Markup, escape


def number(value: float, digits: int = 1) -> str:
    """A coordinate with at most `digits` decimals: "12", "12.5", never "-0"."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """One SVG element.

    A trailing underscore is dropped from an attribute's name (``class_``), the others become
    hyphens (``text_anchor``); an attribute that is None is left out.
    """
    words = [name]
    for key, value in attributes.items():
        if value is not None:
            text = number(value) if isinstance(value, (int, float)) else escape(value)
            words.append(f'{key.rstrip("_").replace("_", "-")}="{text}"')
    head = " ".join(words)
    if not children:
        return Markup(f"<{head}/>")
    return Markup(f"<{head}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Markup:
    """Escaped parts, one after the other."""
    return Markup("").join(parts)


def figure(width: float, height: float, *children: str, name: str, title: str, text: str) -> Markup:
    """A chart with an accessible name and description; `name` makes its ids unique on the page."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", text, id=f"{name}-text"),
        *children,
        class_=f"chart {name.rsplit('-', 1)[-1]}",
        viewBox=f"0 0 {number(width)} {number(height)}",
        role="img",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-text",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(
    x: float, y: float, content: str, class_: str | None = None, anchor: str | None = None
) -> Markup:
    """A piece of text; `anchor` is "middle" or "end" (None: it starts at x)."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def polyline(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """An open line through `points`."""
    return element("path", d="M" + trace(points), class_=class_)


def polygon(points: Iterable[tuple[float, float]], class_: str) -> Markup:
    """A closed shape."""
    return element("path", d=f"M{trace(points)}Z", class_=class_)


def trace(points: Iterable[tuple[float, float]]) -> str:
    """Coordinates for a path's ``d``."""
    return " ".join(f"{number(x)},{number(y)}" for x, y in points)


def text_width(content: str, size: float) -> float:
    """A generous estimate of the width of `content`, set in a sans-serif of `size`."""
    return size * sum(map(_letter_width, content))


def _letter_width(letter: str) -> float:
    return 1.0 if east_asian_width(letter) in "WF" else 0.57


def shorten(content: str, size: float, room: float) -> str:
    """`content`, its middle replaced by an ellipsis where it is wider than `room`.

    Both ends stay: names of one table often share their first words.
    """
    if len(content) * size <= room or text_width(content, size) <= room:
        return content
    room -= text_width("…", size)
    head = _prefix(content, size, 0.6 * room)
    tail = _prefix(content[::-1], size, room - text_width(head, size))[::-1]
    return f"{head.rstrip()}…{tail.lstrip()}"


def _prefix(content: str, size: float, room: float) -> str:
    """The longest start of `content` that fits."""
    for i, letter in enumerate(content):
        room -= size * _letter_width(letter)
        if room < 0.0:
            return content[:i]
    return content
