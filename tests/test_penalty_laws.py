"""What every penalty of the registry must obey: formulas against each other, none stored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from excise import fit, fit_path
from excise.penalties import REGISTRY, OverlappingGroups, Penalty, SortedL1, TotalVariation
from tests.penalty_models import ALL, CONVEX, MODELS, NORMS, ONES, P

EACH = pytest.mark.parametrize("penalty", ALL, ids=repr)
EACH_CONVEX = pytest.mark.parametrize("penalty", CONVEX, ids=repr)
EACH_NORM = pytest.mark.parametrize("penalty", NORMS, ids=repr)
SEEDS = st.integers(0, 10_000)


def vector(seed: int, scale: float = 2.0) -> np.ndarray:
    """With ties and zeros now and then."""
    rng = np.random.default_rng(seed)
    v = rng.standard_normal(P) * scale
    return np.round(v) if seed % 3 == 0 else v


def searched(penalty: Penalty) -> bool:
    """Whether its value is known from above: how b is divided among the groups is searched."""
    return isinstance(penalty, OverlappingGroups)


def moreau(penalty: Penalty, b: np.ndarray, v: np.ndarray, step: float, alpha: float) -> float:
    d = b - v
    return float(d @ d) / 2 + step * penalty.value(b, alpha, ONES)


def test_every_penalty_of_the_registry_is_tried() -> None:
    assert all(MODELS.get(name) for name in REGISTRY)
    for name, models in MODELS.items():
        assert all(isinstance(penalty, REGISTRY[name]) for penalty in models)


@EACH
def test_nothing_costs_nothing_and_signs_and_scale_do_not_matter(penalty: Penalty) -> None:
    assert penalty.value(np.zeros(P), 0.7, ONES) == 0.0
    for seed in range(20):
        b = vector(seed)
        value = penalty.value(b, 0.7, ONES)
        assert value >= 0.0
        assert penalty.value(-b, 0.7, ONES) == pytest.approx(value)
        assert penalty.value(b, 0.35, 2 * ONES) == pytest.approx(value)


@EACH_NORM
def test_a_norm_grows_with_its_argument_and_with_alpha(penalty: Penalty) -> None:
    b = vector(1)
    value = penalty.value(b, 0.7, ONES)
    assert penalty.value(-3.0 * b, 0.7, ONES) == pytest.approx(3.0 * value)
    assert penalty.value(b, 2.1, ONES) == pytest.approx(3.0 * value)
    assert penalty.value(b + vector(2), 0.7, ONES) <= value + penalty.value(vector(2), 0.7, ONES)


@EACH
@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from([0.1, 1.0, 3.0]))
def test_prox_is_the_minimiser(penalty: Penalty, seed: int, step: float) -> None:
    v = vector(seed)
    b = penalty.prox(v, step, 0.5, ONES)
    best = moreau(penalty, b, v, step, 0.5) - (1e-7 if searched(penalty) else 0.0)
    rng = np.random.default_rng(seed)
    for size in (1e-6, 1e-3, 0.3):  # no neighbour is better, nor what a search ends at
        for _ in range(10):
            near = b + size * rng.standard_normal(P)
            assert moreau(penalty, near, v, step, 0.5) >= best - 1e-12
    for start in (v, np.zeros(P)):
        found = minimize(
            lambda x: moreau(penalty, x, v, step, 0.5), start, method="Powell", tol=1e-10
        )
        assert found.fun >= best - 1e-9


@EACH_CONVEX
@settings(max_examples=40, deadline=None)
@given(SEEDS, SEEDS, st.sampled_from([0.1, 1.0, 30.0]))
def test_prox_of_a_convex_penalty_is_firmly_nonexpansive(
    penalty: Penalty, one: int, other: int, step: float
) -> None:
    u, v = vector(one), vector(other)
    d = penalty.prox(u, step, 0.5, ONES) - penalty.prox(v, step, 0.5, ONES)
    assert d @ d <= d @ (u - v) + 1e-12


@EACH_CONVEX
@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_fenchel_and_young_meet_at_a_slope(penalty: Penalty, seed: int) -> None:
    """Z = v - prox(v) is a slope at b = prox(v): the two sides are equal there, else apart."""
    v = vector(seed)
    b = penalty.prox(v, 1.0, 0.5, ONES)
    z = v - b
    share = penalty.domain_scale(z, 0.5, ONES)
    assert share == pytest.approx(1.0, abs=1e-12)
    near = 1e-6 if searched(penalty) else 1e-11
    assert penalty.fenchel_young(b, z, 0.5, ONES) == pytest.approx(0.0, abs=near)
    assert penalty.fenchel_young(vector(seed + 1), z, 0.5, ONES) >= -1e-12
    if not searched(penalty):
        np.testing.assert_allclose(penalty.distance(b, z, 0.5, ONES), 0.0, atol=1e-11)


def balanced(penalty: Penalty, z: np.ndarray) -> np.ndarray:
    """Without what is earned where nothing is paid."""
    return z - z.mean() if penalty == TotalVariation(0.0) else z


@EACH_NORM
def test_the_dual_norm_is_the_largest_product(penalty: Penalty) -> None:
    """Against a linear programme, and from both sides of the alpha at which b = 0 is optimal."""
    for seed in range(12):
        z = balanced(penalty, vector(seed))
        norm = penalty.entry(z, ONES)
        if norm == 0.0:
            continue
        above = penalty.prox(z, 1.0, norm * (1 + 1e-9), ONES)
        np.testing.assert_allclose(above, 0.0, atol=1e-14)
        assert np.abs(penalty.prox(z, 1.0, norm * (1 - 1e-6), ONES)).max() > 1e-9
        assert penalty.domain_scale(z, norm / 2, ONES) == pytest.approx(0.5)
        for other in range(40):
            b = vector(100 + other)
            assert b @ z <= norm * penalty.value(b, 1.0, ONES) * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9])
def test_the_dual_norm_of_total_variation_is_a_linear_programme(share: float) -> None:
    """max z'b with share |b|_1 + (1 - share) |Db|_1 <= 1, b = u - w, slack steps s."""
    D = np.diff(np.eye(P), axis=0)
    penalty, cost = TotalVariation(share), np.r_[np.full(2 * P, share), np.full(P - 1, 1 - share)]
    steps = np.block([[D, -D, -np.eye(P - 1)], [-D, D, -np.eye(P - 1)]])
    for seed in range(10):
        z = balanced(penalty, vector(seed))
        aim = -np.r_[z, -z, np.zeros(P - 1)]
        A, top = np.vstack([steps, cost]), np.r_[np.zeros(2 * P - 2), 1.0]
        found = linprog(aim, A, top, bounds=(0, None))
        assert penalty.entry(z, ONES) == pytest.approx(-found.fun, rel=1e-9, abs=1e-12)


