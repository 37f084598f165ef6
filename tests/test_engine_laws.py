"""Laws that need no second opinion: layouts, rows, columns, units, and arrays left alone."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
from designs import DESIGNS, SETTINGS
from tables import Array, ar, constant_column, wide

from excise.engine import fit, fit_path
from excise.results import Path, Status
from excise.verdicts import VerdictKind

SHAPES: dict[str, tuple[int, int]] = {"tall": (70, 12), "wide": (25, 60)}


def same(one: Path, other: Path, rel: float = 1e-10) -> None:
    """Equal paths, to rounding."""
    np.testing.assert_allclose(one.alphas, other.alphas, rtol=rel)
    ours, theirs = one.coefs_std.toarray(), other.coefs_std.toarray()
    size = float(np.abs(theirs).max(initial=np.finfo(float).tiny))
    np.testing.assert_allclose(ours / size, theirs / size, atol=rel)
    np.testing.assert_allclose(
        one.intercepts, other.intercepts, atol=rel * np.abs(other.intercepts).max()
    )


# --- layouts ------------------------------------------------------------------------------------


def layouts(X: Array, folder: File) -> dict[str, Array]:
    """One table in every shape that memory allows; X holds float32 values."""
    frozen = X.copy()
    frozen.flags.writeable = False
    spread = np.full((2 * X.shape[0], 3 * X.shape[1]), np.nan)
    spread[::2, ::3] = X
    rows = np.full((3 * X.shape[0], X.shape[1]), np.nan)
    rows[1::3] = X
    columns = np.asfortranarray(np.full((X.shape[0], 2 * X.shape[1]), np.nan))
    columns[:, ::2] = X
    mapped = np.memmap(folder / "X", np.float64, "w+", shape=X.shape)
    mapped[:] = X
    mapped.flush()
    single = X.astype(np.float32)
    return {
        "F": np.asfortranarray(X),
        "read-only": frozen,
        "every second row and third column": spread[::2, ::3],
        "every third row": rows[1::3],
        "every second column, F": columns[:, ::2],
        "rows reversed": np.ascontiguousarray(X[::-1])[::-1],
        "columns reversed": np.ascontiguousarray(X[:, ::-1])[:, ::-1],
        "both reversed, F": np.asfortranarray(X[::-1, ::-1])[::-1, ::-1],
        "mapped": mapped,
        "mapped read-only": np.memmap(folder / "X", np.float64, "r", shape=X.shape),
        "float32": single,
        "float32, F": np.asfortranarray(single),
        "float32, strided": np.repeat(np.repeat(single, 2, axis=0), 2, axis=1)[::2, ::2],
        "float32, reversed": np.ascontiguousarray(single[::-1, ::-1])[::-1, ::-1],
        "integers of another order": X.astype(">f8"),
    }


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("settings", [{}, {"standardize": True, "l1_ratio": 0.5}], ids=str)
def test_every_layout_gives_the_same_answer_and_is_left_alone(
    shape: str, settings: dict[str, Any], tmp_path: File
) -> None:
    """scikit-learn #4772, #14249: read-only and memory-mapped; float32 is read, not computed in."""
    X, y = ar(*SHAPES[shape])
    X = X.astype(np.float32).astype(np.float64)
    weight = np.random.default_rng(0).random(len(y))
    expected = fit_path(X, y, 12, sample_weight=weight, **settings)
    for name, view in layouts(X, tmp_path).items():
        before = zlib.crc32(view.tobytes())
        path = fit_path(view, y, 12, sample_weight=weight, **settings)
        same(path, expected, 1e-11)
        path.events()
        path.at(float(path.alphas[5]) * 0.9)
        assert zlib.crc32(view.tobytes()) == before, name


def test_other_arguments_are_left_alone_and_may_be_read_only() -> None:
    X, y = ar()
    given = {
        "sample_weight": np.arange(60.0),
        "offset": np.ones(60),
        "penalty_weight": np.arange(30.0),
        "bounds": (np.full(30, -1.0), np.full(30, 1.0)),
    }
    for array in (
        X,
        y,
        *(v for v in given.values() if isinstance(v, np.ndarray)),
        *given["bounds"],
    ):
        array.flags.writeable = False
    fit_path(X, y, 5, **given)


def test_strided_vectors() -> None:
    X, y = ar()
    weight = np.random.default_rng(0).random(60)
    expected = fit_path(X, y, 5, sample_weight=weight, offset=y / 2)
    both = np.stack([y, weight, y / 2], axis=1)
    same(fit_path(X, both[:, 0], 5, sample_weight=both[:, 1], offset=both[:, 2]), expected)


