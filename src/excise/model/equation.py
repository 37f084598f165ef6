"""A model as formulas in the units of the table: one, or one for each of several outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from excise.explain.words import figures
from excise.results import Floats

if TYPE_CHECKING:
    from excise.model.record import Model


def equations(model: Model, digits: int = 3) -> tuple[str, ...]:
    """``target = offset + intercept + coef name ...``, largest coefficient per deviation first."""
    if not model.outputs:
        parts = model.predictor, model.intercept, model.coef, model.coef_std
        return (_equation(model, *parts, digits),)
    intercepts = np.broadcast_to(model.intercept, len(model.outputs))
    return tuple(
        _equation(model, name, float(start), b, b_std, digits)
        for name, start, b, b_std in zip(
            model.predictors, intercepts, model.coef.T, model.coef_std.T, strict=True
        )
    )


def _equation(
    model: Model, name: str, start: float, coef: Floats, coef_std: Floats, digits: int
) -> str:
    order = sorted(np.flatnonzero(coef), key=lambda j: -abs(coef_std[j]))
    text = f"{name} = {figures(start, digits)}"
    if model.target.offset:
        sign = "-" if start < 0.0 else "+"
        text = f"{name} = {model.target.offset} {sign} {figures(abs(start), digits)}"
    for j in order:
        sign = "-" if coef[j] < 0.0 else "+"
        text += f" {sign} {figures(abs(coef[j]), digits)} {model.columns[j].name}"
    return text
