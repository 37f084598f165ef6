"""The coefficient path: when each feature enters or leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from excise.explain.words import amount, count, decimals_of, listing
from excise.model import Model
from excise.report.axes import (
    SMALL,
    Area,
    axis_bottom,
    axis_left,
    end_labels,
    marks_above,
    tick_text,
    title_left,
)
from excise.report.chart import NARROW, WIDE, Chart, Size, Table, TaxAxis, kept_at, table_rows
from excise.report.curve import curve
from excise.report.scales import Scale, linear
from excise.report.svg import element, figure, line, polyline, shorten, text, text_width
from excise.results import Event, Floats

NAMED = 8
"""Lines with a colour and a name."""
MOST_TICKS = 300
"""Event ticks drawn."""
CROWDED = 50
"""Above so many lines the grey ones are thin."""
QUESTION = "When does each feature enter or leave?"


class Lines(NamedTuple):
    """The part of a path that is drawn.

    Attributes
    ----------
    features : ndarray of int
        Drawn features; the first `named` of them have a colour and a name.
    taxes : ndarray, shape (n_alphas,)
    coefs : ndarray, shape (len(features), n_alphas)
        In units of the target (its logarithm, its log-odds) per standard deviation.
    """

    features: NDArray[np.intp]
    named: int
    taxes: Floats
    coefs: Floats


def lines_of(model: Model, features: NDArray[np.intp]) -> Lines:
    """Rows of the path for `features`; named are the largest at the chosen tax."""
    kept = np.abs(model.coef_std[features])
    ranked = features[np.lexsort((np.arange(len(features)), -kept))]
    path = model.path
    place = np.full(model.n_features, -1)
    place[ranked] = np.arange(len(ranked))
    matrix = path.coefs_std
    column = np.repeat(np.arange(matrix.n_columns), np.diff(matrix.indptr))
    row = place[matrix.indices]
    drawn = row >= 0
    coefs = np.zeros((len(ranked), matrix.n_columns))
    coefs[row[drawn], column[drawn]] = matrix.data[drawn]
    ever = (coefs != 0.0).any(axis=1)
    named = min(NAMED, int(np.count_nonzero(ever)))
    order = np.argsort(~ever, kind="stable")
    return Lines(ranked[order], named, TaxAxis.of(model).taxes(model), coefs[order])


def path_chart(model: Model, features: NDArray[np.intp], *, both: bool = True) -> Chart:
    """The chart of these features' coefficients against the tax."""
    lines = lines_of(model, features)
    summary = answer(model)
    hidden = model.n_features - len(features)
    note = "A stroke above the lines marks an entry, a ring an exit."
    if hidden:
        note += f" Drawn are the {len(features)} features with the highest entry tax; "
        note += f"the other {hidden:,} are not."
    wide = draw(model, lines, WIDE, "path-wide", summary)
    narrow = draw(model, lines, NARROW, "path-narrow", summary) if both else None
    return Chart("path", QUESTION, summary, wide, narrow, _table(model, lines), note)


def answer(model: Model) -> str:
    """Who comes first, how many are in at the chosen tax, and who turns back."""
    axis, events = TaxAxis.of(model), model.path.events
    kept = f"{model.n_kept:,} of {count(model.n_features, 'feature')}"
    here = f"at {axis.word} {axis.write(model.alpha)}, {kept} are in"
    first = next((event for event in events if event.kind == "enters"), None)
    if first is None:
        return here[0].upper() + here[1:] + "."
    name = model.feature_names[first.feature]
    words = [f"{name} enters first, below {axis.word} {axis.write(first.alpha)}; {here}."]
    if turned := _turned(model, axis):
        more = f", and {count(len(turned) - 3, 'more exit')}" if len(turned) > 3 else ""
        words.append(
            f"Paths are not nested: as the {axis.word} falls, {listing(turned[:3])}{more}."
        )
    return " ".join(words)


def _turned(model: Model, axis: TaxAxis) -> list[str]:
    """Exits as the tax falls, and returns."""
    events, said = model.path.events, []
    for i, event in enumerate(events):
        if event.kind == "leaves":
            later = (e.alpha for e in events[i + 1 :] if e.feature == event.feature)
            back = next(later, None)
            returns = "" if back is None else f" and comes back at {axis.write(back)}"
            name = model.feature_names[event.feature]
            said.append(f"{name} leaves at {axis.write(event.alpha)}{returns}")
    return said


