"""How well several classes are told apart: who is taken for whom, and calibration, held out."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from excise.explain.confusion import Confusion
from excise.explain.words import amount, count, percent
from excise.model import Model
from excise.report.axes import SMALL, Area, axis_bottom, axis_left, end_labels
from excise.report.chart import NARROW, WIDE, Chart, Size, Table
from excise.report.classes_chart import QUESTION, TICKS
from excise.report.scales import Scale
from excise.report.svg import element, figure, line, polyline, shorten, text, text_width

MOST_CLASSES = 20
"""More are told in the table alone."""
CURVES = 8
"""Classes whose calibration is drawn: those with the most rows."""
DARKEST = 0.55
"""Opacity of a cell with all rows of its class, so that its number can be read on it."""
LABEL = 96.0
"""Pixels of a class's name beside its row."""
FINE = 20.0
"""Pixels of a cell that holds a number."""


def confusion_chart(model: Model, found: Confusion, *, both: bool = True) -> Chart:
    """A square of counts, and whether the probabilities can be believed."""
    summary = answer(model, found)
    few = len(found.counts) <= MOST_CLASSES
    wide = draw(model, found, WIDE, "classes-wide", summary) if few else None
    narrow = draw(model, found, NARROW, "classes-narrow", summary) if few and both else None
    note = "Counted on held-out rows: each was predicted by a model that never saw it."
    if few:
        note += " A row of the square is a class, a column what is said of it."
    return Chart("classes", QUESTION, summary, wide, narrow, _table(model, found), note)


def answer(model: Model, found: Confusion) -> str:
    """How many rows are recognised, of which class the fewest, and the commonest mistake."""
    names, rows, right = model.outputs, found.rows, found.recognised
    total = int(rows.sum())
    words = f"Of {count(total, 'row')} it recognises {int(right.sum()):,}"
    if total:
        share = np.divide(right, rows, out=np.ones(len(rows)), where=rows > 0)
        worst = int(share.argmin())
        words += (
            f"; worst off is {names[worst]}, with {int(right[worst]):,} of "
            f"{count(int(rows[worst]), 'row')}"
        )
    mistake = found.most_mistaken()
    if mistake is None:
        return f"{words}. No row is taken for another class."
    actual, said, n = mistake
    taken = "is" if n == 1 else "are"
    mistaken = f"{count(n, 'row')} of {names[actual]} {taken} taken for {names[said]}"
    return f"{words}. The commonest mistake: {mistaken}."


def draw(model: Model, found: Confusion, size: Size, name: str, summary: str) -> Markup:
    """The square on the left, the calibration on the right; on a phone the square alone."""
    narrow = size[0] < WIDE[0] / 2
    left = 20.0 + max(min(text_width(label, SMALL), LABEL) for label in model.outputs)
    side = min(size[0] - left - 12.0, 330.0)
    square = Area(size[0], side + 78.0, left, left + side, 44.0, 44.0 + side)
    parts = [_square(model, found, square)]
    if not narrow:
        parts.append(_calibration(model, found, size[0], square))
    return figure(size[0], square.height, *parts, name=name, title=QUESTION, text=summary)


def _square(model: Model, found: Confusion, area: Area) -> Markup:
    """Cells shaded by the share of their row, with the number of rows."""
    K = len(found.counts)
    cell = (area.right - area.left) / K
    parts: list[Markup] = [text(area.left, 14, "taken for", "axis-title")]
    for k, label in enumerate(model.outputs):
        middle = (k + 0.5) * cell
        short = shorten(label, SMALL, cell - 2.0) if cell > FINE else ""
        parts.append(text(area.left + middle, area.top - 10, short, "tick", "middle"))
        name = shorten(label, SMALL, LABEL)
        parts.append(text(area.left - 8, area.top + middle + 4, name, "tick", "end"))
    rows = np.maximum(found.rows, 1)
    for a in range(K):
        for s in range(K):
            x, y, n = area.left + s * cell, area.top + a * cell, int(found.counts[a, s])
            shade = DARKEST * n / int(rows[a])
            parts.append(
                element("rect", x=x, y=y, width=cell, height=cell, class_="heat grid",
                        fill_opacity=f"{shade:.2f}")
            )  # fmt: skip
            if n and text_width(f"{n:,}", SMALL) < cell - 2.0:
                parts.append(text(x + cell / 2, y + cell / 2 + 4, f"{n:,}", None, "middle"))
    return element("g", *parts)


def _calibration(model: Model, found: Confusion, width: float, square: Area) -> Markup:
    """Predicted against observed, a line for each class."""
    drawn = np.argsort(-found.rows, kind="stable")[:CURVES]
    names = [shorten(model.outputs[k], SMALL, LABEL) for k in drawn]
    room = 34.0 + max(text_width(label, SMALL) for label in names)
    side = square.bottom - square.top
    start = square.right + 80.0
    right = min(start + side, width - room)
    area = Area(width, square.height, start, right, square.top, square.bottom)
    x, y = Scale((0.0, 1.0), area.across), Scale((0.0, 1.0), area.upwards)
    ends, curves = [], []
    for i, k in enumerate(drawn.tolist()):
        predicted, observed = found.predicted[k], found.observed[k]
        curves.append(polyline(zip(x(predicted), y(observed), strict=True), f"line c{i + 1}"))
        if len(observed):
            ends.append((y(float(observed[-1])), names[i], f"c{i + 1}"))
    return element(
        "g",
        axis_left(area, y, TICKS),
        axis_bottom(area, x, TICKS, "predicted probability"),
        line(x(0.0), y(0.0), x(1.0), y(1.0), "null"),
        *curves,
        text(area.left - 38, 14, "share that is of the class", "axis-title"),
        end_labels(area, ends, area.right),
    )


def _table(model: Model, found: Confusion) -> Table:
    """Who is taken for whom, with the share that is recognised, then the calibration."""
    rows: list[tuple[str, ...]] = []
    for label, said, n, right in zip(
        model.outputs, found.counts, found.rows, found.recognised, strict=True
    ):
        share = percent(int(right) / int(n)) if n else ""
        rows.append((f"rows of {label}", *(f"{int(m):,}" for m in said), share))
    for label, predicted, observed in zip(
        model.outputs, found.predicted, found.observed, strict=True
    ):
        if len(predicted):
            pairs = ", ".join(
                f"{amount(float(p), 2)}: {percent(float(o))}"
                for p, o in zip(predicted, observed, strict=True)
            )
            blank = ("",) * (len(model.outputs) - 1)
            rows.append((f"probability of {label}: share observed", pairs, *blank, ""))
    head = ("", *(f"taken for {label}" for label in model.outputs), "recognised")
    return Table("Held-out rows by class and by what is said of them", head, tuple(rows))
