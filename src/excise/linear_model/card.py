"""What a fitted estimator says of itself in a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from excise.explain.words import count
from excise.model.facts import facts

if TYPE_CHECKING:
    from excise.model import Model

WIDTH = 80
LABEL = 11
"""Cells before the text of a fact."""


def card(name: str, model: Model) -> str:
    """The five facts, and where the rest is.

    Parameters
    ----------
    name : str
        Of the estimator.
    model : Model

    Returns
    -------
    str
        Lines of at most 80 characters.
    """
    lines = [f"{name} of {model.target.name}"]
    for fact in facts(model):
        head = f"  {fact.label}".ljust(LABEL)
        lines += textwrap.wrap(fact.text, WIDTH, initial_indent=head, subsequent_indent=" " * LABEL)
    return "\n".join([*lines, f"  ledger() for {count(len(model.ledger()), 'row')}"])
