"""Answers of scikit-learn, statsmodels and SciPy beside ours, at their tightest tolerances."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from loss_tables import (
    brain_survival,
    engel,
    hitters,
    one_hot,
    policies,
    randhie,
    severities,
    tied_times,
)
from scipy.optimize import least_squares
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression, QuantileRegressor
from sklearn.svm import LinearSVC

from excise import Survival, fit

Array = np.ndarray
BANDS = [*range(1, 8), *range(9, 30)]
"""Columns of the policies without the first age band and region, so that none depends on others."""


def ours(X: Array, y: Any, alpha: float, **settings: Any) -> Array:
    """Intercept and coefficients."""
    made = fit(X, y, alpha, **settings)
    assert made.certificate.relative_gap <= 1e-9
    return np.r_[made.intercept, made.coef]


def standard(X: Array) -> Array:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def breast_cancer() -> tuple[Array, Array]:
    """Ten columns, means of ten measures."""
    X, y = load_breast_cancer(return_X_y=True)
    return standard(X[:, :10]), y.astype(float)


# --- scikit-learn -------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.1, 0.02])
def test_logistic_lasso_by_saga(alpha: float) -> None:
    X, y = breast_cancer()
    theirs = LogisticRegression(
        C=1.0 / (len(y) * alpha), l1_ratio=1.0, solver="saga", tol=1e-12, max_iter=100_000
    ).fit(X, y)
    theirs = np.r_[theirs.intercept_, theirs.coef_[0]]
    np.testing.assert_allclose(ours(X, y, alpha, loss="logistic"), theirs, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.1, 0.01])
def test_lasso_of_classes_by_liblinear(alpha: float) -> None:
    """It penalises an intercept, so there is none; asked for 1e-12 it may wander off."""
    X, y = breast_cancer()
    strength = {"C": 1.0 / (len(y) * alpha), "fit_intercept": False, "tol": 1e-10}
    strength |= {"max_iter": 100_000, "random_state": 0}
    logistic = LogisticRegression(l1_ratio=1.0, solver="liblinear", **strength).fit(X, y)
    hinge = LinearSVC("l1", loss="squared_hinge", dual=False, **strength).fit(X, y)
    for loss, theirs in (("logistic", logistic), ("squared_hinge", hinge)):
        made = ours(X, y, alpha, loss=loss, fit_intercept=False)
        np.testing.assert_allclose(made[1:], theirs.coef_[0], atol=1e-6)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_three_classes_by_saga_and_lbfgs(l1_ratio: float) -> None:
    """Their intercepts differ from ours by a common constant."""
    X, kinds = load_wine(return_X_y=True)
    X, alpha = standard(X), 0.02
    how = {"solver": "lbfgs", "tol": 1e-10} if l1_ratio == 0.0 else {"solver": "saga", "tol": 1e-12}
    theirs = LogisticRegression(
        C=1.0 / (len(X) * alpha), l1_ratio=l1_ratio, max_iter=100_000, **how
    ).fit(X, kinds)
    made = fit(X, one_hot(kinds), alpha, loss="multinomial", l1_ratio=l1_ratio)
    np.testing.assert_allclose(made.coef, theirs.coef_.T, atol=1e-6)
    np.testing.assert_allclose(
        made.intercept, theirs.intercept_ - theirs.intercept_.mean(), atol=1e-6
    )


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.9])
@pytest.mark.parametrize("alpha", [0.1, 0.01])
def test_quantile_lasso_by_highs(quantile: float, alpha: float) -> None:
    """A linear programme; coefficients are compared where ours and theirs are at one vertex."""
    X, y, _ = hitters()
    X, y = standard(X), y / 100.0
    theirs = QuantileRegressor(quantile=quantile, alpha=alpha, solver="highs").fit(X, y)
    made = ours(X, y, alpha, loss=f"quantile:{quantile}")
    theirs = np.r_[theirs.intercept_, theirs.coef_]
    values = [
        np.mean(np.maximum(quantile * r, (quantile - 1.0) * r)) + alpha * np.abs(b[1:]).sum()
        for b in (made, theirs)
        for r in [y - b[0] - X @ b[1:]]
    ]
    assert values[0] == pytest.approx(values[1], rel=1e-9)
    np.testing.assert_allclose(made, theirs, atol=1e-6)


# --- statsmodels --------------------------------------------------------------------------------


def glm(X: Array, y: Array, family: Any, **more: Any) -> Array:
    made = sm.GLM(y, sm.add_constant(X), family=family, **more).fit(tol=1e-14, maxiter=300)
    return np.asarray(made.params)


LOG = sm.families.links.Log


@pytest.mark.parametrize("theta", [0.3, 0.7, 5.0])
def test_counts_without_a_tax(theta: float) -> None:
    X, y = randhie()
    theirs = glm(X, y, sm.families.NegativeBinomial(alpha=1.0 / theta))
    np.testing.assert_allclose(
        ours(X, y, 0.0, loss=f"negative_binomial:{theta}"), theirs, atol=1e-6
    )
    theirs = glm(X, y, sm.families.Poisson())
    np.testing.assert_allclose(ours(X, y, 0.0, loss="poisson"), theirs, atol=1e-8)


def test_amounts_without_a_tax() -> None:
    X, y = severities()
    theirs = glm(X[:, BANDS], y, sm.families.Gamma(LOG()))
    np.testing.assert_allclose(ours(X[:, BANDS], y, 0.0, loss="gamma"), theirs, atol=1e-8)


@pytest.mark.parametrize("power", [1.2, 1.5, 1.9])
def test_amounts_with_zeros_weights_and_offset(power: float) -> None:
    X, y, exposure = policies()
    offset = np.linspace(-0.5, 0.5, len(y))
    family = sm.families.Tweedie(LOG(), var_power=power)
    theirs = glm(X[:, BANDS], y, family, freq_weights=exposure, offset=offset)
    made = ours(X[:, BANDS], y, 0.0, loss=f"tweedie:{power}", sample_weight=exposure, offset=offset)
    np.testing.assert_allclose(made, theirs, atol=1e-7)


def test_classes_without_a_tax() -> None:
    X, y = breast_cancer()
    X = X[:, [0, 1, 4, 5]]
    theirs = glm(X, y, sm.families.Binomial())
    np.testing.assert_allclose(ours(X, y, 0.0, loss="logistic"), theirs, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.1, 0.01])
def test_lassos_by_sequential_quadratic_programming(alpha: float) -> None:
    """fit_regularized(method="l1"): the likelihood is a sum there, hence n * alpha."""
    X, y = breast_cancer()
    counts, visits = (part[:2000] for part in randhie())
    for model, loss, Z, target in (
        (sm.Logit, "logistic", X, y),
        (sm.Poisson, "poisson", standard(counts), visits),
    ):
        tax = len(target) * alpha * np.r_[0.0, np.ones(Z.shape[1])]
        theirs = model(target, sm.add_constant(Z)).fit_regularized(
            method="l1", alpha=tax, acc=1e-15, maxiter=10_000, trim_mode="off", disp=0
        )
        np.testing.assert_allclose(ours(Z, target, alpha, loss=loss), theirs.params, atol=1e-6)


QUANTREG = {
    0.05: (124.88004, 0.34336),
    0.25: (95.48354, 0.47410),
    0.5: (81.48225, 0.56018),
    0.75: (62.39659, 0.64401),
    0.95: (64.10396, 0.70907),
}
"""Intercept and slope of R's quantreg for Engel's data, as its vignette prints them (Koenker)."""


@pytest.mark.parametrize("quantile", [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
def test_quantiles_of_engel(quantile: float) -> None:
    """Weighted least squares come within 1e-8 of the vertex; the vignette gives five digits."""
    X, y = engel()
    made = ours(X, y, 0.0, loss=f"quantile:{quantile}")
    theirs = sm.QuantReg(y, sm.add_constant(X)).fit(q=quantile, p_tol=1e-12, max_iter=20_000)
    np.testing.assert_allclose(made, theirs.params, rtol=3e-8)
    if quantile in QUANTREG:
        np.testing.assert_allclose(made / [1.0, 1000.0], QUANTREG[quantile], atol=6e-6)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("strata", [False, True])
def test_survival_without_a_tax(ties: str, strata: bool) -> None:
    """In statsmodels a row that enters at an event's time is at risk already: hence the half."""
    X, y = tied_times()
    groups = y.strata if strata else None
    more: dict[str, Any] = {"status": y.event, "strata": groups, "ties": ties}
    theirs = sm.PHReg(y.time, X, entry=y.entry + 0.5, **more).fit(tol=1e-15)
    late = Survival(y.time, y.event, y.entry, groups)
    np.testing.assert_allclose(ours(X, late, 0.0, loss=f"cox:{ties}")[1:], theirs.params, atol=1e-9)
    X, y = brain_survival()
    theirs = sm.PHReg(y.time, X, status=y.event, ties=ties).fit(tol=1e-15)
    np.testing.assert_allclose(ours(X, y, 0.0, loss=f"cox:{ties}")[1:], theirs.params, atol=1e-9)


# --- SciPy --------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [0.5, 1.35])
def test_huber_without_a_tax(delta: float) -> None:
    X, y, _ = hitters()
    A, y = np.column_stack([np.ones(len(y)), standard(X)]), y / 100.0
    theirs = least_squares(
        lambda b: A @ b - y, np.zeros(20), lambda b: A, loss="huber", f_scale=delta,
        ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=10_000,
    )  # fmt: skip
    np.testing.assert_allclose(ours(A[:, 1:], y, 0.0, loss=f"huber:{delta}"), theirs.x, atol=2e-6)
