"""docs/objective.md: what alpha is called elsewhere, against scikit-learn at tight tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, LassoLars, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import Table, ar, scaled

from excise.engine import fit

TIGHT = {"tol": 1e-15, "max_iter": 500_000}
ROWS: dict[str, tuple[Any, dict[str, Any]]] = {
    "Lasso": (Lasso(alpha=0.1, **TIGHT), {"alpha": 0.1}),
    "LassoLars": (LassoLars(alpha=0.1), {"alpha": 0.1}),
    "ElasticNet": (
        ElasticNet(alpha=0.3, l1_ratio=0.6, **TIGHT),
        {"alpha": 0.3, "l1_ratio": 0.6},
    ),
    "positive": (Lasso(alpha=0.1, positive=True, **TIGHT), {"alpha": 0.1, "bounds": "positive"}),
    "Ridge": (Ridge(alpha=60 * 0.1), {"alpha": 0.1, "penalty": "ridge"}),
}


@pytest.mark.parametrize(("theirs", "problem"), ROWS.values(), ids=ROWS)
def test_same_alpha_same_answer(theirs: Any, problem: dict[str, Any]) -> None:
    X, y = ar()
    theirs.fit(X, y + 3.0)
    ours = fit(X, y + 3.0, **problem)
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-10)
    assert ours.intercept == pytest.approx(theirs.intercept_, abs=1e-10)


def test_weights_count_by_their_ratios_there_too() -> None:
    X, y = ar()
    weight = np.random.default_rng(0).random(len(y)) * 7.0
    ours = fit(X, y, 0.1, sample_weight=weight)
    theirs = Lasso(alpha=0.1, **TIGHT).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-10)
    ours = fit(X, y, 0.1, sample_weight=weight, penalty="ridge")
    theirs = Ridge(alpha=0.1 * weight.sum()).fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-10)


def test_standardize_is_a_standard_scaler() -> None:
    X, y = scaled()
    ours = fit(X, y, 0.1, standardize=True)
    theirs = make_pipeline(StandardScaler(), Lasso(alpha=0.1, **TIGHT)).fit(X, y)
    np.testing.assert_allclose(ours.coef_std, theirs[-1].coef_, atol=1e-10)


@pytest.mark.parametrize("mixing", [1.0, 0.4])
def test_glmnet_scales_y_first(diabetes: Table, mixing: float) -> None:
    """glmnet's gaussian problem, written as it poses it: y / s_y, lambda / s_y."""
    X, y = diabetes
    lam, s_y = 2.0, y.std()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = ElasticNet(alpha=lam / s_y, l1_ratio=mixing, **TIGHT).fit(Z, y / s_y)
    tax, ridge = lam * mixing, lam * (1.0 - mixing) / s_y
    ours = fit(X, y, tax + ridge, l1_ratio=tax / (tax + ridge), standardize=True)
    np.testing.assert_allclose(ours.coef_std, theirs.coef_ * s_y, atol=1e-9)
