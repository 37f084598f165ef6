"""The laws of schedules: what each must equal, in NumPy or by another way to the same problem."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from tables import ar

from excise import InputError, Status, VerdictKind, certify, fit, fit_path
from excise.engine import Session
from excise.problem import make_problem
from excise.schedules import (
    Adaptive,
    Annealed,
    LocalLinear,
    PruneThenRefine,
    Reweighted,
    Schedule,
    Static,
    Then,
)

LOSSES = ("squared", "logistic", "poisson", "gamma", "huber", "cox")
SCHEDULES: dict[str, Schedule] = {
    "static": Static(),
    "relaxed 0": PruneThenRefine(0.0),
    "relaxed .3": PruneThenRefine(0.3),
    "adaptive": Adaptive(init_alpha=0.1),
    "adaptive lasso": Adaptive(2.0, "lasso"),
    "adaptive marginal": Adaptive(0.5, "marginal"),
    "reweighted": Reweighted(2),
    "mcp": LocalLinear("mcp", steps=20),
    "scad": LocalLinear("scad", steps=20),
    "log": LocalLinear("log", 0.2, steps=20),
    "lq": LocalLinear("lq", steps=20),
    "annealed": Annealed([(0.5, None), (1.0, lambda b, w: 1.0 - 0.5 * (b != 0.0))]),
    "two": Adaptive(1.0, "marginal").then(PruneThenRefine(0.2)),
}


def data(loss: str, n: int = 60, p: int = 12, seed: int = 3) -> tuple[np.ndarray, Any]:
    X, eta = ar(n, p, 0.5, seed)
    rng = np.random.default_rng(seed)
    eta = eta / eta.std()
    if loss == "logistic":
        return X, (rng.random(n) < 1.0 / (1.0 + np.exp(-2.0 * eta))) * 1.0
    if loss == "poisson":
        return X, rng.poisson(np.exp(eta)) * 1.0
    if loss == "gamma":
        return X, np.exp(eta) * rng.gamma(3.0, 1.0, n)
    if loss == "cox":
        from excise import Survival

        return X, Survival(rng.exponential(np.exp(-eta)), rng.random(n) < 0.7)
    return X, eta + 0.3 * rng.standard_normal(n)


def settings_of(what: str, p: int = 12) -> dict[str, Any]:
    rng = np.random.default_rng(8)
    weight = np.ones(p)
    weight[0], weight[3], weight[5] = 0.0, np.inf, 2.0
    return {
        "plain": {},
        "weights": {"sample_weight": rng.integers(0, 4, 60)},
        "offset": {"offset": 0.3 * rng.standard_normal(60)},
        "box": {"bounds": (-0.2, 0.3)},
        "free": {"penalty_weight": weight},
        "elastic": {"l1_ratio": 0.6},
        "standardize": {"standardize": True},
    }[what]


def top(X: np.ndarray, y: Any, **settings: Any) -> float:
    return Session(make_problem(X, y, **settings)).alpha_max


# What a schedule does not change, and what holds for all of them


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_stage_is_certified(name: str, loss: str) -> None:
    """By the verifier, which knows neither the engine nor the schedule."""
    X, y = data(loss)
    alpha = 0.15 * top(X, y, loss=loss)
    found = fit(X, y, alpha, loss=loss, schedule=SCHEDULES[name])
    assert found.stages
    for stage in found.stages:
        assert stage.relative_gap <= 1e-10
        proof = certify(
            X, y, stage.coef, stage.intercept, stage.alpha,
            loss=loss, l1_ratio=stage.l1_ratio, penalty_weight=stage.penalty_weight,
        )  # fmt: skip
        assert proof.relative_gap <= 1e-10 or (loss == "huber" and proof.relative_gap <= 1e-8)
    np.testing.assert_array_equal(found.coef, found.stages[-1].coef)
    assert found.alpha == alpha


@pytest.mark.parametrize("what", ["weights", "offset", "box", "free", "elastic", "standardize"])
@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("loss", ["squared", "poisson"])
def test_settings_are_kept(loss: str, name: str, what: str) -> None:
    X, y = data(loss)
    more = settings_of(what)
    alpha = 0.15 * top(X, y, loss=loss, **more)
    found = fit(X, y, alpha, loss=loss, schedule=SCHEDULES[name], **more)
    given = more.pop("penalty_weight", np.ones(12))
    more.pop("l1_ratio", None)
    for stage in found.stages:
        assert np.all(stage.penalty_weight[given == 0.0] == 0.0)
        assert np.all(np.isinf(stage.penalty_weight[np.isinf(given)]))
        proof = certify(
            X, y, stage.coef, stage.intercept, stage.alpha,
            loss=loss, l1_ratio=stage.l1_ratio, penalty_weight=stage.penalty_weight, **more,
        )  # fmt: skip
        assert proof.relative_gap <= 1e-10
    if what == "box":
        assert found.coef.min() >= -0.2 and found.coef.max() <= 0.3


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_a_path_is_its_fits(loss: str, name: str) -> None:
    X, y = data(loss)
    path = fit_path(X, y, 8, loss=loss, schedule=SCHEDULES[name], alpha_min_ratio=0.2)
    assert path.relative_gaps.max() <= 1e-10
    for k in (1, 4, 7):
        there = path.at(path.alphas[k])
        alone = fit(X, y, path.alphas[k], loss=loss, schedule=SCHEDULES[name])
        np.testing.assert_allclose(there.coef, alone.coef, rtol=0, atol=1e-5)
        np.testing.assert_allclose(path.coef_at(k), alone.coef, rtol=0, atol=1e-5)
        assert [stage.name for stage in there.stages] == [stage.name for stage in alone.stages]
    assert len(path.support(0)) == 0 or path.alphas[0] < path.alpha_max * (1 + 1e-12)


def test_static_is_the_plain_problem() -> None:
    X, y = data("squared")
    plain, static = fit_path(X, y, 10), fit_path(X, y, 10, schedule=Static())
    np.testing.assert_array_equal(plain.columns.data, static.columns.data)
    np.testing.assert_array_equal(plain.alphas, static.alphas)
    assert plain.events() == static.events()
    assert fit(X, y, 0.1).stages == ()


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_grid_starts_where_the_first_feature_enters(name: str) -> None:
    X, y = data("squared")
    path = fit_path(X, y, 5, schedule=SCHEDULES[name])
    above = fit(X, y, path.alphas[0] * 1.0001, schedule=SCHEDULES[name])
    below = fit(X, y, path.alphas[0] * 0.999, schedule=SCHEDULES[name])
    first = next(s.name for s in above.stages if not s.name.startswith("init"))
    start_above = next(s for s in above.stages if s.name == first)
    start_below = next(s for s in below.stages if s.name == first)
    assert len(start_above.support) == 0
    assert len(start_below.support) == 1


def test_several_outputs_are_refused() -> None:
    X, y = data("squared")
    with pytest.raises(InputError, match="a schedule takes one output, but y has 2"):
        fit(X, np.stack([y, y], axis=1), 0.1, schedule=Static())


# Prune, then refine


def least_squares(X: np.ndarray, y: np.ndarray, w: np.ndarray | None = None) -> np.ndarray:
    root = np.ones(len(y)) if w is None else np.sqrt(w)
    A = np.column_stack([np.ones(len(y)), X]) * root[:, None]
    return np.linalg.lstsq(A, y * root, rcond=None)[0]


@pytest.mark.parametrize("shape", [(60, 12), (40, 100)])
@pytest.mark.parametrize("share", [0.5, 0.2, 0.1])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.7])
def test_refine_0_is_least_squares_on_the_support(
    shape: tuple[int, int], share: float, l1_ratio: float
) -> None:
    X, y = ar(*shape, 0.5, 4)
    alpha = share * top(X, y, l1_ratio=l1_ratio)
    plain = fit(X, y, alpha, l1_ratio=l1_ratio)
    found = fit(X, y, alpha, l1_ratio=l1_ratio, schedule=PruneThenRefine(0.0))
    expected = least_squares(X[:, plain.support], y)
    np.testing.assert_allclose(found.coef[plain.support], expected[1:], rtol=0, atol=1e-10)
    assert found.intercept == pytest.approx(expected[0], abs=1e-10)
    assert set(found.support) <= set(plain.support)


def test_refine_0_with_weights_and_an_offset() -> None:
    X, y = data("squared")
    more = settings_of("weights") | settings_of("offset")
    plain = fit(X, y, 0.1, **more)
    found = fit(X, y, 0.1, schedule=PruneThenRefine(0.0), **more)
    expected = least_squares(X[:, plain.support], y - more["offset"], more["sample_weight"])
    np.testing.assert_allclose(found.coef[plain.support], expected[1:], rtol=0, atol=1e-10)


@pytest.mark.parametrize("loss", LOSSES)
def test_refine_1_is_the_lasso(loss: str) -> None:
    X, y = data(loss)
    alpha = 0.2 * top(X, y, loss=loss)
    plain = fit(X, y, alpha, loss=loss)
    found = fit(X, y, alpha, loss=loss, schedule=PruneThenRefine(1.0))
    np.testing.assert_allclose(found.coef, plain.coef, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(found.support, plain.support)


@pytest.mark.parametrize("loss", LOSSES)
def test_refining_is_the_lasso_on_the_survivors(loss: str) -> None:
    X, y = data(loss)
    alpha = 0.2 * top(X, y, loss=loss)
    kept = fit(X, y, alpha, loss=loss).support
    found = fit(X, y, alpha, loss=loss, schedule=PruneThenRefine(0.3))
    alone = fit(X[:, kept], y, 0.3 * alpha, loss=loss)
    np.testing.assert_allclose(found.coef[kept], alone.coef, rtol=0, atol=1e-6)
    outside = np.setdiff1d(np.arange(12), kept)
    assert np.all(found.certificate.verdicts.kind[outside] == VerdictKind.EXCLUDED)


# Adaptive


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_adaptive_is_the_lasso_of_scaled_columns(loss: str) -> None:
    """Zou's trick: divide columns by their weights, fit a plain lasso, and divide its answer."""
    X, y = data(loss)
    first = fit(X, y, 0.05, loss=loss, penalty="ridge").coef
    made = fit(X, y, 0.02, loss=loss, schedule=Adaptive(1.5, init_alpha=0.05))
    weight = np.abs(first) ** -1.5
    scaled = fit(X / weight, y, 0.02, loss=loss)
    np.testing.assert_allclose(made.coef, scaled.coef / weight, rtol=0, atol=1e-8)
    assert 0 < len(made.support) < 12


