"""Harrell's concordance: how often who has the event first has the higher risk."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.results import Floats
from excise.survival import Survival

Index = NDArray[np.intp]
SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def concordance(y: Survival, risk: Floats, weights: Floats | None = None) -> float:
    """Share of comparable pairs that `risk` puts in the right order, equal risks counting half.

    Comparable: an event, and a row of its stratum that is at risk then and stays longer, or is
    censored at that very time (Harrell, Lee and Mark, Statistics in Medicine 15, 1996). A pair
    counts by the product of its weights, so that an integer weight is a repeated row.
    O(n log(n)^2).

    Parameters
    ----------
    y : Survival
    risk : ndarray, shape (n,)
        Higher means earlier.
    weights : ndarray, shape (n,), optional
        Of the rows, >= 0; all alike if left out.

    Returns
    -------
    float
        1 = all pairs in order, 0.5 = no better than chance.

    Raises
    ------
    InputError
        No pair is comparable.
    """
    right, pairs = pairs_in_order(y, risk, weights)
    if pairs == 0.0:
        raise InputError("no two rows can be compared: no event comes before another row's time")
    return right / pairs


def pairs_in_order(y: Survival, risk: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """Comparable pairs that `risk` puts in order, equal risks counting half; and all of them.

    Each counts by the product of its weights; rows without weight have no pairs.
    """
    w = np.ones(len(y)) if weights is None else weights
    codes = np.zeros(len(y), dtype=np.int64) if y.codes is None else y.codes
    found = np.zeros(3)
    for code in np.unique(codes):
        rows = np.flatnonzero((codes == code) & (w > 0.0))
        found += _pairs(y[rows], risk[rows], w[rows])
    right, equal, pairs = found
    return float(right + equal / 2), float(pairs)


def _pairs(y: Survival, risk: Floats, w: Floats) -> Floats:
    """Pairs in the right order, with equal risks, and all, of one stratum."""
    rank = np.unique(risk, return_inverse=True)[1]
    events = np.flatnonzero(y.event > 0.0)
    order = np.lexsort((y.event, -y.time))  # censored rows outlast events of the same time
    outlast = np.searchsorted(-y.time[order], -y.time[events])
    outlast += np.searchsorted(
        np.sort(y.time[y.event == 0.0]), y.time[events], side="right"
    ) - np.searchsorted(np.sort(y.time[y.event == 0.0]), y.time[events])
    own = rank[events], w[events]
    total = _compared(rank[order], w[order], outlast, *own)
    if y.entry is not None:  # less those that come later
        order = np.argsort(-y.entry, kind="stable")
        later = np.searchsorted(-y.entry[order], -y.time[events], side="right")
        if np.array_equal(later, outlast):  # no pair, whatever rounding leaves of the sums
            return np.zeros(3)
        total -= _compared(rank[order], w[order], later, *own)
    return total


def _compared(rank: Index, w: Floats, count: Index, own: Index, weight: Floats) -> Floats:
    """Of the first `count` rows: the weight of ranks below `own`, of equal ones, and of all."""
    below = equal = 0.0
    size = max(1, len(rank))
    for level in range(int(size).bit_length()):
        width = 2**level
        blocks = len(rank) // width
        chosen = (count >> level) % 2 == 1  # a prefix is one block for each bit of its length
        if not blocks or not chosen.any():
            continue
        place = (count[chosen] >> level) - 1
        keys = rank[: blocks * width].reshape(blocks, width)
        keys = (keys + np.arange(blocks)[:, None] * (size + 1)).ravel()
        rising = np.argsort(keys, kind="stable")
        keys, sums = keys[rising], np.append(0.0, np.cumsum(w[: blocks * width][rising]))
        wanted = own[chosen] + place * (size + 1)
        low, high = (np.searchsorted(keys, wanted, side=side) for side in SIDES)
        below += float(weight[chosen] @ (sums[low] - sums[place * width]))
        equal += float(weight[chosen] @ (sums[high] - sums[low]))
    whole = np.append(0.0, np.cumsum(w))[count]
    return np.array([below, equal, float(weight @ whole)])
