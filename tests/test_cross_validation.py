"""Held-out errors against refits on copies of the training rows, and the choice of alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import KFold
from tables import Array, Table, ar, large_means, wide

from excise.cross_validation import Imputation, fit_cv
from excise.engine import fit_path
from excise.exceptions import InputError
from excise.folds import TEST, TRAIN, Folds, make_folds
from excise.results import CrossValidation

SHAPES = {"cells of moments": (80, 12), "rows": (40, 70), "as many columns as rows": (40, 40)}


def refitted(X: Any, y: Array, alphas: Array, folds: Folds, **problem: Any) -> tuple[Array, Array]:
    """Held-out errors (K, folds) and those of the intercept, each fold fitted on a copy.

    `X`: a table, or a function from a mask of training rows to a table.
    """
    w = problem.pop("sample_weight", np.ones(len(y)))
    offset = problem.pop("offset", np.zeros(len(y)))
    held, null = [], []
    for roles in folds.roles:
        train, test = roles == TRAIN, roles == TEST
        Z = X(train) if callable(X) else X
        path = fit_path(
            Z[train], y[train], alphas, sample_weight=w[train], offset=offset[train], **problem
        )
        eta = path.intercepts + offset[test][:, None] + Z[test] @ path.coefs.toarray()
        total = w[test].sum()
        held.append(w[test] @ (y[test][:, None] - eta) ** 2 / total)
        mean = 0.0
        if problem.get("fit_intercept", True):
            mean = w[train] @ (y - offset)[train] / w[train].sum()
        null.append(w[test] @ (y - offset - mean)[test] ** 2 / total)
    return np.stack(held, axis=1), np.array(null)


def check(X: Array, y: Array, cv: Any = 5, **problem: Any) -> CrossValidation:
    """`fit_cv` against `refitted`."""
    found = fit_cv(X, y, cv, alphas=12, alpha_min_ratio=0.01, **problem)
    held, null = refitted(X, y, found.alphas, make_folds(len(y), cv), **problem)
    unit = float(null.mean())
    assert found.training_gap <= 1e-10
    np.testing.assert_allclose(found.folds / unit, held / unit, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(found.null_folds, null, rtol=1e-9)
    np.testing.assert_allclose(found.mean, held.mean(axis=1), rtol=1e-8, atol=1e-10 * unit)
    return found


def options(X: Array, y: Array) -> dict[str, dict[str, Any]]:
    n, p = X.shape
    rng = np.random.default_rng(0)
    weight = rng.integers(0, 4, n).astype(np.float64)
    v = rng.uniform(0.5, 2.0, p)
    v[1], v[2] = 0.0, np.inf
    return {
        "lasso": {},
        "standardize": {"standardize": True},
        "elastic": {"l1_ratio": 0.5, "standardize": True},
        "ridge": {"penalty": "ridge"},
        "weights": {"sample_weight": weight, "standardize": True},
        "offset": {"offset": rng.standard_normal(n)},
        "penalty weights": {"penalty_weight": v, "standardize": True},
        "positive": {"bounds": "positive"},
        "no intercept": {"fit_intercept": False, "standardize": True},
    }


@pytest.mark.parametrize("option", options(*ar()))
@pytest.mark.parametrize("shape", SHAPES)
def test_held_out_errors_are_those_of_refits(shape: str, option: str) -> None:
    """Centre, scale and weights are learned inside the fold; scikit-learn #29248: weights count."""
    X, y = ar(*SHAPES[shape])
    check(X, y + 5.0, **options(X, y)[option])


@pytest.mark.parametrize("shape", SHAPES)
def test_columns_of_mean_a_million(shape: str) -> None:
    X, y = ar(*SHAPES[shape])
    plain = fit_cv(X, y, 5, alphas=12, alpha_min_ratio=0.01, standardize=True)
    far = fit_cv(X + 1e6, y + 1e6, 5, alphas=12, alpha_min_ratio=0.01, standardize=True)
    np.testing.assert_allclose(far.folds, plain.folds, rtol=1e-7)
    check(*large_means())


