"""The certificate keeps its word for any coefficients, near the optimum and far from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import TABLES, Table, ar, constant_column, duplicates, wide

from excise import reference
from excise.certify import certify
from excise.duality import Size, certificate_from, fenchel_young
from excise.engine import fit
from excise.exceptions import InputError, InputTypeError
from excise.problem import make_problem
from excise.standard import column_scale
from excise.taxes import Penalty
from excise.verdicts import VerdictKind

KEPT, PROVED, KKT, BORDERLINE, EXCLUDED, UNPROVED = tuple(VerdictKind)[:6]
WEIGHT = np.ones(30)
WEIGHT[[0, 7]] = 0.0
WEIGHT[[3, 4]] = 2.5
WEIGHT[5] = np.inf
PROBLEMS: dict[str, dict[str, Any]] = {
    "lasso": {},
    "standardized": {"standardize": True},
    "elastic": {"l1_ratio": 0.4},
    "ridge": {"penalty": "ridge", "standardize": True},
    "positive": {"bounds": "positive"},
    "box": {"bounds": (-0.2, 0.3)},
    "elastic box": {"bounds": (-0.2, 0.3), "l1_ratio": 0.5},
    "weights 0 and inf": {"penalty_weight": WEIGHT},
    "weights 0 and inf, positive": {"penalty_weight": WEIGHT, "bounds": "positive"},
    "no intercept": {"fit_intercept": False},
}


def objective(
    X: np.ndarray, y: np.ndarray, coef: np.ndarray, intercept: float, alpha: float, **problem: Any
) -> float:
    """The objective of docs/objective.md, written out once more."""
    checked = make_problem(X, y, **problem)
    w, v = checked.weights, checked.penalty_weight
    b = coef * column_scale(checked).scale if checked.standardize else coef
    eta = intercept + X @ coef + (0.0 if checked.offset is None else checked.offset)
    paid = np.where(np.isinf(v), 0.0, v) * (
        checked.l1_ratio * np.abs(b) + (1.0 - checked.l1_ratio) * b**2 / 2
    )
    return float(w @ (y - eta) ** 2 / 2 + alpha * paid.sum())


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("alpha", [0.5, 0.02])
def test_the_gap_bounds_the_suboptimality(problem: dict[str, Any], alpha: float) -> None:
    X, y = ar()
    y = y + 10.0 * problem.get("fit_intercept", True)
    checked = make_problem(X, y, **problem)
    best, b0 = reference.solve(checked, alpha)
    lowest = objective(X, y, best, b0, alpha, **problem)
    assert certify(X, y, best, b0, alpha, **problem).relative_gap < 1e-13
    rng = np.random.default_rng(1)
    for size in (1e-6, 1e-3, 0.1, 1.0):
        coef = best + size * rng.standard_normal(30) * (rng.random(30) < 0.5)
        coef = np.clip(coef, checked.lower, checked.upper)
        coef[np.isinf(checked.penalty_weight)] = 0.0
        for shift in (0.0, size * problem.get("fit_intercept", True)):
            made = certify(X, y, coef, b0 + shift, alpha, **problem)
            value = objective(X, y, coef, b0 + shift, alpha, **problem)
            assert made.primal == pytest.approx(value, rel=1e-12)
            assert made.gap >= (value - lowest) * (1.0 - 1e-9)
            assert made.gap == pytest.approx(made.primal - made.dual, abs=1e-12 * made.primal)
            proved = made.verdicts.kind == PROVED
            assert not best[proved].any()


def test_untaxed_features_that_still_earn_leave_no_bound() -> None:
    """Without a projection nothing smaller than the objective itself is known to be missing."""
    pen = Penalty(
        *(np.array(v) for v in ([0.0, 1.0], [0.0, 0.0], [-np.inf] * 2, [np.inf] * 2)),
        np.zeros(2, bool),
        np.ones(2),
    )
    b, c = np.array([0.1, 0.2]), np.array([0.5, 0.3])
    made = certificate_from(b, c, 1.5, pen, Size(1.0, 1.0, 1.0))
    assert made.gap == made.primal == 0.95
    assert made.verdicts.count(PROVED) == 0


def test_the_books_of_a_given_point() -> None:
    """c_j and the tax by hand, on the scale the penalty acts on."""
    X, y = ar(40, 6)
    X = X * np.logspace(-2, 2, 6)
    coef, alpha = np.array([0.3, 0.0, 0.0, 0.1, 0.0, 0.0]), 0.2
    r = y - y.mean() - (X - X.mean(axis=0)) @ coef
    without = r[:, None] + (X - X.mean(axis=0)) * coef
    earns = np.abs(np.sum((X - X.mean(axis=0)) * without, axis=0)) / 40
    b0 = y.mean() - X.mean(axis=0) @ coef
    raw = certify(X, y, coef, b0, alpha).verdicts
    np.testing.assert_allclose(raw.earns, earns, rtol=1e-12)
    np.testing.assert_allclose(raw.tax, 0.2)
    std = certify(X, y, coef, b0, alpha, standardize=True, l1_ratio=0.5).verdicts
    np.testing.assert_allclose(std.earns, earns / X.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std.tax, 0.1)
    np.testing.assert_allclose(std.slack, std.tax - std.earns)


numbers = st.floats(-5.0, 5.0).map(lambda x: round(x, 3))


@settings(max_examples=200, deadline=None)
@given(
    b=numbers,
    z=numbers,
    tax=st.floats(0.0, 3.0),
    ridge=st.sampled_from([0.0, 1e-3, 0.5, 10.0]),
    lower=st.sampled_from([-np.inf, -2.0, -0.5, 0.0]),
    upper=st.sampled_from([np.inf, 2.0, 0.5, 0.0]),
)
def test_fenchel_and_young(
    b: float, z: float, tax: float, ridge: float, lower: float, upper: float
) -> None:
    """Each term of the gap is Omega(b) + Omega*(z) - b z, found here by looking everywhere."""
    b = float(np.clip(b, lower, upper))
    if ridge == 0.0:
        z = min(z, tax) if upper == np.inf else z
        z = max(z, -tax) if lower == -np.inf else z
    ones = np.ones(1)
    pen = Penalty(tax * ones, ridge * ones, lower * ones, upper * ones, ones < 0, ones)
    term = float(fenchel_young(b * ones, z * ones, pen)[0])
    reach = (abs(z) + tax) / ridge + 1.0 if ridge else 10.0
    grid = np.clip(np.linspace(-reach, reach, 20001), lower, upper)
    grid = np.r_[grid, 0.0, b]

    def omega(x: Any) -> Any:
        return tax * np.abs(x) + ridge * x**2 / 2

    brute = omega(b) - b * z + float(np.max(z * grid - omega(grid)))
    assert term >= 0.0
    assert term >= brute - 1e-9 * (1.0 + brute)
    assert term <= brute + ridge * (2.0 * reach / 20000) ** 2 + 1e-9 * (1.0 + brute)


@pytest.mark.parametrize("problem", [{}, {"standardize": True}, {"l1_ratio": 0.4}], ids=str)
def test_the_core_and_the_verifier_agree(table: Table, problem: dict[str, Any]) -> None:
    X, y = table
    top = reference.top_tax(reference.standardise(make_problem(X, y, **problem))) or 1.0
    for alpha in (0.5 * top, 0.01 * top):
        ours = fit(X, y, alpha, **problem)
        theirs = certify(X, y, ours.coef, ours.intercept, alpha, **problem)
        assert theirs.relative_gap <= 1e-10
        assert ours.certificate.relative_gap == pytest.approx(theirs.relative_gap, abs=1e-12)
        assert ours.certificate.kkt_violation == pytest.approx(theirs.kkt_violation, abs=1e-9)
        assert ours.certificate.primal == pytest.approx(theirs.primal, rel=1e-11)


def test_verdict_kinds() -> None:
    X, y = duplicates()
    weight = np.ones(21)
    weight[9] = np.inf
    X = np.c_[X, np.ones(50)]
    weight = np.r_[weight, 1.0]
    coef, b0 = reference.solve(make_problem(X, y, penalty_weight=weight), 0.3)
    made = certify(X, y, coef, b0, 0.3, penalty_weight=weight)
    kind = made.verdicts.kind
    assert kind[9] == EXCLUDED and kind[21] == EXCLUDED
    kept = np.flatnonzero(kind == KEPT)
    assert set(kept) == set(np.flatnonzero(coef))
    twins = [j for j in range(21) if kind[j] == BORDERLINE]
    assert {j % 10 for j in twins} <= {j % 10 for j in kept}
    assert len(twins) == sum(2 if j % 10 == 0 else 1 for j in kept if j != 9)
    assert np.all(kind[(coef == 0) & ~np.isin(np.arange(22), [*twins, 9, 21])] == PROVED)
    far = certify(X, y, 0.0 * coef, float(y.mean()), 0.3, penalty_weight=weight).verdicts
    assert UNPROVED in far.kind
    assert np.all(far.earns[far.kind == UNPROVED] > far.tax[far.kind == UNPROVED])
    assert KKT in far.kind


def test_unique_or_who_could_swap() -> None:
    X, y = duplicates()
    coef, b0 = reference.solve(make_problem(X, y), 0.3)
    made = certify(X, y, coef, b0, 0.3)
    assert made.unique is False
    for group in made.twins:
        assert len({j % 10 for j in group}) == 1
    assert certify(X, y, coef, b0, 0.3, l1_ratio=0.9).unique is True  # strictly convex
    X, y = wide()
    coef, b0 = reference.solve(make_problem(X, y), 0.3)
    assert certify(X, y, coef, b0, 0.3).unique is True
    assert certify(X, y, np.zeros(80), 0.0, 0.3).unique in (None, True)


def test_moving_between_twins_changes_nothing() -> None:
    X, y = duplicates()
    coef, b0 = reference.solve(make_problem(X, y), 0.3)
    groups = certify(X, y, coef, b0, 0.3).twins
    one, other = next(group for group in groups if 20 not in group)  # 20 is negated
    shared = coef.copy()
    shared[[one, other]] = (coef[one] + coef[other]) / 2
    made = certify(X, y, shared, b0, 0.3)
    assert made.relative_gap < 1e-13 and made.unique is False


def test_constant_columns_are_never_judged_on() -> None:
    X, y = constant_column()
    coef, b0 = reference.solve(make_problem(X, y, standardize=True), 0.01)
    made = certify(X, y, coef, b0, 0.01, standardize=True)
    assert made.unique is True
    assert list(np.flatnonzero(made.verdicts.kind == EXCLUDED)) == [2, 5]
    coef[2] = 1.0  # another tool gave the constant column a coefficient and shifted its intercept
    moved = certify(X, y, coef, b0 - 0.1, 0.01)
    assert moved.gap >= 0.01


def test_any_layout_and_single_precision(tmp_path: Any) -> None:
    X, y = ar()
    X = X.astype(np.float32).astype(np.float64)
    coef, b0 = reference.solve(make_problem(X, y), 0.1)
    expected = certify(X, y, coef, b0, 0.1)
    mapped = np.memmap(tmp_path / "X", np.float64, "w+", shape=X.shape)
    mapped[:] = X
    for made in (np.asfortranarray(X), X.astype(np.float32), mapped):
        got = certify(made, y, coef, b0, 0.1)
        assert got.primal == pytest.approx(expected.primal, rel=1e-14)
        assert got.relative_gap < 1e-14
        np.testing.assert_array_equal(got.verdicts.kind, expected.verdicts.kind)


@pytest.mark.parametrize("unit", [1e-150, 1e-100, 1e100, 1e150])
def test_scale_free_in_y(unit: float) -> None:
    X, y = wide()
    coef, b0 = reference.solve(make_problem(X, y), 0.2)
    coef = coef + 1e-3
    expected = certify(X, y, coef, b0, 0.2)
    got = certify(X, y * unit, coef * unit, b0 * unit, 0.2 * unit)
    assert got.relative_gap == pytest.approx(expected.relative_gap, rel=1e-9)
    assert got.kkt_violation == pytest.approx(expected.kkt_violation, rel=1e-9)
    np.testing.assert_array_equal(got.verdicts.kind, expected.verdicts.kind)


@pytest.mark.parametrize("unit", [1e-8, 1e8])
def test_scale_free_in_x(unit: float) -> None:
    X, y = wide()
    coef, b0 = reference.solve(make_problem(X, y, standardize=True), 0.2)
    got = certify(X * unit, y, coef / unit, b0, 0.2, standardize=True)
    assert got.relative_gap < 1e-14
    assert got.verdicts.count(PROVED) == 80 - np.count_nonzero(coef)


def test_means_of_a_million_cost_no_digits() -> None:
    X, y = TABLES["large_means"]()
    coef, b0 = reference.solve(make_problem(X, y), 0.1)
    made = certify(X, y, coef, b0, 0.1)
    assert made.relative_gap < 1e-13
    assert made.unique is True


def test_gap_at_l1_ratio_0_is_valid() -> None:
    """scikit-learn#32845: the gap of a ridge is the true suboptimality up to a factor."""
    X, y = ar()
    best, b0 = reference.solve(make_problem(X, y, penalty="ridge"), 0.5)
    made = certify(X, y, best + 0.1, y.mean() - X.mean(axis=0) @ (best + 0.1), 0.5, penalty="ridge")
    lowest = objective(X, y, best, b0, 0.5, penalty="ridge")
    assert lowest <= made.primal <= lowest + made.gap
    assert certify(X, y, best, b0, 0.5, penalty="ridge").relative_gap < 1e-20


