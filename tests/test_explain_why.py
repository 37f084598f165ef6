"""The words of `why` and the rows of the ledger, on the diabetes table and beyond."""

from __future__ import annotations

import numpy as np
import pytest
from fitted import diabetes_model, small_model

from excise.exceptions import InputError
from excise.explain.words import amount, decimals_of, figures, listing


def test_glu_is_cut_in_the_published_words() -> None:
    why = diabetes_model(5.83).why("glu")
    assert why.picked is not None and why.decoy95 is not None
    picked, noise = f"{100 * why.picked:.0f}", figures(why.decoy95, 2)
    assert why.sentences() == [
        "glu is cut: it earns 5.14, the tax is 5.83, so its coefficient is exactly zero.",
        "  alone it would earn          29.45",
        "  already earned by others    -24.31   ltg 9.76, bmi 9.37, bp 3.70, hdl 1.62",
        "  left for glu                  5.14   0.69 short of the tax",
        f"  enters below tax 4.22; picked in {picked}% of half-samples; shuffled columns: {noise}",
        "  drop ltg and refit: excise fit diabetes.csv progression --drop ltg",
    ]
    assert dict(why.shares)["sex"] == pytest.approx(-0.13, abs=0.01)
    assert str(why) == "\n".join(why.sentences())


def test_bmi_is_kept_in_the_same_voice() -> None:
    first, *_, last = diabetes_model().why("bmi").sentences()
    assert first == (
        "bmi is kept: it earns 29.93, the tax is 5.83, so what is left, 24.10, is its coefficient."
    )
    assert last.startswith("  goes out above tax 45.2; picked in 100% of half-samples;")


def test_paths_are_not_nested() -> None:
    lines = diabetes_model().why("hdl").sentences()
    assert "  paths are not nested: hdl leaves at tax 0.104 and comes back at 0.0623" in lines
    assert lines[0].endswith("so what is left, 5.91, is its coefficient, -5.91.")


def test_a_sign_that_the_others_turn_is_told() -> None:
    why = diabetes_model().why("sex")
    assert why.left == pytest.approx(-why.earns) and why.coef < 0.0
    assert "sign turned; 0.65 above the tax" in why.sentences()[3]


@pytest.mark.parametrize(
    ("feature", "earns", "keeps", "per_unit", "turn"),
    [
        ("bmi", 29.93, 24.10, 5.461, ("out", 45.16)),
        ("ltg", 26.84, 21.01, 40.26, ("out", 42.30)),
        ("bp", 15.30, 9.47, 0.6853, ("out", 21.54)),
        ("hdl", 11.74, -5.91, -0.4572, ("out", 15.03)),
        ("sex", 6.48, -0.65, -1.296, ("out", 6.19)),
        ("glu", 5.14, 0.0, 0.0, ("in", 4.22)),
        ("tch", 3.61, 0.0, 0.0, ("in", 0.95)),
        ("tc", 2.49, 0.0, 0.0, ("in", 3.28)),
        ("ldl", 2.40, 0.0, 0.0, ("in", 0.26)),
        ("age", 0.81, 0.0, 0.0, ("in", 0.24)),
    ],
)
def test_the_published_ledger(
    feature: str, earns: float, keeps: float, per_unit: float, turn: tuple[str, float]
) -> None:
    row = diabetes_model().ledger()[feature]
    assert row.earns == pytest.approx(earns, abs=0.0075)
    assert row.tax == pytest.approx(5.83, abs=0.005)
    assert row.coef_std == pytest.approx(keeps, abs=0.0051)
    assert row.coef == pytest.approx(per_unit, rel=2e-4)
    assert row.status == ("kept" if keeps else "cut")
    assert row.turn == (turn[0], pytest.approx(turn[1], abs=0.0051))


def test_order_of_the_ledger() -> None:
    ledger = diabetes_model().ledger()
    order = "bmi ltg bp hdl sex glu tch tc ldl age"
    assert [row.feature for row in ledger.sorted()] == order.split()
    assert [row.feature for row in ledger.sorted("name")] == sorted(order.split())
    assert ledger.sorted("file") is ledger and len(ledger) == 10
    assert ledger[0].feature == "age" and ledger["bmi"] is ledger[2]
    assert [row.feature for row in ledger.kept] == ["sex", "bmi", "bp", "hdl", "ltg"]
    with pytest.raises(InputError, match="cannot sort a ledger by 'size'"):
        ledger.sorted("size")  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["polars", "pandas", "pyarrow"])
def test_the_ledger_as_a_frame(backend: str) -> None:
    import narwhals as nw

    from excise.explain.ledger import COLUMNS

    frame = nw.from_native(diabetes_model().ledger().to_frame(backend), eager_only=True)
    assert tuple(frame.columns) == COLUMNS and frame.shape == (10, 13)
    assert frame["earns"].sum() == pytest.approx(sum(r.earns for r in diabetes_model().ledger()))
    assert frame["leaves"].is_null().all() or frame["leaves"].max() == pytest.approx(
        0.104, abs=1e-3
    )


