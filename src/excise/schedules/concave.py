"""Concave penalties by local linear approximation: taxes that fade as coefficients grow.

The penalty of feature j is rho(t_j) with t_j = l1_ratio |b_j| + (1 - l1_ratio) b_j^2 / 2, which is
|b_j| for a plain lasso, and rho one of `excise.penalties.concave`. It lies below
its tangent, so that solving the problem with weights rho'(t_j) / alpha makes the objective fall;
where another step changes no weight the point is stationary (Zou and Li, Annals of Statistics 36,
2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from excise.checks import check_positive
from excise.exceptions import InputError
from excise.penalties.concave import CONCAVE, Concave, LogSum
from excise.results import Floats
from excise.schedules.base import (
    Ending,
    Schedule,
    Stages,
    Start,
    Wanted,
    check_steps,
    scaled,
    spelled,
    start_of,
)

SETTLED = 1e-10
"""Factors that change by less, or by less than this share, are the same."""

WINDOW = 5
"""Steps from which the next one is extrapolated."""

MOST_STEPS = 100
"""Tangents before a concave penalty is given up, unless another number is given."""

TENTH = 0.1
"""The default epsilon over the largest coefficient at the start."""


def term(b: Floats, l1_ratio: float) -> Floats:
    """What alpha v_j multiplies."""
    return np.asarray(l1_ratio * np.abs(b) + (1.0 - l1_ratio) * b**2 / 2)


def extrapolated(past: Floats) -> Floats:
    """Where factors lead, shape (steps, p), if they come ever closer to each other.

    The mixture of the last steps whose differences are smallest (Anderson's; Bertrand and Massias,
    AISTATS 2021), for the factors that have moved at every step. It need not lie on a tangent, and
    need not be right: whether weights stay is asked of the tangent after it.
    """
    with np.errstate(invalid="ignore"):
        moves = np.diff(past, axis=0)
    moved = np.flatnonzero(np.isfinite(moves).all(axis=0) & (moves != 0.0).all(axis=0))
    U = moves[:, moved]
    lengths = np.linalg.norm(U, axis=1)
    if U.size == 0 or np.any(np.diff(lengths) >= 0.0):  # away from a saddle: let it go
        return np.asarray(past[-1])
    gram = U @ U.T
    gram += 1e-14 * np.trace(gram) * np.eye(len(gram))
    mixture = np.linalg.solve(gram, np.ones(len(gram)))
    guess = past[-1].copy()
    guess[moved] = mixture @ past[1:, moved] / mixture.sum()
    return guess if np.all(guess >= 0.0) else np.asarray(past[-1])


def factors(penalty: Concave, b: Floats, start: Start) -> Floats:
    """rho'(t_j) / (alpha v_j) at coefficients b."""
    taxed = (start.weight > 0.0) & np.isfinite(start.weight)
    tax = np.where(taxed, start.alpha * np.where(taxed, start.weight, 1.0), 1.0)
    tax = np.maximum(tax, np.finfo(np.float64).tiny)  # alpha = 0: no tax, whatever the factor
    with np.errstate(divide="ignore", over="ignore"):
        return penalty.fade(term(b, start.l1_ratio), tax)


def shaped(penalty: str, shape: float | None, b: Floats, l1_ratio: float) -> Concave:
    """The penalty; an epsilon that is not given is a tenth of the largest term at the start."""
    if shape is None and penalty == LogSum.name:
        shape = TENTH * float(term(b, l1_ratio).max(initial=0.0)) or 1.0
    return CONCAVE[penalty].of(shape)


@dataclass(frozen=True)
class LocalLinear(Schedule):
    """A concave penalty, by solving with its tangent until the tangent stays.

    The first stage is the lasso at alpha, or what the schedule before ended with. The result is
    a stationary point of an objective that may have others: its status is `STATIONARY`, never
    optimal, or `UNSETTLED` if `steps` were too few. Every fifth step starts from weights that are
    extrapolated from the four before it.

    Parameters
    ----------
    penalty : {"mcp", "scad", "log", "lq"}, default="mcp"
    shape : float, optional
        Of MCP gamma > 1 (3 if left out); of SCAD a > 2 (3.7); of the logarithm epsilon > 0, on the
        scale the penalty acts on (a tenth of the largest coefficient of the first stage); of L_q
        the power q, 0 < q < 1 (0.5).
    steps : int, default=100
        The most tangents; 1 is the one-step estimator of Zou and Li.

    References
    ----------
    Zou and Li, "One-step sparse estimates in nonconcave penalized likelihood models", Annals of
    Statistics 36, 2008; Fan and Li, JASA 96, 2001; Zhang, Annals of Statistics 38, 2010.
    """

    penalty: str = "mcp"
    shape: float | None = None
    steps: int = MOST_STEPS

    def __post_init__(self) -> None:
        if not (isinstance(self.penalty, str) and self.penalty in CONCAVE):
            valid = ", ".join(repr(name) for name in CONCAVE)
            raise InputError(f"unknown penalty {self.penalty!r}", [f"valid: {valid}"])
        check_steps(self.steps)
        CONCAVE[self.penalty].of(self.shape)

    def __str__(self) -> str:
        return spelled(self.penalty, self.shape, None if self.steps == MOST_STEPS else self.steps)

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        b = yield from start_of(start, "lasso")
        penalty = shaped(self.penalty, self.shape, b, start.l1_ratio)
        factor = factors(penalty, b, start)
        past: list[Floats] = []
        for step in range(1, self.steps + 1):
            weight = scaled(start.weight, factor)
            b = yield Wanted(f"step {step}", weight, passing=True)
            old, factor = factor, factors(penalty, b, start)
            if _same(old, factor):
                return Ending(weight, b, True)
            past.append(factor)
            if len(past) == WINDOW:
                factor, past = extrapolated(np.stack(past)), []
        return Ending(weight, b, False)


@dataclass(frozen=True)
class Reweighted(Schedule):
    """Iteratively reweighted L1: after the lasso, factors ``epsilon / (|b| + epsilon)``.

    These are `steps` tangents to the logarithmic penalty. A coefficient of zero pays the whole
    tax and may come back.

    Parameters
    ----------
    steps : int, default=3
        Reweighted stages after the first.
    epsilon : float > 0, optional
        On the scale the penalty acts on; a tenth of the largest coefficient of the first stage if
        left out.

    References
    ----------
    Candes, Wakin and Boyd, "Enhancing sparsity by reweighted l1 minimization", Journal of Fourier
    Analysis and Applications 14, 2008.
    """

    steps: int = 3
    epsilon: float | None = None

    def __post_init__(self) -> None:
        check_steps(self.steps)
        if self.epsilon is not None:
            check_positive("epsilon", self.epsilon)

    def __str__(self) -> str:
        return spelled("reweighted", self.steps, self.epsilon)

    def stages(self, start: Start) -> Stages:
        """What is to be solved, one after another."""
        b = yield from start_of(start, "lasso")
        penalty = shaped(LogSum.name, self.epsilon, b, start.l1_ratio)
        for step in range(1, self.steps + 1):
            weight = scaled(start.weight, factors(penalty, b, start))
            b = yield Wanted(f"step {step}", weight)
        return Ending(weight, b)


def _same(old: Floats, new: Floats) -> bool:
    both = np.isinf(old) & np.isinf(new)
    with np.errstate(invalid="ignore"):
        off = np.where(both, 0.0, np.abs(new - old))
    return bool(np.all(off <= SETTLED * np.maximum(1.0, np.where(both, 1.0, np.abs(old)))))
