"""The cross-validation curve: which tax predicts best."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from excise.explain.score import r2
from excise.explain.words import amount, count, figures
from excise.model import CVRecord, Model
from excise.report.axes import (
    SMALL,
    Area,
    Mark,
    axis_bottom,
    axis_left,
    marks_above,
    shape,
    tick_text,
    title_left,
)
from excise.report.chart import NARROW, WIDE, Chart, Size, Table, TaxAxis, kept_at, table_rows
from excise.report.labels import spread
from excise.report.scales import Scale, linear
from excise.report.svg import element, figure, line, polygon, polyline, text, text_width
from excise.results import Floats

QUESTION = "Which tax predicts best?"


def cv_chart(model: Model, *, both: bool = True) -> Chart:
    """The chart of held-out error against the tax."""
    cv = model.cv
    summary = answer(model, cv)
    wide = draw(model, cv, WIDE, "cv-wide", summary)
    narrow = draw(model, cv, NARROW, "cv-narrow", summary) if both else None
    note = "The score of a chosen penalty is slightly optimistic: it was chosen to look good."
    if cv.score_name == "D2":
        note += f" {symbol(cv)} is the share of the deviance that the features explain."
    return Chart("cv", QUESTION, summary, wide, narrow, _table(model, cv), note)


def symbol(cv: CVRecord) -> str:
    """R² or D², as the score is written beside figures."""
    return cv.score_name.replace("2", "\N{SUPERSCRIPT TWO}")


def answer(model: Model, cv: CVRecord) -> str:
    """The best tax, what the 1-SE tax costs in R2 or D2, and what it saves in features."""
    axis, name = TaxAxis.of(model), symbol(cv)
    best, simple = (cv.score(alpha).cv for alpha in (model.alpha_min, model.alpha_1se))
    kept_best, kept_simple = (kept_at(model, a) for a in (model.alpha_min, model.alpha_1se))
    words = (
        f"{axis.word.capitalize()} {axis.write(model.alpha_min)} has the lowest held-out error "
        f"({name} {best:.2f}, {count(kept_best, 'feature')}); "
    )
    if model.alpha_1se == model.alpha_min:
        return words + "no higher one is within one standard error of it."
    return words + (
        f"{axis.write(model.alpha_1se)} is the highest within one standard error of it "
        f"({name} {simple:.2f}, {count(kept_simple, 'feature')})."
    )


def draw(model: Model, cv: CVRecord, size: Size, name: str, summary: str) -> Markup:
    """The picture at one size."""
    narrow = size[0] < WIDE[0] / 2
    axis = TaxAxis.of(model)
    taxes = axis.taxes(model)
    low, high = cv.mean - cv.se, cv.mean + cv.se
    heights = np.concatenate([low, high, cv.train])
    probe = linear(heights, (0.0, 1.0), include=(cv.null,))
    ticks = [tick for tick in probe.ticks(6) if tick >= 0.0]
    left = 16.0 + max(text_width(tick_text(tick), SMALL) for tick in ticks)
    area = Area.inside(size, left=left, right=96.0 if narrow else 118.0, top=72.0, bottom=48.0)
    y = Scale(probe.domain, area.upwards)
    x = axis.scale(model, area)
    at = x(taxes)
    marks = axis.marks(model)
    return figure(
        *size,
        axis_left(area, y, ticks),
        axis_bottom(area, x, x.ticks(5 if narrow else 11), f"{axis.word} (log scale, high to low)"),
        polygon(
            [*zip(at, y(low), strict=True), *zip(at[::-1], y(high)[::-1], strict=True)], "band"
        ),
        line(area.left, y(cv.null), area.right, y(cv.null), "null"),
        polyline(zip(at, y(cv.train), strict=True), "train"),
        marks_above(area, x, marks, 36.0),
        title_left(area, cv.metric),
        polyline(zip(at, y(cv.mean), strict=True), "mean"),
        *_points(cv, taxes, x, y, marks),
        _legend(cv, area, y),
        name=name,
        title=QUESTION,
        text=summary,
    )


def _points(cv: CVRecord, taxes: Floats, x: Scale, y: Scale, marks: list[Mark]) -> list[Markup]:
    """The marked taxes on the curve, each in its shape."""
    found = []
    for mark in marks:
        error = float(np.interp(-mark.value, -taxes, cv.mean))
        found.append(shape(mark.shape, x(mark.value), y(error), f"marker {mark.class_}", 5.5))
    return found


def _legend(cv: CVRecord, area: Area, y: Scale) -> Markup:
    """What each line is, at its right end: R2 beside, for the same heights."""
    ends = [
        (y(cv.null), "no features", "null"),
        (y(float(cv.mean[-1])), "held out", "mean"),
        (y(float(cv.train[-1])), "training", "train"),
    ]
    heights = spread([end[0] for end in ends], 16.0, area.top + 6, area.bottom - 4)
    parts = []
    for (at, label, class_), height in zip(ends, heights, strict=True):
        leader = f"M{area.right + 2:.1f},{at:.1f}L{area.right + 14:.1f},{height:.1f}l8,0"
        parts.append(element("path", d=leader, class_=f"leader {class_}"))
        parts.append(text(area.right + 26, height + 4, label, "name"))
    return element("g", *parts)


def _table(model: Model, cv: CVRecord) -> Table:
    axis, alphas = TaxAxis.of(model), model.path.alphas
    head = (axis.word, "kept", "held-out error", "standard error", symbol(cv), "training error")
    rows = []
    for k in table_rows(model):
        alpha, mean = float(alphas[k]), float(cv.mean[k])
        rows.append((
            axis.write(alpha),
            f"{kept_at(model, alpha):,}",
            figures(mean, 4),
            figures(float(cv.se[k])),
            amount(r2(mean, cv.null), 3),
            figures(float(cv.train[k]), 4),
        ))  # fmt: skip
    folds = f"{cv.n_folds} folds" + (f", {cv.repeats} times" if cv.repeats > 1 else "")
    none = f"no features: {figures(cv.null, 4)}, standard error {figures(cv.null_se)}"
    return Table(f"{cv.metric.capitalize()} over {folds}; {none}", head, tuple(rows))
