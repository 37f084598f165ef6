"""The five facts about a model that the terminal, the report and the notebook all open with."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from excise.explain.story import story
from excise.explain.words import amount, count, figures
from excise.model.record import Model


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

    Of several stages the proof has the largest gap.
    """
    code, sentence = model.verdict
    worst = replace(model.certificate, rel_gap=model.worst_gap)
    proof, _, how = worst.summary().partition(" (")
    if (several := len(model.point.stages)) > 1:
        how = how.replace(")", f", worst of {several} stages)", 1)
    found = [_tax(model), _kept(model), *_stages(model), *_score(model)]
    return (*found, Fact("Verdict", code, sentence, ": "), Fact("Proof", proof, f"({how}"))


def _kept(model: Model) -> Fact:
    """Features, and where each of several outputs has its own also coefficients."""
    kept = f"{model.n_kept:,} of {count(model.n_features, 'feature')}"
    if not model.outputs or model.penalty.grouped:
        return Fact("Kept", kept)
    some = f"{np.count_nonzero(model.coef):,} of {model.coef.size:,} coefficients"
    return Fact("Kept", kept, f"for one {model.noun} or more; {some}", joint=" ")


def _stages(model: Model) -> tuple[Fact, ...]:
    """The schedule, and what each of its stages did."""
    if not model.schedule:
        return ()
    told = "; ".join(story(model.stages, model.feature_names))
    return (Fact("Stages", model.schedule, told, ": "),)


def _tax(model: Model) -> Fact:
    """The chosen tax, how it was chosen, and above which everything is cut."""
    ratio = model.penalty.l1_ratio
    value, chosen = figures(model.alpha * (ratio or 1.0)), _how_chosen(model)
    if not ratio:
        return Fact("Penalty", value, chosen, ", ")
    above = figures(model.alpha_max * ratio)
    return Fact("Tax", value, f"{chosen}; everything is cut above {above}", ", ")


def _how_chosen(model: Model) -> str:
    ratio = model.penalty.l1_ratio or 1.0
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


def _metric(name: str) -> str:
    return "deviance explained" if name == "D2" else name
