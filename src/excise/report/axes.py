"""Plot areas and their axes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from excise.report.labels import spread
from excise.report.scales import Scale
from excise.report.svg import element, join, line, shorten, text, text_width

SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALL = 12.0
"""Size of the text in charts, as in the style sheets."""


class Area(NamedTuple):
    """The rectangle that the data are drawn in, inside a chart of `width` by `height`."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def inside(
        cls, size: tuple[float, float], *, left: float, right: float, top: float, bottom: float
    ) -> Area:
        """What the four margins leave of a chart of `size`."""
        width, height = size
        return cls(width, height, left, width - right, top, height - bottom)

    @property
    def across(self) -> tuple[float, float]:
        """Pixels from left to right."""
        return self.left, self.right

    @property
    def upwards(self) -> tuple[float, float]:
        """Pixels from bottom to top."""
        return self.bottom, self.top


def tick_text(value: float) -> str:
    """A round value: 0.3, 15,000, −20, 8×10⁸."""
    text = f"{value:,.6g}"
    if "e" in text or abs(value) >= 1e6:
        mantissa, _, power = f"{value:e}".partition("e")
        raised = str(int(power)).translate(SUPERSCRIPTS)
        text = f"{float(mantissa):g}×10{raised}"
    return text.replace("-", "\N{MINUS SIGN}")


def axis_left(area: Area, y: Scale, ticks: Sequence[float]) -> Markup:
    """Grid lines with their values on the left; the title follows later, above all lines."""
    parts: list[str] = []
    for tick in ticks:
        at = y(tick)
        class_ = "zero" if tick == 0.0 else "grid"
        parts.append(line(area.left, at, area.right, at, class_))
        parts.append(text(area.left - 8, at + 4, tick_text(tick), "tick", "end"))
    return element("g", *parts)


def title_left(area: Area, title: str) -> Markup:
    """The title of the left axis, above it; drawn after the marks, whose lines it may cross."""
    return text(0, area.top - 12, shorten(title, SMALL, area.width), "axis-title")


def axis_bottom(area: Area, x: Scale, ticks: Sequence[float], title: str) -> Markup:
    """The line below the plot, its values, and a title under its middle."""
    parts = [line(area.left, area.bottom, area.right, area.bottom, "axis")]
    for tick in ticks:
        at = x(tick)
        parts.append(line(at, area.bottom, at, area.bottom + 5, "axis"))
        parts.append(text(at, area.bottom + 19, tick_text(tick), "tick", "middle"))
    middle = (area.left + area.right) / 2
    parts.append(text(middle, area.bottom + 40, title, "axis-title", "middle"))
    return element("g", *parts)


class Mark(NamedTuple):
    """A labelled vertical line: `shape` ("circle", "diamond") and `class_` tell marks apart."""

    value: float
    label: str
    class_: str
    shape: str


def marks_above(area: Area, x: Scale, marks: Sequence[Mark], y: float) -> Markup:
    """Vertical lines through the plot with their labels at height `y`, none overlapping."""
    widths = [text_width(mark.label, SMALL) + 22 for mark in marks]
    gap = max(widths, default=0.0)
    half = gap / 2
    wanted = [x(mark.value) for mark in marks]
    middles = spread(wanted, gap, half, area.width - half)
    parts: list[str] = []
    for mark, at, middle, width in zip(marks, wanted, middles, widths, strict=True):
        start = middle - width / 2 + 5
        elbow = f"M{middle:.1f},{y + 7:.1f}L{at:.1f},{area.top - 4:.1f}V{area.bottom:.1f}"
        parts.append(element("path", d=elbow, class_=f"mark {mark.class_}"))
        parts.append(shape(mark.shape, start + 4, y - 4, f"marker {mark.class_}"))
        parts.append(text(start + 13, y, mark.label, "mark-label"))
    return join(parts)


def shape(kind: str, x: float, y: float, class_: str, size: float = 4.5) -> Markup:
    """A circle, diamond or square about a point."""
    if kind == "circle":
        return element("circle", cx=x, cy=y, r=size, class_=class_)
    if kind == "square":
        return element(
            "rect", x=x - size, y=y - size, width=2 * size, height=2 * size, class_=class_
        )
    reach = 1.3 * size
    corners = f"M{x:.1f},{y - reach:.1f}l{reach:.1f},{reach:.1f}l-{reach:.1f},{reach:.1f}"
    return element("path", d=f"{corners}l-{reach:.1f},-{reach:.1f}Z", class_=class_)


def end_labels(
    area: Area, ends: Iterable[tuple[float, str, str]], x: float, gap: float = 15.0
) -> Markup:
    """Names right of the plot at (height, name, class of the line), with a leader to each line."""
    ends = list(ends)
    heights = spread([end[0] for end in ends], gap, area.top + 4, area.bottom - 2)
    parts: list[str] = []
    for (at, name, class_), height in zip(ends, heights, strict=True):
        leader = f"M{x:.1f},{at:.1f}l4,0L{x + 18:.1f},{height:.1f}l4,0"
        parts.append(element("path", d=leader, class_=f"leader {class_}"))
        parts.append(text(x + 26, height + 4, name, "name"))
    return join(parts)
