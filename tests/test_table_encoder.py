"""Tables to matrices: the same way on the next table, from memory and from JSON."""

from __future__ import annotations

import dataclasses
import datetime
import json
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from excise.exceptions import InputError, UsageError
from excise.table import Encoded, Encoder, Table, Wishes, infer_columns

MIXED = pl.DataFrame(
    {
        "area": [50.0, None, 70.0, 90.0, 60.0, 20.0],
        "region": ["N", "S", "S", None, "W", "N"],
        "smoker": ["yes", "no", "No", None, "no", "YES"],
        "side": ["left", "right", "left", "left", "left", "right"],
        "sold": [datetime.date(2025 + i % 2, 3, 1 + i) for i in range(6)],
        "y": [1.0, 2.0, 3.5, 4.0, 5.0, None],
    }
)


def table(frame: pl.DataFrame, name: str = "t.csv") -> Table:
    return Table.of_frame(frame, name)


def encode(frame: pl.DataFrame, wishes: Wishes | None = None, target: str = "y") -> Encoded:
    return Encoder.fit(table(frame), infer_columns(table(frame), target, wishes))


def named(encoded: Encoded) -> dict[str, list[float]]:
    return {c.name: encoded.X[:, j].tolist() for j, c in enumerate(encoded.columns)}


def test_mixed_table_by_hand() -> None:
    encoded = encode(MIXED)
    days = [(d - datetime.date(2025, 3, 1)).days for d in MIXED["sold"][:5]]
    assert named(encoded) == {
        "area": [50, 65, 70, 90, 60],
        "area is missing": [0, 1, 0, 0, 0],
        "region=N": [1, 0, 0, 0, 0],
        "region=S": [0, 1, 1, 1, 0],
        "region=W": [0, 0, 0, 0, 1],
        "region is missing": [0, 0, 0, 1, 0],
        "smoker": [1, 0, 0, 0, 0],
        "smoker is missing": [0, 0, 0, 1, 0],
        "side=right": [0, 1, 0, 0, 0],
        "sold year": [2025, 2026, 2025, 2026, 2025],
        "sold month": [3, 3, 3, 3, 3],
        "sold days": days,
    }
    assert encoded.X.flags.f_contiguous and encoded.X.dtype == np.float64
    assert encoded.y.tolist() == [1, 2, 3.5, 4, 5]
    assert encoded.rows.tolist() == [0, 1, 2, 3, 4]
    assert encoded.warnings == ("1 of 6 rows has no target 'y' and is left out",)


def test_columns_tell_where_they_come_from() -> None:
    columns = {c.name: c for c in encode(MIXED).columns}
    assert columns["region=S"].level == "S"
    assert columns["region=S"].group == columns["region is missing"].group == "region"
    assert columns["region=S"].fill == 1.0 and columns["region=N"].fill == 0.0
    assert columns["smoker"].levels == ("no", "yes")
    assert columns["side=right"].levels == ("left", "right")
    assert {c.kind for c in columns.values()} == {"number", "category", "yes/no", "date", "missing"}


def test_tax_holds_for_all_features_of_a_column() -> None:
    encoded = encode(MIXED, Wishes(keep=("area",), tax={"region": 2.0}))
    weights = {c.name: c.penalty_weight for c in encoded.columns}
    assert weights["area"] == weights["area is missing"] == 0.0
    assert weights["region=N"] == weights["region is missing"] == 2.0
    assert weights["smoker"] == 1.0


def test_rows_may_be_dropped_instead() -> None:
    encoded = encode(MIXED, Wishes(missing="drop"))
    assert encoded.rows.tolist() == [0, 2, 4]
    assert encoded.imputation is None
    assert "2 rows with missing values left out, as asked" in encoded.warnings


def test_rows_held_back_for_a_test_are_not_called_incomplete() -> None:
    plan = infer_columns(table(MIXED), "y", Wishes(missing="drop"))
    assert plan.incomplete == 2
    assert "2 incomplete rows left out" in plan.summary()
    held_back = dataclasses.replace(plan, rows=plan.rows[:2], incomplete=0)
    assert len(Encoder.fit(table(MIXED), held_back).warnings) == 1  # no target in a row


