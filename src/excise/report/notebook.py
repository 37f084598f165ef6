"""The card a notebook shows for a model: facts, the top of the ledger, the path; no script."""

from __future__ import annotations

import hashlib

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from excise.explain.words import count
from excise.model import Model
from excise.model.facts import facts
from excise.report import panels, path_chart
from excise.report.chart import Size, by_entry
from excise.report.page import environment, headline, stylesheet, view_of
from excise.report.provenance import entries

BUDGET = 30_000
MOST_ROWS = 10
SIZE: Size = (700.0, 340.0)
LINES = (40, 8, 0)
"""How many lines of the path to try, until the card is small enough."""
MOST_PANELS = 6


def notebook_card(model: Model) -> str:
    """The body of ``_repr_html_``: static HTML and SVG of at most 30 kB for any number of features.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        One ``<div>`` with its own style sheet, which reaches nothing outside it.
    """
    ledger = model.ledger()
    view = view_of(model, ledger, most_rows=MOST_ROWS, why=False)
    token = hashlib.sha256(model.coef.tobytes() + str(model.alpha).encode()).hexdigest()[:8]
    drawn = by_entry(model)
    summary = (panels if model.outputs else path_chart).answer(model)
    template = environment().get_template("notebook.html")
    for most in LINES:
        picture = _picture(model, drawn[:most], f"excise-{token}-card", summary) if most else None
        text = template.render(
            style=Markup(stylesheet("notebook.css")),
            headline=headline(model),
            facts=facts(model),
            ledger=view,
            more=model.n_features - len(view.rows),
            rest=count(model.n_features - len(view.rows), "more row"),
            picture=picture,
            summary=summary,
            entries=entries(model),
        )
        if len(text.encode()) <= BUDGET:
            break
    return text


def _picture(model: Model, features: NDArray[np.intp], name: str, summary: str) -> Markup:
    """The paths of these features; of several outputs in panels."""
    if model.outputs:
        found = panels.panels_of(model, features, MOST_PANELS)
        return panels.draw(model, found, SIZE, name, summary)
    return path_chart.draw(model, path_chart.lines_of(model, features), SIZE, name, summary)