# --- rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_integer_weights_are_repetitions_and_zero_is_removal(shape: str, standardize: bool) -> None:
    """scikit-learn #16298, #15438: in the path, its grid and the null loss alike."""
    X, y = ar(*SHAPES[shape])
    times = np.random.default_rng(0).integers(0, 4, len(y))
    offset = np.linspace(0.0, 1.0, len(y))
    settings: dict[str, Any] = {"standardize": standardize, "alpha_min_ratio": 0.01}
    weighted = fit_path(X, y, 15, sample_weight=times, offset=offset, **settings)
    again = np.repeat(np.arange(len(y)), times)
    repeated = fit_path(X[again], y[again], 15, offset=offset[again], **settings)
    same(weighted, repeated)
    assert weighted.null_loss == pytest.approx(repeated.null_loss, rel=1e-12)
    np.testing.assert_allclose(weighted.scale, repeated.scale, rtol=1e-12)


@pytest.mark.parametrize("unit", [1e-200, 1e-8, 7.0, 1e200])
def test_weights_are_scale_free(unit: float) -> None:
    X, y = wide()
    weight = np.random.default_rng(0).random(40)
    weight[::7] = 0.0
    expected = fit_path(X, y, 10, sample_weight=weight)
    same(fit_path(X, y, 10, sample_weight=weight * unit), expected)


def test_equal_weights_are_no_weights() -> None:
    X, y = wide()
    same(fit_path(X, y, 10, sample_weight=np.full(40, 3.0)), fit_path(X, y, 10))


def test_a_row_of_weight_zero_may_hold_anything_finite() -> None:
    X, y = ar()
    weight = np.ones(60)
    weight[[0, 31]] = 0.0
    expected = fit_path(X, y, 10, sample_weight=weight, standardize=True)
    X[0], X[31], y[0], y[31] = 1e150, -1e200, 1e250, -3.0
    same(fit_path(X, y, 10, sample_weight=weight, standardize=True), expected)


def test_the_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    for make in (ar, wide):
        X, y = make()
        order = rng.permutation(len(y))
        same(fit_path(X[order], y[order], 10), fit_path(X, y, 10))


def test_an_offset_is_what_is_already_explained() -> None:
    X, y = wide()
    offset = np.random.default_rng(0).standard_normal(40)
    same(fit_path(X, y, 10, offset=offset), fit_path(X, y - offset, 10))


# --- columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["lasso", "elastic", "ridge", "box", "weights 0 and inf"])
@pytest.mark.parametrize("design", ["ar", "wide", "scaled", "sparse_columns"])
def test_order_and_signs_of_columns_do_not_matter(design: str, setting: str) -> None:
    """scikit-learn #11311: the path is equivariant."""
    X, y = DESIGNS[design]()
    settings = SETTINGS[setting](X, y)
    expected = fit_path(X, y, 8, alpha_min_ratio=0.01, **settings)
    rng = np.random.default_rng(1)
    order, sign = rng.permutation(X.shape[1]), rng.choice([-1.0, 1.0], X.shape[1])
    if "penalty_weight" in settings:
        settings["penalty_weight"] = settings["penalty_weight"][order]
    if "bounds" in settings:
        low, high = (side[order] if np.ndim(side) else side for side in settings["bounds"])
        low, high = np.broadcast_arrays(low, high)
        settings["bounds"] = np.where(sign > 0, low, -high), np.where(sign > 0, high, -low)
    moved = fit_path(X[:, order] * sign, y, 8, alpha_min_ratio=0.01, **settings)
    ours, theirs = moved.coefs_std.toarray(), expected.coefs_std.toarray()[order] * sign[:, None]
    np.testing.assert_allclose(ours, theirs, atol=1e-9 * np.abs(theirs).max())


@pytest.mark.parametrize("shape", SHAPES)
def test_units_of_columns_do_not_matter_when_standardised(shape: str) -> None:
    X, y = ar(*SHAPES[shape])
    unit = np.logspace(-8, 8, X.shape[1])
    moved = fit_path(X * unit, y, 10, standardize=True, alpha_min_ratio=0.01)
    same(moved, fit_path(X, y, 10, standardize=True, alpha_min_ratio=0.01))


def test_a_tax_of_half_on_a_column_is_the_column_doubled() -> None:
    X, y = wide()
    weight = np.ones(80)
    weight[::2] = 0.5
    doubled = X * np.where(weight < 1.0, 2.0, 1.0)
    ours = fit(X, y, 0.1, penalty_weight=weight).coef
    np.testing.assert_allclose(ours, fit(doubled, y, 0.1).coef / weight, atol=1e-11)


def test_penalty_weights_are_never_rescaled() -> None:
    """celer #188: twice the weights at half the alpha is the same problem."""
    X, y = wide()
    twice = fit(X, y, 0.1, penalty_weight=np.full(80, 2.0)).coef
    np.testing.assert_allclose(twice, fit(X, y, 0.2).coef, atol=1e-12)


