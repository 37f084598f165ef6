"""The ledger of several outputs: what a feature earns for each class, or for all together.

Where each output has features of its own, a coefficient has an account like that of one output:
earns_jk = |gradient| at B_jk = 0 with the others held, tax_j = alpha * l1_ratio * v_j, kept iff it
earns more. Where a feature is in or out for all outputs together (grouped), it has one account:
earns_j is the length of its K gradients at B_j = 0. No account adds up over features, so none is
shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from excise.explain.books import allowed
from excise.explain.decoys import Decoys, decoys
from excise.explain.ledger import Crossing, StatusWord, status_of, turns
from excise.explain.rows import Rows
from excise.explain.stability import stability
from excise.explain.words import amount, decimals_of, figures
from excise.losses import by_rows
from excise.problem import Problem
from excise.results import Event, Floats, Path, Solution

COLUMNS = (
    "earns", "earns_alone", "tax", "margin", "coef_std", "coef", "status", "enters", "leaves",
    "picked", "decoy95",
)  # fmt: skip
"""What a row of the frame has beside its feature, its output and the coefficients."""
EXACT = 100
"""More entries and exits than this are told as the grid saw them: each exact one takes a solve."""


@dataclass(frozen=True, slots=True)
class SeveralRow:
    """The account of one feature for one output, or for all together.

    Attributes
    ----------
    feature : str
    output : str or None
        The class or response; None for all together.
    earns, earns_alone, tax, margin, status, enters, leaves, picked, decoy95
        As in `LedgerRow`; of all outputs together lengths of the K gradients. A path with more than
        100 entries and exits gives the taxes of its grid at which they were first seen.
    coef_std, coef : float
        Per standard deviation and per unit of the column; of all together lengths.
    coefs : tuple of float
        Of all together the coefficients per unit, one per output.
    """

    feature: str
    output: str | None
    earns: float
    earns_alone: float
    tax: float
    margin: float
    coef_std: float
    coef: float
    status: StatusWord
    enters: float | None
    leaves: float | None
    picked: float | None
    decoy95: float | None
    coefs: tuple[float, ...] = ()


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
    tax : float
        What a feature of penalty weight 1 pays: alpha * l1_ratio.
    """

    rows: tuple[SeveralRow, ...]
    outputs: tuple[str, ...]
    noun: str
    tax: float

    @property
    def grouped(self) -> bool:
        """Whether a feature is in or out for all outputs together."""
        return self.rows[0].output is None

    def of(self, feature: str) -> tuple[SeveralRow, ...]:
        """The rows of a feature."""
        return tuple(row for row in self.rows if row.feature == feature)

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


@dataclass(frozen=True, slots=True)
class SeveralWhy:
    """Why a feature stays or goes, for each output or for all together; its ``str`` in words."""

    feature: str
    rows: tuple[SeveralRow, ...]
    outputs: tuple[str, ...]
    noun: str
    tax: float

    def sentences(self) -> list[str]:
        """A line for all outputs together, or one for each."""
        title = f"{self.feature}, at a tax of {figures(self.rows[0].tax)}:"
        said = [title, *(f"  {self._who(row)}: {_account(row)}" for row in self.rows)]
        if self.rows[0].coefs and any(self.rows[0].coefs):
            pairs = zip(self.outputs, self.rows[0].coefs, strict=True)
            said.append("  per unit: " + ", ".join(f"{name} {c:+.4g}" for name, c in pairs))
        return said

    def _who(self, row: SeveralRow) -> str:
        plural = "classes" if self.noun == "class" else f"{self.noun}s"
        return row.output or f"all {len(self.outputs)} {plural} together"

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def _account(row: SeveralRow) -> str:
    keeps = f"keeps {row.coef_std:.4g} per standard deviation"
    picked = "" if row.picked is None else f"; picked in {row.picked:.0%} of half-samples"
    decimals = decimals_of(row.tax)
    earns, off = (amount(x, decimals) for x in (row.earns, abs(row.margin)))
    match row.status:
        case "excluded":
            return "excluded: ruled out, or constant"
        case "free":
            return f"free: it pays no tax, and {keeps}"
        case "kept":
            return f"kept: it earns {earns}, {off} above the tax, and {keeps}{picked}"
        case "borderline":
            return f"borderline: it earns {earns}, the tax to within rounding{picked}"
    comes = "" if row.enters is None else f"; it comes in at {figures(row.enters)}"
    return f"cut: it earns {earns}, {off} short of the tax{comes}{picked}"


