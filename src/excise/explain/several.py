"""The ledger of several outputs: what a feature earns for each class, or for all together.

Where each output has features of its own, a coefficient has an account like that of one output:
earns_jk = |gradient| at B_jk = 0 with the others held, tax_j = alpha * l1_ratio * v_j, kept iff it
earns more. Where a feature is in or out for all outputs together (grouped), it has one account:
earns_j is the length of its K gradients at B_j = 0. No account adds up over features, so none is
shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from excise.explain.books import Books
from excise.explain.decoys import Decoys
from excise.explain.ledger import (
    Crossing,
    Labelled,
    Ledger,
    LedgerRow,
    Order,
    status_of,
    turns,
)
from excise.explain.point import Point
from excise.explain.words import count
from excise.results import Event, Floats

COLUMNS = (
    "earns", "earns_alone", "tax", "margin", "coef_std", "coef", "status", "enters", "leaves",
    "picked", "decoy95",
)  # fmt: skip
"""What a row of the frame has beside its feature, its output and the coefficients."""


@dataclass(frozen=True, slots=True)
class SeveralRow(LedgerRow):
    """The account of one feature for one output, or for all together.

    Attributes
    ----------
    output : str or None
        The class or response; None for all together. Then what it earns and its coefficients are
        lengths over the K outputs.
    coefs, coefs_std : tuple of float
        Of all together the coefficients per unit and per standard deviation, one per output.

    Notes
    -----
    The other attributes are those of `LedgerRow`. A path with more than 100 entries and exits gives
    the taxes of its grid at which they were first seen.
    """

    output: str | None = None
    coefs: tuple[float, ...] = ()
    coefs_std: tuple[float, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As in the ``ledger`` of ``excise fit --json``."""
        own = {"output": self.output, "coefs": list(self.coefs), "coefs_std": list(self.coefs_std)}
        return {**LedgerRow.to_dict(self), **own}


@dataclass(frozen=True, slots=True)
class SeveralLedger:
    """The accounts of all features of several outputs at one tax.

    Attributes
    ----------
    rows : tuple of SeveralRow
        Features in the order of the data, outputs within them.
    outputs : tuple of str
    noun : str
        What an output is: "class" or "response".
    alpha : float
    tax : float
        What a feature of penalty weight 1 pays: alpha * l1_ratio.
    """

    rows: tuple[SeveralRow, ...]
    outputs: tuple[str, ...]
    noun: str
    alpha: float
    tax: float

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SeveralRow]:
        return iter(self.rows)

    @property
    def grouped(self) -> bool:
        """Whether a feature is in or out for all outputs together."""
        return self.rows[0].output is None

    @property
    def plural(self) -> str:
        """Classes or responses."""
        return plural(self.noun)

    def of(self, feature: str) -> tuple[SeveralRow, ...]:
        """The rows of a feature."""
        return tuple(row for row in self.rows if row.feature == feature)

    def by_feature(self) -> Ledger:
        """A ledger with the best account of each feature: kept ones first, then what earns most."""
        size = 1 if self.grouped else len(self.outputs)
        best = (
            max(self.rows[at : at + size], key=lambda row: (row.coef_std != 0.0, _known(row.earns)))
            for at in range(0, len(self.rows), size)
        )
        return Ledger(tuple(best), self.alpha, self.tax, same_unit=False)

    def by_account(self) -> Ledger:
        """A ledger with a row per account, called ``bmi (setosa)``."""
        named = (
            row if row.output is None else replace(row, feature=f"{row.feature} ({row.output})")
            for row in self.rows
        )
        return Ledger(tuple(named), self.alpha, self.tax, same_unit=False)

    def sorted(self, by: Order = "earns") -> SeveralLedger:
        """The same rows, features in the order of their best accounts; see `Ledger.sorted`."""
        size = 1 if self.grouped else len(self.outputs)
        starts = {self.rows[at].feature: at for at in range(0, len(self.rows), size)}
        order = (starts[row.feature] for row in self.by_feature().sorted(by))
        return replace(self, rows=tuple(row for at in order for row in self.rows[at : at + size]))

    def speaks_for(self, feature: str) -> tuple[tuple[str, float], ...]:
        """(output, coefficient per standard deviation) where it is not zero, largest first."""
        rows = self.of(feature)
        values = rows[0].coefs_std if self.grouped else tuple(row.coef_std for row in rows)
        pairs = [pair for pair in zip(self.outputs, values, strict=True) if pair[1]]
        return tuple(sorted(pairs, key=lambda pair: -abs(pair[1])))

    def to_dict(self) -> list[dict[str, Any]]:
        """A dictionary per row, ready for JSON."""
        return [row.to_dict() for row in self.rows]

    def to_frame(self, backend: Any = "polars") -> Any:
        """A data frame: "polars", "pandas", "pyarrow", or a module that narwhals knows."""
        import narwhals as nw

        columns: dict[str, list[Any]] = {"feature": [row.feature for row in self.rows]}
        if not self.grouped:
            columns[self.noun] = [row.output for row in self.rows]
        columns |= {name: [getattr(row, name) for row in self.rows] for name in COLUMNS}
        if self.grouped:
            for k, name in enumerate(self.outputs):
                columns[f"coef[{name}]"] = [row.coefs[k] for row in self.rows]
        texts = ("feature", self.noun, "status")
        schema = {name: nw.String() if name in texts else nw.Float64() for name in columns}
        return nw.from_dict(columns, schema, backend=backend).to_native()


