"""Random problems, easy and nasty, through the engine: python -m tests.fuzz_engine --count 1000.

Every problem has its own seed, so that `--only K` repeats one. What is looked for is in `judge`.
"""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from excise import reference
from excise.certify import certify_problem
from excise.engine import fit_path
from excise.problem import Problem
from excise.results import Path
from excise.standard import column_scale
from tests.fuzz_problems import Array, Case, draw

LONGEST = 2.0
"""Seconds that one path may take."""
GOOD = 1e-9
"""Relative gap that every alpha should reach."""
ROUNDING = 1e-12
"""Share of the null loss below which differences of objectives are not judged."""
TOLD = ("stalled", "beyond", "verifier")
"""Findings that are no broken promise of the engine: it said so itself, or nobody can tell."""


class TooLongError(Exception):
    """A path took more than `LONGEST`."""


# --- what must hold -----------------------------------------------------------------------------


def objective(problem: Problem, coef: Array, intercept: float, alpha: float) -> float:
    """The objective of docs/objective.md in extended precision.

    An intercept that is the best one to its last digits counts as the best one: with columns of
    mean 1e6 its own rounding would be seen.
    """
    wide = np.longdouble
    X = problem.design.columns(slice(None)).astype(wide)
    w, b = problem.weights.astype(wide), coef.astype(wide)
    y = problem.y.astype(wide) - (0.0 if problem.offset is None else problem.offset)
    level = y[0] - intercept - X[0] @ b
    r = y - y[0] - (X - X[0]) @ b
    off, size = w @ r + level, abs(intercept) + abs(y[0]) + np.abs(X[0]) @ np.abs(b)
    if problem.fit_intercept and abs(off) <= 8.0 * np.finfo(np.float64).eps * size:
        level -= off
    if problem.standardize:
        b = b * column_scale(problem).scale
    v = np.where(np.isinf(problem.penalty_weight), 0.0, problem.penalty_weight).astype(wide)
    paid = v * (problem.l1_ratio * np.abs(b) + (1.0 - problem.l1_ratio) * b**2 / 2)
    return float(w @ (r + level) ** 2 / 2 + alpha * paid.sum())


def judge(case: Case, with_reference: bool = True) -> list[str]:
    """Findings, most serious first: each begins with its kind and a colon."""
    before = case.X.tobytes()
    started = time.perf_counter()
    try:
        with _at_most(5.0 * LONGEST):
            path = fit_path(
                case.X, case.y, case.alphas, alpha_min_ratio=case.ratio, **case.settings
            )
    except TooLongError:
        return [f"hang: more than {5.0 * LONGEST} s"]
    except Exception as error:  # nothing may escape: any other error is a finding
        return [f"error: {error!r}"]
    found = []
    if (took := time.perf_counter() - started) > LONGEST:
        found.append(f"slow: {took:.1f} s")
    if case.X.tobytes() != before:
        found.append("written: X was changed")
    numbers = (path.coefs.toarray(), path.intercepts, path.relative_gaps, path.kkt_violations)
    if not all(np.isfinite(a).all() for a in numbers):
        return [*found, "not finite: NaN or infinity in a path"]
    return found + _gaps(path, with_reference) + _between(path)


def _gaps(path: Path, with_reference: bool) -> list[str]:
    problem: Problem = path.problem
    best = _reference(problem, path.alphas) if with_reference else None
    found: dict[str, str] = {}
    for k, alpha in enumerate(path.alphas):
        coef, intercept = path.columns.column(k), float(path.intercepts[k])
        core = float(path.relative_gaps[k])
        try:
            verifier = certify_problem(problem, coef, intercept, float(alpha)).relative_gap
        except ValueError as error:
            found.setdefault("refused", f"alpha {k}: the verifier says {error}")
            continue
        where = f"alpha {k}: core {core:.1e}, verifier {verifier:.1e}"
        if not np.isfinite(verifier):
            found.setdefault("not finite", f"the verifier's gap at {where}")
        if core > GOOD:
            found.setdefault("stalled", where)
        elif verifier > GOOD:
            best = _reference(problem, path.alphas) if best is None else best
            kind = "beyond" if _unprovable(problem, best, k, float(alpha)) else "unconfirmed"
            found.setdefault(kind, where)
        if best is not None and path.null_loss > 0.0:
            here = objective(problem, coef, intercept, float(alpha))
            there = objective(problem, best[0][:, k], best[1][k], float(alpha))
            excess = (here - there) / path.null_loss
            if excess > core + ROUNDING:
                found.setdefault("WRONG", f"{where}, worse than the reference by {excess:.1e}")
            if excess > verifier + ROUNDING:
                found.setdefault("verifier", f"{where}, worse by {excess:.1e}")
    order = ("WRONG", "refused", "unconfirmed", "not finite", "verifier", "beyond", "stalled")
    return [f"{kind}: {found[kind]}" for kind in order if kind in found]


