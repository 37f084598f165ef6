"""What is told of a schedule: every stage proved again, its books in balance, its story true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from schedule_models import SPECS, crossed, data, scheduled_model

import excise.model
from excise import InputError, certify
from excise.explain.by_stage import books_at
from excise.model import Model, build_model
from excise.schedules import Annealed
from excise.stages import Stage
from excise.verdicts import Certificate

LOSSES = ("squared", "logistic")
SCHEMA = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())


def proof(spec: str, loss: str, stage: Stage) -> Certificate:
    """The stage's certificate, by NumPy alone."""
    X, y = data(loss)
    problem: dict[str, Any] = {"standardize": True, **SPECS[spec], "loss": loss}
    problem |= {"penalty_weight": stage.penalty_weight, "l1_ratio": stage.l1_ratio}
    return certify(X, y, stage.coef, stage.intercept, stage.alpha, **problem)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", SPECS)
def test_every_stage_is_proved_again_from_the_data(spec: str, loss: str) -> None:
    for stage in crossed(spec, loss).best.stages:
        again = proof(spec, loss, stage)
        assert again.relative_gap <= 1e-9
        np.testing.assert_allclose(stage.earns, again.verdicts.earns, atol=1e-7)
        admitted = np.isfinite(stage.penalty_weight)
        np.testing.assert_allclose(stage.tax[admitted], again.verdicts.tax[admitted], rtol=1e-14)
        assert np.all(np.isinf(stage.tax[~admitted]))
        assert np.all((stage.coef == 0.0) | (stage.earns > stage.tax * (1.0 - 1e-9)))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", SPECS)
def test_the_ledger_has_the_earnings_and_the_tax_of_the_stage_it_names(
    spec: str, loss: str
) -> None:
    model, solution = scheduled_model(spec, loss), crossed(spec, loss).best
    told = {
        kept.name: stage for kept, stage in zip(model.point.stages, solution.stages, strict=True)
    }
    for j, row in enumerate(model.ledger()):
        stage = told[row.stage]
        weight = stage.penalty_weight[j]
        tax = stage.alpha * stage.l1_ratio * weight if np.isfinite(weight) else np.inf
        assert row.tax == pytest.approx(tax, rel=1e-14)
        if row.status == "excluded":
            assert SPECS[spec]["penalty_weight"][j] == tax == np.inf
            continue
        assert row.earns == pytest.approx(stage.earns[j], abs=1e-7)
        assert row.coef == solution.coef[j]
        if row.coef:
            assert stage is solution.stages[-1] and row.earns > tax * (1.0 - 1e-9)
        else:  # where it left, it earned too little
            assert row.status in ("cut", "borderline") and row.earns <= tax * (1.0 + 1e-9)


@pytest.mark.parametrize("spec", SPECS)
def test_what_is_left_after_tax_is_the_coefficient_at_every_stage(spec: str) -> None:
    model = scheduled_model(spec)
    upper = float(np.max(SPECS[spec].get("bounds", (0.0, np.inf))[1]))
    for stage in model.point.stages:
        books = books_at(model.books, stage)
        earns, unit = books.earns(stage), books.unit
        for j in np.flatnonzero(stage.coef_std):
            keeps = abs(stage.coef_std[j]) / unit[j]
            if stage.coef_std[j] / books.scale[j] >= upper * (1.0 - 1e-12):
                continue
            left = (earns[j] - stage.tax[j]) / books.divisor(stage.alpha, int(j))
            assert left == pytest.approx(keeps, abs=1e-7)