def test_ledger_as_json_has_no_nan() -> None:
    import json

    rows = small_model(penalty_weight=[0.0, np.inf, 1, 1, 1, 2]).ledger().to_dict()
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert [row["status"] for row in rows[:2]] == ["free", "excluded"]
    assert rows[1]["tax"] is None and rows[0]["tax"] == 0.0


def test_free_and_excluded_features() -> None:
    model = small_model(penalty_weight=[0.0, np.inf, 1, 1, 1, 2])
    free, excluded = model.why("x0"), model.why("x1")
    assert free.sentences()[0].startswith("x0 is free: it pays no tax, so all it earns, ")
    assert abs(free.coef_std) == pytest.approx(free.earns)
    assert excluded.sentences() == [
        "x1 is excluded: its tax is infinite, so its coefficient is exactly zero."
    ]
    assert model.why("x5").tax == pytest.approx(2 * model.tax)


def test_constant_and_repeated_columns() -> None:
    from excise.cross_validation import fit_cv
    from excise.model import build_model

    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 50))
    cv = fit_cv(np.column_stack([a, np.full(50, 3.0), a, b]), 3 * a + rng.standard_normal(50))
    model = build_model(cv, stability=0, decoys=0)
    assert model.why("x1").sentences() == [
        "x1 is excluded: it is constant, so its coefficient is exactly zero."
    ]
    twins = [model.why(name) for name in ("x0", "x2")]
    cut = next(why for why in twins if why.coef == 0.0)
    other = "x2" if cut.feature == "x0" else "x0"
    assert cut.status == "borderline"
    said = f"its coefficient is zero; it repeats {other}, which could stand in for it."
    assert cut.sentences()[0].endswith(f"just the tax, and {said}")
    assert any("a tie that could go either way" in note for note in model.notes)
    assert any(note.startswith("x0 and x2 overlap (r 1.00)") for note in model.notes)


def test_elastic_net_divides_what_is_left() -> None:
    model = small_model(l1_ratio=0.5)
    name = model.ledger().sorted().rows[0].feature
    why = model.why(name)
    divisor = 1.0 + model.alpha * 0.5
    assert why.divisor == pytest.approx(divisor)
    assert abs(why.coef_std) == pytest.approx((why.earns - why.tax) / divisor)
    assert why.sentences()[0].endswith(f"times {figures(divisor)}.")
    assert why.tax == pytest.approx(model.tax) == pytest.approx(model.alpha / 2)


def test_bounds_are_told() -> None:
    model = small_model(bounds=(-0.2, 0.2), seed=3)
    held = next(row.feature for row in model.ledger() if abs(row.coef) == 0.2)
    assert "more than its bound allows: its coefficient is" in model.why(held).sentences()[0]
    positive = small_model(bounds="positive", seed=3)
    assert (positive.coef >= 0.0).all()
    barred = [row for row in positive.ledger() if row.earns == 0.0]
    assert barred and all(row.coef == 0.0 for row in barred)


def test_unknown_features_are_answered_with_the_closest() -> None:
    model = diabetes_model()
    with pytest.raises(InputError) as caught:
        model.why("BMI")
    assert caught.value.lines() == [
        "no feature named 'BMI' in this model",
        "  10 features; closest: bmi",
    ]
    with pytest.raises(InputError, match=r"10 features: age, sex, bmi, bp, tc, \.\.\."):
        model.why("#")


def test_the_printed_account_adds_up() -> None:
    for seed in range(8):
        model = small_model(seed=seed)
        for name in model.feature_names:
            lines = model.why(name).sentences()
            if len(lines) > 3 and "already" in lines[2]:
                alone, others, left = (float(line[28:].split()[0]) for line in lines[1:4])
                assert alone + others == pytest.approx(left, abs=1e-9)


def test_why_as_json() -> None:
    import json

    found = diabetes_model().why("glu").to_dict()
    assert json.loads(json.dumps(found, allow_nan=False))["feature"] == "glu"
    assert found["sentences"][0].startswith("glu is cut") and found["events"][0]["kind"] == "enters"


@pytest.mark.parametrize(
    ("x", "digits", "text"),
    [(5.8326, 3, "5.83"), (45.16, 3, "45.2"), (0.99958, 3, "1.00"), (-218.97, 3, "-219"),
     (0.10416, 3, "0.104"), (1234.5, 3, "1234"), (2.5e-9, 3, "2.50e-09"), (9.8, 2, "9.8"),
     (0.0, 3, "0"), (0.99958, 4, "0.9996"), (3.2e12, 3, "3.20e+12")],
)  # fmt: skip
def test_figures(x: float, digits: int, text: str) -> None:
    assert figures(x, digits) == text


def test_amounts_share_their_decimals() -> None:
    assert [decimals_of(tax) for tax in (5.83, 45.2, 450.0, 0.05, 0.0)] == [2, 1, 0, 4, 2]
    assert amount(-0.001, 2) == "0.00" and amount(24.1, 2, signed=True) == "+24.10"
    assert amount(3e-12, 14) == "3.00e-12" and amount(0.0, 2, signed=True) == "+0.00"
    assert [listing(x) for x in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