def test_fills_are_learned_again_in_a_fold() -> None:
    """x + (fill - fill_all) * indicator is the matrix that the training rows alone would make."""
    encoded = encode(MIXED)
    imputation = encoded.imputation
    assert imputation is not None
    assert np.array_equal(
        imputation.fill, [encoded.columns[j].fill or 0.0 for j in imputation.columns]
    )
    training = np.array([True, True, False, True, True])
    fill = imputation.refit(training)
    X = encoded.X.copy()
    for column, indicator, new, old in zip(
        imputation.columns, imputation.indicators, fill, imputation.fill, strict=True
    ):
        X[:, column] += (new - old) * X[:, indicator]
    alone = encode(MIXED[:5].filter(training))
    for name, values in named(alone).items():
        at = [c.name for c in encoded.columns].index(name)
        if not name.startswith("sold"):
            assert X[training, at].tolist() == values
    assert fill[[encoded.columns[j].name for j in imputation.columns].index("area")] == 60


def test_a_fold_without_any_value_keeps_the_fill_of_all_rows() -> None:
    frame = pl.DataFrame({"x": [1.0, 3.0, None, None], "y": [1.0, 2.0, 3.0, 5.0]})
    imputation = encode(frame).imputation
    assert imputation is not None
    assert imputation.refit(np.array([False, False, True, True])).tolist() == [2.0]


def test_a_fold_without_any_level_keeps_the_fill_of_all_rows() -> None:
    frame = pl.DataFrame({"x": ["a", "b", "c", "b", None, None], "y": range(6)})
    imputation = encode(frame).imputation
    assert imputation is not None
    assert imputation.refit(np.arange(6) >= 4).tolist() == [0, 1, 0]
    assert imputation.refit(np.arange(6) < 1).tolist() == [1, 0, 0]


def test_times_of_day_are_fractions_of_days() -> None:
    noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
    times = [noon + datetime.timedelta(hours=6 * i) for i in range(4)]
    encoded = encode(pl.DataFrame({"t": times, "y": [1.0, 2.0, 4.0, 3.0]}))
    assert named(encoded)["t days"] == [0.5, 0.75, 1.0, 1.25]


def test_classes() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4, 5], "y": ["b", "a", "a", "b", "b"]})
    encoded = encode(frame)
    assert encoded.target.levels == ("b", "a")  # 1 is the rarer
    assert encoded.y.tolist() == [0, 1, 1, 0, 0]
    frame = frame.with_columns(pl.Series("y", ["yes", "no", "yes", "yes", "no"]))
    assert encode(frame).target.levels == ("no", "yes")


def test_order_and_further_columns_do_not_matter() -> None:
    encoded = encode(MIXED)
    new = MIXED.select(pl.lit("?").alias("more"), *reversed(MIXED.columns[:-1])).head(5)
    found = encoded.encoder.transform(table(new))
    assert np.array_equal(found.X, encoded.X)
    assert found.filled == {"area": 1, "region": 1, "smoker": 1}
    assert found.warnings == ("3 missing values in 3 columns filled as in training",)


def test_only_needed_columns_are_required() -> None:
    encoder = encode(MIXED).encoder
    found = encoder.transform(table(MIXED.select("region")), {"region=N"})
    assert found.X[:, 2].tolist() == [1, 0, 0, 0, 0, 1]
    assert not found.X[:, :2].any() and not found.X[:, 6:].any()


def test_unseen_levels_are_counted_and_contribute_nothing() -> None:
    encoder = encode(MIXED).encoder
    new = MIXED.with_columns(
        pl.Series("region", ["Mars", "N", "Mars", "S", "W", "N"]),
        pl.Series("side", ["up", "left", "right", "left", "left", "left"]),
    )
    found = encoder.transform(table(new))
    assert not found.X[[0, 2], 2:6].any()
    assert found.X[:, 8].tolist() == [0, 0, 1, 0, 0, 0]
    assert found.unseen == {"region": 2, "side": 1}
    assert found.warnings[:2] == (
        "2 values of 'region' were not seen in training (row 1: 'Mars'); they contribute 0",
        "1 value of 'side' was not seen in training (row 1: 'up'); it contributes 0",
    )


def test_yes_and_no_in_other_words() -> None:
    frame = pl.DataFrame({"b": [True, False, True, None], "y": [1.0, 2.0, 3.0, 5.0]})
    encoder = encode(frame).encoder
    for values in (["TRUE", "False", "true", None], ["y", "n", "y", None], [1, 0, 1, None]):
        X = encoder.transform(table(pl.DataFrame({"b": values}))).X
        assert X.tolist() == [[1, 0], [0, 0], [1, 0], [1, 1]]


