"""Harrell's concordance: how often who has the event first has the higher risk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.results import Floats
from excise.survival import Survival

Index = NDArray[np.intp]


def concordance(y: Survival, risk: Floats) -> float:
    """Share of comparable pairs that `risk` puts in the right order, equal risks counting half.

    Comparable: an event, and a row of its stratum that is at risk then and stays longer, or is
    censored at that very time (Harrell, Lee and Mark, Statistics in Medicine 15, 1996).
    O(n log(n)^2).

    Parameters
    ----------
    y : Survival
    risk : ndarray, shape (n,)
        Higher means earlier.

    Returns
    -------
    float
        1 = all pairs in order, 0.5 = no better than chance.

    Raises
    ------
    InputError
        No pair is comparable.
    """
    right, pairs = pairs_in_order(y, risk)
    if pairs == 0.0:
        raise InputError("no two rows can be compared: no event comes before another row's time")
    return right / pairs


def pairs_in_order(y: Survival, risk: Floats) -> tuple[float, float]:
    """Comparable pairs that `risk` puts in order, equal risks counting half; and all of them."""
    codes = np.zeros(len(y), dtype=np.int64) if y.codes is None else y.codes
    found = np.zeros(3)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        found += _pairs(y[rows], risk[rows])
    right, equal, pairs = found
    return float(right + equal / 2), float(pairs)


def _pairs(y: Survival, risk: Floats) -> Floats:
    """Pairs in the right order, with equal risks, and all, of one stratum."""
    rank = np.unique(risk, return_inverse=True)[1]
    events = np.flatnonzero(y.event > 0.0)
    order = np.lexsort((y.event, -y.time))  # censored rows outlast events of the same time
    outlast = np.searchsorted(-y.time[order], -y.time[events])
    outlast += np.searchsorted(
        np.sort(y.time[y.event == 0.0]), y.time[events], side="right"
    ) - np.searchsorted(np.sort(y.time[y.event == 0.0]), y.time[events])
    total = _compared(rank[order], outlast, rank[events])
    if y.entry is not None:  # less those that come later
        order = np.argsort(-y.entry, kind="stable")
        later = np.searchsorted(-y.entry[order], -y.time[events], side="right")
        total -= _compared(rank[order], later, rank[events])
    return total


def _compared(rank: Index, count: Index, own: Index) -> Floats:
    """Of the first `count` ranks: how many are below `own`, equal, and how many there are."""
    below = equal = 0
    size = max(1, len(rank))
    for level in range(int(size).bit_length()):
        width = 2**level
        blocks = len(rank) // width
        chosen = (count >> level) % 2 == 1  # a prefix is one block for each bit of its length
        if not blocks or not chosen.any():
            continue
        place = (count[chosen] >> level) - 1
        keys = np.sort(rank[: blocks * width].reshape(blocks, width), axis=1)
        keys = (keys + np.arange(blocks)[:, None] * (size + 1)).ravel()
        wanted = own[chosen] + place * (size + 1)
        low = np.searchsorted(keys, wanted)
        below += int(np.sum(low - place * width))
        equal += int(np.sum(np.searchsorted(keys, wanted, side="right") - low))
    return np.array([below, equal, int(count.sum())], dtype=np.float64)
