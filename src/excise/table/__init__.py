"""Tables: read a file, decide what its columns are, and encode them as numbers.

>>> from excise.table import Encoder, demo_path, infer_columns, read_table
>>> table = read_table(demo_path("diabetes"))
>>> plan = infer_columns(table, "progression")
>>> print(plan.summary())
diabetes.csv: 442 rows, 10 numbers, nothing missing. Target progression: number
>>> Encoder.fit(table, plan).X.shape
(442, 10)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from excise.table.bundled import DEMOS, Demo, demo, demo_path
    from excise.table.encoder import Encoded, Encoder, Transformed
    from excise.table.infer import infer_columns
    from excise.table.kinds import Kind
    from excise.table.plan import ColumnPlan, Plan, TargetPlan, Wishes
    from excise.table.reader import Sniffed, Table, read_table
    from excise.table.responses import read_responses
    from excise.table.roles import codes_of, labels_of, numbers_of, require_column
    from excise.table.survival import read_survival
    from excise.table.targets import Goal, split_target

__all__ = [
    "DEMOS",
    "ColumnPlan",
    "Demo",
    "Encoded",
    "Encoder",
    "Goal",
    "Kind",
    "Plan",
    "Sniffed",
    "Table",
    "TargetPlan",
    "Transformed",
    "Wishes",
    "codes_of",
    "demo",
    "demo_path",
    "infer_columns",
    "labels_of",
    "numbers_of",
    "read_responses",
    "read_survival",
    "read_table",
    "require_column",
    "split_target",
]

_HOMES = {
    "bundled": ("DEMOS", "Demo", "demo", "demo_path"),
    "encoder": ("Encoded", "Encoder", "Transformed"),
    "infer": ("infer_columns",),
    "kinds": ("Kind",),
    "plan": ("ColumnPlan", "Plan", "TargetPlan", "Wishes"),
    "reader": ("Sniffed", "Table", "read_table"),
    "responses": ("read_responses",),
    "roles": ("codes_of", "labels_of", "numbers_of", "require_column"),
    "survival": ("read_survival",),
    "targets": ("Goal", "split_target"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a name when it is first used: polars is not needed to print a version."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"excise.table.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
