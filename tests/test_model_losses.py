"""Model files and reports of losses other than the squared one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fitted import diabetes_model
from loss_models import SPECS, crossed, loss_model, rows
from report_html import Page

import excise
from excise.cross_validation import fit_cv
from excise.exceptions import InputError
from excise.explain.classes import class_report
from excise.folds import make_folds
from excise.losses import loss_of
from excise.model import Model, Target, build_model
from excise.model.file import digest
from excise.problem import make_problem
from excise.report import render_report
from excise.report.notebook import notebook_card
from excise.results import Floats

SCHEMA = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())


def class_model(levels: tuple[str, str] = ("stays", "leaves"), loss: str = "logistic") -> Model:
    X, y = rows(loss)
    problem = make_problem(X, y, loss=loss, standardize=True)
    folds = make_folds(len(y), 4, stratify=y)

    def judge(alphas: Floats, chosen: float) -> Any:
        return class_report(problem, folds, alphas, chosen)

    target = Target("churn", levels)
    return build_model(crossed(loss), target=target, stability=4, decoys=10, judge=judge)


def altered(model: Model, **members: Any) -> str:
    """The text of the model file with other members, and the checksum that belongs to them."""
    content = json.loads(model.to_json()) | members
    content["sha256"] = digest(content)
    return json.dumps(content)


@pytest.mark.parametrize("spec", SPECS)
def test_a_record_comes_back_as_it_was(spec: str) -> None:
    model = loss_model(spec)
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json()
    jsonschema.validate(json.loads(model.to_json()), SCHEMA)
    assert again.loss == spec and again.task == model.task
    assert again.equation() == model.equation() and again.notes == model.notes
    X, _ = rows(spec)
    assert (again.predict(X) == model.predict(X)).all()
    for at in (None, "min", "1se", 2, float(model.path.alphas[12])):
        assert repr(again.ledger(at).to_dict()) == repr(model.ledger(at).to_dict())
        assert str(again.why("x0", at)) == str(model.why("x0", at))


@pytest.mark.parametrize("spec", SPECS)
def test_points_of_the_path_are_its_solutions(spec: str) -> None:
    model, path = loss_model(spec), crossed(spec).path
    X, _ = rows(spec)
    for k in (5, 15, 29):
        alpha = float(path.alphas[k])
        moved = Model.from_json(model.to_json()).at(alpha)
        eta = path.intercepts[k] + X @ path.columns.column(k)
        assert moved.alpha == alpha
        assert moved.predict(X) == pytest.approx(loss_of(spec).mean(eta), rel=1e-9)
        assert moved.eta(X) == pytest.approx(eta, rel=1e-9)
        assert moved.score == pytest.approx(model.cv.score(alpha))


def test_a_file_of_version_1_0_still_loads_and_is_of_the_squared_loss() -> None:
    model = diabetes_model()
    content = json.loads(model.to_json())
    del content["loss"]
    content["version"] = "1.0"
    content["sha256"] = digest(content)
    old = Model.from_json(json.dumps(content))
    assert old.loss == "squared" and old.books.additive and old.grid is None
    assert old.equation() == model.equation()


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"loss": "quantum"}, "'loss' is no loss: unknown loss 'quantum'"),
        ({"loss": "tweedie:7"}, "'loss' is no loss: the tweedie loss needs 1 < power < 2"),
        ({"loss": 3}, "'loss' must be a text"),
        ({"task": "number"}, "'task' must be one of class"),
        ({"loss": "squared"}, "'task' must be one of number"),
        ({"grid": {}}, "'grid.intercepts' is missing"),
        ({"measures": [{"name": "auc"}]}, "'measures[0].alpha' is missing"),
        ({"separation": {"counts": [1, 2, 3]}}, "'separation.counts' must be a list of 4"),
        ({"separation": {"counts": [1, 2, 3, -4]}}, "'separation.counts' must be numbers of rows"),
        ({"settings": {"hints": [3]}}, "'settings.hints' must be a list of texts"),
    ],
    ids=str,
)
def test_damaged_members_are_named(members: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        Model.from_json(altered(class_model(), **members))
    assert said in str(error.value)


def test_a_table_too_large_for_its_path_says_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("excise.explain.grid.MOST_KEPT", 10)
    model = build_model(crossed("poisson"), stability=0, decoys=0)
    assert model.grid is None and "grid" not in json.loads(model.to_json())
    assert model.at("min").n_kept >= model.at("1se").n_kept
    with pytest.raises(InputError, match="and the path was too large"):
        model.at(float(model.path.alphas[3]))
    wide = rows("logistic", p=310)
    cv = fit_cv(*wide, cv=3, alphas=8, loss="logistic", standardize=True)
    model = build_model(cv, stability=0, decoys=0)
    assert not np.isnan([row.earns for row in model.ledger()]).any()


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("logistic", "log-odds of leaves"),
        ("squared_hinge", "score of leaves"),
        ("poisson", "log of y"),
        ("gamma", "log of y"),
        ("huber:1", "y"),
        ("quantile:0.5", "median of y"),
    ],
)
def test_the_equation_says_what_is_added_up(spec: str, names: str) -> None:
    model = loss_model(spec)
    if model.task == "class":
        assert model.equation().split(" = ")[1].startswith("1")  # without levels: "of y = 1"
        model = replace(model, target=Target("y", ("stays", "leaves")))
    assert model.equation().startswith(f"{names} = ")


def test_the_report_of_classes() -> None:
    html = render_report(class_model())
    page = Page(html)
    assert not page.problems
    text = " ".join(page.text.split())
    assert "How well does it tell them apart?" in text and "Who already earns it?" not in text
    assert "earned beyond the tax" in text and "kept: the coefficient" not in text
    assert "log-odds of leaves per SD" in text and "mean deviance" in text
    assert "D²" in text and "R²" not in text
    assert "area under the ROC curve" in text and "logistic: log(1 + e^eta)" in text
    assert "nan" not in html.lower()
    hinge = Page(render_report(class_model(loss="squared_hinge")))
    assert "gets the higher score" in " ".join(hinge.text.split())


@pytest.mark.parametrize("spec", SPECS)
def test_every_loss_has_a_report_and_a_card(spec: str) -> None:
    for html in (render_report(loss_model(spec)), notebook_card(loss_model(spec))):
        page = Page(html)
        assert not page.problems and "Who already earns it?" not in page.text
        assert "already earned by" not in page.text


def test_hostile_levels_add_no_element() -> None:
    hostile = "</title><script>alert(1)</script>", "<img src=x onerror=alert(2)>"
    html = render_report(class_model(levels=hostile))
    plain = render_report(class_model())
    assert [tag for tag, _ in Page(html).tags] == [tag for tag, _ in Page(plain).tags]
    assert "<script" not in html and "<img" not in html


def test_at_another_penalty_the_rows_are_not_told_apart() -> None:
    model = class_model()
    assert model.measured("accuracy") is not None
    moved = model.at(float(model.path.alphas[1]))
    assert moved.separation is None and moved.measured("auc") is None
    assert "tell them apart" not in render_report(moved)
