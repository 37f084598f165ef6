"""Numbers in JSON: arrays as text, so that a model file stays small and exact.

``"f8:<base64>"`` little-endian float64; ``"f4*2^k:<base64>"`` float32 times a power of two (for
what is only drawn or displayed); ``"u1:"``, ``"u2:"``, ``"u4:"`` unsigned integers.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.results import Floats

_TEXT = re.compile(r"(f8|u1|u2|u4|f4\*2\^(-?\d{1,4})):([A-Za-z0-9+/]*={0,2})")


class ArrayError(ValueError):
    """A text that is not an array of numbers."""


def single(values: Floats) -> tuple[NDArray[np.float32], int]:
    """Float32 values and the power of two that keeps them in range."""
    peak = float(np.abs(values).max(initial=0.0))
    power = math.frexp(peak)[1] if peak else 0
    return np.ldexp(values, -power).astype(np.float32), power


def rounded(values: Floats) -> Floats:
    """The float64 values that `pack_single` keeps."""
    mantissa, power = single(values)
    return np.ldexp(mantissa.astype(np.float64), power)


def pack(values: Floats) -> str:
    """Exact."""
    return f"f8:{_text(np.asarray(values, dtype='<f8'))}"


def pack_single(values: Floats) -> str:
    """Exact for values that went through `rounded`."""
    mantissa, power = single(values)
    return f"f4*2^{power}:{_text(mantissa.astype('<f4'))}"


def pack_integers(values: NDArray[Any]) -> str:
    """In the smallest type that holds them all."""
    top = int(values.max(initial=0))
    code = next(code for code in ("u1", "u2", "u4") if top < 256 ** int(code[1]))
    return f"{code}:{_text(values.astype('<' + code))}"


def unpack_floats(text: str) -> Floats:
    """Float64 values, all finite."""
    code, power, data = _parts(text)
    if code[0] != "f":
        raise ArrayError("holds integers")
    dtype = np.dtype("<" + code[:2])
    if len(data) % dtype.itemsize:
        raise ArrayError("ends inside a number")
    values = np.frombuffer(data, dtype=dtype).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.ldexp(values, power)
    if not np.isfinite(values).all():
        raise ArrayError("holds a number that is not finite")
    return values


def unpack_integers(text: str) -> NDArray[np.int64]:
    """Non-negative integers."""
    code, _, data = _parts(text)
    if code[0] != "u":
        raise ArrayError("holds floating-point numbers")
    if len(data) % int(code[1]):
        raise ArrayError("ends inside a number")
    return np.frombuffer(data, dtype="<" + code).astype(np.int64)


def triangle(matrix: Floats) -> Floats:
    """The lower triangle by rows, diagonal included."""
    return matrix[np.tril_indices(len(matrix))]


def symmetric(lower: Floats, size: int) -> Floats:
    """The matrix of a lower triangle."""
    out = np.zeros((size, size), dtype=lower.dtype)
    out[np.tril_indices(size)] = lower
    return out + np.tril(out, -1).T


def _text(values: NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")


def _parts(text: str) -> tuple[str, int, bytes]:
    found = _TEXT.fullmatch(text)
    if found is None:
        raise ArrayError("is not an array of numbers")
    try:
        data = base64.b64decode(found[3], validate=True)
    except (binascii.Error, ValueError):
        raise ArrayError("is not base64") from None
    return found[1], int(found[2] or 0), data
