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
from dataclasses import dataclass
from typing import Any

import numpy as np

from excise import reference
from excise.certify import certify_problem
from excise.engine import fit_path
from excise.problem import Problem
from excise.results import Path
from excise.standard import column_scale

Array = np.ndarray[Any, Any]
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


@dataclass(frozen=True)
class Case:
    """One problem, as a user would pass it."""

    X: Array
    y: Array
    alphas: int
    ratio: float
    settings: dict[str, Any]

    def __str__(self) -> str:
        plain = (bool, int, float, str)
        brief = {k: v for k, v in self.settings.items() if isinstance(v, plain)}
        arrays = sorted(self.settings.keys() - brief.keys())
        return f"{self.X.shape} {self.X.dtype} {brief} + {arrays}, {self.alphas} to {self.ratio:g}"


# --- problems ---------------------------------------------------------------------------------


def draw(seed: int, k: int) -> Case:
    """Problem `k` of a seed."""
    rng = np.random.default_rng([seed, k])
    n, p = int(rng.integers(1, 61)), int(rng.integers(1, 81))
    if rng.random() < 0.1:
        n = int(rng.integers(1, 6))
    X = _columns(rng, n, p)
    y = _target(rng, X)
    settings = _settings(rng, X, y)
    X, y = _units(rng, X, y, settings)
    X = _layout(rng, X)
    return Case(X, y, int(rng.integers(5, 21)), float(10.0 ** rng.uniform(-4, -1)), settings)


def _columns(rng: np.random.Generator, n: int, p: int) -> Array:
    kind = rng.choice(["normal", "ar", "binary", "integers", "rank", "powers", "sparse"])
    X = rng.standard_normal((n, p))
    if kind == "ar":
        rho = rng.choice([0.5, 0.9, 0.99, 0.999])
        for j in range(1, p):
            X[:, j] = rho * X[:, j - 1] + np.sqrt(1.0 - rho**2) * X[:, j]
    elif kind == "binary":
        cut = rng.uniform(-1.5, 1.5)
        X = np.greater(X, cut).astype(np.float64)
    elif kind == "integers":
        X = rng.integers(-2, 3, (n, p)).astype(np.float64)
    elif kind == "rank":
        r = int(rng.integers(1, 4))
        X = rng.standard_normal((n, r)) @ rng.standard_normal((r, p))
    elif kind == "powers":
        X = np.vander(np.sort(rng.random(n)), p + 1, increasing=True)[:, 1:]
    elif kind == "sparse":
        X = X * (rng.random((n, p)) < 0.15)
    return _spoil(rng, X)


def _spoil(rng: np.random.Generator, X: Array) -> Array:
    """Copies, mirror images, sums and constants among the columns."""
    p = X.shape[1]
    for j in range(p):
        u = rng.random() / (0.02 if p == 1 else 0.5)
        other = int(rng.integers(p))
        if u < 0.1:
            X[:, j] = X[:, other]
        elif u < 0.15:
            X[:, j] = -X[:, other]
        elif u < 0.2:
            X[:, j] = X[:, other] + X[:, int(rng.integers(p))]
        elif u < 0.25:
            X[:, j] = rng.choice([0.0, 0.1, 1e6])
        elif u < 0.28:
            X[:, j] = X[:, other] + 1e-9 * rng.standard_normal(len(X))
    return X


def _target(rng: np.random.Generator, X: Array) -> Array:
    n, p = X.shape
    coef = rng.standard_normal(p) * (rng.random(p) < rng.choice([0.1, 0.5]))
    y = X @ coef / (1.0 + np.abs(X @ coef).max()) + rng.choice([0.0, 0.1, 1.0]) * (
        rng.standard_normal(n)
    )
    kind = rng.random()
    if kind < 0.15:
        y = np.round(3.0 * y)
    elif kind < 0.2:
        y = np.full(n, 0.3)
    elif kind < 0.25:
        y = X[:, int(rng.integers(p))].copy()
    return y


def _settings(rng: np.random.Generator, X: Array, y: Array) -> dict[str, Any]:
    n, p = X.shape
    out: dict[str, Any] = {
        "fit_intercept": bool(rng.random() < 0.75),
        "standardize": bool(rng.random() < 0.5),
        "n_threads": int(rng.integers(1, 3)),
    }
    out["l1_ratio"] = float(rng.choice([1.0, 1.0, 1.0, 0.0, 0.5, 0.99, 1e-3, rng.random()]))
    if rng.random() < 0.3:
        w = rng.random(n) if rng.random() < 0.5 else rng.integers(0, 4, n).astype(np.float64)
        w[rng.random(n) < 0.1] = 0.0
        if w.max() > 0.0:
            out["sample_weight"] = w
    if rng.random() < 0.2:
        out["offset"] = rng.standard_normal(n)
    if rng.random() < 0.3:
        v = rng.choice([1.0, 1.0, 0.0, np.inf, 0.01, 100.0], p)
        out["penalty_weight"] = np.where(rng.random(p) < 0.3, v, rng.uniform(0.5, 2.0, p))
    kind = rng.random()
    size = float(np.abs(y).max() + 1e-3)
    if kind < 0.15:
        out["bounds"] = "positive"
    elif kind < 0.3:
        high = size * 10.0 ** rng.uniform(-3, 0, p)
        low = -size * 10.0 ** rng.uniform(-3, 0, p)
        high[rng.random(p) < 0.2] = rng.choice([0.0, np.inf])
        low[rng.random(p) < 0.2] = rng.choice([0.0, -np.inf])
        out["bounds"] = (low, high)
    return out


def _units(
    rng: np.random.Generator, X: Array, y: Array, settings: dict[str, Any]
) -> tuple[Array, Array]:
    """Columns and y in other units and far from zero, bounds and offset with them."""
    p = X.shape[1]
    spread = rng.choice([0.0, 0.0, 0.0, 4.0, 8.0])
    unit = 10.0 ** rng.uniform(-spread, spread, p)
    y_unit = float(rng.choice([1.0, 1.0, 1.0, 1e-100, 1e100, 1e6]))
    X, y = X * unit, y * y_unit
    if "offset" in settings:
        settings["offset"] = settings["offset"] * y_unit
    if isinstance(settings.get("bounds"), tuple):
        settings["bounds"] = tuple(side / unit * y_unit for side in settings["bounds"])
    if rng.random() < 0.15:
        X, y = X + 1e6 * unit, y + 1e6 * y_unit
    return X, y


def _layout(rng: np.random.Generator, X: Array) -> Array:
    if rng.random() < 0.25:
        X = X.astype(np.float32)
    kind = rng.random()
    if kind < 0.3:
        return np.asfortranarray(X)
    if kind < 0.4:
        return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]
    if kind < 0.5:
        spread = np.zeros((2 * X.shape[0], 3 * X.shape[1]), dtype=X.dtype)
        spread[::2, ::3] = X
        return spread[::2, ::3]
    if kind < 0.6:
        X.flags.writeable = False
    return X


# --- what must hold -----------------------------------------------------------------------------


def objective(problem: Problem, coef: Array, intercept: float, alpha: float) -> float:
    """The objective of docs/objective.md in extended precision.

    An intercept that is the best one to its last digits counts as the best one: with columns of
    mean 1e6 its own rounding would be seen.
    """
    wide = np.longdouble
    X, w, b = problem.X.astype(wide), problem.weights.astype(wide), coef.astype(wide)
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
    return found + _gaps(path, with_reference)


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
