"""Which rows train and which are held out, fold by fold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError, InputTypeError

Labels = NDArray[np.intp]
UNUSED, TRAIN, TEST = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Folds:
    """The part every row plays in every fold.

    Attributes
    ----------
    roles : ndarray of int8, shape (n_folds * repeats, n_rows)
        0 = unused, 1 = trains, 2 = is held out.
    repeats : int
    """

    roles: NDArray[np.int8]
    repeats: int = 1

    def __len__(self) -> int:
        return len(self.roles)

    @property
    def fold_of_row(self) -> Labels:
        """The fold in which each row is held out, shape (repeats, n_rows); -1: in none."""
        parts = np.split(self.roles == TEST, self.repeats)
        return np.stack([np.where(p.any(axis=0), p.argmax(axis=0), -1) for p in parts])


def make_folds(
    n: int,
    cv: Any = 10,
    *,
    groups: Any = None,
    time: Any = None,
    stratify: Any = None,
    repeats: int = 1,
    random_state: int | None = 0,
) -> Folds:
    """Divide n rows.

    Parameters
    ----------
    n : int
    cv : int, array of int, iterable, or splitter
        A number of folds; a fold label per row (-1: never held out); pairs (train, test) of row
        indices or masks; or an object with scikit-learn's ``split``.
    groups : array, shape (n,), optional
        Rows of a group stay in one fold.
    time : array, shape (n,), optional
        Forward folds: each is predicted from the rows before it; equal times stay together.
    stratify : array, shape (n,), optional
        Labels that every fold gets an equal share of: counts of a label differ by 1 at most
        (with groups: counts of groups that have it most).
    repeats : int, default=1
        Shuffled divisions, one after the other.
    random_state : int or None, default=0

    Returns
    -------
    Folds

    Raises
    ------
    InputError
        If rows or groups are too few for the folds, or a fold has no rows on one side.
    """
    if isinstance(cv, (bool, str)):
        raise InputTypeError(
            f"cv is {cv!r}", remedy="pass a number of folds, labels, or pairs (train, test)"
        )
    if isinstance(cv, (int, np.integer)):
        return _counted(n, int(cv), groups, time, stratify, repeats, random_state)
    ignored = {
        "groups": groups is not None and not hasattr(cv, "split"),
        "time": time is not None,
        "stratify": stratify is not None,
        "repeats": repeats != 1,
    }
    for name in (name for name, given in ignored.items() if given):
        raise InputError(f"{name} has no effect on folds that are given", remedy="leave it out")
    if isinstance(cv, np.ndarray) and cv.ndim == 1:
        return _labelled(_per_row(cv, n, "cv"))
    pairs = cv.split(np.zeros((n, 1)), None, groups) if hasattr(cv, "split") else cv
    if not isinstance(pairs, Iterable):
        raise InputTypeError(
            f"cv is {type(cv).__name__}",
            remedy="pass a number of folds, labels, or pairs (train, test)",
        )
    roles = [_pair(n, k, train, test) for k, (train, test) in enumerate(pairs)]
    if not roles:
        raise InputError("cv has no folds", remedy="at least one pair (train, test)")
    return Folds(np.stack(roles))


def _counted(
    n: int,
    k: int,
    groups: Any,
    time: Any,
    stratify: Any,
    repeats: int,
    random_state: int | None,
) -> Folds:
    if groups is not None and time is not None:
        raise InputError("groups and time cannot be used together", remedy="choose one")
    if stratify is not None and time is not None:
        raise InputError("stratify and time cannot be used together", remedy="choose one")
    if repeats < 1:
        raise InputError(f"repeats must be at least 1, got {repeats}")
    if time is not None:
        return _forward(_per_row(time, n, "time"), k)
    units, of_row = n, np.arange(n)
    if groups is not None:
        names, of_row = np.unique(_per_row(groups, n, "groups"), return_inverse=True)
        units = len(names)
    _enough(units, k, "rows" if groups is None else "groups")
    rng = np.random.default_rng(random_state)
    if stratify is None:
        balanced = np.arange(units) * k // units
        drawn = [rng.permutation(balanced) for _ in range(repeats)]
    else:
        stratum = _strata(_per_row(stratify, n, "stratify"), of_row, units)
        drawn = [_dealt(stratum, k, rng) for _ in range(repeats)]
    return Folds(np.concatenate([_labelled(label[of_row]).roles for label in drawn]), repeats)


def _strata(labels: NDArray[Any], of_row: Labels, units: int) -> Labels:
    """The label, as a number, that most rows of each unit have (the first of equals)."""
    values, code = np.unique(labels, return_inverse=True)
    counts = np.zeros((units, len(values)), dtype=np.intp)
    np.add.at(counts, (of_row, code), 1)
    return np.asarray(np.argmax(counts, axis=1))


def _dealt(stratum: Labels, k: int, rng: np.random.Generator) -> Labels:
    """Folds dealt like cards, one stratum after the other, each in random order."""
    order = rng.permutation(len(stratum))
    order = order[np.argsort(stratum[order], kind="stable")]
    folds = np.empty(len(stratum), dtype=np.intp)
    folds[order] = rng.permutation(k)[np.arange(len(stratum)) % k]
    return folds


def _forward(time: NDArray[Any], k: int) -> Folds:
    """K + 1 stretches of time; the first only trains, each later one is held out once.

    A moment belongs to the stretch of its middle row: so first and last are never in one.
    """
    moments, of_row, count = np.unique(time, return_inverse=True, return_counts=True)
    _enough(len(moments), k + 1, "distinct times")
    middle_twice = 2 * np.cumsum(count) - count - 1
    stretch = (middle_twice * (k + 1) // (2 * len(time)))[of_row]
    _, stretch = np.unique(stretch, return_inverse=True)
    later = range(1, int(stretch.max()) + 1)
    return Folds(
        np.stack(
            [np.select([stretch < s, stretch == s], [TRAIN, TEST], UNUSED) for s in later]
        ).astype(np.int8)
    )


def _labelled(label: Labels) -> Folds:
    found = np.unique(label[label >= 0])
    if len(found) < 2:
        raise InputError(f"cv labels {len(found)} folds; at least 2 are needed")
    return Folds(np.stack([np.where(label == k, TEST, TRAIN) for k in found]).astype(np.int8))


def _pair(n: int, k: int, train: Any, test: Any) -> NDArray[np.int8]:
    roles = np.zeros(n, dtype=np.int8)
    for role, rows in ((TRAIN, train), (TEST, test)):
        try:
            chosen = np.zeros(n, dtype=bool)
            index = np.asarray(rows)
            chosen[index if index.size else []] = True
        except IndexError:
            raise InputError(f"fold {k} of cv names rows outside 0 .. {n - 1}") from None
        if not chosen.any():
            raise InputError(
                f"fold {k} of cv has no {'training' if role == TRAIN else 'test'} rows"
            )
        if role == TEST and np.any(roles[chosen] == TRAIN):
            row = int(np.flatnonzero(chosen & (roles == TRAIN))[0])
            raise InputError(f"fold {k} of cv trains on row {row} and holds it out")
        roles[chosen] = role
    return roles


def _enough(units: int, k: int, what: str) -> None:
    if k < 2:
        raise InputError(f"cv must be at least 2 folds, got {k}")
    if units < k:
        remedy = f"cv={max(2, units // 2)}" if units > 3 else "more rows"
        raise InputError(f"{units} usable {what} cannot fill {k} folds", remedy=remedy)


def _per_row(values: Any, n: int, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n,):
        raise InputError(f"{name} has shape {array.shape}, but there are {n} rows")
    return array