def _between(path: Path) -> list[str]:
    """`at` between two alphas, and the events: finite, coherent, in bounded time."""
    found = []
    try:
        with _at_most(5.0 * LONGEST):
            point = path.at(float(np.sqrt(path.alphas[0]) * np.sqrt(path.alphas[1])))
            events = path.events()
    except TooLongError:
        return ["hang: at or events"]
    proof = point.certificate
    if not np.isfinite([point.intercept, proof.gap, proof.relative_gap, proof.kkt_violation]).all():
        found.append("not finite: NaN or infinity in a solution")
    if proof.relative_gap > GOOD and path.relative_gaps[:2].max() <= GOOD:
        found.append(f"stalled: {proof.relative_gap:.1e} between alphas 0 and 1")
    inside: set[int] = set()
    for event in events:
        if path.problem.penalty_weight[event.feature] == 0.0:
            continue
        if (event.kind == "enters") == (event.feature in inside):
            found.append(f"incoherent: {event}")
            break
        inside ^= {event.feature}
    return found


def _unprovable(problem: Problem, best: tuple[Array, Array] | None, k: int, alpha: float) -> bool:
    """Whether the verifier does not confirm the reference's solution either."""
    if best is None:
        return True
    return certify_problem(problem, best[0][:, k], best[1][k], alpha).relative_gap > GOOD


def _reference(problem: Problem, alphas: Array) -> tuple[Array, Array] | None:
    try:
        with _at_most(LONGEST):
            return reference.path(problem, [float(a) for a in alphas])
    except (TooLongError, np.linalg.LinAlgError, FloatingPointError):
        return None


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise TooLongError

    old = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, old)


# --- many of them -------------------------------------------------------------------------------


def _work(seed: int, first: int, last: int, at: Any, queue: Any, every: int) -> None:
    faulthandler.enable()
    np.seterr(over="ignore", under="ignore")
    for k in range(first, last):
        at.value = k
        faulthandler.dump_traceback_later(60.0, exit=True)  # a hang that asks for no signals
        for finding in judge(draw(seed, k), k % every == 0):
            queue.put((k, finding))
    at.value = last


def hunt(seed: int, count: int, every: int = 1) -> Iterator[tuple[int, str]]:
    """Findings of many problems; a worker that dies is a finding too."""
    context = multiprocessing.get_context("fork")
    first = 0
    while first < count:
        at, queue = context.Value("q", first), context.SimpleQueue()
        worker = context.Process(target=_work, args=(seed, first, count, at, queue, every))
        worker.start()
        while worker.is_alive() or not queue.empty():
            if queue.empty():
                time.sleep(0.05)
            else:
                yield queue.get()
        worker.join()
        if at.value < count:
            yield at.value, f"CRASH: exit code {worker.exitcode}"
        first = at.value + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one problem, shown in full")
    parser.add_argument("--every", type=int, default=1, help="ask the reference every so often")
    args = parser.parse_args()
    if args.only is not None:
        case = draw(args.seed, args.only)
        print(case, *judge(case), sep="\n")
        return
    seen: Counter[str] = Counter()
    for k, finding in hunt(args.seed, args.count, args.every):
        seen[finding.split(":")[0]] += 1
        print(f"--seed {args.seed} --only {k}  {finding}\n    {draw(args.seed, k)}", flush=True)
    print(f"{args.count} problems;", dict(seen) or "nothing found", flush=True)


if __name__ == "__main__":
    main()
