"""Which columns are a group: lists of columns, of names, or a label for every column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.checks import Names, check_number, name_of
from excise.exceptions import InputError, InputTypeError

Members = tuple[tuple[int, ...], ...]
Stated = tuple[Any, ...]
"""Groups as a caller means them: tuples of columns and names, or a label for every column."""


def stated(groups: Any) -> Stated:
    """Groups as a caller gives them, as far as they can be checked without a table."""
    if isinstance(groups, str) or not isinstance(groups, (Sequence, np.ndarray)):
        raise InputTypeError(
            f"groups is {groups!r}",
            remedy="a list of groups, each a list of columns or of their names; or a label for "
            "every column",
        )
    listed = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    if not listed:
        raise InputError("groups is empty", remedy="at least one group")
    inner = [isinstance(one, (list, tuple, np.ndarray, range)) for one in listed]
    if not any(inner):
        return tuple(listed)
    if not all(inner):
        k = inner.index(False)
        raise InputError(
            f"groups[{k}] is {listed[k]!r}, and others are lists",
            remedy="lists of columns alone, or a label for every column",
        )
    members = tuple(tuple(_member(k, j) for j in one) for k, one in enumerate(listed))
    for k, one in enumerate(members):
        if not one:
            raise InputError(f"group {k} is empty", remedy="leave it out")
    return members


def are_labels(groups: Stated) -> bool:
    """Whether there is a label for every column."""
    return not isinstance(groups[0], tuple)


def count_of(groups: Stated) -> int:
    """How many groups there are."""
    return len(dict.fromkeys(groups)) if are_labels(groups) else len(groups)


def _member(k: int, j: Any) -> int | str:
    if isinstance(j, (str, int)) and not isinstance(j, bool):
        return j
    if isinstance(j, np.integer):
        return int(j)
    raise InputTypeError(f"group {k} names {j!r}", remedy="the number of a column, or its name")


def placed(groups: Stated, p: int, names: Names) -> Members:
    """Numbers of columns; negative ones count from the end."""
    if are_labels(groups):
        return _labelled(groups, p)
    place = {name: j for j, name in enumerate(names or ())}
    out = []
    for k, one in enumerate(groups):
        numbers = []
        for j in one:
            if isinstance(j, str):
                if j not in place:
                    told = "X has no names of columns" if names is None else "X has no such column"
                    raise InputError(f"group {k} names {j!r}", [told])
                numbers.append(place[j])
            elif -p <= j < p:
                numbers.append(j % p)
            else:
                raise InputError(f"group {k} names column {j}, but X has {p} columns")
        if len(set(numbers)) < len(numbers):
            twice = next(j for j in numbers if numbers.count(j) > 1)
            raise InputError(f"group {k} names {name_of('feature', twice, names)} twice")
        out.append(tuple(numbers))
    return tuple(out)


def _labelled(labels: Stated, p: int) -> Members:
    """Columns of the same label, in the order in which labels come first."""
    if len(labels) != p:
        raise InputError(
            f"groups has {len(labels)} labels, but X has {p} columns",
            remedy="a label for every column, or a list of groups",
        )
    found: dict[Any, list[int]] = {}
    for j, label in enumerate(labels):
        found.setdefault(label, []).append(j)
    return tuple(tuple(one) for one in found.values())


def refuse_overlap(groups: Members, p: int, names: Names) -> None:
    """Refuse a column that is in two groups."""
    owner = np.full(p, -1)
    for k, one in enumerate(groups):
        for j in one:
            if owner[j] >= 0:
                raise InputError(
                    f"{name_of('feature', j, names)} is in groups {owner[j]} and {k}",
                    remedy="penalties.OverlappingGroups, or each column in one group",
                )
            owner[j] = k


def left_over(groups: Members, p: int) -> NDArray[np.intp]:
    """Columns that no group names."""
    seen = np.zeros(p, dtype=bool)
    for one in groups:
        seen[list(one)] = True
    return np.flatnonzero(~seen)


def check_weights(weights: Any) -> tuple[float, ...] | None:
    """Weights of groups: finite, above 0."""
    if weights is None:
        return None
    out = tuple(float(check_number(f"weights[{k}]", one)) for k, one in enumerate(weights))
    for k, one in enumerate(out):
        if not 0.0 < one < np.inf:
            raise InputError(
                f"weights[{k}] is {one}; the weight of a group must be a number > 0",
                ["penalty_weight = 0 frees columns, inf excludes them"],
            )
    return out