@pytest.mark.parametrize("make", [ar, wide])
def test_infinite_weight_is_a_column_left_out(make: Callable[[], Any]) -> None:
    """celer #232."""
    X, y = make()
    weight = np.ones(X.shape[1])
    weight[::3] = np.inf
    expected = fit_path(X[:, weight == 1.0], y, 10).coefs.toarray()
    found = fit_path(X, y, 10, penalty_weight=weight).coefs.toarray()
    np.testing.assert_allclose(found[weight == 1.0], expected, atol=1e-11)
    assert not found[np.isinf(weight)].any()


def test_all_weights_infinite_or_zero() -> None:
    X, y = ar()
    none = fit_path(X, y, 5, penalty_weight=np.full(30, np.inf))
    assert none.coefs.nnz == 0 and none.alpha_max == 0.0
    free = fit(X, y, 0.5, penalty_weight=np.zeros(30))
    np.testing.assert_allclose(free.coef, fit(X, y, 0.0).coef, atol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6 / 3, 1e-300, -1e200])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_constant_columns_are_zero_by_min_and_max(
    value: float, shape: str, standardize: bool
) -> None:
    """scikit-learn #4545, #19450; glum #240: no rounded standard deviation decides."""
    X, y = ar(*SHAPES[shape])
    expected = fit(np.delete(X, 3, axis=1), y, 0.05, standardize=standardize)
    X[:, 3] = value
    found = fit(X, y, 0.05, standardize=standardize)
    assert found.coef[3] == 0.0 and found.coef_std[3] == 0.0
    assert found.certificate.verdicts[3].kind is VerdictKind.EXCLUDED
    np.testing.assert_allclose(np.delete(found.coef, 3), expected.coef, atol=1e-11)


def test_a_column_that_varies_in_its_last_digit_is_not_constant() -> None:
    X, y = ar()
    X[:, 3] = 1.0
    X[::2, 3] += np.finfo(float).eps
    path = fit_path(X, y, 3, standardize=True)
    assert path.scale[3] == pytest.approx(np.finfo(float).eps / 2, rel=1e-9)


def test_without_an_intercept_a_constant_column_is_a_column() -> None:
    """glmnet drops it silently; without an intercept it is a feature like any other."""
    X, y = constant_column()
    found = fit(X, y + 3.0, 0.001, fit_intercept=False)
    assert found.intercept == 0.0
    assert found.coef[2] > 1.0  # the column of 0.1s stands for the intercept
    assert found.coef[5] == 0.0  # the column of zeros never can


def test_nearly_equal_columns_share_nothing_and_lose_nothing() -> None:
    """The rule for equal columns: the one that entered first keeps the place."""
    X, y = ar(50, 6)
    doubled = np.hstack([X, X])
    found = fit(doubled, y, 0.05)
    assert not np.any((found.coef[:6] != 0.0) & (found.coef[6:] != 0.0))
    np.testing.assert_allclose(found.coef[:6] + found.coef[6:], fit(X, y, 0.05).coef, atol=1e-12)
    assert found.certificate.verdicts.count(VerdictKind.BORDERLINE) == len(found.support)


@pytest.mark.parametrize("share", [1e-5, 1e-6, 1e-7, 1e-8, 1e-10])
@pytest.mark.parametrize("bounds", [(-np.inf, 0.0), (-0.4, 3.0), None])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_a_free_column_that_leans_on_one_with_a_tiny_ridge(
    share: float, bounds: Any, l1_ratio: float
) -> None:
    """The ridge alone keeps them apart: left out of their distance, all ended at zero."""
    X, y = np.array([[-2.0, -2.0, 2.0]]), np.array([1.0])
    found = fit(
        X,
        y,
        share,
        l1_ratio=l1_ratio,
        bounds=bounds,
        fit_intercept=False,
        penalty_weight=np.array([0.5, 0.0, 0.0]),
    )
    assert found.status is Status.OPTIMAL
    np.testing.assert_allclose(X @ found.coef, y, atol=1e-7)


@pytest.mark.parametrize("rest", [0.0, 1e-5])
def test_near_twins_among_free_columns_do_not_hide_a_dependent_one(rest: float) -> None:
    """Their Gram matrix knows no distance below 1e-8: it is told, and refined, by the residual."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((4, 8)), rng.standard_normal(4)
        X[:, 1] = X[:, 0] + 10.0 ** -rng.integers(3, 8) * rng.standard_normal(4)
        X[:, 3] = X[:, 1] + X[:, 2] + rest * rng.standard_normal(4)
        weight = np.r_[np.zeros(4), np.ones(4)]
        for l1_ratio in (0.5, 1.0):
            alphas = np.geomspace(1.0, 1e-4, 6)
            path = fit_path(X, y, alphas, l1_ratio=l1_ratio, penalty_weight=weight)
            assert path.relative_gaps.max() <= 1e-10