@pytest.mark.parametrize("l1_ratio", [1.0, 0.99])
def test_under_solved_answers_are_measured_exactly(l1_ratio: float) -> None:
    """scikit-learn's default tolerance on a correlated table: the gap is what is missing."""
    from sklearn.linear_model import ElasticNet

    X, y = TABLES["very_correlated"]()
    theirs = ElasticNet(alpha=0.02, l1_ratio=l1_ratio).fit(X, y)
    made = certify(X, y, theirs.coef_, theirs.intercept_, 0.02, l1_ratio=l1_ratio)
    best = fit(X, y, 0.02, l1_ratio=l1_ratio).certificate.primal
    assert made.relative_gap > 1e-9
    assert made.primal - best <= made.gap * (1.0 + 1e-6)
    assert made.gap <= 100.0 * (made.primal - best)


def test_a_wrong_intercept_is_charged() -> None:
    X, y = ar()
    coef, b0 = reference.solve(make_problem(X, y), 0.1)
    made = certify(X, y, coef, b0 + 0.5, 0.1)
    assert made.gap == pytest.approx(0.125, rel=1e-9)
    assert made.kkt_violation > 0.0


def test_nothing_to_explain() -> None:
    for name in ("constant_target", "one_row"):
        X, y = TABLES[name]()
        made = certify(X, y, np.zeros(X.shape[1]), float(y[0]), 0.1)
        assert (made.gap, made.relative_gap, made.kkt_violation) == (0.0, 0.0, 0.0)
        assert made.verdicts.count(KEPT) == 0 and made.verdicts.count(UNPROVED) == 0


