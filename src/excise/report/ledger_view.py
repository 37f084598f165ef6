"""The ledger as it is read: who stays, and why, with a bar for each account."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from excise.explain.ledger import Ledger, LedgerRow
from excise.explain.verdict import borderline
from excise.explain.words import amount, count, figures, percent
from excise.model import Model
from excise.report.chart import TaxAxis
from excise.report.svg import element

QUESTION = "Who stays, and why?"
BAR_HEIGHT = 16.0
"""Pixels, about the middle of the row."""
NOTHING = "\N{EN DASH}"
LONGEST_NAME = 120
SHORT_NAME = 20
"""Letters; with a longer name among them, names get more of the width and bars less."""


class RowView(NamedTuple):
    """One row as text; `why` may be empty."""

    feature: str
    earns: str
    bar: Markup
    keeps: str
    per_unit: str
    turns: str
    picked: str
    status: str
    why: tuple[str, ...]


class LedgerView(NamedTuple):
    """The rows shown, what the others come to, and the mark of the tax above the bars."""

    question: str
    answer: str
    rows: tuple[RowView, ...]
    hidden: str
    tax: str
    tax_mark: Markup
    word: str
    has_picked: bool
    long_names: bool
    notes: tuple[str, ...]
    speaks: bool = False
    """Whether `keeps` says for which of several outputs."""


def ledger_view(model: Model, ledger: Ledger, *, most_rows: int, why: bool) -> LedgerView:
    """Rows by falling earnings: kept ones first to be listed, `most_rows` in all."""
    rows = ledger.sorted("earns").rows
    shown = shown_rows(rows, most_rows)
    reach, word = reach_of(ledger), TaxAxis.of(model).word
    return LedgerView(
        question=QUESTION,
        answer=answer(model, ledger),
        rows=tuple(_row(model, row, ledger, reach, why) for row in shown),
        hidden=hidden(rows, shown, ledger.decimals),
        tax=amount(ledger.line, ledger.decimals) if ledger.line or not ledger.own_taxes else "",
        tax_mark=tax_mark(ledger, reach, word),
        word=word,
        has_picked=any(row.picked is not None for row in ledger),
        long_names=any(len(row.feature) > SHORT_NAME for row in shown),
        notes=model.notes,
    )


def answer(model: Model, ledger: Ledger) -> str:
    """Who earns most, and who misses the tax by least."""
    places, kept = ledger.decimals, ledger.kept
    tax = amount(ledger.line or ledger.tax, places)
    if not kept:
        first = max(ledger, key=earnings, default=None)
        nearest = (
            f"; {_who(ledger, first)} comes nearest, {amount(first.earns, places)}" if first else ""
        )
        return f"No feature earns more than the tax of {tax}{nearest}."
    verb = "earns" if len(kept) == 1 else "earn"
    top = max(kept, key=earnings)
    words = f"{count(len(kept), 'feature')} {verb} more than the tax of {tax}"
    if ledger.grouped:
        words = (
            f"{count(len(kept), 'feature')} {verb} more than the tax, with their groups or alone"
        )
    elif ledger.own_taxes and not ledger.staged:
        words = f"{count(len(kept), 'feature')} {verb} more than the tax they still pay"
    if ledger.staged:
        words = f"{count(len(kept), 'feature')} {verb} more than the tax of every stage"
    words += f"; {_who(ledger, top)} earns most, {amount(top.earns, places)}."
    cut = [row for row in ledger if row.coef_std == 0.0 and row.earns == row.earns]
    if cut:
        near = max(cut, key=earnings)
        short = amount(abs(near.margin), places)
        others = f"Of the {count(len(cut), 'other')}, {_who(ledger, near)}"
        words += f" {others} comes nearest: {short} short."
    return words


def _who(ledger: Ledger, row: LedgerRow) -> str:
    """The feature; where the account is that of its group the category, or whose group it is."""
    if not row.together:
        return row.feature
    sources = {ledger[name].group for name in row.together}
    return row.group if sources == {row.group} else f"the group of {row.feature}"


def earnings(row: LedgerRow) -> float:
    """What it earns; least of all where that is not known."""
    return row.earns if row.earns == row.earns else -np.inf


def shown_rows(rows: tuple[LedgerRow, ...], most: int) -> tuple[LedgerRow, ...]:
    """The kept rows, then the highest-earning others, in their order."""
    if len(rows) <= most:
        return rows
    first = [i for i, row in enumerate(rows) if row.coef_std != 0.0]
    then = [i for i, row in enumerate(rows) if row.coef_std == 0.0]
    return tuple(rows[i] for i in sorted((first + then)[:most]))


def hidden(rows: tuple[LedgerRow, ...], shown: tuple[LedgerRow, ...], places: int) -> str:
    """What is not listed: how many, and the most that any of them earns."""
    names = {row.feature for row in shown}
    rest = [row for row in rows if row.feature not in names]
    if not rest:
        return ""
    kept = sum(row.coef_std != 0.0 for row in rest)
    what = f"{kept:,} of them kept" if kept else "all cut"
    most = max(earnings(row) for row in rest)
    most_text = f"; others: max earns {amount(most, places)}" if np.isfinite(most) else ""
    return f"and {len(rest):,} more, {what}{most_text}"


def reach_of(ledger: Ledger) -> float:
    """Earnings at the right end of the bars."""
    taxes = [ledger.line] if ledger.staged else [row.tax for row in ledger]
    known = [value for value in (*(row.earns for row in ledger), *taxes) if np.isfinite(value)]
    return max(known, default=0.0) * 1.04 or 1.0


def _row(model: Model, row: LedgerRow, ledger: Ledger, reach: float, why: bool) -> RowView:
    places = ledger.decimals
    name = row.feature
    kept = row.coef_std != 0.0
    turn = row.turn
    return RowView(
        feature=name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…",
        earns=amount(row.earns, places) if row.earns == row.earns else NOTHING,
        bar=bar(row, reach),
        keeps=minus(_keeps(row, ledger)) if kept else "0",
        per_unit=minus(("+" if row.coef > 0 else "") + figures(row.coef, 4)) if kept else NOTHING,
        turns=f"{turn[0]} at {figures(turn[1])}" if turn else NOTHING,
        picked=percent(row.picked) if row.picked is not None else NOTHING,
        status="borderline" if borderline(row) else row.status,
        why=tuple(model.why(name).sentences()) if why else (),
    )


def _keeps(row: LedgerRow, ledger: Ledger) -> str:
    """Never a zero for what is kept."""
    text = amount(row.coef_std, ledger.decimals_kept(ledger.decimals), signed=True)
    return text if float(text) else f"{row.coef_std:+.1g}"


def minus(text: str) -> str:
    """With a true minus sign."""
    return text.replace("-", "\N{MINUS SIGN}", 1) if text.startswith("-") else text


def bar(row: LedgerRow, reach: float) -> Markup:
    """Earnings as a bar that the tax divides: hatched below it (paid), solid above (kept).

    Drawn in shares of the width, so that the cell may have any; cut rows are hollow.
    """
    parts = []

    def piece(start: float, end: float, class_: str) -> None:
        if end > start:
            rect = element(
                "rect",
                x=_share(start, reach),
                y="50%",
                width=_share(end - start, reach),
                height=BAR_HEIGHT,
                transform=f"translate(0 {-BAR_HEIGHT / 2:g})",
                class_=class_,
            )
            parts.append(rect)

    if row.earns == row.earns:
        if row.coef_std != 0.0:
            piece(0.0, min(row.tax, row.earns), "paid")
            piece(row.tax, row.earns, "kept")
        else:
            piece(0.0, row.earns, "cut")
    if np.isfinite(row.tax):
        at = _share(min(row.tax, reach), reach)
        parts.append(element("line", x1=at, x2=at, y1="-3%", y2="106%", class_="tax"))
    return element("svg", *parts, class_="bar", aria_hidden="true")


def tax_mark(ledger: Ledger, reach: float, word: str) -> Markup:
    """The start of the tax line with its name, in the head of the table."""
    if ledger.own_taxes and not ledger.line:
        return Markup("")
    at = _share(ledger.line, reach)
    left_half = ledger.line < 0.6 * reach
    name = element(
        "text",
        f"{word} {amount(ledger.line, ledger.decimals)}",
        x=at,
        dx=6 if left_half else -6,
        y="78%",
        text_anchor=None if left_half else "end",
        class_="tax-label",
    )
    return element(
        "svg",
        element("line", x1=at, x2=at, y1="45%", y2="106%", class_="tax"),
        name,
        class_="bar head",
        aria_hidden="true",
    )


def _share(value: float, reach: float) -> str:
    return f"{100.0 * value / reach:.2f}%"
