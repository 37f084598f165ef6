"""The HTML report: one file that needs no script, no network and no other file."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from markupsafe import Markup

from excise.explain.ledger import Ledger
from excise.explain.several import SeveralLedger
from excise.model import Model
from excise.model.facts import facts
from excise.report.chart import by_entry
from excise.report.classes_chart import classes_chart
from excise.report.confusion_chart import confusion_chart
from excise.report.cv_chart import cv_chart
from excise.report.ledger_view import LedgerView, ledger_view
from excise.report.panels import panels_chart
from excise.report.path_chart import path_chart
from excise.report.provenance import CONTENTS, LIMITS, QUESTION, entries
from excise.report.responses_chart import responses_chart
from excise.report.several_view import several_view
from excise.report.stages_table import stages_table
from excise.report.survival_chart import survival_chart
from excise.report.waterfall import waterfall_chart

if TYPE_CHECKING:
    from jinja2 import Environment

LONGEST_EQUATION = 20_000
"""Letters; a longer one is left to the model file."""
TEMPLATES = Path(__file__).parent / "templates"


class Detail(NamedTuple):
    """How much is drawn: fewer lines, rows and words when the page would be too large."""

    charted: int
    rows: int
    why: bool
    narrow: bool


DETAILS = (
    Detail(charted=200, rows=200, why=True, narrow=True),
    Detail(charted=200, rows=200, why=True, narrow=False),
    Detail(charted=60, rows=200, why=False, narrow=False),
    Detail(charted=20, rows=100, why=False, narrow=False),
    Detail(charted=8, rows=25, why=False, narrow=False),
)


def size_budget(n_features: int) -> int:
    """The most bytes a report may have."""
    if n_features <= 50:
        return 250_000
    return 700_000 if n_features <= 200 else 1_500_000


def render_report(model: Model) -> str:
    """The report of a model, as the text of one HTML file.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        At most 250 kB for 50 features, 700 kB for 200, 1.5 MB for any number: beyond that the
        charts are thinned, and the page says so.
    """
    budget = size_budget(model.n_features)
    for detail in DETAILS:
        text = _render(model, detail)
        if len(text.encode()) <= budget:
            break
    return text


def _render(model: Model, detail: Detail) -> str:
    style = stylesheet("report.css")
    ledger = model.ledger()
    drawn = by_entry(model)[: detail.charted]
    paths = panels_chart if model.outputs else path_chart
    charts = [paths(model, drawn, both=detail.narrow), cv_chart(model, both=detail.narrow)]
    if model.schedule:
        charts.insert(0, stages_table(model))
    if scores := model.response_scores:
        charts.append(responses_chart(scores, both=detail.narrow))
    if isinstance(ledger, Ledger) and model.books.additive:
        charts.append(waterfall_chart(model, ledger, both=detail.narrow))
    if model.separation is not None:
        charts.append(classes_chart(model, model.separation, both=detail.narrow))
    if model.confusion is not None:
        charts.append(confusion_chart(model, model.confusion, both=detail.narrow))
    if model.risk_groups is not None:
        charts.append(survival_chart(model, model.risk_groups, both=detail.narrow))
    found, equation = facts(model), model.equation()
    return (
        environment()
        .get_template("report.html")
        .render(
            model=model,
            style=Markup(style),
            style_hash=content_hash(style),
            headline=headline(model),
            source=model.settings.get("data", ""),
            verdict=next(fact for fact in found if fact.label == "Verdict"),
            facts=found,
            ledger=view_of(model, ledger, most_rows=detail.rows, why=detail.why),
            charts=charts,
            equation=equation.splitlines() if len(equation) <= LONGEST_EQUATION else [],
            terms=int(np.count_nonzero(model.coef)),
            thinned=detail is not DETAILS[0],
            provenance=entries(model),
            provenance_question=QUESTION,
            contents=CONTENTS,
            limits=LIMITS,
        )
    )


def view_of(
    model: Model, ledger: Ledger | SeveralLedger, *, most_rows: int, why: bool
) -> LedgerView:
    """The ledger as it is read, of one output or of several."""
    if isinstance(ledger, SeveralLedger):
        return several_view(model, ledger, most_rows=most_rows, why=why)
    return ledger_view(model, ledger, most_rows=most_rows, why=why)


def headline(model: Model) -> str:
    """The whole answer in one line."""
    kept, target = model.n_kept, model.target.name
    if not kept:
        return f"No feature earns its tax in predicting {target}"
    verb = "earns its tax" if kept == 1 else "earn their tax"
    return f"{kept:,} of {model.n_features:,} features {verb} in predicting {target}"


@cache
def environment() -> Environment:
    """The templates beside this module, with every value escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def stylesheet(name: str) -> str:
    """A style sheet beside this module, without comments and spare space."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/\s*", "", text)
    return re.sub(r"\s*([{};,>])\s*", r"\1", text).replace(": ", ":").replace(";}", "}").strip()


def content_hash(text: str) -> str:
    """The source expression that lets a content security policy accept exactly this text."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
