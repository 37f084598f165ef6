"""Fills learned again inside a fold.

A feature with missing entries has an indicator beside it, so another fill is a rank-one change,
``x + (fill - fill_of_all_rows) * indicator``: folds need no copy of the matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats
from excise.table.parts import Part

if TYPE_CHECKING:
    from excise.cross_validation import Imputation


@dataclass(frozen=True, slots=True, eq=False)
class Hole:
    """A part with missing entries: its place in the matrix, and its values with NaN."""

    part: Part
    at: int
    values: Floats


def holes(parts: Sequence[Part], starts: Sequence[int], blocks: Sequence[Floats]) -> list[Hole]:
    """The parts that have an indicator."""
    return [
        Hole(part, at, values)
        for part, at, values in zip(parts, starts, blocks, strict=True)
        if part.indicator
    ]


def imputation(found: Sequence[Hole]) -> Imputation | None:
    """What cross-validation needs to learn the fills again; None when nothing is missing."""
    if not found:
        return None
    from excise.cross_validation import Imputation

    columns: list[int] = []
    indicators: list[int] = []
    for hole in found:
        last = hole.at + hole.part.width - 1
        columns += range(hole.at, last)
        indicators += [last] * (last - hole.at)
    fill = np.concatenate([hole.part.fill for hole in found])
    return Imputation(
        np.array(columns, np.intp), np.array(indicators, np.intp), fill, partial(_refit, found)
    )


def _refit(found: Sequence[Hole], training: NDArray[np.bool_]) -> Floats:
    """Fills of the training rows; where none is present, that of all rows."""
    fills = [
        np.where(np.isnan(fill), hole.part.fill, fill)
        for hole in found
        for fill in (hole.part.recipe.fill(hole.values[training]),)
    ]
    return np.concatenate(fills)
