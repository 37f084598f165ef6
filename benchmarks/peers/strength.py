"""Our alpha in the terms of tools that call the strength of the penalty something else.

All others that take part minimise a mean of losses and a multiple of sum |b_j|, as we do: their
alpha, lambda or lmda is ours.
"""

from __future__ import annotations


def inverse(alpha: float, n: int) -> float:
    """C of scikit-learn's classifiers, which weighs the sum of the losses of `n` rows."""
    return 1.0 / (n * alpha)