def test_what_cannot_be_certified_is_refused() -> None:
    X, y = ar(20, 3)
    zero = np.zeros(3)
    cases: list[tuple[type[Exception], str, tuple[Any, ...], dict[str, Any]]] = [
        (InputError, "coef must have shape (3,), one per feature, got (2,)", ([0, 0], 0, 1), {}),
        (
            InputError,
            "coef must have shape (3,), one per feature, got (3, 1)\n  try: coef.ravel()",
            (zero[:, None], 0, 1),
            {},
        ),
        (InputError, "coef is nan for feature 1", ([0, np.nan, 0], 0, 1), {}),
        (InputTypeError, "alpha must be a number, not 'big'", (zero, 0, "big"), {}),
        (InputError, "alpha is -1.0; it must be a finite number >= 0", (zero, 0, -1), {}),
        (InputError, "alpha is nan; it must be a finite number >= 0", (zero, 0, np.nan), {}),
        (InputError, "intercept is inf; it must be finite", (zero, np.inf, 1), {}),
        (
            InputError,
            "intercept is 2.0, but fit_intercept is False\n  try: pass 0.0",
            (zero, 2.0, 1),
            {"fit_intercept": False},
        ),
        (
            InputError,
            "coef breaks its bounds for feature 2\n"
            "  try: pass the bounds that the coefficients were fitted with",
            ([0, 0, -1], 0, 1),
            {"bounds": "positive"},
        ),
        (
            InputError,
            "coef is not zero for feature 0, which penalty_weight = inf excludes",
            ([1, 0, 0], 0, 1),
            {"penalty_weight": [np.inf, 1, 1]},
        ),
    ]
    for kind, message, (coef, intercept, alpha), problem in cases:
        with pytest.raises(kind) as error:
            certify(X, y, coef, intercept, alpha, **problem)
        assert str(error.value) == message
