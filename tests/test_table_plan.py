"""What columns are taken for, and the one line that says so."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from excise.exceptions import InputError
from excise.table import (
    DEMOS,
    Kind,
    Plan,
    Table,
    Wishes,
    codes_of,
    infer_columns,
    numbers_of,
    read_table,
)

N = 60
Y = np.random.default_rng(3).normal(size=N)


def plan_of(wishes: Wishes | None = None, **columns: Any) -> Plan:
    frame = pl.DataFrame({**columns, "y": Y})
    return infer_columns(Table.of_frame(frame, "t.csv"), "y", wishes)


def kind(values: Any, name: str = "x") -> Kind:
    plan = plan_of(**{name: values, "other": np.arange(N) % 7})
    return next(c.kind for c in (*plan.columns, *plan.dropped) if c.name == name)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Y, Kind.NUMBER),
        (np.arange(N) % 2, Kind.NUMBER),
        (np.arange(N), Kind.NUMBER),
        (np.arange(N) + 1900, Kind.NUMBER),
        ([f"{i}" for i in range(N)], Kind.ID_LIKE),  # read_table makes numbers of these
        (["yes", "no"] * 30, Kind.YES_NO),
        (["Y", "n", None] * 20, Kind.YES_NO),
        (["left", "right"] * 30, Kind.YES_NO),
        ([True, False, None] * 20, Kind.YES_NO),
        (["a", "b", "c"] * 20, Kind.CATEGORY),
        (["1", "2", "3+"] * 20, Kind.CATEGORY),
        (["1", "2", "3", "4", "5", "6+"] * 10, Kind.CATEGORY),
        ([f"level {i // 2}" for i in range(N)], Kind.CATEGORY),
        ([f"l{i}" for i in range(51)] + ["l1"] * 9, Kind.FREE_TEXT),
        ([f"l{i}" for i in range(50)] + ["l1"] * 10, Kind.CATEGORY),
        ([f"id{i}" for i in range(N)], Kind.ID_LIKE),
        ([f"some words {i}" for i in range(N)], Kind.FREE_TEXT),
        ([7] * N, Kind.CONSTANT),
        ([7, None] * 30, Kind.CONSTANT),
        (["a"] * N, Kind.CONSTANT),
        ([None] * N, Kind.ALL_MISSING),
        ([float("nan")] * N, Kind.ALL_MISSING),
        ([""] * N, Kind.ALL_MISSING),
        ([1.0, 2.0] + [None] * (N - 2), Kind.MOSTLY_MISSING),
        ([[1], [2]] * 30, Kind.NESTED),
        ([{"a": 1}, {"a": 2}] * 30, Kind.NESTED),
        ([b"a", b"b"] * 30, Kind.NESTED),
        ([datetime.date(2026, 1, 1 + i % 28) for i in range(N)], Kind.DATE),
        ([datetime.datetime(2026, 1, 1 + i % 28, 3) for i in range(N)], Kind.DATE),
        ([datetime.timedelta(days=i % 9) for i in range(N)], Kind.NUMBER),
        ([f"2026-01-{1 + i % 28:02}" for i in range(N)], Kind.DATE),
        ([f"2026-01-{1 + i % 28:02}T10:00:00Z" for i in range(N)], Kind.DATE),
        ([f"{1 + i % 28:02}.01.2026" for i in range(N)], Kind.DATE),
        ([f"{1 + i % 28:02}/01/2026" for i in range(N)], Kind.DATE),
        ([f"01/{1 + i % 28:02}/2026" for i in range(N)], Kind.DATE),
        ([f"1/{1 + i % 9}/2026" for i in range(N)], Kind.CATEGORY),  # day or month?
        (pl.Series(["a", "b", "c"] * 20, dtype=pl.Categorical), Kind.CATEGORY),
        (pl.Series(["a", "b", "c"] * 20, dtype=pl.Enum(["a", "b", "c"])), Kind.CATEGORY),
        (pl.Series(["1.50", "2.25"] * 30).cast(pl.Decimal(10, 2)), Kind.NUMBER),
        (pl.Series(np.arange(N) % 9, dtype=pl.UInt8), Kind.NUMBER),
        (pl.Series(Y, dtype=pl.Float32), Kind.NUMBER),
    ],
)
def test_kinds(values: Any, expected: Kind) -> None:
    assert kind(values) is expected


@pytest.mark.parametrize(
    "name",
    ["id", "ID", "PassengerId", "customer_id", "userid", "uuid", "Unnamed: 0", "index", "row"],
)
def test_whole_numbers_that_all_differ_are_ids_if_called_so(name: str) -> None:
    assert kind(np.arange(N) * 3 + 5, name) is Kind.ID_LIKE
    assert kind(np.arange(N) // 2, name) is Kind.NUMBER
    assert kind(Y, name) is Kind.NUMBER


@pytest.mark.parametrize(
    "name", ["year", "bid", "valid", "area", "covid", "height", "key_rate", "1"]
)
def test_measurements_that_all_differ_stay(name: str) -> None:
    assert kind(np.arange(N) * 3 + 5, name) is Kind.NUMBER


def test_numbers_too_long_to_be_measured_are_ids() -> None:
    assert kind(np.arange(N) + 2**60) is Kind.ID_LIKE


def test_a_column_asked_for_is_not_dropped_as_an_id() -> None:
    for wishes in (Wishes(keep=("id",)), Wishes(tax={"id": 2.0}), Wishes(only=("id",))):
        assert [c.name for c in plan_of(wishes, id=np.arange(N)).columns] == ["id"]
    plan = plan_of(Wishes(keep=("note",)), note=[f"n {i}" for i in range(N)], x=Y)
    assert plan.warnings == ("'note' (free text) cannot be kept: dropped all the same",)


def test_close_calls_are_warned_about() -> None:
    plan = plan_of(day=[f"1/{1 + i % 9}/2026" for i in range(N)], x=[1, 2, None, None, None] * 12)
    assert plan.warnings == (
        "column 'day' is not used as a date: day and month cannot be told apart "
        "(row 1: '1/1/2026'); write dates as 2026-11-23",
        "column 'x' is missing in 36 of 60 rows",
    )


def test_one_line_of_the_diabetes_table() -> None:
    plan = infer_columns(read_table(DEMOS["diabetes"].path), "progression")
    assert plan.summary() == (
        "diabetes.csv: 442 rows, 10 numbers, nothing missing. Target progression: number"
    )
    assert plan.counts() == "10 numbers, 0 categories, 0 dropped"


def test_one_line_of_a_mixed_table() -> None:
    plan = plan_of(
        id=np.arange(N),
        area=np.where(np.arange(N) % 10, Y, np.nan),
        region=["a", "b", "c"] * 20,
        smoker=["yes", "no"] * 30,
        sold=[datetime.date(2026, 1, 1 + i % 28) for i in range(N)],
        one=[1] * N,
    )
    assert plan.summary() == (
        "t.csv: 60 rows, 1 number, 1 yes/no, 1 category, 1 date, "
        "2 dropped (id: id-like, one: constant), 6 values missing in 1 column. Target y: number"
    )
    assert plan.counts() == "1 number, 1 yes/no, 1 category, 1 date, 2 dropped"


def test_one_line_of_a_class() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4], "y": ["b", "a", None, "a"]})
    plan = infer_columns(Table.of_frame(frame, "t.csv"), "y")
    assert plan.summary() == (
        "t.csv: 4 rows, 1 number, 1 row without target left out. Target y: b (1) or a (2)"
    )
    assert (plan.target.kind, plan.target.levels) == ("class", ("a", "b"))
    assert plan.rows.tolist() == [0, 1, 3]


def test_a_number_may_be_asked_to_be_a_class() -> None:
    frame = pl.DataFrame({"x": [1, 2, 3, 4], "y": [0, 1, 1, 0]})
    table = Table.of_frame(frame, "t.csv")
    assert infer_columns(table, "y").target.kind == "number"
    assert infer_columns(table, "y", Wishes(task="class")).target.levels == ("0", "1")


def test_drop_only_keep_tax_take_globs() -> None:
    columns = {name: Y * i for i, name in enumerate(["s1", "s2", "s[3]", "t"], 1)}

    def weights(wishes: Wishes) -> dict[str, float]:
        return {c.name: c.penalty_weight for c in plan_of(wishes, **columns).columns}

    assert weights(Wishes(drop=("s*",))) == {"t": 1}
    assert weights(Wishes(only=("s?",), keep=("t",))) == {"s1": 1, "s2": 1, "t": 0}
    assert weights(Wishes(only=("s[3]", "t"))) == {"s[3]": 1, "t": 1}
    assert weights(Wishes(tax={"s?": 2.0}, drop=("t", "s[3]"))) == {"s1": 2, "s2": 2}
    assert plan_of(Wishes(drop=("s*",)), **columns).excluded == ("s1", "s2", "s[3]")
    assert weights(Wishes(reserved=("t", "s1"))) == {"s2": 1, "s[3]": 1}


def test_rows_with_missing_values_can_be_dropped() -> None:
    x = [None if i % 7 == 0 else float(i * i) for i in range(N)]
    plan = plan_of(Wishes(missing="drop"), x=x)
    assert plan.rows.tolist() == [i for i in range(N) if i % 7]


def test_weights_groups_and_times() -> None:
    frame = pl.DataFrame(
        {
            "w": [1, 2, 3],
            "g": ["b", "a", "b"],
            "t": ["2026-01-01", "2026-01-03", "2026-01-02"],
            "d": [datetime.date(1970, 1, 2)] * 3,
            "hole": [1.0, None, 2.0],
            "lists": [[1], [2], [3]],
            "inf": [1.0, float("inf"), 2.0],
        }
    )
    table, rows = Table.of_frame(frame, "t.csv"), np.array([0, 1, 2])
    assert numbers_of(table, "w", rows[1:], "weights").tolist() == [2, 3]
    assert np.argsort(numbers_of(table, "t", rows, "time")).tolist() == [0, 2, 1]
    assert numbers_of(table, "d", rows, "time").tolist() == [1, 1, 1]
    assert codes_of(table, "g", rows).tolist() == [1, 0, 1]
    for name, said in [
        ("hole", "1 of 3 values are missing (row 2)"),
        ("g", "it holds text (row 1: 'b')"),
        ("inf", "holds infinity (row 2: inf)"),
        ("lists", "column 'lists' cannot be used as weights: it holds text (row 1:"),
        ("no", "no column named 'no' in t.csv"),
    ]:
        with pytest.raises(InputError) as caught:
            numbers_of(table, name, rows, "weights")
        assert said in str(caught.value)
    with pytest.raises(InputError, match="cannot be used as groups: it holds lists"):
        codes_of(table, "lists", rows)
