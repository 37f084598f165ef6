"""The engine on every loss of the registry: certified, equal to slow truth, and lawful."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from glm_reference import data, objective, solve, worst

from excise.cross_validation import fit_cv
from excise.engine import _with_dual_of_core, fit, fit_path
from excise.exceptions import InputError
from excise.losses import LOSSES, loss_of
from excise.results import Status

SPECS = [*LOSSES, "quantile:0.8", "huber:0.5", "tweedie:1.2", "negative_binomial:4"]
each_spec = pytest.mark.parametrize("spec", SPECS)
CLASSES = ["logistic", "squared_hinge"]

SETTINGS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardize": {"standardize": True},
    "elastic": {"l1_ratio": 0.5},
    "ridge": {"l1_ratio": 0.0},
    "no intercept": {"fit_intercept": False},
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3)},
    "weights 0 and inf": {"penalty_weight": [0.0, np.inf, *np.ones(10)]},
    "rows weighted": {"sample_weight": np.arange(60) % 4},
    "offset": {"offset": np.linspace(-1.0, 1.0, 60)},
}


@each_spec
@pytest.mark.parametrize("name", SETTINGS)
def test_paths_are_certified(spec: str, name: str) -> None:
    X, y = data(loss_of(spec))
    settings = SETTINGS[name] | {"loss": spec}
    path = fit_path(X, y, 12, alpha_min_ratio=1e-3, **settings)
    assert np.all(path.relative_gaps < 1e-9)
    if loss_of(spec).kinked and "l1_ratio" in settings:  # coefficients alone do not tell the dual
        assert all(path.at(alpha).status is Status.OPTIMAL for alpha in path.alphas)
        return
    assert worst(X, y, path, settings) < 1e-9


@each_spec
def test_more_columns_than_rows(spec: str) -> None:
    X, y = data(loss_of(spec), n=40, p=120)
    settings = {"loss": spec, "standardize": True}
    path = fit_path(X, y, 20, alpha_min_ratio=0.02, **settings)
    assert worst(X, y, path, settings) < 1e-9


@each_spec
def test_the_optimum_is_that_of_a_slow_solver(spec: str) -> None:
    X, y = data(loss_of(spec), seed=3)
    top = fit_path(X, y, 2, loss=spec).alphas[0]
    for alpha in (0.5 * top, 0.05 * top):
        best, b0 = solve(X, y, alpha, loss=spec)
        found = fit(X, y, alpha, loss=spec)
        assert found.status is Status.OPTIMAL
        lowest = objective(X, y, best, b0, alpha, loss=spec)
        reached = objective(X, y, found.coef, found.intercept, alpha, loss=spec)
        assert reached <= lowest + 1e-10 * (1.0 + abs(lowest))
        if loss_of(spec).strictly_convex:
            np.testing.assert_allclose(found.coef, best, atol=1e-6)


@each_spec
def test_alpha_max_is_tight_from_both_sides(spec: str) -> None:
    X, y = data(loss_of(spec), seed=4)
    top = fit_path(X, y, 2, loss=spec).alpha_max
    assert len(fit(X, y, 1.0001 * top, loss=spec).support) == 0
    assert len(fit(X, y, 0.999 * top, loss=spec).support) >= 1


@each_spec
def test_every_storage_and_number_of_threads(spec: str) -> None:
    X, y = data(loss_of(spec), n=50, p=70, seed=5)
    X = np.where(np.abs(X) > 0.8, X, 0.0)
    wanted = fit_path(X, y, 8, alpha_min_ratio=0.1, loss=spec, n_threads=1)
    twice = fit_path(X, y, 8, alpha_min_ratio=0.1, loss=spec, n_threads=2)
    np.testing.assert_array_equal(wanted.columns.data, twice.columns.data)
    np.testing.assert_array_equal(wanted.intercepts, twice.intercepts)
    for other in (np.asfortranarray(X), scipy.sparse.csc_array(X), scipy.sparse.csr_array(X)):
        found = fit_path(other, y, wanted.alphas, loss=spec)
        assert worst(X, y, found, {"loss": spec}) < 1e-9
        if loss_of(spec).strictly_convex:
            np.testing.assert_allclose(found.coefs.toarray(), wanted.coefs.toarray(), atol=1e-6)


@pytest.mark.parametrize("spec", [one for one in SPECS if loss_of(one).strictly_convex])
def test_an_integer_weight_is_a_repeated_row_and_zero_a_removed_one(spec: str) -> None:
    X, y = data(loss_of(spec), seed=6)
    times = np.arange(60) % 3
    repeated = fit(np.repeat(X, times, axis=0), np.repeat(y, times), 0.03, loss=spec)
    for weight in (times, 1e-3 * times, 1e9 * times):
        weighted = fit(X, y, 0.03, loss=spec, sample_weight=weight)
        np.testing.assert_allclose(weighted.coef, repeated.coef, atol=1e-7)
        assert weighted.intercept == pytest.approx(repeated.intercept, abs=1e-7)


@each_spec
def test_events_replay_the_supports(spec: str) -> None:
    X, y = data(loss_of(spec), seed=7)
    path = fit_path(X, y, 12, alpha_min_ratio=0.02, loss=spec)
    inside: set[int] = set()
    waiting = path.events()
    knots = path.knots()
    for k, alpha in enumerate(path.alphas):
        if np.abs(knots - alpha).min(initial=np.inf) < 1e-7 * alpha:
            continue  # rounding decides, or several answers are optimal
        while waiting and waiting[0].alpha > alpha * (1.0 + 1e-9):
            event = waiting.pop(0)
            (inside.add if event.kind == "enters" else inside.remove)(event.feature)
        assert inside == set(path.columns.support(k).tolist())


@pytest.mark.parametrize("spec", [one for one in SPECS if loss_of(one).strictly_convex])
@pytest.mark.parametrize("p", [8, 90])
def test_folds_are_paths_of_their_training_rows(spec: str, p: int) -> None:
    loss = loss_of(spec)
    X, y = data(loss, n=60, p=p, seed=8)
    weight = 1.0 + np.arange(60) % 2
    offset = np.linspace(-0.5, 0.5, 60)
    settings = {"loss": spec, "standardize": True}
    found = fit_cv(
        X, y, 3, alphas=10, alpha_min_ratio=0.05, sample_weight=weight, offset=offset, **settings
    )
    assert found.training_gap < 1e-9
    for fold in range(3):
        out = found.fold_of_row[0] == fold
        path = fit_path(
            X[~out], y[~out], found.alphas, sample_weight=weight[~out], offset=offset[~out],
            **settings,
        )  # fmt: skip
        eta = X[out] @ path.coefs.toarray() + path.intercepts + offset[out][:, None]
        deviance = 2.0 * weight[out] @ loss.value(y[out][:, None], eta) / weight[out].sum()
        np.testing.assert_allclose(found.folds[:, fold], deviance, rtol=1e-6)


@pytest.mark.parametrize("spec", CLASSES)
def test_separable_classes_have_a_finite_answer(spec: str) -> None:
    """statsmodels #39, GLM.jl #286: for alpha > 0 the optimum is finite, and it is found."""
    X, _ = data(loss_of(spec), n=40, p=60, seed=9)
    y = (X[:, 0] > 0).astype(float)
    path = fit_path(X, y, 30, alpha_min_ratio=1e-4, loss=spec)
    assert np.isfinite(path.columns.data).all()
    assert worst(X, y, path, {"loss": spec}) < 1e-9


