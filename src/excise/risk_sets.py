"""Cox's partial likelihood in numpy, for the certificate: sums over risk sets, as logarithms.

Everything that is summed is positive and kept as its logarithm, so that nothing cancels and
nothing overflows. A constant added to what is averaged over a risk set comes out again, which is
how vectors of either sign are made positive.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.losses.base import quiet
from excise.results import Floats
from excise.survival import Survival

Index = NDArray[np.intp]

MOST_PAIRS = 4_000_000
"""Beyond so many pairs of tied events Efron's terms are bounded, not summed."""


def log_bins(values: Floats, place: Index, size: int) -> Floats:
    """The logarithm of the sum of e^values at each place; -infinity where there is none."""
    most = np.full(size, -np.inf)
    np.maximum.at(most, place, values)
    level = np.where(most > -np.inf, most, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(
            np.log(np.bincount(place, np.exp(values - level[place]), minlength=size)) + level
        )


class RiskSets:
    """Events tied in a stratum are a group; groups go by stratum and falling time.

    Attributes
    ----------
    group : ndarray of int, shape (n_events,)
        Of each event, in the order of `events`, its rows.
    first, end : ndarray of int, shape (n,)
        The groups that each row is at risk for are first .. end - 1.
    parts : list of slice
        The groups of each stratum.
    times : list of ndarray
        Their times, falling.
    """

    def __init__(self, survival: Survival) -> None:
        n = len(survival)
        codes = survival.codes
        strata = np.zeros(n, dtype=np.int64) if codes is None else codes
        self.entry = survival.late_entry
        self.events: Index = np.flatnonzero(survival.event > 0.0)
        self.group: Index = np.zeros(len(self.events), dtype=np.intp)
        self.first: Index = np.zeros(n, dtype=np.intp)
        self.end: Index = np.zeros(n, dtype=np.intp)
        self.parts: list[slice] = []
        self.times: list[Floats] = []
        found = 0
        order = np.argsort(strata, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(strata[order])) + 1):
            late_first = -survival.time[rows]
            times = np.unique(late_first[survival.event[rows] > 0.0])
            self.first[rows] = found + np.searchsorted(times, late_first)
            self.end[rows] = found + len(times)
            if self.entry is not None:
                self.end[rows] = found + np.searchsorted(times, -self.entry[rows])
            self.parts.append(slice(found, found + len(times)))
            self.times.append(-times)
            found += len(times)
        self.size = found
        self.group[:] = self.first[self.events]

    def cover(self, logs: Floats) -> Floats:
        """Of every group: log of the sum of e^logs over its risk set."""
        if self.entry is not None:
            return self._through_tree(logs)
        seen = self.first < self.end
        out = log_bins(logs[seen], self.first[seen], self.size)
        for part in self.parts:
            out[part] = np.logaddexp.accumulate(out[part])
        return out

    def collect(self, logs: Floats) -> Floats:
        """Of every row: log of the sum of e^logs over the groups that it is at risk for."""
        if self.entry is not None:
            return self._from_tree(logs)
        sums = np.append(logs, -np.inf)
        for part in self.parts:
            sums[part] = np.logaddexp.accumulate(logs[part][::-1])[::-1]
        return np.where(self.first < self.end, sums[np.minimum(self.first, self.size)], -np.inf)

    def _nodes(self) -> list[tuple[Index, Index]]:
        """Rows and the nodes of a binary tree that make up their groups, level by level."""
        low, high = self.first.copy(), np.maximum(self.first, self.end)
        levels = []
        for _ in range(max(1, int(self.size - 1).bit_length()) + 1):
            left = np.flatnonzero((low < high) & (low % 2 == 1))
            right = np.flatnonzero((low < high) & (high % 2 == 1))
            levels.append((np.r_[left, right], np.r_[low[left], high[right] - 1]))
            low, high = (low + 1) // 2, high // 2
        return levels

    def _through_tree(self, logs: Floats) -> Floats:
        levels = self._nodes()
        above = np.full(1, -np.inf)
        for depth, (rows, nodes) in enumerate(reversed(levels)):
            own = log_bins(logs[rows], nodes, 2**depth)
            above = np.logaddexp(own, np.repeat(above, 2)[: len(own)])
        return above[: self.size]

    def _from_tree(self, logs: Floats) -> Floats:
        levels = self._nodes()
        sums = np.full(2 ** (len(levels) - 1), -np.inf)
        sums[: self.size] = logs
        out = np.full(len(self.first), -np.inf)
        for rows, nodes in levels:
            np.logaddexp.at(out, rows, sums[nodes])
            sums = np.logaddexp(sums[::2], sums[1::2]) if len(sums) > 1 else sums
        return out


class Terms(NamedTuple):
    """The terms W KL(q || p_k) of all groups, one after the other.

    `group`; `off`: 1 - c_k of the tied events; `share`: the weight of the term.
    """

    group: Index
    off: Floats
    share: Floats


