"""Paths of SLOPE against sortedl1: ``python -m benchmarks.slope [--quick]``.

Apart from ``benchmarks.run``, whose problems are all lassos. Same centred columns of variance 1,
same taxes and alphas, no intercept, no early end of the path, one thread, runs interleaved. Each
answer of ours and every fifth of sortedl1's is certified by `excise.certify`; processor time
counts, which neighbours on the machine disturb less.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.measure import interleaved
from benchmarks.problems.base import Floats, Problem
from benchmarks.problems.simulated import maker

CASES = ((200, 1000, 0.1), (200, 1000, 0.05), (1000, 200, 0.01), (1000, 200, 0.001))
TOLERANCES = (1e-4, 1e-6, 1e-8, 1e-10)
Q, ALPHAS = 0.1, 50


class Answer(NamedTuple):
    """A tool's path: coefficients, a column per alpha, and the worst certified gap."""

    name: str
    coefs: Floats
    gap: float


def main() -> None:
    """Print a Markdown table per problem."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slope", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="cut-down problems")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds per problem (20)")
    options = parser.parse_args()
    cases = ((60, 90, 0.1),) if options.quick else CASES
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n, p, ratio in cases:
            print(measured(maker(0.5, n, p, ratio)(), ratio, options.budget), flush=True)


def measured(problem: Problem, ratio: float, budget: float) -> str:
    """A table of times, ratios and gaps."""
    import excise
    from excise.penalties import SortedL1

    X, y, (n, p) = problem.X, problem.y, problem.X.shape
    penalty, ones = SortedL1(Q), np.ones(p)
    alphas = penalty.entry(X.T @ y / n, ones) * np.geomspace(1.0, ratio, ALPHAS)
    found: dict[str, Any] = {}

    def timed(name: str, work: Callable[[], Any]) -> Callable[[], float]:
        def run() -> float:
            start = time.process_time()
            found[name] = work()
            return time.process_time() - start

        return run

    def ours() -> Floats:
        path = excise.fit_path(X, y, alphas, penalty=penalty, fit_intercept=False)
        return np.asarray(path.coefs.toarray())

    works = {"excise": timed("excise", ours)}
    for tol in TOLERANCES if has_peer() else ():
        name = f"sortedl1 (tol {tol:.0e})"
        works[name] = timed(name, lambda tol=tol: theirs(X, y, penalty.taxes(p), alphas, tol))
    runs = interleaved(works, budget=budget)
    lines = [
        f"**SLOPE, q = {Q:g}, {problem.title}: {ALPHAS} alphas to {ratio:g} alpha_max**\n",
        "| tool | time | over excise | worst relative gap |\n| --- | ---: | ---: | ---: |",
    ]
    for name, coefs in found.items():
        gap = max(
            excise.certify(
                X, y, coefs[:, k], 0.0, alphas[k], penalty=penalty, fit_intercept=False
            ).relative_gap
            for k in range(0, ALPHAS, 1 if name == "excise" else 5)
        )
        seconds = runs[name].median
        over = seconds / runs["excise"].median
        lines.append(f"| {name} | {1e3 * seconds:.0f} ms | {over:.2f}x | {gap:.0e} |")
    return "\n".join(lines) + "\n"


def has_peer() -> bool:
    """Whether sortedl1 is installed."""
    try:
        import sortedl1  # noqa: F401
    except ImportError:
        return False
    return True


def theirs(X: Floats, y: Floats, taxes: Floats, alphas: Floats, tol: float) -> Floats:
    """Coefficients of ``Slope.path``, whose objective is ours."""
    from sortedl1 import Slope

    model = Slope(lam=taxes, fit_intercept=False, tol=tol, max_iter=1_000_000)
    made = model.path(
        X, y, alphas=alphas, tol_dev_change=0.0, tol_dev_ratio=1.0, max_clusters=10**9
    )
    coefs = made.coefs
    return np.asarray(coefs.toarray() if hasattr(coefs, "toarray") else coefs).reshape(
        len(taxes), -1
    )


if __name__ == "__main__":
    main()
