"""The ledger of several outputs: a row per feature, with the classes it speaks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from excise.cli.text.cells import clean, shorten, width
from excise.cli.text.ledger import BARLESS, LONGEST_NAME, MOST_BAR, NARROW, Column, assemble
from excise.cli.text.ledger import legend as legend_of
from excise.cli.text.ledger import render as render_one
from excise.cli.text.page import Page
from excise.explain.ledger import LedgerRow, Order
from excise.explain.several import SeveralLedger
from excise.explain.words import amount, decimals_of, figures, percent

if TYPE_CHECKING:
    from excise.model import Model

LEAST_BAR = 18
LEAST_SPOKEN = 20
"""Cells that the outputs of a feature get at least."""
_GAP = 2


def ledger_lines(model: Model, page: Page, *, limit: int = 20, sort: Order = "earns") -> list[str]:
    """The ledger of a model, of one output or of several."""
    ledger, legend = model.ledger(), legend_of(model, page)
    if not isinstance(ledger, SeveralLedger):
        return render_one(ledger, page, limit=limit, sort=sort, legend=legend)
    if not ledger.grouped:
        legend += f"\nbars and picked: the {ledger.noun} that a feature earns most for"
    return render(ledger, page, limit=limit, sort=sort, legend=legend)


def render(
    ledger: SeveralLedger, page: Page, *, limit: int = 20, sort: Order = "earns", legend: str = ""
) -> list[str]:
    """The table, the count of hidden rows and the legend, a line each."""
    best = ledger.by_feature()
    shown = list(best.sorted(sort))[: limit or None]
    known = [row.earns for row in best if not math.isnan(row.earns)]
    places = min(best.decimals, decimals_of(max(known, default=0.0)) + 1)
    earns = ["?" if math.isnan(row.earns) else amount(row.earns, places) for row in shown]
    figures_ = [Column("earns", "earns", tuple(earns))]
    if any(row.picked is not None for row in ledger):
        picked = ("" if row.picked is None else percent(row.picked) for row in shown)
        figures_.append(Column("picked", "picked", tuple(picked)))
    if page.width < NARROW:
        figures_ = []
    least = LEAST_BAR + _GAP if page.width >= BARLESS else 0
    taken = sum(_GAP + column.width for column in figures_) + least
    name, said, spare = _shared(ledger, shown, page, page.width - taken - 2 * _GAP)
    bar = min(LEAST_BAR + spare, MOST_BAR) if least else 0
    columns = [name, *figures_[:1], said, *figures_[1:]]
    *first, last = legend.split("\n")
    lines = assemble(best, shown, columns, bar, page, "\n".join(first) or last)
    if bar and first:
        lines += page.wrap(last, " " * _GAP, " " * _GAP)
    return lines


def _shared(
    ledger: SeveralLedger, shown: Sequence[LedgerRow], page: Page, room: int
) -> tuple[Column, Column, int]:
    """Names and outputs in `room` cells together, and the cells that neither needs."""
    names = [clean(row.feature) for row in shown]
    longest = min(max(map(width, [*names, "feature"])), LONGEST_NAME)
    wanted = max((width(_spoken(ledger, row, 10_000, page)) for row in shown), default=0)
    wanted = max(wanted, len("speaks for"))
    cells = max(min(longest, room - min(wanted, max(LEAST_SPOKEN, room // 2))), len("feature"))
    left = max(room - cells, len("speaks for"))
    spoken = min(wanted, left)
    short = tuple(shorten(text, cells, page.glyphs.ellipsis) for text in names)
    said = tuple(_spoken(ledger, row, spoken, page) for row in shown)
    return (
        Column("feature", "feature", short, to_left=True),
        Column("said", "speaks for", said, least=spoken, to_left=True),
        max(left - spoken, 0),
    )


def _spoken(ledger: SeveralLedger, row: LedgerRow, cells: int, page: Page) -> str:
    """``setosa -4.7, virginica +4.2``, as many as fit; of a cut feature when it comes in."""
    pairs = ledger.speaks_for(row.feature)
    if not pairs:
        comes = f"in at {figures(row.enters)}" if row.enters is not None else ""
        return comes if comes and width(comes) <= cells else "."
    texts = [f"{clean(name)} {_signed(value)}" for name, value in pairs]
    for shown in range(len(texts), 0, -1):
        more = f", {len(texts) - shown} more" if shown < len(texts) else ""
        text = ", ".join(texts[:shown]) + more
        if width(text) <= cells:
            return text
    value = _signed(pairs[0][1]) + (f", {len(texts) - 1} more" if len(texts) > 1 else "")
    room = max(cells - width(value) - 1, 1)
    return f"{shorten(clean(pairs[0][0]), room, page.glyphs.ellipsis)} {value}"


def _signed(value: float) -> str:
    text = figures(value, 2)
    return text if value < 0.0 else f"+{text}"
