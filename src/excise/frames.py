"""The columns of any data frame as arrays, without a copy wherever its library allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError, InputTypeError

if TYPE_CHECKING:
    import narwhals as nw


def frame_of(X: Any) -> nw.DataFrame[Any] | None:
    """X as a data frame, or None if it is none."""
    if hasattr(X, "collect") and hasattr(X, "lazy"):
        raise InputTypeError("X is a lazy frame", remedy="X.collect()")
    import narwhals as nw

    try:
        frame = nw.from_native(X, eager_only=True, pass_through=True)
    except nw.exceptions.DuplicateError:
        repeated = sorted(map(repr, _repeated(map(str, X.columns))))
        raise InputError(f"the columns of X have repeated names: {', '.join(repeated)}") from None
    return frame if isinstance(frame, nw.DataFrame) else None


def columns_of(frame: nw.DataFrame[Any]) -> list[NDArray[Any]]:
    """Its columns as arrays of floats, integers or booleans; one by one where they are copied."""
    import narwhals as nw

    for name, dtype in frame.schema.items():
        if not (dtype.is_numeric() or dtype == nw.Boolean):
            raise InputTypeError(
                f"column {name!r} of X holds {dtype}, not numbers",
                remedy="encode it, or drop it; the command line encodes tables by itself",
            )
    for series in frame.iter_columns():
        missing = series.null_count()
        if missing:
            raise InputError(
                f"column {str(series.name)!r} of X has {missing} missing values",
                remedy="fill or drop them; the command line fills them by itself",
            )
    return [_numbers(series) for series in frame.iter_columns()]


def _numbers(series: nw.Series[Any]) -> NDArray[Any]:
    """One column: a view of its memory if that is contiguous and of a kind the core reads."""
    import narwhals as nw

    array = series.to_numpy()
    if not _readable(array):
        array = series.cast(nw.Float64).to_numpy()
    return array if _readable(array) else array.astype(np.float64)


def _readable(array: NDArray[Any]) -> bool:
    dtype = array.dtype
    sizes = {"f": (4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "b": (1,)}
    plain = dtype.isnative and array.flags.aligned and array.strides[0] % dtype.itemsize == 0
    return plain and dtype.itemsize in sizes.get(dtype.kind, ())


def one_array(columns: list[NDArray[Any]]) -> NDArray[Any] | None:
    """The matrix that the columns are views of, if they are floats, evenly spaced in one array."""
    first = columns[0]
    if first.dtype.type not in (np.float64, np.float32):
        return None
    if len(columns) == 1:
        return first[:, None]
    step = _address(columns[1]) - _address(first)
    owner = _owner(first)
    for j, column in enumerate(columns):
        alike = column.dtype == first.dtype and column.strides == first.strides
        if not (
            alike and _owner(column) is owner and _address(column) == _address(first) + j * step
        ):
            return None
    return np.lib.stride_tricks.as_strided(
        first, (len(first), len(columns)), (first.strides[0], step), writeable=False
    )


def _address(array: NDArray[Any]) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _owner(array: NDArray[Any]) -> Any:
    """What owns the memory; arrays alone share one, others are taken to have their own."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None else object()


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}
