"""A design of one's own: a table that is computed instead of stored, written in Python."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.design.base import Design, Index
from excise.exceptions import InputError, InputTypeError
from excise.results import Floats

if TYPE_CHECKING:
    from excise._core import Design as Handle


class PythonDesign(Design):
    """Base class of designs written in Python; the compiled engine and the verifier drive them.

    A subclass sets ``shape = (n, p)`` and implements `columns` and `correlate`, which must agree:
    `check_design` tests that. It may override `rows`, `predict` and `moments` where it knows a
    shorter way; everything else follows. Calls are few and heavy, may come from several threads
    at once (folds are solved side by side), and may not change what they are given. What comes
    back is checked for shape, kind and NaN; an exception of the subclass goes through unchanged.

    Examples
    --------
    >>> import numpy as np
    >>> import excise
    >>> from excise.design import PythonDesign, check_design
    >>> class Levels(PythonDesign):  # 0/1 columns of a category, from its codes alone
    ...     def __init__(self, codes, count):
    ...         self.codes, self.shape = codes, (len(codes), count)
    ...
    ...     def columns(self, index):
    ...         return self.codes[:, None] == index
    ...
    ...     def correlate(self, V):
    ...         return np.stack([np.bincount(self.codes, v, self.shape[1]) for v in V.T], axis=1)
    >>> levels = Levels(np.arange(60) % 5, 5)
    >>> check_design(levels)
    >>> y = np.where(levels.codes == 3, 2.0, 0.0) + np.linspace(0.0, 0.1, 60)
    >>> excise.fit(levels, y, alpha=0.1).coef.round(3)
    array([0.   , 0.   , 0.   , 1.377, 0.   ])
    """

    dtype = np.dtype(np.float64)

    @abstractmethod
    def columns(self, index: Any) -> Any:
        """Some columns as numbers, shape (n, k), for an integer array of shape (k,)."""

    @abstractmethod
    def correlate(self, V: Floats) -> Any:
        """X'V, shape (p, k), for V of shape (n, k)."""

    def rows(self, rows: Index, columns: Index) -> Any:
        """Some rows of some columns, shape (len(rows), len(columns)).

        Override it if that costs less than whole columns: Gram matrices and cross-validation of
        tables with more rows than columns then read blocks of rows.
        """
        return np.asarray(self.columns(columns))[rows]

    def predict(self, index: Index, b: Floats) -> Any:
        """X[:, index] @ b, shape (n,)."""
        return np.asarray(self.columns(index)) @ b

    def moments(self, weights: Floats) -> Any:
        """Mean, variance, min and max of every column, four arrays of shape (p,).

        Under `weights`, shape (n,), which sum to 1; min and max are over the rows with weight, and
        a column is constant if they are equal. Unless overridden, `columns` is asked for them all.
        """
        raise NotImplementedError

    def checked(self) -> Design:
        """The design with every answer checked: what the engine uses."""
        return Checked(self)

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        return self.checked().handle()


class Checked(Design):
    """A `PythonDesign` whose answers are what they should be, or an error that names the method."""

    def __init__(self, design: PythonDesign) -> None:
        self.design = design
        self.name = type(design).__name__
        self.dtype = np.dtype(np.float64)
        shape: Any = getattr(design, "shape", None)
        whole = isinstance(shape, tuple) and len(shape) == 2
        if not (whole and all(isinstance(size, (int, np.integer)) for size in shape)):
            raise InputTypeError(f"{self.name}.shape must be (rows, columns), not {shape!r}")
        self.shape = (int(shape[0]), int(shape[1]))

    def columns(self, index: Index | slice) -> Floats:
        """A packed copy of some columns, shape (n, k), float64."""
        return self.packed(index).copy(order="F")  # the caller may write, the subclass keep its own

    def packed(self, index: Index | slice) -> Floats:
        """Some columns, to be read only."""
        index = np.arange(self.shape[1])[index] if isinstance(index, slice) else index
        return self._numbers("columns", self.design.columns(index), (self.shape[0], len(index)))

    def correlate(self, V: Floats) -> Floats:
        """X'V, shape (p, k), for V of shape (n, k)."""
        return self._numbers("correlate", self.design.correlate(V), (self.shape[1], V.shape[1]))

    def rows(self, rows: Index, columns: Index) -> Floats:
        """A packed copy of some rows of some columns, shape (len(rows), len(columns))."""
        found = self.design.rows(rows, columns)
        return self._numbers("rows", found, (len(rows), len(columns))).copy(order="F")

    def tile(self, begin: int, end: int) -> Floats:
        """All columns of a run of rows."""
        return self.rows(np.arange(begin, end), np.arange(self.shape[1]))

    def predict(self, index: Index, b: Floats) -> Floats:
        """X[:, index] @ b, shape (n,)."""
        return self._numbers("predict", self.design.predict(index, b), (self.shape[0],))

    def moments(self, weights: Floats) -> Floats:
        """Mean, variance, min and max, shape (p, 4)."""
        found = self.design.moments(weights)
        if not isinstance(found, (tuple, list)) or len(found) != 4:
            raise InputTypeError(f"{self.name}.moments must return (mean, variance, min, max)")
        four = [self._numbers("moments", one, (self.shape[1],)) for one in found]
        mean, variance, low, high = four
        wrong = np.flatnonzero(~((variance >= 0.0) & (low <= high)))
        if len(wrong):
            j = int(wrong[0])
            raise InputError(
                f"{self.name}.moments contradicts itself in column {j}",
                [f"mean {mean[j]}, variance {variance[j]}, min {low[j]}, max {high[j]}"],
            )
        return np.asfortranarray(np.stack(four, axis=1))

    def overrides(self, method: str) -> bool:
        """Whether the subclass has a way of its own."""
        return getattr(type(self.design), method) is not getattr(PythonDesign, method)

    def handle(self) -> Handle:
        """What the compiled core reads the table by."""
        from excise import _core

        return _core.python_design(self)

    def _numbers(self, method: str, found: Any, shape: tuple[int, ...]) -> Floats:
        where = f"{self.name}.{method}"
        try:
            array: NDArray[Any] = np.asarray(found)
        except ValueError:
            raise InputTypeError(f"{where} returned rows of different lengths") from None
        if array.dtype.kind not in "biuf":
            raise InputTypeError(
                f"{where} returned a {type(found).__name__} of dtype {array.dtype}, not numbers"
            )
        if array.shape != shape:
            raise InputError(f"{where} returned shape {array.shape}; it must be {shape}")
        numbers = np.asfortranarray(array, dtype=np.float64)
        if not np.isfinite(numbers).all():
            at = tuple(int(k) for k in np.argwhere(~np.isfinite(numbers))[0])
            raise InputError(f"{where} returned {numbers[at]} at {at if len(at) > 1 else at[0]}")
        return numbers
