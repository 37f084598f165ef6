"""Estimators in scikit-learn's manner; the only room that imports scikit-learn.

`SparseRegressor` chooses its penalty, proves its zeros and explains itself. `Lasso`, `ElasticNet`,
`Ridge`, `LassoCV`, `ElasticNetCV`, `lasso_path` and `enet_path` take the place of scikit-learn's
classes and functions of the same names.
"""

from excise.linear_model.cross_validated import ElasticNetCV, LassoCV
from excise.linear_model.displays import CVDisplay, LedgerDisplay, PathDisplay
from excise.linear_model.elastic_net import ElasticNet, Lasso
from excise.linear_model.paths import enet_path, lasso_path
from excise.linear_model.ridge import Ridge
from excise.linear_model.sparse_regressor import SparseRegressor
from excise.linear_model.sparse_survival import SparseSurvival
from excise.linear_model.warning import ConvergenceWarning

__all__ = [
    "CVDisplay",
    "ConvergenceWarning",
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LedgerDisplay",
    "PathDisplay",
    "Ridge",
    "SparseRegressor",
    "SparseSurvival",
    "enet_path",
    "lasso_path",
]
