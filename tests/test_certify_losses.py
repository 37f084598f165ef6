"""The certificate keeps its word for every loss of the registry: truth comes from a slow solver."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from glm_reference import data, objective, solve

from excise.certify import certify
from excise.engine import fit_path
from excise.losses import LOSSES, loss_of
from excise.standard import column_scale
from excise.verdicts import Certificate, VerdictKind

KEPT, PROVED, KKT, BORDERLINE, EXCLUDED, UNPROVED = tuple(VerdictKind)[:6]
OTHERS = ["quantile:0.8", "huber:0.5", "tweedie:1.2", "tweedie:1.8", "negative_binomial:4"]
SPECS = [*LOSSES, *OTHERS]
SMOOTH = [name for name in LOSSES if np.isfinite(loss_of(name).curvature(np.ones(1)))]

each_spec = pytest.mark.parametrize("spec", SPECS)
each_name = pytest.mark.parametrize("name", LOSSES)


def random_settings(spec: str, seed: int, n: int, p: int) -> dict[str, Any]:
    """Weights, offset, bounds, taxes and scales, each in or out by chance."""
    rng = np.random.default_rng([seed, 7])
    out: dict[str, Any] = {"loss": spec, "standardize": bool(rng.random() < 0.5)}
    out["fit_intercept"] = bool(rng.random() < 0.7)
    if rng.random() < 0.5:
        out["sample_weight"] = rng.integers(0, 4, n).astype(float)
    if rng.random() < 0.5:
        out["offset"] = rng.normal(0.0, 0.5, n)
    if rng.random() < 0.4:
        weight = rng.exponential(1.0, p) + 0.1
        weight[:2], weight[2] = 0.0, np.inf
        out["penalty_weight"] = weight
    if rng.random() < 0.3:
        out["bounds"] = [(-0.1, 0.3), "positive", (-0.05, np.inf)][rng.integers(3)]
    if not loss_of(spec).kinked and rng.random() < 0.5:
        out["l1_ratio"] = float(rng.choice([0.0, 0.3, 0.9]))
    return out


def check_all(X: Any, y: Any, alpha: float, settings: dict[str, Any], seed: int) -> None:
    """Tiny at the optimum; a bound, near it and far away; what is proved is true."""
    best, b0 = solve(X, y, alpha, **settings)
    lowest = objective(X, y, best, b0, alpha, **settings)
    at_best = certify(X, y, best, b0, alpha, **settings)
    assert at_best.relative_gap < 1e-12
    assert at_best.kkt_violation < 1e-8
    assert UNPROVED not in at_best.verdicts.kind
    kept = at_best.verdicts.kind == KEPT
    inside = kept & (at_best.verdicts.tax > 0.0)
    assert np.all(at_best.verdicts.earns[inside] > at_best.verdicts.tax[inside] * (1.0 - 1e-6))
    rng = np.random.default_rng(seed)
    low, high = _ends(settings.get("bounds"))
    for size in (1e-7, 1e-4, 1e-2, 0.3, 2.0):
        coef = np.clip(best + size * rng.standard_normal(len(best)) * (best != 0.0), low, high)
        shift = size * rng.standard_normal() * settings["fit_intercept"]
        made = certify(X, y, coef, b0 + shift, alpha, **settings)
        value = objective(X, y, coef, b0 + shift, alpha, **settings)
        assert made.primal == pytest.approx(value, rel=1e-11, abs=1e-14 * (1.0 + lowest))
        assert made.gap >= (value - lowest) * (1.0 - 1e-6) - 4e-15 * (1.0 + lowest)
        assert made.gap == pytest.approx(made.primal - made.dual, abs=1e-12 * made.primal)
        proved = made.verdicts.kind == PROVED
        assert not best[proved].any()


def _ends(bounds: Any) -> tuple[float, float]:
    return (
        (-np.inf, np.inf) if bounds is None else (0.0, np.inf) if bounds == "positive" else bounds
    )


@each_spec
@pytest.mark.parametrize("seed", range(4))
def test_the_gap_bounds_the_suboptimality(spec: str, seed: int) -> None:
    n, p = 50, 7
    X, y = data(loss_of(spec), n, p, seed)
    settings = random_settings(spec, seed, n, p)
    for alpha in (0.15, 0.01):
        check_all(X, y, alpha, settings, seed)


@each_spec
def test_the_gap_is_what_is_missing(spec: str) -> None:
    """Near the optimum the bound is not only valid but tight, wrong intercepts included."""
    X, y = data(loss_of(spec))
    best, b0 = solve(X, y, 0.05, loss=spec)
    lowest = objective(X, y, best, b0, 0.05, loss=spec)
    coef = best * (1.0 + 1e-5)
    made = certify(X, y, coef, b0 + 1e-5, 0.05, loss=spec)
    missing = objective(X, y, coef, b0 + 1e-5, 0.05, loss=spec) - lowest
    assert missing <= made.gap * (1.0 + 1e-4) + 1e-15
    assert made.gap <= 1.1 * missing + 1e-15


@each_spec
@pytest.mark.parametrize("standardize", [False, True])
def test_earnings_are_slopes_with_the_coefficient_at_zero(spec: str, standardize: bool) -> None:
    loss = loss_of(spec)
    X, y = data(loss)
    X = X * np.logspace(-1, 1, 12)
    coef, b0 = np.zeros(12), 0.37
    coef[[1, 4]] = 0.11, -0.07
    made = certify(X, y, coef, b0, 0.02, loss=spec, standardize=standardize)
    centred = X - X.mean(axis=0)
    scale = X.std(axis=0) if standardize else np.ones(12)
    for j in range(12):
        eta = b0 + X @ coef - centred[:, j] * coef[j]
        earns = abs(np.mean(centred[:, j] * loss.gradient(y, eta))) / scale[j]
        assert made.verdicts.earns[j] == pytest.approx(earns, rel=1e-9)
    np.testing.assert_allclose(made.verdicts.tax, 0.02)


def test_earnings_of_an_intercept_at_hand_or_at_its_best() -> None:
    """The squared loss moves its intercept to the best one; no other loss does."""
    X, y = data(loss_of("squared"))
    one, other = (certify(X, y, np.zeros(12), b0, 0.1).verdicts.earns for b0 in (0.0, 1.0))
    np.testing.assert_allclose(one, other)


def same(one: Certificate, other: Certificate, factor: float = 1.0) -> None:
    assert other.primal == pytest.approx(one.primal * factor, rel=1e-10)
    assert other.gap == pytest.approx(one.gap * factor, rel=1e-6, abs=1e-13 * one.primal * factor)
    assert other.relative_gap == pytest.approx(one.relative_gap, rel=1e-6, abs=1e-13)
    assert other.kkt_violation == pytest.approx(one.kkt_violation, rel=1e-6)
    np.testing.assert_array_equal(one.verdicts.kind, other.verdicts.kind)


@each_spec
def test_weights_are_repetitions(spec: str) -> None:
    """Rows of weight zero are gone, whatever y says there."""
    X, y = data(loss_of(spec))
    w = np.random.default_rng(1).integers(0, 4, len(y)).astype(float)
    coef, offset = np.r_[0.2, -0.3, np.zeros(10)], np.linspace(-0.5, 0.5, len(y))
    rows = np.repeat(np.arange(len(y)), w.astype(int))
    wrong = np.where(w == 0.0, -7.0, y)
    weighted = certify(X, wrong, coef, 0.1, 0.05, loss=spec, sample_weight=w, offset=offset)
    settings = {"loss": spec, "offset": offset[rows]}
    same(weighted, certify(X[rows], y[rows], coef, 0.1, 0.05, **settings))
    scaled = certify(X, wrong, coef, 0.1, 0.05, loss=spec, sample_weight=w * 1e9, offset=offset)
    same(weighted, scaled)


@each_spec
@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_scale_free_in_x(spec: str, unit: float) -> None:
    X, y = data(loss_of(spec))
    coef = np.r_[0.2, -0.3, np.zeros(10)]
    one = certify(X, y, coef, 0.1, 0.05, loss=spec, standardize=True)
    same(one, certify(X * unit, y, coef / unit, 0.1, 0.05, loss=spec, standardize=True))
    moved = certify(X + 1e3, y, coef, 0.1 - 1e3 * coef.sum(), 0.05, loss=spec)
    same(certify(X, y, coef, 0.1, 0.05, loss=spec), moved)


@pytest.mark.parametrize("unit", [1e-100, 1e-6, 1e6, 1e100])
def test_scale_free_in_y(unit: float) -> None:
    """Units of y go into the intercept under a log link, into everything where eta is like y."""
    coef = np.r_[0.2, -0.3, np.zeros(10)]
    X, y = data(loss_of("gamma"))
    one = certify(X, y, coef, 0.1, 0.05, loss="gamma")
    same(one, certify(X, y * unit, coef, 0.1 + np.log(unit), 0.05, loss="gamma"))
    X, y = data(loss_of("huber"))
    one = certify(X, y, coef, 0.1, 0.05, loss="huber:0.7")
    moved = (y * unit, coef * unit, 0.1 * unit, 0.05 * unit)
    same(one, certify(X, *moved, loss=f"huber:{0.7 * unit!r}"), unit * unit)
    one = certify(X, y, coef, 0.1, 0.05, loss="quantile:0.7")
    same(one, certify(X, *moved[:3], 0.05, loss="quantile:0.7"), unit)
    X, y = data(loss_of("tweedie"))
    one = certify(X, y, coef, 0.1, 0.05, loss="tweedie:1.5")
    if 1e-50 < unit < 1e50:
        alpha = 0.05 * unit**0.5
        made = certify(X, y * unit, coef, 0.1 + np.log(unit), alpha, loss="tweedie:1.5")
        same(one, made, unit**0.5)


@each_name
def test_which_zeros_can_be_proved(name: str) -> None:
    """A zero is proved where the second derivative is bounded, and else by optimality alone."""
    X, y = data(loss_of(name))
    best, b0 = solve(X, y, 0.1, loss=name)
    kind = certify(X, y, best, b0, 0.1, loss=name).verdicts.kind
    assert set(kind[best == 0.0]) == {PROVED if name in SMOOTH else KKT}
    assert set(kind[best != 0.0]) <= {KEPT}


@each_name
def test_unique_or_not_or_unknown(name: str) -> None:
    loss = loss_of(name)
    X, y = data(loss)
    best, b0 = solve(X, y, 0.05, loss=name)
    made = certify(X, y, best, b0, 0.05, loss=name)
    assert made.unique is (True if loss.strictly_convex else None)
    if not loss.kinked:
        mixed, b1 = solve(X, y, 0.05, loss=name, l1_ratio=0.5)
        assert certify(X, y, mixed, b1, 0.05, loss=name, l1_ratio=0.5).unique is True
    twice = np.hstack([X, X[:, :4]])
    made = certify(twice, y, np.r_[best, np.zeros(4)], b0, 0.05, loss=name)
    assert made.unique is False
    assert all({j % 12 for j in group} == {group[0] % 12} for group in made.twins)


@each_name
def test_any_storage(name: str) -> None:
    from scipy import sparse

    X, y = data(loss_of(name))
    X[np.abs(X) < 0.8] = 0.0
    weight = np.r_[0.0, 0.0, np.ones(10)]
    best, b0 = solve(X, y, 0.05, loss=name, penalty_weight=weight)
    for coef in (best, best * 1.001):
        one = certify(X, y, coef, b0, 0.05, loss=name, penalty_weight=weight)
        other = certify(sparse.csr_array(X), y, coef, b0, 0.05, loss=name, penalty_weight=weight)
        assert other.gap == pytest.approx(one.gap, rel=1e-3, abs=1e-13)
        np.testing.assert_array_equal(one.verdicts.kind, other.verdicts.kind)
    assert one.relative_gap < (1e-1 if loss_of(name).kinked else 1e-3)


@pytest.mark.parametrize("name", [one for one in LOSSES if one != "squared_hinge"])
def test_nothing_to_explain(name: str) -> None:
    """A target that its best intercept explains leaves nothing; one class alone is refused."""
    loss = loss_of(name)
    X, _ = data(loss)
    for level in (0.3, 1.0 / 3.0) if name == "logistic" else (0.3, 7.0, 1e5):
        b0 = level if loss.link == "identity" else float(np.log(level))
        b0 -= float(np.log(1.0 - level)) if loss.link == "logit" else 0.0
        y = np.full(len(X), level)
        made = certify(X, y, np.zeros(12), b0, 0.1, loss=name)
        assert (made.gap, made.relative_gap, made.kkt_violation) == (0.0, 0.0, 0.0)
        assert made.verdicts.count(KEPT) == made.verdicts.count(UNPROVED) == 0
        far = certify(X, y, np.zeros(12), b0 + 0.5, 0.1, loss=name)
        assert far.gap > 0.0 and far.relative_gap == np.inf


@each_name
def test_coefficients_beyond_all_measure(name: str) -> None:
    """An objective too large for a double is a gap of infinity, never NaN or a warning."""
    X, y = data(loss_of(name))
    for coef in (np.full(12, 40.0), np.full(12, -1e100)):
        for b0 in (-1e4, 1e4):
            made = certify(X, y, coef, b0, 0.1, loss=name)
            assert made.gap >= 0.1 * made.primal > 0.0
            assert not np.isnan([made.dual, made.kkt_violation, *made.verdicts.earns]).any()
            assert made.dual <= made.primal


@each_name
def test_null_loss_is_the_best_that_an_intercept_can_do(name: str) -> None:
    loss = loss_of(name)
    X, y = data(loss)
    offset = np.linspace(-1.0, 1.0, len(y))
    w = np.random.default_rng(0).random(len(y))
    settings = {"loss": name, "sample_weight": w, "offset": offset}
    made = certify(X, y, np.zeros(12), 0.2, 1e3, **settings)
    grid = np.linspace(-5.0, 5.0, 20001)[:, None]
    null = np.min(loss.value(y, grid + offset) @ w) / w.sum()
    assert made.gap / made.relative_gap == pytest.approx(null, rel=1e-4)
    assert made.gap / made.relative_gap <= null * (1.0 + 1e-12)
    bare = certify(X, y, np.zeros(12), 0.0, 0.01, fit_intercept=False, **settings)
    null = float(loss.value(y, offset) @ w / w.sum())
    assert bare.gap / bare.relative_gap == pytest.approx(null, rel=1e-12)


@each_name
def test_violations_are_measured_against_alpha_max(name: str) -> None:
    """Just below alpha_max, found here by bisection, something is kept; at it, nothing."""
    X, y = data(loss_of(name), p=5)
    settings = {"loss": name, "penalty_weight": np.r_[0.0, np.ones(4)]}
    low, high = 0.02, 3.0
    for _ in range(14):
        middle = np.sqrt(low * high)
        kept = np.any(np.abs(solve(X, y, middle, **settings)[0][1:]) > 1e-9)
        low, high = (middle, high) if kept else (low, middle)
    free, b0 = solve(X, y, 10.0 * high, **settings)
    half = certify(X, y, free, b0, high / 2, **settings)
    assert half.kkt_violation == pytest.approx(0.5, rel=0.05 if loss_of(name).kinked else 1e-3)


def test_the_scale_of_columns_is_that_of_the_weights() -> None:
    """No loss standardises differently: weights of the sample, not of the Hessian."""
    from excise.problem import make_problem

    X, y = data(loss_of("poisson"))
    w = np.random.default_rng(0).random(len(y))
    scales = [
        column_scale(make_problem(X, np.round(np.abs(y)), loss=name, sample_weight=w)).scale
        for name in ("squared", "poisson", "negative_binomial")
    ]
    for scale in scales[1:]:
        np.testing.assert_array_equal(scale, scales[0])


@pytest.mark.parametrize("seed", range(20))
def test_vertices_of_a_quantile_are_proved(seed: int) -> None:
    """Where rows rest at their kink coefficients tell no dual point: a linear program finds it.

    The coefficients are a linear program's too, on tables with copies and more columns than rows.
    """
    rng = np.random.default_rng([seed, 5])
    n, p = int(rng.integers(8, 40)), int(rng.integers(2, 60))
    X = rng.integers(-2, 3, (n, p)).astype(float) if seed % 2 else rng.standard_normal((n, p))
    X[:, p // 2] = X[:, 0]
    y = X @ (rng.standard_normal(p) * (rng.random(p) < 0.3)) + rng.standard_t(2, n)
    settings = {"loss": f"quantile:{rng.choice([0.2, 0.5, 0.9])}"}
    top = fit_path(X, y, 1, **settings).alpha_max
    alpha = top * 10.0 ** rng.uniform(-4.0, -0.3)
    coef, b0 = solve(X, y, alpha, **settings)
    assert certify(X, y, coef, b0, alpha, **settings).relative_gap <= 1e-8
    coef[np.argmax(np.abs(coef))] *= 0.9
    worse = certify(X, y, coef, b0, alpha, **settings)
    least = objective(X, y, *solve(X, y, alpha, **settings), alpha, **settings)
    assert worse.gap >= objective(X, y, coef, b0, alpha, **settings) - least - 1e-9 * worse.primal
