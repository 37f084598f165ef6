"""Solve for one alpha or a whole path, with a certificate at every alpha.

Runs on `excise.reference`: exact, and meant for small tables until the compiled core is in.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from excise import reference
from excise.problem import Problem, make_problem
from excise.results import (
    Certificate,
    Event,
    Floats,
    Path,
    Solution,
    SparseColumns,
    Status,
    VerdictKind,
    Verdicts,
)
from excise.standard import Penalty, allowed


def fit(X: Any, y: Any, alpha: float, **problem: Any) -> Solution:
    """The exact solution at one alpha."""
    return _solution(reference.standardise(make_problem(X, y, **problem)), float(alpha))


def fit_path(
    X: Any, y: Any, alphas: Any = 100, *, alpha_min_ratio: float | None = None, **problem: Any
) -> Path:
    """Solutions along falling alphas: a number of them, or their values."""
    checked = make_problem(X, y, **problem)
    if isinstance(alphas, (int, np.integer)):
        alphas = alpha_grid(checked, int(alphas), alpha_min_ratio)
    return solve_path(checked, np.sort(np.asarray(alphas, dtype=np.float64))[::-1])


def alpha_grid(problem: Problem, count: int, ratio: float | None = None) -> Floats:
    """A geometric grid from alpha_max down to `ratio` times it."""
    top = reference.top_tax(reference.standardise(problem)) / max(problem.l1_ratio, 1e-3) or 1.0
    if ratio is None:
        ratio = 1e-4 if problem.n > problem.p else 1e-2
    return np.geomspace(top, top * ratio, count) if count > 1 else np.array([top])


def solve_path(problem: Problem, alphas: Floats) -> Path:
    """The path of a checked problem at falling `alphas`."""
    std = reference.standardise(problem)
    found = reference.walk(std, alphas)
    certified = [_certificate(std, a, b) for a, b in zip(alphas, found, strict=True)]
    original = [std.original(b) for b in found]
    return Path(
        alphas=alphas,
        columns=_sparse([coef for coef, _ in original]),
        columns_std=_sparse([b * std.target.unit for b in found]),
        intercepts=np.array([b0 for _, b0 in original]),
        relative_gaps=np.array([c.relative_gap for c in certified]),
        kkt_violations=np.array([c.kkt_violation for c in certified]),
        train_loss=np.array([np.sum((std.y - std.Z @ b) ** 2) / 2 for b in found]) * std.target.unit**2,
        alpha_max=reference.alpha_max(problem),
        null_loss=float(std.y @ std.y / 2) * std.target.unit**2,
        mean=std.columns.mean,
        scale=std.columns.scale,
        n_factorizations=len(alphas),
        n_passes=len(alphas),
        problem=problem,
        feature_names=problem.feature_names,
        _solve_at=lambda alpha: _solution(std, float(alpha)),
        _find_events=lambda: _events(std, float(alphas[-1])),
    )


def _solution(std: reference.Standard, alpha: float) -> Solution:
    b = reference.walk(std, [alpha])[0]
    coef, intercept = std.original(b)
    certificate = _certificate(std, alpha, b)
    solved = certificate.relative_gap <= std.problem.tol
    status = Status.OPTIMAL if solved else Status.STALLED
    names = std.problem.feature_names
    return Solution(alpha, coef, intercept, b * std.target.unit, certificate, status, names)


def _certificate(std: reference.Standard, alpha: float, b: Floats) -> Certificate:
    """A first certificate: gap at the scaled residual, verdicts from the sphere."""
    pen = std.penalty(alpha)
    r = std.y - std.Z @ b
    c = std.Z.T @ r
    scale = _feasible(c, pen)
    z = scale * c
    best = np.where(pen.ridge > 0, np.sign(z) * np.maximum(np.abs(z) - pen.tax, 0.0), 0.0)
    best = np.clip(best / np.where(pen.ridge > 0, pen.ridge, 1.0), pen.lower, pen.upper)
    side = np.where(best != 0.0, np.sign(best), np.sign(b))
    terms = pen.ridge * (b - best) ** 2 / 2 + pen.tax * (np.abs(b) - side * b)
    terms += np.where(best == 0, (z - pen.tax * side) * -b, 0.0)
    gap = float((1 - scale) ** 2 * (r @ r) / 2 + np.sum(np.maximum(terms, 0.0)))
    null = float(std.y @ std.y / 2)
    primal = float(r @ r / 2 + np.sum(pen.tax * np.abs(b) + pen.ridge * b**2 / 2))
    earns = allowed(c + b, pen)
    radius = np.sqrt(2 * (gap + 1e-15 * null))
    zero = b == 0.0
    kind = np.full(len(b), VerdictKind.BORDERLINE, dtype=np.uint8)
    kind[zero & (earns < pen.tax * (1 - 1e-8))] = VerdictKind.KKT
    kind[zero & (earns + radius < pen.tax)] = VerdictKind.PROVED
    kind[pen.excluded] = VerdictKind.EXCLUDED
    kind[~zero] = VerdictKind.KEPT
    unit = std.target.unit * pen.unit
    off = np.where(zero, np.maximum(0, earns - pen.tax), np.abs(c - pen.tax * np.sign(b)))
    top = float(np.max(np.abs(std.Z.T @ std.y), initial=0.0))
    square = std.target.unit**2
    return Certificate(
        primal=primal * square,
        dual=(primal - gap) * square,
        gap=gap * square,
        relative_gap=gap / null if null > 0 else 0.0,
        kkt_violation=float(off.max(initial=0.0)) / top if top > 0 else 0.0,
        verdicts=Verdicts(kind, earns * unit, pen.tax * unit),
    )


def _feasible(c: Floats, pen: Penalty) -> float:
    """The largest factor <= 1 that makes the residual a dual point."""
    over = (pen.ridge == 0.0) & ~pen.excluded & (np.abs(c) > pen.tax) & (pen.tax > 0.0)
    return float(np.min(pen.tax[over] / np.abs(c[over]), initial=1.0))


def _sparse(columns: list[Floats]) -> SparseColumns:
    rows = [np.flatnonzero(column) for column in columns]
    return SparseColumns(
        indptr=np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64),
        indices=np.concatenate(rows).astype(np.int64),
        data=np.concatenate([column[r] for column, r in zip(columns, rows, strict=True)]),
        n_rows=len(columns[0]),
    )


def _events(std: reference.Standard, last: float) -> tuple[list[Event], Floats]:
    """Every change of the support, by halving the log of alpha where the support differs."""
    events: list[Event] = []
    top = reference.top_tax(std) / max(std.problem.l1_ratio, 1e-3)
    if top <= last:
        return [], np.empty(0)
    grid = np.geomspace(top * 1.0001, last, 400)
    found = reference.walk(std, grid)
    for high, low, a, b in zip(grid[:-1], grid[1:], found[:-1], found[1:], strict=True):
        _split(std, (high, a), (low, b), events)
    return events, np.array(sorted({e.alpha for e in events}, reverse=True))


def _split(
    std: reference.Standard,
    high: tuple[float, Floats],
    low: tuple[float, Floats],
    events: list[Event],
) -> None:
    changed = np.flatnonzero(np.sign(high[1]) != np.sign(low[1]))
    if len(changed) == 0:
        return
    if high[0] - low[0] <= 1e-12 * high[0]:
        for j in changed:
            if high[1][j]:
                events.append(Event(low[0], int(j), "leaves"))
            if low[1][j]:
                events.append(Event(low[0], int(j), "enters"))
        return
    middle = float((high[0] * low[0]) ** 0.5) if high[0] > 1.001 * low[0] else (high[0] + low[0]) / 2
    between = (middle, reference.newton(std, std.penalty(middle), low[1]))
    _split(std, high, between, events)
    _split(std, between, low, events)
