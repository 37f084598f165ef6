"""What a model file says of survival times, each member checked against the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from excise.explain.baseline import Baseline
from excise.explain.survivors import GROUPS, RiskGroups
from excise.model.fields import Fields
from excise.model.parts import Followup
from excise.results import Floats


def risk_groups(f: Fields | None) -> RiskGroups | None:
    """The curves of one to three groups."""
    if f is None:
        return None
    rows, events = _counts(f, "rows"), _counts(f, "events")
    n = len(rows)
    if not 0 < n <= GROUPS or len(events) != n or np.any(events > rows):
        raise f.wrong("rows", "and 'events' must be numbers of rows of one to three groups")
    times = _times(f)
    m = len(times)
    return RiskGroups(
        alpha=f.number("alpha", 0.0),
        rows=rows,
        events=events,
        times=times,
        observed=f.floats("observed", n * m, 0.0).reshape(n, m),
        expected=f.floats("expected", n * m, 0.0).reshape(n, m),
        at_risk=f.integers("at_risk", n * m).reshape(n, m),
    )


def followup(f: Fields) -> Followup:
    """Events, strata, and the baseline where it was kept."""
    levels = f.texts("levels")
    if len(set(levels)) < len(levels):
        raise f.wrong("levels", "must be different")
    base = f.maybe("baseline")
    kept = None if base is None else _baseline(base, max(len(levels), 1))
    return Followup(f.count("n_events", least=1), levels, kept)


def _baseline(f: Fields, n_strata: int) -> Baseline:
    times = _times(f)
    hazard = f.floats("hazard", n_strata * len(times), 0.0).reshape(n_strata, len(times))
    if np.any(np.diff(hazard, axis=1) < 0.0):
        raise f.wrong("hazard", "must not fall")
    return Baseline(times, hazard)


def _times(f: Fields) -> Floats:
    times = f.floats("times", None, 0.0)
    if len(times) == 0 or np.any(np.diff(times) <= 0.0):
        raise f.wrong("times", "must rise")
    return times


def _counts(f: Fields, key: str) -> NDArray[np.int64]:
    values = f.content.get(key)
    counts = f.numbers(key, len(values) if isinstance(values, list) else 0)
    if np.any((counts < 0.0) | (counts != np.round(counts))):
        raise f.wrong(key, "must be numbers of rows")
    return counts.astype(np.int64)
