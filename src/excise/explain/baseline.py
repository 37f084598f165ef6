"""The baseline of a Cox model: what turns a hazard ratio into a probability of survival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from excise.cox_term import likelihood_of
from excise.problem import Problem
from excise.results import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """Cumulative hazards of a row whose log hazard ratio is 0.

    Attributes
    ----------
    times : ndarray, shape (n_times,)
        Distinct times of events, rising.
    hazard : ndarray, shape (n_strata, n_times)
        One row without strata. Breslow's estimator; with Efron's ties the one that belongs to them.
    """

    times: Floats
    hazard: Floats

    @property
    def last(self) -> float:
        """After this time nothing is known."""
        return float(self.times[-1])

    def cumulative(self, times: Floats) -> Floats:
        """The hazards up to any times, shape (n_strata, len(times)); level after the last event."""
        place = np.searchsorted(self.times, times, side="right")
        return np.column_stack([np.zeros(len(self.hazard)), self.hazard])[:, place]

    def expected(self, ratio: Floats, times: Floats, stratum: NDArray[np.intp]) -> Floats:
        """Expected number of events up to each time, shape (n, len(times)).

        `ratio` is the hazard ratio of each row, `stratum` its row of `hazard`.
        """
        return np.asarray(ratio[:, None] * self.cumulative(times)[stratum])

    def thinned(self, most: int) -> Baseline:
        """With at most `most` times, spread evenly, the last included: level between them."""
        if len(self.times) <= most:
            return self
        kept = np.linspace(0, len(self.times) - 1, most).round().astype(np.intp)
        return Baseline(self.times[kept], self.hazard[:, kept])


def baseline_of(problem: Problem, eta: Floats) -> Baseline:
    """The baseline that belongs to log hazard ratios eta, shape (n,), less the offset."""
    rows, likelihood = likelihood_of(problem)
    assert problem.survival is not None
    y = problem.survival[rows]
    offset = 0.0 if problem.offset is None else problem.offset[rows]
    steps = likelihood.baseline(eta[rows] + offset)
    times = np.unique(y.time[y.event > 0.0])
    labels = problem.survival.codes
    hazard = np.zeros((1 if labels is None else int(labels.max()) + 1, len(times)))
    seen = np.zeros(1, dtype=np.int64) if labels is None else np.unique(labels[rows])
    sets = likelihood.sets
    for code, part, own in zip(seen, sets.parts, sets.times, strict=True):
        hazard[code, np.searchsorted(times, own)] = steps[part]
    return Baseline(times, np.cumsum(hazard, axis=1))
