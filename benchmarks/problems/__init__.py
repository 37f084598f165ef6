"""The problems, each under the name by which ``--problem`` finds it."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.problems import simulated, tables
from benchmarks.problems.base import Problem, standardised

MAKERS: dict[str, Callable[[], Problem]] = {
    "diabetes": tables.diabetes,
    "nci60": tables.nci60,
    "khan": tables.khan,
    "hitters": tables.hitters,
    "ar5-200x5000": simulated.maker(0.5, 200, 5000),
    "ar99-200x5000": simulated.maker(0.99, 200, 5000),
    "ar5-1000x20000": simulated.maker(0.5, 1000, 20000),
    "ar5-20000x500": simulated.maker(0.5, 20000, 500, alpha_min_ratio=1e-3),
}


def load(name: str, *, quick: bool = False) -> Problem:
    """Make the problem called `name`; `quick` cuts it down to try the machinery."""
    try:
        problem = MAKERS[name]()
    except KeyError:
        raise SystemExit(f"no problem called {name!r}; there are {', '.join(MAKERS)}") from None
    return problem.cut(200, 300) if quick else problem


__all__ = ["MAKERS", "Problem", "load", "standardised"]
