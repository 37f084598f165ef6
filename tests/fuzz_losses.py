"""Random problems of every loss through the engine: python -m tests.fuzz_losses --count 10000.

Problem k of a seed is always one, so that ``--only K`` repeats it; losses take turns. An answer
whose gap the engine calls small is judged by the verifier, which shares no code with it, and where
that finds no dual point by a search for a lower objective.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize

from excise.certify import certify
from excise.engine import fit_path
from excise.exceptions import InputError
from excise.losses import Cox, Loss, loss_of
from excise.problem import Problem
from excise.risk_sets import PartialLikelihood
from excise.survival import Survival
from tests.fuzz_problems import Array, Case, columns, settings_of
from tests.glm_reference import solve

SPECS = (
    "logistic", "poisson", "gamma", "tweedie:1.5", "tweedie:1.1", "negative_binomial:2",
    "huber:1.0", "squared_hinge", "quantile:0.5", "quantile:0.9", "cox", "cox:efron",
)  # fmt: skip
LONGEST = 5.0
"""Seconds that one path may take."""
GOOD, UNCONFIRMED = 1e-9, 1e-7
"""Relative gap that every alpha should reach, and the verifier's above which it is not believed."""
EVERY = 3
"""The verifier, which takes most of the time, looks at the last of so many alphas."""
TOLD = ("stalled", "refused", "beyond")
"""Findings that are no broken promise: the engine said so itself, or the verifier cannot tell."""


def draw(seed: int, k: int) -> Case:
    """Problem `k` of a seed; its loss is among the settings."""
    rng = np.random.default_rng([seed, k])
    spec = SPECS[k % len(SPECS)]
    n, p = int(rng.integers(3, 61)), int(rng.integers(1, 81))
    X = columns(rng, n, p)
    eta = _predictor(rng, X)
    y = _target(rng, loss_of(spec).name, eta)
    settings = settings_of(rng, X, np.ones(n)) | {"loss": spec}
    unit = 10.0 ** rng.uniform(-4.0, 4.0, p) if rng.random() < 0.3 else np.ones(p)
    if isinstance(settings.get("bounds"), tuple):
        settings["bounds"] = tuple(side / unit for side in settings["bounds"])
    ratio = float(10.0 ** rng.uniform(-4, -1))
    return Case(X * unit, y, int(rng.integers(4, 13)), ratio, settings)


def _predictor(rng: np.random.Generator, X: Array) -> Array:
    coef = rng.standard_normal(X.shape[1]) * (rng.random(X.shape[1]) < rng.choice([0.1, 0.5]))
    eta = X @ coef
    return rng.choice([0.0, 1.0, 4.0]) * eta / (1.0 + np.abs(eta).max())


def _target(rng: np.random.Generator, name: str, eta: Array) -> Any:
    if name == "cox":
        return _survival(rng, eta)
    if name in ("logistic", "squared_hinge"):
        return (rng.random(len(eta)) < 1.0 / (1.0 + np.exp(-3.0 * eta))).astype(np.float64)
    if name in ("poisson", "negative_binomial"):
        return rng.poisson(np.exp(eta)).astype(np.float64)
    if name == "gamma":
        return rng.gamma(2.0, np.exp(eta)) + 1e-3
    if name == "tweedie":
        return rng.gamma(2.0, np.exp(eta)) * (rng.random(len(eta)) < 0.7)
    return eta + rng.standard_t(2, len(eta))


def _survival(rng: np.random.Generator, eta: Array) -> Survival:
    """Few times or many, few events or many, perhaps late entries and strata."""
    n = len(eta)
    entry = np.floor(rng.exponential(1.0, n)) * (rng.random() < 0.3)
    wait = rng.exponential(np.exp(-eta)) * rng.choice([1.0, 5.0, 100.0]) + 1e-6
    time = entry + (np.ceil(wait) if rng.random() < 0.7 else wait)
    event = rng.random(n) < rng.choice([0.1, 0.5, 1.0])
    event[int(rng.integers(n))] = True
    strata = rng.integers(0, 4, n) if rng.random() < 0.3 else None
    return Survival(time, event, entry if entry.any() else None, strata)


def judge(case: Case) -> list[str]:
    """Findings: each begins with its kind and a colon."""
    started = time.perf_counter()
    try:
        path = fit_path(case.X, case.y, case.alphas, alpha_min_ratio=case.ratio, **case.settings)
    except InputError as error:
        return [f"refused: {error}"]
    except Exception as error:  # nothing else may escape
        return [f"error: {error!r}"]
    found = []
    if (took := time.perf_counter() - started) > LONGEST:
        found.append(f"slow: {took:.1f} s")
    numbers = (path.columns.data, path.intercepts, path.relative_gaps)
    if not all(np.isfinite(a).all() for a in numbers):
        return [*found, "not finite: NaN or infinity in a path"]
    return found + _gaps(case, path)


def _gaps(case: Case, path: Any) -> list[str]:
    found: dict[str, str] = {}
    for k, alpha in enumerate(path.alphas):
        core = float(path.relative_gaps[k])
        if core > GOOD:
            found.setdefault("stalled", f"alpha {k}: {core:.1e}")
            continue
        if (len(path) - 1 - k) % EVERY:
            continue
        column, intercept = path.columns.column(k), float(path.intercepts[k])
        gap = certify(case.X, case.y, column, intercept, alpha, **case.settings).relative_gap
        if not gap <= UNCONFIRMED:
            beaten = Challenge(case, path, alpha).beats(column, intercept)
            kind = "unconfirmed" if beaten else "beyond"
            found.setdefault(kind, f"alpha {k}: core {core:.1e}, verifier {gap:.1e}")
    return [f"{kind}: {text}" for kind, text in found.items()]


