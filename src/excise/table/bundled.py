"""The bundled tables: small, named, ready to fit."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from excise.exceptions import InputError
from excise.explain.words import closest

_DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Demo:
    """A bundled table: its name, the column to predict, and its story in a line."""

    name: str
    target: str
    story: str

    @property
    def path(self) -> Path:
        """The CSV file."""
        return _DATA / f"{self.name}.csv"


DEMOS: dict[str, Demo] = {
    demo.name: demo
    for demo in (
        Demo(
            "diabetes",
            "progression",
            "442 patients, 10 measurements: how far has the disease gone a year later?",
        ),
        Demo(
            "breast-cancer",
            "diagnosis",
            "569 cell samples, 30 measurements of their nuclei: malignant or benign?",
        ),
        Demo(
            "needles",
            "response",
            "150 rows, 400 simulated columns, 8 of them true: which are the needles?",
        ),
    )
}


def demo_path(name: str) -> Path:
    """The CSV file of a bundled table."""
    if name not in DEMOS:
        near = closest(name, DEMOS, limit=1)
        raise InputError(
            f"no demo named {name!r}",
            [f"there are {', '.join(DEMOS)}"],
            f"excise demo {near[0]}" if near else "",
        )
    return DEMOS[name].path


def demo(name: str = "diabetes") -> Any:
    """A bundled table as a data frame: of pandas if that is already imported, else of polars.

    Parameters
    ----------
    name : {"diabetes", "breast-cancer", "needles"}

    Examples
    --------
    >>> import excise
    >>> excise.demo("diabetes").shape
    (442, 11)
    """
    path = demo_path(name)
    pandas = sys.modules.get("pandas")
    if pandas is not None and hasattr(pandas, "read_csv"):
        return pandas.read_csv(path)
    from excise.table.reader import read_table

    return read_table(path).frame
