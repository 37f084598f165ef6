"""The picture of the README: time of a path against its worst certified gap, a panel a problem."""

from __future__ import annotations

import math
from collections.abc import Iterable
from html import escape
from typing import Any

Result = dict[str, Any]
Point = tuple[float, float]

WIDTH, HEIGHT = 960, 344
TOP, BOTTOM, LEFT, GAP = 84, 56, 58, 16
FLOOR, CEILING = 1e-16, 1.0  # of the relative gap

# Okabe and Ito's colours; a marker of its own for those who see no colour.
LOOKS = {
    "excise": ("#0072B2", "disc"),
    "scikit-learn": ("#E69F00", "square"),
    "celer": ("#009E73", "triangle"),
    "skglm": ("#CC79A7", "diamond"),
    "adelie": ("#D55E00", "cross"),
    "R glmnet": ("#56B4E9", "ring"),
}

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #222 }
  .title { font-size: 14px; font-weight: 600 }
  .small { font-size: 11px; fill: #555 }
  .grid { stroke: #ddd } .frame { stroke: #999; fill: none }
  .line { fill: none; stroke-width: 1.6 }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .small { fill: #aaa } .grid { stroke: #333 } .frame { stroke: #666 }
  }
"""


def draw(results: list[Result], where: str) -> str:
    """Draw one panel per result side by side, as an SVG document."""
    width = (WIDTH - LEFT - GAP * len(results)) / len(results)
    panels = [
        panel(result, LEFT + k * (width + GAP), width, first=k == 0)
        for k, result in enumerate(results)
    ]
    body = "\n".join([*legend(), *panels])
    label = "Seconds for a path of 100 alphas against the worst duality gap on it, per tool"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{label}">\n<style>{STYLE}</style>\n'
        f'<text class="title" x="{LEFT}" y="20">Time to a certified gap: '
        "a whole path of 100 alphas</text>\n"
        f'{body}\n<text class="small" x="{LEFT}" y="{HEIGHT - 10}">{escape(where)}. '
        "Lower left is better. Large marks: default tolerance.</text>\n</svg>\n"
    )


def legend() -> list[str]:
    """One mark and name per tool, in a row."""
    parts, x = [], float(LEFT)
    for name, (color, kind) in LOOKS.items():
        parts.append(mark(kind, x + 6, 40, color, 5))
        parts.append(f'<text x="{x + 17}" y="44">{escape(name)}</text>')
        x += 17 + 6.6 * len(name) + 24
    return parts


def panel(result: Result, left: float, width: float, *, first: bool) -> str:
    """Frame, axes and one line per tool for one problem."""
    curves = {name: curve for name, curve in result["curves"].items() if curve}
    seconds = [point["seconds"] for curve in curves.values() for point in curve]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    height = HEIGHT - TOP - BOTTOM

    def place(seconds: float, gap: float) -> Point:
        across = (math.log10(seconds) - low) / (high - low)
        inside = min(max(gap, FLOOR), CEILING)
        down = math.log10(CEILING / inside) / math.log10(CEILING / FLOOR)
        return left + across * width, TOP + down * height

    size = f"{result['n']}x{result['p']}"
    title = result["title"] if size in result["title"] else f"{result['title']} {size}"
    parts = [f'<text x="{left:.1f}" y="{TOP - 8}" font-weight="600">{escape(title)}</text>']
    for power in range(low, high + 1):
        x, _ = place(10.0**power, 1.0)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}v{height}"/>')
        anchor = "start" if power == low else "end" if power == high else "middle"
        parts.append(
            f'<text class="small" x="{x:.1f}" y="{TOP + height + 15}" text-anchor="{anchor}">'
            f"{span(power)}</text>"
        )
    for power in range(0, -17, -4):
        _, y = place(10.0**low, 10.0**power)
        parts.append(f'<path class="grid" d="M{left:.1f} {y:.1f}h{width:.1f}"/>')
        if first:
            parts.append(
                f'<text class="small" x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">'
                f"{'1' if power == 0 else f'1e{power}'}</text>"
            )
    parts.append(
        f'<rect class="frame" x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{height}"/>'
    )
    if first:
        parts.append(
            f'<text class="small" transform="translate(14 {TOP + height / 2:.0f}) rotate(-90)" '
            'text-anchor="middle">worst relative gap</text>'
        )
    for name, curve in curves.items():
        default = next(row["tol"] for row in result["rows"] if row["peer"] == name)
        placed = [(place(p["seconds"], p["worst_gap"]), p["tol"] == default) for p in curve]
        parts.extend(line(name, placed))
    return "\n".join(parts)


def line(name: str, points: Iterable[tuple[Point, bool]]) -> list[str]:
    """Join a tool's points; its default is drawn larger."""
    color, kind = LOOKS[name]
    points = list(points)
    path = "L".join(f"{x:.1f} {y:.1f}" for (x, y), _ in points)
    parts = [f'<path class="line" d="M{path}" stroke="{color}"/>'] if len(points) > 1 else []
    return parts + [mark(kind, x, y, color, 5.5 if large else 3) for (x, y), large in points]


def mark(kind: str, x: float, y: float, color: str, r: float) -> str:
    """One marker."""
    at = f"M{x:.1f} {y:.1f}"
    s, d = 0.9 * r, 1.3 * r
    shapes = {
        "square": f"{at}m{-s} {-s}h{2 * s}v{2 * s}h{-2 * s}z",
        "triangle": f"{at}m0 {-1.2 * r}l{1.2 * r} {2 * r}h{-2.4 * r}z",
        "diamond": f"{at}m0 {-d}l{d} {d} {-d} {d} {-d} {-d}z",
    }
    if kind in shapes:
        return f'<path d="{shapes[kind]}" fill="{color}"/>'
    if kind == "cross":
        strokes = f"{at}m{-r} {-r}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}"
        return f'<path d="{strokes}" stroke="{color}" stroke-width="2" fill="none"/>'
    fill = f'fill="{color}"' if kind == "disc" else f'fill="none" stroke="{color}" stroke-width="2"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r}" {fill}/>'


def span(power: int) -> str:
    """A power of ten of seconds in words."""
    names = {
        -5: "10 us",
        -4: "0.1 ms",
        -3: "1 ms",
        -2: "10 ms",
        -1: "0.1 s",
        0: "1 s",
        1: "10 s",
        2: "100 s",
    }
    return names.get(power, f"1e{power} s")
