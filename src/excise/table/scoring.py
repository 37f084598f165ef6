"""The columns a model asks of a new table: renamed, required, or missed by name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from excise.exceptions import InputError, UsageError
from excise.explain.words import closest
from excise.table.reader import Table
from excise.table.roles import require_column

_SHOWN = 8


def rename_columns(table: Table, rename: Mapping[str, str]) -> Table:
    """The table with ``old: new`` names; an old name must exist, a new one must be free."""
    if not rename:
        return table
    for old, new in rename.items():
        require_column(table, old)
        if new in table.frame.columns and new not in rename:
            raise UsageError(f"cannot rename {old!r}: {table.name} has a column {new!r} already")
    if len(set(rename.values())) < len(rename):
        raise UsageError("two columns cannot be renamed to one name")
    return replace(table, frame=table.frame.rename(dict(rename)))


def require_columns(table: Table, sources: Sequence[str], retry: str = "") -> None:
    """Raise when `table` lacks columns that the model uses; offer names that nearly match."""
    present = set(table.frame.columns)
    lacking = [name for name in sources if name not in present]
    if not lacking:
        return
    fact = (
        f"{table.name} lacks {len(lacking):,} of the {len(sources):,} columns this model uses: "
        f"{', '.join(lacking[:_SHOWN])}"
    )
    if len(lacking) > _SHOWN:
        fact += f" and {len(lacking) - _SHOWN:,} more"
    spare = [name for name in table.frame.columns if name not in sources]
    by_case = {name.strip().casefold(): name for name in spare}
    pairs = {by_case[name.casefold()]: name for name in lacking if name.casefold() in by_case}
    reason = "the names differ only in case"
    if not pairs:
        near = {name: closest(name, spare, limit=1) for name in lacking[:_SHOWN]}
        pairs = {found[0]: name for name, found in near.items() if found}
        reason = "the closest names"
    if not pairs:
        raise InputError(fact, [f"its other columns: {', '.join(spare[:_SHOWN]) or 'none'}"])
    found = f"found {', '.join(pairs)}: {reason}"
    renaming = shlex.quote(",".join(f"{old}={new}" for old, new in pairs.items()))
    remedy = (retry or "add --rename {}").replace("{}", renaming)
    raise InputError(fact, [found], remedy)
