"""Real tables that come with scikit-learn and with the ISLP package (found, not imported)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from benchmarks.problems.base import Problem, standardised


def diabetes() -> Problem:
    """Ten measurements of 442 patients (Efron et al. 2004)."""
    from sklearn.datasets import load_diabetes

    X, y = standardised(*load_diabetes(return_X_y=True, scaled=False))
    return Problem("diabetes", "diabetes", X, y, alpha_min_ratio=1e-4)


def nci60() -> Problem:
    """6,830 gene expressions of 64 tumours; the first gene explained by the others."""
    genes = np.load(islp("NCI60data.npy"))
    X, y = standardised(genes[:, 1:], genes[:, 0])
    return Problem("nci60", "NCI60", X, y)


def khan() -> Problem:
    """2,308 gene expressions of 63 tumours; the class code 1 to 4 as a number."""
    import pandas as pd

    X = pd.read_csv(islp("Khan_xtrain.csv")).select_dtypes("number").to_numpy()
    y = pd.read_csv(islp("Khan_ytrain.csv")).iloc[:, -1].to_numpy()
    X, y = standardised(X, y)
    return Problem("khan", "Khan", X, y)


def khan_classes() -> Problem:
    """The same genes; whether a tumour is of class 2 (the Ewing family), which 23 of the 63 are."""
    import pandas as pd

    X = pd.read_csv(islp("Khan_xtrain.csv")).select_dtypes("number").to_numpy()
    y = pd.read_csv(islp("Khan_ytrain.csv")).iloc[:, -1].to_numpy()
    X, _ = standardised(X, y)
    return Problem("khan-classes", "Khan, class 2", X, (y == 2).astype(float), loss="logistic")


def digits() -> Problem:
    """64 pixels of 1,797 written digits, 61 of which vary; which of the ten it is."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X, _ = standardised(X, y)
    kinds = (y[:, None] == np.arange(10)).astype(float)
    return Problem("digits", "digits, ten classes", X, kinds, n_alphas=50, loss="multinomial")


def breast_cancer() -> Problem:
    """30 measurements of 569 tumours; whether one is benign (Wolberg et al. 1995)."""
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    X, _ = standardised(X, y)
    title = "breast cancer"
    return Problem("breast-cancer", title, X, y.astype(float), 1e-3, loss="logistic")


def hitters() -> Problem:
    """19 facts about 263 baseball players and their salary (ISLP, chapter 6)."""
    import pandas as pd

    table = pd.read_csv(islp("Hitters.csv")).dropna()
    y = table.pop("Salary")
    X = pd.get_dummies(table, drop_first=True, dtype=float)
    X, y = standardised(X, y)
    return Problem("hitters", "Hitters", X, y, alpha_min_ratio=1e-4)


def islp(name: str) -> Path:
    """Path of a data file of the ISLP package."""
    spec = importlib.util.find_spec("ISLP")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("this table is part of ISLP: pip install --no-deps ISLP")
    return Path(spec.submodule_search_locations[0]) / "data" / name
