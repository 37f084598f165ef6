"""What is told of penalties beside the elastic net: proved again, in balance, kept in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from told_penalties import (
    CASES,
    CONCAVE,
    GROUPED,
    GROUPS,
    PENALTIES,
    crossed,
    data,
    form_of,
    penalised_model,
)

import excise.model
from excise import InputError, certify, fit_cv, fit_path
from excise.explain.decoys import decoys
from excise.explain.entries import entries_of, entries_seen
from excise.explain.rows import Rows
from excise.explain.stability import stability
from excise.model import Model, build_model
from excise.model.facts import facts
from excise.model.file import digest
from excise.penalties import GroupLasso, SparseGroupLasso
from excise.problem import make_problem
from excise.report import notebook_card, render_report
from excise.verdicts import VerdictKind

SCHEMA = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())
NEVER = ("proved", "optimal", "verified")


@pytest.mark.parametrize(("name", "loss", "standardize"), CASES)
def test_the_ledger_is_the_certificate(name: str, loss: str, standardize: bool) -> None:
    model = penalised_model(name, loss, standardize)
    X, y = data(loss)
    settings: dict[str, Any] = {"loss": loss, "penalty": PENALTIES[name]}
    again = certify(
        X, y, model.coef, model.intercept, model.alpha, standardize=standardize, **settings
    )
    if name != "overlapping":  # whose parts are found again only nearly
        rows = list(model.ledger())
        np.testing.assert_allclose([r.earns for r in rows], again.verdicts.earns, atol=1e-6)
        np.testing.assert_allclose([r.tax for r in rows], again.verdicts.tax, atol=1e-6)
    for row in model.ledger():
        assert row.margin == pytest.approx(row.earns - row.tax, abs=1e-12)
        assert (row.coef != 0.0) == (row.earns > row.tax * (1.0 + 1e-9)), row


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("name", CONCAVE)
def test_what_is_left_after_the_tax_still_paid_is_the_coefficient(
    name: str, standardize: bool
) -> None:
    model = penalised_model(name, standardize=standardize)
    for j, row in enumerate(model.ledger()):
        why = model.why(row.feature)
        assert row.earns == pytest.approx(abs(why.left), abs=1e-9)
        assert why.alone - sum(x for _, x in why.shares) == pytest.approx(why.left, abs=1e-9)
        if row.coef:
            spread = 1.0 if standardize else model.columns[j].scale
            keeps = abs(row.coef_std) / spread * model.books.unit[j] ** 2
            assert row.margin == pytest.approx(keeps, rel=1e-6)


@pytest.mark.parametrize("name", CONCAVE)
def test_stationary_points_are_called_so(name: str) -> None:
    model = penalised_model(name)
    said = [str(model.why(row.feature)) for row in model.ledger()]
    said.append(model.certificate.summary())
    for text in said:
        assert "stationary" in text and not any(word in text for word in NEVER)
    labels = [fact.label for fact in facts(model)]
    assert "Check" in labels and "Proof" not in labels and "Form" in labels
    page = render_report(model)
    assert "zero at a stationary point" in page and "optimal" not in page.replace("optimality", "")
    assert "zero in every optimum" not in page
    assert model.certificate.zeros_verified == 0


@pytest.mark.parametrize("name", GROUPED)
def test_groups_are_told_as_groups(name: str) -> None:
    model = penalised_model(name)
    rows, coef = list(model.ledger()), model.coef
    for members in GROUPS if name.startswith("group") else []:
        some = [rows[j] for j in members]
        assert len({(row.earns, row.tax, row.earns_alone, row.enters) for row in some}) == 1
        assert len({bool(row.coef) for row in some}) == 1
        assert all(row.together == tuple(f"x{j}" for j in members) for row in some)
    whys = [model.why(row.feature) for row in rows]
    for why, row in zip(whys, rows, strict=True):
        text = str(why)
        if row.together and row.status == "kept":
            assert "against a tax of" in text and "together they would earn" in text
        if why.group_name and not row.together:
            assert name == "sparse" and row.coef == 0.0 and "in its group, which is kept" in text
    if name == "overlapping":
        assert any("the best of its 2 groups" in str(why) for why in whys)
    assert np.count_nonzero(coef)


@pytest.mark.parametrize(("name", "loss", "standardize"), CASES)
def test_the_file_holds_all(name: str, loss: str, standardize: bool) -> None:
    model = penalised_model(name, loss, standardize)
    text = model.to_json()
    jsonschema.validate(json.loads(text), SCHEMA)
    assert json.loads(text)["version"] == "1.3"
    again = Model.from_json(text)
    assert again.to_json() == text and again.penalty.form == form_of(model)
    assert again.ledger() == model.ledger()
    assert [again.why(f) for f in again.feature_names] == [
        model.why(f) for f in model.feature_names
    ]
    assert again.solvable == model.solvable == (loss == "squared" and name not in CONCAVE)
    assert (again.grid is None) == again.solvable
    assert render_report(again) == render_report(model)
    assert notebook_card(again) == notebook_card(model)


@pytest.mark.parametrize(("name", "loss", "standardize"), CASES)
def test_every_penalty_of_the_path_is_in_the_file(name: str, loss: str, standardize: bool) -> None:
    model = Model.from_json(penalised_model(name, loss, standardize).to_json())
    path = crossed(name, loss, standardize).path
    for k in (3, 11, 20):
        alpha = float(path.alphas[k])
        there, known = model.at(alpha), path.at(alpha)
        np.testing.assert_allclose(there.coef, path.coef_at(k), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(there.books.paid(there.point), known.certificate.verdicts.tax,
                                   rtol=1e-5, atol=1e-5)  # fmt: skip
        for row in there.ledger():
            assert (row.coef != 0.0) == (row.status == "kept")
            assert row.coef == 0.0 or row.earns > row.tax * (1.0 - 1e-5)
    if name in CONCAVE:
        assert model.at(alpha).certificate.locally_convex == known.certificate.locally_convex
        between = float(np.sqrt(path.alphas[10] * path.alphas[11]))
        with pytest.raises(InputError, match="has no solution at penalty"):
            model.at(between)
    elif loss == "squared":
        between = float(np.sqrt(path.alphas[10] * path.alphas[11]))
        np.testing.assert_allclose(model.at(between).coef, path.at(between).coef, atol=1e-7)


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "mcp"},
        {"kind": "mcp", "settings": {"shape": 0.5}},
        {"kind": "mcp", "settings": {"power": 0.5}},
        {"kind": "mcp", "settings": {"shape": "three"}},
        {"kind": "group", "settings": {"groups": [[0, 99]]}},
        {"kind": "group", "settings": {"groups": [[0, 0]], "rest": "alone"}},
        {"kind": "group", "settings": {"groups": [[0, 1]]}},
        {"kind": "group", "settings": {"groups": [["x0"]], "rest": "alone"}},
        {"kind": "group", "settings": {"groups": 3}},
        {"kind": "group", "settings": {"groups": [[0], [0]], "rest": "alone"}},
        {"kind": "group", "settings": {"groups": [[0]], "weights": [-1.0], "rest": "alone"}},
        {"kind": "lasso", "settings": {}},
    ],
)
def test_a_damaged_penalty_is_refused(settings: dict[str, Any]) -> None:
    content = json.loads(penalised_model("mcp:3").to_json())
    content["penalty"] = {"l1_ratio": 1.0, **settings}
    content["sha256"] = digest(content)
    with pytest.raises(InputError, match="damaged"):
        Model.from_json(json.dumps(content))


def test_a_point_without_its_taxes_is_refused() -> None:
    content = json.loads(penalised_model("group").to_json())
    del content["tax"]
    with pytest.raises(InputError, match="damaged"):
        Model.from_json(json.dumps(content | {"sha256": digest(content)}))


def test_a_penalty_of_ones_own_has_no_place_in_a_file() -> None:
    class Own(GroupLasso):
        name = "own"

    X, y = data()
    found = fit_cv(X, y, 3, alphas=5, penalty=Own(GROUPS, rest="alone"))
    model = build_model(found, stability=0, decoys=0)
    with pytest.raises(InputError, match="penalty 'own' has no place in a model file"):
        model.to_json()


def test_entries_of_groups_are_exact_and_told_of_every_column() -> None:
    path = crossed("group").path
    found = entries_of(path)
    at = {event.feature: event.alpha for event in found if event.kind == "enters"}
    for members in GROUPS:
        assert len({at[j] for j in members}) == 1
        above, below = at[members[0]] * (1.0 + 1e-6), at[members[0]] * (1.0 - 1e-6)
        assert not path.at(above).coef[members].any() and path.at(below).coef[members].all()
    for name in ("sparse", "overlapping", *CONCAVE):
        path = crossed(name).path
        assert entries_of(path) == entries_seen(path)


@pytest.mark.parametrize("name", PENALTIES)
def test_shuffled_columns_enter_where_the_noise_floor_says(name: str) -> None:
    X, y = data()
    problem = make_problem(X, y, penalty=PENALTIES[name], standardize=True)
    found = decoys(Rows.of(problem, X.mean(axis=0), X.std(axis=0)), y - y.mean(), 1, seed=3)
    order = np.random.default_rng(3).permutation(100)
    shuffled = np.empty_like(y)
    shuffled[np.arange(100)] = y[order]
    top = fit_path(X, shuffled, 2, penalty=PENALTIES[name], standardize=True).alpha_max
    assert found.q95 == pytest.approx(top, rel=1e-9)
    assert penalised_model(name).decoys is not None
    unscaled = penalised_model(name, standardize=False)
    assert (unscaled.decoys is None) == (name in CONCAVE)


@pytest.mark.parametrize("rows", [100, 400])
@pytest.mark.parametrize("name", ["group", "sparse", "overlapping", "mcp:3"])
def test_half_samples_solve_the_same_penalty(name: str, rows: int) -> None:
    """From rows, and from moments where there are many: with all rows alike both keep the same."""
    X, y = data()
    X, y = np.tile(X, (rows // 100, 1)), np.tile(y, rows // 100)
    found = crossed(name)
    problem = make_problem(X, y, penalty=PENALTIES[name], standardize=True)
    made = Rows.of(problem, X.mean(axis=0), X.std(axis=0))
    told = stability(made, np.array([found.alpha_1se]), 40, seed=1).picked[0]
    kept = found.path.at(found.alpha_1se).coef != 0.0
    assert told[kept].mean() > 0.75 > 0.5 > told[~kept].mean() or kept.all()
    if name == "group":
        assert all(len(set(told[members])) == 1 for members in GROUPS)


def test_a_column_that_is_constant_in_a_half_sample_goes_with_its_group() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((60, 2)), np.arange(60) == 7, np.ones(60)])
    y = X[:, 0] + 0.1 * rng.standard_normal(60)
    problem = make_problem(X, y, penalty=GroupLasso([[0, 2, 3], [1]]), standardize=True)
    told = stability(Rows.of(problem, X.mean(axis=0), X.std(axis=0)), np.array([0.2]), 30)
    assert told.picked[0].tolist() == [1.0, 0.0, 1.0, 0.0]


def test_zeros_in_a_group_that_is_kept_are_told_by_themselves() -> None:
    """A constant column, and one that repeats the others of a group that pays nothing."""
    rng = np.random.default_rng(0)
    level = np.eye(3)[rng.integers(0, 3, 60)]
    X = np.column_stack([level, rng.standard_normal((60, 2)), np.ones(60)])
    y = level[:, 0] + X[:, 3] + 0.1 * rng.standard_normal(60)
    free = GroupLasso([[0, 1, 2], [3, 5], [4]])
    found = fit_cv(
        X, y, 3, alphas=20, penalty=free, standardize=True, penalty_weight=[0, 0, 0, 1, 1, 1]
    )
    model = Model.from_json(build_model(found, stability=5, decoys=5).to_json())
    rows = list(model.ledger())
    assert [row.status for row in rows][:4] == ["free", "free", "free", "kept"]
    assert rows[5].status == "excluded" and "it is constant" in str(model.why("x5"))
    for row, kind in zip(rows, model.point.proof.kinds, strict=True):
        assert (row.coef != 0.0) == (kind == VerdictKind.KEPT)
    again = certify(X, y, model.coef, model.intercept, model.alpha, penalty=free,
                    standardize=True, penalty_weight=[0, 0, 0, 1, 1, 1])  # fmt: skip
    assert again.verdicts.kind[5] == VerdictKind.EXCLUDED and again.relative_gap < 1e-12


@pytest.mark.parametrize("penalty", ["mcp", "lq", SparseGroupLasso([[0, 1, 2, 3]])])
def test_nothing_taxed(penalty: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 4))
    y = X @ [1.0, 2.0, 0.0, -1.0] + rng.standard_normal(40)
    settings: dict[str, Any] = {"penalty": penalty, "penalty_weight": np.zeros(4)}
    model = build_model(fit_cv(X, y, 3, alphas=4, **settings), stability=3, decoys=3)
    assert 0.0 <= model.certificate.max_kkt_violation < 1e-12
    assert Model.from_json(model.to_json()).ledger() == model.ledger()
    assert {row.status for row in model.ledger()} == {"free"}


def test_a_constant_column_without_a_tax_stays_zero_when_moved() -> None:
    """The square root of a Gram matrix with an empty row must not fill it with rounding."""
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.standard_normal((50, 3)), np.ones(50)])
    X[:, 2] = X[:, 1]
    y = X[:, 0] + rng.standard_normal(50)
    for penalty in ("l1", GroupLasso([[0, 3], [1, 2]])):
        settings: dict[str, Any] = {"penalty": penalty, "standardize": True}
        found = fit_cv(X, y, 3, alphas=10, penalty_weight=[0, 1, 1, 0], **settings)
        model = build_model(found, stability=0, decoys=0)
        assert model.at(float(found.alphas[4]) * 1.01).coef[3] == 0.0
