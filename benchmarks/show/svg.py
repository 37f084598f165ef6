"""What the pictures share: logarithmic frames, marks, colours for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]

# Okabe and Ito's colours; a marker of its own for those who see no colour.
LOOKS = {
    "excise": ("#0072B2", "disc"),
    "scikit-learn": ("#E69F00", "square"),
    "celer": ("#009E73", "triangle"),
    "skglm": ("#CC79A7", "diamond"),
    "adelie": ("#D55E00", "cross"),
    "R glmnet": ("#56B4E9", "ring"),
    "glum": ("#808080", "plus"),
}

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .title { font-size: 14px; font-weight: 600 }
  .name { font-weight: 600 }
  .small { font-size: 11px; fill: #555 }
  .grid { stroke: #ddd } .frame { stroke: #999; fill: none }
  .line { fill: none; stroke-width: 1.6 }
  .floor { fill: none; stroke: #888; stroke-width: 1.4; stroke-dasharray: 4 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .small { fill: #aaa } .grid { stroke: #333 } .frame { stroke: #666 }
  }
"""

SECONDS = {
    -6: "1 us",
    -5: "10 us",
    -4: "0.1 ms",
    -3: "1 ms",
    -2: "10 ms",
    -1: "0.1 s",
    0: "1 s",
    1: "10 s",
    2: "100 s",
    3: "1000 s",
}


@dataclass(frozen=True)
class Frame:
    """A rectangle with two logarithmic axes.

    `low` and `high` are its lower left and upper right corners in powers of ten.
    """

    left: float
    top: float
    width: float
    height: float
    low: Point
    high: Point

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def place(self, x: float, y: float) -> Point:
        """Where a point of data stands; beyond the vertical axis it is put on its end."""
        across = (math.log10(x) - self.low[0]) / (self.high[0] - self.low[0])
        up = (math.log10(max(y, 1e-300)) - self.low[1]) / (self.high[1] - self.low[1])
        return self.left + across * self.width, self.bottom - min(max(up, 0.0), 1.0) * self.height

    def drawn(
        self, across: Iterable[tuple[float, str]], up: Iterable[tuple[float, str]], *, named: bool
    ) -> list[str]:
        """The frame with its lines: pairs of value and label; those of y if `named`."""
        parts = []
        for value, label in across:
            x, _ = self.place(value, 10.0 ** self.low[1])
            parts.append(f'<path class="grid" d="M{x:.1f} {self.top:.1f}v{self.height:.1f}"/>')
            room = 16  # for half a label beside the frame
            anchor = "middle"
            if x < self.left + room:
                anchor = "start"
            elif x > self.left + self.width - room:
                anchor = "end"
            parts.append(words(label, x, self.bottom + 15, "small", anchor))
        for value, label in up:
            _, y = self.place(10.0 ** self.low[0], value)
            parts.append(f'<path class="grid" d="M{self.left:.1f} {y:.1f}h{self.width:.1f}"/>')
            if named:
                parts.append(words(label, self.left - 6, y + 4, "small", "end"))
        parts.append(
            f'<rect class="frame" x="{self.left:.1f}" y="{self.top:.1f}" '
            f'width="{self.width:.1f}" height="{self.height:.1f}"/>'
        )
        return parts


def document(body: list[str], label: str, width: float, height: float) -> str:
    """A whole SVG file."""
    inside = "\n".join(body)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="{escape(label)}">\n<style>{STYLE}</style>\n{inside}\n</svg>\n'
    )


def words(text: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    """A line of text."""
    looks = f' class="{kind}"' if kind else ""
    return f'<text{looks} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def sideways(text: str, x: float, y: float) -> str:
    """A small line of text that reads upwards, centred at y."""
    place = f'transform="translate({x:.1f} {y:.1f}) rotate(-90)"'
    return f'<text class="small" {place} text-anchor="middle">{escape(text)}</text>'


def joined(points: Iterable[Point], color: str | None = None) -> str:
    """A line through points; without a colour it is the line of a floor."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    looks = f'class="line" stroke="{color}"' if color else 'class="floor"'
    return f'<path {looks} d="M{path}"/>'


def mark(kind: str, x: float, y: float, color: str, r: float) -> str:
    """One marker."""
    at = f"M{x:.1f} {y:.1f}"
    s, d = 0.9 * r, 1.3 * r
    shapes = {
        "square": f"{at}m{-s:.1f} {-s:.1f}h{2 * s:.1f}v{2 * s:.1f}h{-2 * s:.1f}z",
        "triangle": f"{at}m0 {-1.2 * r:.1f}l{1.2 * r:.1f} {2 * r:.1f}h{-2.4 * r:.1f}z",
        "diamond": f"{at}m0 {-d:.1f}l{d:.1f} {d:.1f} {-d:.1f} {d:.1f} {-d:.1f} {-d:.1f}z",
    }
    if kind in shapes:
        return f'<path d="{shapes[kind]}" fill="{color}"/>'
    strokes = {
        "cross": f"{at}m{-r} {-r}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}",
        "plus": f"{at}m{-r} 0h{2 * r}m{-r} {-r}v{2 * r}",
    }
    if kind in strokes:
        return f'<path d="{strokes[kind]}" stroke="{color}" stroke-width="2" fill="none"/>'
    fill = f'fill="{color}"' if kind == "disc" else f'fill="none" stroke="{color}" stroke-width="2"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" {fill}/>'


def span(power: int) -> str:
    """A power of ten of seconds in words."""
    return SECONDS.get(power, f"1e{power} s")
