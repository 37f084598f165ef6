"""Small integer tables with every setting at once: ties, dependent columns, bounds, free features.

``python -m tests.fuzz_small --count 100000`` hunts for long; the suite runs some hundreds. What an
answer is worth is told by two that share no code with the engine: the verifier, and `best`, which
tries every face of the box.
"""

from __future__ import annotations

import argparse
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from excise import reference
from excise.certify import certify_problem
from excise.engine import fit, fit_path
from excise.problem import Problem, make_problem
from tests.fuzz_problems import Array

GOOD = 1e-9
"""Relative gap that every answer should reach."""
ROUNDING = 1e-11
"""Share of the null loss below which two objectives are called equal."""
LEVELS = (1.0, 0.5, 0.1, 1e-3, 1e-5, 1e-7, 1e-8, 1e-9, 1e-10)
"""Shares of the top alpha; a path walks through all, a fit goes to one. At 1e-12 the rounding of a
correlation is a thousandth of the tax, and no certificate can be sharper than that."""
SIDES = (0.0, 0.05, 0.5, 1.0, np.inf)


def draw(seed: int, k: int) -> tuple[Array, Array, float, dict[str, Any]]:
    """X, y, a level and the settings of problem `k` of a seed."""
    rng = np.random.default_rng([seed, k])
    n, p = int(rng.choice([1, 1, 2, 2, 3, 4, 5, 6])), int(rng.integers(1, 6))
    X = rng.integers(-2, 3, (n, p)).astype(np.float64)
    y = rng.integers(-3, 4, n).astype(np.float64)
    settings: dict[str, Any] = {
        "l1_ratio": float(rng.choice([0.0, 0.0, 0.5, 1.0, 0.01])),
        "fit_intercept": bool(rng.integers(2)),
        "standardize": bool(rng.integers(2)),
        "penalty_weight": rng.choice([0.0, 0.5, 1.0, np.inf], p, p=[0.35, 0.25, 0.3, 0.1]),
    }
    if rng.integers(2):
        settings["sample_weight"] = np.r_[1.0, rng.integers(0, 3, n - 1)]
    kind = int(rng.integers(5))
    if kind == 1:
        settings["bounds"] = "positive"
    elif kind == 2:
        settings["bounds"] = (-np.inf, 0.0)
    elif kind == 3:
        settings["bounds"] = (-rng.choice(SIDES, p), rng.choice(SIDES, p))
    elif kind == 4:
        settings["bounds"] = (-0.1, 0.2)
    return X, y, float(rng.choice(LEVELS)), settings


# --- the best there is --------------------------------------------------------------------------


def objective(std: reference.Standard, alpha: float, b: Array) -> float:
    """The objective on the standard scale."""
    pen, r = std.penalty(alpha), std.y - std.Z @ b
    paid = np.where(b == 0.0, 0.0, pen.tax * np.abs(b) + pen.ridge * b**2 / 2)
    return float(r @ r / 2 + paid.sum())


def best(std: reference.Standard, alpha: float) -> float:
    """The least objective: the best of all faces of the box that hold one optimum in their middle.

    Some optimum has independent columns off zero and off their bounds (move along a dependence
    until one arrives there): so least squares on each face with such columns finds it.
    """
    pen = std.penalty(alpha)
    ends = [
        [(0.0, 0.0)]
        if shut
        else [(low, low), (high, high), (0.0, 0.0), (max(low, -9e9), 0.0), (0.0, min(high, 9e9))]
        for low, high, shut in zip(pen.lower, pen.upper, pen.excluded, strict=True)
    ]
    least = np.inf
    for face in itertools.product(*ends):
        low, high = np.array(face).T
        if not np.isfinite(low[low == high]).all():
            continue
        b, free = np.where(low == high, low, 0.0), np.flatnonzero(low < high)
        if len(free):
            A = np.vstack([std.Z[:, free], np.diag(np.sqrt(pen.ridge[free]))])
            if np.linalg.matrix_rank(A, tol=1e-9) < len(free):
                continue
            goal = np.r_[std.y - std.Z @ b, np.zeros(len(free))]
            Q, R = np.linalg.qr(A)
            side = np.where(high[free] > 0.0, 1.0, -1.0)
            b[free] = np.linalg.solve(R, Q.T @ goal - np.linalg.solve(R.T, pen.tax[free] * side))
            if np.any(b[free] < low[free]) or np.any(b[free] > high[free]):
                continue
        least = min(least, objective(std, alpha, b))
    return least


# --- what must hold -----------------------------------------------------------------------------


def judge(X: Array, y: Array, level: float, settings: dict[str, Any], with_best: bool) -> list[str]:
    """Findings: each begins with its kind and a colon."""
    problem = make_problem(X, y, **settings)
    std = reference.standardise(problem)
    top = (reference.top_tax(std) or 1.0) / (problem.l1_ratio or 1.0)
    point = fit(X, y, level * top, **settings)
    found = _judge_one(problem, std, "fit", level * top, (point.coef, point.intercept), with_best)
    if point.certificate.relative_gap > GOOD:
        found.append(f"stalled: fit at {level:g} of the top says {point.certificate.relative_gap}")
    path = fit_path(X, y, top * np.array(LEVELS), **settings)
    for k, alpha in enumerate(path.alphas):
        answer = path.columns.column(k), float(path.intercepts[k])
        found += _judge_one(problem, std, f"path {k}", float(alpha), answer, False)
        if path.relative_gaps[k] > GOOD:
            found.append(f"stalled: path, alpha {k} says {path.relative_gaps[k]:.1e}")
    return found


def _judge_one(
    problem: Problem,
    std: reference.Standard,
    where: str,
    alpha: float,
    answer: tuple[Array, float],
    with_best: bool,
) -> list[str]:
    if not (np.isfinite(answer[0]).all() and np.isfinite(answer[1])):
        return [f"not finite: {where}"]
    gap = certify_problem(problem, *answer, alpha).relative_gap
    found = [f"uncertified: {where}, gap {gap:.1e}"] if gap > GOOD else []
    if with_best and std.y.any():
        b = answer[0] * std.columns.divisor / std.target.unit
        null = float(std.y @ std.y) / 2
        excess = (objective(std, alpha, b) - best(std, alpha)) / null
        if excess > gap + ROUNDING:
            found.append(f"WRONG: {where}, worse by {excess:.1e}, gap {gap:.1e}")
        elif excess > ROUNDING:
            found.append(f"told: {where}, worse by {excess:.1e}")
    return found


def hunt(seed: int, count: int, every: int = 1, first: int = 0) -> Iterator[tuple[int, str]]:
    """The findings among `count` problems; every so often compared with the best there is."""
    for k in range(first, first + count):
        with np.errstate(all="ignore"):
            for finding in judge(*draw(seed, k), k % every == 0):
                yield k, finding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one problem, shown in full")
    parser.add_argument("--every", type=int, default=10, help="ask `best` every so often")
    args = parser.parse_args()
    if args.only is not None:
        case = draw(args.seed, args.only)
        print(*case, *judge(*case, True), sep="\n")
        return
    seen: Counter[str] = Counter()
    bad = set()
    for k, finding in hunt(args.seed, args.count, args.every):
        seen[finding.split(":")[0]] += 1
        bad.add(k)
        print(f"--seed {args.seed} --only {k}  {finding}", flush=True)
    print(f"{args.count} problems, {len(bad)} with findings;", dict(seen), flush=True)


if __name__ == "__main__":
    main()
