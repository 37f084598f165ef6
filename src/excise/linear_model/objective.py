"""scikit-learn's objectives in excise's terms: the only place where they are converted.

excise minimises, for every estimator (docs/objective.md)::

    sum_i w_i (y_i - eta_i)^2 / (2 sum_i w_i) + alpha * (l1_ratio |b|_1 + (1 - l1_ratio)/2 |b|_2^2)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Strength(NamedTuple):
    """The penalty of one fit, in excise's terms."""

    alpha: float
    l1_ratio: float


def elastic_net(alpha: float, l1_ratio: float) -> Strength:
    """Convert the penalty of scikit-learn's ElasticNet (and of its Lasso, ``l1_ratio=1``).

    scikit-learn rescales the weights to sum to n and divides the loss by 2 n: the same objective.
    """
    return Strength(float(alpha), float(l1_ratio))


def ridge(alpha: ArrayLike, total_weight: float, n_targets: int) -> list[Strength]:
    """Convert the penalty of scikit-learn's Ridge, one for each target.

    scikit-learn minimises ``sum_i w_i (y_i - eta_i)^2 + alpha |b|_2^2`` with the weights as they
    are given; divided by ``2 sum_i w_i`` this is excise's objective with ``alpha / sum_i w_i``.
    """
    alphas = np.broadcast_to(np.asarray(alpha, dtype=float) / total_weight, (n_targets,))
    return [Strength(float(a), 0.0) for a in alphas]
