"""Groups that share columns are groups of copies: the problem on the copies, and the way back.

The copies are a view of the table (`excise.design.repeated`). Coefficients of a column are the sum
of those of its copies; what a feature is told is that of the copy that says most.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from excise.design.repeated import RepeatedDesign
from excise.penalties import OverlappingGroups
from excise.problem import Problem
from excise.results import Floats
from excise.standard import column_scale
from excise.verdicts import Certificate, VerdictKind, Verdicts

LOUDNESS = {
    VerdictKind.EXCLUDED: 0,
    VerdictKind.PROVED: 1,
    VerdictKind.KKT: 2,
    VerdictKind.STATIONARY: 2,
    VerdictKind.BORDERLINE: 3,
    VerdictKind.UNPROVED: 4,
    VerdictKind.KEPT: 5,
}
"""The copy of a column with the largest of these speaks for it; of equal ones that which earns most
beside its tax."""


def on_copies(problem: Problem) -> Problem:
    """The problem with a copy of each column for every group that it is in."""
    kind = problem.penalty
    assert isinstance(kind, OverlappingGroups)
    place, names = kind.place, problem.feature_names
    return replace(
        problem,
        design=RepeatedDesign(problem.design, place),
        penalty=kind.apart,
        penalty_weight=problem.penalty_weight[place],
        lower=problem.lower[place],
        upper=problem.upper[place],
        feature_names=None if names is None else tuple(names[j] for j in place),
    )


def divided(problem: Problem, coef: Floats) -> Floats:
    """Coefficients of any tool as those of the copies: they add up, and cost as little as known."""
    kind = problem.penalty
    assert isinstance(kind, OverlappingGroups)
    unit = column_scale(problem).divisor[kind.place] if problem.standardize else 1.0
    return kind.divided(coef, unit, problem.l1_ratio)


def of_columns(made: Certificate, place: NDArray[np.intp]) -> Certificate:
    """A certificate of the copies, with a verdict for each column."""
    said = made.verdicts
    loud = np.array([LOUDNESS[kind] for kind in VerdictKind])[said.kind]
    order = np.lexsort((said.earns - said.tax, loud))
    speaks = np.empty(int(place.max()) + 1, dtype=np.intp)
    speaks[place[order]] = order  # the last one stays
    twins = {tuple(sorted({int(place[j]) for j in some})) for some in made.twins}
    return replace(
        made,
        verdicts=Verdicts(said.kind[speaks], said.earns[speaks], said.tax[speaks]),
        twins=tuple(sorted(twins)),
    )
