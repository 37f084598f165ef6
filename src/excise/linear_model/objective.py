"""scikit-learn's penalties in excise's terms: the only place where they are converted.

excise minimises, for every estimator (docs/objective.md)::

    sum_i w_i l(y_i, eta_i) / sum_i w_i + alpha * (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2)

where l is half the unit deviance: (y - eta)^2 / 2 for the squared loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from excise.exceptions import InputError


def elastic_net_alphas(alpha: float, total_weight: float, n_targets: int) -> list[float]:
    """Alpha of scikit-learn's ElasticNet and Lasso, for each target: the same.

    scikit-learn rescales the weights to sum to n and divides the loss by 2 n.
    """
    return [float(alpha)] * n_targets


def ridge_alphas(alpha: Any, total_weight: float, n_targets: int) -> list[float]:
    """Alpha of scikit-learn's Ridge, for each target: divided by the sum of the weights.

    scikit-learn minimises ``sum_i w_i (y_i - eta_i)^2 + alpha |b|_2^2`` with the weights as they
    are given; divided by ``2 sum_i w_i`` this is excise's objective.
    """
    given = np.atleast_1d(np.asarray(alpha, dtype=np.float64))
    if given.shape not in ((1,), (n_targets,)):
        raise InputError(
            "Number of targets and number of penalties do not correspond: "
            f"{given.size} != {n_targets}"
        )
    return [float(value) / total_weight for value in np.broadcast_to(given, n_targets)]


def logistic_alpha(C: float, total_weight: float) -> float:
    """Alpha of scikit-learn's LogisticRegression: 1 over C and the sum of the weights.

    scikit-learn minimises ``C sum_i w_i l(y_i, eta_i) + l1_ratio |b|_1 + (1 - l1_ratio)/2
    |b|_2^2``, the weights with those of the classes in them; divided by ``C sum_i w_i`` this is
    excise's objective. An infinite C is no penalty.
    """
    return 1.0 / (float(C) * total_weight)


def deviance_alpha(alpha: float) -> float:
    """Alpha of scikit-learn's PoissonRegressor, GammaRegressor and TweedieRegressor: the same.

    scikit-learn minimises ``sum_i w_i d(y_i, mu_i) / (2 sum_i w_i) + alpha/2 |b|_2^2`` with the
    unit deviance d, twice our loss.
    """
    return float(alpha)


def quantile_alpha(alpha: float) -> float:
    """Alpha of scikit-learn's QuantileRegressor: the same, with l1_ratio 1.

    scikit-learn minimises ``sum_i w_i pinball(y_i - eta_i) / sum_i w_i + alpha |b|_1``.
    """
    return float(alpha)


def huber_alpha(alpha: float, scale: float, total_weight: float) -> float:
    """Alpha of scikit-learn's HuberRegressor at one scale s, for the Huber loss of epsilon * s.

    scikit-learn minimises ``sum_i w_i (s + s H(r_i / s)) + alpha |b|_2^2``, and ``s H(r / s)`` is
    the Huber loss times ``2 / s``; divided by ``2 sum_i w_i / s`` this is excise's objective.
    """
    return float(alpha) * scale / total_weight
