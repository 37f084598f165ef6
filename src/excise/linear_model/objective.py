"""scikit-learn's penalties in excise's terms: the only place where they are converted.

excise minimises, for every estimator (docs/objective.md)::

    sum_i w_i (y_i - eta_i)^2 / (2 sum_i w_i) + alpha * (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2)
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