@pytest.mark.parametrize("size", [1e-100, 1e-8, 1e8, 1e100])
@pytest.mark.parametrize("spec", ["poisson", "gamma", "tweedie"])
def test_log_links_do_not_know_the_unit_of_y(spec: str, size: float) -> None:
    """glum #645 and its kind: zeros for y * 1e-100. Another unit is another intercept."""
    X, y = data(loss_of(spec), seed=10)
    alpha = 0.1 * fit_path(X, y, 2, loss=spec).alpha_max
    shrink = {"poisson": 1.0, "gamma": 0.0, "tweedie": 0.5}[spec]  # the loss goes as y^shrink
    found = fit(X, y * size, alpha * size**shrink, loss=spec)
    plain = fit(X, y, alpha, loss=spec)
    np.testing.assert_allclose(found.coef, plain.coef, atol=1e-6)
    assert found.intercept == pytest.approx(plain.intercept + np.log(size), rel=1e-8)


@pytest.mark.parametrize("spec", ["logistic", "poisson", "huber"])
def test_huge_columns_and_offsets(spec: str) -> None:
    X, y = data(loss_of(spec), seed=11)
    scaled = X * np.logspace(-6, 6, 12) + np.logspace(-3, 4, 12)
    settings = {"loss": spec, "standardize": True, "offset": np.full(60, 3.0)}
    path = fit_path(scaled, y, 8, **settings)
    assert worst(scaled, y, path, settings) < 1e-9


def test_one_class_is_refused() -> None:
    X, _ = data(loss_of("logistic"))
    with pytest.raises(InputError, match="there is nothing to learn"):
        fit_path(X, np.ones(60), loss="logistic")


def test_a_verifier_without_a_bound_leaves_the_cores_gap() -> None:
    """Infinity times nothing is no gap: what the core knows is told in the loss's own unit."""
    X, y = data(loss_of("quantile"))
    made = replace(fit(X, y, 0.05, loss="quantile").certificate, gap=np.inf, relative_gap=np.inf)
    told = _with_dual_of_core(made, 1e-12, 0.5)
    assert (told.gap, told.relative_gap) == (0.5e-12, 1e-12)
    assert told.dual == made.primal - told.gap
