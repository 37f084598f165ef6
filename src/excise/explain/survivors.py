"""How well survival times are put in order: concordance, and the survival of groups by risk.

Everything is counted on held-out rows, each with the log hazard ratio that a model which never
saw it gives it, against the average row that this model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.concordance import pairs_in_order
from excise.cross_validation import Imputation, predictors_of
from excise.explain.baseline import baseline_of
from excise.explain.held_out import held_out
from excise.explain.score import Measure
from excise.folds import Folds
from excise.problem import Problem
from excise.results import Floats
from excise.survival import Survival

CONCORDANCE = "concordance"
NO_ORDER = 0.5
"""The concordance of a model that tells nothing."""
GROUPS = 3
MOST_TIMES = 80
"""Times of the curves that are kept."""

Index = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class RiskGroups:
    """Held-out rows at one alpha, in thirds by risk; fewer where risks are too much alike.

    Attributes
    ----------
    alpha : float
    rows, events : ndarray of int, shape (n_groups,)
        By rising risk.
    times : ndarray, shape (m,)
        Times of events, rising, at most 80.
    observed : ndarray, shape (n_groups, m)
        Share without an event up to each time, by Kaplan and Meier.
    expected : ndarray, shape (n_groups, m)
        The same by the model: hazard ratios times the baseline of all these rows.
    at_risk : ndarray of int, shape (n_groups, m)
        Rows at risk just before each time.
    """

    alpha: float
    rows: NDArray[np.int64]
    events: NDArray[np.int64]
    times: Floats
    observed: Floats
    expected: Floats
    at_risk: NDArray[np.int64]

    @property
    def names(self) -> tuple[str, ...]:
        """Low, middle and high."""
        return {1: ("all",), 2: ("low", "high")}.get(len(self.rows), ("low", "middle", "high"))


class SurvivalReport(NamedTuple):
    """What a model keeps of its survival times."""

    measures: tuple[Measure, ...]
    groups: RiskGroups | None


def survival_report(
    problem: Problem,
    folds: Folds,
    alphas: Floats,
    chosen: float,
    *,
    imputation: Imputation | None = None,
) -> SurvivalReport:
    """Concordances at falling `alphas`, and the groups by risk at the chosen one of them."""
    folds, session, path, parts = held_out(problem, folds, alphas, imputation)
    k = int(np.argmin(np.abs(alphas - chosen)))
    held = _held_out(problem, folds, parts)
    train = _on_training_rows(problem, predictors_of(session, path))
    measures = tuple(
        Measure(CONCORDANCE, float(alpha), cv, se, own, NO_ORDER)
        for alpha, (cv, se), own in zip(alphas, held, train, strict=True)
        if np.isfinite([cv, se, own]).all()
    )
    rows, eta = _averaged(problem, [(part, predictors[k + 1]) for part, predictors in parts])
    return SurvivalReport(measures, risk_groups(float(alphas[k]), problem, rows, eta))


def _held_out(
    problem: Problem, folds: Folds, parts: list[tuple[Index, Floats]]
) -> list[tuple[float, float]]:
    """Per alpha the concordance of pairs inside a fold, and its standard error.

    Folds count by their comparable pairs: a fold may have few of them, or none. The error is that
    of a ratio of sums over the folds of one division; repeats do not make it smaller.
    """
    counted = np.array([[_pairs(problem, rows, one) for one in eta[1:]] for rows, eta in parts])
    right, pairs = counted[:, :, 0], counted[:, :, 1]
    with np.errstate(invalid="ignore"):
        found = right.sum(axis=0) / pairs.sum(axis=0)
        n = len(parts) / folds.repeats
        off = np.square(right - found * pairs).mean(axis=0) * n / max(n - 1.0, 1.0)
        se = np.sqrt(off / n) / pairs.mean(axis=0)
    return list(zip(found.tolist(), se.tolist(), strict=True))


def _pairs(problem: Problem, rows: Index, eta: Floats) -> tuple[float, float]:
    """Pairs in order and all comparable ones, by the weights of their rows."""
    assert problem.survival is not None
    weights = None if problem.sample_weight is None else problem.sample_weight[rows]
    return pairs_in_order(problem.survival[rows], eta, weights)


def _on_training_rows(problem: Problem, eta: Floats) -> list[float]:
    """The concordance of each solution on its own rows; NaN where no pair can be compared."""
    counted = [_pairs(problem, np.arange(problem.n), one) for one in eta]
    return [right / pairs if pairs else np.nan for right, pairs in counted]


def _averaged(problem: Problem, parts: list[tuple[Index, Floats]]) -> tuple[Index, Floats]:
    """Rows with weight that were held out, and their predictor, averaged over the repeats."""
    total, times = np.zeros(problem.n), np.zeros(problem.n)
    for rows, eta in parts:
        total[rows] += eta
        times[rows] += 1.0
    rows = np.flatnonzero((times > 0.0) & (problem.weights > 0.0))
    return rows, total[rows] / times[rows]


class Watched(NamedTuple):
    """Held-out rows: times, weights, hazard ratios, stratum, and the steps of their baseline.

    `steps` has shape (n_strata, n_times), `times` are the distinct times of events.
    """

    y: Survival
    w: Floats
    ratio: Floats
    stratum: Index
    times: Floats
    steps: Floats


def risk_groups(alpha: float, problem: Problem, rows: Index, eta: Floats) -> RiskGroups | None:
    """Rows in thirds by `eta` (offset included), and how they survive; None without an event."""
    assert problem.survival is not None
    if not problem.survival.event[rows].any():
        return None
    seen = _watched(problem, rows, eta)
    thirds = np.searchsorted(np.quantile(eta, np.arange(1, GROUPS) / GROUPS), eta)
    group = np.unique(thirds, return_inverse=True)[1]
    curves = [_curves(seen, group == g) for g in range(int(group.max()) + 1)]
    m = len(seen.times)
    shown = np.unique(np.linspace(0, m - 1, min(m, MOST_TIMES)).round().astype(np.intp))
    observed, expected, watched = (np.stack(kind)[:, shown] for kind in zip(*curves, strict=True))
    return RiskGroups(
        alpha=alpha,
        rows=np.bincount(group).astype(np.int64),
        events=np.bincount(group, seen.y.event).astype(np.int64),
        times=seen.times[shown],
        observed=observed,
        expected=expected,
        at_risk=watched.astype(np.int64),
    )


def _watched(problem: Problem, rows: Index, eta: Floats) -> Watched:
    """With the baseline that belongs to `eta` on these rows alone."""
    assert problem.survival is not None
    weights, full = np.zeros(problem.n), np.zeros(problem.n)
    weights[rows], full[rows] = problem.weights[rows], eta
    own = baseline_of(replace(problem, sample_weight=weights, offset=None), full)
    codes = problem.survival.codes
    stratum = np.zeros(len(rows), dtype=np.intp) if codes is None else codes[rows]
    steps = np.diff(own.hazard, axis=1, prepend=0.0)
    y = problem.survival[rows]
    return Watched(y, problem.weights[rows], np.exp(eta), stratum, own.times, steps)


def _curves(seen: Watched, mine: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Observed and expected survival of some rows at the times, and how many are at risk.

    Expected events at a time are summed over the rows at risk then: where rows enter late or are
    censored, the two curves speak of the same rows.
    """
    y, w, times = seen.y, seen.w, seen.times
    ended = mine & (y.event > 0.0)
    died = np.bincount(np.searchsorted(times, y.time[ended]), w[ended], minlength=len(times))
    due = np.zeros(len(times))
    for code, steps in enumerate(seen.steps):
        own = np.flatnonzero(steps)
        force = np.where(mine & (seen.stratum == code), w * seen.ratio, 0.0)
        due[own] += steps[own] * at_risk(y, force, times[own])
    watched = at_risk(y, np.where(mine, w, 0.0), times)
    some = np.where(watched > 0.0, watched, np.inf)
    return (
        np.asarray(np.cumprod(np.clip(1.0 - died / some, 0.0, 1.0))),
        np.asarray(np.exp(-np.cumsum(due / some))),
        at_risk(y, mine.astype(np.float64), times),
    )


def at_risk(y: Survival, weight: Floats, times: Floats) -> Floats:
    """Sum of the weights of the rows that are at risk just before each time."""
    found = _beyond(y.time, weight, times)
    return found if y.entry is None else np.maximum(found - _beyond(y.entry, weight, times), 0.0)


def _beyond(ends: Floats, weight: Floats, times: Floats) -> Floats:
    """Sum of the weights of the rows with `ends` >= each time."""
    order = np.argsort(-ends, kind="stable")
    sums = np.append(0.0, np.cumsum(weight[order]))
    return np.asarray(sums[np.searchsorted(-ends[order], -times, side="right")])
