"""Solving from moments alone: no rows needed.

Two tables with the same G = Z'WZ and q = Z'Wy have the same solutions at every alpha. The
smallest such table is a square root: with G = R'R and R'e = q, the rows of R and the entries of
e, times sqrt(m), have these moments, and the ordinary engine solves and certifies them.
"""

from __future__ import annotations

import numpy as np

from excise.engine import solve_path
from excise.penalties import Penalty
from excise.problem import make_problem
from excise.results import Floats, Path
from excise.schedules import Schedule

SAFE = 1e-8
"""Cholesky is trusted while every pivot is above this part of the largest variance."""
RANK = 1e-12
"""Directions of G with less than this part of the largest variance are rounding."""


def root(G: Floats, q: Floats) -> tuple[Floats, Floats]:
    """R (r, m) and e (r,) with R'R = G and R'e = q; r is the rank of G.

    The transposed Cholesky factor, or the scaled principal axes when columns are dependent.
    """
    try:
        L = np.linalg.cholesky(G)
        if L.diagonal().min(initial=1.0) ** 2 > SAFE * G.diagonal().max(initial=0.0):
            return np.ascontiguousarray(L.T), np.linalg.solve(L, q)
    except np.linalg.LinAlgError:
        pass
    variance, axes = np.linalg.eigh(G)
    keep = variance > RANK * max(float(variance.max(initial=0.0)), np.finfo(float).tiny)
    sd = np.sqrt(variance[keep])
    R = sd[:, None] * axes[:, keep].T
    R[:, G.diagonal() == 0.0] = 0.0  # constant columns, exactly
    return R, (axes[:, keep].T @ q) / sd


def solve_moments(
    G: Floats,
    q: Floats,
    unit: Floats,
    alphas: Floats,
    *,
    l1_ratio: float,
    penalty_weight: Floats,
    lower: Floats,
    upper: Floats,
    schedule: Schedule | None = None,
    penalty: Penalty | None = None,
) -> Path:
    """Certified solutions at falling `alphas` for the moments `G`, `q`.

    G and q are those of standardised columns; the penalty and the bounds act on the coefficients
    of these columns times `unit`. The rank is found before the units come in.
    Primal, dual and null loss lack the part of y that no column reaches; the gap does not.
    """
    R, e = root(G, q)
    if len(R) == 0:
        R, e = np.zeros((1, len(q))), np.zeros(1)
    problem = make_problem(
        R * unit * np.sqrt(len(R)),
        e * np.sqrt(len(R)),
        l1_ratio=l1_ratio,
        penalty="l1" if penalty is None else penalty,
        penalty_weight=penalty_weight,
        bounds=(lower, upper) if np.any(np.isfinite(lower) | np.isfinite(upper)) else None,
        schedule=schedule,
        fit_intercept=False,
        standardize=False,
        n_threads=1,
    )
    return solve_path(problem, alphas)