def keep_several(
    path: Path,
    solution: Solution,
    features: Sequence[str],
    outputs: Sequence[str],
    *,
    n_halves: int = 0,
    n_shuffles: int = 0,
    seed: int = 0,
) -> SeveralLedger:
    """The ledger of a solution of several outputs; 0 half-samples or shuffles leave theirs out."""
    problem: Problem = path.problem
    rows = Rows(problem, path.mean, path.scale, 0.0)
    alpha, l1_ratio = solution.alpha, problem.l1_ratio
    said, alone = solution.certificate.verdicts, _earns_alone(rows)
    halves = stability(rows, np.array([alpha]), n_halves, seed) if n_halves else None
    floor: Decoys | None = None
    if n_shuffles and l1_ratio > 0.0:
        floor = decoys(rows, _untaxed(rows, path), n_shuffles, seed)
    crossed: dict[tuple[int, ...], list[Crossing]] = {}
    for event in _events(path) if l1_ratio > 0.0 else []:
        place = (event.feature,) if event.output is None else (event.feature, event.output)
        crossed.setdefault(place, []).append((event.alpha * l1_ratio, event.kind))
    coef, coef_std = solution.coef, solution.coef_std
    if problem.grouped:
        coef, coef_std = (np.linalg.norm(b, axis=1) for b in (coef, coef_std))
    picked = None if halves is None else halves.picked[0].reshape(coef.shape)
    found = []
    for at in np.ndindex(coef.shape):
        j, kept = at[0], bool(coef[at] != 0.0)
        enters, leaves = turns(crossed.get(at, []), alpha * l1_ratio, kept)
        found.append(
            SeveralRow(
                feature=features[j],
                output=None if problem.grouped else outputs[at[1]],
                earns=float(said.earns[at]),
                earns_alone=float(alone[at]),
                tax=float(said.tax[at]),
                margin=float(said.earns[at] - said.tax[at]),
                coef_std=float(coef_std[at]),
                coef=float(coef[at]),
                status=status_of(int(said.kind[at]), float(problem.penalty_weight[j]), True),
                enters=enters,
                leaves=leaves,
                picked=None if picked is None else float(picked[at]),
                decoy95=None if floor is None else floor.q95,
                coefs=tuple(solution.coef[j].tolist()) if problem.grouped else (),
            )
        )
    noun = "class" if problem.loss.of_classes else "response"
    return SeveralLedger(tuple(found), tuple(outputs), noun, alpha * l1_ratio)


def _events(path: Path) -> list[Event]:
    """Entries and exits by falling alpha: exact if they are few, else as the grid saw them."""
    problem, seen = path.problem, []
    K, before = 1 if problem.grouped else path.outputs, np.empty(0, dtype=np.int64)
    for k, alpha in enumerate(path.alphas.tolist()):
        now = path.support(k) if problem.grouped else path.columns.support(k)
        sides: tuple[tuple[Literal["enters", "leaves"], Any, Any], ...] = (
            ("enters", now, before),
            ("leaves", before, now),
        )
        for kind, here, there in sides:
            for flat in np.setdiff1d(here, there).tolist():
                output = None if problem.grouped else flat % K
                seen.append(Event(alpha, flat // K, kind, output))
        before = now
    return seen if len(seen) > EXACT else path.events()


def _earns_alone(rows: Rows) -> Floats:
    """What each coefficient would earn with all others at zero; grouped, each feature."""
    problem = rows.problem
    y, w = problem.y, problem.weights
    eta = np.zeros(y.shape)
    if problem.fit_intercept:  # the best intercepts predict the mean, of classes their shares
        eta += np.log(w @ y) if problem.loss.of_classes else w @ y
    left = -by_rows(problem.loss).gradient(y, eta)
    unit = np.ones(problem.p) if problem.standardize else rows.scale
    earned = rows.correlate(left * w[:, None]) * unit[:, None]
    if problem.grouped:
        return np.asarray(np.linalg.norm(earned, axis=1))
    return allowed(earned, problem.lower[:, None], problem.upper[:, None])


def _untaxed(rows: Rows, path: Path) -> Floats:
    """What the intercepts and the features that pay no tax leave of y."""
    problem = rows.problem
    found = path.at(path.alpha_max * (1.0 + 1e-9))
    support = found.support
    eta = found.intercept + rows.mean @ found.coef + rows.eta(support, found.coef_std[support])
    return np.asarray(-by_rows(problem.loss).gradient(problem.y, eta))
