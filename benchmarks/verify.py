"""How good each answer is, by our verifier alone: nobody's own stopping figure is believed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.problems import Problem

LARGE = 2_000_000
"""Above this many numbers the curves' many answers are verified at every fifth alpha."""


def few(problem: Problem) -> int:
    """The step that leaves alphas of large tables out."""
    return 5 if problem.size > LARGE else 1


def worst_gap(problem: Problem, coefs: np.ndarray, *, step: int = 1) -> float | None:
    """Largest relative duality gap over the path, at every `step`-th alpha from its end.

    None if `certify` does not take the table.
    """
    import excise

    last = len(problem.alphas) - 1

    def gap(k: int) -> float:
        coef, alpha = np.ascontiguousarray(coefs[:, k]), problem.alphas[k]
        certificate = excise.certify(problem.X, problem.y, coef, 0.0, alpha, fit_intercept=False)
        return certificate.relative_gap

    try:
        with ThreadPoolExecutor(problem.threads) as pool:
            return max(pool.map(gap, range(last, -1, -step)))
    except excise.InputTypeError:
        return None
