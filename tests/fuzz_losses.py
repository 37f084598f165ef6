"""Random problems of every loss through the engine: python -m tests.fuzz_losses --count 10000.

Problem k of a seed is always one, so that ``--only K`` repeats it. An answer whose gap the engine
calls small is judged by the verifier, which shares no code with it.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from excise.certify import certify
from excise.engine import fit_path
from excise.exceptions import InputError
from excise.losses import loss_of
from tests.fuzz_problems import Array, Case, columns, settings_of

SPECS = (
    "logistic", "poisson", "gamma", "tweedie:1.5", "tweedie:1.1", "negative_binomial:2", "huber:1.0",
    "squared_hinge", "quantile:0.5", "quantile:0.9",
)  # fmt: skip
LONGEST = 5.0
"""Seconds that one path may take."""
GOOD, UNCONFIRMED = 1e-9, 1e-7
"""Relative gap that every alpha should reach, and the verifier's above which it is not believed."""
TOLD = ("stalled", "refused")
"""Findings that are no broken promise: the engine said so itself."""


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


def _target(rng: np.random.Generator, name: str, eta: Array) -> Array:
    if name in ("logistic", "squared_hinge"):
        return (rng.random(len(eta)) < 1.0 / (1.0 + np.exp(-3.0 * eta))).astype(np.float64)
    if name in ("poisson", "negative_binomial"):
        return rng.poisson(np.exp(eta)).astype(np.float64)
    if name == "gamma":
        return rng.gamma(2.0, np.exp(eta)) + 1e-3
    if name == "tweedie":
        return rng.gamma(2.0, np.exp(eta)) * (rng.random(len(eta)) < 0.7)
    return eta + rng.standard_t(2, len(eta))


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
    kinked = loss_of(case.settings["loss"]).kinked
    for k, alpha in enumerate(path.alphas):
        core = float(path.relative_gaps[k])
        if core > GOOD:
            found.setdefault("stalled", f"alpha {k}: {core:.1e}")
            continue
        if kinked:  # coefficients alone do not tell the dual point
            continue
        column, intercept = path.columns.column(k), float(path.intercepts[k])
        gap = certify(case.X, case.y, column, intercept, alpha, **case.settings).relative_gap
        if not gap <= UNCONFIRMED:
            found.setdefault("unconfirmed", f"alpha {k}: core {core:.1e}, verifier {gap:.1e}")
    return [f"{kind}: {text}" for kind, text in found.items()]


def hunt(seed: int, count: int, first: int = 0) -> Iterator[tuple[int, str]]:
    """Findings among problems `first` and on."""
    for k in range(first, first + count):
        for text in judge(draw(seed, k)):
            yield k, text


def main() -> None:
    """Print findings as they come, and how many of each kind there were."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz_losses", description=__doc__)
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
