"""How the model was made: everything needed to make it again, and what not to read into it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from excise.explain.together import groups_of
from excise.explain.words import count, figures, listing
from excise.model import Model
from excise.model.parts import Followup
from excise.verdicts import VerdictKind

QUESTION = "How was it made?"
KINDS = {
    "number": "number", "yes/no": "yes/no column", "category": "category level",
    "date": "date part", "missing": '"is missing" column',
}  # fmt: skip
VERDICTS = {
    VerdictKind.KEPT: "kept",
    VerdictKind.PROVED: "zero in every optimum",
    VerdictKind.KKT: "zero by the optimality conditions",
    VerdictKind.BORDERLINE: "zero at a tie",
    VerdictKind.EXCLUDED: "excluded or constant",
    VerdictKind.UNPROVED: "not proved",
    VerdictKind.STATIONARY: "zero at a stationary point",
}
CONTENTS = (
    "Aggregates only: names of columns and levels, coefficients, earnings, cross-validated errors, "
    "shares of half-samples; of classes, how many rows are taken for which; of survival times, how "
    "many rows of a group are left at which time. No row of the table is in this file, no script, "
    "and nothing in it asks the network for anything."
)
LIMITS = (
    "A zero means that the feature is not worth the tax here. It does not mean that the feature "
    "has no effect: a twin may earn its share, or there may be too few rows to tell.",
    "There are no p-values: after choosing features by a penalty the usual ones are not valid. "
    "The shares of half-samples, beside the level that shuffled columns reach, stand in for them.",
    "Coefficients are shrunk by the tax on purpose; they describe this table, not causes.",
    "The cross-validated score of a chosen penalty is slightly optimistic; only rows that played "
    "no part in the choice give a clean one.",
)

NO_FLOOR = (
    "not taken: the first stage has weights of its own, so that its tax is not what shuffled "
    "columns enter at"
)

NO_FLOOR_FADING = (
    "not taken: on columns of their own scale a concave penalty lets each in by another rule"
)


class Entry(NamedTuple):
    """A term and what it is; `code` is set in a fixed-width face."""

    term: str
    text: str
    code: bool = False


def entries(model: Model) -> tuple[Entry, ...]:
    """Command, data, penalty, folds, certificate and fingerprints, in this order."""
    settings = dict(model.settings)
    found = []
    if command := settings.pop("command", ""):
        found.append(Entry("Command", str(command), code=True))
    settings.pop("data", "")  # the page opens with it
    settings.pop("hints", "")  # and its notes end with them
    found.append(Entry("Data", _data(model)))
    if not model.books.additive:
        found.append(Entry("Loss", f"{model.loss}: {model.data_term.summary}"))
    if model.followup is not None:
        found.append(Entry("Survival", _survival(model, model.followup)))
    if offset := model.target.offset:
        found.append(Entry("Offset", f"{offset} is added to the {model.predictor} as it is"))
    found.append(Entry("Penalty", _penalty(model)))
    if model.schedule:
        found.append(Entry("Schedule", f"{model.schedule}, {count(len(model.stages), 'stage')}"))
    found.append(Entry("Choice", _folds(model)))
    if model.stability is not None:
        s = model.stability
        each = ", all stages in each" if model.schedule else ""
        halves = f"{count(s.n_samples, 'half-sample')}{each}, seed {s.seed}"
        found.append(Entry("Stability", halves))
    if model.decoys is not None:
        found.append(Entry("Noise floor", _decoys(model)))
    elif model.stability is not None and model.tax and (model.schedule or model.penalty.concave):
        found.append(Entry("Noise floor", NO_FLOOR if model.schedule else NO_FLOOR_FADING))
    found.append(Entry("Certificate", _certificate(model)))
    found += [Entry(_term(key), _value(value)) for key, value in settings.items() if _said(value)]
    found += [
        Entry(f"Fingerprint, {key}", str(value), code=True)
        for key, value in model.fingerprints.items()
    ]
    if model.software or model.created:
        made = " ".join(filter(None, [model.software, model.created and f"on {model.created}"]))
        found.append(Entry("Made by", made))
    return tuple(found)


def _data(model: Model) -> str:
    kinds = Counter(column.kind for column in model.columns)
    words = [count(n, KINDS.get(kind, kind)) for kind, n in kinds.items()]
    return f"{count(model.n_rows, 'row')}; encoded as {listing(words)}"


def _survival(model: Model, watched: Followup) -> str:
    """Events, ties, strata and late entries."""
    target, loss = model.target, model.data_term
    happened = f", which is {target.happened} where it came" if target.happened else ""
    ties = getattr(loss, "ties", "").capitalize()
    said = [
        f"{count(watched.n_events, 'event')} of {target.event}{happened}",
        f"{ties}'s ties",
    ]
    if target.strata:
        levels = f"{len(watched.levels):,} strata"
        said.append(f"rows are compared within {levels} of {target.strata}")
    if target.entry:
        said.append(f"rows are at risk after {target.entry}")
    return "; ".join(said)


def _penalty(model: Model) -> str:
    kind, form = model.penalty.title, model.penalty.form
    if model.penalty.concave:
        kind = f"{kind} ({model.penalty.spec}), concave"
    elif some := [one for one in groups_of(form) if len(one) > 1]:
        single = len(groups_of(form)) - len(some)
        kind = f"{kind}: {count(len(some), 'group')}, {count(single, 'column')} alone"
    scale = "columns standardised" if model.standardize else "columns on their own scale"
    start = "intercept not penalised" if model.fit_intercept else "no intercept"
    mixed = 0.0 < model.penalty.l1_ratio < 1.0
    ratio = f", l1_ratio {model.penalty.l1_ratio:g}" if mixed else ""
    return f"{kind}, alpha {figures(model.alpha, 6)}{ratio}; {scale}; {start}"


def _folds(model: Model) -> str:
    cv = model.cv
    staged = ", and all stages," if model.schedule else ""
    repeats = f", {cv.repeats} times" if cv.repeats > 1 else ""
    grew = f"; the grid was extended {count(cv.n_extensions, 'time')}" if cv.n_extensions else ""
    return (
        f"rule {model.rule}: {cv.n_folds} folds{repeats}, {len(cv.mean)} penalties from "
        f"{figures(float(model.path.alphas[0]))} to {figures(float(model.path.alphas[-1]))}{grew}; "
        f"centring, scaling and filling{staged} learned inside each fold"
    )


def _decoys(model: Model) -> str:
    d = model.decoys
    assert d is not None
    where = f" in {model.stages[0].name}" if model.schedule else ""
    return (
        f"the best of the shuffled columns enters{where} at {figures(d.median)} (median) and "
        f"{figures(d.q95)} (95%) over {count(d.n_shuffles, 'shuffle')}, seed {d.seed}"
    )


def _certificate(model: Model) -> str:
    proof = model.certificate
    tally = np.bincount(proof.kinds.ravel(), minlength=len(VerdictKind))
    verdicts = listing([f"{tally[kind]:,} {VERDICTS[kind]}" for kind in VERDICTS if tally[kind]])
    unique = {True: "; the solution is unique", False: "; twins could swap", None: ""}
    touching = ""
    if model.penalty.concave:
        touching = "a stationary point, of which no bound is known; of the convex problem there: "
    return (
        f"{touching}duality gap {proof.gap:.1e}, over the null loss {proof.rel_gap:.1e}; largest "
        f"violation of the optimality conditions {proof.max_kkt_violation:.1e} of alpha_max; "
        f"{verdicts}{unique[proof.unique]}"
    )


def _term(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _said(value: Any) -> bool:
    return value is not None and value != "" and value != [] and value != {}


def _value(value: Any) -> str:
    """Settings as text, whatever JSON they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{key} {_value(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_value(item) for item in value)
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