def plural(noun: str) -> str:
    """Classes or responses."""
    return "classes" if noun == "class" else f"{noun}s"


def _known(earns: float) -> float:
    return earns if earns == earns else -np.inf


def several_of(n: int, noun: str) -> str:
    """3 classes, 2 responses."""
    return f"{n:,} classes" if noun == "class" else count(n, noun)


def keep_several(
    books: Books,
    point: Point,
    labels: Sequence[Labelled],
    outputs: Sequence[str],
    noun: str,
    *,
    events: Iterable[Event] = (),
    picked: Floats | None = None,
    decoys: Decoys | None = None,
) -> SeveralLedger:
    """The ledger of a solution of several outputs; `picked` as in `Stability`."""
    earns, alone = books.earns(point), books.earns_alone(point.alpha)
    tax = books.paid(point)
    per_unit_tax, grouped = point.alpha * books.l1_ratio, books.grouped
    crossed: dict[tuple[int, ...], list[Crossing]] = {}
    for event in events:
        at = (event.feature,) if event.output is None else (event.feature, event.output)
        crossed.setdefault(at, []).append((float(event.alpha * books.l1_ratio), event.kind))
    coef, coef_std = point.coef, point.coef_std
    if grouped:
        coef, coef_std = (np.linalg.norm(b, axis=1) for b in (coef, coef_std))
    shares = None if picked is None else picked.reshape(coef.shape)
    rows = []
    for at in np.ndindex(coef.shape):
        j, mine = at[0], tuple(crossed.get(at, ()))
        enters, leaves = turns(mine, per_unit_tax, bool(coef[at]))
        known = not np.isnan(earns[at])
        rows.append(
            SeveralRow(
                feature=labels[j].name,
                group=labels[j].group,
                earns=float(earns[at]),
                earns_alone=float(alone[at]),
                tax=float(tax[j]),
                margin=float(earns[at] - tax[j]),
                coef_std=float(coef_std[at]),
                coef=float(coef[at]),
                status=status_of(int(point.proof.kinds[at]), float(books.penalty_weight[j]), known),
                enters=enters,
                leaves=leaves,
                events=mine,
                picked=None if shares is None else float(shares[at]),
                decoy95=None if decoys is None else decoys.q95,
                level=labels[j].level,
                output=None if grouped else outputs[at[-1]],
                coefs=tuple(point.coef[j].tolist()) if grouped else (),
                coefs_std=tuple(point.coef_std[j].tolist()) if grouped else (),
            )
        )
    return SeveralLedger(tuple(rows), tuple(outputs), noun, point.alpha, per_unit_tax)