def test_levels_that_look_like_numbers_in_the_next_table() -> None:
    frame = pl.DataFrame({"zip": ["007", "101", "101", "202"], "y": [1.0, 2.0, 3.0, 5.0]})
    encoder = encode(frame).encoder
    assert encoder.transform(table(pl.DataFrame({"zip": [101.0, 202.0]}))).X.tolist() == [
        [0, 1, 0],
        [0, 0, 1],
    ]


def lacking(new: pl.DataFrame, **options: Any) -> list[str]:
    names = ["bmi", "ltg", "bp", "hdl", "sex"]
    frame = pl.DataFrame(np.random.default_rng(1).normal(size=(9, 6)), schema=[*names, "y"])
    encoder = encode(frame).encoder
    with pytest.raises(InputError) as caught:
        encoder.transform(table(new, "new.csv"), **options)
    return caught.value.lines()


def test_scoring_gap_that_is_only_case() -> None:
    new = pl.DataFrame({n: [1.0] for n in ["BMI", "LTG", "bp", "hdl", "sex", "age"]})
    retry = "excise predict m.excise.json new.csv --rename {}"
    assert lacking(new, retry=retry) == [
        "new.csv lacks 2 of the 5 columns this model uses: bmi, ltg",
        "  found BMI, LTG: the names differ only in case",
        "  try: excise predict m.excise.json new.csv --rename BMI=bmi,LTG=ltg",
    ]


def test_scoring_gap_with_near_names_or_none() -> None:
    assert lacking(pl.DataFrame({n: [1.0] for n in ["bmi_", "ltg", "bp", "hdl", "sex"]})) == [
        "new.csv lacks 1 of the 5 columns this model uses: bmi",
        "  found bmi_: the closest names",
        "  try: add --rename bmi_=bmi",
    ]
    assert lacking(pl.DataFrame({"q": [1.0], "bp": [1.0]}), needed={"bmi", "bp"}) == [
        "new.csv lacks 1 of the 2 columns this model uses: bmi",
        "  its other columns: q",
    ]


def test_scoring_gap_names_a_few_of_many() -> None:
    frame = pl.DataFrame(np.random.default_rng(1).normal(size=(9, 12)))
    encoder = encode(frame, target="column_11").encoder
    with pytest.raises(InputError) as caught:
        encoder.transform(table(pl.DataFrame({"q": [1.0]})))
    assert caught.value.fact.startswith(
        "t.csv lacks 11 of the 11 columns this model uses: column_0"
    )
    assert caught.value.fact.endswith("column_7 and 3 more")


def test_renaming() -> None:
    encoder = encode(MIXED).encoder
    new = table(MIXED.rename({"area": "AREA"}), "new.csv")
    assert encoder.transform(new, {"area"}, rename={"AREA": "area"}).X[0, 0] == 50
    with pytest.raises(InputError, match="no column named 'Aera'"):
        encoder.transform(new, {"area"}, rename={"Aera": "area"})
    with pytest.raises(UsageError, match="already"):
        encoder.transform(new, {"area"}, rename={"AREA": "region"})
    with pytest.raises(UsageError, match="one name"):
        encoder.transform(new, {"area"}, rename={"AREA": "a", "region": "a"})


def test_text_where_the_model_expects_numbers_or_dates() -> None:
    encoder = encode(MIXED).encoder
    new = MIXED.with_columns(pl.Series("area", ["1", "2", "n.k.", "4", None, "5"]))
    with pytest.raises(InputError) as caught:
        encoder.transform(table(new), {"area"})
    assert caught.value.lines() == [
        "column 'area' is a number in this model but 1 of 6 values is not (row 3: 'n.k.')",
        "  try: add --na n.k.",
    ]
    new = MIXED.with_columns(pl.Series("sold", ["2026-01-01", "soon"] * 3))
    with pytest.raises(InputError, match="'sold' is a date in this model but 3 of 6 values are"):
        encoder.transform(table(new), {"sold days"})
    assert encoder.transform(table(new[:1]), {"sold days"}).X[0, -1] == 306


