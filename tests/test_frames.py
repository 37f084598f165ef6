"""Data frames: read where they lie, with the answer of the same numbers in an array."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import excise
from excise.checks import table
from excise.design import ArrayDesign, FrameDesign
from excise.exceptions import InputError, InputTypeError

ROOT = Path(__file__).parents[1]
N, P = 60, 9
NAMES = [f"x{j}" for j in range(P)]


def numbers() -> np.ndarray:
    rng = np.random.default_rng(7)
    X = np.round(20 * rng.standard_normal((N, P)))  # the same in every kind of number
    X[:, 3] = 4.0  # a constant column
    X[:, 5] = X[:, 5] > 0
    return X


X = numbers()
Y = X[:, 0] - 2 * X[:, 4] + 30 * X[:, 5] + np.random.default_rng(8).standard_normal(N)
KINDS = ["int8", "int16", "int32", "int64", "float32", "bool", "float64", "float32", "float64"]


def mixed() -> dict[str, np.ndarray]:
    """A column of every kind, as the core reads them in place."""
    return {name: X[:, j].astype(KINDS[j]) for j, name in enumerate(NAMES)}


def chunked() -> pa.Table:
    """Columns in several chunks, empty ones too, each column in its own."""

    def column(j: int) -> pa.ChunkedArray:
        cuts = sorted(np.random.default_rng(j).integers(0, N, 3))
        return pa.chunked_array([*(pa.array(part) for part in np.split(X[:, j], [0, *cuts]))])

    return pa.table({name: column(j) for j, name in enumerate(NAMES)})


def unsigned() -> pd.DataFrame:
    frame = pd.DataFrame(mixed())
    kinds = {"x3": "uint8", "x5": "uint16"}
    return frame.astype(kinds)


def sliced(frame: Any) -> Any:
    """Rows from the middle of a longer frame: offsets, and a stride of two rows in pandas."""
    long = np.full((2 * N, P), 1e9)
    long[10 : 10 + N] = X
    made = frame(long)
    return made.iloc[10 : 10 + N] if isinstance(made, pd.DataFrame) else made.slice(10, N)


def arrow(values: np.ndarray) -> pa.Table:
    return pa.table({name: np.ascontiguousarray(values[:, j]) for j, name in enumerate(NAMES)})


FRAMES: dict[str, Any] = {
    "pandas": lambda: pd.DataFrame(X, columns=NAMES),
    "pandas, F order": lambda: pd.DataFrame(np.asfortranarray(X), columns=NAMES),
    "pandas, mixed": lambda: pd.DataFrame(mixed()),
    "pandas, unsigned": unsigned,
    "pandas, nullable": lambda: pd.DataFrame(mixed()).convert_dtypes(),
    "pandas on arrow": lambda: pd.DataFrame(mixed()).convert_dtypes(dtype_backend="pyarrow"),
    "pandas, every second row": lambda: pd.DataFrame(np.repeat(X, 2, 0), columns=NAMES).iloc[::2],
    "pandas, sliced": lambda: sliced(lambda v: pd.DataFrame(v, columns=NAMES)),
    "polars": lambda: pl.DataFrame(X, schema=NAMES),
    "polars, F order": lambda: pl.DataFrame(np.asfortranarray(X), schema=NAMES),
    "polars, mixed": lambda: pl.DataFrame(mixed()),
    "polars, chunked": lambda: pl.concat(
        [pl.DataFrame(X[:20], schema=NAMES), pl.DataFrame(X[20:], schema=NAMES)], rechunk=False
    ),
    "polars, sliced": lambda: sliced(lambda v: pl.DataFrame(v, schema=NAMES)),
    "arrow": lambda: arrow(X),
    "arrow, mixed": lambda: pa.table(mixed()),
    "arrow, chunked": chunked,
    "arrow, sliced": lambda: sliced(arrow),
    "float32": lambda: pl.DataFrame(X.astype(np.float32), schema=NAMES),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "weights": {"sample_weight": np.random.default_rng(1).integers(0, 3, N)},
    "no intercept, standardize": {"fit_intercept": False, "standardize": True},
}


@pytest.fixture(params=FRAMES)
def frame(request: pytest.FixtureRequest) -> Any:
    return FRAMES[request.param]()


def test_the_verbs_are_those_of_the_array(frame: Any) -> None:
    design, names = table(frame)
    dense = ArrayDesign(X)
    assert names == tuple(NAMES) and design.shape == X.shape
    np.testing.assert_array_equal(design.toarray(), X)
    np.testing.assert_array_equal(design.columns(np.array([8, 0, 5])), X[:, [8, 0, 5]])
    np.testing.assert_array_equal(design.columns(slice(2, 9, 3)), X[:, 2:9:3])
    rows = np.array([3, 59, 0])
    np.testing.assert_array_equal(design.rows(rows, np.array([1, 3])), X[rows][:, [1, 3]])
    np.testing.assert_array_equal(design.column_sums(), dense.column_sums())
    V = np.random.default_rng(2).standard_normal((N, 3))
    np.testing.assert_allclose(design.correlate(V), X.T @ V, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_a_frame_has_the_path_of_its_array(frame: Any, settings: dict[str, Any]) -> None:
    path = excise.fit_path(frame, Y, 30, **settings)
    dense = excise.fit_path(X, Y, 30, **settings)
    np.testing.assert_allclose(path.alphas, dense.alphas, rtol=1e-12)
    np.testing.assert_allclose(path.coefs.toarray(), dense.coefs.toarray(), rtol=0, atol=1e-10)
    assert path.feature_names == tuple(NAMES)
    one = excise.fit(frame, Y, 0.5, **settings)
    certificate = excise.certify(frame, Y, one.coef, one.intercept, 0.5, **settings)
    assert certificate.relative_gap <= 1e-12
    assert one.coef[3] == 0.0 or settings.get("fit_intercept") is False


def test_cross_validation_gives_the_same_curve(frame: Any) -> None:
    ours, dense = (excise.fit_cv(data, Y, cv=4, alphas=20) for data in (frame, X))
    np.testing.assert_allclose(ours.mean, dense.mean, rtol=1e-9)
    assert ours.alpha_ == pytest.approx(dense.alpha_, rel=1e-12)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32], ids=str)
def test_threads_change_no_bit(kind: Any) -> None:
    """Also where the number of columns is shared out, and more rows than a block."""
    rng = np.random.default_rng(3)
    values = (50 * rng.standard_normal((2100, 1500))).astype(kind)
    frame = pl.DataFrame(values)
    y = values[:, 0] + 9.0 * rng.standard_normal(len(values))
    one, two = (excise.fit_path(frame, y, 8, n_threads=k) for k in (1, 2))
    assert one.coefs.toarray().tobytes() == two.coefs.toarray().tobytes()


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame(np.asfortranarray(X)),
        lambda: pd.DataFrame(X),
        lambda: pd.DataFrame(X.astype(np.float32)),
        lambda: pl.DataFrame({"a": X[:, 0]}),
    ],
)
def test_a_frame_that_is_one_array_stays_one(make: Any) -> None:
    frame = make()
    design, _ = table(frame)
    assert isinstance(design, ArrayDesign)
    assert np.shares_memory(design.X, frame.to_numpy())
    assert not design.X.flags.writeable


@pytest.mark.parametrize("name", ["polars", "arrow", "float32", "pandas, mixed", "arrow, sliced"])
def test_columns_are_not_copied(name: str) -> None:
    frame = FRAMES[name]()
    first, again = table(frame)[0], table(frame)[0]
    assert isinstance(first, FrameDesign) and isinstance(again, FrameDesign)
    assert all(np.shares_memory(a, b) for a, b in zip(first.series, again.series, strict=True))


def test_single_precision_and_mixtures_have_their_dtype() -> None:
    assert table(FRAMES["float32"]())[0].dtype == np.float32
    assert table(FRAMES["polars, mixed"]())[0].dtype == np.float64


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([Decimal("1.5"), Decimal("2.25"), Decimal("-1.0")]),
        pd.Series([1.5, 2.25, -1.0], dtype=np.float16),
        pa.array([Decimal("1.5"), Decimal("2.25"), Decimal("-1.0")]),
    ],
    ids=["polars decimal", "pandas float16", "arrow decimal"],
)
def test_other_numbers_are_made_floats(column: Any) -> None:
    library = {"polars": pl.DataFrame, "pandas": pd.DataFrame}
    make = library.get(type(column).__module__.partition(".")[0], pa.table)
    design, _ = table(make({"a": column, "b": [1, 2, 3]}))
    np.testing.assert_array_equal(design.toarray(), [[1.5, 1], [2.25, 2], [-1.0, 3]])
    assert design.dtype == np.float64


def test_large_integers_round_as_numpy_rounds_them() -> None:
    large = np.array([2**62 + 1, -(2**53) - 1, 5, 0])
    unsigned = np.array([2**64 - 1, 2**53 + 1, 5, 0], dtype=np.uint64)
    y = np.array([1.0, 0.0, 0.0, 2.0])
    frame = pl.DataFrame({"a": large, "b": unsigned})
    ours = excise.fit_path(frame, y, 5, standardize=True)
    dense = excise.fit_path(
        np.c_[large.astype(float), unsigned.astype(float)], y, 5, standardize=True
    )
    np.testing.assert_allclose(ours.coefs_std.toarray(), dense.coefs_std.toarray(), atol=1e-12)


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
@pytest.mark.parametrize("kind", [float, np.float32])
def test_names_are_kept_in_errors(library: Any, kind: Any) -> None:
    columns = {"age": [1, 2, 3, 4], "bmi": np.array([1.0, 2.0, 4.0, np.inf], dtype=kind)}
    for run in (
        lambda: excise.fit(library(columns), [1.0, 2.0, 2.0, 4.0], 0.1),
        lambda: excise.certify(library(columns), [1.0, 2.0, 2.0, 4.0], [0, 0], 2.0, 0.1),
    ):
        with pytest.raises(InputError) as error:
            run()
        assert error.value.fact == "X holds infinity in row 3, column 1 ('bmi')"


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"a": [1.0], "b": ["u"]}, schema_overrides={"b": pl.Categorical}),
            "'b' of X",
        ),
        (pd.DataFrame({"a": [1.0], "b": pd.Categorical(["u"])}), "holds Categorical"),
        (pa.table({"a": [1.0], "b": pa.array(["u"]).dictionary_encode()}), "holds Categorical"),
        (pl.DataFrame({"a": [1.0, None]}), "column 'a' of X has 1 missing values"),
        (pa.table({"a": [1.0, None]}), "column 'a' of X has 1 missing values"),
        (pd.DataFrame({"a": [1, None]}, dtype="Int64"), "column 'a' of X has 1 missing values"),
        (pd.DataFrame({"a": [1.0, np.nan], "b": [1, 2]}), "column 'a' of X has 1 missing values"),
        (pl.DataFrame({"a": []}, schema={"a": pl.Float64}), "X has no rows"),
        (pl.DataFrame(), "X has no "),
        (pd.DataFrame(index=range(3)), "X has no columns"),
    ],
)
def test_what_is_no_number_is_refused(frame: Any, message: str) -> None:
    with pytest.raises((InputError, InputTypeError), match=message):
        table(frame)


def test_the_frame_is_not_changed(frame: Any) -> None:
    before = [np.array(column) for column in _columns(frame)]
    excise.fit_cv(frame, Y, cv=3, alphas=10)
    for column, old in zip(_columns(frame), before, strict=True):
        np.testing.assert_array_equal(column, old)


def _columns(frame: Any) -> list[Any]:
    columns = frame.columns if isinstance(frame, pa.Table) else [frame[name] for name in NAMES]
    return [column.to_numpy() for column in columns]


MEMORY = """
import sys
import numpy as np
from benchmarks.tasks.memory import peak_above
from excise.checks import table
import excise
n, p = 2000, 4000
rng = np.random.default_rng(0)
columns = {f"x{j}": rng.standard_normal(n) for j in range(p)}
columns["x7"] = columns["x7"] > 0
y = columns["x0"] + rng.standard_normal(n)
import polars, pyarrow, pandas
frame = {"polars": polars.DataFrame, "arrow": pyarrow.table, "pandas": pandas.DataFrame}[
    sys.argv[1]](columns)
del columns
small = polars.DataFrame(rng.standard_normal((50, 3)))
excise.fit_path(small, np.arange(50.0), 5)
def above(run):
    return peak_above(run) / (8 * n * p)
taking = above(lambda: table(frame))
fitting = above(lambda: excise.fit_path(frame, y, 20, alpha_min_ratio=0.2))
print(taking, fitting)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
@pytest.mark.parametrize("library", ["polars", "arrow", "pandas"])
def test_a_frame_is_not_copied_whole(library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, library], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    taking, fitting = map(float, done.stdout.split())
    assert taking <= 0.15
    assert fitting <= 0.30
