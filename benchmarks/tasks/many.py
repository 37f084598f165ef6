"""Many small problems, a path of each: what a call costs beside its arithmetic counts here."""

from __future__ import annotations

import warnings
from contextlib import ExitStack

from threadpoolctl import threadpool_limits

from benchmarks.measure import interleaved
from benchmarks.problems import load_many
from benchmarks.tasks.base import Result, Settings
from benchmarks.verify import worst_gap


def measure(settings: Settings) -> Result:
    """Total time of every peer at its default tolerance, and its worst gap of all problems."""
    problems = load_many(quick=settings.quick)
    with threadpool_limits(1), warnings.catch_warnings(), ExitStack() as stack:
        warnings.simplefilter("ignore")
        jobs = {}
        for peer in settings.peers:
            jobs[peer] = peer.many(problems)
            stack.callback(jobs[peer].close)
        works = {peer.name: job.run for peer, job in jobs.items()}
        runs = interleaved(works, budget=settings.budget)
        answers = {peer: job.answer().paths for peer, job in jobs.items()}
    rows = [
        {
            "peer": peer.name,
            "version": peer.version,
            "tol": peer.tol,
            **runs[peer.name].facts,
            "worst_gap": max(
                worst_gap(problem, path, step=5)
                for problem, path in zip(problems, answers[peer], strict=True)
            ),
        }
        for peer in settings.peers
    ]
    facts = problems[0].facts | {"count": len(problems)}
    return {"task": "many", **facts, "threads": 1, "rows": rows}
