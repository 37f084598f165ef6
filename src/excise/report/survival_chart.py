"""How well survival times are put in order: who is left of three groups by risk, held out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from markupsafe import Markup

from excise.explain.survivors import RiskGroups
from excise.explain.words import amount, count, figures, percent
from excise.model import Model
from excise.report.axes import SMALL, Area, axis_bottom, axis_left, end_labels
from excise.report.chart import NARROW, WIDE, Chart, Size, Table
from excise.report.scales import Scale
from excise.report.svg import element, figure, polyline, shorten, text, text_width
from excise.results import Floats

QUESTION = "Does a higher risk mean an earlier event?"
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
MOST_LINES = 12
"""Times in the table of numbers."""
LINES = {"low": "c1", "middle": "c7", "high": "c3", "all": "c1"}
"""Colour and dashes of each group."""
LINE_HEIGHT = 17.0


def survival_chart(model: Model, found: RiskGroups, *, both: bool = True) -> Chart:
    """The share of each group that has had no event, against time."""
    summary = answer(model, found)
    wide = draw(model, found, WIDE, "survival-wide", summary)
    narrow = draw(model, found, NARROW, "survival-narrow", summary) if both else None
    note = (
        "Held-out rows, each ranked by a model that never saw it; steps are what was observed "
        "(Kaplan and Meier), thin lines what the risks say, with the baseline hazard of these "
        "rows. Where thin lines spread wider than the steps, risks are overstated."
    )
    return Chart("survival", QUESTION, summary, wide, narrow, _table(found), note)


def answer(model: Model, found: RiskGroups) -> str:
    """How often a pair is in order, and who is left of the first and of the last group."""
    words = ""
    if ordered := model.measured("concordance"):
        share = f"{100.0 * ordered.cv:.0f}%"
        words = f"Of held-out pairs whose order is known, {share} are in the order of their risk "
        words += "(the concordance; 50% is no order). "
    if len(found.rows) == 1:
        return words + "All rows have the same risk: no feature tells them apart."
    when = _middle(found)
    low, high = (
        f"{percent(float(found.observed[g, when]))} of the {found.names[g]}-risk group"
        for g in (0, -1)
    )
    return f"{words}By {_time(found, when)}, {low} and {high} have had no event."


def _middle(found: RiskGroups) -> int:
    """The middle of the times at which some of every group are watched."""
    watched = np.flatnonzero((found.at_risk > 0).all(axis=0))
    return int(watched[len(watched) // 2]) if len(watched) else 0


def _time(found: RiskGroups, k: int) -> str:
    return figures(float(found.times[k]))


def draw(model: Model, found: RiskGroups, size: Size, name: str, summary: str) -> Markup:
    """Steps and thin lines, named at their ends; below the axis how many are at risk."""
    narrow = size[0] < WIDE[0] / 2
    names = [f"{word} risk" if word != "all" else "all rows" for word in found.names]
    right = 34.0 + max(text_width(label, SMALL) for label in names)
    table = LINE_HEIGHT * (len(names) + 1)
    height = size[1] + table
    area = Area.inside((size[0], height), left=58.0, right=right, top=34.0, bottom=56.0 + table)
    x = Scale((0.0, float(found.times[-1]) * 1.02), area.across)
    y = Scale((0.0, 1.0), area.upwards)
    ticks = x.ticks(4 if narrow else 8)
    ends = [
        (y(float(found.observed[g, -1])), names[g], LINES[word])
        for g, word in enumerate(found.names)
    ]
    return figure(
        size[0],
        height,
        axis_left(area, y, SHARES),
        axis_bottom(area, x, ticks, shorten(model.target.name, SMALL, area.right - area.left)),
        *_curves(found, x, y),
        text(0, area.top - 14, f"share without {model.target.event or 'event'}", "axis-title"),
        end_labels(area, ends, area.right),
        _at_risk(found, area, x, ticks),
        name=name,
        title=QUESTION,
        text=summary,
    )


def _curves(found: RiskGroups, x: Scale, y: Scale) -> Iterator[Markup]:
    """Thin lines first, the steps on top."""
    times = np.append(0.0, found.times)
    for g, word in enumerate(found.names):
        expected = np.append(1.0, found.expected[g])
        points = zip(x(times), y(expected), strict=True)
        yield polyline(points, f"expected {LINES[word]}")
    for g, word in enumerate(found.names):
        yield polyline(_steps(found.times, found.observed[g], x, y), f"line {LINES[word]}")


def _steps(times: Floats, shares: Floats, x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Level up to each time, then down."""
    at, height = np.repeat(x(np.append(0.0, times)), 2)[1:], np.repeat(y(np.append(1.0, shares)), 2)
    return list(zip(at.tolist(), height[:-1].tolist(), strict=True))


def _at_risk(found: RiskGroups, area: Area, x: Scale, ticks: list[float]) -> Markup:
    """How many rows of each group are watched at the times that the axis names."""
    start = area.bottom + 62.0
    parts: list[Markup] = [text(0, start, "at risk", "axis-title")]
    for g, label in enumerate(found.names):
        height = start + LINE_HEIGHT * (g + 1)
        parts.append(text(0, height, label, "tick"))
        parts += [
            text(x(tick), height, f"{_watched(found, g, tick):,}", "tick", "middle")
            for tick in ticks
        ]
    return element("g", *parts)


def _watched(found: RiskGroups, group: int, time: float) -> int:
    """Rows at risk at the first kept time from `time` on; none after the last."""
    k = int(np.searchsorted(found.times, time))
    return int(found.at_risk[group, k]) if k < len(found.times) else 0


def _table(found: RiskGroups) -> Table:
    """Observed, expected and at risk, at some times."""
    m = len(found.times)
    shown = np.unique(np.linspace(0, m - 1, min(m, MOST_LINES)).round().astype(int))
    head: tuple[str, ...] = ("time",)
    for word in found.names:
        head += (f"{word}: observed", "expected", "at risk")
    rows = []
    for k in shown.tolist():
        cells = [_time(found, k)]
        for g in range(len(found.rows)):
            cells += [
                amount(float(found.observed[g, k]), 3),
                amount(float(found.expected[g, k]), 3),
                f"{int(found.at_risk[g, k]):,}",
            ]
        rows.append(tuple(cells))
    sizes = ", ".join(
        f"{word} {count(int(n), 'row')} with {count(int(events), 'event')}"
        for word, n, events in zip(found.names, found.rows, found.events, strict=True)
    )
    return Table(f"Share without an event, by risk: {sizes}", head, tuple(rows))
