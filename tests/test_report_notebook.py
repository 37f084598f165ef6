"""The notebook card: small, scoped, inert."""

from __future__ import annotations

import re

import pytest
from report_html import Page, charts, style_of
from report_models import orthonormal_model
from test_report import HOSTILE

from excise.model import facts
from excise.report import notebook_card
from excise.report.notebook import BUDGET


@pytest.mark.parametrize("p", [1, 10, 200, 5_000])
def test_small_whatever_the_number_of_features(p):
    card = notebook_card(orthonormal_model(p))
    assert len(card.encode()) <= BUDGET == 30_000
    assert Page(card).problems == []
    charts(card)


@pytest.mark.slow
def test_small_with_a_hundred_thousand_features():
    card = notebook_card(orthonormal_model(100_000, kept=0.01))
    assert len(card.encode()) <= BUDGET
    assert "and 99,990 more" in Page(card).text


def test_facts_and_ten_rows():
    model = orthonormal_model(200)
    text = Page(notebook_card(model)).text
    assert all(fact.note in text for fact in facts(model))
    assert "and 190 more" in text
    top = model.ledger().sorted("earns").kept[:10]
    assert all(row.feature in text for row in top)


def test_the_style_reaches_nothing_outside_the_card():
    card = notebook_card(orthonormal_model(10))
    rules = re.sub(r"@media[^{]*\{", "", style_of(card))
    for selectors in re.findall(r"([^{}]+)\{", rules):
        assert all(
            ".excise-card" in one for one in re.split(r",(?![^(]*\))", selectors) if one.strip()
        )
    assert "color-scheme" in rules


def test_hostile_names_are_text():
    card = notebook_card(orthonormal_model(10, names=HOSTILE, target=HOSTILE[0]))
    page = Page(card)
    assert page.problems == [] and len(card.encode()) <= BUDGET
    assert not {"script", "img", "b", "iframe"} & {tag for tag, a in page.tags if tag != "b" or a}
    assert not [key for _, attrs in page.tags for key in attrs if key.startswith("on")]


def test_two_cards_have_different_ids():
    ids = [
        {
            attrs["id"]
            for _, attrs in Page(notebook_card(orthonormal_model(6, seed=s))).tags
            if "id" in attrs
        }
        for s in (0, 1)
    ]
    assert ids[0] & ids[1] <= {"excise-hatch"}
