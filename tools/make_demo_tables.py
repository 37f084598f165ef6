"""Write the bundled tables of src/excise/data: run it again and nothing changes.

    python tools/make_demo_tables.py

Needs scikit-learn for the two real tables; the third is simulated.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes

DATA = Path(__file__).parent.parent / "src" / "excise" / "data"
DIABETES = ["age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu", "progression"]
SIZES = (3.0, -2.5, 2.0, -1.5, 1.2, -1.0, 0.8, -0.5)


def write(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One CSV file of the package."""
    with (DATA / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def diabetes() -> None:
    """Efron, Hastie, Johnstone and Tibshirani (2004), raw units; s1 to s6 by their names."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    write("diabetes", DIABETES, ([f"{v:.10g}" for v in (*x, t)] for x, t in zip(X, y, strict=True)))


def breast_cancer() -> None:
    """Wolberg, Street and Mangasarian (1995), diagnostic table of Wisconsin."""
    bunch = load_breast_cancer()
    names = [name.replace(" ", "_") for name in bunch.feature_names]
    words = [str(bunch.target_names[t]) for t in bunch.target]
    rows = ([*(f"{v:.10g}" for v in x), word] for x, word in zip(bunch.data, words, strict=True))
    write("breast-cancer", [*names, "diagnosis"], rows)


def needles(n: int = 150, p: int = 400, correlation: float = 0.6, seed: int = 2026) -> None:
    """Neighbouring columns correlated (AR 1); eight true ones at random places, noise of sd 2."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p))
    for j in range(1, p):
        X[:, j] = correlation * X[:, j - 1] + np.sqrt(1 - correlation**2) * X[:, j]
    X = X.round(2)
    true = np.sort(rng.choice(p, len(SIZES), replace=False))
    y = 10 + X[:, true] @ np.array(SIZES) + 2 * rng.standard_normal(n)
    names = [f"hay_{j:03d}" for j in range(1, p + 1)]
    for letter, j in zip("abcdefgh", true, strict=True):
        names[j] = f"needle_{letter}"
    rows = ([*(f"{v:g}" for v in x), f"{t:.2f}"] for x, t in zip(X, y, strict=True))
    write("needles", [*names, "response"], rows)


if __name__ == "__main__":
    DATA.mkdir(exist_ok=True)
    diabetes()
    breast_cancer()
    needles()
