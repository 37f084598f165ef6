"""How well each of several responses is predicted: held-out R2 beside that on the training rows."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from excise.explain.responses import ResponseScore
from excise.explain.words import amount, count, figures
from excise.report.axes import SMALL, Area, axis_bottom, shape
from excise.report.chart import NARROW, WIDE, Chart, Size, Table
from excise.report.ledger_view import minus
from excise.report.scales import linear
from excise.report.svg import element, figure, line, shorten, text, text_width

QUESTION = "How well is each response predicted?"
MOST_RESPONSES = 24
"""More are told in the table alone."""
STEP = 30.0
"""Pixels from one response to the next."""
LONGEST_NAME = 150.0
"""Pixels of a response's name."""
NOTE = (
    "A dot is R² on held-out rows, each predicted by a model that never saw it, with one standard "
    "error on both sides; a ring is R² on the training rows. Their squared errors, in the units of "
    "each response, add up to what the penalty was chosen by."
)
HEAD = (
    "response",
    "R2 held out",
    "standard error",
    "R2 in training",
    "error held out",
    "of its mean",
)


def responses_chart(scores: tuple[ResponseScore, ...], *, both: bool = True) -> Chart:
    """A row for each response, and its numbers."""
    summary = answer(scores)
    few = len(scores) <= MOST_RESPONSES
    wide = draw(scores, WIDE, "responses-wide", summary) if few else None
    narrow = draw(scores, NARROW, "responses-narrow", summary) if few and both else None
    table = Table("R² and mean squared error of each response", HEAD, tuple(map(_row, scores)))
    return Chart("responses", QUESTION, summary, wide, narrow, table, NOTE)


def answer(scores: tuple[ResponseScore, ...]) -> str:
    """Who is predicted best and worst, and who is not at all."""
    low, *_, high = sorted(scores, key=lambda score: score.r2.cv)
    best, worst = (f"{one.name} with R² {minus(amount(one.r2.cv, 2))}" for one in (high, low))
    words = f"Best is {best}, worst is {worst}, on held-out rows"
    lost = sum(score.r2.cv <= 0.0 for score in scores)
    if lost:
        verb = "is" if lost == 1 else "are"
        words += f"; {count(lost, 'response')} {verb} predicted no better than by the mean"
    return f"{words}."


def draw(scores: tuple[ResponseScore, ...], size: Size, name: str, summary: str) -> Markup:
    """Names on the left, dots with whiskers and rings on one axis."""
    names = [shorten(one.name, SMALL, LONGEST_NAME) for one in scores]
    left = 20.0 + max(text_width(label, SMALL) for label in names)
    height = STEP * len(scores) + 66.0
    area = Area.inside((size[0], height), left=left, right=20.0, top=10.0, bottom=56.0)
    ends = [(s.r2.cv - s.r2.se, s.r2.cv + s.r2.se, s.r2.train) for s in scores]
    x = linear(np.array(ends), area.across, include=(0.0, 1.0))
    parts: list[Markup] = [axis_bottom(area, x, x.ticks(5), "R²: share of the variance explained")]
    parts.append(line(x(0.0), area.top, x(0.0), area.bottom, "null"))
    for k, (label, score, (low, high, train)) in enumerate(zip(names, scores, ends, strict=True)):
        y = area.top + STEP * (k + 0.5)
        parts += [
            line(area.left, y, area.right, y, "grid"),
            text(area.left - 10, y + 4, label, "tick", "end"),
            line(x(low), y, x(high), y, "line c1"),
            shape("circle", x(train), y, "marker other"),
            shape("circle", x(score.r2.cv), y, "solid"),
        ]
    drawn = element("g", *parts)
    return figure(size[0], height, drawn, name=name, title=QUESTION, text=summary)


def _row(score: ResponseScore) -> tuple[str, ...]:
    r2 = (minus(amount(value, 3)) for value in (score.r2.cv, score.r2.se, score.r2.train))
    return (score.name, *r2, figures(score.mean), figures(score.null))
