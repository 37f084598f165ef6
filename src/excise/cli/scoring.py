"""A model applied to the rows of a table, and the result as a table again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from excise.cli.fit_options import TASKS
from excise.exceptions import InputError, UsageError
from excise.explain.words import closest
from excise.model import Model
from excise.model.survival import baseline_of
from excise.results import Floats
from excise.table import Encoder, Table, labels_of, numbers_of, read_responses, read_table

FORMULA = r"^[=+\-@\t\r]"
"""Text that a spreadsheet would take for a formula (CWE-1236)."""
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
PRECISION = 17


@dataclass(frozen=True, eq=False)
class Scored:
    """A table, its rows encoded, and what the model says of them.

    Attributes
    ----------
    eta : ndarray, shape (n,), or (n, K) of K classes or responses
        Intercept and terms added up: the log-odds or the logarithm, for such losses.
    mean : ndarray, shape (n,), or (n, K)
        The prediction of a number; of a class the probability of the positive one, or of each; of
        survival times the hazard over that of the average training row.
    offset : ndarray, shape (n,), or None
        What the model adds to each row as it is.
    times : tuple of float
        Of survival times, those that were asked for.
    survival : ndarray, shape (n, len(times))
        Probability of no event up to each of them.
    """

    model: Model
    table: Table
    X: Floats
    eta: Floats
    mean: Floats
    warnings: tuple[str, ...]
    offset: Floats | None = None
    times: tuple[float, ...] = ()
    survival: Floats | None = None

    @property
    def columns(self) -> dict[str, pl.Series]:
        """What `predict` adds: ``<target>_pred``, and ``<target>_prob`` where there is one.

        For classes the first is the name of the likelier one; of three or more each has a
        ``<target>_prob_<class>``. Of several responses each has its own ``<response>_pred``. Of
        survival times it is ``<time>_risk``, and ``<time>_survival_<t>`` for each time that was
        asked for.
        """
        target, loss = self.model.target, self.model.data_term
        if self.model.followup is not None:
            return self._of_survival(target.name)
        if target.responses:
            each = zip(target.responses, self.mean.T, strict=True)
            columns = {f"{name}_pred": values for name, values in each}
            return {name: pl.Series(name, values, pl.Float64) for name, values in columns.items()}
        names = f"{target.name}_pred", f"{target.name}_prob"
        if self.model.outputs:
            likeliest = [target.levels[k] for k in self.mean.argmax(axis=1)]
            each = zip(target.levels, self.mean.T, strict=True)
            columns = {f"{names[1]}_{level}": share for level, share in each}
            return {names[0]: pl.Series(names[0], likeliest, pl.String)} | {
                name: pl.Series(name, share, pl.Float64) for name, share in columns.items()
            }
        if not loss.of_classes:
            return {names[0]: pl.Series(names[0], self.mean, pl.Float64)}
        likelier = np.array(target.levels, dtype=object)[(self.eta > 0.0).astype(np.intp)]
        found = {names[0]: pl.Series(names[0], likelier.tolist(), pl.String)}
        if loss.link == "logit":
            found[names[1]] = pl.Series(names[1], self.mean, pl.Float64)
        return found

    def _of_survival(self, name: str) -> dict[str, pl.Series]:
        found = {f"{name}_risk": self.mean}
        if self.survival is not None:
            found |= {
                f"{name}_survival_{time:g}": column
                for time, column in zip(self.times, self.survival.T, strict=True)
            }
        return {key: pl.Series(key, values, pl.Float64) for key, values in found.items()}


def score(
    model: Model,
    path: str,
    rename: Mapping[str, str] | None = None,
    *,
    retry: str,
    times: tuple[float, ...] = (),
    **reading: Any,
) -> Scored:
    """Read a table and predict each of its rows; columns of cut features need not be there."""
    if times and model.followup is None:
        raise UsageError(
            f"--times: {model.target.name!r} is {TASKS[model.task]}, not a survival time",
            remedy="no --times",
        )
    if model.encoding is None:
        raise InputError(
            "this model was made from arrays, so it cannot read a table",
            ["it does not know how columns of a table become its features"],
            "refit it with 'excise fit', or predict in Python",
        )
    table = read_table(path, **reading)
    needed = needed_columns(model)
    encoder = Encoder.from_dict(model.encoding)
    encoded = encoder.transform(table, needed, rename=rename, retry=retry)
    warnings = (*table.notes, *encoded.warnings)
    offset = _offset(model, table, rename or {}, retry)
    eta = model.eta(encoded.X, offset)
    scored = Scored(model, table, encoded.X, eta, model.data_term.mean(eta), warnings, offset)
    return _with_survival(scored, times, rename or {}) if times else scored


def needed_columns(model: Model) -> set[str]:
    """Names of the features that are kept."""
    return {c.name for c, kept in zip(model.columns, model.point.kept, strict=True) if kept}


def _theirs(name: str, rename: Mapping[str, str]) -> str:
    """What the table calls a column of the model."""
    return next((theirs for theirs, ours in rename.items() if ours == name), name)


def _offset(model: Model, table: Table, rename: Mapping[str, str], retry: str) -> Floats | None:
    """The column that the model adds to each row as it is; it has to be there."""
    if not (name := model.target.offset):
        return None
    column = _theirs(name, rename)
    if column not in table.frame.columns:
        near = closest(name, table.frame.columns, limit=1)
        where = [f"it is added to the {model.predictor} of each row as it is"]
        remedy = retry.replace("{}", shlex.quote(f"{near[0]}={name}")) if near else ""
        fact = f"{table.name} has no column {name!r}, the offset of this model"
        raise InputError(fact, where, remedy)
    return numbers_of(table, column, np.arange(table.frame.height), "offset")


def _with_survival(scored: Scored, times: tuple[float, ...], rename: Mapping[str, str]) -> Scored:
    """With the probabilities of no event up to the times; a stratum nobody knows is an error."""
    model, table, strata = scored.model, scored.table, None
    base, wanted, said = baseline_of(model), np.array(times), scored.warnings
    if model.target.strata:
        column = _theirs(model.target.strata, rename)
        rows = np.arange(table.frame.height)
        strata = labels_of(table, column, rows, "strata")
        levels = model.followup.levels if model.followup else ()
        if (unknown := np.flatnonzero(~np.isin(strata, levels))).size:
            row = int(unknown[0])
            raise InputError(
                f"stratum {str(strata[row])!r} of {column!r} ({table.place(row)}) was not seen in "
                "training",
                [f"its strata: {', '.join(levels[:5])}{', ...' * (len(levels) > 5)}"],
            )
    late = [f"{time:g}" for time in times if time > base.last]
    if late:
        said += (
            f"after {base.last:g}, the last event in training, survival is not known: "
            f"{', '.join(late)} {'gets' if len(late) == 1 else 'get'} its value there",
        )
    found = model.survival(scored.X, wanted, strata, scored.offset)
    return replace(scored, warnings=said, times=times, survival=found)


def predictions(scored: Scored) -> pl.DataFrame:
    """The table as it was read, with what the model says as its last columns."""
    rest = scored.table.frame.drop(*scored.columns, strict=False)
    return rest.with_columns(*scored.columns.values())


def write_frame(frame: pl.DataFrame, path: Path, kind: str) -> None:
    """Write in the format that the ending `kind` names."""
    match kind:
        case ".parquet" | ".pq":
            frame.write_parquet(path)
        case ".arrow" | ".feather" | ".ipc":
            frame.write_ipc(path)
        case ".tsv" | ".tab":
            path.write_text(csv_text(frame, "\t"), encoding="utf-8", newline="")
        case _:
            path.write_text(csv_text(frame), encoding="utf-8", newline="")


def csv_text(frame: pl.DataFrame, separator: str = ",") -> str:
    """CSV whose text cells a spreadsheet will not run: ``=1+1`` becomes ``'=1+1``."""
    text = pl.col(pl.String)
    runs = text.str.contains(FORMULA) & ~text.str.contains(NUMBER)
    safe = frame.with_columns(pl.when(runs).then("'" + text).otherwise(text).name.keep())
    safe.columns = ["'" + name if name[:1] in set("=+-@\t\r") else name for name in frame.columns]
    return safe.write_csv(separator=separator)


def actual_value(scored: Scored, row: int) -> float | None:
    """What the table says of the target in a row; None when it does not say."""
    from excise.cli.testing import target_values

    if scored.model.target.name not in scored.table.frame.columns:
        return None
    return _known(target_values(scored.table, scored.model.target)[row])


def actual_values(scored: Scored, row: int) -> tuple[float | None, ...]:
    """What the table says of each of several responses in a row."""
    names = scored.model.target.responses
    frame = scored.table.frame
    return tuple(
        _known(read_responses(frame[[row]], [name])[0, 0]) if name in frame.columns else None
        for name in names
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def actual_text(scored: Scored, row: int) -> str:
    """What the table says of a survival time in a row, as in ``months 12.3, died 1``."""
    frame, target = scored.table.frame, scored.model.target
    names = [name for name in (target.name, target.event) if name in frame.columns]
    return ", ".join(f"{name} {frame[name][row]}" for name in names)
