"""Arrays and numbers as they come in, refused with the argument, the place and the remedy."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from excise.design import ArrayDesign, Design, FrameDesign
from excise.exceptions import InputError, InputTypeError
from excise.frames import columns_of, frame_of, one_array
from excise.results import Floats

Names = tuple[str, ...] | None
LARGEST = 1e300
"""Beyond this, differences overflow."""

KINDS = {
    "c": ("complex numbers", "take the real part"),
    "U": ("text", "convert it to numbers"),
    "S": ("text", "convert it to numbers"),
    "T": ("text", "convert it to numbers"),
    "M": ("dates", "turn them into numbers, such as days since a start"),
    "m": ("time differences", "turn them into numbers, such as days"),
    "V": ("records", "stack the fields as columns"),
}
"""What an array of another kind than numbers holds, and what to do about it."""


def name_of(what: str, j: int, names: Names) -> str:
    """``feature 3 ('bmi')``."""
    return f"{what} {j}" if names is None else f"{what} {j} ({names[j]!r})"


def numbers(name: str, values: Any) -> Floats:
    """A float64 array of any shape; never a copy of one that is float64 already."""
    array = values if type(values) is np.ndarray else _as_array(name, values)
    if array.dtype == np.float64:
        return array if array.dtype.isnative else array.astype(np.float64)
    refuse_kind(name, array)
    return array.astype(np.float64)


def is_sparse(X: Any) -> bool:
    """Whether X is a scipy sparse array or matrix; scipy.sparse is not imported to know."""
    module = sys.modules.get("scipy.sparse")
    return module is not None and bool(module.issparse(X))


def _as_array(name: str, values: Any) -> NDArray[Any]:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name} has masked values", remedy=f"fill them: {name}.filled(...)")
    if is_sparse(values):
        raise InputTypeError(
            f"{name} is a sparse {type(values).__name__}; only X may be sparse",
            remedy=f"{name}.toarray().ravel()",
        )
    try:
        return np.asarray(values)
    except ValueError:
        raise InputTypeError(
            f"{name} cannot be made an array: its rows have different lengths"
        ) from None


def refuse_kind(name: str, array: NDArray[Any]) -> None:
    """Refuse an array of anything but real numbers."""
    kind = array.dtype.kind
    if kind in "biuf":
        return
    if kind == "O" and any(isinstance(value, str) for value in array.flat):
        kind = "U"
    holds, remedy = KINDS.get(kind, ("Python objects", f"np.asarray({name}, dtype=float)"))
    raise InputTypeError(f"{name} holds {holds} (dtype {array.dtype}), not numbers", remedy=remedy)


def table(X: Any) -> tuple[Design, Names]:
    """X in its storage, not copied where its numbers can be read in place, and its column names."""
    if isinstance(X, Design):
        design = X.checked()
        _refuse_empty(design.shape)
        return design, None
    if type(X) is not np.ndarray and not isinstance(X, (list, tuple, np.ndarray)):
        frame = frame_of(X)
        if frame is not None:
            return _frame_design(frame)
    array = X if type(X) is np.ndarray else _as_array("X", X)
    if array.ndim != 2:
        raise InputError(
            f"X must have two dimensions (rows, features), got shape {array.shape}",
            remedy="X.reshape(-1, 1) for a single feature" if array.ndim == 1 else "",
        )
    _refuse_empty(array.shape)
    plain = array.dtype.isnative and array.flags.aligned  # a packed record's field is not
    if array.dtype.type not in (np.float64, np.float32) or not plain:
        refuse_kind("X", array)
        array = array.astype(np.float64)
    return ArrayDesign(array), None


def _frame_design(frame: Any) -> tuple[Design, Names]:
    names = tuple(str(name) for name in frame.columns)
    columns = columns_of(frame)
    _refuse_empty(frame.shape)
    whole = one_array(columns)
    return FrameDesign(columns) if whole is None else ArrayDesign(whole), names


def _refuse_empty(shape: tuple[int, ...]) -> None:
    if 0 in shape:
        raise InputError(f"X has no {'rows' if shape[0] == 0 else 'columns'}")


def check_rows(name: str, values: Floats, n: int) -> Floats:
    """One finite number per row."""
    if values.ndim != 1:
        raise InputError(
            f"{name} must have one dimension, got shape {values.shape}",
            remedy=f"{name}.ravel()" if values.size == n else "",
        )
    if len(values) != n:
        raise InputError(f"X has {n} rows but {name} has {len(values)} values")
    return _finite(name, values)


def check_table(name: str, values: Floats, n: int, outputs: int | None = None) -> Floats:
    """Finite numbers, a row for each of n, a column for each output."""
    if outputs is not None and values.shape[1:] != (outputs,):
        raise InputError(f"{name} must have shape ({n}, {outputs}), as y, got {values.shape}")
    if len(values) != n:
        raise InputError(f"X has {n} rows but {name} has {len(values)}")
    return _finite(name, values)


def _finite(name: str, values: Floats) -> Floats:
    low, high = float(values.min()), float(values.max())
    if not max(-low, high) < LARGEST:  # NaN too
        wrong = ~(np.abs(values) < LARGEST)
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f"row {place[0]}" + "".join(f", column {k}" for k in place[1:])
        refuse(name, float(values[place]), where, int(wrong.sum()))
    return values


def refuse_non_finite(design: Design, names: Names) -> None:
    """Refuse NaN, infinity and values too large to subtract, with the first place and how many."""
    for part, block in design.blocks():
        wrong = ~(np.abs(block) < LARGEST)
        if wrong.any():
            row, k = (int(i) for i in np.argwhere(wrong)[0])
            where = f"row {row}, {name_of('column', int(part[k]), names)}"
            refuse("X", float(block[row, k]), where, int(wrong.sum()))
    design.finite = True


def refuse(name: str, value: float, where: str, count: int) -> NoReturn:
    """Raise for one of `count` values that no arithmetic survives."""
    holds = "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"{value:.3g}"
    raise InputError(
        f"{name} holds {holds} in {where}",
        [f"{count} such values there"] if count > 1 else [],
        "fill or drop such rows" if not np.isfinite(value) else "use a larger unit",
    )


def check_number(name: str, value: Any) -> float:
    """A real number, not a boolean, an array or text."""
    if isinstance(value, (float, int, np.floating, np.integer)) and not isinstance(value, bool):
        return float(value)
    raise InputTypeError(f"{name} must be a number, not {value!r}")


def check_positive(name: str, value: Any) -> float:
    """A finite number above zero."""
    number = check_number(name, value)
    if not 0.0 < number < sys.float_info.max:
        raise InputError(f"{name} is {number}; it must be finite and > 0")
    return number


def check_flag(name: str, value: Any) -> bool:
    """True or False."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise InputTypeError(f"{name} must be True or False, not {value!r}")