@pytest.mark.parametrize("standardize", [False, True])
def test_marginal_weights_are_simple_regressions(standardize: bool) -> None:
    X, y = data("squared")
    X = X * np.geomspace(0.1, 10.0, 12)
    slopes = np.array([np.polyfit(x, y, 1)[0] for x in X.T])
    slopes = slopes * X.std(axis=0) if standardize else slopes
    schedule = Adaptive(1.0, "marginal")
    made = fit(X, y, 0.01, schedule=schedule, standardize=standardize)
    np.testing.assert_allclose(made.stages[0].penalty_weight, 1.0 / np.abs(slopes), rtol=1e-9)


def test_a_first_zero_is_excluded() -> None:
    X, y = data("squared")
    first = fit(X, y, 0.3)
    made = fit(X, y, 0.001, schedule=Adaptive(init="lasso", init_alpha=0.3))
    assert np.all(np.isinf(made.stages[-1].penalty_weight) == (first.coef == 0.0))
    assert made.stages[0].name == "init lasso"
    assert made.stages[0].alpha == 0.3


def test_bounds_exclude_who_would_have_the_other_sign() -> None:
    X, y = data("squared")
    slopes = np.array([np.polyfit(x, y, 1)[0] for x in X.T])
    made = fit(X, y, 0.01, bounds="positive", schedule=Adaptive(init="marginal"))
    assert np.array_equal(np.isinf(made.stages[0].penalty_weight), slopes < 0.0)
    assert np.any(slopes < 0.0)


