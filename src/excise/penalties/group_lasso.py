"""Columns that are in or out together, and the same with zeros within."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

import numpy as np

from excise.checks import Names, check_number, name_of
from excise.exceptions import InputError
from excise.groups import Groups, left_of, widest
from excise.penalties.base import Penalty, share_within
from excise.penalties.grouping import (
    check_weights,
    left_over,
    placed,
    refuse_overlap,
    stated,
)
from excise.results import Floats


@dataclass(frozen=True)
class GroupPenalty(Penalty):
    """alpha sum_g v_g (s |b_g|_1 + (1 - s) w_g |b_g|_2).

    s is the share that columns pay by themselves, v_g the penalty weight of all columns of g.
    """

    groups: Any
    weights: Any = None
    rest: Literal["refuse", "alone"] = "refuse"

    solver: ClassVar[Literal["core", "proximal"]] = "core"
    overlaps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.rest not in ("refuse", "alone"):
            raise InputError(f"rest is {self.rest!r}", ["valid: 'refuse', 'alone'"])
        object.__setattr__(self, "groups", stated(self.groups))
        object.__setattr__(self, "weights", check_weights(self.weights, self.groups))

    @property
    def own_share(self) -> float:
        """The share s of the tax that columns pay by themselves."""
        return 0.0

    @classmethod
    def read(cls, text: str) -> Penalty:
        """Refuse a name alone: groups are no number."""
        raise InputError(
            f"penalty {cls.name!r} must say which columns are a group",
            remedy=f"penalties.{cls.__name__}(groups)",
        )

    def settled(self, p: int, names: Names) -> Self:
        """The same for a table of p columns: groups of numbers, every column in one."""
        groups = placed(self.groups, p, names)
        if not self.overlaps:
            refuse_overlap(groups, p, names)
        missing = left_over(groups, p)
        if len(missing) and self.rest == "refuse":
            raise InputError(
                f"{name_of('feature', int(missing[0]), names)} is in no group",
                [f"{len(missing)} of {p} columns are in none"],
                "rest='alone' makes each of them a group by itself",
            )
        weights = self.weights
        if weights is None:
            weights = tuple(float(np.sqrt(len(one))) for one in groups)
        groups += tuple((int(j),) for j in missing)
        weights += (1.0,) * len(missing)
        return replace(self, groups=groups, weights=weights)

    @cached_property
    def parts(self) -> Groups:
        """The groups of a settled penalty."""
        indptr = np.cumsum([0, *map(len, self.groups)], dtype=np.int64)
        return Groups(indptr, np.array([j for one in self.groups for j in one], dtype=np.int64))

    def check(self, weight: Floats, names: Names) -> None:
        """Refuse penalty weights that differ within a group."""
        parts = self.parts
        first = parts.first[parts.of]
        differs = np.flatnonzero(weight != weight[first])
        if len(differs):
            j, i = int(differs[0]), int(first[differs[0]])
            raise InputError(
                f"penalty_weight is {weight[i]} for {name_of('feature', i, names)} and "
                f"{weight[j]} for {name_of('feature', j, names)}, both in group {parts.of[j]}",
                remedy="one penalty_weight for all columns of a group",
            )

    def _taxes(self, alpha: float, weight: Floats) -> tuple[Groups, Floats, Floats]:
        """The groups, what each pays, and what each of its columns pays by itself."""
        here = self.settled(len(weight), None)
        parts, s = here.parts, self.own_share
        barred = np.isinf(weight[parts.first])
        v = alpha * np.where(barred, 0.0, weight[parts.first])
        tax, own = (1.0 - s) * np.array(here.weights) * v, s * v
        return parts, np.where(barred, np.inf, tax), np.where(barred, np.inf, own)

    def value(self, b: Floats, alpha: float, weight: Floats) -> float:
        """Omega(b; alpha); infinite where an excluded column is not zero."""
        parts, tax, own = self._taxes(alpha, weight)
        size, absolute = parts.norm(b), parts.total(np.abs(b))
        some = absolute > 0.0
        return float(tax[some] @ size[some] + own[some] @ absolute[some])

    def prox(self, v: Floats, step: float, alpha: float, weight: Floats) -> Floats:
        """Each column pays its own tax, then each group what it pays for its length."""
        parts, tax, own = self._taxes(alpha, weight)
        rest = left_of(v, step * own[parts.of])
        size = parts.norm(rest)
        over = np.maximum(size - step * tax, 0.0)
        share = np.divide(over, size, out=np.zeros_like(size), where=size > 0.0)
        return np.asarray(share[parts.of] * rest)

    def entry(self, c: Floats, weight: Floats) -> float:
        """One over the largest s at which every group earns less than its tax with s c."""
        parts, tax, own = self._taxes(1.0, weight)
        taxed = (tax + own > 0.0) & (tax + own < np.inf)
        s = widest(parts, c, np.where(taxed, tax, 1.0), np.where(taxed, own, 0.0))
        return float(np.max(1.0 / s[taxed], initial=0.0))

    def domain_scale(self, z: Floats, alpha: float, weight: Floats) -> float:
        """What brings the dual norm down to alpha."""
        return share_within(self.entry(z, weight), alpha)

    def earned(self, c: Floats, alpha: float, weight: Floats) -> Floats:
        """What the group of each column earns: the length of c that its columns do not pay."""
        parts, _, own = self._taxes(alpha, weight)
        left = left_of(c, np.where(np.isinf(own), 0.0, own)[parts.of])
        return np.asarray(parts.norm(left)[parts.of])

    def distance(self, b: Floats, c: Floats, alpha: float, weight: Floats) -> Floats:
        """Of each group the distance of c from the subdifferential of Omega at b."""
        parts, tax, own = self._taxes(alpha, weight)
        barred = np.isinf(tax)
        tax, own = np.where(barred, 0.0, tax), np.where(barred, 0.0, own)[parts.of]
        size = parts.norm(b)
        unit = np.divide(b, size[parts.of], out=np.zeros_like(b), where=size[parts.of] > 0.0)
        left = left_of(c, own)
        off = np.where(b == 0.0, left, c - tax[parts.of] * unit - own * np.sign(b))
        found = np.where(size == 0.0, np.maximum(parts.norm(left) - tax, 0.0), parts.norm(off))
        return np.where(barred, 0.0, found)


@dataclass(frozen=True)
class GroupLasso(GroupPenalty):
    """Groups of columns that are in or out together: alpha sum_g v_g w_g |b_g|_2.

    With ``l1_ratio`` below 1 it is alpha sum_g v_g w_g (l1_ratio |b_g| +
    (1 - l1_ratio) |b_g|^2 / 2), as for single columns. b are
    coefficients per standard deviation with standardize=True, those of the columns as given
    otherwise.

    Parameters
    ----------
    groups : list of lists of int or str, or array, shape (p,)
        The columns of each group, by number or by name; or a label for every column. No column is
        in two groups: see `OverlappingGroups`.
    weights : array, shape (n_groups,), optional
        w_g > 0, for labels in the order in which they come first; the square root of the number of
        columns if left out.
    rest : {"refuse", "alone"}, default="refuse"
        Columns that no group names are an error, or groups by themselves, of weight 1.

    Raises
    ------
    InputError, InputTypeError
        Groups or weights that cannot be used, and penalty weights that differ within a group.

    References
    ----------
    Yuan and Lin, "Model selection and estimation in regression with grouped variables", JRSS B 68,
    2006.
    """

    name: ClassVar[str] = "group"


@dataclass(frozen=True)
class SparseGroupLasso(GroupPenalty):
    """Groups that are in or out together, and within them single columns.

    alpha sum_g v_g (l1_share |b_g|_1 + (1 - l1_share) w_g |b_g|_2). With ``l1_ratio`` below 1 that
    is multiplied by l1_ratio, and to it comes
    (1 - l1_ratio) alpha sum_g v_g (l1_share + (1 - l1_share) w_g) |b_g|^2 / 2.

    Parameters
    ----------
    groups, weights, rest
        As in `GroupLasso`.
    l1_share : float in [0, 1], default=0.5
        The share of the tax that columns pay by themselves: 0 is the group lasso, 1 the lasso.

    Raises
    ------
    InputError, InputTypeError

    References
    ----------
    Simon, Friedman, Hastie and Tibshirani, "A sparse-group lasso", Journal of Computational and
    Graphical Statistics 22, 2013.
    """

    l1_share: float = 0.5

    name: ClassVar[str] = "sparse_group"

    def __post_init__(self) -> None:
        super().__post_init__()
        share = check_number("l1_share", self.l1_share)
        if not 0.0 <= share <= 1.0:
            raise InputError(f"l1_share is {share}; it must lie in [0, 1]")
        object.__setattr__(self, "l1_share", share)

    @property
    def own_share(self) -> float:
        """The share of the tax that columns pay by themselves."""
        return self.l1_share
