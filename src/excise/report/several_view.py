"""The ledger of several outputs as it is read: a row per feature, with those it speaks for."""

from __future__ import annotations

from excise.explain.ledger import Ledger, LedgerRow
from excise.explain.several import SeveralLedger, several_of
from excise.explain.verdict import borderline
from excise.explain.words import amount, count, figures, percent
from excise.model import Model
from excise.report.axes import SMALL
from excise.report.chart import TaxAxis
from excise.report.ledger_view import (
    LONGEST_NAME,
    NOTHING,
    QUESTION,
    LedgerView,
    RowView,
    bar,
    earnings,
    hidden,
    minus,
    reach_of,
    shown_rows,
    tax_mark,
)
from excise.report.svg import shorten

MOST_SPOKEN = 3
"""Outputs named in a row."""
JOINED = "\N{NO-BREAK SPACE}"
LONGEST_OUTPUT = 90.0
"""Pixels of an output's name."""


def several_view(model: Model, ledger: SeveralLedger, *, most_rows: int, why: bool) -> LedgerView:
    """Features by the falling earnings of their best accounts, `most_rows` in all."""
    best = ledger.by_feature()
    rows = best.sorted("earns").rows
    shown = shown_rows(rows, most_rows)
    reach, word = reach_of(best), TaxAxis.of(model).word
    return LedgerView(
        question=QUESTION,
        answer=answer(ledger, best),
        rows=tuple(_row(model, row, ledger, best, reach, why) for row in shown),
        hidden=hidden(rows, shown, best.decimals),
        tax=amount(ledger.tax, best.decimals),
        tax_mark=tax_mark(best, reach, word),
        word=word,
        has_picked=any(row.picked is not None for row in ledger),
        long_names=True,
        notes=model.notes,
        speaks=True,
    )


def answer(ledger: SeveralLedger, best: Ledger) -> str:
    """Who earns most, and for whom; what a bar is of."""
    tax, kept = amount(ledger.tax, best.decimals), best.kept
    if not kept:
        return f"No feature earns more than the tax of {tax}."
    top = max(kept, key=earnings)
    verb = "earns" if len(kept) == 1 else "earn"
    words = f"{count(len(kept), 'feature')} {verb} more than the tax of {tax}"
    most = amount(top.earns, best.decimals)
    if ledger.grouped:
        everyone = f"all {several_of(len(ledger.outputs), ledger.noun)} together"
        return f"{words}; {top.feature} earns most, {most}, for {everyone}."
    return (
        f"{words} for one {ledger.noun} or more; {top.feature} earns most, {most}, for "
        f"{ledger.noun} {for_whom(top)}. A bar is what a feature earns for the {ledger.noun} "
        "it earns most for."
    )


def for_whom(row: LedgerRow) -> str:
    """The output of an account; empty where it is of all together."""
    return getattr(row, "output", None) or ""


def spoken(ledger: SeveralLedger, feature: str) -> str:
    """``setosa +1.23, virginica −0.45``, per standard deviation, largest first."""
    pairs = ledger.speaks_for(feature)
    said = [
        f"{shorten(name, SMALL, LONGEST_OUTPUT)}{JOINED}{signed(b)}"
        for name, b in pairs[:MOST_SPOKEN]
    ]
    more = len(pairs) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")


def signed(value: float) -> str:
    """Three digits, a true minus sign."""
    return minus(("+" if value > 0.0 else "") + figures(value))


def _row(
    model: Model, row: LedgerRow, ledger: SeveralLedger, best: Ledger, reach: float, why: bool
) -> RowView:
    name, turn = row.feature, row.turn
    said = spoken(ledger, name)
    return RowView(
        feature=name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…",
        earns=amount(row.earns, best.decimals) if row.earns == row.earns else NOTHING,
        bar=bar(row, reach),
        keeps=said or NOTHING,
        per_unit="",
        turns=f"{turn[0]} at {figures(turn[1])}" if turn else NOTHING,
        picked=percent(row.picked) if row.picked is not None else NOTHING,
        status="borderline" if borderline(row) else row.status,
        why=tuple(model.why(name).sentences()) if why else (),
    )
