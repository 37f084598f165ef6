"""Why one feature stays or goes, as an account that adds up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from excise.exceptions import InputError
from excise.explain.books import Books
from excise.explain.by_stage import Step, books_at, steps
from excise.explain.ledger import Crossing, Labelled, LedgerRow, StatusWord, finite_or_none
from excise.explain.point import Point
from excise.explain.sentences import lines
from excise.explain.together import group_name, together
from excise.explain.words import closest, count
from excise.penalties import CONCAVE


@dataclass(frozen=True, slots=True)
class Why:
    """The account of one feature: earns alone - shares = what is left, against the tax.

    Every tax here is alpha * l1_ratio, what a feature of penalty weight 1 pays.

    Attributes
    ----------
    feature, group : str
        The encoded column, and the table column it was made from.
    status : {"kept", "cut", "borderline", "free", "excluded"}
    alpha, tax, earns, earns_alone, margin : float
    left : float
        Signed: what it would earn alone - the sum of shares, exactly; earns = |left| unless a
        bound forbids that sign.
    alone : float
        |q|: earns_alone unless a bound forbids that sign.
    coef_std, coef : float
    keeps : float
        The coefficient on the scale the penalty acts on.
    divisor : float
        What is left after tax over this is `keeps`: 1 for L1 on unit variance.
    shares : tuple of (feature, amount)
        What each kept feature already earns of it, largest first.
    rival : str
        The table column of the feature that earns most of it.
    events : tuple of (tax, "enters" or "leaves")
    enters, leaves : float or None
    lowest : float
        The lowest tax of the path.
    picked, decoy95 : float or None
    twins : tuple of (feature, r)
        Columns that overlap with it, |r| > 0.7.
    constant, at_bound : bool
    known : bool
        Whether the model file has the moments of this column.
    refit : str
        The command that made the model; empty when it was not made from a file.
    additive : bool
        Whether the account adds up, and what is left is the coefficient: for the squared loss.
        Else `left` is what it earns with the others in, `shares` are empty.
    stage : str
        Of a schedule with several stages: the one whose account this is (see `LedgerRow`).
    stages : tuple of Step
        The feature in every one of them.
    form : str
        Of a penalty beside the elastic net its name.
    together : tuple of str
        As in `LedgerRow`: the features of its group, whose account this is.
    group_name : str
        What that group is called: the source of its columns, or the first of them.
    groups : int
        How many groups it is in.
    """

    feature: str
    status: StatusWord
    alpha: float
    tax: float
    earns: float
    earns_alone: float
    alone: float
    left: float
    margin: float
    coef_std: float
    coef: float
    keeps: float
    group: str = ""
    divisor: float = 1.0
    shares: tuple[tuple[str, float], ...] = ()
    rival: str = ""
    events: tuple[Crossing, ...] = ()
    enters: float | None = None
    leaves: float | None = None
    lowest: float = 0.0
    picked: float | None = None
    decoy95: float | None = None
    twins: tuple[tuple[str, float], ...] = ()
    constant: bool = False
    at_bound: bool = False
    known: bool = True
    refit: str = ""
    additive: bool = True
    stage: str = ""
    stages: tuple[Step, ...] = ()
    form: str = ""
    together: tuple[str, ...] = ()
    group_name: str = ""
    groups: int = 1

    @property
    def concave(self) -> bool:
        """Whether the penalty is not convex, so that its answer is a stationary point."""
        return self.form in CONCAVE

    @property
    def word(self) -> str:
        """What alpha is called."""
        return "tax" if not self.concave or CONCAVE[self.form].is_tax else "penalty"

    def sentences(self) -> list[str]:
        """The account in words, a line each, as `excise why` prints it."""
        return lines(self)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; None where a figure is not finite."""
        found = {name: finite_or_none(value) for name, value in asdict(self).items()}
        events = [{"tax": tax, "kind": kind} for tax, kind in self.events]
        twins = [{"feature": name, "r": r} for name, r in self.twins]
        stages = [
            {name: finite_or_none(value) for name, value in step._asdict().items()}
            for step in self.stages
        ]
        found |= {"events": events, "twins": twins, "stages": stages}
        return {**found, "sentences": self.sentences()}

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def find(feature: str, labels: Sequence[Labelled]) -> int:
    """The position of a feature; an unknown name is an `InputError` with the closest names."""
    for j, label in enumerate(labels):
        if label.name == feature:
            return j
    names = [label.name for label in labels]
    members = [label.name for label in labels if label.group == feature]
    near = members[:5] or closest(feature, names)
    where = [
        f"{count(len(names), 'feature')}; closest: {', '.join(near)}"
        if near
        else f"{count(len(names), 'feature')}: {', '.join(names[:5])}{', ...' * (len(names) > 5)}"
    ]
    if members:
        where = [f"it has {count(len(members), 'feature')}: {', '.join(near)}"]
        where[0] += ", ..." * (len(members) > len(near))
    raise InputError(f"no feature named {feature!r} in this model", where)


def account(
    books: Books,
    point: Point,
    labels: Sequence[Labelled],
    row: LedgerRow,
    j: int,
    *,
    lowest: float = 0.0,
    refit: str = "",
) -> Why:
    """The account behind one row of the ledger."""
    several = len(point.stages) > 1
    theirs = together(books.penalty, point.coef_std)[j]
    names, sources = [label.name for label in labels], [label.group for label in labels]
    followed = tuple(steps(books, point.stages, j)) if several else ()
    coef_std, alpha = point.coef_std, point.alpha
    if point.stages:
        stage = next(one for one in reversed(point.stages) if one.name == row.stage)
        books, coef_std, alpha = books_at(books, stage), stage.coef_std, stage.alpha
    shares = books.shares(j, coef_std)
    rival = max(shares, key=lambda share: share[1], default=None)
    alone = float(abs(books.xy[j]) * books.unit[j])
    lower, upper = float(books.lower[j]), float(books.upper[j])
    return Why(
        feature=row.feature,
        status=row.status,
        alpha=point.alpha,
        tax=row.tax,
        earns=row.earns,
        earns_alone=row.earns_alone,
        alone=alone,
        left=alone - sum(x for _, x in shares) if books.additive else row.earns,
        margin=row.margin,
        coef_std=row.coef_std,
        coef=row.coef,
        keeps=row.coef_std if books.standardize else row.coef,
        group=row.group,
        divisor=books.divisor(alpha, j),
        shares=tuple((labels[k].name, x) for k, x in shares),
        rival=labels[rival[0]].group if rival else "",
        events=row.events,
        enters=row.enters,
        leaves=row.leaves,
        lowest=lowest,
        picked=row.picked,
        decoy95=row.decoy95,
        twins=tuple((labels[k].name, r) for k, r in books.twins(j)),
        constant=bool(books.scale[j] == 0.0),
        at_bound=row.coef != 0.0 and row.coef in (lower, upper),
        known=books.position(j) is not None or not math.isnan(row.earns),
        refit=refit,
        additive=books.additive,
        stage=(row.stage or "") if several else "",
        stages=followed,
        form=row.form,
        together=row.together,
        group_name=group_name(theirs.members, names, sources) if theirs.members else "",
        groups=theirs.groups,
    )
