"""What TARGET means on the command line: one column, TIME,EVENT, or several responses."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from excise.exceptions import UsageError
from excise.explain.words import count
from excise.model.parts import target_columns
from excise.table.kinds import plain, zero_or_one
from excise.table.reader import Table
from excise.table.roles import require_column


@dataclass(frozen=True, slots=True)
class Goal:
    """The columns of a target.

    Attributes
    ----------
    name : str
        The column, of survival times that of times, of several responses the first.
    event : str
        Of survival times the column that says whether the event came; else empty.
    responses : tuple of str
        Two or more; empty where there is one.
    """

    name: str
    event: str = ""
    responses: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return target_columns(self.name, self.event, self.responses)


def split_target(
    table: Table, argument: str, *, as_numbers: bool = False, survival: str = ""
) -> Goal:
    """What a target means.

    A column that is called like the whole argument is meant, comma or not. Two columns are
    TIME,EVENT where a flag says so, or where the second has two values at most or holds no
    numbers; so are two of which the first is all 0 and 1, to be refused as the wrong way round.
    All else are responses.

    Parameters
    ----------
    table : Table
    argument : str
        Names with commas between them; a name may have commas itself.
    as_numbers : bool, default=False
        Two columns are responses whatever they hold.
    survival : str, default=""
        The flag that speaks of survival times, as in ``--loss cox``.

    Raises
    ------
    InputError
        There is no such column.
    UsageError
        A column is named twice, or a flag speaks of survival times and there are more than two.
    """
    if argument in table.frame.columns or "," not in argument:
        return Goal(argument)
    names = _names(table, argument)
    for k, name in enumerate(names):
        before, after = names[:k], names[k + 1 :]
        holes = ",".join([*map(shlex.quote, before), "{}", *map(shlex.quote, after)])
        require_column(table, name, f"excise fit {table.typed} {holes}")
    for k, name in enumerate(names):
        if name in names[:k]:
            rest = ",".join(dict.fromkeys(names))
            command = f"excise fit {table.typed} {shlex.quote(rest)}"
            raise UsageError(f"target {argument!r} names column {name!r} twice", remedy=command)
    if len(names) == 2 and not as_numbers and (survival or _is_survival(table, names)):
        return Goal(names[0], names[1])
    if survival and len(names) > 2:
        fact = f"{survival}: target {argument!r} is {count(len(names), 'column')}, not TIME,EVENT"
        raise UsageError(fact, remedy=f"no {survival}")
    return Goal(names[0], responses=tuple(names))


def _names(table: Table, argument: str) -> list[str]:
    """The columns that are named; each takes as many of the pieces as make a column's name."""
    columns, pieces, names = set(table.frame.columns), argument.split(","), []
    while pieces:
        name, taken = pieces[0].strip(), 1
        for end in range(len(pieces), 0, -1):
            whole = ",".join(pieces[:end])
            if found := next((one for one in (whole, whole.strip()) if one in columns), ""):
                name, taken = found, end
                break
        names.append(name)
        pieces = pieces[taken:]
    return names


def _is_survival(table: Table, names: Sequence[str]) -> bool:
    """Whether two columns look like TIME,EVENT, in this order or in the other."""
    first, second = (plain(table.frame[name]).drop_nulls() for name in names)
    if not second.dtype.is_numeric() or second.n_unique() <= 2:
        return True
    return first.dtype.is_numeric() and bool(zero_or_one(first).all())
