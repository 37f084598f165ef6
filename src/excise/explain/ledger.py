"""The ledger: one row per feature, zeros included."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np

from excise.exceptions import InputError
from excise.explain.books import Books
from excise.explain.by_stage import accounts
from excise.explain.decoys import Decoys
from excise.explain.point import Point
from excise.explain.together import together
from excise.explain.words import decimals_of
from excise.results import Event, Floats
from excise.verdicts import VerdictKind

StatusWord = Literal["kept", "cut", "borderline", "free", "excluded"]
Order = Literal["earns", "name", "file"]
Crossing = tuple[float, Literal["enters", "leaves"]]

COLUMNS = (
    "feature", "group", "earns", "earns_alone", "tax", "margin", "coef_std", "coef", "status",
    "enters", "leaves", "picked", "decoy95",
)  # fmt: skip
"""Columns of the ledger as a frame; beside them "stage" of a schedule, "together" of groups."""


class Labelled(Protocol):
    """What the ledger needs to know of a column."""

    @property
    def name(self) -> str:
        """Of the encoded feature."""

    @property
    def group(self) -> str:
        """The table column it was made from."""

    @property
    def level(self) -> str | None:
        """The level of a category that it marks."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The account of one feature at one tax.

    Every tax here is alpha * l1_ratio, what a feature of penalty weight 1 pays.

    Attributes
    ----------
    feature : str
        Name of the encoded column: ``bmi``, ``region=North``.
    group : str
        The table column it was made from.
    earns, earns_alone, tax, margin : float
        |gradient| at b_j = 0 with the others held, and with the others at zero;
        alpha * l1_ratio * penalty weight; earns - tax. On the scale the penalty acts on.
        NaN where the model file cannot know (more than 300 columns, a tax it was not saved at).
    coef_std, coef : float
        Per standard deviation ("keeps") and per unit of the column ("per unit").
    status : {"kept", "cut", "borderline", "free", "excluded"}
        borderline: zero, but earning its tax to within the tolerance. free: pays no tax.
    enters : float or None
        Kept: the tax at which it came in. Cut: the next lower tax at which it comes in.
    leaves : float or None
        Kept: the next lower tax at which it leaves. Cut: the tax at which it last left.
    events : tuple of (tax, "enters" or "leaves")
        Every crossing along the path, by falling tax.
    picked : float or None
        Share of half-samples that keep it at this tax.
    decoy95 : float or None
        95% quantile of the tax at which the best of the shuffled columns enters.
    level : str or None
        The level of a category that this column marks.
    stage : str or None
        Of a schedule: the stage whose account this is. The last one, or, of a feature that it
        excludes, the one that cut the feature.
    form : str
        Of a penalty beside the elastic net its name; then `tax` is what the feature pays there.
    together : tuple of str
        Features whose account this is, with the feature itself: those of its group. Empty where
        it has its own.
    """

    feature: str
    group: str
    earns: float
    earns_alone: float
    tax: float
    margin: float
    coef_std: float
    coef: float
    status: StatusWord
    enters: float | None = None
    leaves: float | None = None
    events: tuple[Crossing, ...] = ()
    picked: float | None = None
    decoy95: float | None = None
    level: str | None = None
    stage: str | None = None
    form: str = ""
    together: tuple[str, ...] = ()

    @property
    def own_tax(self) -> bool:
        """Whether it pays otherwise than alpha * l1_ratio * penalty weight."""
        return self.stage is not None or self.form != ""

    @property
    def turn(self) -> tuple[Literal["in", "out"], float] | None:
        """The next event: a kept feature goes out as the tax rises, a cut one in as it falls."""
        if self.enters is None:
            return None
        return ("out" if self.coef_std != 0.0 else "in"), self.enters

    def to_dict(self) -> dict[str, Any]:
        """As in the ``ledger`` of ``excise fit --json``; None where a figure is not finite."""
        known = {name: finite_or_none(getattr(self, name)) for name in COLUMNS}
        events = [{"tax": tax, "kind": kind} for tax, kind in self.events]
        staged = {} if self.stage is None else {"stage": self.stage}
        told = {"column": self.group, "level": self.level, "events": events, **staged}
        return {**known, **told, **({"together": list(self.together)} if self.form else {})}


@dataclass(frozen=True, slots=True)
class Ledger:
    """The accounts of all features at one tax.

    Attributes
    ----------
    rows : tuple of LedgerRow
        In the order of the file.
    alpha : float
    tax : float
        What a feature of penalty weight 1 pays: alpha * l1_ratio.
    same_unit : bool
        Whether earnings and coefficients are in one unit: for the squared loss what is left after
        tax is the coefficient.
    """

    rows: tuple[LedgerRow, ...]
    alpha: float
    tax: float
    same_unit: bool = True

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[LedgerRow]:
        return iter(self.rows)

    def __getitem__(self, feature: str | int) -> LedgerRow:
        """A row by name or position."""
        if isinstance(feature, int):
            return self.rows[feature]
        return next(row for row in self.rows if row.feature == feature)

    @property
    def kept(self) -> tuple[LedgerRow, ...]:
        """Rows with a non-zero coefficient."""
        return tuple(row for row in self.rows if row.coef_std != 0.0)

    @property
    def unknown(self) -> int:
        """Rows whose earnings the model file cannot know at this tax."""
        return sum(math.isnan(row.earns) for row in self.rows)

    @property
    def decimals(self) -> int:
        """Decimals for every amount of this ledger: the tax shows three significant digits.

        Where taxes are told with each feature the largest earnings, if they are less.
        """
        most = max((row.earns for row in self.rows if not math.isnan(row.earns)), default=0.0)
        if self.own_taxes and most > 0.0:
            return decimals_of(min(self.tax, most) or most)
        return decimals_of(self.tax or most)

    @property
    def staged(self) -> bool:
        """Whether the rows are accounts of the stages of a schedule."""
        return any(row.stage is not None for row in self.rows)

    @property
    def own_taxes(self) -> bool:
        """Whether features pay otherwise than alpha * l1_ratio * penalty weight."""
        return any(row.own_tax for row in self.rows)

    @property
    def grouped(self) -> bool:
        """Whether features have the accounts of groups."""
        return any(row.together for row in self.rows)

    @property
    def line(self) -> float:
        """The tax to draw a line at; 0 where features pay otherwise, and nobody that."""
        paid = any(math.isclose(row.tax, self.tax) for row in self.rows)
        return self.tax if paid or not self.own_taxes else 0.0

    def decimals_kept(self, decimals: int) -> int:
        """Decimals of what is kept: those of the amounts, or fewer by the largest coefficient.

        The two are in one unit only where what is left after tax is the coefficient.
        """
        largest = max((abs(row.coef_std) for row in self.rows), default=0.0)
        return decimals if self.same_unit else min(decimals, decimals_of(largest) + 1)

    def sorted(self, by: Order = "earns") -> Ledger:
        """The same rows by falling earnings (unknown ones last), by name, or as in the file."""
        if by == "file":
            return self
        keys = {
            "earns": lambda row: -math.inf if math.isnan(row.earns) else row.earns,
            "name": lambda row: row.feature,
        }
        if by not in keys:
            raise InputError(f"cannot sort a ledger by {by!r}", ["valid: earns, name, file"])
        return replace(self, rows=tuple(sorted(self.rows, key=keys[by], reverse=by == "earns")))

    def to_dict(self) -> list[dict[str, Any]]:
        """A dictionary per row, ready for JSON."""
        return [row.to_dict() for row in self.rows]

    def to_frame(self, backend: Any = "polars") -> Any:
        """A data frame: "polars", "pandas", "pyarrow", or a module that narwhals knows."""
        import narwhals as nw

        more = {"stage": self.staged, "together": self.grouped}
        names = (*COLUMNS, *(name for name, there in more.items() if there))
        texts = ("feature", "group", "status", *more)
        schema = {name: nw.String() if name in texts else nw.Float64() for name in names}
        columns = {name: [getattr(row, name) for row in self.rows] for name in names}
        if self.grouped:
            columns["together"] = [", ".join(row.together) for row in self.rows]
        return nw.from_dict(columns, schema, backend=backend).to_native()


def finite_or_none(value: Any) -> Any:
    """JSON has no NaN and no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def crossings(events: Iterable[Event], l1_ratio: float) -> dict[int, tuple[Crossing, ...]]:
    """Events by feature, their alphas as taxes, falling."""
    found: dict[int, tuple[Crossing, ...]] = {}
    for event in events:
        seen = found.get(event.feature, ())
        found[event.feature] = (*seen, (float(event.alpha * l1_ratio), event.kind))
    return found


