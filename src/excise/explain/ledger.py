"""The ledger: one row per feature, zeros included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from excise.explain.words import decimals_of

StatusWord = Literal["kept", "cut", "borderline", "free", "excluded"]
Order = Literal["earns", "name", "file"]

COLUMNS = (
    "feature", "group", "earns", "earns_alone", "tax", "margin", "coef_std", "coef", "status",
    "enters", "leaves", "picked", "decoy95",
)  # fmt: skip
"""Columns of the ledger as a frame."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The account of one feature at one tax.

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
    events : tuple of (alpha, "enters" or "leaves")
        Every crossing along the path, by falling tax.
    picked : float or None
        Share of half-samples that keep it at this tax.
    decoy95 : float or None
        95% quantile of the tax at which the best of the shuffled columns enters.
    level : str or None
        The level of a category that this column marks.
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
    events: tuple[tuple[float, str], ...] = ()
    picked: float | None = None
    decoy95: float | None = None
    level: str | None = None

    @property
    def turn(self) -> tuple[Literal["in", "out"], float] | None:
        """The next event: a kept feature goes out as the tax rises, a cut one in as it falls."""
        if self.enters is None:
            return None
        return ("out" if self.coef_std != 0.0 else "in"), self.enters

    def to_dict(self) -> dict[str, Any]:
        """As in the ``ledger`` of ``excise fit --json``; None where a figure is not known."""
        known = {name: getattr(self, name) for name in COLUMNS}
        clean = {name: None if value != value else value for name, value in known.items()}
        events = [{"alpha": alpha, "kind": kind} for alpha, kind in self.events]
        return {**clean, "column": self.group, "level": self.level, "events": events}


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
    unknown : int
        Rows whose earnings the model file cannot know at this tax.
    """

    rows: tuple[LedgerRow, ...]
    alpha: float
    tax: float
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[LedgerRow]:
        return iter(self.rows)

    def __getitem__(self, feature: str | int) -> LedgerRow:
        """A row by name or position."""
        if isinstance(feature, str):
            return next(row for row in self.rows if row.feature == feature)
        return self.rows[feature]

    @property
    def kept(self) -> tuple[LedgerRow, ...]:
        """Rows with a non-zero coefficient."""
        return tuple(row for row in self.rows if row.coef_std != 0.0)

    @property
    def decimals(self) -> int:
        """Decimals for every amount of this ledger: the tax shows three significant digits."""
        return decimals_of(self.tax)

    def sorted(self, by: Order = "earns") -> Ledger:
        """The same rows by falling earnings, by name, or as in the file."""
        raise NotImplementedError

    def to_dict(self) -> list[dict[str, Any]]:
        """A dictionary per row, ready for JSON."""
        return [row.to_dict() for row in self.rows]

    def to_frame(self, backend: Any = "polars") -> Any:
        """A data frame: "polars", "pandas", "pyarrow", or any namespace narwhals knows."""
        raise NotImplementedError
