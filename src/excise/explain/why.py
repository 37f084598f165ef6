"""Why one feature stays or goes, as an account that adds up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from excise.explain.ledger import StatusWord


@dataclass(frozen=True, slots=True)
class Why:
    """The account of one feature: earns alone - shares = what is left, against the tax.

    Attributes
    ----------
    feature : str
    status : {"kept", "cut", "borderline", "free", "excluded"}
    alpha, tax, earns, earns_alone, margin : float
    left : float
        Signed: earns_alone - sum of shares, exactly; earns = |left|.
    coef_std, coef : float
    divisor : float
        What is left after tax is divided by this to give the coefficient: 1 for the pure L1.
    shares : tuple of (feature, amount)
        What each kept feature already earns of it, largest first.
    events : tuple of (alpha, "enters" or "leaves")
    enters, leaves : float or None
    picked, decoy95 : float or None
    twins : tuple of (feature, r)
        Columns that overlap with it, |r| > 0.7.
    refit : str
        A command without ``--drop``; empty when the model was not made from a file.
    """

    feature: str
    status: StatusWord
    alpha: float
    tax: float
    earns: float
    earns_alone: float
    left: float
    margin: float
    coef_std: float
    coef: float
    divisor: float = 1.0
    shares: tuple[tuple[str, float], ...] = ()
    events: tuple[tuple[float, str], ...] = ()
    enters: float | None = None
    leaves: float | None = None
    picked: float | None = None
    decoy95: float | None = None
    twins: tuple[tuple[str, float], ...] = ()
    refit: str = ""

    def sentences(self) -> list[str]:
        """The account in words, a line each, as `excise why` prints it."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(self.sentences())
