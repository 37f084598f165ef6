"""Bad input is refused with the argument, the place and the remedy; good input is used as it is."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from excise.arguments import check_alpha
from excise.certify import certify
from excise.cross_validation import fit_cv
from excise.engine import Session, fit, fit_path
from excise.exceptions import InputError, InputTypeError
from excise.problem import make_problem

X = np.arange(12.0).reshape(4, 3) ** 1.5
Y = np.array([1.0, 2.0, 4.0, 3.0])


def holding(value: float, row: int = 2, column: int = 1) -> np.ndarray:
    """X with one value replaced."""
    changed = X.copy()
    changed[row, column] = value
    return changed


FILL = "\n  try: fill or drop such rows"
FRAME = pd.DataFrame(X, columns=["age", "bmi", "sex"])
REFUSED: list[tuple[type[Exception], str, tuple[Any, Any], dict[str, Any]]] = [
    # values of X and y
    (InputError, "X holds NaN in row 2, column 1" + FILL, (holding(np.nan), Y), {}),
    (InputError, "X holds infinity in row 2, column 1" + FILL, (holding(-np.inf), Y), {}),
    (
        InputError,
        "X holds 1e+305 in row 2, column 1\n  try: use a larger unit",
        (holding(1e305), Y),
        {},
    ),
    (
        InputError,
        "X holds NaN in row 0, column 0\n  12 such values there" + FILL,
        (X * np.nan, Y),
        {},
    ),
    (
        InputError,
        "column 'bmi' of X has 1 missing values\n"
        "  try: fill or drop them; the command line fills them by itself",
        (pl.DataFrame({"age": [1, 2, 3, 4], "bmi": [1, None, 2, 3]}), Y),
        {},
    ),
    (
        InputError,
        "X holds infinity in row 1, column 2 ('sex')" + FILL,
        (pl.DataFrame({"age": [1, 2, 3, 4], "bmi": [1, 2, 2, 3], "sex": [1.0, np.inf, 0, 0]}), Y),
        {},
    ),
    (InputError, "y holds NaN in row 1" + FILL, (X, [1, np.nan, 2, 3]), {}),
    (
        InputError,
        "y holds NaN in row 0\n  4 such values there" + FILL,
        (X, np.full(4, np.nan)),
        {},
    ),
    # shapes
    (
        InputError,
        "X must have two dimensions (rows, features), got shape (4,)\n"
        "  try: X.reshape(-1, 1) for a single feature",
        (X[:, 0], Y),
        {},
    ),
    (
        InputError,
        "X must have two dimensions (rows, features), got shape (1, 4, 3)",
        (X[None], Y),
        {},
    ),
    (InputError, "X has no rows", (X[:0], Y[:0]), {}),
    (InputError, "X has no columns", (X[:, :0], Y), {}),
    (InputError, "X has 4 rows but y has 3 values", (X, Y[:3]), {}),
    (
        InputError,
        "y must have one dimension, got shape (4, 1)\n  try: y.ravel()",
        (X, Y[:, None]),
        {},
    ),
    (InputError, "y must have one dimension, got shape (4, 2, 1)", (X, np.c_[Y, Y][..., None]), {}),
    (InputError, "y must have one dimension, got shape ()", (X, 3.0), {}),
    # kinds of X and y
    (
        InputTypeError,
        "X holds complex numbers (dtype complex128), not numbers\n  try: take the real part",
        (X * 1j, Y),
        {},
    ),
    (
        InputTypeError,
        "X holds Python objects (dtype object), not numbers\n  try: np.asarray(X, dtype=float)",
        (X.astype(object), Y),
        {},
    ),
    (
        InputTypeError,
        "X holds text (dtype object), not numbers\n  try: convert it to numbers",
        (np.array([["a", 1]] * 4, dtype=object), Y),
        {},
    ),
    (
        InputTypeError,
        "X holds text (dtype <U32), not numbers\n  try: convert it to numbers",
        (X.astype(str), Y),
        {},
    ),
    (
        InputTypeError,
        "X holds dates (dtype datetime64[ns]), not numbers\n"
        "  try: turn them into numbers, such as days since a start",
        (X.astype(int).astype("datetime64[ns]"), Y),
        {},
    ),
    (
        InputTypeError,
        "y holds text (dtype <U3), not numbers\n  try: convert it to numbers",
        (X, ["yes", "no", "no", "yes"]),
        {},
    ),
    (
        InputTypeError,
        "X cannot be made an array: its rows have different lengths",
        ([[1, 2], [3], [4, 5], [6, 7]], Y),
        {},
    ),
    (
        InputTypeError,
        "y is a sparse csr_array; only X may be sparse\n  try: y.toarray().ravel()",
        (X, sparse.csr_array(Y[:, None])),
        {},
    ),
    (
        InputError,
        "X has masked values\n  try: fill them: X.filled(...)",
        (np.ma.masked_greater(X, 5.0), Y),
        {},
    ),
    (
        InputTypeError,
        "column 'when' of X holds Date, not numbers\n"
        "  try: encode it, or drop it; the command line encodes tables by itself",
        (pl.DataFrame({"age": [1], "when": [datetime.date(2026, 1, 1)]}), [1.0]),
        {},
    ),
    (
        InputTypeError,
        "column 'town' of X holds String, not numbers\n"
        "  try: encode it, or drop it; the command line encodes tables by itself",
        (pl.DataFrame({"age": [1], "town": ["Ulm"]}), [1.0]),
        {},
    ),
    (InputTypeError, "X is a lazy frame\n  try: X.collect()", (pl.LazyFrame({"a": [1]}), [1]), {}),
    (
        InputError,
        "the columns of X have repeated names: 'age'",
        (pd.DataFrame(X, columns=["age", "bmi", "age"]), Y),
        {},
    ),
    # weights and offset
    (
        InputError,
        "sample_weight is -1.0 in row 2; weights must be >= 0",
        (X, Y),
        {"sample_weight": [1, 1, -1, 1]},
    ),
    (
        InputError,
        "sample_weight is zero in every row\n  no row is left to fit",
        (X, Y),
        {"sample_weight": np.zeros(4)},
    ),
    (
        InputError,
        "sample_weight holds NaN in row 3" + FILL,
        (X, Y),
        {"sample_weight": [1, 1, 1, np.nan]},
    ),
    (
        InputError,
        "X has 4 rows but sample_weight has 3 values",
        (X, Y),
        {"sample_weight": [1, 1, 1]},
    ),
    (InputError, "X has 4 rows but offset has 1 values", (X, Y), {"offset": [1]}),
    (InputError, "offset holds infinity in row 0" + FILL, (X, Y), {"offset": [np.inf, 1, 1, 1]}),
    # the penalty
    (
        InputError,
        "penalty_weight is -0.5 for feature 1; it must be >= 0\n"
        "  0 = never penalised, inf = excluded",
        (X, Y),
        {"penalty_weight": [1, -0.5, 1]},
    ),
    (
        InputError,
        "penalty_weight is nan for feature 1 ('bmi'); it must be >= 0\n"
        "  0 = never penalised, inf = excluded",
        (FRAME, Y),
        {"penalty_weight": [1, np.nan, 1]},
    ),
    (
        InputError,
        "penalty_weight must have shape (3,), one per feature, got (2,)",
        (X, Y),
        {"penalty_weight": [1, 1]},
    ),
    (
        InputError,
        "the bounds of feature 0 are [1.0, 2.0]; they must hold 0",
        (X, Y),
        {"bounds": (1, 2)},
    ),
    (
        InputError,
        "the bounds of feature 2 ('sex') are [0.0, nan]; they must hold 0",
        (FRAME, Y),
        {"bounds": (0, [1, 1, np.nan])},
    ),
    (
        InputError,
        "lower bounds must be one number or have shape (3,), got (2,)",
        (X, Y),
        {"bounds": ([0, 0], 1)},
    ),
    (
        InputError,
        "bounds must be None, 'positive' or (lower, upper), got 'negative'",
        (X, Y),
        {"bounds": "negative"},
    ),
    (InputError, "l1_ratio is 1.5; it must lie in [0, 1]", (X, Y), {"l1_ratio": 1.5}),
    (InputError, "l1_ratio is nan; it must lie in [0, 1]", (X, Y), {"l1_ratio": np.nan}),
    (InputTypeError, "l1_ratio must be a number, not 'half'", (X, Y), {"l1_ratio": "half"}),
    (
        InputError,
        "unknown loss 'hinge'\n"
        "  valid: 'squared', 'logistic', 'poisson', 'gamma', 'tweedie', 'negative_binomial', "
        "'huber', 'squared_hinge', 'quantile', 'cox', 'multinomial'",
        (X, Y),
        {"loss": "hinge"},
    ),
    (
        InputError,
        "unknown penalty 'l2'\n  valid: 'l1', 'elastic', 'ridge', 'mcp', 'scad', 'log', 'lq', "
        "'elastic_net', 'sorted_l1', 'total_variation', 'group', 'sparse_group', "
        "'overlapping_groups'",
        (X, Y),
        {"penalty": "l2"},
    ),
    (
        InputError,
        "penalty 'elastic:2' must name a share in [0, 1], as in 'elastic:0.5'",
        (X, Y),
        {"penalty": "elastic:2"},
    ),
    (
        InputError,
        "penalty 'elastic:half' must name a share in [0, 1], as in 'elastic:0.5'",
        (X, Y),
        {"penalty": "elastic:half"},
    ),
    (
        InputError,
        "penalty 'ridge' and l1_ratio = 0.5 contradict each other",
        (X, Y),
        {"penalty": "ridge", "l1_ratio": 0.5},
    ),
    (
        InputTypeError,
        "schedule must be None or a schedule of excise.schedules, not 3\n"
        "  try: excise.schedules.PruneThenRefine(0.0)",
        (X, Y),
        {"schedule": 3},
    ),
    (
        InputError,
        "no schedule is called 'auto'\n"
        "  valid: static, prune, adaptive, reweighted, mcp, scad, log, lq; "
        "+ puts one after another",
        (X, Y),
        {"schedule": "auto"},
    ),
    # settings
    (InputError, "tol is 0.0; it must be finite and > 0", (X, Y), {"tol": 0}),
    (InputTypeError, "tol must be a number, not None", (X, Y), {"tol": None}),
    (
        InputTypeError,
        "fit_intercept must be True or False, not 'yes'",
        (X, Y),
        {"fit_intercept": "yes"},
    ),
    (InputTypeError, "standardize must be True or False, not 1", (X, Y), {"standardize": 1}),
    (InputError, "n_threads is 0; it must be at least 1", (X, Y), {"n_threads": 0}),
    (
        InputTypeError,
        "n_threads must be an integer or None, not 1.5",
        (X, Y),
        {"n_threads": 1.5},
    ),
]


@pytest.mark.parametrize(
    ("kind", "message", "data", "settings"), REFUSED, ids=lambda x: str(x)[:60]
)
def test_bad_input_is_refused(
    kind: type[Exception], message: str, data: tuple[Any, Any], settings: dict[str, Any]
) -> None:
    with pytest.raises(kind) as error:
        fit(*data, 1.0, **settings)
    assert str(error.value) == message


UNUSABLE = [case for case in REFUSED if case[1].startswith("X holds") and case[0] is InputError]


@pytest.mark.parametrize(("kind", "message", "data", "settings"), UNUSABLE)
@pytest.mark.parametrize("weights", [None, [1, 2, 1, 1], [1, 1, 0, 1], [0, 0, 1, 1]])
@pytest.mark.parametrize("route", ["fit", "fit_path", "fit_cv", "certify"])
def test_every_route_refuses_the_same_numbers(
    route: str,
    weights: list[int] | None,
    kind: type[Exception],
    message: str,
    data: tuple[Any, Any],
    settings: dict[str, Any],
) -> None:
    """Whoever reads X first says it, and rows of weight zero are no excuse."""
    routes: dict[str, Any] = {
        "fit": lambda: fit(*data, 1.0, sample_weight=weights),
        "fit_path": lambda: fit_path(*data, 5, sample_weight=weights),
        "fit_cv": lambda: fit_cv(*data, cv=2, sample_weight=weights),
        "certify": lambda: certify(*data, np.zeros(3), 0.0, 1.0, sample_weight=weights),
    }
    with pytest.raises(kind) as error:
        routes[route]()
    assert str(error.value) == message


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e305])
def test_rows_of_weight_zero_are_looked_at_wherever_they_stand(value: float) -> None:
    n = 37  # no multiple of what a register holds
    wide = np.random.default_rng(0).standard_normal((n, 3))
    for row in (0, 17, n - 1):
        changed, w = wide.copy(), np.ones(n)
        changed[row, 2], w[row] = value, 0.0
        for run in (
            lambda X=changed, w=w: fit(X, wide[:, 0], 1.0, sample_weight=w),
            lambda X=changed, w=w: certify(X, wide[:, 0], [0, 0, 0], 0.0, 1.0, sample_weight=w),
        ):
            with pytest.raises(InputError, match=f"in row {row}, column 2"):
                run()


@pytest.mark.parametrize("alpha", [-1.0, np.nan, np.inf])
def test_alpha_is_finite_and_not_negative(alpha: float) -> None:
    with pytest.raises(InputError, match="it must be a finite number >= 0"):
        check_alpha(alpha)
    assert check_alpha(0) == 0.0


def test_floats_are_used_where_they_are() -> None:
    for given in (X, np.asfortranarray(X), X.astype(np.float32), X[::2, ::-1], X.T.copy().T):
        made = make_problem(given, Y[: len(given)])
        assert made.design.X is given
    assert make_problem(X, Y).y is Y
    assert make_problem(X, Y, n_threads=np.int64(2)).n_threads == 2


def test_other_numbers_are_converted() -> None:
    for given in (X.astype(int), X > 3.0, X.astype(">f8"), X.astype(np.float16), X.tolist()):
        made = make_problem(given, Y)
        assert made.design.X.dtype == np.float64 and made.design.X.dtype.isnative
        np.testing.assert_array_equal(made.design.X, np.asarray(given, dtype=float))
    assert make_problem(X, [True, False, True, True]).y.dtype == np.float64


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_keep_their_names(library: Any) -> None:
    frame = library({"age": [1, 2, 3, 4], "tall": [True, False, True, True], "bmi": X[:, 0]})
    made = make_problem(frame, library({"y": Y})["y"])
    assert made.feature_names == ("age", "tall", "bmi")
    np.testing.assert_array_equal(made.design.toarray(), np.c_[[1, 2, 3, 4], [1, 0, 1, 1], X[:, 0]])
    np.testing.assert_array_equal(made.y, Y)


def test_single_precision_frames_stay_single() -> None:
    frame = pl.DataFrame(X.astype(np.float32), schema=["a", "b", "c"])
    assert make_problem(frame, Y).design.dtype == np.float32


def test_nullable_frames() -> None:
    frame = FRAME.convert_dtypes()
    assert make_problem(frame, Y).design.dtype == np.float64
    frame.loc[1, "bmi"] = pd.NA
    with pytest.raises(InputError, match="column 'bmi' of X has 1 missing values"):
        make_problem(frame, Y)


def test_large_sums_of_finite_values_are_fine() -> None:
    big = np.full((4, 3), 3e38, dtype=np.float32)
    assert make_problem(big, Y).design.X is big
    assert make_problem(np.full((4, 3), 9e299), Y).n == 4


@pytest.mark.parametrize(
    ("settings", "ratio"),
    [
        ({}, 1.0),
        ({"l1_ratio": 0.3}, 0.3),
        ({"penalty": "elastic"}, 0.5),
        ({"penalty": "elastic", "l1_ratio": 0.2}, 0.2),
        ({"penalty": "elastic:0.7"}, 0.7),
        ({"penalty": "elastic:1"}, 1.0),
        ({"penalty": "ridge"}, 0.0),
        ({"penalty": "ridge", "l1_ratio": 0}, 0.0),
    ],
)
def test_penalty_and_l1_ratio(settings: dict[str, Any], ratio: float) -> None:
    assert make_problem(X, Y, **settings).l1_ratio == ratio


def test_bounds_are_spread_over_the_features() -> None:
    made = make_problem(X, Y, bounds="positive")
    assert list(made.lower) == [0, 0, 0] and list(made.upper) == [np.inf] * 3
    made = make_problem(X, Y, bounds=(-1, [0, 1, np.inf]))
    assert list(made.lower) == [-1, -1, -1] and list(made.upper) == [0, 1, np.inf]


def test_weights_sum_to_one() -> None:
    assert list(make_problem(X, Y).weights) == [0.25] * 4
    huge = make_problem(X, Y, sample_weight=[9e299, 9e299, 0.0, 9e299])
    assert list(huge.weights) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])


def test_a_constant_target_and_a_single_row_are_fine() -> None:
    assert make_problem(X, np.full(4, 0.3)).n == 4
    assert make_problem(X[:1], Y[:1]).n == 1


def test_numbers_are_looked_at_once_for_all_reweighted_problems() -> None:
    """Half samples have rows without weight; their X is the one that was looked at."""
    whole = make_problem(X, Y)
    assert not whole.design.finite
    assert Session(whole).engine.not_finite < 0 and whole.design.finite
    half = make_problem(holding(np.nan), Y, sample_weight=[1, 1, 0, 1])
    with pytest.raises(InputError, match="X holds NaN in row 2, column 1"):
        Session(half).engine  # noqa: B018
    assert not half.design.finite
