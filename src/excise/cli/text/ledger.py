"""The ledger as a table with bars: what a feature earns, the tax on it, what it keeps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from excise.cli.text.cells import clean, left, right, shorten, width
from excise.cli.text.page import Page
from excise.explain.ledger import Ledger, LedgerRow, Order
from excise.explain.story import story
from excise.explain.words import amount, count, decimals_of, figures, percent
from excise.model.facts import form

if TYPE_CHECKING:
    from excise.model import Model

NARROW = 50
"""Below this width only the name, what it keeps and the status stay."""
BARLESS = 70
"""Below this width there are no bars."""
LEAST_BAR = 22
MOST_BAR = 60
LONGEST_NAME = 32
_GAP = "  "
_UNKNOWN = "?"


@dataclass(frozen=True)
class Column:
    """Head and cells of equal width."""

    name: str
    head: str
    cells: tuple[str, ...]
    least: int = 0
    to_left: bool = False

    @property
    def width(self) -> int:
        """Cells that the widest entry takes."""
        return max(self.least, width(self.head), *map(width, self.cells), 0)

    def lines(self) -> list[str]:
        """Head and cells, padded."""
        pad = left if self.to_left else right
        return [pad(text, self.width) for text in (self.head, *self.cells)]


def render(
    ledger: Ledger, page: Page, *, limit: int = 20, sort: Order = "earns", legend: str = ""
) -> list[str]:
    """The table, the count of hidden rows and the legend, a line each."""
    shown = list(ledger.sorted(sort))[: limit or None]
    columns, bar = _fit_to_page(_columns(ledger, shown), page)
    return assemble(ledger, shown, columns, bar, page, legend)


def assemble(
    ledger: Ledger,
    shown: Sequence[LedgerRow],
    columns: Sequence[Column],
    bar: int,
    page: Page,
    legend: str,
) -> list[str]:
    """Columns side by side with bars of `bar` cells, the hidden rows, the legend."""
    sides = [column.lines() for column in columns]
    if bar:
        position = 1 + max(i for i, c in enumerate(columns) if c.name in ("earns", "tax"))
        sides.insert(position, _bars(ledger, shown, bar, page))
    lines = [(_GAP + _GAP.join(cells)).rstrip() for cells in zip(*sides, strict=True)]
    lines += _hidden(ledger, shown, page)
    if bar and legend:
        lines += page.wrap(legend, _GAP, _GAP)
    return lines


def heading(model: Model, page: Page) -> list[str]:
    """The penalty and how many features stay, on one line, and what the stages did."""
    penalty = f"{model.penalty.word.capitalize()} {figures(model.alpha * model.penalty.unit)}"
    kept = f"kept {model.n_kept} of {count(model.n_features, 'feature')}"
    lines = page.wrap(f"{penalty}; {kept}. Target {clean(_target(model))}")
    for fact in form(model):
        lines += page.wrap(clean(f"{fact.label} {fact.text}"), hang="  ")
    if model.schedule:
        told = "; ".join(story(model.stages, [clean(name) for name in model.feature_names]))
        lines += page.wrap(f"Stages of {model.schedule}: {told}", hang="  ")
    return lines


def _target(model: Model) -> str:
    """What is predicted, and what is added to it."""
    offset = model.target.offset
    return f"{model.target.argument}, offset {offset}" if offset else model.target.argument


def legend(model: Model, page: Page) -> str:
    """What the glyphs mean in this model."""
    glyphs = page.glyphs
    if not model.tax:
        return f"{glyphs.kept} earned; without an L1 part there is no tax and nothing is cut"
    exact = model.penalty.l1_ratio == 1.0 and model.standardize and model.books.additive
    kept = "kept = coefficient" if exact else "left after tax"
    kept = kept if model.books.additive else "earned beyond the tax"
    paid = "still paid" if model.penalty.concave else "tax paid"
    return (
        f"{glyphs.paid} {paid}{_GAP}{glyphs.kept} {kept}{_GAP}"
        f"{glyphs.short} earned, under the tax, so exactly zero"
    )


def _columns(ledger: Ledger, rows: Sequence[LedgerRow]) -> list[Column]:
    known = [row.earns for row in ledger if not math.isnan(row.earns)]
    places = min(ledger.decimals, decimals_of(max(known, default=0.0)) + 1)

    def figure(x: float) -> str:
        return _UNKNOWN if math.isnan(x) else amount(x, places)

    keeps = ledger.decimals_kept(places)

    def column(name: str, head: str, cells: list[str], least: int = 0) -> Column:
        return Column(
            name, head, tuple(cells), least, to_left=name in ("feature", "stage", "status")
        )

    columns = [
        column("feature", "feature", [clean(row.feature) for row in rows], 8),
        column("earns", "earns", [figure(row.earns) for row in rows]),
        column("keeps", "keeps", [_keeps(row, keeps) for row in rows], 6),
        column("coef", "per unit", [_per_unit(row) for row in rows]),
        column("turn", "turns", [_turn(row, places) for row in rows], 11),
        column("status", "status", [row.status for row in rows]),
    ]
    if any(row.tax != ledger.tax for row in rows):
        columns.insert(2, column("tax", "tax", [_tax(row, places) for row in rows]))
    if any(row.picked is not None for row in rows):
        picked = ["" if row.picked is None else percent(row.picked) for row in rows]
        columns.insert(-1, column("picked", "picked", picked))
    if ledger.staged:
        columns.insert(-1, column("stage", "stage", [row.stage or "" for row in rows]))
    return columns


def _keeps(row: LedgerRow, places: int) -> str:
    if not row.coef_std:
        return "0"
    text = amount(row.coef_std, places, signed=True)
    return text if float(text) else _signed(figures(row.coef_std, 1))


def _per_unit(row: LedgerRow) -> str:
    if not row.coef:
        return "."
    return _signed(figures(row.coef, 4))


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _turn(row: LedgerRow, places: int) -> str:
    """The next event, to three digits, but no finer than the ledger while two digits are left."""
    if not row.turn:
        return "."
    way, tax = row.turn
    finest = decimals_of(tax)
    shown = amount(tax, min(finest, max(places, finest - 1, 2)))
    return f"{way} at {shown}"


def _tax(row: LedgerRow, places: int) -> str:
    return {0.0: "free", math.inf: "barred"}.get(row.tax) or amount(row.tax, places)


def _fit_to_page(columns: list[Column], page: Page) -> tuple[list[Column], int]:
    """The columns that fit, in order, and the cells left for the bar (0: no bar).

    What goes first when names are long: the next event, then the coefficient per unit (both are
    in `why` and in the equation); names are shortened last.
    """
    named = {column.name: column for column in columns}
    if page.width < NARROW:
        return _shorten_names([named["feature"], named["keeps"], named["status"]], page, 0), 0
    del named["status"]
    reserve = LEAST_BAR + len(_GAP) if page.width >= BARLESS else 0
    for spare in ("turn", "stage", "coef", "tax"):
        longest = min(named["feature"].width, LONGEST_NAME)
        if _total(named.values(), longest) + reserve <= page.width:
            break
        named.pop(spare, None)
    kept = _shorten_names(list(named.values()), page, reserve)
    room = page.width - _total(kept, kept[0].width) - len(_GAP)
    return kept, min(room, MOST_BAR) if reserve else 0


def _total(columns: Iterable[Column], name: int) -> int:
    """Cells of these columns side by side, the name taking `name`."""
    return sum(len(_GAP) + (name if c.name == "feature" else c.width) for c in columns)


def _shorten_names(columns: list[Column], page: Page, reserve: int) -> list[Column]:
    name = columns[0]
    room = page.width - reserve - _total(columns, 0)
    cells = min(name.width, max(room, len(name.head)))
    short = tuple(shorten(text, cells, page.glyphs.ellipsis) for text in name.cells)
    return [replace(name, cells=short, least=min(name.least, cells)), *columns[1:]]


def _bars(ledger: Ledger, rows: Sequence[LedgerRow], cells: int, page: Page) -> list[str]:
    """Head and a bar per row, drawn to one scale; the tax line has its own place in each."""
    known = [row.earns for row in ledger if not math.isnan(row.earns)]
    full = max([*known, ledger.line]) or 1.0
    mark = _cells(ledger.line, full, cells)
    head = f"tax {figures(ledger.line)}" if ledger.line else ""
    start = min(mark, cells - width(head))
    return [left(" " * start + head, cells), *(_bar(row, full, cells, page) for row in rows)]


def _cells(value: float, full: float, cells: int) -> int:
    return min(round(value / full * cells), cells - 1)


def _bar(row: LedgerRow, full: float, cells: int, page: Page) -> str:
    if math.isnan(row.earns):
        return " " * cells
    glyphs = page.glyphs
    tax = _cells(row.tax, full, cells) if math.isfinite(row.tax) else cells - 1
    if row.coef_std:
        end = max(round(row.earns / full * cells), tax + 1)
        bar = page.paint("paid", glyphs.paid * tax) + page.paint("kept", glyphs.kept * (end - tax))
        return bar + " " * (cells - end)
    end = min(math.floor(row.earns / full * cells), tax)
    bar = page.paint("short", glyphs.short * end) + " " * (tax - end)
    return bar + page.paint("tax", glyphs.tax) + " " * (cells - tax - 1)


def _hidden(ledger: Ledger, shown: Sequence[LedgerRow], page: Page) -> list[str]:
    hidden = len(ledger) - len(shown)
    if not hidden:
        return []
    kept = len(ledger.kept) - sum(row.coef_std != 0.0 for row in shown)
    text = f"and {count(hidden, 'more row')} not shown: {kept} kept, {hidden - kept} cut"
    return page.wrap(f"{text} (--limit 0 shows all)", _GAP, _GAP)
