"""Which stage of a schedule accounts for a feature, and what each stage did.

A feature has its account in the last stage that admits it: where the last stage of all excludes
it, because it was cut before, there is nothing to read there. A feature that a stage excludes
although the one before kept it has its account in the stage that excludes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.explain.books import Books
from excise.explain.point import Point, StagePoint
from excise.results import Floats


class Accounts(NamedTuple):
    """What every feature earns, its tax, and the stage where (None without a schedule)."""

    earns: Floats
    tax: Floats
    place: NDArray[np.intp] | None


class Step(NamedTuple):
    """One stage for one feature; `keeps` on the scale the penalty acts on, tax inf: excluded."""

    stage: str
    earns: float
    tax: float
    keeps: float


class StageSummary(NamedTuple):
    """What one stage did.

    Attributes
    ----------
    name : str
    alpha, l1_ratio : float
    taxes : (float, float) or None
        Lowest and highest tax of those that it admits, without those that never pay any; None
        if it taxes nobody.
    kept : int
    dropped, returned : tuple of int
        Features that left, and came back, since the stage before.
    rel_gap : float
    """

    name: str
    alpha: float
    l1_ratio: float
    taxes: tuple[float, float] | None
    kept: int
    dropped: tuple[int, ...]
    returned: tuple[int, ...]
    rel_gap: float


def books_at(books: Books, stage: StagePoint) -> Books:
    """The books with the weights of a stage."""
    return replace(books, penalty_weight=stage.penalty_weight, l1_ratio=stage.l1_ratio)


def accounts(books: Books, point: Point) -> Accounts:
    """Of every feature, at a solution."""
    if not point.stages:
        return Accounts(books.earns(point), books.paid(point), None)
    admitted = np.array([np.isfinite(stage.penalty_weight) for stage in point.stages])
    inside = np.array([stage.coef_std != 0.0 for stage in point.stages])
    last, features = len(point.stages) - 1, np.arange(books.n_features)
    place = last - np.argmax(admitted[::-1], axis=0)
    place[~admitted.any(axis=0)] = last
    place[(place < last) & inside[place, features]] += 1
    earns = np.array([books.earns(stage) for stage in point.stages])
    tax = np.array([stage.tax for stage in point.stages])
    return Accounts(earns[place, features], tax[place, features], place)


def steps(books: Books, stages: Sequence[StagePoint], j: int) -> Iterator[Step]:
    """One feature from stage to stage."""
    unit = float(books.unit[j]) if books.scale[j] > 0.0 else 1.0
    for stage in stages:
        earned, keeps = float(books.earns(stage)[j]), float(stage.coef_std[j]) / unit
        yield Step(stage.name, earned, float(stage.tax[j]), keeps)


def summaries(stages: Sequence[StagePoint]) -> list[StageSummary]:
    """What every stage did."""
    found, before = [], None
    pays = stages[0].penalty_weight > 0.0 if stages else None
    for stage in stages:
        inside, tax = stage.coef_std != 0.0, stage.tax
        taxed = tax[pays & np.isfinite(tax)]
        was = inside if before is None else before
        found.append(
            StageSummary(
                stage.name,
                stage.alpha,
                stage.l1_ratio,
                (float(taxed.min()), float(taxed.max())) if taxed.any() else None,
                int(np.count_nonzero(inside)),
                tuple(np.flatnonzero(was & ~inside).tolist()),
                tuple(np.flatnonzero(inside & ~was).tolist()),
                stage.rel_gap,
            )
        )
        before = inside
    return found
