"""Groups that share columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from excise.checks import Names, name_of
from excise.exceptions import InputError
from excise.penalties.group_lasso import GroupLasso, GroupPenalty
from excise.results import Floats

TINY = 1e-4
"""A part below this share of the longest may be one that goes to zero, slowly."""

MOST, ENOUGH = 2000, 1e-13
"""Steps of a division among groups, and the change of its value at which it ends."""


@dataclass(frozen=True)
class OverlappingGroups(GroupPenalty):
    """Groups that may share columns: b is a sum of parts, one for each group.

    The latent version: the columns that are kept are a union of groups. Omega(b) is the least
    alpha sum_g v_g w_g |part_g|_2 over all parts that add up to b, with part_g zero outside of
    group g; that is the group lasso with a copy of each column for every group that it is in. (The
    other version, the sum of norms of b over each group, keeps a complement of a union.) With
    ``l1_ratio`` below 1 the ridge is that of the parts.

    Parameters
    ----------
    groups, weights, rest
        As in `GroupLasso`, with columns that may be in several groups.

    Raises
    ------
    InputError, InputTypeError

    References
    ----------
    Jacob, Obozinski and Vert, "Group lasso with overlap and graph lasso", ICML 2009.
    """

    name: ClassVar[str] = "overlapping_groups"
    overlaps: ClassVar[bool] = True

    @cached_property
    def place(self) -> NDArray[np.intp]:
        """Of a settled penalty, the column that each part of each group belongs to."""
        return np.array([j for one in self.groups for j in one], dtype=np.intp)

    @cached_property
    def apart(self) -> GroupLasso:
        """The group lasso on the copies."""
        ends = np.cumsum([0, *map(len, self.groups)])
        groups = [range(*some) for some in pairwise(ends.tolist())]
        return GroupLasso(groups, self.weights)

    def check(self, weight: Floats, names: Names) -> None:
        """Refuse penalty weights that differ within a group."""
        for k, one in enumerate(self.groups):
            differs = [j for j in one if weight[j] != weight[one[0]]]
            if differs:
                raise InputError(
                    f"penalty_weight is {weight[one[0]]} for {name_of('feature', one[0], names)} "
                    f"and {weight[differs[0]]} for {name_of('feature', differs[0], names)}, both "
                    f"in group {k}",
                    remedy="one penalty_weight for all columns of a group",
                )

    def divided(self, b: Floats, unit: Any = 1.0, l1_ratio: float = 1.0) -> Floats:
        """Parts that add up to b, with a small sum of what unit * part_g pays.

        They always add up, so that a value with them is never below Omega(b). Each step divides
        every column as the lengths of the parts of the last one ask for. (Groups that share columns
        have one penalty weight, so that it does not matter here.)
        """
        parts, place = self.apart.parts, self.place
        w = np.array(self.weights)[parts.of]
        share = np.ones(len(place))
        last = np.inf
        for _ in range(MOST):
            total = np.bincount(place, share, len(b))[place]
            divided = b[place] * np.divide(share, total, out=np.zeros_like(share), where=total > 0)
            length = parts.norm(unit * divided)
            pays = l1_ratio * length + (1.0 - l1_ratio) * length**2 / 2.0
            value = float(w[parts.first] @ pays)
            if not value < last * (1.0 - ENOUGH):
                break
            last = value
            share = (length / (l1_ratio + (1.0 - l1_ratio) * length))[parts.of] / w
        return np.asarray(divided)

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha), from above: see `divided`."""
        here = self.settled(len(b), None)
        return here.apart.value(here.divided(b), alpha, weight[here.place])

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """By minima over one part with the others held, again and again."""
        here = self.settled(len(v), None)
        parts, place, tax = here.apart.parts, here.place, step * alpha * np.array(here.weights)
        part, b = np.zeros(len(place)), np.zeros(len(v))
        for _ in range(MOST):
            before = part.copy()
            for g in range(len(parts)):
                own = slice(parts.indptr[g], parts.indptr[g + 1])
                rest = (v - b)[place[own]] + part[own]
                size = float(np.linalg.norm(rest))
                pays = tax[g] * weight[place[own][0]]
                b[place[own]] -= part[own]
                part[own] = max(0.0, 1.0 - pays / size) * rest if size > 0.0 else 0.0
                b[place[own]] += part[own]
            if np.abs(part - before).max() <= ENOUGH * np.abs(v).max():
                break
        return b

    def entry(self, c: Floats, weight: Floats) -> float:
        """The largest that a group earns over its weight."""
        here = self.settled(len(c), None)
        return here.apart.entry(c[here.place], weight[here.place])

    def earned(self, c: Floats, alpha: float, weight: Floats) -> Floats:
        """Of each column what that of its groups earns which earns most for its weight."""
        here = self.settled(len(c), None)
        earned = here.apart.earned(c[here.place], alpha, weight[here.place])
        of = here.apart.parts.of
        order = np.argsort(earned / np.array(here.weights)[of], kind="stable")
        found = np.zeros(len(c))
        found[here.place[order]] = earned[order]  # the last one stays
        return found

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """Of each group that of its part from its optimality condition; a tiny part counts as 0."""
        here = self.settled(len(b), None)
        parts, part = here.apart.parts, here.divided(b)
        length = parts.norm(part)
        part = np.where((length > TINY * length.max(initial=0.0))[parts.of], part, 0.0)
        return here.apart.distance(part, c[here.place], alpha, weight[here.place])
