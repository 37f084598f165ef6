"""Every design with every option: certified at every alpha, and what the reference finds."""

from __future__ import annotations

import numpy as np
import pytest
from designs import DESIGNS, SETTINGS, WELL_CONDITIONED
from tables import Table, ar, binary_ties, constant_column, duplicates, saturating, wide

from excise import reference
from excise.certify import certify, certify_problem
from excise.engine import fit, fit_path
from excise.exceptions import InputError, InputTypeError
from excise.problem import make_problem
from excise.results import Status
from excise.verdicts import VerdictKind
from tests.fuzz_engine import objective


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("design", DESIGNS)
def test_every_alpha_is_certified_and_matches_the_reference(design: str, setting: str) -> None:
    """Relative gap <= 1e-10 from the verifier; the reference finds nothing better."""
    X, y = DESIGNS[design]()
    settings = SETTINGS[setting](X, y)
    path = fit_path(X, y, 10, alpha_min_ratio=1e-4, **settings)
    problem = make_problem(X, y, **settings)
    best, intercepts = reference.path(problem, [float(a) for a in path.alphas])
    spread = 1.0 if path.null_loss == 0.0 else path.null_loss
    for k, alpha in enumerate(path.alphas):
        coef, intercept = path.columns.column(k), float(path.intercepts[k])
        proof = certify_problem(problem, coef, intercept, float(alpha))
        assert proof.relative_gap <= 1e-10
        large = np.abs(path.columns_std.column(k)).max() / np.sqrt(2.0 * spread)
        within = 1e-12 * max(1.0, large)  # powers of one variable have coefficients of 1e3 |y|
        assert path.relative_gaps[k] == pytest.approx(proof.relative_gap, abs=within)
        assert path.kkt_violations[k] <= 1e-9
        ours = objective(problem, coef, intercept, float(alpha))
        theirs = objective(problem, best[:, k], intercepts[k], float(alpha))
        assert ours - theirs <= 1e-12 * spread
        if design in WELL_CONDITIONED:
            size = path.scale * np.abs(best[:, k]).max() * 1e-9 + 1e-9 * spread**0.5
            assert np.all(np.abs(coef - best[:, k]) * path.scale <= size)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("standardize", [False, True])
def test_a_hundred_alphas(design: str, standardize: bool) -> None:
    """The default grid, finer than 0.92, and down to 1e-6 of alpha_max where it saturates."""
    X, y = DESIGNS[design]()
    path = fit_path(X, y, 100, alpha_min_ratio=1e-6, standardize=standardize)
    for k in range(0, 100, 3):
        point = path.columns.column(k), float(path.intercepts[k]), float(path.alphas[k])
        assert certify_problem(path.problem, *point).relative_gap <= 1e-10
    assert path.relative_gaps.max() <= 1e-10


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("design", ["ar", "wide", "duplicates", "scaled", "large_means"])
def test_one_alpha_is_the_path_at_that_alpha(design: str, setting: str) -> None:
    """`fit` through its inner path, `at` between grid points, and the status they carry."""
    X, y = DESIGNS[design]()
    settings = SETTINGS[setting](X, y)
    path = fit_path(X, y, 7, alpha_min_ratio=1e-3, **settings)
    for alpha in (path.alphas[1], np.sqrt(path.alphas[2] * path.alphas[3]), path.alphas[-1] / 3):
        direct, between = fit(X, y, alpha, **settings), path.at(alpha)
        for found in (direct, between):
            assert found.alpha == alpha
            assert found.status is Status.OPTIMAL
            proof = certify(X, y, found.coef, found.intercept, alpha, **settings)
            assert proof.relative_gap <= 1e-10
            assert found.certificate.relative_gap == pytest.approx(proof.relative_gap, abs=1e-12)
            np.testing.assert_array_equal(found.support, np.flatnonzero(found.coef_std))
        if design != "duplicates":
            largest = np.abs(direct.coef_std).max(initial=1e-300)
            np.testing.assert_allclose(between.coef_std, direct.coef_std, atol=1e-9 * largest)
    on_grid = path.at(path.alphas[3])
    if design != "duplicates":
        largest = np.abs(on_grid.coef_std).max(initial=1e-300)
        there = path.columns_std.column(3)
        np.testing.assert_allclose(on_grid.coef_std, there, atol=1e-9 * largest)


def test_alpha_max_is_tight_from_both_sides(table: Table) -> None:
    X, y = table
    path = fit_path(X, y, 3, alpha_min_ratio=0.9)
    assert path.alpha_max == pytest.approx(reference.alpha_max(path.problem), rel=1e-12)
    assert not fit(X, y, path.alpha_max * (1 + 1e-9)).coef.any()
    if path.alpha_max > 0.0:
        assert fit(X, y, path.alpha_max * (1 - 1e-6)).coef.any()


def test_the_default_grid() -> None:
    X, y = ar()
    long = fit_path(X, y)
    assert len(long) == 100
    assert long.alphas[0] == long.alpha_max
    np.testing.assert_allclose(np.diff(np.log(long.alphas)), np.log(1e-4) / 99, rtol=1e-9)
    X, y = wide()
    assert fit_path(X, y).alphas[-1] == pytest.approx(1e-2 * fit_path(X, y).alpha_max)
    given = fit_path(X, y, [0.1, 0.5, 0.1, 0.0])
    np.testing.assert_array_equal(given.alphas, [0.5, 0.1, 0.1, 0.0])


