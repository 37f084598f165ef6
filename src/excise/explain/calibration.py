"""Whether probabilities can be believed: their mean beside what was observed, in bins."""

from __future__ import annotations

import numpy as np

from excise.results import Floats

BINS = 10
FEWEST = 5
"""Rows in a bin of the calibration."""


def calibration(y: Floats, probability: Floats) -> tuple[Floats, Floats]:
    """Mean probability and share of y = 1, in at most ten bins of equally many rows."""
    order = np.argsort(probability, kind="stable")
    bins = np.array_split(order, max(1, min(BINS, len(order) // FEWEST)))
    predicted, observed = ([float(values[b].mean()) for b in bins] for values in (probability, y))
    return np.array(predicted), np.array(observed)