def test_infinity_in_a_new_table() -> None:
    new = MIXED.with_columns(pl.Series("area", [1.0, 2, 3, 4, 5, math.inf]))
    with pytest.raises(InputError, match=r"column 'area' holds infinity \(row 6: inf\)"):
        encode(MIXED).encoder.transform(table(new), {"area"})


def test_duplicate_rows_and_leaks_are_warned_about() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=30)
    frame = pl.DataFrame({"x": rng.normal(size=30), "copy": y * 2e6 + 1e6, "y": y, "l": [[1]] * 30})
    assert encode(frame).warnings == (
        "copy alone explains 100.0% of y: is it known before the target is?",
    )
    coins = pl.DataFrame({"a": [0, 1] * 15, "b": [0, 0, 1] * 10, "y": [0, 1, 1, 0, 1] * 6})
    assert encode(coins).warnings == ()  # few different rows are possible
    assert encode(pl.concat([frame.drop("copy"), frame.drop("copy")[:2]])).warnings == (
        "2 rows repeat another one: the same case may stand on both sides of a fold",
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), []),
        (("columns",), {}),
        (("version",), None),
        (("version",), 2),
        (("columns", 0), 3),
        (("columns", 0, "kind"), "os.system"),
        (("columns", 0, "kind"), ["number"]),
        (("columns", 0, "source"), 3),
        (("columns", 0, "source"), "region"),
        (("columns", 0, "fill"), []),
        (("columns", 0, "fill"), ["1"]),
        (("columns", 0, "fill"), [True]),
        (("columns", 0, "fill"), [math.inf]),
        (("columns", 0, "fill"), [10**400]),
        (("columns", 0, "indicator"), 1),
        (("columns", 1, "levels"), []),
        (("columns", 1, "levels"), ["N", "N", "S"]),
        (("columns", 1, "levels"), ["N", 2, "S"]),
        (("columns", 4, "first"), "yesterday"),
        (("columns", 4, "format"), "%Q"),
        (("columns", 2, "yes"), None),
    ],
)
def test_altered_recipes_are_refused(path: tuple[Any, ...], value: Any) -> None:
    recipe: Any = {"": encode(MIXED).encoder.to_dict()}
    at, key = recipe, ""
    for step in path:
        at, key = at[key], step
    at[key] = value
    with pytest.raises(InputError, match="the column recipe of this model cannot be used"):
        Encoder.from_dict(recipe[""])


def test_recipes_that_lack_a_field_are_refused() -> None:
    recipe = encode(MIXED).encoder.to_dict()
    del recipe["columns"][4]["first"]
    with pytest.raises(InputError, match="its column 5 lacks 'first'"):
        Encoder.from_dict(recipe)


VALUES = {
    "number": st.floats(-1e6, 1e6) | st.integers(-99, 99).map(float),
    "category": st.sampled_from(["a", "b b", "c=d", "é", "7", 'quo"te']),
    "yes": st.sampled_from(["yes", "no", "N", "true"]),
    "when": st.dates(datetime.date(1950, 1, 1), datetime.date(2100, 1, 1)),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    n = draw(st.integers(3, 12))
    columns = {
        name: draw(st.lists(st.none() | values, min_size=n, max_size=n))
        for name, values in VALUES.items()
    }
    dtypes = {"number": pl.Float64, "category": pl.String, "yes": pl.String, "when": pl.Date}
    series = [pl.Series(name, columns[name], dtypes[name]) for name in VALUES]
    return pl.DataFrame([*series, pl.Series("fixed", range(n)), pl.Series("y", range(n))])


@settings(deadline=None)
@given(frames())
def test_json_and_back_encodes_the_same(frame: pl.DataFrame) -> None:
    encoded = encode(frame)
    text = json.dumps(encoded.encoder.to_dict(), allow_nan=False)
    again = Encoder.from_dict(json.loads(text))
    assert again == encoded.encoder
    assert np.array_equal(again.transform(table(frame)).X, encoded.X)
    assert np.isfinite(encoded.X).all()
    assert len(encoded.columns) == again.n_features == encoded.X.shape[1]


@settings(deadline=None)
@given(frames(), st.randoms(use_true_random=False))
def test_row_order_changes_nothing_but_row_order(frame: pl.DataFrame, random: Any) -> None:
    order = list(range(frame.height))
    random.shuffle(order)
    encoded = encode(frame)
    assert np.array_equal(encode(frame[order]).X, encoded.X[order])
