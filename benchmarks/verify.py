"""How good each answer is, by our verifier alone: nobody's own stopping figure is believed."""

from __future__ import annotations

import numpy as np

from benchmarks.problems import Problem


def worst_gap(problem: Problem, coefs: np.ndarray) -> float:
    """Largest relative duality gap over the whole path."""
    import excise

    return max(
        excise.certify(
            problem.X, problem.y, np.ascontiguousarray(coef), 0.0, alpha, fit_intercept=False
        ).relative_gap
        for coef, alpha in zip(coefs.T, problem.alphas, strict=True)
    )