def turns(events: Sequence[Crossing], tax: float, kept: bool) -> tuple[float | None, float | None]:
    """(enters, leaves): kept, the last entry above and the next exit below; cut, the reverse."""
    above = [event for event in events if event[0] >= tax]
    below = [event for event in events if event[0] < tax]

    def first(side: Sequence[Crossing], kind: str) -> float | None:
        return next((at for at, what in side if what == kind), None)

    if kept:
        return first(above[::-1], "enters"), first(below, "leaves")
    return first(below, "enters"), first(above[::-1], "leaves")


def status_of(kind: int, penalty_weight: float, known: bool) -> StatusWord:
    """The word for a verdict."""
    if kind == VerdictKind.EXCLUDED:
        return "excluded"
    if penalty_weight == 0.0:
        return "free"
    if kind == VerdictKind.KEPT:
        return "kept"
    doubtful = kind in (VerdictKind.BORDERLINE, VerdictKind.UNPROVED)
    return "borderline" if doubtful and known else "cut"


def keep_ledger(
    books: Books,
    point: Point,
    labels: Sequence[Labelled],
    events: Iterable[Event] = (),
    picked: Floats | None = None,
    decoys: Decoys | None = None,
) -> Ledger:
    """The ledger of a solution; of a schedule at its last stage, or where a feature was cut."""
    (earns, tax, place), alone = accounts(books, point), books.earns_alone(point.alpha)
    groups = together(books.penalty, point.coef_std)
    single = np.array([one.own for one in groups])
    alone = np.where(single, np.abs(books.xy) * books.unit, alone) if single.any() else alone
    per_unit_tax = point.alpha * books.l1_ratio
    crossed = crossings(events, books.l1_ratio)
    form = "" if books.penalty is None else books.penalty.name
    rows = []
    for j, label in enumerate(labels):
        members = () if single[j] else groups[j].members
        stage = None if place is None else point.stages[place[j]]
        kind = point.proof.kinds[j]
        if stage is not None and stage is not point.stages[-1] and np.isfinite(tax[j]):
            kind = VerdictKind.KKT  # cut there; that later stages exclude it is no account
        status = status_of(kind, books.penalty_weight[j], not np.isnan(earns[j]))
        mine = crossed.get(j, ())
        enters, leaves = turns(mine, per_unit_tax, bool(point.coef[j]))
        rows.append(
            LedgerRow(
                feature=label.name,
                group=label.group,
                earns=float(earns[j]),
                earns_alone=float(alone[j]),
                tax=float(tax[j]),
                margin=float(earns[j] - tax[j]),
                coef_std=float(point.coef_std[j]),
                coef=float(point.coef[j]),
                status=status,
                enters=enters,
                leaves=leaves,
                events=mine,
                picked=None if picked is None else float(picked[j]),
                decoy95=None if decoys is None else decoys.q95,
                level=label.level,
                stage=None if stage is None else stage.name,
                form=form,
                together=tuple(labels[k].name for k in members),
            )
        )
    return Ledger(tuple(rows), point.alpha, per_unit_tax, books.additive)
