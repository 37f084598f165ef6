"""The certificate keeps its word for K outputs: truth comes from a slow solver of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from outputs_reference import KINDS, SETTINGS, data, mean_loss, objective, solve, usable
from scipy import sparse
from scipy.special import rel_entr, softmax

from excise.certify import certify
from excise.duality import fenchel_young
from excise.exceptions import InputError
from excise.groups import Groups
from excise.losses import loss_of
from excise.losses.multinomial import Multinomial
from excise.taxes import Penalty
from excise.verdicts import VerdictKind

KEPT, PROVED, KKT, BORDERLINE, EXCLUDED, UNPROVED = tuple(VerdictKind)[:6]
each_kind = pytest.mark.parametrize(("loss", "grouped"), KINDS)


@each_kind
@pytest.mark.parametrize("name", SETTINGS)
def test_the_gap_bounds_the_suboptimality(loss: str, grouped: bool, name: str) -> None:
    """Tiny at the optimum; a bound, near it and far away; what is proved is true."""
    if not usable(name, grouped):
        return
    X, y = data(loss)
    X = X * np.logspace(-0.5, 0.5, 8) + 3.0
    if name == "no intercept":
        X = X - 3.0
    problem = SETTINGS[name] | {"loss": loss, "grouped": grouped}
    for alpha in (0.2, 0.02):
        best, b0 = solve(X, y, alpha, **problem)
        lowest = objective(X, y, best, b0, alpha, **problem)
        at_best = certify(X, y, best, b0, alpha, **problem)
        assert at_best.relative_gap < 1e-11
        assert at_best.kkt_violation < 1e-8
        kind, earns, tax = (getattr(at_best.verdicts, one) for one in ("kind", "earns", "tax"))
        assert kind.shape == ((8,) if grouped else (8, 3))
        assert UNPROVED not in kind
        inside = (kind == KEPT) & (tax > 0.0)
        assert np.all(earns[inside] > tax[inside] * (1.0 - 1e-6))
        rng = np.random.default_rng(1)
        low, high = problem.get("bounds", (-np.inf, np.inf))
        for size in (1e-6, 1e-3, 0.1, 1.0):
            coef = np.clip(best + size * rng.standard_normal((8, 3)) * (best != 0.0), low, high)
            shift = size * rng.standard_normal(3) * problem.get("fit_intercept", True)
            made = certify(X, y, coef, b0 + shift, alpha, **problem)
            value = objective(X, y, coef, b0 + shift, alpha, **problem)
            assert made.primal == pytest.approx(value, rel=1e-11)
            assert made.gap >= (value - lowest) * (1.0 - 1e-6) - 4e-15 * lowest
            assert made.gap == pytest.approx(made.primal - made.dual, abs=1e-12 * made.primal)
            assert made.dual <= lowest * (1.0 + 1e-12)  # weak duality
            proved = made.verdicts.kind == PROVED
            assert not best[proved].any()


@each_kind
def test_the_gap_is_what_is_missing(loss: str, grouped: bool) -> None:
    """Near the optimum the bound is not only valid but tight, and a wrong point is told."""
    X, y = data(loss, seed=1)
    problem = {"loss": loss, "grouped": grouped}
    best, b0 = solve(X, y, 0.05, **problem)
    lowest = objective(X, y, best, b0, 0.05, **problem)
    coef, shifted = best * (1.0 + 1e-4), b0 + 1e-4 * np.array([1.0, -2.0, 0.5])
    made = certify(X, y, coef, shifted, 0.05, **problem)
    missing = objective(X, y, coef, shifted, 0.05, **problem) - lowest
    assert missing <= made.gap * (1.0 + 1e-4)
    assert made.gap <= 1.1 * missing
    assert made.relative_gap > 1e-10


@each_kind
@pytest.mark.parametrize("standardize", [False, True])
def test_earnings_are_slopes_with_the_coefficient_at_zero(
    loss: str, grouped: bool, standardize: bool
) -> None:
    X, y = data(loss)
    X = X * np.logspace(-1, 1, 8)
    coef, b0 = np.zeros((8, 3)), np.array([0.3, -0.2, 0.1])
    coef[1], coef[4, 2] = [0.2, -0.1, 0.3], -0.05
    problem = {"loss": loss, "grouped": grouped, "standardize": standardize}
    made = certify(X, y, coef, b0, 0.02, **problem).verdicts
    centred = X - X.mean(axis=0)
    if loss == "squared":  # judged with the best intercept
        b0 = (y - X @ coef).mean(axis=0)
    scale = X.std(axis=0) if standardize else np.ones(8)

    def earned(j: int, gone: Any) -> np.ndarray:
        eta = b0 + X @ coef - centred[:, [j]] * (coef[j] * gone)
        left = y - (eta if loss == "squared" else softmax(eta, axis=1))
        return centred[:, j] @ left / len(y) / scale[j]

    for j in range(8):
        if grouped:
            assert made.earns[j] == pytest.approx(np.linalg.norm(earned(j, 1.0)), rel=1e-9)
            continue
        for k in range(3):
            alone = abs(earned(j, np.arange(3) == k)[k])
            assert made.earns[j, k] == pytest.approx(alone, rel=1e-9)
    np.testing.assert_allclose(made.tax, 0.02)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_constant_in_all_intercepts_means_nothing(grouped: bool) -> None:
    X, y = data("multinomial")
    problem: dict[str, Any] = {"loss": "multinomial", "grouped": grouped}
    best, b0 = solve(X, y, 0.05, **problem)
    one, other = (certify(X, y, best, b0 + shift, 0.05, **problem) for shift in (0.0, 7.0))
    assert other.primal == pytest.approx(one.primal, rel=1e-14)
    assert other.relative_gap < 1e-12
    np.testing.assert_array_equal(one.verdicts.kind, other.verdicts.kind)


def test_responses_one_by_one_are_problems_of_their_own() -> None:
    X, y = data("squared", p=5)
    coef, b0 = np.zeros((5, 3)), y.mean(axis=0)
    coef[0] = [0.3, -0.2, 0.0]
    whole = certify(X, y, coef, b0, 0.1, grouped=False)
    parts = [certify(X, y[:, k], coef[:, k], b0[k], 0.1) for k in range(3)]
    assert whole.primal == pytest.approx(sum(part.primal for part in parts), rel=1e-12)
    assert whole.gap >= sum(part.gap for part in parts) * (1.0 - 1e-9)
    for k, part in enumerate(parts):
        np.testing.assert_allclose(whole.verdicts.earns[:, k], part.verdicts.earns, rtol=1e-12)


def test_two_classes_are_the_logistic_loss() -> None:
    """b = b_1 - b_2, and of all pairs those pay least in which one is 0: the same tax."""
    X, y = data("multinomial", K=2)
    coef = np.array([0.4, 0.0, -0.2, 0.0, 0.0, 0.0, 0.1, 0.0])
    pair = np.column_stack([-np.maximum(coef, 0.0), np.minimum(coef, 0.0)])
    logistic = certify(X, y[:, 1], coef, 0.3, 0.05, loss="logistic")
    both = certify(X, y, pair, [-0.3, 0.0], 0.05, loss="multinomial")
    assert both.primal == pytest.approx(logistic.primal, rel=1e-12)
    assert both.gap / both.relative_gap == pytest.approx(logistic.gap / logistic.relative_gap)
    best, b0 = solve(X, y, 0.05, "multinomial")
    told = certify(X, y[:, 1], best[:, 1] - best[:, 0], b0[1] - b0[0], 0.05, loss="logistic")
    assert told.relative_gap < 1e-11


@each_kind
def test_null_loss_is_the_best_that_intercepts_can_do(loss: str, grouped: bool) -> None:
    X, y = data(loss)
    w = np.random.default_rng(0).random(60)
    offset = np.linspace(-1.0, 1.0, 180).reshape(60, 3)[::-1]
    problem = {"loss": loss, "grouped": grouped, "sample_weight": w}
    for more in ({}, {"offset": offset}, {"fit_intercept": False, "offset": offset}):
        made = certify(X, y, np.zeros((8, 3)), np.zeros(3), 0.2, **problem, **more)
        none, b0 = solve(X, y, 1e3, **problem, **more)
        assert not none.any()
        null = mean_loss(y, np.zeros((60, 3)) + b0 + more.get("offset", 0.0), w / w.sum(), loss)
        assert made.gap / made.relative_gap == pytest.approx(null, rel=1e-10)


@each_kind
def test_violations_are_measured_against_alpha_max(loss: str, grouped: bool) -> None:
    X, y = data(loss)
    problem = {"loss": loss, "grouped": grouped, "penalty_weight": np.r_[0.0, np.ones(7)]}
    low, high = 0.01, 10.0
    for _ in range(16):
        middle = float(np.sqrt(low * high))
        kept = solve(X, y, middle, **problem)[0][1:].any()
        low, high = (middle, high) if kept else (low, middle)
    free, b0 = solve(X, y, 10.0 * high, **problem)
    made = certify(X, y, free, b0, high / 2, **problem)
    assert made.kkt_violation == pytest.approx(0.5, rel=1e-3)


@each_kind
def test_weights_are_repetitions(loss: str, grouped: bool) -> None:
    """Rows of weight zero are gone, whatever y says there."""
    X, y = data(loss)
    w = np.random.default_rng(1).integers(0, 4, 60).astype(float)
    rows = np.repeat(np.arange(60), w.astype(int))
    coef = np.zeros((8, 3))
    coef[0] = [0.3, -0.2, 0.1]
    wrong = np.where(w[:, None] == 0.0, -7.0, y)
    problem = {"loss": loss, "grouped": grouped}
    for factor in (1.0, 1e9):
        one = certify(X, wrong, coef, np.zeros(3), 0.05, sample_weight=w * factor, **problem)
        other = certify(X[rows], y[rows], coef, np.zeros(3), 0.05, **problem)
        assert one.primal == pytest.approx(other.primal, rel=1e-12)
        assert one.gap == pytest.approx(other.gap, rel=1e-6)
        np.testing.assert_array_equal(one.verdicts.kind, other.verdicts.kind)


@each_kind
def test_any_storage_and_scale(loss: str, grouped: bool) -> None:
    X, y = data(loss)
    X[np.abs(X) < 0.8] = 0.0
    problem = {"loss": loss, "grouped": grouped, "penalty_weight": np.r_[0.0, np.ones(7)]}
    best, b0 = solve(X, y, 0.05, **problem)
    for coef in (best, best * 1.001):
        one = certify(X, y, coef, b0, 0.05, **problem)
        for other in (sparse.csr_array(X), np.asfortranarray(X)):
            made = certify(other, y, coef, b0, 0.05, **problem)
            assert made.gap == pytest.approx(one.gap, rel=1e-6, abs=1e-13)
            np.testing.assert_array_equal(one.verdicts.kind, made.verdicts.kind)
    scaled = problem | {"standardize": True}
    one = certify(X, y, best, b0, 0.05, **scaled)
    made = certify(X * 1e8, y, best / 1e8, b0, 0.05, **scaled)
    assert made.gap == pytest.approx(one.gap, rel=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("unit", [1e-150, 1e-8, 1e100])
def test_scale_free_in_y(grouped: bool, unit: float) -> None:
    X, y = data("squared")
    best, b0 = solve(X, y, 0.1, "squared", grouped=grouped)
    coef = best * 1.01
    one = certify(X, y, coef, b0, 0.1, grouped=grouped)
    made = certify(X, y * unit, coef * unit, b0 * unit, 0.1 * unit, grouped=grouped)
    assert made.relative_gap == pytest.approx(one.relative_gap, rel=1e-8)
    np.testing.assert_array_equal(one.verdicts.kind, made.verdicts.kind)


@each_kind
def test_nothing_to_explain(loss: str, grouped: bool) -> None:
    X, _ = data(loss)
    level = np.array([0.2, 0.3, 0.5])
    y = np.broadcast_to(level, (60, 3)).copy()
    b0 = level if loss == "squared" else np.log(level) + 1.0
    problem = {"loss": loss, "grouped": grouped}
    made = certify(X, y, np.zeros((8, 3)), b0, 0.1, **problem)
    assert (made.gap, made.relative_gap, made.kkt_violation) == (0.0, 0.0, 0.0)
    far = certify(X, y, np.zeros((8, 3)), b0 + np.array([0.5, 0.0, 0.0]), 0.1, **problem)
    assert far.gap > 0.0 and far.relative_gap == np.inf


@each_kind
def test_coefficients_beyond_all_measure(loss: str, grouped: bool) -> None:
    X, y = data(loss)
    rng = np.random.default_rng(0)
    for size in (40.0, 1e100):
        coef, b0 = size * rng.standard_normal((8, 3)), np.array([1e4, 0.0, -1e4])
        made = certify(X, y, coef, b0, 0.1, loss=loss, grouped=grouped)
        assert made.gap >= 0.1 * made.primal > 0.0
        assert not np.isnan([made.dual, made.kkt_violation, *made.verdicts.earns.ravel()]).any()


@each_kind
def test_more_columns_than_rows(loss: str, grouped: bool) -> None:
    X, y = data(loss, n=40, p=90, seed=2)
    problem = {"loss": loss, "grouped": grouped}
    best, b0 = solve(X, y, 0.15, **problem)
    made = certify(X, y, best, b0, 0.15, **problem)
    assert made.relative_gap < 1e-11
    assert made.unique is True
    zeros = made.verdicts.kind[best.any(axis=1) == 0]
    assert np.mean(zeros == PROVED) > 0.95


# ------------------------------------------------------------------------------- uniqueness


@each_kind
def test_twins_may_swap(loss: str, grouped: bool) -> None:
    X, y = data(loss)
    twice, problem = np.hstack([X, X[:, :3]]), {"loss": loss, "grouped": grouped}
    best, b0 = solve(X, y, 0.1, **problem)
    padded = np.vstack([best, np.zeros((3, 3))])
    made = certify(twice, y, padded, b0, 0.1, **problem)
    assert made.relative_gap < 1e-11
    assert certify(X, y, best, b0, 0.1, **problem).unique is True
    if (loss, grouped) == ("multinomial", False):
        assert made.unique is None  # columns that depend, under a loss that forgives constants
        return
    assert made.unique is False
    assert made.twins and all({j % 8 for j in twins} == {twins[0] % 8} for twins in made.twins)
    shared = padded.copy()
    one, other = made.twins[0]
    shared[[one, other]] = padded[one] / 2
    assert certify(twice, y, shared, b0, 0.1, **problem).relative_gap < 1e-11
    mixed = problem | {"l1_ratio": 0.5}
    best, b0 = solve(twice, y, 0.1, **mixed)
    assert certify(twice, y, best, b0, 0.1, **mixed).unique is True


def test_groups_of_dependent_columns_may_still_be_unique() -> None:
    """More groups than rows, whose directions are independent."""
    X, y = data("squared", n=12, p=30, K=4)
    best, b0 = solve(X, y, 0.05, "squared", rounds=60000)
    kept = best.any(axis=1).sum()
    made = certify(X, y, best, b0, 0.05)
    assert kept > 12  # so that the columns depend
    assert made.relative_gap < 1e-9 and made.unique is True


def test_a_row_of_classes_slides_between_its_middle_coefficients() -> None:
    X, y = data("multinomial", n=200, p=2, K=4, seed=3)
    best, b0 = solve(X, y, 0.02, "multinomial")
    made = certify(X, y, best, b0, 0.02, loss="multinomial")
    wide = [len(set(np.sort(row)[1:3])) == 2 for row in best]
    assert made.unique is not any(wide)
    for row, slides in zip(range(2), wide, strict=True):
        low, high = np.sort(best[row])[1:3]
        moved = best.copy()
        moved[row] -= low + (high - low) / 4.0 if slides else 0.01
        gap = certify(X, y, moved, b0, 0.02, loss="multinomial").relative_gap
        assert (gap < 1e-10) is slides
    assert True in wide and False in wide
    grouped, b0 = solve(X, y, 0.02, "multinomial", grouped=True)
    assert certify(X, y, grouped, b0, 0.02, loss="multinomial", grouped=True).unique is True


def test_zeros_that_a_tool_did_not_find_decide_nothing() -> None:
    X, y = data("multinomial", n=200, p=1, K=4, seed=3)
    best, b0 = solve(X, y, 0.02, "multinomial")
    assert np.count_nonzero(best) == 2
    assert certify(X, y, best, b0, 0.02, loss="multinomial").unique is True
    best[best == 0.0] = [-1e-9, 1e-9]
    made = certify(X, y, best, b0, 0.02, loss="multinomial")
    assert made.relative_gap < 1e-8 and made.unique is None


def test_two_classes_taxed_alone_are_never_unique() -> None:
    X, y = data("multinomial", K=2)
    best, b0 = solve(X, y, 0.05, "multinomial")
    made = certify(X, y, best, b0, 0.05, loss="multinomial")
    assert best.any() and made.unique is False


@pytest.mark.parametrize("grouped", [False, True])
def test_features_of_classes_that_pay_nothing_slide(grouped: bool) -> None:
    X, y = data("multinomial")
    problem: dict[str, Any] = {"loss": "multinomial", "grouped": grouped}
    problem["penalty_weight"] = np.r_[0.0, np.ones(7)]
    best, b0 = solve(X, y, 0.05, **problem)
    assert certify(X, y, best, b0, 0.05, **problem).unique is False
    best[0] += 5.0
    assert certify(X, y, best, b0, 0.05, **problem).relative_gap < 1e-11


# ------------------------------------------------------------- the formulas, by looking everywhere


@hypothesis_settings(max_examples=150, deadline=None)
@given(
    b=st.lists(st.floats(-3.0, 3.0).map(lambda x: round(x, 2)), min_size=2, max_size=2),
    z=st.lists(st.floats(-3.0, 3.0).map(lambda x: round(x, 2)), min_size=2, max_size=2),
    tax=st.floats(0.0, 3.0),
    ridge=st.sampled_from([0.0, 1e-2, 0.5, 10.0]),
)
def test_fenchel_and_young_of_a_group(
    b: list[float], z: list[float], tax: float, ridge: float
) -> None:
    """Omega(b) + Omega*(z) - b z, where Omega* is found along z, its best direction."""
    one, two = np.array(b), np.array(z)
    size = float(np.linalg.norm(two))
    if ridge == 0.0 and size > tax:
        two = two * tax / size
        size = tax
    ones = np.ones(1)
    groups = Groups(np.array([0, 2]), np.array([0, 1]))
    ends = np.full(1, np.inf)
    pen = Penalty(tax * ones, ridge * ones, -ends, ends, ones < 0, ones, groups)
    term = float(fenchel_young(one, two, pen)[0])
    reach = size / ridge + 1.0 if ridge else 10.0
    t = np.linspace(0.0, reach, 20001)
    conjugate = max(0.0, float(np.max(size * t - tax * t - ridge * t**2 / 2)))
    norm = float(np.linalg.norm(one))
    brute = tax * norm + ridge * norm**2 / 2 - float(one @ two) + conjugate
    assert term >= 0.0
    assert term == pytest.approx(brute, abs=1e-6 * (1.0 + abs(brute)))


def test_groups_of_columns_with_one_output() -> None:
    """The formulas take any groups: of a group lasso with one response, too."""
    groups = Groups(np.array([0, 2, 5]), np.array([4, 0, 1, 2, 3]))
    ones, ends = np.ones(2), np.full(2, np.inf)
    pen = Penalty(np.array([1.0, 2.0]), 0.0 * ones, -ends, ends, ones < 0, ones, groups)
    b = np.array([3.0, 0.0, 0.0, 0.0, 4.0])
    np.testing.assert_allclose(pen.size(b), [5.0, 0.0])
    np.testing.assert_allclose(pen.direction(b), [0.6, 0.0, 0.0, 0.0, 0.8])
    np.testing.assert_allclose(fenchel_young(b, b / 10.0, pen), [2.5, 0.0])


RNG = np.random.default_rng(5)
ROWS = np.vstack([np.eye(4), RNG.dirichlet(np.ones(4), 4)])
ETAS = np.vstack([RNG.standard_normal((4, 4)), 30.0 * RNG.standard_normal((4, 4))])


def test_the_multinomial_loss_is_a_divergence() -> None:
    loss = loss_of("multinomial")
    assert isinstance(loss, Multinomial)
    p = softmax(ETAS, axis=1)
    np.testing.assert_allclose(loss.mean(ETAS), p, rtol=1e-13)
    np.testing.assert_allclose(loss.value(ROWS, ETAS), rel_entr(ROWS, p).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(loss.value(ROWS[4:], np.log(ROWS[4:]) + 3.0), 0.0, atol=1e-30)
    np.testing.assert_allclose(loss.gradient(ROWS, ETAS), p - ROWS, atol=1e-15)
    step = 1e-6 * RNG.standard_normal((8, 4))
    rise = loss.value(ROWS, ETAS + step) - loss.value(ROWS, ETAS - step)
    np.testing.assert_allclose(rise, 2.0 * np.sum(step * loss.gradient(ROWS, ETAS), axis=1),
                               atol=1e-13)  # fmt: skip
    far = np.array([[800.0, 0.0, -800.0, 3.0]])
    np.testing.assert_allclose(loss.value(np.eye(4)[[0, 1, 2, 3]], far), [0, 800, 1600, 797])
    near = loss.gradient(np.eye(4)[[0]], np.array([[60.0, 0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(near[0], np.exp(-60.0) * np.array([-3, 1, 1, 1]), rtol=1e-12)


def test_fenchel_and_young_of_the_multinomial_loss() -> None:
    loss = Multinomial()
    v = loss.mean(RNG.standard_normal((8, 4))) - ROWS
    made = loss.fenchel_young(ROWS, ETAS, v)
    plain = loss.value(ROWS, ETAS) + loss.conjugate(ROWS, v) - np.sum(v * ETAS, axis=1)
    np.testing.assert_allclose(made, plain, rtol=1e-9, atol=1e-12)
    at_slope = loss.fenchel_young(ROWS, ETAS, loss.gradient(ROWS, ETAS))
    assert np.all((at_slope >= 0.0) & (at_slope < 1e-17))
    for eta in RNG.standard_normal((50, 8, 4)):
        assert np.all(np.sum(v * eta, axis=1) - loss.value(ROWS, eta)
                      <= loss.conjugate(ROWS, v) + 1e-13)  # fmt: skip
    outside = np.array([[0.1, 0.0, 0.0, 0.0], [0.6, -0.6, 0.0, 0.0]])
    assert np.all(np.isinf(loss.conjugate(ROWS[[4, 0]], outside)))
    assert np.all(np.isinf(loss.fenchel_young(ROWS[[4, 0]], ETAS[:2], outside)))
    u = np.array([[0.5, -0.5, 0.0, 0.0], [-3.0, 4.0, -1.0, 0.0]])
    s = loss.domain_scale(np.eye(4)[:2], u)
    assert s == pytest.approx(0.25) and np.all(np.eye(4)[:2] - s * u >= 0.0)
    assert loss.domain_scale(ROWS, -v) == 1.0


def test_no_curvature_exceeds_its_bound() -> None:
    p = np.vstack([RNG.dirichlet(np.full(4, 0.3), 200), [[0.5, 0.5, 0.0, 0.0]]])
    bend = np.einsum("ik,kl->ikl", p, np.eye(4)) - np.einsum("ik,il->ikl", p, p)
    top = np.linalg.eigvalsh(bend)[:, -1].max()
    assert top == pytest.approx(Multinomial().curvature(ROWS), rel=1e-12)


def test_what_is_refused() -> None:
    X, y = data("multinomial")
    with pytest.raises(InputError, match="penalty_weight = inf excludes"):
        certify(X, y, np.ones((8, 3)), np.zeros(3), 0.1, loss="multinomial",
                penalty_weight=[1, 1, 1, np.inf, 1, 1, 1, 1])  # fmt: skip
    with pytest.raises(InputError, match="coef breaks its bounds for feature 0"):
        certify(X, y, -np.ones((8, 3)), np.zeros(3), 0.1, loss="multinomial", bounds="positive")
