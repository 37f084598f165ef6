"""The account of one feature, set on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from excise.cli.text.cells import clean, width
from excise.cli.text.page import Page

if TYPE_CHECKING:
    from excise.explain import Why
    from excise.explain.several_why import SeveralWhy


def render(why: Why | SeveralWhy, page: Page) -> list[str]:
    """Its sentences; only a line too long for the page is broken."""
    lines: list[str] = []
    for sentence in map(clean, why.sentences()):
        if width(sentence) <= page.width:
            lines.append(sentence)
            continue
        margin = sentence[: len(sentence) - len(sentence.lstrip())]
        lines += page.wrap(sentence.strip(), margin, margin + "  ")
    return lines
