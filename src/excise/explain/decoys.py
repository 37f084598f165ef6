"""The noise floor: at which tax would shuffled copies of the columns enter?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decoys:
    """Quantiles, over the shuffles, of the tax at which the best shuffled column enters.

    Attributes
    ----------
    median, q95 : float
    n_shuffles, seed : int
    """

    median: float
    q95: float
    n_shuffles: int
    seed: int
