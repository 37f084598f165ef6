"""The ledger and the answer to "why?" of a record, of one output or of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from excise.explain import Ledger, Why
from excise.explain.ledger import keep_ledger
from excise.explain.several import SeveralLedger, keep_several
from excise.explain.several_why import SeveralWhy
from excise.explain.verdict import OVERLAP, notes
from excise.explain.why import account

if TYPE_CHECKING:
    from excise.model.record import Model


def ledger_of(model: Model) -> Ledger | SeveralLedger:
    """At the penalty of the record."""
    m = model
    picked = m.stability.at(m.alpha) if m.stability else None
    if not m.outputs:
        return keep_ledger(m.books, m.point, m.columns, m.path.events, picked, m.decoys)
    return keep_several(
        m.books,
        m.point,
        m.columns,
        m.outputs,
        m.noun,
        events=m.path.events,
        picked=picked,
        decoys=m.decoys,
    )


def why_of(model: Model, j: int) -> Why | SeveralWhy:
    """Of feature j, at the penalty of the record."""
    ledger = model.ledger()
    if isinstance(ledger, SeveralLedger):
        twins = tuple((model.columns[k].name, r) for k, r in model.books.twins(j))
        return SeveralWhy.of(ledger, model.columns[j].name, twins)
    return account(
        model.books,
        model.point,
        model.columns,
        ledger[j],
        j,
        lowest=float(model.path.alphas[-1]) * model.penalty.l1_ratio,
        refit=model.command,
    )


def notes_of(model: Model) -> tuple[str, ...]:
    """Borderline features, overlaps, hints."""
    names, kept = model.feature_names, model.point.kept
    overlaps = [
        (names[j], names[k], r)
        for j, k, r in model.books.overlaps(OVERLAP)
        if not (kept[j] and kept[k])
    ]
    ledger = model.ledger()
    one = ledger.by_account() if isinstance(ledger, SeveralLedger) else ledger
    return (*notes(one, model.decoys, overlaps), *model.settings.get("hints", ()))
