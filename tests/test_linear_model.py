"""The estimators keep scikit-learn's contract, without an expected failure."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from excise.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, Ridge, SparseRegressor

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
]


@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_contract(estimator, check):
    check(estimator)
