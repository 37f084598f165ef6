"""Tables of the ISLP package (James, Witten, Hastie, Tibshirani, Taylor, 2023), read as files."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def _folder() -> Path:
    found = find_spec("ISLP")
    assert found is not None and found.origin is not None, "pip install --no-deps ISLP: its tables"
    return Path(found.origin).parent / "data"


def hitters() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Salaries of 263 baseball players, 19 columns, categories as one indicator each."""
    with (_folder() / "Hitters.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Salary"] not in ("", "NA")]
    level = {"League": "N", "Division": "W", "NewLeague": "N"}
    names = [name for name in rows[0] if name not in ("Salary", "")]
    X = [[float(r[k] == level[k] if k in level else r[k]) for k in names] for r in rows]
    return np.array(X), np.array([float(row["Salary"]) for row in rows]), names


def nci60() -> tuple[np.ndarray, np.ndarray]:
    """Gene expression of 64 cell lines: the first gene from the 6829 others."""
    X = np.load(_folder() / "NCI60data.npy")
    return X[:, 1:], X[:, 0].copy()


def khan(kind: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Gene expression of 63 tumours, 2308 genes; the target is 1 for one of four kinds, else 0."""
    X = np.loadtxt(_folder() / "Khan_xtrain.csv", delimiter=",", skiprows=1, ndmin=2)
    y = np.loadtxt(_folder() / "Khan_ytrain.csv", delimiter=",", skiprows=1, ndmin=1)
    return X[:, -2308:], (y.ravel()[-63:] == kind).astype(float)


def caravan() -> tuple[np.ndarray, np.ndarray]:
    """Who of 5822 customers bought caravan insurance, 85 columns: 348 did."""
    with (_folder() / "Caravan.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != "Purchase"]
    X = [[float(row[name]) for name in names] for row in rows]
    return np.array(X), np.array([float(row["Purchase"] == "Yes") for row in rows])


def brain_cancer() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Survival of 87 patients: 8 columns, categories as an indicator of all levels but the first.

    With the times in months and whether they ended in death.
    """
    with (_folder() / "BrainCancer.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["diagnosis"] not in ("", "NA")]
    levels = [("sex", "Male"), ("diagnosis", "LG glioma"), ("diagnosis", "Meningioma")]
    levels += [("diagnosis", "Other"), ("loc", "Supratentorial"), ("ki", ""), ("gtv", "")]
    levels += [("stereo", "SRT")]
    X = [[float(r[k] == level) if level else float(r[k]) for k, level in levels] for r in rows]
    time, event = (np.array([float(row[name]) for row in rows]) for name in ("time", "status"))
    return np.array(X), time, event
