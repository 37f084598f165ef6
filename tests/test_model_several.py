"""Model files of several classes and responses."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from fitted import diabetes_model
from loss_models import loss_model
from numpy.testing import assert_allclose
from schedule_models import scheduled_model
from several_models import KINDS, NAMES, P, folds_of, rows_of, settings_of, several_model
from survival_models import survival_model
from test_model_file import mutate

import excise
from excise.exceptions import InputError
from excise.explain.several import SeveralLedger
from excise.folds import TEST, TRAIN
from excise.linear_model import SparseClassifier, SparseRegressor
from excise.model import Model, Target, facts
from excise.model.file import digest
from excise.model.parts import joint_name
from excise.report import notebook_card, render_report
from excise.verdicts import VerdictKind

SCHEMA = json.loads((Path(excise.model.__file__).parent / "schema.json").read_text())


def signed(content: dict[str, Any]) -> str:
    return json.dumps(content | {"sha256": digest(content)})


def content_of(model: Model) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(model.to_json())
    return content


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_comes_back_as_it_was(kind: str) -> None:
    model, (X, y) = several_model(kind), rows_of(kind)
    again = Model.from_json(model.to_json())
    assert again.to_json() == model.to_json()
    jsonschema.validate(content_of(model), SCHEMA)
    assert content_of(model)["version"] == "1.3"
    assert again.outputs == NAMES and again.penalty == model.penalty
    assert again.target == model.target and again.noun == model.noun
    assert again.equation() == model.equation() and again.verdict == model.verdict
    assert again.notes == model.notes and facts(again) == facts(model)
    assert (again.predict(X) == model.predict(X)).all()
    assert model.predict(X).shape == y.shape
    for at in (None, "min", "1se", float(model.path.alphas[12])):
        assert repr(again.ledger(at).to_dict()) == repr(model.ledger(at).to_dict())
        assert str(again.why("x3", at)) == str(model.why("x3", at))
    assert render_report(again) == render_report(model)
    assert notebook_card(again) == notebook_card(model)


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_those_of_the_solution(kind: str) -> None:
    model, (X, y) = several_model(kind), rows_of(kind)
    found = excise.fit(X, y, model.alpha, **settings_of(kind))
    eta = found.intercept + X @ found.coef
    if model.task == "number":
        assert_allclose(model.predict(X), eta, atol=1e-8)
        return
    shares = model.predict(X)
    assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-14)
    assert np.all(shares > 0.0)
    e = np.exp(eta)
    assert_allclose(shares, e / e.sum(axis=1, keepdims=True), atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_solutions_of_the_grid_are_certified_by_the_verifier(kind: str) -> None:
    model, (X, y) = several_model(kind), rows_of(kind)
    for k in (1, 9, 18, 24):
        there = model.at(float(model.path.alphas[k]))
        proof = excise.certify(X, y, there.coef, there.intercept, there.alpha, **settings_of(kind))
        assert proof.relative_gap <= 1e-9
        kept = proof.verdicts.kind == VerdictKind.KEPT
        assert np.array_equal(kept, there.certificate.kinds == VerdictKind.KEPT)
        assert there.certificate.zeros_verified == there.certificate.zeros_total
        assert_allclose(there.point.earns, proof.verdicts.earns, rtol=1e-6, atol=1e-6)
        ledger = there.ledger()
        assert isinstance(ledger, SeveralLedger) and ledger.grouped == model.penalty.grouped
        assert_allclose([row.earns for row in ledger], there.point.earns.ravel())
        for row in ledger:
            assert (row.coef != 0.0) == (row.status in ("kept", "free"))
            assert row.margin == row.earns - row.tax


@pytest.mark.parametrize("kind", ["classes", "grouped"])
def test_who_is_taken_for_whom_is_counted_on_rows_never_seen(kind: str) -> None:
    model, (X, y) = several_model(kind), rows_of(kind)
    counts, said = np.zeros((3, 3), dtype=int), np.empty(y.shape)
    for roles in folds_of(kind).roles:
        train, held = roles == TRAIN, roles == TEST
        found = excise.fit(X[train], y[train], model.alpha, **settings_of(kind))
        e = np.exp(found.intercept + X[held] @ found.coef)
        said[held] = e / e.sum(axis=1, keepdims=True)
        pairs = zip(y[held].argmax(axis=1), said[held].argmax(axis=1), strict=True)
        for actual, taken in pairs:
            counts[actual, taken] += 1
    assert model.confusion is not None
    assert np.array_equal(model.confusion.counts, counts)
    assert model.confusion.recognised.tolist() == counts.diagonal().tolist()
    mistake = model.confusion.most_mistaken()
    assert mistake is not None and mistake[2] == (counts - np.diag(counts.diagonal())).max()
    for k in range(3):
        predicted, observed = model.confusion.predicted[k], model.confusion.observed[k]
        assert len(predicted) == 10 and np.all(np.diff(predicted) >= 0.0)
        assert_allclose(observed.mean(), y[:, k].mean(), rtol=1e-6)
        assert_allclose(predicted.mean(), said[:, k].mean(), rtol=1e-6)
    accuracy = model.measured("accuracy")
    assert accuracy is not None
    assert accuracy.cv == pytest.approx(counts.diagonal().sum() / len(y), abs=0.01)


@pytest.mark.parametrize("kind", ["classes", "grouped", "responses"])
def test_the_file_says_what_the_estimator_says(kind: str, tmp_path: Path) -> None:
    X, y = rows_of(kind)
    fast = {"cv": 4, "alphas": 15, "stability": 5, "decoys": 10}
    labels = np.array(NAMES)[y.argmax(axis=1)]
    model: Any
    if kind == "responses":
        model = SparseRegressor(**fast).fit(X, y)
        expected = model.predict(X)
    else:
        model = SparseClassifier(grouped=kind == "grouped", **fast).fit(X, labels)
        expected = model.predict_proba(X)
    model.save(tmp_path / "m.json")
    loaded = excise.load(tmp_path / "m.json")
    assert_allclose(loaded.predict(X), expected, rtol=1e-12, atol=1e-12)
    assert loaded.ledger().to_frame().equals(model.ledger())
    assert str(loaded.why("x0")) == str(model.why("x0"))
    assert_allclose(loaded.coef, model.coef_.T, rtol=1e-15)
    names = ("y0", "y1", "y2") if kind == "responses" else NAMES
    assert loaded.outputs == names
    if kind != "responses":
        assert loaded.predict(X).argmax(axis=1).tolist() == [
            list(names).index(label) for label in model.predict(X)
        ]


def test_stages_of_several_outputs_are_refused() -> None:
    content = content_of(several_model("classes"))
    content["stages"] = content_of(scheduled_model("prune:0"))["stages"]
    with pytest.raises(InputError, match="'stages' are of one output"):
        Model.from_json(signed(content))


def test_files_of_one_output_are_as_before() -> None:
    for model in (diabetes_model(), loss_model("logistic"), survival_model("plain")):
        content = content_of(model)
        assert content["version"] == "1.2"
        assert "confusion" not in content and "responses" not in content["target"]
        assert set(content["penalty"]) == {"kind", "l1_ratio"}
        assert set(content["path"]["events"]) == {"alphas", "features", "enters"}
        content["version"] = "1.0"
        assert not Model.from_json(signed(content)).outputs


def test_features_are_counted_once() -> None:
    for kind in KINDS:
        model = several_model(kind)
        assert model.n_kept == np.count_nonzero(model.coef.any(axis=1))
        some = int(model.path.counts[len(model.path.alphas) // 3])
        few = model.at(n_features=some)
        assert few.n_kept == some > 0 and few.alpha in model.path.alphas
        kept = next(fact for fact in facts(model) if fact.label == "Kept")
        assert kept.value == f"{model.n_kept} of {P} features"
        total = f"{np.count_nonzero(model.coef)} of {3 * P} coefficients"
        assert (total in kept.note) == (not model.penalty.grouped)


def test_a_file_moves_along_its_grid_only() -> None:
    for kind, said in (("classes", "the multinomial loss"), ("responses", "a model of several")):
        model = several_model(kind)
        between = float(np.sqrt(model.path.alphas[3] * model.path.alphas[4]))
        with pytest.raises(InputError, match="no solution at penalty") as error:
            model.at(between)
        assert error.value.where[0].startswith(said)
        assert model.at("min").confusion is None or model.alpha == model.alpha_min


def test_names_of_several_responses() -> None:
    assert joint_name(("a",)) == "a"
    assert joint_name(("a", "b", "c")) == "a, b and c"
    assert joint_name(("a", "b", "c", "d")) == "a, b and 2 more"
    made = several_model("responses")
    assert made.predictors == NAMES and several_model("classes").predictors[0] == "score of left"


def test_outputs_without_names_get_numbers() -> None:
    from excise.cross_validation import fit_cv
    from excise.model import build_model

    for kind, names in (("classes", ("0", "1", "2")), ("responses", ("y0", "y1", "y2"))):
        X, y = rows_of(kind)
        cv = fit_cv(X, y, cv=3, alphas=5, **settings_of(kind))
        assert build_model(cv, stability=0, decoys=0).outputs == names


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"coef": [[0] * P] * 2}, "'coef' must be a list of 3 lists"),
        ({"coef": [[0] * P, [0] * P, [0] * 3]}, "'coef' must be lists of 7 finite numbers"),
        ({"coef": [0] * P}, "'coef' must be a list of 3 lists"),
        ({"coef": [[1] * P] * 3}, "'coef' and 'coef_std' have different zeros"),
        ({"coef": [[1] * P] * 3, "coef_std": [[1] * P] * 3},
         "'coef' and its certificate have different zeros"),
        ({"intercept": 0.5}, "'intercept' must be a list of 3 finite numbers"),
        ({"intercept": [0.5, 1]}, "'intercept' must be a list of 3 finite numbers"),
        ({"target": {"name": "y", "levels": ["a", "a", "b"]}},
         "'target.levels' must be different names, two or more"),
        ({"target": {"name": "y", "levels": ["a"]}},
         "'target.levels' must be different names, two or more"),
        ({"target": {"name": "y", "levels": ["a", "b", "c"], "responses": ["u", "v"]}},
         "'target.responses' are for the squared loss"),
        ({"target": {"name": "y", "levels": ["a", "b", "c", "d"]}}, "'books.xy' has 21 numbers"),
        ({"penalty": {"kind": "l1", "l1_ratio": 1.0, "grouped": 1}},
         "'penalty.grouped' must be true or false"),
        ({"confusion": {"alpha": 0.1, "counts": [1] * 8, "predicted": [], "observed": []}},
         "'confusion.counts' must be a list of 9 finite numbers"),
        ({"confusion": {"alpha": 0.1, "counts": [-1] * 9, "predicted": [], "observed": []}},
         "'confusion.counts' must be numbers of rows"),
        ({"confusion": {"alpha": 0.1, "counts": [1] * 9, "predicted": ["f8:"], "observed": []}},
         "'confusion.predicted' must be a list of 3 arrays"),
        ({"confusion": {"alpha": 0.1, "counts": [1] * 9, "predicted": ["f8:", "f8:", 7],
                        "observed": ["f8:"] * 3}},
         "'confusion.predicted[2]' must be a text"),
        ({"confusion": {"alpha": 0.1, "counts": [1] * 9, "predicted": ["f8:"] * 3,
                        "observed": ["f8:", "f8:", "f8:AAAAAAAA8D8="]}},
         "'confusion.observed' must be as long as 'predicted'"),
    ],
)  # fmt: skip
def test_ill_formed_members_are_named(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(InputError) as caught:
        Model.from_json(signed(content_of(several_model("classes")) | members))
    assert caught.value.where[0].startswith(reason)


@pytest.mark.parametrize("names", [["u"], ["u", "u"]])
def test_responses_are_several_and_different(names: list[str]) -> None:
    content = content_of(several_model("responses"))
    content["target"] = {"name": "y", "levels": [], "responses": names}
    with pytest.raises(InputError, match="damaged") as caught:
        Model.from_json(signed(content))
    assert "'target.responses' must be different names" in caught.value.where[0]


@pytest.mark.parametrize("kind", ["classes", "grouped", "responses"])
def test_mutated_members_with_a_fitting_checksum_never_crash(kind: str) -> None:
    content = content_of(several_model(kind))
    rng, rows, accepted = random.Random(2), np.ones((2, P)), 0
    for _ in range(300):
        mutant = mutate(content, rng)
        try:
            text = signed(mutant)
        except (AttributeError, ValueError, TypeError):
            continue
        try:
            model = Model.from_json(text)
            accepted += 1
            assert np.isfinite(model.predict(rows)).all()
            model.ledger().to_dict(), model.verdict, model.notes, model.equation(), repr(model)
            model.why(model.feature_names[0]).sentences()
        except InputError:
            continue
    assert accepted > 15


def test_a_target_keeps_its_responses() -> None:
    model = several_model("responses")
    assert model.target == Target("all", responses=NAMES)
    assert content_of(model)["target"]["responses"] == list(NAMES)
    assert model.score is not None and model.score.metric == "R2"
    X, y = rows_of("responses")
    left = np.square(y - model.predict(X)).sum() / np.square(y - y.mean(axis=0)).sum()
    assert model.score.train == pytest.approx(1.0 - left, abs=1e-6)
