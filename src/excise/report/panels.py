"""The paths of several outputs as small multiples: a panel for each, all on one scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from excise.explain.several import several_of
from excise.explain.words import count
from excise.model import Model
from excise.report.axes import SMALL, Area, axis_bottom, axis_left, tick_text
from excise.report.chart import NARROW, WIDE, Chart, Size, Table, TaxAxis, kept_at, table_rows
from excise.report.curve import curve
from excise.report.path_chart import NAMED, QUESTION
from excise.report.scales import Scale, linear
from excise.report.svg import element, figure, line, polyline, shorten, text, text_width
from excise.results import Floats

MOST_PANELS = 12
"""Outputs drawn; of more those with the most coefficients."""
HEIGHT = 220.0
"""Of a panel, its title and axis included."""
LEGEND_LINE = 20.0
LONGEST_NAME = 150.0
"""Pixels of a feature's name in the legend."""
CROWDED = 50


class Panels(NamedTuple):
    """What is drawn.

    Attributes
    ----------
    features : ndarray of int
        Drawn features; the first `named` of them have a colour and a name.
    named : int
    outputs : ndarray of int
        Those that have a panel.
    taxes : ndarray, shape (n_alphas,)
    coefs : ndarray, shape (len(outputs), len(features), n_alphas)
        Per standard deviation.
    """

    features: NDArray[np.intp]
    named: int
    outputs: NDArray[np.intp]
    taxes: Floats
    coefs: Floats