class Challenge:
    """The search for an objective below that of an answer, b = positive - negative parts.

    Free columns whose rows hardly bend leave the verifier no dual point, and neither do the
    coefficients of a loss with kinks; then this decides. It accuses nobody wrongly: what it finds
    is judged by the objective itself.
    """

    def __init__(self, case: Case, path: Any, alpha: float) -> None:
        problem: Problem = path.problem
        self.case, self.problem, self.alpha, self.p = case, problem, alpha, problem.p
        self.w, self.null = problem.weights, path.null_loss
        X = np.where(self.w[:, None] > 0.0, problem.design.columns(slice(None)), 0.0)
        self.mean = self.w @ X if problem.fit_intercept else np.zeros(self.p)
        spread = np.sqrt(self.w @ (X - self.mean) ** 2)
        self.unit = np.where(spread > 0.0, spread, 1.0)
        self.X = (X - self.mean) / self.unit
        self.scale = (path.scale if problem.standardize else np.ones(self.p)) / self.unit
        self.v = np.where(np.isinf(problem.penalty_weight), 0.0, problem.penalty_weight) * alpha
        self.offset = 0.0 if problem.offset is None else problem.offset

    def beats(self, column: Array, intercept: float) -> bool:
        """Whether something is lower by more than may be."""
        start = self._parts(column, intercept)
        here, loss = self.value(start)[0], self.problem.loss
        if not (isinstance(loss, Loss) and loss.kinked):
            return bool(here - self._descent(start, loss)[0] > UNCONFIRMED * self.null)
        best = np.inf
        for width in (1e-1, 1e-3, 1e-5):
            start = self._descent(start, loss.smoothed(width * self.null))[1]
            best = min(best, self.value(start)[0])
        if self.problem.l1_ratio == 1.0:
            coef, b0 = solve(self.case.X, self.case.y, self.alpha, **self.case.settings)
            inside = np.clip(coef, self.problem.lower, self.problem.upper)
            best = min(best, self.objective(inside, b0))
        return bool(here - best > UNCONFIRMED * self.null)

    def objective(self, column: Array, intercept: float) -> float:
        return self.value(self._parts(column, intercept))[0]

    def _parts(self, column: Array, intercept: float) -> Array:
        b = column * self.unit
        return np.r_[np.maximum(b, 0.0), np.maximum(-b, 0.0), intercept + self.mean @ column]

    def _descent(self, start: Array, loss: Any) -> tuple[float, Array]:
        problem = self.problem
        allowed = np.where(np.isinf(problem.penalty_weight), 0.0, self.unit)
        with np.errstate(invalid="ignore"):  # 0 * inf
            sides = np.nan_to_num(
                np.r_[problem.upper * allowed, -problem.lower * allowed], nan=0.0, posinf=np.inf
            )
        ends = [(0.0, side) for side in sides.tolist()]
        free = (None, None) if problem.fit_intercept else (0.0, 0.0)
        found = minimize(
            self.value,
            start,
            (loss,),
            jac=True,
            method="L-BFGS-B",
            bounds=[*ends, free],
            options={"ftol": 1e-14, "gtol": 1e-10 * self.null, "maxiter": 2000},
        )
        return float(found.fun), found.x

    def value(self, parts: Array, loss: Any = None) -> tuple[float, Array]:
        """The objective, and its slopes in the parts and the intercept."""
        problem, p, scale, v = self.problem, self.p, self.scale, self.v
        up, down, b0 = parts[:p], parts[p : 2 * p], parts[-1]
        b = (up - down) * scale
        rows, slope = self._rows(loss or problem.loss, self.offset + b0 + self.X @ (up - down))
        if not (rows < 1e100 and np.abs(slope).max() < 1e100):  # too far a step
            return np.inf, np.zeros(2 * p + 1)
        ridge = (1.0 - problem.l1_ratio) * v * b * scale
        tax = problem.l1_ratio * v * scale
        g = self.X.T @ slope + ridge
        paid = tax @ (up + down) + (1.0 - problem.l1_ratio) * v @ b**2 / 2
        return float(rows + paid), np.r_[g + tax, tax - g, slope.sum() * problem.fit_intercept]

    def _rows(self, loss: Any, eta: Array) -> tuple[float, Array]:
        """The data term, and its slope in every eta."""
        seen, slope = self.w > 0.0, np.zeros(len(eta))
        w, eta = self.w[seen], eta[seen]
        if isinstance(loss, Cox):
            assert self.problem.survival is not None
            made = PartialLikelihood(self.problem.survival[seen], w, loss.ties)
            slope[seen] = made.slopes(eta) * w
            return made.value(eta), slope
        y = self.problem.y[seen]
        slope[seen] = w * loss.gradient(y, eta)
        return float(w @ loss.value(y, eta)), slope


def hunt(
    seed: int, count: int, first: int = 0, names: Collection[str] = ()
) -> Iterator[tuple[int, str]]:
    """Findings among problems `first` and on; of losses of these names alone, if any are given."""
    for k in range(first, first + count):
        if names and loss_of(SPECS[k % len(SPECS)]).name not in names:
            continue
        for text in judge(draw(seed, k)):
            yield k, text


def main() -> None:
    """Print findings as they come, and how many of each kind there were."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_losses", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--loss", nargs="*", default=[], help="skip problems of other losses")
    parser.add_argument("--only", type=int, help="repeat this problem")
    options = parser.parse_args()
    first, count = (options.only, 1) if options.only is not None else (0, options.count)
    kinds: Counter[str] = Counter()
    for k, text in hunt(options.seed, count, first, options.loss):
        kinds[text.split(":")[0]] += 1
        if not text.startswith("refused"):
            print(k, draw(options.seed, k), text, flush=True)
    print(dict(kinds), "among", count)


if __name__ == "__main__":
    main()
