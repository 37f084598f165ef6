"""Make survival_figures.csv, the figures of scikit-survival in tests/test_loss_figures.py.

Run it with scikit-survival installed (its licence is GPL: it is asked for numbers, nothing else):
``python survival.py BrainCancer.csv`` (the table of the Python package ISLP). It reads the rows
that cox.R has made.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
LASSO, RIDGE = (0.2, 0.1, 0.05, 0.02, 0.005, 0.001), (1.0, 0.1, 0.01, 0.001)


def brain(path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The table of 87 patients, an indicator of every level of a category but the first."""
    with open(path, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["diagnosis"] not in ("", "NA")]
    levels = [("sex", "Male"), ("diagnosis", "LG glioma"), ("diagnosis", "Meningioma")]
    levels += [("diagnosis", "Other"), ("loc", "Supratentorial"), ("ki", ""), ("gtv", "")]
    levels += [("stereo", "SRT")]
    X = [[float(r[k] == level) if level else float(r[k]) for k, level in levels] for r in rows]
    time, event = (np.array([float(row[name]) for row in rows]) for name in ("time", "status"))
    return np.array(X), time, event


def main() -> None:
    from sksurv.linear_model import CoxnetSurvivalAnalysis, CoxPHSurvivalAnalysis

    rows = np.genfromtxt(HERE / "cox_rows.csv", delimiter=",", names=True)
    X = np.column_stack([rows[f"X{j}"] for j in range(1, 9)])
    tables = {"rows": (X, rows["time"], rows["event"]), "brain": brain(sys.argv[1])}
    with (HERE / "survival_figures.csv").open("w", newline="") as file:
        write = csv.writer(file, lineterminator="\n").writerow
        write(["case", "alpha", "feature", "coef"])
        for name, (X, time, event) in tables.items():
            X = (X - X.mean(axis=0)) / X.std(axis=0)
            y = np.array(
                list(zip(event > 0, time, strict=True)), dtype=[("event", bool), ("time", float)]
            )
            for l1_ratio in (1.0, 0.5):
                made = CoxnetSurvivalAnalysis(
                    l1_ratio=l1_ratio, alphas=LASSO, tol=1e-16, max_iter=10_000_000, normalize=False
                ).fit(X, y)
                for k, alpha in enumerate(LASSO):
                    for j, coef in enumerate(made.coef_[:, k]):
                        write([f"{name} {l1_ratio:g} breslow", alpha, j, f"{coef:.12g}"])
            for ties in ("breslow", "efron"):
                for alpha in RIDGE:
                    made = CoxPHSurvivalAnalysis(
                        alpha=alpha * len(y), ties=ties, tol=1e-14, n_iter=1000
                    ).fit(X, y)
                    for j, coef in enumerate(made.coef_):
                        write([f"{name} 0 {ties}", alpha, j, f"{coef:.12g}"])


if __name__ == "__main__":
    main()
