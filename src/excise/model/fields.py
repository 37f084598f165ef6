"""Reading untrusted JSON member by member: each has a kind and a range, or the file is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.model.arrays import ArrayError, unpack_floats, unpack_integers
from excise.results import Floats

INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object with its place in the file; unknown members are ignored.

    Every method raises `InputError` when the member is absent or not of that kind. A member
    with a default may be absent.
    """

    content: dict[str, Any]
    place: str = ""

    def _name(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def wrong(self, key: str, expected: str) -> InputError:
        """The error for a member that is not what it should be."""
        return InputError("the model file is damaged", [f"{self._name(key)!r} {expected}"])

    def _get(self, key: str) -> Any:
        if key not in self.content:
            raise self.wrong(key, "is missing")
        return self.content[key]

    def has(self, key: str) -> bool:
        """Whether the member is there and not null."""
        return self.content.get(key) is not None

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._get(key) if default is None else self.content.get(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "must be a text")
        return value

    def word(self, key: str, words: tuple[str, ...]) -> str:
        """One of some words."""
        value = self.text(key)
        if value not in words:
            raise self.wrong(key, f"must be one of {', '.join(words)}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent: none."""
        values = self.content.get(key, [])
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise self.wrong(key, "must be a list of texts")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """Whether true; nothing else than true or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def count(self, key: str, default: int | None = None, least: int = 0) -> int:
        """An integer from `least` to 2^53."""
        value = self._get(key) if default is None else self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= INTEGER:
            raise self.wrong(key, f"must be an integer >= {least}")
        return value

    def number(self, key: str, least: float = -math.inf, absent: float | None = None) -> float:
        """A finite number >= `least`; null or no member means `absent`, where that is given."""
        if absent is not None and not self.has(key):
            return absent
        value = self._get(key)
        if not is_number(value) or value < least:
            bound = f" >= {least:g}" if math.isfinite(least) else ""
            raise self.wrong(key, f"must be a finite number{bound}")
        return float(value)

    def numbers(self, key: str, size: int) -> Floats:
        """A list of `size` finite numbers."""
        values = self._get(key)
        if not isinstance(values, list) or len(values) != size or not all(map(is_number, values)):
            raise self.wrong(key, f"must be a list of {size} finite numbers")
        return np.array(values, dtype=np.float64)

    def floats(self, key: str, size: int | None = None, least: float = -math.inf) -> Floats:
        """A packed array of floating-point numbers."""
        values: Floats = self._packed(key, unpack_floats, size, least, math.inf)
        return values

    def each_floats(self, key: str, size: int, least: float = -math.inf) -> tuple[Floats, ...]:
        """A list of `size` packed arrays."""
        values = self._get(key)
        if not isinstance(values, list) or len(values) != size:
            raise self.wrong(key, f"must be a list of {size} arrays")
        named = {f"{key}[{k}]": value for k, value in enumerate(values)}
        inside = Fields(named, self.place)
        return tuple(inside.floats(name, None, least) for name in named)

    def integers(
        self, key: str, size: int | None = None, below: float = math.inf
    ) -> NDArray[np.int64]:
        """A packed array of non-negative integers."""
        values: NDArray[np.int64] = self._packed(key, unpack_integers, size, 0, below - 1)
        return values

    def _packed(self, key: str, unpack: Any, size: int | None, least: float, most: float) -> Any:
        try:
            values = unpack(self.text(key))
        except ArrayError as error:
            raise self.wrong(key, str(error)) from None
        if size is not None and len(values) != size:
            raise self.wrong(key, f"has {len(values)} numbers instead of {size}")
        if len(values) and (values.min() < least or values.max() > most):
            raise self.wrong(key, "is out of range")
        return values

    def fields(self, key: str) -> Fields:
        """An object."""
        return _object(self._get(key), self._name(key))

    def maybe(self, key: str) -> Fields | None:
        """An object, or None where it is null or absent."""
        return self.fields(key) if self.has(key) else None

    def each(self, key: str) -> list[Fields]:
        """A list of objects."""
        values = self._get(key)
        if not isinstance(values, list):
            raise self.wrong(key, "must be a list")
        return [_object(value, f"{self._name(key)}[{i}]") for i, value in enumerate(values)]


def is_number(value: Any) -> bool:
    """A finite JSON number within the range of float64."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= INTEGER


def _object(value: Any, place: str) -> Fields:
    if not isinstance(value, dict):
        raise InputError("the model file is damaged", [f"{place!r} must be an object"])
    return Fields(value, place)