@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e100, 1e150])
@pytest.mark.parametrize("make", [ar, wide])
def test_the_unit_of_y_does_not_matter(make: Any, unit: float) -> None:
    X, y = make()
    plain, other = fit_cv(X, y, 4, alphas=10), fit_cv(X, y * unit, 4, alphas=10)
    np.testing.assert_allclose(other.folds / unit / unit, plain.folds, rtol=1e-9)
    np.testing.assert_allclose(other.se / unit / unit, plain.se, rtol=1e-9)
    assert other.alpha_ == pytest.approx(plain.alpha_ * unit, rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_a_column_that_is_constant_in_a_training_fold(shape: str, standardize: bool) -> None:
    """Its coefficient is 0 in that fold, although the held-out rows vary."""
    X, y = ar(*SHAPES[shape])
    label = make_folds(len(y), 5).fold_of_row[0]
    X[:, 3] = np.where(label == 2, X[:, 3], 0.1)
    X[:, 4] = np.where(label == 1, 1.0, 0.0)
    y = y + 5.0 * X[:, 4]
    check(X, y, label, standardize=standardize)


@pytest.mark.parametrize("shape", SHAPES)
def test_layouts_and_precision(shape: str) -> None:
    X, y = ar(*SHAPES[shape])
    X = X.astype(np.float32).astype(np.float64)
    expected = fit_cv(X, y, 4, alphas=10)
    for view in (np.asfortranarray(X), X.astype(np.float32), X[::-1].copy()[::-1]):
        np.testing.assert_allclose(fit_cv(view, y, 4, alphas=10).folds, expected.folds, rtol=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_user_folds_repeats_time_and_overlaps(shape: str) -> None:
    X, y = ar(*SHAPES[shape])
    n = len(y)
    rng = np.random.default_rng(3)
    overlapping = [np.split(rng.permutation(n), [n // 2]) for _ in range(7)]
    partial = [(np.arange(20), np.arange(20, 30)), (np.arange(10, 35), np.arange(5))]
    for cv in (KFold(3), overlapping, partial):
        check(X, y, cv)
    for kind in ({"repeats": 3}, {"time": rng.integers(0, 15, n)}, {"groups": np.arange(n) % 11}):
        found = fit_cv(X, y, 4, alphas=8, alpha_min_ratio=0.05, **kind)
        folds = make_folds(n, 4, **kind)
        held, _ = refitted(X, y, found.alphas, folds)
        np.testing.assert_allclose(found.folds, held, rtol=1e-8)
        np.testing.assert_array_equal(found.fold_of_row, folds.fold_of_row)


def test_weights_repeat_rows_and_zero_removes_them_from_folds() -> None:
    """scikit-learn #29248, #22808: the grid, the fit and the score see the weights."""
    X, y = ar(60, 8)
    times = np.random.default_rng(0).integers(0, 3, 60)
    label = make_folds(60, 4).fold_of_row[0]
    again = np.repeat(np.arange(60), times)
    weighted = fit_cv(X, y, label, sample_weight=times, alphas=15, standardize=True)
    repeated = fit_cv(X[again], y[again], label[again], alphas=15, standardize=True)
    np.testing.assert_allclose(weighted.alphas, repeated.alphas, rtol=1e-10)
    np.testing.assert_allclose(weighted.folds, repeated.folds, rtol=1e-8)
    assert weighted.alpha_ == pytest.approx(repeated.alpha_, rel=1e-10)


def test_a_fold_without_held_out_weight_is_left_out() -> None:
    X, y = ar(60, 8)
    label = make_folds(60, 4).fold_of_row[0]
    weight = (label != 2).astype(np.float64)
    assert fit_cv(X, y, label, sample_weight=weight, alphas=5).folds.shape == (5, 3)
    alone = (label == 2).astype(np.float64)
    with pytest.raises(InputError, match="zero on all training rows of a fold"):
        fit_cv(X, y, label, sample_weight=alone, alphas=5)


# --- imputation ---------------------------------------------------------------------------------


def with_gaps(n: int, p: int) -> tuple[Array, Array, Array, Array]:
    """A filled table, its indicators, and y; column 0 and 5 have gaps, beside them 1 and 6."""
    X, y = ar(n, p)
    rng = np.random.default_rng(1)
    columns, indicators = np.array([0, 5]), np.array([1, 6])
    for column, indicator in zip(columns, indicators, strict=True):
        missing = rng.random(n) < 0.3
        X[:, indicator] = missing
        X[missing, column] = np.nan
    return X, y, columns, indicators


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("standardize", [False, True])
def test_fills_are_learned_inside_the_fold(shape: str, standardize: bool) -> None:
    X, y, columns, indicators = with_gaps(*SHAPES[shape])

    def medians(rows: Array) -> Array:
        return np.nanmedian(X[np.ix_(rows, columns)], axis=0)

    def filled(rows: Array) -> Array:
        Z = X.copy()
        for column, fill in zip(columns, medians(rows), strict=True):
            Z[np.isnan(Z[:, column]), column] = fill
        return Z

    everything = np.ones(len(y), dtype=bool)
    imputation = Imputation(columns, indicators, medians(everything), medians)
    weight = np.random.default_rng(2).random(len(y))
    problem: dict[str, Any] = {"sample_weight": weight, "standardize": standardize}
    found = fit_cv(
        filled(everything), y, 5, alphas=10, alpha_min_ratio=0.02, imputation=imputation, **problem
    )
    held, null = refitted(filled, y, found.alphas, make_folds(len(y), 5), **problem)
    np.testing.assert_allclose(found.folds, held, rtol=1e-8)
    np.testing.assert_allclose(found.null_folds, null, rtol=1e-9)
    plain = fit_cv(filled(everything), y, 5, alphas=10, alpha_min_ratio=0.02, **problem)
    assert np.any(np.abs(plain.folds / found.folds - 1.0) > 1e-4)


# --- the choice -----------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(8, 40),
    p=st.integers(1, 50),
    noise=st.sampled_from([0.1, 1.0, 100.0]),
    k=st.integers(2, 5),
)
def test_one_standard_error_never_chooses_less_tax(
    seed: int, n: int, p: int, noise: float, k: int
) -> None:
    """sparse-lm #96, tune #664: the largest alpha within one standard error of the best."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    found = fit_cv(X, X[:, 0] + noise * rng.standard_normal(n), k, alphas=20)
    best, chosen = found.index_min, found.index_1se
    assert found.alpha_1se >= found.alpha_min
    assert found.mean[best] == found.mean.min()
    assert found.mean[chosen] <= found.mean[best] + found.se[best]
    assert np.all(found.mean[:chosen] > found.mean[best] + found.se[best])
    assert np.all(np.isfinite(found.folds))


def test_rules_standard_errors_and_training_errors(diabetes: Table) -> None:
    X, y = diabetes
    one = fit_cv(X, y, 10, standardize=True)
    low = fit_cv(X, y, 10, "min", standardize=True)
    assert one.alpha_ == one.alpha_1se and low.alpha_ == low.alpha_min == one.alpha_min
    np.testing.assert_allclose(one.mean, one.folds.mean(axis=1), rtol=1e-13)
    np.testing.assert_allclose(one.se, one.folds.std(axis=1, ddof=1) / np.sqrt(10), rtol=1e-12)
    path = fit_path(X, y, standardize=True)
    residual = y[:, None] - path.intercepts - X @ path.coefs.toarray()
    np.testing.assert_allclose(one.train, np.mean(residual**2, axis=0), rtol=1e-10)
    assert one.train[0] == pytest.approx(y.var(), rel=1e-12)
    assert one.best.alpha == one.alpha_
    np.testing.assert_array_equal(one.path.alphas, one.alphas)


def test_repeats_do_not_shrink_the_standard_error() -> None:
    X, y = ar()
    many = fit_cv(X, y, 5, repeats=6, alphas=10)
    assert many.folds.shape == (10, 30)
    expected = many.folds.std(axis=1, ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(many.se, expected, rtol=1e-12)


def test_a_grid_whose_end_is_best_is_made_longer() -> None:
    """python-glmnet #56: the best value at the edge is never taken as it is."""
    X, y = ar(200, 5)
    short = fit_cv(X, y, 5, alphas=20, alpha_min_ratio=0.3)
    assert short.n_extensions == 2
    assert len(short.alphas) > 20
    np.testing.assert_allclose(np.diff(np.log(short.alphas)), np.log(0.3) / 19, rtol=1e-9)
    assert len(short.path) == len(short.mean) == len(short.alphas)
    assert fit_cv(*wide(), 5, alphas=20).n_extensions == 0
    given = np.geomspace(1.0, 0.3, 20)
    assert fit_cv(X, y, 5, alphas=given).n_extensions == 0


def test_the_grid_is_that_of_all_rows() -> None:
    X, y = wide()
    weight = np.random.default_rng(0).random(40)
    found = fit_cv(X, y, 4, alphas=9, sample_weight=weight)
    np.testing.assert_array_equal(found.alphas, fit_path(X, y, 9, sample_weight=weight).alphas)


def test_y_of_one_value_has_nothing_to_choose() -> None:
    X, _ = ar()
    found = fit_cv(X, np.full(60, 0.3), 5, alphas=6)
    assert found.mean.max() == 0.0 and found.se.max() == 0.0
    assert found.alpha_1se >= found.alpha_min


def test_y_of_one_value_in_a_training_fold() -> None:
    X, y = ar(60, 6)
    label = make_folds(60, 3).fold_of_row[0]
    check(X, np.where(label == 1, y, 0.3), label)


@pytest.mark.parametrize("shape", [(3000, 40), (150, 2000)])
def test_equal_bits_for_any_number_of_threads(shape: tuple[int, int]) -> None:
    X, y = ar(*shape)
    runs = [fit_cv(X, y, 5, alphas=8, alpha_min_ratio=0.2, n_threads=t) for t in (1, 2, 2)]
    assert len({run.folds.tobytes() for run in runs}) == 1


# --- folds side by side ---------------------------------------------------------------------------


def saturated() -> tuple[Array, Array]:
    """More columns than rows; at the end of the path about as many are kept as there are rows."""
    X, y = ar(60, 300, 0.5, 5)
    return X, y + 3.0 * np.random.default_rng(5).standard_normal(60)


@pytest.mark.parametrize("storage", [np.asfortranarray, sp.csc_array, sp.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
def test_folds_whose_supports_grow_near_the_rows(storage: Any, weighted: bool) -> None:
    X, y = saturated()
    weight = np.random.default_rng(6).integers(0, 3, 60) if weighted else np.ones(60)
    problem = {"sample_weight": weight.astype(np.float64), "standardize": True}
    grid = fit_path(X, y, 60, alpha_min_ratio=0.002, **problem).alphas
    runs = [fit_cv(storage(X), y, 6, alphas=grid, n_threads=t, **problem) for t in (1, 2)]
    held, null = refitted(X, y, grid, make_folds(60, 6), **problem)
    for run in runs:
        assert run.training_gap <= 1e-10
        np.testing.assert_allclose(run.folds / null.mean(), held / null.mean(), rtol=1e-7)
    assert runs[0].folds.tobytes() == runs[1].folds.tobytes()
    assert np.diff(runs[0].path.coefs.tocsc().indptr)[-1] > 40


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_path_of_all_rows_is_that_of_fit_path(n_threads: int) -> None:
    """It goes along with the folds, and is the same to the last bit."""
    X, y = saturated()
    found = fit_cv(X, y, 5, alphas=30, n_threads=n_threads).path
    alone = fit_path(X, y, 30, n_threads=1)
    assert found.coefs.tocsc().data.tobytes() == alone.coefs.tocsc().data.tobytes()
    assert found.relative_gaps.tobytes() == alone.relative_gaps.tobytes()
    assert found.n_passes == alone.n_passes


def test_columns_that_lie_elsewhere_on_the_training_rows() -> None:
    """A few held-out rows hold nearly all of their spread: the fold centres copies of its own."""
    X, y = ar(40, 70)
    label = make_folds(40, 5).fold_of_row[0]
    X[label == 2, :20] *= 1e6
    X[:, 20:30] += 1e4
    check(X, y, label, standardize=True)
    check(X, y, label, standardize=True, fit_intercept=False)


def test_more_columns_than_folds_can_hold_at_once() -> None:
    """Folds whose vectors are long go in groups."""
    rng = np.random.default_rng(7)
    X = sp.random_array((24, 400_000), density=5e-5, rng=rng, format="csc")
    X = sp.hstack([sp.csc_array(rng.standard_normal((24, 8))), X], format="csc")
    y = X[:, [0]].toarray().ravel() + 0.1 * rng.standard_normal(24)
    found = fit_cv(X, y, 5, alphas=3, alpha_min_ratio=0.3)
    held, _ = refitted(X.tocsr(), y, found.alphas, make_folds(24, 5))
    assert found.training_gap <= 1e-10
    np.testing.assert_allclose(found.folds, held, rtol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rule": "2se"}, "unknown rule '2se'"),
        ({"cv": 61}, "60 usable rows cannot fill 61 folds"),
        ({"alphas": 0}, "alphas must be at least 1, got 0"),
        ({"alpha_min_ratio": 2.0}, "alpha_min_ratio must be between 0 and 1, got 2.0"),
    ],
    ids=str,
)
def test_errors(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        fit_cv(*ar(), **arguments)
    assert caught.value.fact == says
