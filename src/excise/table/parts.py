"""A recipe with its fill: what the encoder keeps of one column, in memory and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.model import Column
from excise.results import Floats
from excise.table.dates import FORMATS
from excise.table.recipes import RECIPES, Recipe

VERSION = 1
_OWN = {"kind", "fill", "indicator"}


@dataclass(frozen=True, slots=True)
class Part:
    """One source column.

    Attributes
    ----------
    recipe : Recipe
    fill : tuple of float
        One per feature of the recipe.
    indicator : bool
        Whether an "x is missing" feature stands after them: some training value was missing.
    """

    recipe: Recipe
    fill: tuple[float, ...]
    indicator: bool

    @classmethod
    def of(cls, recipe: Recipe, values: Floats) -> Part:
        """With the fill learned from the training values."""
        fill = tuple(recipe.fill(values).tolist())
        return cls(recipe, fill, bool(np.isnan(values[:, 0]).any()))

    @property
    def source(self) -> str:
        """The column of the table."""
        return self.recipe.source

    @property
    def width(self) -> int:
        """Features, the indicator included."""
        return len(self.fill) + self.indicator

    @property
    def names(self) -> frozenset[str]:
        """Names of its features."""
        return frozenset(column.name for column in self.columns())

    def columns(self, penalty_weight: float = 1.0) -> Iterator[Column]:
        """Its features as the model describes them; they share the source's factor on the tax."""
        for (name, levels), fill in zip(self.recipe.features.items(), self.fill, strict=True):
            kind = self.recipe.kind
            yield Column(name, kind, self.source, levels, fill, penalty_weight=penalty_weight)
        if self.indicator:
            name = f"{self.source} is missing"
            yield Column(name, "missing", self.source, penalty_weight=penalty_weight)

    def write(self, values: Floats, out: Floats, unknown: NDArray[np.bool_] | None = None) -> None:
        """Put values into `out` (n, width): missing ones filled, `unknown` ones 0."""
        hole = np.isnan(values[:, 0])
        block = out[:, : len(self.fill)]
        block[:] = values
        if hole.any():
            block[hole] = self.fill
        if unknown is not None and unknown.any():
            block[unknown] = 0.0
            hole &= ~unknown
        if self.indicator:
            out[:, -1] = hole


def parts_to_dict(parts: Sequence[Part]) -> dict[str, Any]:
    """JSON of the encoder."""
    columns = []
    for part in parts:
        named = [field.name for field in fields(RECIPES[part.recipe.kind])]
        recipe = {name: getattr(part.recipe, name) for name in named}
        recipe = {name: list(v) if isinstance(v, tuple) else v for name, v in recipe.items()}
        own = {"kind": part.recipe.kind, "fill": list(part.fill), "indicator": part.indicator}
        columns.append(recipe | own)
    return {"version": VERSION, "columns": columns}


def parts_from_dict(recipe: object) -> tuple[Part, ...]:
    """Checked on the way in: a model file may be altered or made by something else."""
    if not isinstance(recipe, dict) or not isinstance(recipe.get("columns"), list):
        raise _unusable("it is not an object with a list of columns")
    version = recipe.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise _unusable("its version is missing")
    if version > VERSION:
        raise _unusable(f"its version {version} is newer than this excise")
    parts = tuple(_part(column, at) for at, column in enumerate(recipe["columns"], 1))
    names = [name for part in parts for name in part.names]
    if len({part.source for part in parts}) < len(parts) or len(set(names)) < len(names):
        raise _unusable("two of its columns have the same name")
    return parts


def _part(column: object, at: int) -> Part:
    if not isinstance(column, dict):
        raise _unusable(f"its column {at} is not an object")
    kind = column.get("kind")
    if not isinstance(kind, str) or kind not in RECIPES:
        raise _unusable(f"its column {at} is of unknown kind {kind!r}")
    made: Any = RECIPES[kind]
    wanted = {field.name for field in fields(made)}
    if not wanted | _OWN <= column.keys():
        raise _unusable(f"its column {at} lacks {sorted((wanted | _OWN) - column.keys())[0]!r}")
    recipe = made(**{name: _plain(column[name], name, at) for name in wanted})
    fill, indicator = column["fill"], column["indicator"]
    if not isinstance(indicator, bool) or not isinstance(fill, list):
        raise _unusable(f"its column {at} has no usable fill")
    if len(fill) != len(recipe.features) or not all(_is_finite(value) for value in fill):
        raise _unusable(f"its column {at} needs {len(recipe.features)} finite fill values")
    return Part(recipe, tuple(float(value) for value in fill), indicator)


def _plain(value: object, name: str, at: int) -> str | tuple[str, ...]:
    """A field of a recipe: a tuple of strings called ``levels``, else a string."""
    if name == "levels":
        levels = value if isinstance(value, list) else []
        if all(isinstance(level, str) for level in levels) and 0 < len(set(levels)) == len(levels):
            return tuple(levels)
    elif isinstance(value, str) and _CHECKS.get(name, bool)(value):
        return value
    raise _unusable(f"its column {at} has no usable {name!r}")


def _is_date(value: str) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


_CHECKS: dict[str, Callable[[str], bool]] = {"first": _is_date, "format": FORMATS.__contains__}


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max


def _unusable(why: str) -> InputError:
    return InputError(
        "the column recipe of this model cannot be used", [why], "refit with 'excise fit'"
    )
