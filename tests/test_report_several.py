"""The report of several classes and responses: panels, the square of counts, hostile names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from report_html import Page, charts, points, style_of
from several_models import KINDS, NAMES, P, rows_of, settings_of, several_model
from test_report import HOSTILE

from excise.cross_validation import fit_cv
from excise.explain.judge import judge_of
from excise.explain.several import SeveralLedger
from excise.explain.words import amount, percent
from excise.folds import make_folds
from excise.model import Column, Model, Target, build_model
from excise.problem import make_problem
from excise.report import notebook_card, render_report
from excise.report.notebook import BUDGET
from excise.report.page import size_budget
from excise.report.panels import panels_of
from excise.report.several_view import spoken


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_whole(kind: str) -> None:
    model = several_model(kind)
    html = render_report(model)
    page, pictures = Page(html), charts(html)
    assert page.problems == []
    assert len(html.encode()) <= size_budget(P)
    assert len(style_of(html)) <= 12_000
    wanted = {"path-wide", "path-narrow", "cv-wide", "cv-narrow"}
    own = "classes" if model.confusion else "responses"
    wanted |= {f"{own}-wide", f"{own}-narrow"}
    assert set(pictures) == wanted
    ids = [a["id"] for _, a in page.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    for line in model.equation().splitlines():
        assert line in page.text
    for name in NAMES:
        assert name in page.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_ledger_says_for_whom_each_feature_speaks(kind: str) -> None:
    model = several_model(kind)
    ledger = model.ledger()
    assert isinstance(ledger, SeveralLedger)
    text = Page(render_report(model)).text
    best = ledger.by_feature()
    for j, row in enumerate(best):
        said = spoken(ledger, row.feature)
        assert " ".join(said.split()) in text
        assert f" {amount(row.earns, best.decimals)} " in text
        kept = {NAMES[k] for k in np.flatnonzero(model.coef[j])}
        assert {name for name, _ in ledger.speaks_for(row.feature)} == kept
        if row.picked is not None and row.status != "excluded":
            assert percent(row.picked) in text
        values = [value for _, value in ledger.speaks_for(row.feature)]
        assert values == sorted(values, key=lambda value: -abs(value))
        assert set(values) == set(model.coef_std[j][model.coef[j] != 0.0])
    order = [row.feature for row in best.sorted("earns")]
    assert order == sorted(order, key=lambda name: -best[name].earns)


@pytest.mark.parametrize("kind", KINDS)
def test_panels_draw_the_path(kind: str) -> None:
    model = several_model(kind)
    found = panels_of(model, np.arange(P))
    dense = np.stack(
        [model.path.coefs_std.column(k) for k in range(len(model.path.alphas))], axis=1
    ).reshape(P, 3, -1)
    for i, output in enumerate(found.outputs):
        for row, j in enumerate(found.features):
            assert np.array_equal(found.coefs[i, row], dense[j, output])
    picture = charts(render_report(model))["path-wide"]
    drawn = [path for path in picture.iter("path") if "line" in path.attrib.get("class", "")]
    ever = sum(bool(np.any(dense[j, k])) for j in range(P) for k in range(3))
    assert len(drawn) == ever
    width = float(picture.attrib["viewBox"].split()[2])
    height = float(picture.attrib["viewBox"].split()[3])
    for path in drawn:
        assert all(0.0 <= x <= width and 0.0 <= y <= height for x, y in points(path))


@pytest.mark.parametrize("kind", ["classes", "grouped"])
def test_the_square_holds_every_held_out_row(kind: str) -> None:
    model = several_model(kind)
    assert model.confusion is not None
    html = render_report(model)
    picture = charts(html)["classes-wide"]
    cells = [
        (float(rect.attrib["y"]), float(rect.attrib["x"]), float(rect.attrib["fill-opacity"]))
        for rect in picture.iter("rect")
        if rect.attrib.get("class", "").startswith("heat")
    ]
    shades = np.array([shade for *_, shade in sorted(cells)]).reshape(3, 3)
    share = model.confusion.counts / model.confusion.rows[:, None]
    assert np.abs(shades / 0.55 - share).max() < 0.01
    text = Page(html).text
    assert (
        f"Of {len(rows_of(kind)[1])} rows it recognises {model.confusion.recognised.sum()}" in text
    )


def many_classes(
    K: int, p: int, names: tuple[str, ...] = (), features: tuple[str, ...] = ()
) -> Model:
    """A quick model of K classes."""
    rng = np.random.default_rng(1)
    codes = np.arange(12 * K) % K
    X = rng.standard_normal((len(codes), p))
    X[:, 0] += codes
    X[:, -1] -= codes % 3
    y = np.eye(K)[codes]
    problem = make_problem(X, y, loss="multinomial", standardize=True)
    folds = make_folds(len(codes), 3, stratify=codes, random_state=0)
    return build_model(
        fit_cv(X, y, cv=3, alphas=8, loss="multinomial", standardize=True),
        columns=[Column(features[j] if j < len(features) else f"x{j}") for j in range(p)],
        target=Target("kind", levels=names or tuple(f"class {k}" for k in range(K))),
        stability=2,
        decoys=5,
        judge=judge_of(problem, folds),
    )


@pytest.mark.parametrize(("K", "p"), [(3, 400), (14, 30), (25, 4)])
def test_many_classes_and_features_stay_within_the_budgets(K: int, p: int) -> None:
    model = many_classes(K, p)
    html, card = render_report(model), notebook_card(model)
    assert len(html.encode()) <= size_budget(p)
    assert len(card.encode()) <= BUDGET
    assert Page(html).problems == [] and Page(card).problems == []
    text = Page(html).text
    assert ("The 2 classes with the fewest features are not drawn" in text) == (K == 14)
    assert ("classes-wide" in charts(html)) == (K <= 20)
    assert "taken for class 2" in text


def test_hostile_names_add_no_element() -> None:
    names = tuple(HOSTILE[:3])
    model = many_classes(3, 5, names, tuple(HOSTILE[:5]))
    model = replace(model, target=replace(model.target, name=HOSTILE[0]))
    plain = many_classes(3, 5)
    for draw in (render_report, notebook_card):
        html = draw(model)
        page, usual = Page(html), Page(draw(plain))
        assert page.problems == []
        assert {tag for tag, _ in page.tags} <= {tag for tag, _ in usual.tags}
        assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]
        charts(html)


def test_hostile_responses_too() -> None:
    X, y = rows_of("responses")
    cv = fit_cv(X, y, cv=3, alphas=6, **settings_of("responses"))
    target = Target(HOSTILE[0], responses=tuple(HOSTILE[:3]))
    html = render_report(build_model(cv, target=target, stability=0, decoys=0))
    assert Page(html).problems == [] and "<img" not in html and "<script" not in html
