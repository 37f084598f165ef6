"""The report: complete without a script, inert whatever the names are, within its size."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from report_html import Page, charts, style_of
from report_models import orthonormal_model, point_at

from excise.explain.words import amount
from excise.model import Penalty, facts
from excise.report import render_report
from excise.report.page import DETAILS, size_budget

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<style>*{display:none}</style>",
    "a&b <b>bold</b>",
    "{{ 7*7 }}{% raw %}",
    "javascript:alert(1)",
    "]]><!--",
    "\u202eevil\u202c",
    "x" * 5_000,
    "' onclick='alert(1)",
]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_report(orthonormal_model(12)))


def test_tags_nest_and_the_page_has_its_landmarks(page):
    assert page.problems == []
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert page.all("html", lang="en")
    assert page.all("header") and page.all("nav")


def test_headings_never_skip_a_level(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_every_table_head_has_a_scope_and_every_chart_a_name(page):
    heads = page.all("th")
    assert heads and all(head.get("scope") in ("col", "row") for head in heads)
    pictures = page.all("svg", role="img")
    ids = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    assert len(pictures) >= 2
    for picture in pictures:
        assert picture["aria-labelledby"] in ids and picture["aria-describedby"] in ids
    others = [svg for svg in page.all("svg") if svg.get("role") != "img"]
    assert all(svg.get("aria-hidden") == "true" for svg in others)


def test_ids_are_unique_and_links_stay_on_the_page(page):
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(link["href"][1:] in ids and link["href"][0] == "#" for link in page.all("a"))


def test_facts_ledger_and_equation_are_in_the_text():
    model = orthonormal_model(30)
    text = Page(render_report(model)).text.replace("\N{MINUS SIGN}", "-")
    for fact in facts(model):
        shown = fact.value.replace("+/-", "±").replace("R2 ", "R² ")
        assert shown in text and fact.note in text
    assert model.equation() in text
    ledger = model.ledger()
    for row in ledger:
        assert f"{row.feature} {amount(row.earns, ledger.decimals)}" in text
        for sentence in model.why(row.feature).sentences():
            assert " ".join(sentence.split()) in text


def test_warnings_come_before_the_facts():
    text = Page(render_report(orthonormal_model(5, warnings=("3 rows dropped",)))).text
    assert text.index("Warning 3 rows dropped") < text.index("Proof")


def test_the_style_sheet_is_small(page):
    assert len(style_of(page.html).encode()) <= 12_000


def test_the_page_opens_with_what_was_read():
    model = orthonormal_model(4, settings={"data": "t.csv: 40 rows, 1 dropped (id: id-like)"})
    assert "t.csv: 40 rows, 1 dropped (id: id-like)" in Page(render_report(model)).text


def test_nothing_runs_and_nothing_is_requested(page):
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "use"}
    for _, attrs in page.tags:
        assert not [key for key in attrs if key.startswith("on") or key in ("style", "src")]
    assert "http:" not in page.html and "https:" not in page.html
    assert "url(" not in re.sub(r"url\(#[a-z-]+\)", "", page.html)
    assert "@import" not in page.html


def test_the_policy_allows_exactly_this_style(page):
    digest = hashlib.sha256(style_of(page.html).encode()).digest()
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    words = policy["content"]
    assert words.startswith("default-src 'none';")
    assert f"style-src 'sha256-{base64.b64encode(digest).decode()}';" in words
    assert "unsafe" not in words and "script-src" not in words


def test_hostile_names_add_no_element():
    calm = orthonormal_model(10, settings={"command": "x"}, warnings=("w",))
    wild = orthonormal_model(
        10,
        names=HOSTILE,
        target=HOSTILE[0],
        settings={"command": HOSTILE[1], HOSTILE[2]: [HOSTILE[3]]},
        warnings=(HOSTILE[0],),
        software=HOSTILE[5],
    )
    quiet, loud = Page(render_report(calm)), Page(render_report(wild))
    assert loud.problems == []
    extra = {"dt", "dd", "div", "code", "p"}  # one more setting; sentences without names fold apart

    def elements(page: Page) -> set[tuple[str, frozenset[str]]]:
        return {(tag, frozenset(attrs)) for tag, attrs in page.tags if tag not in extra}

    assert elements(loud) == elements(quiet)
    count = [len([tag for tag, _ in page.tags if tag not in extra]) for page in (quiet, loud)]
    assert count[0] == count[1]
    for name in HOSTILE[:8]:
        assert " ".join(name.split()) in loud.text
    charts(loud.html)  # well-formed, names and all


@pytest.mark.parametrize("p", [1, 10, 50, 200, 5_000])
def test_size_budget(p):
    html = render_report(orthonormal_model(p))
    assert len(html.encode()) <= size_budget(p)
    assert Page(html).problems == []


def test_beyond_the_cap_charts_are_thinned_and_the_page_says_so():
    names = [f"{j} " + "a long name " * 200 for j in range(50)]
    html = render_report(orthonormal_model(50, names=names, kept=0.9))
    assert len(html.encode()) <= size_budget(50)
    text = Page(html).text
    assert "Thinned" in text
    assert all(name[:100] in text for name in names)


def test_above_200_columns_the_rest_is_summed_up():
    model = orthonormal_model(700, kept=0.1)
    page = Page(render_report(model))
    rows = list(model.ledger().sorted("earns").rows)[DETAILS[0].rows :]
    most = amount(max(row.earns for row in rows), model.ledger().decimals)
    assert f"and 500 more, all cut; others: max earns {most}" in page.text
    assert (
        "Drawn are the 200 features with the highest entry tax; the other 500 are not" in page.text
    )


def test_kept_rows_are_listed_before_cut_ones_that_earn_more():
    base = orthonormal_model(300, kept=0.5)
    shown = Page(render_report(base)).text
    kept = [row.feature for row in base.ledger().kept]
    assert all(f"{name} is kept" in shown for name in kept)


def test_a_ridge_has_a_penalty_and_no_tax():
    text = Page(render_report(orthonormal_model(8, penalty=Penalty("ridge", 0.0)))).text
    assert "Penalty" in text and "penalty (log scale" in text


def test_no_feature_kept():
    q = orthonormal_model(6).books.xy
    top = float(np.abs(q).max())
    text = Page(render_report(orthonormal_model(6, point=point_at(q, top)))).text
    assert "No feature earns its tax" in text
    assert "Nothing is kept, so nobody earns what another would" in text


def finite(html: str) -> bool:
    """Whether no coordinate of a chart is nan or inf."""
    parts = [part for picture in charts(html).values() for part in picture.iter()]
    values = [value for part in parts for value in part.attrib.values()]
    return not any(re.search(r"\b(nan|inf)\b", value) for value in values)


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 1e9])
def test_a_tax_beyond_the_grid_is_marked_at_its_end(alpha):
    model = orthonormal_model(6).at(alpha)
    html = render_report(model)
    for name in ("path-wide", "path-narrow", "cv-wide", "cv-narrow"):
        picture = charts(html)[name]
        width = float(picture.attrib["viewBox"].split()[2])
        (mark,) = [p for p in picture.iter("path") if p.get("class") == "mark chosen"]
        x = float(mark.attrib["d"].split("L")[1].split(",")[0])
        assert 0.0 < x < width
    assert finite(html)


def test_a_grid_that_ends_at_zero_and_a_ridge_without_alpha_max():
    model = orthonormal_model(6)
    alphas = model.path.alphas.copy()
    alphas[-1] = 0.0
    changed = replace(
        model,
        path=replace(model.path, alphas=alphas),
        cv=replace(model.cv, alphas=alphas),
        alpha_max=np.inf,
    )
    html = render_report(changed)
    assert len(charts(html)) >= 4
    assert finite(html)
