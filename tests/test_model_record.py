"""What can be asked of a model record without its rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fitted import diabetes_model, small_model
from tables import TABLES, Table

from excise.cross_validation import fit_cv
from excise.engine import fit
from excise.exceptions import InputError, InputTypeError
from excise.model import Column, Model, Target, build_model
from excise.results import CrossValidation


def test_the_published_facts() -> None:
    model = diabetes_model()
    assert model.alpha == pytest.approx(5.83, abs=0.005) == model.tax
    assert model.alpha_max == pytest.approx(45.2, abs=0.05) and model.n_kept == 5
    assert model.score is not None and model.score[:3] == pytest.approx(
        (0.47, 0.03, 0.48), abs=0.01
    )
    assert model.equation() == (
        "progression = -219 + 5.46 bmi + 40.3 ltg + 0.685 bp - 0.457 hdl - 1.30 sex"
    )
    assert model.certificate.summary().endswith(" (duality gap / null loss); all 5 zeros verified")
    assert model.certificate.rel_gap < 1e-12
    assert repr(model) == "Model(progression: alpha=5.83, kept 5 of 10 features, ABOUT RIGHT)"
    assert model.warnings == ()


@pytest.mark.parametrize("at", ["min", "1se", 2.5, 0.5, 44.0, 100.0])
def test_moving_is_refitting(diabetes: Table, at: float | str) -> None:
    X, y = diabetes
    moved = diabetes_model().at(at)
    direct = fit(X, y, moved.alpha, standardize=True)
    np.testing.assert_allclose(moved.coef, direct.coef, atol=1e-9)
    np.testing.assert_allclose(moved.predict(X), X @ direct.coef + direct.intercept)
    assert moved.intercept == pytest.approx(direct.intercept)
    assert moved.certificate.rel_gap < 1e-12
    ledger = diabetes_model().ledger(at)
    assert [row.coef for row in ledger] == list(moved.coef)
    np.testing.assert_allclose([row.earns for row in ledger], direct.certificate.verdicts.earns)
    residual = y - moved.predict(X)
    assert moved.train_score == pytest.approx(1 - residual @ residual / np.sum((y - y.mean()) ** 2))


def test_there_and_back_again() -> None:
    model = diabetes_model()
    back = model.at("min").at(3.3).at("1se")
    assert back.point is model.point and back.rule == "1se"
    assert model.at() is model
    assert model.why("glu", "min").coef != 0.0
    assert diabetes_model(5.83).rule == "alpha" and diabetes_model(5.83).alpha == 5.83


def test_choosing_a_number_of_features() -> None:
    model = diabetes_model()
    for kept in (0, 1, 2, 3, 4, 5, 7, 9, 10):
        moved = model.at(n_features=kept)
        assert moved.n_kept == kept and moved.rule == "n_features"
    assert model.at(3).alpha == model.at(np.int64(3)).alpha == model.at(n_features=3).alpha
    entries = sorted((event.alpha for event in model.path.events), reverse=True)
    assert entries[3] < model.at(3).alpha < entries[2]
    with pytest.raises(InputError) as caught:
        model.at(11)
    assert caught.value.lines()[0] == "no point of the path keeps exactly 11 features"
    assert caught.value.lines()[1].startswith("  closest: 10 at ")


@pytest.mark.parametrize(
    ("at", "message"),
    [("best", "unknown rule 'best'"), (-1.0, "alpha must be a finite number >= 0, not -1.0"),
     (np.nan, "alpha must be a finite number"), (True, "alpha must be a finite number")],
)  # fmt: skip
def test_bad_places(at: float | str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        diabetes_model().at(at)


def test_below_the_grid_there_is_no_cross_validated_score() -> None:
    model = diabetes_model()
    low = model.at(float(model.path.alphas[-1]) / 2)
    assert low.score is None and low.verdict[0] in ("AT EDGE", "OVERFIT")
    assert model.at(1000.0).score == pytest.approx((0.0, 0.0, 0.0), abs=0.1) or model.n_kept


def test_predicting_needs_the_shape_and_reads_kept_columns_only(diabetes: Table) -> None:
    model, (X, _) = diabetes_model(), diabetes
    hidden = X.copy()
    hidden[:, model.coef == 0.0] = np.nan
    np.testing.assert_array_equal(model.predict(hidden), model.predict(X))
    with pytest.raises(InputError, match=r"shape \(442, 9\)"):
        model.predict(X[:, :9])


@pytest.mark.parametrize("name", sorted(set(TABLES) - {"one_row"}))
def test_hard_tables_have_models(name: str) -> None:
    X, y = TABLES[name]()
    cv = fit_cv(X, y, cv=3, alphas=20, standardize=True)
    model = build_model(cv, stability=3, decoys=5)
    for at in (None, "min", float(cv.alphas[5])):
        ledger = model.ledger(at)
        assert len(ledger) == X.shape[1]
        assert all(np.isfinite(row.earns) for row in ledger)
        assert model.at(at).verdict[0]
    for feature in model.feature_names:
        assert model.why(feature).sentences()
    assert Model.from_json(model.to_json()).to_json() == model.to_json()
    assert isinstance(model.notes, tuple) and model.equation().startswith("y = ")


@pytest.fixture(scope="module")
def wide_cv() -> CrossValidation:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((80, 350))
    return fit_cv(X, X[:, :4] @ np.ones(4) + rng.standard_normal(80), cv=4, standardize=True)


def test_wide_models_say_what_they_cannot_know(wide_cv: CrossValidation) -> None:
    model = build_model(wide_cv, stability=0, decoys=0, settings={"table": "wide.csv"})
    exact = model.ledger()
    assert exact.unknown == 0 and len(model.books.block) == 300
    verdicts = wide_cv.best.certificate.verdicts
    np.testing.assert_allclose([row.earns for row in exact], verdicts.earns, atol=1e-6)
    assert model.ledger("min").unknown == 0
    elsewhere = model.at(model.alpha * 1.1)
    direct = wide_cv.path.at(model.alpha * 1.1)
    np.testing.assert_allclose(elsewhere.coef, direct.coef, atol=1e-6)
    ledger = elsewhere.ledger()
    assert ledger.unknown == 50 and elsewhere.certificate.zeros_verified < 350 - model.n_kept
    unknown = next(row for row in ledger if np.isnan(row.earns))
    assert unknown.status == "cut" and unknown.to_dict()["earns"] is None
    assert ledger.sorted().rows[-1].earns != ledger.sorted().rows[-1].earns
    said = elsewhere.why(unknown.feature).sentences()
    assert "the model file does not hold what it earns" in said[0]
    assert "is cut: it earns" in model.why(unknown.feature).sentences()[0]


def test_wide_models_refuse_what_is_out_of_reach(wide_cv: CrossValidation) -> None:
    model = build_model(wide_cv, stability=0, decoys=0, settings={"table": "wide.csv"})
    short = replace(model, books=replace(model.books, floor=model.alpha * 0.5))
    with pytest.raises(InputError) as caught:
        short.at(model.alpha * 0.4)
    first, held, lowest, remedy = caught.value.lines()
    assert first.startswith("the model file cannot be moved to penalty ")
    assert held == "  it holds the moments of 300 of 350 columns" and "enough down to" in lowest
    assert remedy.startswith("  try: excise fit wide.csv y --rule lambda=")


def test_more_kept_columns_than_the_block_holds() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((500, 340))
    y = X @ rng.standard_normal(340) + 0.01 * rng.standard_normal(500)
    model = build_model(fit_cv(X, y, cv=3, alphas=30, standardize=True), stability=0, decoys=0)
    floor = model.books.floor
    assert floor > 0.0
    at_floor = model.at(floor * 1.0001)
    assert set(np.flatnonzero(at_floor.coef)) <= set(model.books.block)
    with pytest.raises(InputError, match="cannot be moved"):
        model.at(floor * 0.7)


def test_columns_are_described_by_the_fit(diabetes: Table) -> None:
    X, y = diabetes
    given = [Column(f"c{j}", kind="number", source="s", unit="kg", fill=1.5) for j in range(10)]
    cv = fit_cv(X, y, standardize=True, penalty_weight=[2.0] + [1.0] * 9, bounds=(-1.0, np.inf))
    model = build_model(cv, columns=given, target=Target("y"), stability=0, decoys=0)
    first = model.columns[0]
    assert (first.source, first.unit, first.fill, first.group) == ("s", "kg", 1.5, "s")
    assert (first.penalty_weight, first.lower, first.upper) == (2.0, -1.0, np.inf)
    assert first.mean == pytest.approx(X[:, 0].mean()) and first.scale == pytest.approx(
        X[:, 0].std()
    )
    marked = Column("region=North", kind="category", source="region", levels=("North",))
    assert marked.level == "North" and Column("a").level is None and Column("a").group == "a"


def test_a_category_is_explained_by_its_levels() -> None:
    model = small_model()
    names = [Column(f"region={k}", "category", "region", (k,)) for k in "abcdef"]
    named = replace(model, columns=tuple(names))
    assert (
        named.ledger().to_dict()[0] | {"column": "region", "level": "a"}
        == named.ledger().to_dict()[0]
    )
    with pytest.raises(InputError, match=r"it has 6 features: region=a, .*, \.\.\."):
        named.why("region")


def test_warnings_of_the_fit() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    cv = fit_cv(X, X[:, 1] + 1e-3 * rng.standard_normal(60), cv=4, standardize=True)
    leak = build_model(cv, stability=0, decoys=0).warnings
    assert "x1 alone explains 100.0% of y: is it y in disguise?" in leak


def test_fingerprints_tell_tables_apart_whatever_their_layout(diabetes: Table) -> None:
    X, y = diabetes
    prints = [
        build_model(fit_cv(A, b, cv=3, alphas=5), stability=0, decoys=0).fingerprints
        for A, b in ((X, y), (np.asfortranarray(X), y), (X, y + 1), (X[:, ::-1], y))
    ]
    assert prints[0] == prints[1] and prints[0]["y"] != prints[2]["y"]
    assert prints[0]["column_sums"] != prints[3]["column_sums"]


def test_settings_must_be_plain() -> None:
    cv = fit_cv(*TABLES["ar"](), cv=3, alphas=5)
    with pytest.raises(InputTypeError, match="settings must hold plain JSON values"):
        build_model(cv, stability=0, decoys=0, settings={"a": object()})
    with pytest.raises(InputTypeError, match="encoding must hold plain JSON values"):
        build_model(cv, stability=0, decoys=0, encoding={"a": float("nan")})


def test_scale_free() -> None:
    X, y = TABLES["ar"]()
    reference = build_model(
        fit_cv(X, y, cv=3, standardize=True, rule="min"), stability=5, decoys=20
    )
    for unit in (1e-100, 1e100):
        cv = fit_cv(X, y * unit, cv=3, standardize=True, rule="min")
        model = build_model(cv, stability=5, decoys=20)
        np.testing.assert_allclose(model.coef / unit, reference.coef, rtol=1e-9)
        again = Model.from_json(model.to_json()).at(0.3 * unit)
        np.testing.assert_allclose(again.coef / unit, reference.at(0.3).coef, rtol=1e-9)
        assert model.score is not None and reference.score is not None
        assert model.score.cv == pytest.approx(reference.score.cv)
        assert model.score.train == pytest.approx(reference.score.train)
        assert model.decoys is not None and reference.decoys is not None
        assert model.decoys.q95 / unit == pytest.approx(reference.decoys.q95)


def test_ridge_has_no_tax_and_no_events() -> None:
    model = small_model(l1_ratio=0.0)
    assert model.tax == 0.0 and model.path.events == () and model.n_kept == 6
    assert model.decoys is None and model.penalty.kind == "ridge"
    assert all(row.status == "kept" and row.turn is None for row in model.ledger())
    assert Model.from_json(model.to_json()).alpha_max == model.alpha_max


def test_building_at_a_number_of_features(diabetes: Table) -> None:
    cv = fit_cv(*diabetes, standardize=True)
    model = build_model(cv, n_features=3, stability=0, decoys=0)
    assert model.n_kept == 3 and model.rule == "n_features"
    assert {point.alpha for point in model.saved} == {cv.alpha_min, cv.alpha_1se}


def test_a_path_without_events_is_read_off_its_grid() -> None:
    model = diabetes_model()
    silent = replace(model, path=replace(model.path, events=()))
    assert silent.at(3).n_kept == 3
    with pytest.raises(InputError, match="keeps exactly 12 features"):
        silent.at(12)


def test_a_gap_above_the_tolerance_is_told() -> None:
    from excise.model.build import fit_warnings

    model = diabetes_model()
    loose = replace(model.point, proof=replace(model.point.proof, rel_gap=1e-3))
    (said,) = fit_warnings(replace(model, point=loose), 1e-10)
    assert said.startswith("not certified: relative gap 1e-03 (asked for 1e-10); drop columns")
    lowest = replace(model, alpha_min=float(model.path.alphas[-1]))
    assert fit_warnings(lowest, 1e-10) == [
        "the best penalty, 0.00452, is the last of the grid; a lower one may do better"
    ]
