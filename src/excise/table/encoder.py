"""A table as a matrix of numbers, and new tables in the same way."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from excise.exceptions import InputError
from excise.explain.words import count
from excise.model import Column, Target
from excise.model.parts import joint_name
from excise.results import Floats
from excise.survival import Survival
from excise.table.checks import check_encoded, check_frame
from excise.table.imputing import holes, imputation
from excise.table.kinds import class_names, plain, refuse_infinity
from excise.table.parts import Part, parts_from_dict, parts_to_dict
from excise.table.plan import Plan
from excise.table.reader import Table
from excise.table.recipes import learn
from excise.table.responses import read_responses
from excise.table.scoring import rename_columns, require_columns
from excise.table.survival import read_survival
from excise.table.text import Integers

if TYPE_CHECKING:
    from excise.cross_validation import Imputation


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """What a fit needs of a table.

    Attributes
    ----------
    X : ndarray of float64, shape (n_used, n_features), Fortran order
        Nothing missing: filled as learned on all used rows.
    y : ndarray of float64, shape (n_used,), or (n_used, K) of K responses
        The target; for a class, the index of its level (1 is the positive of two); of survival
        times 1 where the event came.
    columns : tuple of excise.model.Column
        One per feature.
    rows : ndarray of int64
        The rows of the table that are used.
    target : excise.model.Target
    imputation : Imputation or None
        How fills are learned again inside a fold; None when nothing is missing.
    encoder : Encoder
        Encodes other tables in the same way.
    plan : Plan
    warnings : tuple of str
    survival : Survival or None
    """

    X: Floats
    y: Floats
    columns: tuple[Column, ...]
    rows: Integers
    target: Target
    imputation: Imputation | None
    encoder: Encoder
    plan: Plan
    warnings: tuple[str, ...] = ()
    survival: Survival | None = None

    def require_folds(self, folds: int) -> None:
        """Raise when there are fewer usable rows than folds."""
        usable, rows = len(self.rows), self.plan.n_rows
        if usable >= folds:
            return
        reasons = []
        if self.plan.target.missing:
            reasons.append(self.plan.target.lacking(rows))
        if self.plan.incomplete:
            reasons.append(f"{self.plan.incomplete:,} of {rows:,} rows have missing values")
        raise InputError(
            f"{count(usable, 'usable row')} cannot fill {folds} folds"
            + (f" ({'; '.join(reasons)})" if reasons else ""),
            remedy=f"--folds {max(2, usable // 2)}" if usable > 1 else "",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Transformed:
    """A new table, encoded; `filled` and `unseen` count entries per source column.

    Features that were not asked for are 0 in `X`.
    """

    X: Floats
    filled: Mapping[str, int]
    unseen: Mapping[str, int]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Encoder:
    """The recipe of every column: learned by `fit`, applied by `transform`, kept as JSON.

    Examples
    --------
    >>> import polars as pl
        >>> from excise.table import Encoder, Table, infer_columns
    >>> frame = pl.DataFrame({"side": ["left", "right", "left"], "y": [1.0, 2.0, 4.0]})
    >>> table = Table.of_frame(frame, "sides")
    >>> encoded = Encoder.fit(table, infer_columns(table, "y"))
    >>> [column.name for column in encoded.columns], encoded.X.ravel().tolist()
    (['side=right'], [0.0, 1.0, 0.0])
    """

    parts: tuple[Part, ...]

    @classmethod
    def fit(cls, table: Table, plan: Plan) -> Encoded:
        """Learn levels and fills on the rows of `plan` and encode them."""
        frame = table.frame
        if len(plan.rows) < frame.height:
            frame = frame[plan.rows]
        warnings = [*plan.warnings, *check_frame(plan, frame)]
        y, survival, target = _target(table, plan)
        target = replace(target, offset=plan.target.offset)
        parts: list[Part] = []
        blocks: list[Floats] = []
        for column in plan.columns:
            series = plain(frame[column.name])
            recipe = learn(series, column)
            values = recipe.values(series)
            parts.append(Part.of(recipe, values))
            blocks.append(values)
        encoder = cls(tuple(parts))
        weights = [column.penalty_weight for column in plan.columns]
        columns = tuple(
            made for part, w in zip(parts, weights, strict=True) for made in part.columns(w)
        )
        _check_names(columns)
        X = np.empty((frame.height, len(columns)), order="F")
        for part, at, values in zip(parts, encoder._starts(), blocks, strict=True):
            part.write(values, X[:, at : at + part.width])
        warnings += check_encoded(X, y if survival is None else survival, columns, target)
        refit = imputation(holes(parts, encoder._starts(), blocks))
        said = tuple(warnings)
        return Encoded(X, y, columns, plan.rows, target, refit, encoder, plan, said, survival)

    def transform(
        self,
        table: Table,
        needed: Collection[str] | None = None,
        *,
        rename: Mapping[str, str] | None = None,
        retry: str = "",
    ) -> Transformed:
        """Encode the rows of another table; order and further columns do not matter.

        Parameters
        ----------
        table : Table
        needed : collection of str, optional
            Names of the features with a coefficient other than 0: only their columns must exist.
            Default: all.
        rename : mapping of str to str, optional
            Names in `table` to names in the model.
        retry : str, default=""
            Command with ``{}`` for the renaming, offered when names differ only a little.

        Raises
        ------
        InputError
            Columns are missing, or text stands where the model expects a number or a date.
        """
        table = rename_columns(table, rename or {})
        used = [
            (part, at)
            for part, at in zip(self.parts, self._starts(), strict=True)
            if needed is None or not part.names.isdisjoint(needed)
        ]
        require_columns(table, [part.source for part, _ in used], retry)
        X = np.zeros((table.frame.height, self.n_features), order="F")
        filled: dict[str, int] = {}
        unseen: dict[str, int] = {}
        warnings: list[str] = []
        for part, at in used:
            series = plain(table.frame[part.source])
            if series.dtype.is_numeric():
                refuse_infinity(series, table.place)
            values = part.recipe.values(series)
            absent = series.is_null().to_numpy()
            unknown = np.isnan(values[:, 0]) & ~absent
            if unknown.any():
                warnings.append(_unknown(table, part, series, unknown))
                unseen[part.source] = int(unknown.sum())
            if absent.any():
                filled[part.source] = int(absent.sum())
            part.write(values, X[:, at : at + part.width], unknown)
        if filled:
            warnings.append(
                f"{count(sum(filled.values()), 'missing value')} in "
                f"{count(len(filled), 'column')} filled as in training"
            )
        return Transformed(X, filled, unseen, tuple(warnings))

    @property
    def n_features(self) -> int:
        """Columns of the matrix."""
        return sum(part.width for part in self.parts)

    def to_dict(self) -> dict[str, Any]:
        """JSON: lists, strings, finite numbers, booleans."""
        return parts_to_dict(self.parts)

    @classmethod
    def from_dict(cls, recipe: object) -> Encoder:
        """Back from `to_dict`; anything else is an InputError."""
        return cls(parts_from_dict(recipe))

    def _starts(self) -> list[int]:
        """Position of the first feature of each part."""
        return [0, *np.cumsum([part.width for part in self.parts])[:-1].tolist()]


def _target(table: Table, plan: Plan) -> tuple[Floats, Survival | None, Target]:
    name, levels = plan.target.name, plan.target.levels
    if plan.target.event:
        p, survival = plan.target, read_survival(table, plan.rows, plan.target)
        named = Target(name, (), p.event, p.happened, p.entry, p.strata)
        return survival.event, survival, named
    if names := plan.target.responses:
        y = read_responses(table.frame[plan.rows], names)
        return y, None, Target(joint_name(names), responses=names)
    series = plain(table.frame[name][plan.rows])
    if plan.target.kind == "number":
        return series.cast(pl.Float64).to_numpy().copy(), None, Target(name)
    codes = class_names(series).replace_strict(
        list(levels), range(len(levels)), return_dtype=pl.Float64
    )
    return codes.to_numpy(), None, Target(name, levels)


def _check_names(columns: tuple[Column, ...]) -> None:
    """Feature names are unique: ``region=North`` may not also be a column of the table."""
    seen: dict[str, str] = {}
    for column in columns:
        if column.name in seen:
            raise InputError(
                f"two features would be called {column.name!r}",
                [f"they come from columns {seen[column.name]!r} and {column.source!r}"],
                "rename one of these columns",
            )
        seen[column.name] = column.source


def _unknown(table: Table, part: Part, series: pl.Series, unknown: NDArray[np.bool_]) -> str:
    """The warning about levels not seen in training; text among numbers is an error."""
    row = int(np.flatnonzero(unknown)[0])
    n, example = int(unknown.sum()), str(series[row])
    where = f"({table.place(row)}: {example!r})"
    if part.recipe.strict:
        raise InputError(
            f"column {part.source!r} is a {part.recipe.kind} in this model but {n:,} of "
            f"{len(series):,} values {'is' if n == 1 else 'are'} not {where}",
            remedy=f"add --na {shlex.quote(example)}",
        )
    verb = "was" if n == 1 else "were"
    pronoun = "it contributes" if n == 1 else "they contribute"
    return (
        f"{count(n, 'value')} of {part.source!r} {verb} not seen in training {where}; {pronoun} 0"
    )
