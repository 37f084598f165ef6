"""Times that may be censored, as targets of a Cox model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.checks import check_rows, numbers
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats

FORMS = (
    "y may be a pair (time, event), an array with the columns time and event, a structured array "
    "with a boolean field and a number, or excise.Survival(time, event, entry, strata)"
)


@dataclass(frozen=True, eq=False)
class Survival:
    """Checked times: who is at risk from when to when, and whether an event ends it.

    Parameters
    ----------
    time : array, shape (n,)
        > 0: when the event came, or the last time without it.
    event : array of bool or of 0 and 1, shape (n,)
        1 = the event came, 0 = censored.
    entry : array, shape (n,), optional
        At risk only after this time (left truncation); before `time`. Default: from the beginning.
    strata : array of any labels, shape (n,), optional
        Rows are compared within their stratum only.

    Attributes
    ----------
    time, event : ndarray of float
    entry : ndarray of float or None
    strata : ndarray or None
        Labels as given.

    Raises
    ------
    InputError, InputTypeError
        With the first row that is wrong and its value.
    """

    time: Any
    event: Any
    entry: Any = None
    strata: Any = None

    def __post_init__(self) -> None:
        time = numbers("time", self.time)
        if time.ndim != 1 or len(time) == 0:
            raise InputError(f"time must have one dimension and a row, got shape {time.shape}")
        n = len(time)
        check_rows("time", time, n)
        event = _per_row("event", numbers("event", self.event), n)
        self._store("time", time)
        self._store("event", event)
        _refuse("time", time, ~(time > 0.0), "times must be > 0")
        _refuse("event", event, (event != 0.0) & (event != 1.0), "0 = censored, 1 = event")
        if self.entry is not None:
            entry = _per_row("entry", numbers("entry", self.entry), n)
            late = np.flatnonzero(~(entry < time))
            if len(late):
                i = int(late[0])
                raise InputError(f"entry is {entry[i]} in row {i}, not before its time {time[i]}")
            self._store("entry", entry)
        if self.strata is not None:
            self._store("strata", _labels(self.strata, n))

    def _store(self, name: str, values: NDArray[Any]) -> None:
        object.__setattr__(self, name, np.ascontiguousarray(values))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, rows: Any) -> Survival:
        """The same for some rows."""
        parts = (self.time, self.event, self.entry, self.strata)
        return Survival(*(None if part is None else part[rows] for part in parts))

    @cached_property
    def codes(self) -> NDArray[np.int64] | None:
        """The position of each stratum among the sorted labels."""
        if self.strata is None:
            return None
        return np.unique(self.strata, return_inverse=True)[1].astype(np.int64)

    @property
    def late_entry(self) -> Floats | None:
        """Entries, where one of them makes a difference to some risk set."""
        if self.entry is None or not self.event.any():
            return None
        first = float(self.time[self.event > 0.0].min())
        return self.entry if float(self.entry.max()) >= first else None


def survival_of(y: Any) -> Survival:
    """What `y` means, in any of its forms (`FORMS`)."""
    if isinstance(y, Survival):
        return y
    names = getattr(getattr(y, "dtype", None), "names", None)
    if names:
        kinds = [y.dtype[name].kind for name in names]
        if len(names) != 2 or kinds.count("b") != 1:
            raise InputTypeError(f"y has the fields {', '.join(names)}", [FORMS])
        event = kinds.index("b")
        return Survival(y[names[1 - event]], y[names[event]])
    if isinstance(y, tuple) and len(y) == 2:
        return Survival(*y)
    table = numbers("y", y)
    if table.ndim != 2 or table.shape[1] != 2:
        raise InputError(f"y has shape {table.shape}; a Cox model needs times and events", [FORMS])
    return Survival(table[:, 0], table[:, 1])


def _per_row(name: str, values: Floats, n: int) -> Floats:
    if values.shape != (n,):
        raise InputError(f"{name} has shape {values.shape}, but there are {n} times")
    return check_rows(name, values, n)


def _refuse(name: str, values: Floats, wrong: NDArray[np.bool_], rule: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(f"{name} is {values[row]} in row {row}; {rule}")


def _labels(strata: Any, n: int) -> NDArray[Any]:
    labels = np.asarray(strata)
    if labels.shape != (n,):
        raise InputError(f"strata has shape {labels.shape}, but there are {n} times")
    missing = np.flatnonzero([one is None or one != one for one in labels.tolist()])
    if len(missing):
        raise InputError(f"strata has no label in row {missing[0]}")
    try:
        np.sort(labels)
    except TypeError:
        raise InputTypeError("strata has labels of kinds that cannot be compared") from None
    return labels
