"""How good each answer is, by our verifier alone: nobody's own stopping figure is believed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.problems import Problem

LARGE = 2_000_000
"""Above this many numbers the picture's many answers are verified at every fifth alpha."""


def worst_gap(problem: Problem, coefs: np.ndarray, *, thin: bool = False) -> float:
    """Largest relative duality gap over the path; `thin` may leave alphas of large tables out."""
    import excise

    step = 5 if thin and problem.X.size > LARGE else 1
    last = len(problem.alphas) - 1

    def gap(k: int) -> float:
        coef, alpha = np.ascontiguousarray(coefs[:, k]), problem.alphas[k]
        certificate = excise.certify(problem.X, problem.y, coef, 0.0, alpha, fit_intercept=False)
        return certificate.relative_gap

    with ThreadPoolExecutor(problem.threads) as pool:
        return max(pool.map(gap, range(last, -1, -step)))
