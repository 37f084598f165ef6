"""How good each answer is, by our verifier alone: nobody's own stopping figure is believed."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.peers.base import PathAnswer
from benchmarks.problems import Problem
from benchmarks.problems.base import Floats

LARGE = 2_000_000
"""Above this many numbers the curves' many answers are verified at every fifth alpha.

So are those of our peers for other losses than the squared one: these cost ten times as much.
"""


def few(problem: Problem) -> int:
    """The step that leaves alphas of large tables out."""
    return 5 if problem.size > LARGE else 1


def worst(problem: Problem, answer: PathAnswer, *, step: int = 1) -> dict[str, float | None]:
    """Largest relative gap and KKT violation of the path, at every `step`-th alpha from its end.

    Both as `certify` has them: over the null loss, and over alpha_max. Infinity where an answer is
    no number; None if `certify` does not take the table.
    """
    import excise

    last, several = len(problem.alphas) - 1, problem.outputs > 1
    intercepts = answer.intercepts if several else np.broadcast_to(answer.intercepts, last + 1)

    def errors(k: int) -> tuple[float, float]:
        coef, intercept = np.ascontiguousarray(answer.coefs[:, k]), intercepts[k]
        if not np.isfinite([*np.ravel(intercept), *coef]).all():
            return math.inf, math.inf
        if several:
            coef = coef.reshape(-1, problem.outputs)
        certificate = excise.certify(
            problem.X,
            problem.y,
            coef,
            intercept if several else float(intercept),
            problem.alphas[k],
            loss=problem.loss,
            fit_intercept=problem.fit_intercept,
            penalty=problem.tax,
        )
        return certificate.relative_gap, certificate.kkt_violation

    try:  # the pool's threads share the cores: BLAS has one in each
        with threadpool_limits(1), ThreadPoolExecutor(problem.threads) as pool:
            found = list(pool.map(errors, range(last, -1, -step)))
    except excise.InputTypeError:
        return {"worst_gap": None, "worst_kkt": None}
    gaps, violations = zip(*found, strict=True)
    return {"worst_gap": max(gaps), "worst_kkt": max(violations)}


def worst_gap(problem: Problem, answer: PathAnswer, *, step: int = 1) -> float | None:
    """The gap of `worst` alone."""
    return worst(problem, answer, step=step)["worst_gap"]


def worst_excess(problem: Problem, answer: PathAnswer, best: PathAnswer) -> float:
    """By how much the objective is above that of `best`, of the squared loss with groups.

    At the worst alpha, over the loss at b = 0. A gap is the dual point's too, and may be larger.
    """
    y, alphas = problem.y, problem.alphas

    def objectives(coefs: Floats) -> Floats:
        loss = ((y[:, None] - problem.X @ coefs) ** 2).mean(axis=0) / 2
        weight = np.ones(len(coefs))
        tax = [problem.tax.value(b, a, weight) for b, a in zip(coefs.T, alphas, strict=True)]
        return loss + np.array(tax)

    above = objectives(answer.coefs) - objectives(best.coefs)
    return float(above.max() / (np.mean(y**2) / 2))
