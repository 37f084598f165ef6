"""A path of 100 alphas: time and certified gap, at the default tolerance and on a ladder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from threadpoolctl import threadpool_limits

from benchmarks.measure import interleaved
from benchmarks.peers import Job, NullJob, Peer
from benchmarks.problems import Problem
from benchmarks.verify import worst_gap

PASS = "one X'y"


def measure(
    problem: Problem, peers: Sequence[Peer], *, budget: float, ladder: bool = False
) -> dict[str, Any]:
    """Time every peer at its default tolerance in one run; with `ladder`, then at others too."""
    with threadpool_limits(problem.threads), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        jobs: dict[str, Job] = {PASS: NullJob(problem)}
        for peer in peers:
            jobs[peer.name] = peer.path(problem, peer.tol)
            stack.callback(jobs[peer.name].close)
        runs = interleaved({name: job.run for name, job in jobs.items()}, budget=budget)
        unit = runs.pop(PASS).median
        rows = [
            {
                "peer": peer.name,
                "version": peer.version,
                "tol": peer.tol,
                "seconds": runs[peer.name].median,
                "best": runs[peer.name].best,
                "runs": len(runs[peer.name].seconds),
                "passes": runs[peer.name].median / unit,
                "worst_gap": worst_gap(problem, jobs[peer.name].answer().coefs),
            }
            for peer in peers
        ]
        curves = {
            peer.name: climb(problem, peer, row, budget)
            for peer, row in zip(peers, rows, strict=True)
            if ladder
        }
    n, p = problem.X.shape
    return {
        "task": "path",
        "problem": problem.name,
        "title": problem.title,
        "n": n,
        "p": p,
        "n_alphas": problem.n_alphas,
        "alpha_min_ratio": problem.alpha_min_ratio,
        "threads": problem.threads,
        "seconds_per_pass": unit,
        "rows": rows,
        "curves": curves,
    }


def climb(
    problem: Problem, peer: Peer, default: dict[str, Any], budget: float
) -> list[dict[str, float]]:
    """Time and certified gap at tighter and tighter tolerances, while a run stays affordable."""
    points: list[dict[str, float]] = []
    for tol in peer.ladder or (peer.tol,):
        if tol == peer.tol:
            points.append({key: default[key] for key in ("tol", "seconds", "worst_gap")})
            continue
        if points and points[-1]["seconds"] > budget:
            break
        job = peer.path(problem, tol)
        try:
            runs = interleaved({peer.name: job.run}, budget=min(budget, 3.0), most=5)[peer.name]
            gap = worst_gap(problem, job.answer().coefs, thin=True)
        finally:
            job.close()
        points.append({"tol": tol, "seconds": runs.median, "worst_gap": gap})
    return points
