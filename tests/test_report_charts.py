"""Charts say what the model says: pixels turned back into numbers."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_html import charts, points
from report_models import orthonormal_model, soft

from excise.report import render_report
from excise.report.axes import Area, tick_text
from excise.report.chart import by_entry, kept_at
from excise.report.curve import TOLERANCE, curve
from excise.report.labels import spread
from excise.report.path_chart import lines_of
from excise.report.scales import Scale, linear
from excise.report.svg import element, number, shorten, text_width

finite = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))


@given(st.lists(finite, max_size=12), st.floats(0.5, 40.0))
def test_labels_never_overlap_and_stay_inside(wanted, gap):
    placed = spread(wanted, gap, 0.0, 300.0)
    order = np.argsort(wanted, kind="stable")
    room = min(gap, 300.0 / max(len(wanted) - 1, 1))
    steps = np.diff(np.array(placed)[order])
    assert np.all(steps >= room - 1e-6)
    assert all(-1e-6 <= at <= 300.0 + 1e-6 for at in placed)


def test_labels_with_room_do_not_move():
    assert spread([10.0, 200.0, 90.0], 20.0, 0.0, 300.0) == [10.0, 200.0, 90.0]


def test_colliding_labels_move_as_little_as_can_be():
    assert spread([100.0, 100.0, 106.0], 10.0, 0.0, 300.0) == pytest.approx([92.0, 102.0, 112.0])


@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e5), st.floats(0.0, 1.0), st.booleans())
def test_a_scale_inverts(low, ratio, share, log):
    scale = Scale((low * ratio, low), (40.0, 700.0), log)
    pixel = 40.0 + 660.0 * share
    assert scale(scale.invert(pixel)) == pytest.approx(pixel, abs=1e-6)


@given(st.floats(1e-9, 1e9), st.floats(1.001, 1e7), st.integers(3, 12), st.booleans())
def test_ticks_are_inside_few_and_rising(low, ratio, most, log):
    scale = Scale((low * ratio, low), (0.0, 1.0), log)
    ticks = scale.ticks(most)
    assert len(ticks) <= most + 1
    assert all(a < b for a, b in itertools.pairwise(ticks))
    assert all(low * (1 - 1e-6) <= t <= low * ratio * (1 + 1e-6) for t in ticks)


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [np.nan, 1e-300]])
def test_a_scale_of_one_value_has_a_width(values):
    low, high = linear(np.array(values), (0.0, 1.0)).domain
    assert low < high


def test_a_straight_segment_is_a_curve_on_a_log_axis():
    x = Scale((10.0, 0.01), (0.0, 600.0), log=True)
    y = Scale((0.0, 10.0), (400.0, 0.0))
    drawn = np.array(curve(np.array([10.0, 0.01]), np.array([0.0, 9.99]), x, y))
    assert len(drawn) > 10
    at = np.linspace(0.0, 600.0, 2_000)
    exact = y(10.0 - np.array([x.invert(a) for a in at]))
    below = np.abs(np.interp(at, drawn[:, 0], drawn[:, 1]) - exact)
    across = below / np.hypot(1.0, np.gradient(exact, at))
    assert across.max() < 2 * TOLERANCE


def test_pixels_of_the_path_are_the_coefficients():
    model = orthonormal_model(20)
    picture = charts(render_report(model))["path-wide"]
    lines = lines_of(model, by_entry(model))
    frame = _frame(picture)
    for i in range(lines.named):
        (path,) = [p for p in picture.iter("path") if p.get("class") == f"line c{i + 1}"]
        q = model.books.xy[lines.features[i] : lines.features[i] + 1]
        for px, py in points(path):
            alpha, coef = frame.x.invert(px), frame.y.invert(py)
            slack = 0.15 * frame.pixel + 2e-3 * alpha
            assert coef == pytest.approx(soft(q, alpha)[0], abs=slack)


def test_pixels_of_the_cv_curve_are_the_errors():
    model = orthonormal_model(20)
    picture = charts(render_report(model))["cv-wide"]
    frame = _frame(picture)
    (path,) = [p for p in picture.iter("path") if p.get("class") == "mean"]
    drawn = points(path)
    assert len(drawn) == len(model.cv.mean)
    for (px, py), alpha, mean in zip(drawn, model.cv.alphas, model.cv.mean, strict=True):
        assert frame.x.invert(px) == pytest.approx(alpha, rel=2e-3)
        assert frame.y.invert(py) == pytest.approx(mean, abs=0.15 * frame.pixel)


def test_bars_of_the_ledger_are_divided_by_the_tax():
    model = orthonormal_model(20)
    html = render_report(model)
    from report_html import Page

    page = Page(html)
    rects = [a for t, a in page.tags if t == "rect" and a.get("class") in ("paid", "kept", "cut")]
    rects = [a for a in rects if a["width"].endswith("%")]
    ledger = model.ledger().sorted("earns")
    reach = max(row.earns for row in ledger) * 1.04
    drawn = iter(rects)
    for row in ledger:
        share = 0.0
        for class_ in ("paid", "kept") if row.status == "kept" else ("cut",):
            rect = next(drawn)
            assert rect["class"] == class_
            share += float(rect["width"][:-1])
        assert share * reach / 100.0 == pytest.approx(row.earns, abs=0.011 * reach / 100.0 * 2)
    assert next(drawn, None) is None


def test_kept_counts_follow_every_event():
    model = orthonormal_model(15)
    size = np.sort(np.abs(model.books.xy))[::-1]
    for alpha in np.geomspace(size[0] * 1.01, size[0] * 2e-3, 57):
        assert kept_at(model, float(alpha)) == np.count_nonzero(size > alpha)


def test_features_by_entry():
    model = orthonormal_model(40)
    size = np.abs(model.books.xy)
    order = by_entry(model)
    inside = size[order][size[order] > model.path.alphas[-1]]
    assert np.all(np.diff(inside) <= 0.0)


def test_long_names_are_cut_with_an_ellipsis_that_fits():
    assert shorten("bmi", 12.0, 100.0) == "bmi"
    cut = shorten("a very long name of a column", 12.0, 80.0)
    assert cut.startswith("a v") and cut.endswith("mn") and "…" in cut
    assert text_width(cut, 12.0) <= 80.0
    assert text_width("漢字", 12.0) > text_width("ab", 12.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.3, "0.3"),
        (15_000.0, "15,000"),
        (-20.0, "\N{MINUS SIGN}20"),
        (8e8, "8×10⁸"),
        (2.5e-7, "2.5×10⁻⁷"),
    ],
)
def test_ticks_are_written_to_be_read(value, text):
    assert tick_text(value) == text


def test_svg_is_escaped_and_short():
    assert number(-0.01) == "0" and number(12.0) == "12" and number(1.25, 2) == "1.25"
    assert element("text", "<&>", x=1.0, fill_=None) == '<text x="1">&lt;&amp;&gt;</text>'
    assert element("g", element("a"), b='"') == '<g b="&#34;"><a/></g>'


def test_an_area_is_what_the_margins_leave():
    area = Area.inside((100.0, 50.0), left=10.0, right=20.0, top=5.0, bottom=15.0)
    assert area.across == (10.0, 80.0) and area.upwards == (35.0, 5.0)


class _frame:  # noqa: N801
    """Scales read off a chart's own axes: two ticks each."""

    def __init__(self, picture) -> None:
        ticks = [t for t in picture.iter("text") if t.get("class") == "tick"]
        bottom = max(float(t.attrib["y"]) for t in ticks)
        below = [(float(t.attrib["x"]), _value(t)) for t in ticks if float(t.attrib["y"]) == bottom]
        beside = [
            (float(t.attrib["y"]) - 4, _value(t)) for t in ticks if t.get("text-anchor") == "end"
        ]
        self.x = _through(below, log=True)
        self.y = _through(beside, log=False)
        self.pixel = abs(self.y.invert(1.0) - self.y.invert(0.0))


def _value(tick) -> float:
    return float(tick.text.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def _through(pairs, log) -> Scale:
    (a, u), (b, v) = pairs[0], pairs[-1]
    return Scale((u, v), (a, b), log)
