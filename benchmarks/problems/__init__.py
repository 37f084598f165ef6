"""The problems, each under the name by which ``--problem`` finds it, or in a file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from benchmarks.problems import files, simulated, tables
from benchmarks.problems.base import Problem, Table, standardised

MAKERS: dict[str, Callable[[], Problem]] = {
    "diabetes": tables.diabetes,
    "nci60": tables.nci60,
    "khan": tables.khan,
    "hitters": tables.hitters,
    "ar5-200x5000": simulated.maker(0.5, 200, 5000),
    "ar99-200x5000": simulated.maker(0.99, 200, 5000),
    "ar5-1000x5000": simulated.maker(0.5, 1000, 5000),
    "ar5-1000x20000": simulated.maker(0.5, 1000, 20000),
    "ar5-20000x500": simulated.maker(0.5, 20000, 500, alpha_min_ratio=1e-3),
    "group-1000x5000-1e-1": simulated.grouped("group", 5, 1000, 5000, 0.1),
    "group-1000x5000-1e-2": simulated.grouped("group", 5, 1000, 5000, 0.01),
    "group-5000x1000-1e-2": simulated.grouped("group", 5, 5000, 1000, 0.01),
    "group-200x2000-1e-2": simulated.grouped("group", 10, 200, 2000, 0.01),
    "sparse-group-1000x5000-1e-1": simulated.grouped("sparse_group", 5, 1000, 5000, 0.1),
    "sparse-group-200x2000-1e-1": simulated.grouped("sparse_group", 10, 200, 2000, 0.1),
    "sparse-text": simulated.sparse_text,
    "logistic-20000x300": simulated.classes(20000, 300, alpha_min_ratio=1e-3),
    "logistic-1000x10000": simulated.classes(1000, 10000),
    "breast-cancer": tables.breast_cancer,
    "khan-classes": tables.khan_classes,
    "digits": tables.digits,
    "multinomial-2000x500": simulated.kinds(2000, 500),
    "poisson-20000x300": simulated.counts(20000, 300, alpha_min_ratio=1e-3),
    "quantile-1000x50": simulated.medians(1000, 50, n_alphas=20),
    "cox-2000x500": simulated.survival(2000, 500, alpha_min_ratio=0.02),
    "gamma-20000x100": simulated.amounts(20000, 100, alpha_min_ratio=1e-3),
    "tweedie-20000x100": simulated.claims(20000, 100, alpha_min_ratio=1e-3),
}


def load(name: str, *, quick: bool = False) -> Problem:
    """Make the problem called `name`, or read it from the file `name`.json.

    `quick` cuts it down to try the machinery.
    """
    if name.endswith(".json"):
        problem = files.read(Path(name))
    elif name in MAKERS:
        problem = MAKERS[name]()
    else:
        known = ", ".join(MAKERS)
        raise SystemExit(f"no problem called {name!r}; give a .json file or one of {known}")
    return problem.cut(200, 300) if quick else problem


def load_many(*, quick: bool = False) -> list[Problem]:
    """The many small problems; `quick` takes the first few."""
    return list(islice(simulated.small(), 5 if quick else None))


__all__ = ["MAKERS", "Problem", "Table", "load", "load_many", "standardised"]
