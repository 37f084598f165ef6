"""Which columns are a group: lists of columns, of names, or a label for every column."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from excise.checks import Names, name_of, numbers
from excise.exceptions import InputError, InputTypeError

Members = tuple[tuple[int, ...], ...]
Stated = tuple[Any, ...]
"""Groups as a caller means them: tuples of columns and names, or a label for every column."""

FORMS = "a list of lists of columns or of their names, or a label for every column"


def stated(groups: Any) -> Stated:
    """Groups as a caller gives them, as far as they can be checked without a table."""
    given = np.asarray(groups) if hasattr(groups, "__array__") else groups
    if isinstance(given, str) or not isinstance(given, (Sequence, np.ndarray)) or _scalar(given):
        kind = type(groups).__name__
        raise InputTypeError(f"groups must be a list or an array, not a {kind}", remedy=FORMS)
    if isinstance(given, np.ndarray) and given.ndim > 1:
        raise InputError(
            f"groups is an array of shape {given.shape}; labels have one dimension", remedy=FORMS
        )
    listed = list(given.tolist() if isinstance(given, np.ndarray) else given)
    if not listed:
        raise InputError("groups is empty", remedy="at least one group")
    inner = [isinstance(one, (list, tuple, np.ndarray, range)) for one in listed]
    if not any(inner):
        return tuple(_label(j, one) for j, one in enumerate(listed))
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


def _scalar(given: Any) -> bool:
    return isinstance(given, np.ndarray) and given.ndim == 0


def _label(j: int, label: Any) -> Any:
    """A label of column j: text, a number, or whatever else can be looked up."""
    if label is None or label != label:  # NaN
        raise InputError(f"feature {j} has the label {label}", remedy="a label of its own")
    try:
        hash(label)
    except TypeError:
        raise InputTypeError(f"groups[{j}] is {label!r}", remedy=FORMS) from None
    return label


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
                    _refuse_name(k, j, names)
                numbers.append(place[j])
            elif -p <= j < p:
                numbers.append(j % p)
            else:
                raise InputError(
                    f"group {k} names column {j}, but X has {p} columns",
                    remedy=f"numbers from 0 to {p - 1}",
                )
        if len(set(numbers)) < len(numbers):
            twice = next(j for j in numbers if numbers.count(j) > 1)
            raise InputError(
                f"group {k} names {name_of('feature', twice, names)} twice",
                remedy="name it once",
            )
        out.append(tuple(numbers))
    return tuple(out)


def _refuse_name(k: int, name: str, names: Names) -> NoReturn:
    if names is None:
        raise InputError(
            f"group {k} names {name!r}, but the columns of X have no names",
            remedy="their numbers, or X as a data frame",
        )
    near = get_close_matches(name, names, n=1)
    raise InputError(
        f"group {k} names {name!r}, which is no column of X",
        remedy=repr(near[0]) if near else "",
    )


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


def check_weights(weights: Any, groups: Stated) -> tuple[float, ...] | None:
    """Weights of groups: one for each, finite, above 0."""
    if weights is None:
        return None
    order = "in the order in which labels come first" if are_labels(groups) else "in their order"
    count = count_of(groups)
    values = numbers("weights", weights)
    if values.shape != (count,):
        got = f"{len(values)} numbers" if values.ndim == 1 else f"shape {values.shape}"
        raise InputError(
            f"weights has {got}, but there are {count} groups",
            remedy=f"a number for each group, {order}",
        )
    out = tuple(values.tolist())
    for k, one in enumerate(out):
        if not 0.0 < one < np.inf:
            raise InputError(
                f"weights[{k}] is {one}; the weight of a group must be finite and > 0",
                ["penalty_weight = 0 frees columns, inf excludes them"],
            )
    return out
