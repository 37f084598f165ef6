"""The words of `why`: one headline, the account, what would change it."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from excise.explain.words import amount, decimals_of, figures, listing, percent

if TYPE_CHECKING:
    from excise.explain.why import Why

WIDTH = 80
NOTABLE = 0.01
"""Shares below this part of what a feature earns alone are not named."""
WORTH_DROPPING = 0.1
"""A feature that earns this part of another is worth a refit without it."""

MOST_MEMBERS = 5
"""Other columns of its group that are named."""

MOST_STAGES = 4
"""Stages of which the coefficient is told; of more, the first ones and the last."""


def lines(why: Why) -> list[str]:
    """All lines, the headline first."""
    if why.status == "excluded" or not why.known or math.isnan(why.earns):
        return [_headline(why), *_staged(why), *_turning(why)]
    rest = [*_turning(why), *_twins(why), *_not_nested(why), *_refit(why)]
    return [_headline(why), *_account(why), *_members(why), *_staged(why), *rest]


def _headline(why: Why) -> str:
    d = _decimals(why)
    name, earns, tax = why.feature, amount(why.earns, d), amount(why.tax, d)
    if why.status == "excluded":
        reason = "it is constant" if why.constant else "its tax is infinite"
        reason = reason if why.constant or math.isinf(why.tax) else "its bounds leave only zero"
        return f"{name} is excluded: {reason}, so its coefficient is exactly zero."
    if math.isnan(why.earns):
        return (
            f"{name} is cut: the model file does not hold what it earns at tax {tax}, only at the "
            "saved ones."
        )
    if why.status == "free":
        if not why.additive:
            return f"{name} is free: it pays no tax; its coefficient is {figures(why.keeps)}."
        return f"{name} is free: it pays no tax, so all it earns, {earns}, is {_coefficient(why)}."
    if why.status == "borderline":
        twins = [twin for twin, r in why.twins if abs(r) > 1.0 - 1e-6]
        reason = f"; it repeats {listing(twins[:3])}, which could stand in for it" if twins else ""
        earned = f"it earns {earns}, just the tax, and its coefficient is zero"
        return f"{name} is borderline: {earned}{reason}."
    if why.form and (said := _of_form(why, earns, tax)):
        return said
    where = _at(why.stage)
    if why.tax == 0.0 and why.status == "kept":
        if not why.additive:
            return (
                f"{name} is kept: it pays no tax{where}; its coefficient is {figures(why.keeps)}."
            )
        paid = f"it pays no tax{where}, so all it earns, {earns}"
        return f"{name} is kept: {paid}, is {_coefficient(why)}."
    earned = f"it earns {earns}, the tax is {tax}{where}"
    if why.status == "cut":
        return f"{name} is cut: {earned}, so its coefficient is exactly zero."
    left = amount(why.margin, d)
    if not why.additive:
        bound = ", as far as its bound allows" if why.at_bound else ""
        return f"{name} is kept: {earned}; its coefficient is {figures(why.keeps)}{bound}."
    return f"{name} is kept: {earned}, so what is left, {left}, is {_coefficient(why)}."


def _of_form(why: Why, earns: str, tax: str) -> str:
    """Of a group, of a column within a sparse one, and of a stationary point; else empty."""
    opens, zero = f"{why.feature} is {why.status}:", "so its coefficient is exactly zero"
    if why.concave:
        if why.status == "cut":
            return f"{opens} it earns {earns}, the tax is {tax}, {zero} at this stationary point."
        paid = f"the tax it still pays is {tax}" if why.tax else "it pays no tax any more"
        left = f"so what is left, {amount(why.margin, _decimals(why))}, is {_coefficient(why)}"
        return f"{opens} it earns {earns}, {paid}, {left} at this stationary point."
    if why.together:
        n = len(why.together)
        who = f"its group of {n}" if why.groups == 1 else f"the best of its {why.groups} groups"
        account = f"{who} earns {earns} against a tax of {tax}"
        if why.status == "kept":
            return f"{opens} {account}; its coefficient is {figures(why.keeps)}."
        many = "its coefficient is" if why.groups > 1 else f"its {n} coefficients are"
        return f"{opens} {account}, so {many} exactly zero."
    if why.group_name and why.status == "cut":
        account = f"it earns {earns} in its group, which is kept, and its own tax is {tax}"
        return f"{opens} {account}, {zero}."
    return ""


def _coefficient(why: Why) -> str:
    """How what is left after tax becomes the coefficient."""
    if why.at_bound:
        return f"more than its bound allows: its coefficient is {figures(why.keeps)}"
    if abs(why.divisor - 1.0) < 1e-9:
        negative = f", {amount(why.keeps, _decimals(why))}" if why.keeps < 0.0 else ""
        return f"its coefficient{negative}"
    return f"its coefficient, {figures(why.keeps)}, times {figures(why.divisor)}"


def _account(why: Why) -> list[str]:
    if not why.additive:
        return _measured(why)
    d = _decimals(why)
    alone, left = amount(why.alone, d), amount(why.left, d)
    # the difference of the two printed figures, so that the printed account adds up
    others = amount(float(left) - float(alone), d, signed=True)
    against = "short of" if why.margin < 0.0 else "above"
    verdict = f"{amount(abs(why.margin), d)} {against} the tax"
    verdict = "it pays none" if why.tax == 0.0 else verdict
    if why.left < 0.0 or why.earns == 0.0 != why.left:
        verdict = f"sign turned; {verdict}" if why.earns else "its bound forbids that sign"
    name = why.feature if len(why.feature) <= 15 else "it"
    rows = [("alone it would earn", alone, "")]
    if why.shares:
        rows.append(("already earned by others", others, _shares(why, d)))
    rows.append((f"left for {name}", left, verdict))
    return [f"  {label:<24}{figure:>10}   {note}".rstrip() for label, figure, note in rows]


def _measured(why: Why) -> list[str]:
    """Two measurements that no sum connects: alone, and with the others in."""
    d = _decimals(why)
    alone, left = amount(why.earns_alone, d), amount(why.earns, d)
    against = "short of" if why.margin < 0.0 else "above"
    verdict = f"{amount(abs(why.margin), d)} {against} the tax"
    verdict = "it pays none" if why.tax == 0.0 else verdict
    who = "together they would" if why.together else "alone it would"
    rows = [(f"{who} earn", alone, ""), ("with the others in", left, verdict)]
    return [f"  {label:<24}{figure:>10}   {note}".rstrip() for label, figure, note in rows]


def _shares(why: Why, d: int) -> str:
    """The largest shares, as many as the line holds."""
    notable = [share for share in why.shares if abs(share[1]) >= NOTABLE * why.alone]
    words = [f"{name} {amount(share, d)}" for name, share in notable]
    room = WIDTH - 39
    while len(words) > 1 and len(", ".join(words)) + 5 * (len(words) < len(notable)) > room:
        words.pop()
    return ", ".join(words) + (", ..." if words and len(words) < len(notable) else "")


def _members(why: Why) -> list[str]:
    """Who its group is: by the name they share, and each."""
    if not why.together:
        return []
    few = [name for name in why.together if name != why.feature]
    more = len(few) - MOST_MEMBERS
    named = [*few[:MOST_MEMBERS], f"{more} more"] if more > 0 else few
    whole = f"{why.group_name} is in or out as one" if why.group_name == why.group else ""
    joint = "in or out together with" if why.form == "group" else "in a group with"
    return [f"  {whole}: with {listing(named)}" if whole else f"  {joint} {listing(named)}"]


def _staged(why: Why) -> list[str]:
    """How its coefficient changed from stage to stage, or since when it is out."""
    if not why.stages:
        return []
    kept = [step.keeps != 0.0 for step in why.stages]
    names = [step.stage for step in why.stages]
    if not any(kept):
        cut = names.index(why.stage)
        barred = [step.stage for step in why.stages if math.isinf(step.tax)]
        if barred == names[cut + 1 :] and barred:
            goes = "goes" if len(barred) == 1 else "go"
            return [f"  left{_at(why.stage)}; {_run(barred)} {goes} on without it"]
        return [f"  zero at all {len(names)} stages, {_run(names)}"]
    d, until = _decimals(why), len(kept)
    while until > 1 and not (kept[until - 1] or kept[until - 2]):
        until -= 1  # the first of the last zeros ends the story
    told, paid = [], []
    for step in why.stages[:until]:
        told.append(f"{step.stage} {amount(step.keeps, d) if step.keeps else '0'}")
        tax = "barred" if math.isinf(step.tax) else amount(step.tax, d) if step.tax else "no tax"
        paid.append(f"{step.stage} {amount(step.earns, d)} / {tax}")
    return [
        f"  stage by stage: {_arrows(told)}",
        f"  earns / tax:    {_arrows(paid)}",
    ]


def _arrows(stages: list[str]) -> str:
    """One after another; of many the first ones and the last."""
    if len(stages) > MOST_STAGES:
        stages = [*stages[: MOST_STAGES - 2], "...", stages[-1]]
    return " -> ".join(stages)


def _at(stage: str) -> str:
    """Where it was: at stage prune, at step 2; nothing where there is one stage only."""
    if not stage:
        return ""
    return f" at {stage}" if stage.startswith(("step ", "stage ")) else f" at stage {stage}"


def _run(names: list[str]) -> str:
    """From the first to the last: step 1 to step 9."""
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _turning(why: Why) -> list[str]:
    """When it would turn, how often it is picked, and the noise floor."""
    said = []
    seen = why.stage or why.form not in ("", "group")  # on the grid
    if why.status in ("cut", "borderline"):
        enters = why.enters
        said.append(
            f"enters {'at' if seen else 'below'} {why.word} {figures(enters)}"
            if enters is not None
            else f"does not enter down to {why.word} {figures(why.lowest)}"
        )
    if why.status == "kept" and why.enters is not None:
        how = "is in from" if seen else "goes out above"
        said.append(f"{how} {why.word} {figures(why.enters)}")
    if why.status in ("free", "excluded"):
        return []
    if why.picked is not None:
        said.append(f"picked in {percent(why.picked)} of half-samples")
    if why.decoy95 is not None:
        said.append(f"shuffled columns: {figures(why.decoy95, 2)}")
    return [f"  {'; '.join(said)}"] if said else []


def _twins(why: Why) -> list[str]:
    """Columns that resemble it, where no account names who earns its share."""
    twins = [twin for twin in why.twins if twin[0] not in why.together]
    if why.additive or not twins:
        return []
    said = [f"{name} (r {r:.2f})" for name, r in twins[:3]]
    more = len(twins) - len(said)
    return [f"  overlaps with {', '.join(said)}{f' and {more} more' if more else ''}"]


def _not_nested(why: Why) -> list[str]:
    """A feature that leaves as the tax falls, which many take for a bug."""
    said = []
    for i, (tax, kind) in enumerate(why.events):
        if kind != "leaves":
            continue
        back = next((at for at, what in why.events[i + 1 :] if what == "enters"), None)
        end = f"and comes back at {figures(back)}" if back is not None else "as others take over"
        said.append(f"leaves at {why.word} {figures(tax)} {end}")
    return [f"  paths are not nested: {why.feature} {listing(said)}"] if said else []


def _refit(why: Why) -> list[str]:
    """The feature that takes most of it, and how to see the model without that one."""
    if why.status != "cut" or not why.shares:
        return []
    if max(share for _, share in why.shares) < WORTH_DROPPING * why.alone:
        return []
    command = f": {why.refit} --drop {shlex.quote(why.rival)}" if why.refit else ""
    return [f"  drop {why.rival} and refit{command}"]


def _decimals(why: Why) -> int:
    if why.concave:  # what is still paid may be next to nothing
        return decimals_of(why.alpha if why.word == "tax" else why.alone)
    return decimals_of(why.tax if 0.0 < why.tax < math.inf else why.alone)
