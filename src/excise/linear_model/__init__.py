"""Estimators in scikit-learn's manner; the only room that imports scikit-learn.

`SparseRegressor` and `SparseClassifier` choose their penalty, prove their zeros and explain
themselves. All other estimators, `lasso_path` and `enet_path` take the place of scikit-learn's
classes and functions of the same names.
"""

from excise.linear_model.cross_validated import ElasticNetCV, LassoCV
from excise.linear_model.displays import CVDisplay, LedgerDisplay, PathDisplay
from excise.linear_model.elastic_net import ElasticNet, Lasso
from excise.linear_model.glm import GammaRegressor, PoissonRegressor, TweedieRegressor
from excise.linear_model.huber import HuberRegressor
from excise.linear_model.logistic import LogisticRegression
from excise.linear_model.logistic_cv import LogisticRegressionCV
from excise.linear_model.multi_task import MultiTaskElasticNet, MultiTaskLasso
from excise.linear_model.multi_task_cv import MultiTaskElasticNetCV, MultiTaskLassoCV
from excise.linear_model.paths import enet_path, lasso_path
from excise.linear_model.quantile import QuantileRegressor
from excise.linear_model.ridge import Ridge
from excise.linear_model.sparse_classifier import SparseClassifier
from excise.linear_model.sparse_regressor import SparseRegressor
from excise.linear_model.sparse_survival import SparseSurvival
from excise.linear_model.warning import ConvergenceWarning

__all__ = [
    "CVDisplay",
    "ConvergenceWarning",
    "ElasticNet",
    "ElasticNetCV",
    "GammaRegressor",
    "HuberRegressor",
    "Lasso",
    "LassoCV",
    "LedgerDisplay",
    "LogisticRegression",
    "LogisticRegressionCV",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PathDisplay",
    "PoissonRegressor",
    "QuantileRegressor",
    "Ridge",
    "SparseClassifier",
    "SparseRegressor",
    "SparseSurvival",
    "TweedieRegressor",
    "enet_path",
    "lasso_path",
]