def test_the_ridge_is_chosen_by_generalised_cross_validation() -> None:
    """The trace of the hat matrix, and the minimum, written out."""
    for shape in ((60, 12), (20, 40)):
        X, y = ar(*shape, 0.5, 6)
        chosen = fit(X, y, 0.1, schedule=Adaptive()).stages[0].alpha
        n, Z, t = len(y), X - X.mean(axis=0), y - y.mean()

        def gcv(alpha: float, n: int = n, Z: np.ndarray = Z, t: np.ndarray = t) -> float:
            inverse = np.linalg.inv(Z.T @ Z / n + alpha * np.eye(Z.shape[1]))
            hat = Z @ inverse @ Z.T / n
            return float(np.sum((t - hat @ t) ** 2) / (1.0 - (1.0 + np.trace(hat)) / n) ** 2)

        grid = np.linalg.eigvalsh(Z.T @ Z / n)[-1] * np.geomspace(10.0, 1e-7, 40)
        assert gcv(chosen) <= min(gcv(alpha) for alpha in grid) * (1.0 + 1e-6)


def test_power_0_is_the_lasso() -> None:
    X, y = data("squared")
    made = fit(X, y, 0.1, schedule=Adaptive(0.0))
    np.testing.assert_allclose(made.coef, fit(X, y, 0.1).coef, rtol=0, atol=1e-12)


