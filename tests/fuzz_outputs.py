"""Random problems of several outputs: python -m tests.fuzz_outputs --count 10000.

Problem k of a seed is always one, so that ``--only K`` repeats it; classes and responses, each by
itself and grouped, take turns. An answer whose gap the engine calls small is judged by the
verifier, which shares no code with it, and where that finds no dual point by a search for a lower
objective.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from excise.certify import certify
from excise.engine import fit_path
from excise.exceptions import InputError
from tests.fuzz_losses import EVERY, GOOD, LONGEST, UNCONFIRMED
from tests.fuzz_problems import Array, Case, columns, settings_of

SWEEPS = 100
KINDS = (("multinomial", False), ("multinomial", True), ("squared", False), ("squared", True))


def draw(seed: int, k: int) -> Case:
    """Problem `k` of a seed; its loss and whether it is grouped are among the settings."""
    rng = np.random.default_rng([seed, k, 2])
    loss, grouped = KINDS[k % len(KINDS)]
    n, p, K = int(rng.integers(4, 61)), int(rng.integers(1, 41)), int(rng.integers(2, 5))
    X = columns(rng, n, p)
    coef = rng.standard_normal((p, K)) * (rng.random((p, 1)) < rng.choice([0.1, 0.5]))
    eta = X @ coef
    eta *= rng.choice([0.0, 1.0, 4.0]) / (1.0 + np.abs(eta).max())
    if loss == "multinomial":
        y = np.eye(K)[np.argmax(eta + rng.gumbel(size=eta.shape), axis=1)]
        y[:K] = np.eye(K)[: len(y)]  # every class is there
    else:
        y = eta + rng.choice([0.1, 1.0]) * rng.standard_normal(eta.shape)
    settings = settings_of(rng, X, np.ones(n)) | {"loss": loss, "grouped": grouped}
    if grouped:
        settings.pop("bounds", None)
    if "offset" in settings:
        settings["offset"] = rng.standard_normal((n, K))
    unit = 10.0 ** rng.uniform(-4.0, 4.0, p) if rng.random() < 0.3 else np.ones(p)
    if isinstance(settings.get("bounds"), tuple):
        settings["bounds"] = tuple(side / unit for side in settings["bounds"])
    ratio = float(10.0 ** rng.uniform(-4, -1))
    return Case(X * unit, y, int(rng.integers(4, 13)), ratio, settings)


def judge(case: Case) -> list[str]:
    """Findings: each begins with its kind and a colon."""
    started = time.perf_counter()
    try:
        path = fit_path(case.X, case.y, case.alphas, alpha_min_ratio=case.ratio, **case.settings)
    except InputError as error:
        return [f"refused: {error}"]
    except Exception as error:  # nothing else may escape
        return [f"error: {error!r}"]
    found: dict[str, str] = {}
    if (took := time.perf_counter() - started) > LONGEST:
        found["slow"] = f"{took:.1f} s"
    for k, alpha in enumerate(path.alphas):
        coef, intercept = _at(path, k)
        core = float(path.relative_gaps[k])
        if not (np.isfinite(coef).all() and np.isfinite(intercept).all() and core >= 0.0):
            found["not finite"] = f"alpha {k}"
        elif core > GOOD:
            found.setdefault("stalled", f"alpha {k}: {core:.1e}")
        elif (len(path) - 1 - k) % EVERY == 0:
            gap = certify(case.X, case.y, coef, intercept, alpha, **case.settings).relative_gap
            if not gap <= UNCONFIRMED:
                beaten = Challenge(case, path, alpha).beats(coef, intercept)
                kind = "unconfirmed" if beaten else "beyond"
                found.setdefault(kind, f"alpha {k}: core {core:.1e}, verifier {gap:.1e}")
    return [f"{kind}: {text}" for kind, text in found.items()]


def _at(path: Any, k: int) -> tuple[Array, Array]:
    K = path.outputs
    return path.columns.column(k).reshape(-1, K), np.asarray(path.intercepts[k])


class Challenge:
    """The search for an objective below that of an answer, by descent.

    It accuses nobody wrongly: what it finds is judged by the objective itself.
    """

    def __init__(self, case: Case, path: Any, alpha: float) -> None:
        problem = path.problem
        self.case, self.problem, self.null = case, problem, path.null_loss
        self.w = problem.weights
        X = np.where(self.w[:, None] > 0.0, problem.design.columns(slice(None)), 0.0)
        self.mean = self.w @ X if problem.fit_intercept else np.zeros(problem.p)
        spread = np.sqrt(self.w @ (X - self.mean) ** 2)
        self.unit = np.where(spread > 0.0, spread, 1.0)
        self.X = (X - self.mean) / self.unit
        scale = (path.scale if problem.standardize else np.ones(problem.p)) / self.unit
        self.out = np.isinf(problem.penalty_weight)
        v = np.where(self.out, 0.0, problem.penalty_weight) * alpha
        self.tax, self.ridge = problem.l1_ratio * v * scale, (1.0 - problem.l1_ratio) * v * scale**2
        self.offset = 0.0 if problem.offset is None else problem.offset

    def beats(self, coef: Array, intercept: Array) -> bool:
        """Whether something is lower by more than may be."""
        B, b0 = self._inside(coef, intercept)
        return self._value(B, b0) - self._descent(B, b0) > UNCONFIRMED * self.null

    def objective(self, coef: Array, intercept: Array) -> float:
        """The objective of coefficients on the original scale."""
        return self._value(*self._inside(coef, intercept))

    def _inside(self, coef: Array, intercept: Array) -> tuple[Array, Array]:
        return coef * self.unit[:, None], intercept + self.mean @ coef

    def _value(self, B: Array, b0: Array) -> float:
        size = np.linalg.norm(B, axis=1) if self.problem.grouped else np.abs(B).sum(axis=1)
        paid = self.tax @ size + self.ridge @ np.sum(B**2, axis=1) / 2
        return self._rows(self.offset + b0 + self.X @ B)[0] + float(paid)

    def _descent(self, B: Array, b0: Array) -> float:
        """The objective after steps of one feature at a time: no slope rises by more than 1."""
        problem, B = self.problem, B.copy()
        eta = self.offset + b0 + self.X @ B
        low, high = problem.lower * self.unit, problem.upper * self.unit
        for _ in range(SWEEPS):
            if problem.fit_intercept:
                step = self._rows(eta)[1].sum(axis=0)
                b0, eta = b0 - step, eta - step
            for j in np.flatnonzero(~self.out):
                z = B[j] - self.X[:, j] @ self._rows(eta)[1]
                size = np.linalg.norm(z) if problem.grouped else np.abs(z)
                left = np.maximum(size - self.tax[j], 0.0) / (1.0 + self.ridge[j])
                new = np.divide(z, size, out=np.zeros_like(z), where=size > 0.0) * left
                new = np.clip(new, low[j], high[j])
                eta = eta + np.outer(self.X[:, j], new - B[j])
                B[j] = new
        return self._value(B, b0)

    def _rows(self, eta: Array) -> tuple[float, Array]:
        """The data term, and its slope in every eta."""
        w, y = self.w[:, None], np.where(self.w[:, None] > 0.0, self.case.y, 0.0)
        if self.problem.loss.name == "squared":
            return float(np.sum(w * (y - eta) ** 2)) / 2, w * (eta - y)
        return -float(np.sum(w * y * log_softmax(eta, axis=1))), w * (softmax(eta, axis=1) - y)


def hunt(seed: int, count: int, first: int = 0) -> Iterator[tuple[int, str]]:
    """Findings among problems `first` and on."""
    for k in range(first, first + count):
        for text in judge(draw(seed, k)):
            yield k, text


def main() -> None:
    """Print findings as they come, and how many of each kind there were."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_outputs", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--only", type=int, help="repeat this problem")
    options = parser.parse_args()
    first, count = (options.only, 1) if options.only is not None else (0, options.count)
    kinds: Counter[str] = Counter()
    for k, text in hunt(options.seed, count, first):
        kinds[text.split(":")[0]] += 1
        if not text.startswith("refused"):
            print(k, draw(options.seed, k), text, flush=True)
    print(dict(kinds), "among", count)


if __name__ == "__main__":
    main()
