"""Who pays together: the columns of a group, and which of them have an account of their own.

A feature in a group is in or out with it, so that it has the account of its group: what the group
earns with all its columns at zero and the others held, and what it pays. In a sparse group that is
kept a column that is zero by itself has its own account (and in any group one that is constant, or
repeats the others of a group that pays nothing); of groups that share columns each column
has that of the group that says most of it (see `excise.copies`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from excise.explain.words import count, listing
from excise.penalties import GroupPenalty, Penalty
from excise.results import Floats

MOST_NAMED = 3
"""Columns named; of more the first two and how many there are."""


class Together(NamedTuple):
    """Whose account a feature has.

    Attributes
    ----------
    members : tuple of int
        All columns of its group, of several groups all of theirs; none where it pays alone.
    groups : int
        How many groups it is in.
    own : bool
        Whether the account is its own nevertheless: zero within a group that is kept.
    """

    members: tuple[int, ...] = ()
    groups: int = 1
    own: bool = False


def groups_of(penalty: Penalty | None) -> tuple[tuple[int, ...], ...]:
    """The groups of a settled penalty, single columns too; none of a penalty without groups."""
    return tuple(penalty.groups) if isinstance(penalty, GroupPenalty) else ()


def together(penalty: Penalty | None, coef: Floats) -> list[Together]:
    """Of every feature, at these coefficients."""
    found: list[set[int]] = [set() for _ in coef]
    counts = np.zeros(len(coef), dtype=int)
    for members in groups_of(penalty):
        for j in members:
            found[j].update(members)
            counts[j] += 1
    own = own_accounts(penalty, coef)
    return [
        Together(tuple(sorted(some)) if len(some) > 1 else (), max(int(n), 1), bool(alone))
        for some, n, alone in zip(found, counts, own, strict=True)
    ]


def own_accounts(penalty: Penalty | None, coef: Floats) -> NDArray[np.bool_]:
    """Which features have an account of their own although they are in a group that is kept."""
    own = np.zeros(len(coef), dtype=bool)
    if isinstance(penalty, GroupPenalty) and not penalty.overlaps:
        parts = penalty.parts
        own[:] = (parts.norm(coef) > 0.0)[parts.of] & (coef == 0.0)
    return own


def whole(penalty: Penalty | None) -> bool:
    """Whether every feature is in exactly one group and is in or out with it."""
    return isinstance(penalty, GroupPenalty) and not penalty.overlaps and not penalty.own_share


def group_name(members: Sequence[int], names: Sequence[str], sources: Sequence[str]) -> str:
    """``region`` where that is the source of exactly these columns; else ``age, bmi and bp``."""
    source = sources[members[0]]
    if len(members) > 1 and {j for j, one in enumerate(sources) if one == source} == set(members):
        return source
    few = [names[j] for j in members[:MOST_NAMED]]
    if len(members) > MOST_NAMED:
        few = [*few[:-1], count(len(members) - MOST_NAMED + 1, "other")]
    return listing(few)
