"""A record with what was measured on held-out rows."""

from __future__ import annotations

from dataclasses import replace

from excise.explain.classes import ClassReport
from excise.explain.confusion import Confusion
from excise.explain.judge import Report
from excise.explain.survivors import SurvivalReport
from excise.model.arrays import rounded
from excise.model.record import Model


def judged(model: Model, told: Report) -> Model:
    """With what there is to say of classes, times or responses, as the file will give it back."""
    if isinstance(told, SurvivalReport):
        groups = told.groups and replace(
            told.groups,
            observed=rounded(told.groups.observed),
            expected=rounded(told.groups.expected),
        )
        return replace(model, measures=told.measures, risk_groups=groups)
    if not isinstance(told, ClassReport):
        return replace(model, by_response=told)
    found = told.separation
    if isinstance(found, Confusion):
        kept_bins = (tuple(map(rounded, bins)) for bins in (found.predicted, found.observed))
        predicted, observed = kept_bins
        counted = replace(found, predicted=predicted, observed=observed)
        return replace(model, measures=told.measures, confusion=counted)
    kept = replace(
        found,
        false_alarms=rounded(found.false_alarms),
        found=rounded(found.found),
        predicted=rounded(found.predicted),
        observed=rounded(found.observed),
    )
    return replace(model, measures=told.measures, separation=kept)
