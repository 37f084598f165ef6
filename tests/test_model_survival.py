"""Model files and reports of survival times."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from loss_models import loss_model
from report_html import Page
from survival_models import KINDS, survival_model, times_of

import excise
from excise.exceptions import InputError
from excise.explain.survivors import RiskGroups
from excise.model import Model, Target
from excise.model.file import digest
from excise.report import render_report
from excise.report.notebook import notebook_card
from excise.report.survival_chart import answer, survival_chart

SCHEMA = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())


def altered(model: Model, **members: Any) -> str:
    """The text of the model file with other members, and the checksum that belongs to them."""
    content = json.loads(model.to_json()) | members
    content["sha256"] = digest(content)
    return json.dumps(content)


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_comes_back_as_it_was(kind: str) -> None:
    model, (X, y) = survival_model(kind), times_of(kind)
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json()
    jsonschema.validate(json.loads(model.to_json()), SCHEMA)
    assert again.task == "survival" and again.loss == model.loss and again.target == model.target
    assert again.equation() == model.equation() and again.verdict == model.verdict
    assert (again.predict(X) == model.predict(X)).all()
    times = np.array([1.0, 5.0, 20.0])
    assert (again.survival(X, times, y.strata) == model.survival(X, times, y.strata)).all()
    for at in (None, "min", "1se", 2, float(model.path.alphas[12])):
        assert repr(again.ledger(at).to_dict()) == repr(model.ledger(at).to_dict())
    assert render_report(again) == render_report(model)


def test_files_of_version_1_1_still_load() -> None:
    model = loss_model("poisson")
    content = json.loads(model.to_json()) | {"version": "1.1"}
    assert not {"followup", "risk_groups"} & set(content)
    assert set(content["target"]) == {"name", "levels"}
    content["sha256"] = digest(content)
    old = Model.from_json(json.dumps(content))
    assert old.followup is None and old.equation() == model.equation()
    with pytest.raises(InputError, match="the poisson loss knows no survival times"):
        old.survival(np.zeros((1, 6)), [1.0])


def changed(model: Model, member: str, **inside: Any) -> dict[str, Any]:
    """A member of the file with other members inside."""
    return {member: json.loads(model.to_json())[member] | inside}


@pytest.mark.parametrize(
    ("member", "inside", "said"),
    [
        ("risk_groups", {"rows": [1, 2]}, "'risk_groups.rows' and 'events' must be numbers of"),
        ("risk_groups", {"rows": [50, -1, 50]}, "'risk_groups.rows' must be numbers of rows"),
        ("risk_groups", {"rows": "many"}, "'risk_groups.rows' must be a list"),
        ("risk_groups", {"times": "f8:"}, "'risk_groups.times' must rise"),
        ("risk_groups", {"at_risk": "u1:"}, "'risk_groups.at_risk' has 0 numbers instead of"),
        ("followup", {"n_events": 0}, "'followup.n_events' must be an integer >= 1"),
        ("followup", {"levels": ["a", "a"]}, "'followup.levels' must be different"),
        ("followup", {"levels": ["a"]}, "'followup.baseline.hazard' has"),
        ("followup", {"baseline": {}}, "'followup.baseline.times' is missing"),
        ("target", {"event": 3}, "'target.event' must be a text"),
    ],
    ids=str,
)
def test_damaged_members_are_named(member: str, inside: dict[str, Any], said: str) -> None:
    model = survival_model("strata")
    with pytest.raises(InputError) as error:
        Model.from_json(altered(model, **changed(model, member, **inside)))
    assert said in str(error.value)


def test_a_falling_hazard_or_another_task_is_damage() -> None:
    model = survival_model("plain")
    assert model.followup is not None and model.followup.baseline is not None
    base = model.followup.baseline
    upside_down = replace(model.followup, baseline=replace(base, hazard=base.hazard[:, ::-1]))
    with pytest.raises(InputError, match=r"'followup\.baseline\.hazard' must not fall"):
        Model.from_json(replace(model, followup=upside_down).to_json())
    with pytest.raises(InputError, match="'task' must be one of survival"):
        Model.from_json(altered(model, task="number"))
    with pytest.raises(InputError, match="'followup' is missing"):
        content = json.loads(model.to_json())
        del content["followup"]
        content["sha256"] = digest(content)
        Model.from_json(json.dumps(content))


def test_survival_asks_for_strata_exactly_when_there_are_some() -> None:
    X, _ = times_of("strata")
    with pytest.raises(InputError, match="the model was fitted with strata"):
        survival_model("strata").survival(X, [1.0])
    with pytest.raises(InputError, match="the model was fitted with no strata"):
        survival_model("plain").survival(X, [1.0], ["a"] * len(X))
    with pytest.raises(InputError, match="strata is z in row 1, which no training row has"):
        survival_model("strata").survival(X[:2], [1.0], ["a", "z"])
    with pytest.raises(InputError, match=r"strata has shape \(1,\), but there are 2 rows"):
        survival_model("strata").survival(X[:2], [1.0], ["a"])


def test_the_command_names_the_parts_of_the_target() -> None:
    model = replace(survival_model("both"), settings={"table": "my table.csv"})
    assert model.command == (
        "excise fit 'my table.csv' months,died --loss cox:efron --entry from --strata site"
    )
    named = replace(model, target=replace(model.target, happened="yes, it did", strata=""))
    assert named.command.endswith(
        "months,died --loss cox:efron --positive 'yes, it did' --entry from"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_of_survival(kind: str) -> None:
    model = survival_model(kind)
    html = render_report(model)
    page = Page(html)
    assert not page.problems and "nan" not in html.lower()
    text = " ".join(page.text.split())
    assert "Does a higher risk mean an earlier event?" in text
    assert "concordance" in text and "log hazard ratio of died per SD" in text
    assert f"{KINDS[kind].get('ties', 'breslow').capitalize()}'s ties" in text
    assert ("compared within 3 strata of site" in text) == bool(KINDS[kind].get("strata"))
    assert ("at risk after from" in text) == bool(KINDS[kind].get("entry"))
    assert "Who already earns it?" not in text and "tell them apart" not in text
    assert not Page(notebook_card(model)).problems


def test_the_chart_says_what_is_left_of_the_groups() -> None:
    model = survival_model("plain")
    found = model.risk_groups
    assert found is not None
    said = answer(model, found)
    share = model.measured("concordance")
    assert share is not None and f"{100 * share.cv:.0f}% are in the order of their risk" in said
    middle = np.flatnonzero((found.at_risk > 0).all(axis=0))
    k = int(middle[len(middle) // 2])
    assert f"{100 * found.observed[0, k]:.0f}% of the low-risk group" in said
    assert f"{100 * found.observed[2, k]:.0f}% of the high-risk group" in said
    table = survival_chart(model, found).table
    assert table is not None and len(table.head) == 10 and 2 <= len(table.rows) <= 12
    assert float(table.rows[-1][1]) == pytest.approx(found.observed[0, -1], abs=1e-3)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_groups_are_drawn_too(n: int) -> None:
    model = survival_model("plain")
    found = model.risk_groups
    assert found is not None
    few = RiskGroups(
        found.alpha, found.rows[:n], found.events[:n], found.times, found.observed[:n],
        found.expected[:n], found.at_risk[:n],
    )  # fmt: skip
    page = Page(render_report(replace(model, risk_groups=few)))
    assert not page.problems
    assert ("All rows have the same risk" in page.text) == (n == 1)


def test_hostile_names_add_no_element() -> None:
    model = survival_model("both")
    hostile = Target(
        "<script>alert(1)</script>",
        event="<img src=x onerror=alert(2)>",
        entry="<b>",
        strata="</p>",
    )
    html = render_report(replace(model, target=hostile))
    assert [tag for tag, _ in Page(html).tags] == [
        tag for tag, _ in Page(render_report(model)).tags
    ]
    assert "<script" not in html and "<img" not in html


def test_at_another_penalty_there_are_no_groups_and_no_baseline() -> None:
    model = survival_model("plain")
    moved = model.at(float(model.path.alphas[1]))
    assert moved.risk_groups is None and moved.measured("concordance") is None
    assert moved.followup is not None and moved.followup.baseline is None
    assert moved.followup.n_events == model.followup.n_events  # type: ignore[union-attr]
    assert "earlier event" not in render_report(moved)
    jsonschema.validate(json.loads(moved.to_json()), SCHEMA)
    assert model.at(None).risk_groups is model.risk_groups
