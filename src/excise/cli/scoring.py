"""A model applied to the rows of a table, and the result as a table again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from excise.exceptions import InputError
from excise.model import Model
from excise.results import Floats
from excise.table import Encoder, Table, read_table

FORMULA = r"^[=+\-@\t\r]"
"""Text that a spreadsheet would take for a formula (CWE-1236)."""
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
PRECISION = 17


@dataclass(frozen=True, eq=False)
class Scored:
    """A table, its rows encoded, and what the model says of them.

    Attributes
    ----------
    eta : ndarray, shape (n,)
        Intercept and terms added up: the log-odds or the logarithm, for such losses.
    mean : ndarray, shape (n,)
        The prediction of a number; of a class the probability of the positive one.
    """

    model: Model
    table: Table
    X: Floats
    eta: Floats
    mean: Floats
    warnings: tuple[str, ...]

    @property
    def columns(self) -> dict[str, pl.Series]:
        """What `predict` adds: ``<target>_pred``, and ``<target>_prob`` where there is one.

        For classes the first is the name of the likelier one.
        """
        target, loss = self.model.target, self.model.data_term
        names = f"{target.name}_pred", f"{target.name}_prob"
        if not loss.of_classes:
            return {names[0]: pl.Series(names[0], self.mean, pl.Float64)}
        likelier = np.array(target.levels, dtype=object)[(self.eta > 0.0).astype(np.intp)]
        found = {names[0]: pl.Series(names[0], likelier.tolist(), pl.String)}
        if loss.link == "logit":
            found[names[1]] = pl.Series(names[1], self.mean, pl.Float64)
        return found


def score(
    model: Model, path: str, rename: Mapping[str, str] | None = None, *, retry: str, **reading: Any
) -> Scored:
    """Read a table and predict each of its rows; columns of cut features need not be there."""
    if model.encoding is None:
        raise InputError(
            "this model was made from arrays, so it cannot read a table",
            ["it does not know how columns of a table become its features"],
            "refit it with 'excise fit', or predict in Python",
        )
    table = read_table(path, **reading)
    needed = {c.name for c, coef in zip(model.columns, model.coef, strict=True) if coef}
    encoder = Encoder.from_dict(model.encoding)
    encoded = encoder.transform(table, needed, rename=rename, retry=retry)
    warnings = (*table.notes, *encoded.warnings)
    eta = model.eta(encoded.X)
    return Scored(model, table, encoded.X, eta, model.data_term.mean(eta), warnings)


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
    from excise.cli.fitting import target_values

    if scored.model.target.name not in scored.table.frame.columns:
        return None
    value = float(target_values(scored.table, scored.model.target)[row])
    return None if np.isnan(value) else value
