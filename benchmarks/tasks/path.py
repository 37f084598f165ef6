"""A path of 100 alphas: time and certified gap, at the default tolerance and on a ladder.

Of the squared loss without an intercept, of the other losses with one where they have any.
"""

from __future__ import annotations

import warnings
from contextlib import ExitStack

from threadpoolctl import threadpool_limits

from benchmarks.measure import interleaved
from benchmarks.peers import Job, Peer
from benchmarks.peers.null import PASS, floors
from benchmarks.problems import Problem
from benchmarks.tasks.base import Result, Settings
from benchmarks.verify import few, worst, worst_excess, worst_gap

LOSSES = (
    "breast-cancer",
    "khan-classes",
    "logistic-20000x300",
    "logistic-1000x10000",
    "poisson-20000x300",
    "quantile-1000x50",
    "cox-2000x500",
    "gamma-20000x100",
    "tweedie-20000x100",
)
"""Problems of other losses than the squared one."""
GROUPS = (
    "group-1000x5000-1e-1",
    "group-1000x5000-1e-2",
    "group-5000x1000-1e-2",
    "group-200x2000-1e-2",
    "sparse-group-1000x5000-1e-1",
    "sparse-group-200x2000-1e-1",
)
"""Problems of groups, measured at a tight tolerance too."""
PROBLEMS = (
    "diabetes",
    "nci60",
    "khan",
    "ar5-200x5000",
    "ar5-1000x5000",
    "ar5-1000x20000",
    "ar5-20000x500",
    "sparse-text",
    *LOSSES,
    *GROUPS,
)
CURVES = ("diabetes", "nci60", "ar5-200x5000", "ar5-1000x20000", "ar5-20000x500")
"""Those of the picture, measured at other tolerances too, in its order; we lose one of them."""
SOLVED = 1e-15  # of the gap: a tighter tolerance changes nothing


def measure(problem: Problem, settings: Settings) -> Result:
    """Time every peer at its default tolerance in one run; on the ladder, then at others too."""
    able, absent = sorted_out(settings.peers, problem)
    with threadpool_limits(problem.threads), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        jobs: dict[str, Job] = dict(floors(problem))
        runners = {
            f"{peer.name}, {tol:g}": (peer, tol)
            for peer in able
            for tol in peer.tolerances(problem)
        }
        for name, (peer, tol) in runners.items():
            jobs[name] = peer.path(problem, tol)
            stack.callback(jobs[name].close)
        runs = interleaved({name: job.run for name, job in jobs.items()}, budget=settings.budget)
        unit = runs[PASS].median
        rows = [
            {
                "peer": peer.name,
                "version": peer.version,
                "tol": tol,
                **runs[name].facts,
                "passes": runs[name].median / unit,
                **worst(problem, jobs[name].answer(), step=step(problem, peer)),
            }
            for name, (peer, tol) in runners.items()
        ]
        if problem.group_size:
            best = jobs[next(iter(runners))].answer()
            for row, name in zip(rows, runners, strict=True):
                row["worst_excess"] = worst_excess(problem, jobs[name].answer(), best)
    curves = {}
    if problem.name in settings.ladder:
        default = {row["peer"]: row for row in reversed(rows)}
        for peer in able:
            row = default[peer.name]
            curves[peer.name] = climb(problem, peer, row, settings.budget)
    return {
        "task": "path",
        **problem.facts,
        "threads": problem.threads,
        "seconds_per_pass": unit,
        "floors": {name: runs[name].median for name in floors(problem)},
        "rows": rows,
        "absent": absent,
        "curves": curves,
    }


def sorted_out(
    peers: tuple[Peer, ...], problem: Problem
) -> tuple[tuple[Peer, ...], dict[str, str]]:
    """Those who can take `problem`, and why the others cannot, which is printed too."""
    absent = {peer.name: why for peer in peers if (why := peer.obstacle(problem)) is not None}
    for name, why in absent.items():
        print(f"{problem.name}: without {name}: {why}", flush=True)
    return tuple(peer for peer in peers if peer.name not in absent), absent


def step(problem: Problem, peer: Peer) -> int:
    """At which alphas the answers of `peer` are verified: ours at every one."""
    return few(problem) if not problem.squared and peer.name != "excise" else 1


def climb(problem: Problem, peer: Peer, default: Result, budget: float) -> list[Result]:
    """Time and certified gap at tighter and tighter tolerances, while a run stays affordable."""
    points: list[Result] = []
    for tol in peer.ladder or (peer.tol,):
        if tol == peer.tol:
            points.append({key: default[key] for key in ("tol", "seconds", "worst_gap")})
        elif not points or affordable(points[-1], budget):
            points.append(rung(problem, peer, tol, budget))
    return points


def affordable(point: Result, budget: float) -> bool:
    """Whether a tighter tolerance than that of `point` is worth its time."""
    solved = point["worst_gap"] is not None and point["worst_gap"] < SOLVED
    return point["seconds"] < budget / 2 and not solved


def rung(problem: Problem, peer: Peer, tol: float, budget: float) -> Result:
    """Time and certified gap at one tolerance."""
    job = None
    with threadpool_limits(problem.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            job = peer.path(problem, tol)
            runs = interleaved({peer.name: job.run}, budget=min(budget, 2.0), most=5)[peer.name]
            gap = worst_gap(problem, job.answer(), step=few(problem))
        finally:
            if job is not None:
                job.close()
    return {"tol": tol, "seconds": runs.median, "worst_gap": gap}
