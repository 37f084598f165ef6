"""How well two classes are told apart: the ROC curve and the calibration, on held-out rows."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from excise.explain.classes import Separation
from excise.explain.words import amount, count
from excise.model import Model
from excise.report.axes import Area, axis_bottom, axis_left
from excise.report.chart import NARROW, WIDE, Chart, Size, Table
from excise.report.scales import Scale
from excise.report.svg import element, figure, line, polyline, shorten, text
from excise.results import Floats

QUESTION = "How well does it tell them apart?"
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
SMALL = 12.0


def classes_chart(model: Model, found: Separation, *, both: bool = True) -> Chart:
    """The ROC curve and, where there are probabilities, whether they can be believed."""
    summary = answer(model, found)
    wide = draw(model, found, WIDE, "classes-wide", summary)
    narrow = draw(model, found, NARROW, "classes-narrow", summary) if both else None
    note = "Counted on held-out rows: each was predicted by a model that never saw it."
    return Chart("classes", QUESTION, summary, wide, narrow, _table(model, found), note)


def answer(model: Model, found: Separation) -> str:
    """How many of each class are recognised, and how often a pair is put in order."""
    other, positive = model.target.levels
    (right_other, wrong_other), (wrong_positive, right_positive) = found.counts.tolist()
    words = (
        f"Of {count(wrong_positive + right_positive, 'row')} of {positive} it recognises "
        f"{right_positive:,}; of {count(right_other + wrong_other, 'row')} of {other} it takes "
        f"{wrong_other:,} for {positive}."
    )
    if auc := model.measured("auc"):
        words += (
            f" A row of {positive} gets the higher {_scored(found)} than one of {other} in "
            f"{100.0 * auc.cv:.1f}% of pairs (the area under the ROC curve)."
        )
    return words


def _scored(found: Separation) -> str:
    return "probability" if len(found.predicted) else "score"


def draw(model: Model, found: Separation, size: Size, name: str, summary: str) -> Markup:
    """Two square panels; on a phone the ROC curve alone."""
    narrow = size[0] < WIDE[0] / 2
    other, positive = model.target.levels
    side = min(size[0] - 60.0, size[1] - 90.0)
    first = Area(size[0], size[1], 46.0, 46.0 + side, 34.0, 34.0 + side)
    panels = [
        _panel(first, f"{other} taken for {positive}", f"{positive} recognised"),
        _curve(first, found.false_alarms, found.found),
    ]
    if len(found.predicted) and not narrow:
        left = size[0] - side - 8.0
        second = Area(size[0], size[1], left, left + side, 34.0, 34.0 + side)
        panels += [
            _panel(second, f"predicted probability of {positive}", f"share that is {positive}"),
            _calibration(second, found.predicted, found.observed),
        ]
    return figure(*size, *panels, name=name, title=QUESTION, text=summary)


def _scales(area: Area) -> tuple[Scale, Scale]:
    return Scale((0.0, 1.0), area.across), Scale((0.0, 1.0), area.upwards)


def _panel(area: Area, across: str, upwards: str) -> Markup:
    """Axes from 0 to 1 and the diagonal: no better than chance, or probabilities as they are."""
    x, y = _scales(area)
    room = area.right - area.left
    return element(
        "g",
        axis_left(area, y, TICKS),
        axis_bottom(area, x, TICKS, shorten(across, SMALL, room)),
        line(x(0.0), y(0.0), x(1.0), y(1.0), "null"),
        text(area.left - 38, area.top - 14, shorten(upwards, SMALL, room), "axis-title"),
    )


def _curve(area: Area, across: Floats, upwards: Floats) -> Markup:
    x, y = _scales(area)
    return polyline(zip(x(across), y(upwards), strict=True), "mean")


def _calibration(area: Area, predicted: Floats, observed: Floats) -> Markup:
    x, y = _scales(area)
    dots = [
        element("circle", cx=x(float(p)), cy=y(float(o)), r=4.5, class_="marker")
        for p, o in zip(predicted, observed, strict=True)
    ]
    return element("g", _curve(area, predicted, observed), *dots)


def _table(model: Model, found: Separation) -> Table:
    """Who is taken for whom, then the calibration."""
    other, positive = model.target.levels
    rows = [
        (f"rows of {level}", f"{int(said[0]):,}", f"{int(said[1]):,}")
        for level, said in zip((other, positive), found.counts, strict=True)
    ]
    for predicted, observed in zip(found.predicted, found.observed, strict=True):
        share = 100.0 * float(np.float64(observed))
        rows.append(
            (f"probability {amount(float(predicted), 3)} on average", "", f"{share:.0f}% observed")
        )
    head = ("", f"taken for {other}", f"taken for {positive}")
    return Table("Held-out rows by class and by what is said of them", head, tuple(rows))
