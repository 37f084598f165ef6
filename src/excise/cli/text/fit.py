"""The main output of `excise fit`: data, five facts, ledger, notes, equation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from excise.cli.text import facts
from excise.cli.text.cells import clean, left, width
from excise.cli.text.page import Page
from excise.cli.text.several import ledger_lines
from excise.explain.several import SeveralLedger
from excise.explain.words import figures

if TYPE_CHECKING:
    from excise.model import Model
    from excise.table import Plan


def render(
    model: Model,
    summary: str,
    page: Page,
    *,
    tested: str = "",
    limit: int = 20,
    sort: Literal["earns", "name", "file"] = "earns",
) -> list[str]:
    """Everything that goes to standard output."""
    book = ledger_lines(model, page, limit=limit, sort=sort)
    parts = [
        data(summary, page),
        facts.render(model, page, tested=tested),
        book,
        facts.notes(model, page),
        facts.equation(model, page),
    ]
    lines = [line for part in parts if part for line in ("", *part)]
    return lines[1:]


def data(summary: str, page: Page) -> list[str]:
    """What was read, in as few lines as it takes."""
    return page.wrap(clean(summary), "", "  ")


def plan(planned: Plan, page: Page) -> list[str]:
    """What a fit would do with each column."""
    rows = [
        (column.name, _treatment(column.kind.value, column.missing, column.penalty_weight))
        for column in planned.columns
    ]
    rows += [(column.name, f"dropped: {column.kind.value}") for column in planned.dropped]
    rows += [(name, "left out, as asked") for name in planned.excluded]
    longest = min(max((width(clean(name)) for name, _ in rows), default=0), page.width // 2)
    body = [f"  {left(clean(name), longest)}  {text}" for name, text in rows]
    return [*data(planned.summary(), page), "", *body]


def next_line(model: Model, path: str) -> str:
    """Commands that go on from here, the first about the best of the cut features."""
    whole = model.ledger()
    book = (whole.by_feature() if isinstance(whole, SeveralLedger) else whole).sorted()
    cut = next((row for row in book if not row.coef_std and row.status != "excluded"), None)
    feature = (cut or next(iter(book))).feature
    quoted = feature if feature.replace("_", "").isalnum() else f"'{feature}'"
    other = "1se" if model.rule == "min" else "min"
    return f"next: excise why {path} {quoted}  |  excise ledger {path} --at {other}"


def _treatment(kind: str, missing: int, factor: float) -> str:
    text = kind if not missing else f"{kind}, {missing:,} missing"
    if factor == 1.0:
        return text
    return f"{text}, {'free of tax' if not factor else f'tax x {figures(factor)}'}"
