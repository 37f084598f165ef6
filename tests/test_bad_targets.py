"""Targets and parameters that a loss has no meaning for: exact texts, in under a second."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import mean_tweedie_deviance

from excise import certify, fit, linear_model
from excise.exceptions import InputError

Array = np.ndarray
FILL = "\n  try: fill or drop such rows"
NOT_CONVEX = (
    "  with a log link its deviance is not convex below 0 and above 2: no optimum can be proved"
)
X = np.array([[1.0, 0.5], [2.0, 1.0], [0.0, 3.0], [1.5, -1.0]])
TIME, EVENT = [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 1.0, 1.0]
BAD: dict[str, tuple[str, Any, str]] = {
    "one class": (
        "logistic",
        [1, 1, 1, 1],
        "y is 1.0 in all 4 rows; there is nothing to learn\n"
        "  the logistic loss needs rows of both classes",
    ),
    "one class, hinge": (
        "squared_hinge",
        [0, 0, 0, 0],
        "y is 0.0 in all 4 rows; there is nothing to learn\n"
        "  the squared_hinge loss needs rows of both classes",
    ),
    "a third class": (
        "logistic",
        [0, 1, 2, 1],
        "y is 2.0 in row 2; the logistic loss needs classes 0 and 1, or shares between",
    ),
    "negative count": (
        "poisson",
        [1, 2, 0, -1],
        "y is -1.0 in row 3; the poisson loss needs counts >= 0",
    ),
    "negative count, overdispersed": (
        "negative_binomial",
        [-2, 2, 0, 1],
        "y is -2.0 in row 0; the negative_binomial loss needs counts >= 0",
    ),
    "no count": (
        "poisson",
        [0, 0, 0, 0],
        "y is 0.0 in all 4 rows; an intercept would be -infinity\n"
        "  the poisson loss needs a value above 0",
    ),
    "amount of zero": (
        "gamma",
        [1, 0, 2, 1],
        "y is 0.0 in row 1; the gamma loss needs numbers > 0",
    ),
    "negative amount": (
        "gamma",
        [1, 2, 2, -3],
        "y is -3.0 in row 3; the gamma loss needs numbers > 0",
    ),
    "negative amount with zeros": (
        "tweedie",
        [1, 0, -2, 1],
        "y is -2.0 in row 2; the tweedie loss needs numbers >= 0",
    ),
    "event of 2": (
        "cox",
        (TIME, [1, 0, 2, 1]),
        "event is 2.0 in row 2; 0 = censored, 1 = event",
    ),
    "event of -1": (
        "cox",
        (TIME, [-1, 0, 1, 1]),
        "event is -1.0 in row 0; 0 = censored, 1 = event",
    ),
    "event of NaN": ("cox", (TIME, [1, np.nan, 1, 1]), "event holds NaN in row 1" + FILL),
    "no event": (
        "cox",
        (TIME, [0, 0, 0, 0]),
        "event is 0 in all 4 rows; there is nothing to learn",
    ),
    "time of zero": (
        "cox",
        ([1.0, 0.0, 3.0, 4.0], EVENT),
        "time is 0.0 in row 1; times must be > 0",
    ),
    "negative time": (
        "cox",
        ([1.0, 2.0, 3.0, -4.0], EVENT),
        "time is -4.0 in row 3; times must be > 0",
    ),
    "time of NaN": ("cox", ([np.nan, 2.0, 3.0, 4.0], EVENT), "time holds NaN in row 0" + FILL),
    "y of NaN": ("huber", [1, 2, np.nan, 4], "y holds NaN in row 2" + FILL),
    "quantile of 1": ("quantile:1", TIME, "the quantile loss needs 0 < q < 1, got 1.0"),
    "quantile of -0.1": ("quantile:-0.1", TIME, "the quantile loss needs 0 < q < 1, got -0.1"),
    "quantile of 50": ("quantile:50", TIME, "the quantile loss needs 0 < q < 1, got 50.0"),
    "delta of zero": ("huber:0", TIME, "the huber loss needs finite delta > 0, got 0.0"),
    "power of 3": (
        "tweedie:3",
        TIME,
        "the tweedie loss needs 1 < power < 2, got 3.0\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'\n" + NOT_CONVEX,
    ),
    "power of -1": (
        "tweedie:-1",
        TIME,
        "the tweedie loss needs 1 < power < 2, got -1.0\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'\n" + NOT_CONVEX,
    ),
    "power of 0.5": (
        "tweedie:0.5",
        TIME,
        "the tweedie loss needs 1 < power < 2, got 0.5\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'\n"
        "  no distribution has a power between 0 and 1",
    ),
    "power of 0": (
        "tweedie:0",
        TIME,
        "the tweedie loss needs 1 < power < 2, got 0.0\n"
        "  power 0 is 'squared', 1 is 'poisson', 2 is 'gamma'",
    ),
    "ties": ("cox:exact", (TIME, EVENT), "unknown ties 'exact'\n  valid: 'breslow', 'efron'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_an_exact_text(case: str) -> None:
    spec, y, message = BAD[case]
    for run in (fit, certify_zeros):
        started = time.perf_counter()
        with pytest.raises(InputError) as error:
            run(X, y, 0.1, loss=spec)
        assert str(error.value) == message
        assert time.perf_counter() - started < 1.0


def certify_zeros(X: Array, y: Any, alpha: float, **problem: Any) -> Any:
    return certify(X, y, np.zeros(X.shape[1]), 0.0, alpha, **problem)


@pytest.mark.parametrize("power", [-1.0, 0.0, 3.0, 4.5])
def test_the_reason_for_refusing_a_power_is_true(power: float) -> None:
    """The second derivative of half the deviance, for y = 1, by its formula and by differences."""
    mu = np.geomspace(1e-3, 1e3, 301)

    def bend(p: float) -> Array:
        return (2.0 - p) * mu ** (2.0 - p) + (p - 1.0) * mu ** (1.0 - p)

    h, eta = 1e-4, np.log(mu)
    half = [deviance_of(power, eta + d) for d in (-h, 0.0, h)]
    seen = (half[0] - 2.0 * half[1] + half[2]) / h**2
    near = np.abs(eta) < 1.0
    np.testing.assert_allclose(seen[near], bend(power)[near], rtol=1e-4, atol=1e-5)
    assert bend(power).min() < 0.0
    for convex in (1.0, 1.5, 2.0):
        assert bend(convex).min() >= 0.0


def deviance_of(power: float, eta: Array) -> Array:
    ones = np.ones(1)
    return np.array([mean_tweedie_deviance(ones, np.exp([one]), power=power) / 2.0 for one in eta])


BAD_ESTIMATORS: dict[str, tuple[Any, Any, str]] = {
    "one label": (
        linear_model.LogisticRegression(),
        ["a"] * 4,
        "y holds one class only ('a'); there is nothing to learn\n  try: rows of a second class",
    ),
    "one label, hinge": (
        linear_model.SparseClassifier(loss="squared_hinge"),
        [0] * 4,
        "y holds one class only (0); there is nothing to learn\n  try: rows of a second class",
    ),
    "negative count": (
        linear_model.PoissonRegressor(),
        [1, -2, 3, 4],
        "y is -2.0 in row 1; the poisson loss needs counts >= 0",
    ),
    "amount of zero": (
        linear_model.GammaRegressor(),
        [1, 0, 3, 4],
        "y is 0.0 in row 1; the gamma loss needs numbers > 0",
    ),
    "quantile of 1.5": (
        linear_model.QuantileRegressor(quantile=1.5),
        TIME,
        "the quantile loss needs 0 < q < 1, got 1.5",
    ),
    "event of 2": (
        linear_model.SparseSurvival(),
        np.array([[1.0, 1.0], [2.0, 0.0], [3.0, 2.0], [4.0, 1.0]]),
        "event is 2.0 in row 2; 0 = censored, 1 = event",
    ),
    "negative time": (
        linear_model.SparseSurvival(),
        np.array([[1.0, 1.0], [-2.0, 0.0], [3.0, 1.0], [4.0, 1.0]]),
        "time is -2.0 in row 1; times must be > 0",
    ),
    "power of 3": (
        linear_model.TweedieRegressor(power=3),
        TIME,
        "power=3 is not solved\n  powers: 0, and 1 to 2\n" + NOT_CONVEX + "\n  try: power=1.5",
    ),
    "power of 0.5": (
        linear_model.TweedieRegressor(power=0.5),
        TIME,
        "power=0.5 is not solved\n  powers: 0, and 1 to 2\n"
        "  no distribution has a power between 0 and 1\n  try: power=1.5",
    ),
    "power of 0, logarithm": (
        linear_model.TweedieRegressor(link="log"),
        TIME,
        "link='log' is not solved for power=0.0\n"
        "  (y - e^eta)^2 is not convex in eta: no optimum can be proved\n  try: link='auto'",
    ),
    "power of 1, identity": (
        linear_model.TweedieRegressor(power=1, link="identity"),
        TIME,
        "link='identity' is not solved for power=1\n"
        "  the mean must stay above 0, which the identity does not promise\n  try: link='auto'",
    ),
}


@pytest.mark.parametrize("case", BAD_ESTIMATORS)
def test_estimators_say_it_too(case: str) -> None:
    model, y, message = BAD_ESTIMATORS[case]
    with pytest.raises(InputError) as error:
        model.fit(X, y)
    assert str(error.value) == message
