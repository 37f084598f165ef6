"""The estimators keep scikit-learn's contract, without an expected failure."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from excise.linear_model import (
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    HuberRegressor,
    Lasso,
    LassoCV,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
    SparseClassifier,
    SparseRegressor,
    TweedieRegressor,
)
from excise.penalties import GroupLasso, Lq, SparseGroupLasso
from excise.schedules import Adaptive, LocalLinear, PruneThenRefine, Reweighted

ESTIMATORS = [
    Lasso(),
    ElasticNet(),
    ElasticNet(l1_ratio=0.0, alpha=0.1),
    Lasso(alpha=0.1, positive=True, fit_intercept=False),
    Ridge(),
    LassoCV(),
    ElasticNetCV(l1_ratio=[0.5, 1.0]),
    SparseRegressor(),
    SparseRegressor(rule="min", l1_ratio=0.5, standardize=False),
    SparseRegressor(loss="poisson"),
    SparseRegressor(loss="gamma"),
    SparseRegressor(loss="tweedie:1.2"),
    SparseRegressor(loss="negative_binomial"),
    SparseRegressor(loss="huber"),
    SparseRegressor(loss="quantile"),
    SparseClassifier(),
    SparseClassifier(grouped=True),
    SparseClassifier(loss="squared_hinge", rule="min", l1_ratio=0.5),
    LogisticRegression(),
    LogisticRegression(l1_ratio=1.0),
    LogisticRegression(penalty=None),
    LogisticRegressionCV(),
    LogisticRegressionCV(l1_ratios=[0.5, 1.0], scoring="deviance", use_legacy_attributes=False),
    MultiTaskLasso(),
    MultiTaskElasticNet(alpha=0.1),
    MultiTaskElasticNet(l1_ratio=0.0, alpha=0.1),
    MultiTaskLassoCV(),
    MultiTaskElasticNetCV(l1_ratio=[0.5, 1.0]),
    PoissonRegressor(),
    GammaRegressor(),
    TweedieRegressor(),
    TweedieRegressor(power=1.5),
    QuantileRegressor(alpha=0.1),
    HuberRegressor(),
    Lasso(schedule="prune:0"),
    ElasticNet(alpha=0.1, schedule=LocalLinear("mcp")),
    LassoCV(schedule="prune:0,1"),
    ElasticNetCV(schedule=Reweighted(2)),
    LogisticRegression(l1_ratio=1.0, schedule="prune:0.5"),
    LogisticRegressionCV(l1_ratios=[1.0], schedule="adaptive:marginal"),
    QuantileRegressor(alpha=0.1, schedule="prune:0"),
    SparseRegressor(schedule="prune:0,0.5"),
    SparseRegressor(schedule=Adaptive(init="marginal").then(PruneThenRefine(0.1))),
    SparseClassifier(schedule="prune:0.2"),
    SparseRegressor(penalty="mcp:3"),
    SparseRegressor(penalty=Lq()),
    SparseRegressor(penalty=GroupLasso([[0]], rest="alone")),
    SparseClassifier(penalty=SparseGroupLasso([[0]], rest="alone")),
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)