# Concave penalties: the point is stationary

RHO = {
    "mcp": lambda t, tax: np.maximum(tax - t / 3.0, 0.0),
    "scad": lambda t, tax: np.where(t <= tax, tax, np.maximum(3.7 * tax - t, 0.0) / 2.7),
    "log": lambda t, tax: tax * 0.3 / (0.3 + t),
    "lq": lambda t, tax: tax * 0.5 * np.maximum(t, 1e-300) ** -0.5,
}
SHAPES = {"mcp": 3.0, "scad": 3.7, "log": 0.3, "lq": 0.5}


def gradient(X: np.ndarray, y: np.ndarray, coef: np.ndarray, b0: float, loss: str) -> np.ndarray:
    eta = b0 + X @ coef
    mean = {"squared": eta, "logistic": 1 / (1 + np.exp(-eta)), "poisson": np.exp(eta)}[loss]
    return X.T @ (mean - y) / len(y)


@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
@pytest.mark.parametrize("penalty", RHO)
@pytest.mark.parametrize("seed", range(3))
def test_the_subdifferential_holds_zero(penalty: str, loss: str, seed: int) -> None:
    X, y = data(loss, 60, 90 if loss == "squared" else 12, seed)
    alpha = 0.25 * top(X, y, loss=loss)
    found = fit(X, y, alpha, loss=loss, schedule=LocalLinear(penalty, SHAPES[penalty]))
    assert found.status is Status.STATIONARY
    g = gradient(X, y, found.coef, found.intercept, loss)
    tax = RHO[penalty](np.abs(found.coef), alpha)
    kept = found.support
    assert len(kept)
    np.testing.assert_allclose(g[kept], -(np.sign(found.coef) * tax)[kept], atol=1e-6 * alpha)
    zeros = np.flatnonzero(found.coef == 0.0)
    assert np.all(np.abs(g[zeros]) <= tax[zeros] * (1.0 + 1e-9))
    assert found.certificate.stationary
    assert "optim" not in found.certificate.summary().partition("global")[0]


@pytest.mark.parametrize("penalty", RHO)
def test_the_elastic_net_is_kept_in_the_concave_term(penalty: str) -> None:
    """rho(l1_ratio |b| + (1 - l1_ratio) b^2 / 2): the chain rule at the point."""
    X, y = data("squared")
    alpha, share = 0.2, 0.7
    schedule = LocalLinear(penalty, SHAPES[penalty])
    found = fit(X, y, alpha, l1_ratio=share, schedule=schedule)
    g, b = gradient(X, y, found.coef, found.intercept, "squared"), found.coef
    slope = RHO[penalty](share * np.abs(b) + (1 - share) * b**2 / 2, alpha)
    expected = -slope * (share * np.sign(b) + (1 - share) * b)
    kept = found.support
    np.testing.assert_allclose(g[kept], expected[kept], atol=1e-8)
    assert len(kept) > 1


def test_too_few_steps_are_told() -> None:
    X, y = data("squared")
    found = fit(X, y, 0.1, schedule=LocalLinear("mcp", steps=1))
    assert found.status is Status.UNSETTLED
    assert [stage.name for stage in found.stages] == ["lasso", "step 1"]


# The story by stage


