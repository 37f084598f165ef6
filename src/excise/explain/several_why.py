"""Why a feature of several outputs stays or goes: a line for each, or for all together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from excise.explain.ledger import LedgerRow, finite_or_none
from excise.explain.several import SeveralLedger, SeveralRow, plural
from excise.explain.words import amount, decimals_of, figures


@dataclass(frozen=True, slots=True)
class SeveralWhy:
    """Why a feature stays or goes, for each output or for all together; its ``str`` in words.

    Attributes
    ----------
    feature : str
    rows : tuple of SeveralRow
    outputs : tuple of str
    noun : str
        What an output is: "class" or "response".
    tax : float
        What a feature of penalty weight 1 pays.
    twins : tuple of (feature, r)
        Columns that overlap with it, |r| > 0.7.
    """

    feature: str
    rows: tuple[SeveralRow, ...]
    outputs: tuple[str, ...]
    noun: str
    tax: float
    twins: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(
        cls, ledger: SeveralLedger, feature: str, twins: tuple[tuple[str, float], ...] = ()
    ) -> SeveralWhy:
        """From the ledger."""
        rows = ledger.of(feature)
        return cls(feature, rows, ledger.outputs, ledger.noun, ledger.tax, twins)

    def sentences(self) -> list[str]:
        """A line for all outputs together, or one for each."""
        title = f"{self.feature}, at a tax of {figures(self.rows[0].tax)}:"
        said = [title, *(f"  {self._who(row)}: {_account(row)}" for row in self.rows)]
        if self.rows[0].coefs and any(self.rows[0].coefs):
            pairs = zip(self.outputs, self.rows[0].coefs, strict=True)
            said.append("  per unit: " + ", ".join(f"{name} {c:+.4g}" for name, c in pairs))
        return [*said, *self._twins()]

    def _who(self, row: SeveralRow) -> str:
        return row.output or f"all {len(self.outputs)} {plural(self.noun)} together"

    def _twins(self) -> list[str]:
        """Columns that resemble it: no account names who earns its share."""
        said = [f"{name} (r {r:.2f})" for name, r in self.twins[:3]]
        more = len(self.twins) - len(said)
        return [f"  overlaps with {', '.join(said)}{f' and {more} more' * (more > 0)}"] * bool(said)

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; None where a figure is not finite."""
        found = {
            "feature": self.feature,
            "tax": finite_or_none(self.tax),
            "noun": self.noun,
            "outputs": list(self.outputs),
            "accounts": [row.to_dict() for row in self.rows],
            "twins": [{"feature": name, "r": r} for name, r in self.twins],
            "sentences": self.sentences(),
        }
        return found

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def _account(row: LedgerRow) -> str:
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
    if row.earns != row.earns:
        return "cut: the model file does not hold what it earns at this tax"
    comes = "" if row.enters is None else f"; it comes in at {figures(row.enters)}"
    return f"cut: it earns {earns}, {off} short of the tax{comes}{picked}"