def panels_of(model: Model, features: NDArray[np.intp], most: int = MOST_PANELS) -> Panels:
    """Rows of the path for `features`; named are the largest at the chosen tax."""
    K, matrix = len(model.outputs), model.path.coefs_std
    size = np.abs(model.coef_std[features]).max(axis=1, initial=0.0)
    ranked = features[np.lexsort((np.arange(len(features)), -size))]
    counts = np.count_nonzero(model.coef_std, axis=0)
    outputs = np.sort(np.lexsort((np.arange(K), -counts))[:most])
    place, panel = np.full(model.n_features, -1), np.full(K, -1)
    place[ranked], panel[outputs] = np.arange(len(ranked)), np.arange(len(outputs))
    alpha = np.repeat(np.arange(matrix.n_columns), np.diff(matrix.indptr))
    row, which = place[matrix.indices // K], panel[matrix.indices % K]
    drawn = (row >= 0) & (which >= 0)
    coefs = np.zeros((len(outputs), len(ranked), matrix.n_columns))
    coefs[which[drawn], row[drawn], alpha[drawn]] = matrix.data[drawn]
    ever = (coefs != 0.0).any(axis=(0, 2))
    order = np.argsort(~ever, kind="stable")
    named = min(NAMED, int(np.count_nonzero(ever)))
    return Panels(ranked[order], named, outputs, TaxAxis.of(model).taxes(model), coefs[:, order])


def panels_chart(model: Model, features: NDArray[np.intp], *, both: bool = True) -> Chart:
    """The chart of these features' coefficients for each output, against the tax."""
    found, summary = panels_of(model, features), answer(model)
    note = f"All panels have one scale: {unit(model)} per standard deviation of a feature."
    if (missing := len(model.outputs) - len(found.outputs)) > 0:
        note += f" The {several_of(missing, model.noun)} with the fewest features are not drawn."
    if (hidden := model.n_features - len(features)) > 0:
        note += f" Drawn are the {len(features)} features with the highest entry tax; "
        note += f"the other {hidden:,} are not."
    wide = draw(model, found, WIDE, "path-wide", summary)
    narrow = draw(model, found, NARROW, "path-narrow", summary) if both else None
    return Chart("path", QUESTION, summary, wide, narrow, _table(model), note)


def unit(model: Model) -> str:
    """What a coefficient adds to."""
    return "the score of the class" if model.task == "class" else "units of the response"


def answer(model: Model) -> str:
    """Who comes first, and for whom; how many are in at the chosen tax."""
    axis = TaxAxis.of(model)
    kept = f"{model.n_kept:,} of {count(model.n_features, 'feature')}"
    here = f"at {axis.word} {axis.write(model.alpha)}, {kept} are in"
    first = next((event for event in model.path.events if event.kind == "enters"), None)
    if first is None:
        return here[0].upper() + here[1:] + "."
    name = model.feature_names[first.feature]
    whom = "" if first.output is None else f" for {model.outputs[first.output]}"
    return f"{name} enters first{whom}, below {axis.word} {axis.write(first.alpha)}; {here}."


def draw(model: Model, found: Panels, size: Size, name: str, summary: str) -> Markup:
    """Panels in rows of three (on a phone one below the other), then the legend."""
    width = size[0]
    across = 1 if width < WIDE[0] / 2 else min(3, max(len(found.outputs), 1))
    probe = linear(found.coefs if found.coefs.size else np.zeros(1), (0.0, 1.0), include=(0.0,))
    ticks = probe.ticks(4)
    left = 16.0 + max(text_width(tick_text(tick), SMALL) for tick in ticks)
    step = width / across
    parts: list[Markup] = []
    for i, output in enumerate(found.outputs.tolist()):
        x0, y0 = step * (i % across), HEIGHT * (i // across)
        area = Area(width, HEIGHT, x0 + left, x0 + step - 12.0, y0 + 26.0, y0 + HEIGHT - 52.0)
        title = shorten(model.outputs[output], SMALL, step - left - 12.0)
        parts.append(_panel(model, found, i, area, Scale(probe.domain, area.upwards), title, ticks))
    below = HEIGHT * -(-len(found.outputs) // across)
    legend, height = _legend(model, found, width, below)
    return figure(width, height, *parts, legend, name=name, title=QUESTION, text=summary)


def _panel(
    model: Model, found: Panels, i: int, area: Area, y: Scale, title: str, ticks: list[float]
) -> Markup:
    """The lines of one output, grey ones first."""
    axis = TaxAxis.of(model)
    x = axis.scale(model, area)
    chosen = x(model.alpha * axis.unit)
    lines = []
    for row in reversed(range(len(found.features))):
        values = found.coefs[i, row]
        inside = np.flatnonzero(values)
        if len(values) < 2 or not len(inside):
            continue
        start = max(int(inside[0]) - 1, 0)
        class_ = f"line c{row + 1}" if row < found.named else "line rest"
        if len(values) - start > 1:
            lines.append(polyline(curve(found.taxes[start:], values[start:], x, y), class_))
    crowd = "lines many" if len(found.features) > CROWDED else "lines"
    return element(
        "g",
        axis_left(area, y, ticks),
        axis_bottom(area, x, x.ticks(4), axis.word),
        line(chosen, area.top, chosen, area.bottom, "mark chosen"),
        element("g", *lines, class_=crowd),
        text(area.left, area.top - 10, title, "name"),
    )


def _legend(model: Model, found: Panels, width: float, top: float) -> tuple[Markup, float]:
    """Names of the coloured lines in as many rows as they take, and the height down to there."""
    parts: list[Markup] = []
    x, y = 4.0, top + 14.0
    for i, j in enumerate(found.features[: found.named].tolist()):
        label = shorten(model.feature_names[j], SMALL, LONGEST_NAME)
        room = 34.0 + text_width(label, SMALL) + 14.0
        if x + room > width and x > 4.0:
            x, y = 4.0, y + LEGEND_LINE
        parts.append(line(x, y - 4, x + 26.0, y - 4, f"line c{i + 1}"))
        parts.append(text(x + 32.0, y, label, "name"))
        x += room
    return element("g", *parts), y + 10.0


def _table(model: Model) -> Table:
    """How many features each output has, along the grid."""
    axis, path, K = TaxAxis.of(model), model.path, len(model.outputs)
    rows = []
    for k in table_rows(model):
        alpha = float(path.alphas[k])
        tally = np.bincount(path.coefs_std.support(k) % K, minlength=K)
        rows.append((axis.write(alpha), f"{kept_at(model, alpha):,}", *(f"{n:,}" for n in tally)))
    head = (axis.word, "kept", *model.outputs)
    return Table(f"Features kept in all, and for each {model.noun}", head, tuple(rows))