@pytest.mark.parametrize("spec", SPECS)
def test_why_adds_up_where_the_feature_was_decided(spec: str) -> None:
    model = scheduled_model(spec)
    for row in model.ledger():
        why = model.why(row.feature)
        assert why.alone - sum(share for _, share in why.shares) == pytest.approx(why.left)
        assert abs(why.left) == pytest.approx(why.earns, abs=1e-7) or why.earns == 0.0
        assert (why.tax, why.stage) == (row.tax, row.stage if len(model.stages) > 1 else "")
        if len(model.stages) > 1:
            assert [step.stage for step in why.stages] == [s.name for s in model.point.stages]
            assert why.stages[-1].keeps == pytest.approx(why.keeps)
            here = next(step for step in why.stages if step.stage == why.stage)
            assert (here.earns, here.tax) == (why.earns, why.tax)
        assert all(len(line.strip()) for line in why.sentences())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_stage_is_told_as_it_was(spec: str, loss: str) -> None:
    model, solution = scheduled_model(spec, loss), crossed(spec, loss).best
    assert len({stage.name for stage in model.point.stages}) == len(solution.stages)
    for told, stage in zip(model.stages, solution.stages, strict=True):
        assert told.kept == len(stage.support)
        assert list(told.dropped) == [change.feature for change in stage.dropped]
        assert list(told.returned) == [change.feature for change in stage.returned]
        assert told.rel_gap == stage.relative_gap
    assert model.worst_gap == solution.worst_gap == max(s.relative_gap for s in solution.stages)
    assert (
        model.certificate.stationary == solution.certificate.stationary == (spec in ("mcp", "lq"))
    )


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("spec", SPECS)
def test_a_model_file_keeps_all_stages(spec: str, loss: str) -> None:
    model = scheduled_model(spec, loss)
    text = model.to_json()
    jsonschema.validate(json.loads(text), SCHEMA)
    assert json.loads(text)["version"] == "1.3"
    again = Model.from_json(text)
    assert again.to_json() == text and again.schedule == model.schedule
    assert repr(again.ledger().to_dict()) == repr(model.ledger().to_dict())
    for at in (None, "min", "1se"):
        for name in model.feature_names:
            assert again.why(name, at) == model.why(name, at)
    assert again.stages == model.stages


def test_files_without_a_schedule_have_none_of_this() -> None:
    found = json.loads(build_model(crossed("static"), stability=0, decoys=0).to_json())
    assert found["schedule"] == "static" and len(found["stages"]) == 1
    from fitted import small_model

    assert not {"schedule", "stages"} & set(json.loads(small_model().to_json()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kept": "u1:AA=="}, "'coef_std' has "),
        ({"excluded": "u1:AAECAwQFBgcICQoL"}, "'kept' holds a feature that the stage excludes"),
        ({"l1_ratio": 1.5}, "'l1_ratio' must be at most 1"),
        ({"rel_gap": -1.0}, "'rel_gap' must be a finite number >= 0"),
    ],
)
def test_a_damaged_stage_is_refused(change: dict[str, Any], said: str) -> None:
    from excise.model.file import digest

    content = json.loads(scheduled_model("prune:0").to_json())
    content["stages"][0] |= change
    with pytest.raises(InputError) as caught:
        Model.from_json(json.dumps(content | {"sha256": digest(content)}))
    assert said.replace("'", "'stages[0].", 1) in str(caught.value)


def test_stages_that_end_elsewhere_are_refused() -> None:
    from excise.model.file import digest

    content = json.loads(scheduled_model("reweighted:2").to_json())
    content["stages"] = content["stages"][:1]
    with pytest.raises(InputError, match="'stages' end with other coefficients"):
        Model.from_json(json.dumps(content | {"sha256": digest(content)}))


@pytest.mark.parametrize("absent", ["schedule", "stages"])
def test_a_schedule_and_its_stages_stand_together(absent: str) -> None:
    from excise.model.file import digest

    content = json.loads(scheduled_model("prune:0").to_json())
    del content[absent]
    with pytest.raises(InputError, match="'schedule' and the 'stages' of every solution"):
        Model.from_json(json.dumps(content | {"sha256": digest(content)}))


@pytest.mark.parametrize("spec", SPECS)
def test_another_penalty_runs_all_stages_again_without_the_rows(spec: str) -> None:
    again = Model.from_json(scheduled_model(spec).to_json())
    alphas = crossed(spec).alphas
    for alpha in (float(np.sqrt(alphas[5] * alphas[6])), float(alphas[14]) * 1.02):
        moved, exact = again.at(alpha), crossed(spec).path.at(alpha)
        np.testing.assert_allclose(moved.coef, exact.coef, atol=1e-6)
        assert moved.intercept == pytest.approx(exact.intercept, abs=1e-5)
        for mine, theirs in zip(moved.point.stages, exact.stages, strict=False):
            assert mine.alpha == pytest.approx(theirs.alpha)
            np.testing.assert_allclose(mine.penalty_weight, theirs.penalty_weight, rtol=1e-5)
        np.testing.assert_allclose(
            [row.tax for row in moved.ledger()],
            [
                row.tax
                for row in build_model(crossed(spec), stability=0, decoys=0, alpha=alpha).ledger()
            ],
            rtol=1e-5,
        )