class PartialLikelihood:
    """The loss of `excise.losses.Cox` on rows that all have weight."""

    def __init__(self, survival: Survival, weights: Floats, ties: str) -> None:
        self.sets = sets = RiskSets(survival)
        self.event, self.weights, self.log_weights = survival.event, weights, np.log(weights)
        self.W = np.bincount(sets.group, weights[sets.events], minlength=sets.size)
        self.count = np.bincount(sets.group, minlength=sets.size)
        terms = self.count if ties == "efron" else np.ones(sets.size, dtype=np.intp)
        group = np.repeat(np.arange(sets.size), terms)
        k = np.arange(len(group)) - np.repeat(np.cumsum(terms) - terms, terms)
        self.terms = Terms(group, k / terms[group], self.W[group] / terms[group])
        self.rank_one = ties != "efron" or not np.any(self.count > 1)

    @property
    def curvature(self) -> float:
        """A bound on the second derivative in the norm of the weights.

        That of a term is W times a covariance, of norm <= W / 2 on its risk set.
        """
        at_risk = np.exp(self.sets.collect(np.log(self.W)))
        return float(np.max(at_risk / self.weights)) / 2

    def sums(self, eta: Floats) -> tuple[Floats, Floats]:
        """Of every term the log of sum w c e^eta; of every group that over the events alone."""
        logs = self.log_weights + eta
        tied = log_bins(logs[self.sets.events], self.sets.group, self.sets.size)
        return self._less_tied(self.sets.cover(logs), tied), tied

    def _less_tied(self, every: Floats, tied: Floats) -> Floats:
        group, off, _ = self.terms
        part = np.exp(tied - np.where(every > -np.inf, every, 0.0))
        with np.errstate(divide="ignore"):
            return every[group] + np.log1p(-np.minimum(off * part[group], 1.0))

    def divergences(self, eta: Floats) -> Floats:
        """KL(q || p_k) of every term."""
        group, off, _ = self.terms
        rows = self.sets.events
        mean = np.bincount(self.sets.group, (self.weights * eta)[rows], minlength=self.sets.size)
        logs = self.sums(eta)[0] - (mean / self.W)[group]
        return np.asarray(np.maximum(logs - np.log(self.W[group] * (1.0 - off)), 0.0))

    def value(self, eta: Floats) -> float:
        """The mean loss."""
        return float(self.terms.share @ self.divergences(eta))

    @quiet
    def hazard(self, eta: Floats) -> Floats:
        """What a slope has beside the event, and the diagonal of the second derivative."""
        logs = np.log(self.terms.share) - self.sums(eta)[0]
        return self._collected(logs, eta)

    def _collected(self, logs: Floats, eta: Floats) -> Floats:
        """Of every row: c e^(eta + logs) summed over the terms of its groups."""
        group, off, _ = self.terms
        out = np.exp(eta + self.sets.collect(log_bins(logs, group, self.sets.size)))
        with np.errstate(divide="ignore"):
            tied = log_bins(logs + np.log(off), group, self.sets.size)
        rows = self.sets.events
        out[rows] -= np.exp(eta[rows] + tied[self.sets.group])
        return np.maximum(out, 0.0)

    def baseline(self, eta: Floats) -> Floats:
        """By how much the cumulative hazard of a row with eta = 0 grows at each group's time.

        Breslow's estimator; with Efron's ties the one that belongs to them.
        """
        logs = np.log(self.terms.share) - self.sums(eta)[0]
        return np.asarray(np.exp(log_bins(logs, self.terms.group, self.sets.size)))

    def slopes(self, eta: Floats) -> Floats:
        """Derivative by eta, per unit of weight."""
        return np.asarray(self.hazard(eta) - self.event)

    def means(self, eta: Floats, v: Floats) -> Floats:
        """Of every term: the mean of v >= 0 under p_k, as a logarithm."""
        with np.errstate(divide="ignore"):
            logs = self.log_weights + eta + np.log(v)
        tied = log_bins(logs[self.sets.events], self.sets.group, self.sets.size)
        return self._less_tied(self.sets.cover(logs), tied) - self.sums(eta)[0]

    @quiet
    def bent(self, eta: Floats, v: Floats) -> Floats:
        """The second derivative times v, per unit of weight."""
        v = v - v.min()  # it does not see constants
        logs = np.log(self.terms.share) - self.sums(eta)[0]
        shared = self._collected(logs + self.means(eta, v), eta)
        return np.asarray(self._collected(logs, eta) * v - shared)

    def distance(self, eta: Floats, other: Floats, s: float) -> float:
        """sum_k W KL((1 - s) q + s p_k(other) || p_k(eta)): what a dual point costs at eta.

        It belongs to s times the slopes at `other`. Where tied events are too many, a bound by
        convexity.
        """
        log_p, log_other = self.sums(eta)[0], self.sums(other)[0]
        move, low = other - eta, float(np.min(other - eta))
        change = log_other - log_p
        mean = np.exp(self.means(other, move - low)) + low
        share = self.terms.share
        pairs = self.count[self.terms.group]
        if not self.rank_one and int(pairs.sum()) > MOST_PAIRS:
            straight = (1.0 - s) * self.divergences(eta) + s * np.maximum(mean - change, 0.0)
            return float(share @ straight)
        order = np.argsort(self.sets.group, kind="stable")
        start = np.cumsum(self.count) - self.count
        term = np.repeat(np.arange(len(pairs)), pairs)
        inner = np.arange(len(term)) - np.repeat(np.cumsum(pairs) - pairs, pairs)
        place = order[start[self.terms.group[term]] + inner]
        rows = self.sets.events[place]
        logs = self.log_weights[rows] + np.log1p(-self.terms.off[term])
        p = np.exp(logs + other[rows] - log_other[term])
        q = self.weights[rows] / self.W[self.sets.group[place]]
        mixed = (1.0 - s) * q + s * p
        ratio = np.log(np.maximum(mixed, 1e-300)) - (logs + eta[rows] - log_p[term])
        rest = np.maximum(1.0 - np.bincount(term, p, minlength=len(pairs)), 0.0)
        inside = np.bincount(term, mixed * ratio, minlength=len(pairs))
        tied = np.bincount(term, p * move[rows], minlength=len(pairs))
        log_s = np.log(s) if s > 0.0 else 0.0
        outside = s * (rest * (log_s - change) + mean - tied)
        return float(share @ np.maximum(inside + outside, 0.0))