def test_ridge_has_no_alpha_max_but_a_grid() -> None:
    X, y = ar()
    path = fit_path(X, y, 5, penalty="ridge")
    assert path.alpha_max == np.inf and np.all(np.isfinite(path.alphas))
    assert path.events() == [] and len(path.knots()) == 0
    assert np.all(path.columns_std.column(0) != 0.0)


@pytest.mark.parametrize("make", [ar, wide, duplicates])
def test_alpha_zero_is_least_squares(make: type) -> None:
    X, y = make()
    found = fit(X, y, 0.0)
    A = np.c_[np.ones(len(y)), X]
    best = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    np.testing.assert_allclose(y - found.intercept - X @ found.coef, best, atol=1e-9)
    assert found.status is Status.OPTIMAL


@pytest.mark.parametrize("make", [ar, wide, duplicates, binary_ties, constant_column, saturating])
def test_verdicts_are_those_of_the_verifier(make: type) -> None:
    X, y = make()
    path = fit_path(X, y, 6, alpha_min_ratio=0.01)
    for alpha in path.alphas[1:] * 0.9:
        found = path.at(alpha)
        proof = certify(X, y, found.coef, found.intercept, alpha)
        ours, theirs = found.certificate.verdicts, proof.verdicts
        np.testing.assert_array_equal(ours.kind, theirs.kind)
        np.testing.assert_allclose(ours.earns, theirs.earns, atol=1e-11 * path.alpha_max)
        assert theirs.count(VerdictKind.UNPROVED) == 0


def test_saturation_stops_at_the_rows_and_says_so() -> None:
    X, y = saturating()
    path = fit_path(X, y, 40, alpha_min_ratio=1e-8)
    assert max(np.diff(path.columns.indptr)) <= len(y) - 1
    assert path.relative_gaps.max() <= 1e-10
    assert path.train_loss[-1] <= 1e-12 * path.null_loss


def test_elastic_net_splits_evenly_between_twins() -> None:
    X, y = duplicates()
    coef = fit(X, y, 0.3, l1_ratio=0.5).coef
    np.testing.assert_allclose(coef[1:10], coef[11:20], atol=1e-12)
    np.testing.assert_allclose(coef[0], -coef[20], atol=1e-12)


def test_coefficients_rest_exactly_at_their_bounds() -> None:
    X, y = ar()
    low, high = np.full(30, -0.3), np.full(30, 0.1)
    found = fit(X, y, 0.01, bounds=(low, high), standardize=True)
    assert np.all((found.coef >= low) & (found.coef <= high))
    assert np.count_nonzero(found.coef == high) > 1 and np.count_nonzero(found.coef == low) > 1


@pytest.mark.parametrize("settings", [{}, {"standardize": True}, {"penalty": "ridge"}], ids=str)
def test_the_intercept_is_never_penalised(settings: dict) -> None:
    """scikit-learn #11715: moving y moves the intercept and nothing else."""
    X, y = wide()
    here, there = fit(X, y, 0.2, **settings), fit(X, y + 1024.0, 0.2, **settings)
    np.testing.assert_allclose(there.coef, here.coef, atol=1e-10)
    assert there.intercept - here.intercept == pytest.approx(1024.0, abs=1e-9)
    moved = fit(X + 64.0, y, 0.2, **settings)
    np.testing.assert_allclose(moved.coef, here.coef, atol=1e-10)


@pytest.mark.parametrize("value", [0.0, 0.3, -1e6, 1e100, 1e-100])
def test_y_of_one_value(value: float) -> None:
    X, _ = ar()
    path = fit_path(X, np.full(60, value), 5)
    assert path.alpha_max == 0.0 and path.null_loss == 0.0
    assert path.coefs.nnz == 0
    np.testing.assert_array_equal(path.intercepts, value)
    np.testing.assert_array_equal(path.relative_gaps, 0.0)
    assert fit(X, np.full(60, value), 0.1).status is Status.OPTIMAL


@pytest.mark.parametrize(
    ("alphas", "ratio", "error", "says"),
    [
        (0, None, InputError, "alphas must be at least 1, got 0"),
        ([], None, InputError, "alphas must be a number of alphas or a list of them"),
        ([[0.1, 0.2]], None, InputError, "alphas must be a number of alphas or a list of them"),
        ([0.1, -1.0], None, InputError, "alpha is -1.0; it must be a finite number >= 0"),
        ([np.nan], None, InputError, "alpha is nan; it must be a finite number >= 0"),
        (10, 1.0, InputError, "alpha_min_ratio must be between 0 and 1, got 1.0"),
        (10, np.nan, InputError, "alpha_min_ratio must be between 0 and 1, got nan"),
        (10, 0.0, InputError, "alpha_min_ratio must be between 0 and 1, got 0.0"),
    ],
)
def test_bad_grids(alphas: object, ratio: float | None, error: type, says: str) -> None:
    with pytest.raises(error) as caught:
        fit_path(*ar(), alphas, alpha_min_ratio=ratio)
    assert caught.value.fact == says


@pytest.mark.parametrize("alpha", ["1", None, np.array([0.1]), True])
def test_bad_alphas(alpha: object) -> None:
    with pytest.raises(InputTypeError, match="alpha must be a number"):
        fit(*ar(), alpha)  # type: ignore[arg-type]