def test_what_needs_the_rows_is_refused_with_what_is_there() -> None:
    model = scheduled_model("prune:0", "logistic")
    with pytest.raises(InputError) as caught:
        model.at(model.alpha * 0.93)
    assert "its schedule cannot be run again without the rows\n  it holds " in str(caught.value)
    X, y = data()
    from excise import fit_cv

    own = fit_cv(X, y, 4, alphas=10, schedule=Annealed([(1.0, None)]))
    made = Model.from_json(build_model(own, stability=0, decoys=0).to_json())
    assert made.schedule == "annealed in 1 stages" and made.at("min").alpha == own.alpha_min
    with pytest.raises(InputError, match="its schedule cannot be run again"):
        made.at(made.alpha * 0.9)


def test_features_that_the_caller_rules_are_told_so() -> None:
    rows = scheduled_model("adaptive:lasso+prune:0").ledger()
    assert [row.status for row in rows][:2] == ["free", "excluded"]


@pytest.mark.parametrize("spec", ["prune:1", "prune:0", "static"])
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_half_samples_prune_as_the_lasso_does(spec: str, loss: str) -> None:
    """Whoever survives stays, so that shares are those of the plain problem at the same alphas."""
    from excise import fit_cv
    from excise.explain.rows import Rows
    from excise.explain.stability import stability

    X, y = data(loss)
    plain = fit_cv(X, y, 4, alphas=20, loss=loss, standardize=True).path
    staged = fit_cv(X, y, 4, alphas=20, loss=loss, standardize=True, schedule=spec).path
    alphas = plain.alphas[[4, 9]]
    shares = [
        stability(Rows.of(path.problem, path.mean, path.scale), alphas, 20, 3).picked
        for path in (plain, staged)
    ]
    np.testing.assert_array_equal(*shares)


@pytest.mark.parametrize("spec", ["mcp", "adaptive:ridge:1:0.1+prune:0", "reweighted:2"])
def test_half_samples_run_all_stages(spec: str) -> None:
    """From moments, as for tall tables, and from rows: the same halves give the same supports."""
    from dataclasses import replace

    from excise import fit_cv
    from excise.engine import solve_path
    from excise.explain.moments import solve_moments
    from excise.explain.rows import Rows, standardise

    X, y = data()
    path = fit_cv(X, y, 4, alphas=10, standardize=True, schedule=spec).path
    rows = Rows.of(path.problem, path.mean, path.scale)
    half = np.arange(0, 90, 2)
    blocks = rows.moments(np.arange(12), half, 1)[0]
    G, q, scale = standardise(blocks, True)
    bounds = np.full(12, np.inf)
    settings: dict[str, Any] = {"l1_ratio": 1.0, "penalty_weight": np.ones(12)}
    made = solve_moments(
        G, q, np.ones(12), path.alphas[:6], lower=-bounds, upper=bounds,
        schedule=path.problem.schedule, **settings,
    )  # fmt: skip
    weights = np.zeros(90)
    weights[half] = 1.0
    direct = solve_path(replace(path.problem, sample_weight=weights), path.alphas[:6])
    for k in range(6):
        np.testing.assert_allclose(made.columns.column(k), direct.columns_std.column(k), atol=1e-6)
    assert scale.shape == (12,)


def test_the_noise_floor_is_that_of_the_first_stage_or_not_there() -> None:
    plain = scheduled_model("static")
    assert scheduled_model("prune:0").decoys == plain.decoys == scheduled_model("mcp").decoys
    assert scheduled_model("adaptive:ridge:1").decoys is None


def test_held_out_classes_are_told_by_the_last_stage() -> None:
    X, y = data("logistic")
    from excise import fit

    found, model = crossed("prune:0", "logistic"), scheduled_model("prune:0", "logistic")
    right = []
    for k in range(4):
        test = found.fold_of_row[0] == k
        made = fit(
            X[~test], y[~test], model.alpha, loss="logistic", standardize=True, schedule="prune:0"
        )
        right.append(np.mean((made.intercept + X[test] @ made.coef > 0.0) == y[test]))
    measured = model.measured("accuracy")
    assert measured is not None and measured.cv == pytest.approx(np.mean(right))
