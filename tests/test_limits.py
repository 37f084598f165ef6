"""At most so many features, or so much money: against every subset, and against the path itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from designs import DESIGNS
from glm_reference import data
from tables import Array, Table, ar, duplicates

from excise import InputError, InputTypeError, Within, certify, fit, fit_path, fit_within
from excise.data_term import SquaredTerm
from excise.losses import loss_of
from excise.problem import make_problem
from excise.schedules import PruneThenRefine
from excise.standard import View
from excise.subset_bound import knapsack, subset_bound


def least_squares(X: Array, y: Array, features: Any) -> float:
    """The mean loss of the best fit of these features with an intercept, by numpy."""
    A = np.column_stack([np.ones(len(y)), X[:, list(features)]])
    rest = y - A @ np.linalg.lstsq(A, y, rcond=None)[0]
    return float(rest @ rest) / 2 / len(y)


def subsets(cost: Array, most: float) -> Iterator[tuple[int, ...]]:
    """Every set of features that costs no more."""
    for size in range(len(cost) + 1):
        for features in combinations(range(len(cost)), size):
            if cost[list(features)].sum() <= most + 1e-12:
                yield features


def orthonormal() -> Table:
    """Columns that do not overlap at all."""
    rng = np.random.default_rng(4)
    X = rng.standard_normal((40, 8))
    X = np.linalg.qr(X - X.mean(axis=0))[0] * np.sqrt(40.0)
    return X, X @ np.array([3.0, -2.0, 1.0, 0.5, 0.1, 0.0, 0.0, 0.2]) + rng.standard_normal(40)


SMALL = {
    "ar 0.5": lambda: ar(60, 8, 0.5, 0),
    "ar 0.9": lambda: ar(40, 7, 0.9, 1),
    "noise": lambda: (ar(30, 7, 0.3, 2)[0], np.random.default_rng(2).standard_normal(30)),
    "more columns than rows": lambda: ar(6, 9, 0.3, 3),
    "duplicates": lambda: (duplicates()[0][:, [0, 1, 2, 10, 11, 20]], duplicates()[1]),
    "orthonormal": orthonormal,
}
each_small = pytest.mark.parametrize("table", SMALL)


# --- against every subset -----------------------------------------------------------------------


@each_small
@pytest.mark.parametrize("k", [0, 1, 2, 3, 5])
def test_bound_best_subset_ours(table: str, k: int) -> None:
    """Bound <= the best of all subsets <= ours."""
    X, y = SMALL[table]()
    found = fit_within(X, y, n_features=k, refine=0.0)
    best = min(least_squares(X, y, features) for features in combinations(range(X.shape[1]), k))
    assert found.loss_bound is not None
    assert found.loss_bound <= best * (1.0 + 1e-12) + 1e-15
    assert found.loss >= best * (1.0 - 1e-9) - 1e-12 * found.null_loss
    assert found.loss == pytest.approx(
        least_squares(X, y, found.support), abs=1e-9 * found.null_loss
    )
    if found.proved_best:
        assert found.loss <= best + 1e-7 * found.null_loss


@each_small
@pytest.mark.parametrize("budget", [1.0, 4.0, 9.0])
def test_bound_best_affordable_ours(table: str, budget: float) -> None:
    X, y = SMALL[table]()
    cost = np.random.default_rng(7).integers(0, 5, X.shape[1]) + 0.25
    found = fit_within(X, y, cost=cost, budget=budget, refine=0.0)
    best = min(least_squares(X, y, features) for features in subsets(cost, budget))
    assert found.total_cost is not None and found.total_cost <= budget
    assert found.loss_bound is not None
    assert found.loss_bound <= best * (1.0 + 1e-12) + 1e-15
    assert found.loss >= best * (1.0 - 1e-9) - 1e-12 * found.null_loss


@each_small
def test_both_limits_bind_together(table: str) -> None:
    X, y = SMALL[table]()
    cost = np.arange(X.shape[1]) % 3 + 1.0
    found = fit_within(X, y, n_features=2, cost=cost, budget=4.0, refine=0.0)
    best = min(
        least_squares(X, y, features) for features in subsets(cost, 4.0) if len(features) <= 2
    )
    assert len(found.support) <= 2 and found.total_cost is not None and found.total_cost <= 4.0
    assert found.loss_bound is not None and found.loss_bound <= best * (1.0 + 1e-12) + 1e-15


@pytest.mark.parametrize("k", range(9))
def test_without_overlap_the_best_subset_is_proved(k: int) -> None:
    """Orthonormal columns: G = D, and the best subset is that of the largest correlations."""
    X, y = orthonormal()
    found = fit_within(X, y, n_features=k, refine=0.0)
    largest = np.argsort(-np.abs(X.T @ (y - y.mean())))[:k]
    assert set(found.support) == set(largest)
    assert found.proved_best


@pytest.mark.parametrize("k", [3, 4])
def test_with_many_rows_the_best_subset_can_be_proved(k: int) -> None:
    """Columns overlap here, and the relaxation is tight all the same."""
    X, y = ar(2000, 12, 0.2, 0)
    found = fit_within(X, y, n_features=k, refine=0.0)
    best = min(combinations(range(12), k), key=lambda features: least_squares(X, y, features))
    assert found.proved_best and tuple(found.support) == best


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_holds_for_any_coefficients(seed: int) -> None:
    """Rows weighted, no intercept, on the standard scale: for whatever b within the budget."""
    rng = np.random.default_rng(seed)
    X, y = ar(50, 12, 0.7, seed)
    problem = make_problem(X, y, sample_weight=rng.integers(0, 3, 50), fit_intercept=False)
    view = View(problem)
    term = SquaredTerm(view)
    cost = rng.integers(0, 4, 12) * 1.0
    bound = subset_bound(view, term.null_slopes, cost, 4.0)
    Z = view.gather(np.arange(12))
    for _ in range(300):
        order = rng.permutation(12)
        chosen = order[np.cumsum(cost[order]) <= 4.0]
        b = np.linalg.lstsq(Z[:, chosen], term.null_slopes, rcond=None)[0]
        for noise in (0.0, 0.1):
            tried = b + noise * rng.standard_normal(len(b))
            rest = term.null_slopes - Z[:, chosen] @ tried
            assert rest @ rest / 2 >= bound


@pytest.mark.parametrize("seed", range(20))
def test_the_knapsack_is_the_linear_programme(seed: int) -> None:
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    gain, cost = rng.random(9) * (rng.random(9) < 0.8), rng.integers(0, 4, 9) * 1.0
    z = knapsack(gain, cost, 5.0)
    best = linprog(-gain, A_ub=[cost], b_ub=[5.0], bounds=(0.0, 1.0)).fun
    assert z.min() >= 0.0 and z.max() <= 1.0 and cost @ z <= 5.0 + 1e-12
    assert gain @ z == pytest.approx(-best, abs=1e-9)


# --- against the path ---------------------------------------------------------------------------


def check_point(X: Any, y: Any, found: Within, cost: Array, most: float, **problem: Any) -> None:
    """All solutions above are within the limit, and the one just below is not."""
    top = fit_path(X, y, 1, **problem).alphas[0]
    for alpha in np.geomspace(top, found.alpha, 60):
        assert cost[fit(X, y, float(alpha), **problem).support].sum() <= most + 1e-9
    if found.next_feature is not None:
        below = fit(X, y, found.alpha * (1.0 - 1e-5), **problem)
        assert found.next_feature in below.support
        assert cost[below.support].sum() > most
    solution = found.solution
    again = certify(X, y, solution.coef, solution.intercept, solution.alpha, **problem)
    assert again.relative_gap < 1e-9


@pytest.mark.parametrize("k", [0, 1, 2, 3, 4, 6, 9, 10])
def test_the_smallest_alpha_down_to_which_all_keep_within(diabetes: Table, k: int) -> None:
    X, y = diabetes
    found = fit_within(X, y, n_features=k, standardize=True)
    check_point(X, y, found, np.ones(10), k, standardize=True)
    assert len(found.support) == min(k, 10)


@pytest.mark.parametrize("budget", [3.0, 7.5, 12.0])
@pytest.mark.parametrize("setting", [{}, {"l1_ratio": 0.5}, {"bounds": "positive"}])
def test_the_smallest_alpha_of_a_budget(
    diabetes: Table, budget: float, setting: dict[str, Any]
) -> None:
    X, y = diabetes
    cost = np.array([0.5, 0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 2.5, 1.5])
    settings = {"standardize": True, **setting}
    found = fit_within(X, y, cost=cost, budget=budget, **settings)
    weight = 0.5 + 0.5 * cost / cost.mean()
    check_point(X, y, found, cost, budget, **settings, penalty_weight=weight)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_keeps_within(design: str) -> None:
    """Ties, twins, saturated supports: at most k, whatever happens at the event."""
    X, y = DESIGNS[design]()
    for k in (0, 1, 3):
        for refine in (None, 0.0):
            found = fit_within(X, y, n_features=k, refine=refine)
            assert len(found.support) <= k
            assert found.solution.certificate.relative_gap < 1e-8


@pytest.mark.parametrize("spec", ["logistic", "poisson", "gamma", "huber", "quantile"])
def test_other_losses(spec: str) -> None:
    X, y = data(loss_of(spec))
    found = fit_within(X, y, n_features=3, loss=spec)
    assert len(found.support) == 3
    assert found.loss_bound is None and not found.proved_best
    penalty = found.alpha * np.abs(found.solution.coef).sum()
    assert found.loss == pytest.approx(found.solution.certificate.primal - penalty, rel=1e-9)
    last = found.summary().splitlines()[-1]
    assert last == "not proved: that no others within the limits fit better"


@pytest.mark.parametrize("grouped", [True, False])
def test_several_outputs_count_features(grouped: bool) -> None:
    X, y = ar(50, 12, 0.5, 3)
    Y = np.stack([y, X[:, 3] - y, y**2], axis=1)
    found = fit_within(X, Y, n_features=3, grouped=grouped)
    assert len(found.support) == 3 and found.loss_bound is None
    below = fit(X, Y, found.alpha * (1.0 - 1e-4), grouped=grouped)
    assert len(below.support) > 3


def test_survival_times() -> None:
    from excise import Survival

    X, _ = ar(80, 8, 0.5, 3)
    rng = np.random.default_rng(1)
    y = Survival(rng.exponential(np.exp(-X[:, 2])), rng.random(80) < 0.7)
    found = fit_within(X, y, n_features=2, loss="cox")
    assert len(found.support) == 2 and found.loss < found.null_loss


# --- costs as taxes -----------------------------------------------------------------------------


def test_equal_costs_are_a_number_of_features(diabetes: Table) -> None:
    X, y = diabetes
    money = fit_within(X, y, cost=np.full(10, 2.5), budget=10.0, standardize=True)
    count = fit_within(X, y, n_features=4, standardize=True)
    assert money.alpha == pytest.approx(count.alpha, rel=1e-12)
    np.testing.assert_allclose(money.solution.coef, count.solution.coef, atol=1e-9)
    assert money.loss_bound == pytest.approx(count.loss_bound, rel=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_of_the_tax_that_follows_costs(diabetes: Table, share: float) -> None:
    X, y = diabetes
    cost, own = np.arange(1.0, 11.0), np.where(np.arange(10) == 1, 2.0, 1.0)
    found = fit_within(
        X, y, cost=cost, budget=20.0, cost_share=share, penalty_weight=own, standardize=True
    )
    weight = own * (1.0 - share + share * cost / cost.mean())
    same = fit(X, y, found.alpha, penalty_weight=weight, standardize=True)
    np.testing.assert_allclose(found.solution.coef, same.coef, atol=1e-8)


def test_what_costs_nothing_pays_no_tax_at_share_one(diabetes: Table) -> None:
    X, y = diabetes
    cost = np.where(np.arange(10) < 2, 0.0, 1.0)
    found = fit_within(X, y, cost=cost, budget=2.0, cost_share=1.0, standardize=True)
    assert {0, 1} < set(found.support) and found.total_cost == 2.0
    based = fit_within(X, y, cost=cost, budget=2.0, standardize=True)
    assert based.total_cost == 2.0 and 0 not in based.support  # it still pays the base tax


def test_nothing_costs_anything(diabetes: Table) -> None:
    X, y = diabetes
    found = fit_within(X, y, cost=np.zeros(10), budget=0.0, standardize=True)
    assert len(found.support) == 10 and found.next_feature is None


def test_what_alone_is_too_dear_is_excluded(diabetes: Table) -> None:
    X, y = diabetes
    cost = np.ones(10)
    cost[2] = 50.0  # the first to enter
    found = fit_within(X, y, cost=cost, budget=3.0, refine=0.0, standardize=True)
    np.testing.assert_array_equal(found.unaffordable, [2])
    assert len(found.support) == 3 and 2 not in found.support
    best = min(least_squares(X, y, features) for features in subsets(cost, 3.0))
    assert found.loss_bound is not None and found.loss_bound <= best <= found.loss * (1 + 1e-12)
    assert "excluded: 1 feature dearer than the budget" in found.summary()


def test_sums_that_are_equal_up_to_rounding() -> None:
    X, y = ar(60, 6, 0.0, 0)
    cost = np.array([0.1, 0.2, 5.0, 5.0, 5.0, 5.0])
    found = fit_within(X, y, cost=cost, budget=0.3)
    np.testing.assert_array_equal(found.support, [0, 1])


def test_costs_by_name() -> None:
    import pandas as pd

    X, y = ar(60, 4, 0.0, 0)
    table = pd.DataFrame(X, columns=["age", "blood", "scan", "pulse"])
    found = fit_within(table, y, cost={"scan": 30.0, "blood": 2.0}, budget=10.0)
    assert found.cost is not None
    np.testing.assert_array_equal(found.cost, [0.0, 2.0, 30.0, 0.0])
    with pytest.raises(InputError) as caught:
        fit_within(table, y, cost={"mri": 30.0}, budget=10.0)
    assert str(caught.value) == "cost names 'mri', which is no column of X"


# --- what is shown, what is refused -------------------------------------------------------------


def test_what_is_shown() -> None:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    found = fit_within(X, y, n_features=3, refine=0.0, standardize=True)
    assert found.summary() == (
        "kept 3 of 10 features, 3 at most; alpha 15.03\n"
        "below this alpha 's3' enters: more than 3 features\n"
        "proved: the refined fit is optimal to 1e-15 (duality gap / null loss)\n"
        "proved: none within the limits have a loss below 0.496 of the null loss; "
        "these have 0.520\n"
        "not proved: that no others within the limits fit better"
    )
    assert repr(found) == "Within(n_features=3: kept=3 of 10, alpha=15.0341, best not proved)"
    money = fit_within(X, y, cost=np.ones(10), budget=2.5, standardize=True)
    assert repr(money).startswith("Within(cost 2 of 2.5: kept=2 of 10, ")
    assert money.summary().startswith("kept 2 of 10 features that cost 2, 2.5 at most; alpha ")
    assert "enters: more than the budget of 2.5" in money.summary()


ONES = np.ones(30)
REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, InputError, "no limit is given\n  try: n_features=3, or cost=... with budget=..."),
    ({"n_features": 2.5}, InputTypeError, "n_features must be an integer, not 2.5"),
    ({"n_features": True}, InputTypeError, "n_features must be an integer, not True"),
    ({"n_features": -1}, InputError, "n_features is -1; it must be at least 0"),
    ({"cost": ONES}, InputError, "cost is given without budget\n  try: cost=..., budget=..."),
    ({"budget": 3.0}, InputError, "budget is given without cost\n  try: cost=..., budget=..."),
    *(
        (
            {"cost": ONES, "budget": budget},
            InputError,
            f"budget is {budget}; it must be finite and >= 0",
        )
        for budget in (-1.0, np.nan, np.inf)
    ),
    ({"cost": ONES, "budget": "10"}, InputTypeError, "budget must be a number, not '10'"),
    (
        {"cost": np.ones(29), "budget": 1.0},
        InputError,
        "cost must have shape (30,), one per feature, got (29,)",
    ),
    (
        {"cost": np.where(np.arange(30) == 4, -2.0, 1.0), "budget": 1.0},
        InputError,
        "cost is -2.0 for feature 4; it must be finite and >= 0",
    ),
    (
        {"cost": np.where(np.arange(30) == 4, np.nan, 1.0), "budget": 1.0},
        InputError,
        "cost is nan for feature 4; it must be finite and >= 0",
    ),
    (
        {"cost": np.where(np.arange(30) == 4, np.inf, 1.0), "budget": 1.0},
        InputError,
        "cost is inf for feature 4; it must be finite and >= 0\n"
        "  try: penalty_weight = inf for what cannot be had",
    ),
    (
        {"cost": {"age": 1.0}, "budget": 1.0},
        InputTypeError,
        "cost names columns, but X has no names\n  try: a number per feature, or a data frame",
    ),
    (
        {"cost": ONES, "budget": 1.0, "cost_share": 1.5},
        InputError,
        "cost_share is 1.5; it must lie in [0, 1]",
    ),
    ({"n_features": 3, "refine": 2.0}, InputError, "refine is 2.0; it must lie in [0, 1]"),
    (
        {"n_features": 1, "penalty_weight": np.where(np.arange(30) < 2, 0.0, 1.0)},
        InputError,
        "2 features have no penalty, which is more than n_features = 1\n"
        "  a feature without a penalty is always kept\n"
        "  try: a penalty_weight above 0 for some; infinity excludes a feature",
    ),
    (
        {"cost": 2 * ONES, "budget": 3, "penalty_weight": np.where(np.arange(30) < 2, 0.0, 1.0)},
        InputError,
        "the features with no penalty cost 4, which is more than budget = 3\n"
        "  a feature without a penalty is always kept\n"
        "  try: a penalty_weight above 0 for some; infinity excludes a feature",
    ),
    (
        {"n_features": 3, "schedule": PruneThenRefine(0.0)},
        InputError,
        "fit_within takes no schedule\n  try: refine=0.0, or no schedule",
    ),
    (
        {"n_features": 3, "penalty": "ridge"},
        InputError,
        "a ridge keeps every feature: no alpha keeps within limits\n  try: l1_ratio > 0",
    ),
]


@pytest.mark.parametrize(("settings", "kind", "message"), REFUSED)
def test_refused(settings: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        fit_within(*ar(), **settings)
    assert str(caught.value) == message
