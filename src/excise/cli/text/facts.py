"""The five facts about a model, its notes and its equation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from excise.cli.text.cells import clean
from excise.cli.text.page import Page
from excise.model.equation import equations
from excise.model.facts import Fact, facts

if TYPE_CHECKING:
    from excise.model import Model

_INDENT = "  "
_LABEL = f"{_INDENT}{{:<9}}"
EQUATION_LINES = 4
"""A longer equation is cut short."""
MOST_EQUATIONS = 4
"""More classes have theirs elsewhere."""
_NOTE = "  Note  "


def render(model: Model, page: Page, *, tested: str = "") -> list[str]:
    """Tax, Kept, Score, Verdict, Proof; `tested` is added to the score."""
    lines: list[str] = []
    for fact in facts(model):
        lines += _set(fact, page, tested if fact.label == "Score" else "")
    return lines


def notes(model: Model, page: Page) -> list[str]:
    """What a reader should know beside the ledger."""
    hang = " " * len(_NOTE)
    return [line for note in model.notes for line in page.wrap(clean(note), _NOTE, hang)]


def equation(model: Model, page: Page) -> list[str]:
    """The model as a formula in the units of the table; of several classes one for each."""
    if len(model.outputs) > MOST_EQUATIONS:
        what = f"{len(model.outputs)} equations, one for each {model.noun}"
        return page.wrap(f"{what}: in the report, and with --json", _INDENT, _INDENT * 3)
    full = "'per unit' in the ledger, --limit 0 shows every row"
    full = "in the report" if model.outputs else full
    terms = np.atleast_1d(np.count_nonzero(model.coef, axis=0))
    pairs = zip(equations(model), terms.tolist(), strict=True)
    return [line for text, n in pairs for line in _formula(text, n, full, page)]


def _formula(text: str, terms: int, full: str, page: Page) -> list[str]:
    """One equation, cut short where it takes too many lines."""
    hang = _INDENT * 3
    lines = page.wrap(clean(text), _INDENT, hang)
    if len(lines) <= EQUATION_LINES:
        return lines
    rest = f"... {terms} terms in all: {full}"
    return [*lines[: EQUATION_LINES - 1], *page.wrap(rest, hang, hang)]


def _set(fact: Fact, page: Page, addition: str) -> list[str]:
    """One fact; the remark on a penalty hangs under itself, every other text under its value."""
    head, text = _LABEL.format(fact.label), fact.text
    if fact.label in ("Tax", "Penalty"):
        head, text = f"{head}{fact.value}   ", fact.note
    first, *rest = page.wrap(clean(text + addition), head, " " * len(head))
    if fact.label == "Verdict":
        first = first.replace(fact.value, page.paint("strong", fact.value), 1)
    return [first, *rest]
