"""From hazard ratios to probabilities of survival, by the baseline that a record keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.explain.baseline import Baseline
from excise.results import Floats

if TYPE_CHECKING:
    from excise.model.record import Model


def survival_of(model: Model, ratio: Floats, times: Floats, strata: Any = None) -> Floats:
    """Probability of no event up to each time; see `Model.survival`."""
    base = baseline_of(model)
    expected = base.expected(ratio, times, strata_of(model, strata, len(ratio)))
    return np.asarray(np.exp(-expected))


def baseline_of(model: Model) -> Baseline:
    """The baseline of the record; an error where it holds none."""
    if model.followup is None:
        raise InputError(f"the {model.loss} loss knows no survival times")
    if model.followup.baseline is None:
        raise InputError(
            "the model file holds no baseline hazard, so it predicts no survival",
            ["left out by --private, or the model was moved to another penalty"],
            model.command,
        )
    return model.followup.baseline


def strata_of(model: Model, strata: Any, n: int) -> NDArray[np.intp]:
    """The row of the baseline for each of n rows."""
    levels = model.followup.levels if model.followup is not None else ()
    if (strata is None) != (not levels):
        held = "strata" if levels else "no strata"
        raise InputError(f"the model was fitted with {held}", remedy="pass the same here")
    if strata is None:
        return np.zeros(n, dtype=np.intp)
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise InputError(f"strata has shape {labels.shape}, but there are {n} rows")
    place = {level: k for k, level in enumerate(levels)}
    found = [place.get(str(label), -1) for label in labels.tolist()]
    if -1 in found:
        row = found.index(-1)
        raise InputError(f"strata is {labels[row]} in row {row}, which no training row has")
    return np.array(found, dtype=np.intp)