def draw(model: Model, lines: Lines, size: Size, name: str, summary: str) -> Markup:
    """The picture at one size."""
    narrow = size[0] < WIDE[0] / 2
    names = [_name(model, j, 84.0 if narrow else 150.0) for j in lines.features[: lines.named]]
    right = 34.0 + max((text_width(label, SMALL) for label in names), default=0.0)
    axis = TaxAxis.of(model)
    drawn = lines.coefs if lines.coefs.size else np.zeros((1, 1))
    probe = linear(drawn, (0.0, 1.0), include=(0.0,))
    ticks = probe.ticks(6)
    left = 16.0 + max(text_width(tick_text(tick), SMALL) for tick in ticks)
    area = Area.inside(size, left=left, right=right, top=86.0, bottom=48.0)
    y = Scale(probe.domain, area.upwards)
    x = axis.scale(model, area)
    below = x.ticks(5 if narrow else 11)
    return figure(
        *size,
        axis_left(area, y, ticks),
        axis_bottom(area, x, below, f"{axis.word} (log scale, high to low)"),
        _top_axis(model, area, x, below, axis.unit),
        _event_ticks(model, lines, area, x, axis.unit),
        marks_above(area, x, axis.marks(model), 46.0),
        title_left(area, f"{model.predictor} per SD"),
        element("g", *_drawn_lines(model, lines, x, y), class_=_crowd(lines)),
        _names(lines, names, area, y),
        name=name,
        title=QUESTION,
        text=summary,
    )


def _name(model: Model, j: int, room: float) -> str:
    return shorten(model.feature_names[j], SMALL, room)


def _top_axis(model: Model, area: Area, x: Scale, taxes: list[float], unit: float) -> Markup:
    """How many features are kept, above the same taxes that the bottom axis names."""
    parts = [text(0, 14, "kept", "axis-title")]
    for tax in taxes:
        if x(tax) > 40.0:
            parts.append(text(x(tax), 14, f"{kept_at(model, tax / unit):,}", "tick", "middle"))
    return element("g", *parts)


def _event_ticks(model: Model, lines: Lines, area: Area, x: Scale, unit: float) -> Markup:
    """A stroke where a drawn feature enters, a ring where one leaves."""
    drawn = set(lines.features.tolist())
    parts = []
    for event in [e for e in model.path.events if e.feature in drawn][:MOST_TICKS]:
        at = x(event.alpha * unit)
        if not area.left <= at <= area.right:
            continue
        if event.kind == "enters":
            parts.append(line(at, area.top, at, area.top + 7, "enters"))
        else:
            parts.append(element("circle", cx=at, cy=area.top + 4, r=3, class_="leaves"))
    return element("g", *parts, class_="events")


def _crowd(lines: Lines) -> str:
    """Many grey lines are drawn thinner."""
    return "lines many" if len(lines.features) > CROWDED else "lines"


def _drawn_lines(model: Model, lines: Lines, x: Scale, y: Scale) -> list[Markup]:
    """Grey lines first, then the named ones, the largest on top."""
    own: dict[int, list[Event]] = {}
    for event in model.path.events:
        own.setdefault(event.feature, []).append(event)
    parts = []
    for i in reversed(range(len(lines.features))):
        taxes, values = _vertices(model, lines, i, own.get(int(lines.features[i]), []))
        if len(taxes) < 2:
            continue
        class_ = f"line c{i + 1}" if i < lines.named else "line rest"
        parts.append(polyline(curve(taxes, values, x, y), class_))
    return parts


def _vertices(model: Model, lines: Lines, i: int, events: list[Event]) -> tuple[Floats, Floats]:
    """Falling taxes and coefficients of line i: the grid, and zero at its own events."""
    unit = TaxAxis.of(model).unit
    crossings = np.array([event.alpha * unit for event in events])
    taxes = np.concatenate([lines.taxes, crossings])
    values = np.concatenate([lines.coefs[i], np.zeros(len(crossings))])
    taxes, first = np.unique(-taxes, return_index=True)
    values = values[first]
    inside = np.flatnonzero(values)
    if not len(inside):
        return np.empty(0), np.empty(0)
    start = max(int(inside[0]) - 1, 0)
    return -taxes[start:], values[start:]


def _names(lines: Lines, names: list[str], area: Area, y: Scale) -> Markup:
    ends = [(y(float(lines.coefs[i, -1])), names[i], f"c{i + 1}") for i in range(lines.named)]
    return end_labels(area, ends, area.right)


def _table(model: Model, lines: Lines) -> Table:
    """Coefficients of the named features along the grid, with what happened since the row above."""
    axis, path = TaxAxis.of(model), model.path
    shown = range(lines.named)
    head = (axis.word, "kept", "since the row above")
    head += tuple(model.feature_names[lines.features[i]] for i in shown)
    places = decimals_of(model.alpha * axis.unit)
    rows, above = [], np.inf
    for k in table_rows(model):
        alpha = float(path.alphas[k])
        happened = _happened(model, alpha, above)
        cells = (amount(float(lines.coefs[i, k]), places) for i in shown)
        rows.append((axis.write(alpha), f"{kept_at(model, alpha):,}", happened, *cells))
        above = alpha
    caption = f"Coefficients in units of {model.predictor} per standard deviation"
    return Table(caption, head, tuple(rows))


def _happened(model: Model, low: float, high: float) -> str:
    """Entries (+) and exits (-) between two alphas."""
    crossed = [event for event in model.path.events if low <= event.alpha < high]
    signs = {"enters": "+", "leaves": "\N{MINUS SIGN}"}
    words = [signs[event.kind] + model.feature_names[event.feature] for event in crossed[:6]]
    if len(crossed) > 6:
        words.append(f"{len(crossed) - 6:,} more")
    return ", ".join(words)