def test_who_left_and_who_came_back() -> None:
    X, y = data("squared")

    def swap(b: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return np.where(b != 0.0, np.inf, 0.5)

    found = fit(X, y, 0.3, schedule=Annealed([(1.0, None), (1.0, swap), (1.0, lambda b, w: 1.0)]))
    first, second, third = found.stages
    assert first.changes == ()
    assert {change.feature for change in second.dropped} == set(first.support)
    for change in second.dropped:
        assert change.reason == "excluded"
        assert change.tax == np.inf
        assert change.earned >= 0.0
    assert second.returned
    for change in second.returned:
        assert change.reason == "earns_more"
        assert change.earned > change.tax == pytest.approx(0.15)
    for change in third.dropped:
        assert change.reason == "earns_less"
        assert change.earned <= change.tax == pytest.approx(0.3)
    np.testing.assert_allclose(third.coef, first.coef, atol=1e-12)
    gone = set(second.support) - set(third.support)
    assert {change.feature for change in third.dropped} == gone
    assert "dropped" in repr(third)


def test_the_earnings_are_the_gradient_with_the_others_held() -> None:
    X, y = ar(40, 100, 0.5, 4)
    found = fit(X, y, 0.1 * top(X, y), schedule=Reweighted(3))
    seen = 0
    for stage in found.stages[1:]:
        residual = y - stage.intercept - X @ stage.coef
        for change in stage.changes:
            with_it = residual + X[:, change.feature] * stage.coef[change.feature]
            centred = X[:, change.feature] - X[:, change.feature].mean()
            assert change.earned == pytest.approx(abs(centred @ with_it) / len(y), abs=1e-12)
            tax = stage.alpha * stage.penalty_weight[change.feature]
            assert change.tax == pytest.approx(tax)
            seen += 1
    assert seen


def test_composition_starts_where_the_first_ended() -> None:
    X, y = data("squared")
    adaptive = Adaptive(1.0, "marginal")
    found = fit(X, y, 0.05, schedule=adaptive.then(PruneThenRefine(0.0)))
    kept = fit(X, y, 0.05, schedule=adaptive).support
    expected = least_squares(X[:, kept], y)
    np.testing.assert_allclose(found.coef[kept], expected[1:], atol=1e-10)
    assert [stage.name for stage in found.stages] == ["adaptive", "refine"]
    assert isinstance(adaptive.then(Static()), Then)


def test_a_schedule_of_ones_own_is_the_weighted_problem() -> None:
    X, y = data("squared")
    given = np.linspace(0.5, 2.0, 12)
    halve = Annealed([(0.5, None), (2.0, lambda b, w: np.where(b != 0.0, 0.5, 1.0))])
    found = fit(X, y, 0.1, penalty_weight=given, schedule=halve)
    first = fit(X, y, 0.05, penalty_weight=given)
    weight = given * np.where(first.coef != 0.0, 0.5, 1.0)
    np.testing.assert_allclose(
        found.coef, fit(X, y, 0.2, penalty_weight=weight).coef, rtol=0, atol=1e-12
    )


def test_events_are_told_where_there_are_any() -> None:
    X, y = data("squared")
    path = fit_path(X, y, 10, schedule=Adaptive(init_alpha=0.1))
    weight = path.at(path.alphas[5]).stages[-1].penalty_weight
    plain = fit_path(X, y, path.alphas, penalty_weight=weight)
    assert path.events() == plain.events()
    with pytest.raises(InputError, match="the events of a schedule are not known"):
        fit_path(X, y, 10, schedule=PruneThenRefine()).events()


def test_a_path_survives_pickling() -> None:
    X, y = data("squared")
    path = fit_path(X, y, 5, schedule=PruneThenRefine(0.5))
    again = pickle.loads(pickle.dumps(path))
    alpha = path.alphas[3]
    np.testing.assert_allclose(again.at(alpha).coef, path.at(alpha).coef, atol=1e-12)


def test_nothing_to_explain() -> None:
    X, _ = data("squared")
    for schedule in SCHEDULES.values():
        found = fit(X, np.ones(60), 0.1, schedule=schedule)
        assert np.all(found.coef == 0.0)
        path = fit_path(X, np.ones(60), 4, schedule=schedule)
        assert path.relative_gaps.max() == 0.0
