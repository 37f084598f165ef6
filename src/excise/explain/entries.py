"""When features enter and leave along a path: exactly where that is known, else as its grid saw."""

from __future__ import annotations

from typing import Literal

import numpy as np

from excise.explain.together import groups_of, whole
from excise.problem import Problem
from excise.results import Event, Path

EXACT = 100
"""More entries and exits than this are told as the grid saw them: each exact one takes a solve."""


def entries_of(path: Path) -> list[Event]:
    """Entries and exits by falling alpha.

    Exact of the elastic net, and of several outputs and of groups where they are few. Nothing is
    known between two alphas of a schedule, of a concave penalty, and of groups whose columns need
    not go together.
    """
    problem: Problem = path.problem
    if problem.l1_ratio == 0.0:
        return []
    kind = problem.penalty
    if kind is None and problem.schedule is None and path.outputs == 1:
        return path.events()
    seen = entries_seen(path)
    known = problem.schedule is None and (kind is None or whole(kind))
    if not known or len(seen) > EXACT * _most_together(problem):
        return seen
    return path.events() if kind is None else _of_all_columns(path)


def _most_together(problem: Problem) -> int:
    """Columns of the largest group, whose entry takes one solve."""
    return max(map(len, groups_of(problem.penalty)), default=1)


def _of_all_columns(path: Path) -> list[Event]:
    """Events of groups, each told of every column that varies: they go together."""
    of = {j: members for members in groups_of(path.problem.penalty) for j in members}
    varies = path.scale > 0.0
    return [
        event._replace(feature=j) for event in path.events() for j in of[event.feature] if varies[j]
    ]


def entries_seen(path: Path) -> list[Event]:
    """Entries and exits by falling alpha, each at the first alpha of the grid that has it.

    Of several outputs with features of their own each is told of its output.
    """
    together = path.outputs == 1 or path.problem.grouped
    K, support = (1, path.support) if together else (path.outputs, path.columns.support)
    found: list[Event] = []
    before = np.flatnonzero(np.repeat(path.problem.penalty_weight == 0.0, K))

    def tell(alpha: float, flat: int, kind: Literal["enters", "leaves"]) -> None:
        found.append(Event(alpha, flat // K, kind, None if together else flat % K))

    for k, alpha in enumerate(path.alphas.tolist()):
        now = support(k)
        for flat in np.setdiff1d(now, before).tolist():
            tell(alpha, flat, "enters")
        for flat in np.setdiff1d(before, now).tolist():
            tell(alpha, flat, "leaves")
        before = now
    return found
