"""The picture of the README: time of a path against its worst certified gap, a panel a problem."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.show.svg import (
    LOOKS,
    Frame,
    document,
    joined,
    mark,
    sideways,
    span,
    words,
)
from benchmarks.show.tables import named, others, ours, times

Result = dict[str, Any]

WIDTH, COLUMNS = 960, 3
TOP, LEFT, GAP = 38, 58, 22
HEIGHT, HEAD, FOOT = 184, 40, 34  # of a panel, and of what stands above and below it
FLOOR, CEILING = -16, 0  # of the relative gap, powers of ten


def draw(results: list[Result], where: str) -> str:
    """Draw one panel per result, and the legend in the place after the last."""
    width = (WIDTH - LEFT - GAP * COLUMNS) / COLUMNS
    rows = -(-(len(results) + 1) // COLUMNS)
    step = HEAD + HEIGHT + FOOT
    corners = [
        (LEFT + (k % COLUMNS) * (width + GAP), TOP + (k // COLUMNS) * step)
        for k in range(len(results) + 1)
    ]
    body = [words("Time to a certified gap: a whole path of 100 alphas", LEFT, 20, "title")]
    for result, (x, y) in zip(results, corners, strict=False):
        body += panel(result, x, y + HEAD, width)
    body += legend(*corners[-1], results)
    height = TOP + rows * step + 22
    body.append(words(f"{where}. Every gap is recomputed by certify.", LEFT, height - 10, "small"))
    label = "Seconds for a path of 100 alphas against the worst duality gap on it, per tool"
    return document(body, label, WIDTH, height)


def legend(left: float, top: float, results: list[Result]) -> list[str]:
    """One mark and name per tool, below each other, and how to read the rest."""
    shown = {name for result in results for name, curve in result["curves"].items() if curve}
    x, y = left + 22, top + HEAD + 8
    parts = []
    for name, (color, kind) in LOOKS.items():
        if name in shown:
            parts += [mark(kind, x, y - 4, color, 5.5), words(name, x + 16, y)]
            y += 19
    notes = (
        "Large marks: default tolerance;",
        "small ones: looser and tighter.",
        "Lower left is better.",
    )
    return parts + [words(line, x - 6, y + 8 + 15 * k, "small") for k, line in enumerate(notes)]


def panel(result: Result, left: float, top: float, width: float) -> list[str]:
    """Frame, axes and one line per tool for one problem."""
    curves = {name: curve for name, curve in result["curves"].items() if curve}
    seconds = [math.log10(point["seconds"]) for curve in curves.values() for point in curve]
    low, high = math.floor(min(seconds)), math.ceil(max(seconds))
    frame = Frame(left, top, width, HEIGHT, (low, FLOOR), (high, CEILING))
    first = left == LEFT
    across = [(10.0**power, span(power)) for power in range(low, high + 1)]
    up = [(10.0**power, f"1e{power}" if power else "1") for power in range(0, -17, -4)]
    parts = frame.drawn(across, up, named=first)
    parts.append(words(named(result), left, top - 22, "name"))
    parts.append(words(verdict(result), left, top - 8, "small"))
    if first:
        parts.append(sideways("worst relative gap", 14, top + HEIGHT / 2))
    # Ours last, on top of the others.
    for name in sorted(curves, key=lambda name: name == "excise"):
        parts += line(name, curves[name], default_of(result, name), frame)
    return parts


def verdict(result: Result) -> str:
    """Say who is the fastest at default tolerance, and by how much."""
    mine, rival = ours(result), min(others(result), key=lambda row: row["seconds"])
    if mine is None:
        return ""
    ratio = rival["seconds"] / mine["seconds"]
    if ratio < 1:
        return f"we lose: {rival['peer']} is {times(1 / ratio)} faster, to {rival['worst_gap']:.0e}"
    return f"{times(ratio)} faster than {rival['peer']}, which stops at {rival['worst_gap']:.0e}"


def default_of(result: Result, name: str) -> float:
    """The default tolerance of a tool."""
    return next(row["tol"] for row in result["rows"] if row["peer"] == name)


def line(name: str, curve: list[Result], default: float, frame: Frame) -> list[str]:
    """Join a tool's points; its default is drawn larger."""
    color, kind = LOOKS[name]
    placed = [frame.place(point["seconds"], point["worst_gap"]) for point in curve]
    large = [point["tol"] == default for point in curve]
    parts = [joined(placed, color)] if len(placed) > 1 else []
    return parts + [
        mark(kind, x, y, color, 5.5 if big else 3)
        for (x, y), big in zip(placed, large, strict=True)
    ]
