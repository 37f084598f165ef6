"""The five facts about a model that the terminal, the report and the notebook all open with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from excise.explain.responses import ResponseScore
from excise.explain.story import story
from excise.explain.together import group_name, groups_of, whole
from excise.explain.words import amount, count, figures
from excise.model.record import Model

MOST_GROUPS = 4
"""Groups that are named."""
MOST_SCORES = 6
"""Responses whose scores are told one by one."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A label, its value and what to know about it: Tax, 5.83, "highest penalty within ..."."""

    label: str
    value: str
    note: str = ""
    joint: str = " "
    """What stands between value and note in one line."""

    @property
    def text(self) -> str:
        """Value and note in one line."""
        return f"{self.value}{self.joint}{self.note}" if self.note else self.value


def facts(model: Model) -> tuple[Fact, ...]:
    """Tax (or Penalty), Kept, Stages (of a schedule), Score (when cross-validated), Verdict, Proof.

    A penalty beside the elastic net adds Form, or Groups. Of several responses the score of each
    follows that of all. Of several stages the proof has the largest gap; at a stationary point
    nothing is proved, and Check stands in its place.
    """
    code, sentence = model.verdict
    worst = replace(model.certificate, rel_gap=model.worst_gap)
    proof, _, how = worst.summary().partition(" (")
    if (several := len(model.point.stages)) > 1:
        how = how.replace(")", f", worst of {several} stages)", 1)
    found = [
        _tax(model),
        _kept(model),
        *form(model),
        *_stages(model),
        *_score(model),
        *_each(model),
    ]
    label = "Check" if model.penalty.concave else "Proof"
    return (*found, Fact("Verdict", code, sentence, ": "), Fact(label, proof, f"({how}"))


def _kept(model: Model) -> Fact:
    """Features, and where each of several outputs has its own also coefficients."""
    kept = f"{model.n_kept:,} of {count(model.n_features, 'feature')}"
    if not model.outputs or model.penalty.grouped:
        return Fact("Kept", kept)
    some = f"{np.count_nonzero(model.coef):,} of {model.coef.size:,} coefficients"
    return Fact("Kept", kept, f"for one {model.noun} or more; {some}", joint=" ")


def form(model: Model) -> tuple[Fact, ...]:
    """What a concave penalty does, or which groups are in."""
    penalty, names = model.penalty.form, model.feature_names
    if penalty is None:
        return ()
    groups = [one for one in groups_of(penalty) if len(one) > 1]
    if not groups:
        what = "concave: a coefficient pays less the larger it is" if model.penalty.concave else ""
        return (Fact("Form", penalty.spec, what, ", "),)
    sources = [column.group for column in model.columns]
    kept = [one for one in groups if model.point.kept[list(one)].any()]
    told = [f"{group_name(one, names, sources)} ({len(one)} columns)" for one in kept[:MOST_GROUPS]]
    more = f" and {len(kept) - MOST_GROUPS} more" if len(kept) > MOST_GROUPS else ""
    how = "each in or out as one" if whole(penalty) else model.penalty.title
    listed = f": {', '.join(told)}{more}" if told else ""
    return (Fact("Groups", f"{len(kept)} of {len(groups)} kept", f"{how}{listed}", ", "),)


def _stages(model: Model) -> tuple[Fact, ...]:
    """The schedule, and what each of its stages did."""
    if not model.schedule:
        return ()
    told = "; ".join(story(model.stages, model.feature_names))
    return (Fact("Stages", model.schedule, told, ": "),)


def _tax(model: Model) -> Fact:
    """The chosen tax, how it was chosen, and above which everything is cut."""
    unit, word = model.penalty.unit, model.penalty.word.capitalize()
    value, chosen = figures(model.alpha * unit), _how_chosen(model)
    if not model.penalty.l1_ratio:
        return Fact(word, value, chosen, ", ")
    above = figures(model.alpha_max * unit)
    return Fact(word, value, f"{chosen}; everything is cut above {above}", ", ")


def _how_chosen(model: Model) -> str:
    ratio = model.penalty.unit
    best, widest = figures(model.alpha_min * ratio), figures(model.alpha_1se * ratio)
    known = f" (the best is {best})" if model.cv else ""
    return {
        "1se": f"highest penalty within one standard error of the best ({best})",
        "min": f"best in cross-validation; within one standard error up to {widest}",
        "n_features": f"highest penalty that keeps {model.n_kept}{known}",
    }.get(model.rule, f"as given{known}")


def _score(model: Model) -> tuple[Fact, ...]:
    """Cross-validated R2 or D2 with its standard error, and the same on the training rows.

    Of classes the accuracy comes first, beside that of always naming the commoner one; of survival
    times the concordance, beside that of no order.
    """
    score, cv = model.score, model.cv
    if score is None or cv is None:
        return ()
    value = f"{_metric(score.metric)} {amount(score.cv, 2)} +/- {amount(score.se, 2)}"
    folds = f"{cv.n_folds}-fold CV" + (f" ({cv.repeats} repeats)" if cv.repeats > 1 else "")
    note = f"in {folds}, {amount(score.train, 2)} on the training rows"
    accuracy, auc = model.measured("accuracy"), model.measured("auc")
    if ordered := model.measured("concordance"):
        first = f"concordance {amount(ordered.cv, 2)} +/- {amount(ordered.se, 2)}"
        return (Fact("Score", first, f"held out ({ordered.null:g} = no order); {value} {note}"),)
    if accuracy is None:
        return (Fact("Score", value, note),)
    first = f"accuracy {amount(accuracy.cv, 2)} +/- {amount(accuracy.se, 2)}"
    ranked = f" AUC {amount(auc.cv, 3)};" if auc else ""
    against = f"against {amount(accuracy.null, 2)} without features;{ranked} {value} {note}"
    return (Fact("Score", first, against, ", "),)


def _each(model: Model) -> tuple[Fact, ...]:
    """The held-out R2 of each of several responses; of many those at both ends."""
    scores = model.response_scores if model.score else ()
    if not scores:
        return ()
    if len(scores) > MOST_SCORES:
        low, *_, high = sorted(scores, key=lambda score: score.r2.cv)
        middle = amount(float(np.median([score.r2.cv for score in scores])), 2)
        said = f"from {_scored(low)} to {_scored(high)}; half of them above {middle}"
    else:
        said = ", ".join(map(_scored, scores))
    return (Fact("Each", "R2 held out", said, ": "),)


def _scored(score: ResponseScore) -> str:
    return f"{score.name} {amount(score.r2.cv, 2)} +/- {amount(score.r2.se, 2)}"


def _metric(name: str) -> str:
    return "deviance explained" if name == "D2" else name