def test_the_dual_norm_of_sorted_l1_counts_the_largest() -> None:
    penalty = SortedL1(sequence=[2.0, 1.0, 1.0])
    assert penalty.entry(np.array([3.0, -1.0, 0.5]), np.ones(3)) == 1.5
    assert penalty.entry(np.array([2.0, -2.0, 2.0]), np.ones(3)) == 1.5  # all three: 6 / 4


@EACH
@pytest.mark.parametrize("alpha", [0.05, 0.4, 1.5])
def test_orthonormal_columns_have_the_prox_as_closed_form(penalty: Penalty, alpha: float) -> None:
    X = np.linalg.qr(np.random.default_rng(0).standard_normal((8, P)))[0] * np.sqrt(8)
    z = np.array([2.5, -1.7, 1.1, -0.9, 0.75, 0.3])
    found = fit(X, X @ z, alpha, penalty=penalty, fit_intercept=False)
    np.testing.assert_allclose(found.coef, penalty.prox(z, 1.0, alpha, ONES), atol=1e-11)


@EACH_CONVEX
@pytest.mark.parametrize("loss", ["squared", "logistic", "poisson"])
def test_a_path_is_proved_and_its_top_is_tight(penalty: Penalty, loss: str) -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((40, P))
    eta = X @ vector(4) / 3
    y = {"squared": eta + rng.standard_normal(40), "logistic": (eta > 0) * 1.0}.get(loss)
    y = rng.poisson(np.exp(eta)).astype(float) if y is None else y
    path = fit_path(X, y, 12, penalty=penalty, loss=loss, alpha_min_ratio=0.01)
    assert path.relative_gaps.max() <= 1e-10
    assert path.kkt_violations.max() <= 1e-5  # about the root of the gap
    if np.isfinite(path.alpha_max):
        below = fit(X, y, path.alpha_max * (1 - 1e-4), penalty=penalty, loss=loss)
        above = fit(X, y, path.alpha_max * (1 + 1e-9), penalty=penalty, loss=loss)
        assert penalty.value(below.coef, 1.0, ONES) > 1e-9
        assert penalty.value(above.coef, 1.0, ONES) <= 1e-9
