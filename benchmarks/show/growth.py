"""The picture of how time grows with each size, above the floors nothing can go below."""

from __future__ import annotations

import math
from typing import Any

from benchmarks.peers.null import DSYRK, PASS
from benchmarks.show.svg import LOOKS, Frame, document, joined, mark, span, words
from benchmarks.show.tables import power

Result = dict[str, Any]

WIDTH, COLUMNS = 960, 3
TOP, LEFT, GAP = 38, 58, 22
HEIGHT, HEAD, FOOT = 150, 40, 34
NAMES = {PASS: "one read of X", DSYRK: "one Gram matrix"}


def draw(result: Result, where: str) -> str:
    """Draw one panel per series; all have the same axis of time."""
    series = result["series"]
    width = (WIDTH - LEFT - GAP * COLUMNS) / COLUMNS
    step = HEAD + HEIGHT + FOOT
    everything = [math.log10(t) for one in series for t in (*one["seconds"], *floors(one))]
    limits = math.floor(min(everything)), math.ceil(max(everything))
    body = [words("How time grows: each size doubled four times, one thread", LEFT, 20, "title")]
    for k, one in enumerate(series):
        left, top = LEFT + (k % COLUMNS) * (width + GAP), TOP + (k // COLUMNS) * step + HEAD
        body += panel(one, Frame(left, top, width, HEIGHT, *corners(one, limits)))
    rows = -(-(len(series) + 1) // COLUMNS)
    last = len(series)
    body += legend(
        LEFT + (last % COLUMNS) * (width + GAP) + 22, TOP + (last // COLUMNS) * step + HEAD + 8
    )
    height = TOP + rows * step + 22
    body.append(words(f"{where}.", LEFT, height - 10, "small"))
    return document(body, "Seconds against size, per series", WIDTH, height)


def legend(x: float, y: float) -> list[str]:
    """What the two kinds of line are."""
    color, kind = LOOKS["excise"]
    return [
        joined([(x - 14, y - 4), (x + 14, y - 4)], color),
        mark(kind, x, y - 4, color, 4),
        words("excise", x + 24, y),
        joined([(x - 14, y + 16), (x + 14, y + 16)]),
        words("a floor, measured in the same run", x + 24, y + 20, "small"),
    ]


def floors(series: Result) -> list[float]:
    """Times of all floors of a series."""
    return [t for times in series["floors"].values() for t in times]


def corners(series: Result, limits: tuple[int, int]) -> tuple[tuple[float, float], ...]:
    """Lower left and upper right of a panel, with a little room beside the sizes."""
    sizes = series["sizes"]
    room = 0.1 * math.log10(sizes[-1] / sizes[0])
    low, high = math.log10(sizes[0]) - room, math.log10(sizes[-1]) + room
    return (low, limits[0]), (high, limits[1])


def panel(series: Result, frame: Frame) -> list[str]:
    """One series: our times, the floors, and the exponent."""
    across = [(size, f"{size:,}") for size in series["sizes"]]
    up = [(10.0**k, span(k)) for k in range(round(frame.low[1]), round(frame.high[1]) + 1)]
    first = frame.left == LEFT
    parts = frame.drawn(across, up, named=first)
    title = series["title"][0].upper() + series["title"][1:]
    parts.append(words(title, frame.left, frame.top - 22, "name"))
    slope = f"time grows like size^{power(series['exponent'])}"
    parts.append(words(slope, frame.left, frame.top - 8, "small"))
    for name, seconds in series["floors"].items():
        placed = [frame.place(*point) for point in zip(series["sizes"], seconds, strict=True)]
        x, y = placed[0]  # where rising lines leave room below
        parts += [joined(placed), words(NAMES[name], x, y + 15, "small")]
    color, kind = LOOKS["excise"]
    placed = [frame.place(*point) for point in zip(series["sizes"], series["seconds"], strict=True)]
    parts.append(joined(placed, color))
    return parts + [mark(kind, x, y, color, 4) for x, y in placed]
