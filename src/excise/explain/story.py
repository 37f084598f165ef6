"""What the stages of a schedule did, told in one breath."""

from __future__ import annotations

from collections.abc import Sequence

from excise.explain.accounts import StageSummary
from excise.explain.words import figures, listing

MOST_TOLD = 6
"""Stages that are told one by one; of more, the first three and the last two."""
MOST_NAMED = 3
"""Features named of those that leave a stage, or come back."""


def story(stages: Sequence[StageSummary], names: Sequence[str]) -> list[str]:
    """A clause per stage; steps in which nobody moves are one."""
    runs: list[list[StageSummary]] = []
    for stage in stages:
        moved = stage.dropped or stage.returned
        if runs and not moved and _stem(stage) == _stem(runs[-1][0]):
            runs[-1].append(stage)
        else:
            runs.append([stage])
    told = [_clause(run, names) for run in runs]
    if len(told) > MOST_TOLD:
        told = [*told[:3], f"and {len(told) - 5} more", *told[-2:]]
    return told


def _stem(stage: StageSummary) -> str:
    return stage.name.rstrip("0123456789")


def _clause(run: list[StageSummary], names: Sequence[str]) -> str:
    first, last = run[0], run[-1]
    label = first.name if first is last else f"{first.name} to {last.name}"
    said = [f"{label} ({tax_words(last)}) {'keeps' if first is last else 'keep'} {last.kept:,}"]
    if first.dropped:
        leave = "leaves" if len(first.dropped) == 1 else "leave"
        said.append(f"{moved(first.dropped, names)} {leave}")
    if first.returned:
        come = "comes" if len(first.returned) == 1 else "come"
        said.append(f"{moved(first.returned, names)} {come} back")
    return ", ".join(said)


def tax_words(stage: StageSummary) -> str:
    """tax 5.83; taxes 0.31 to 5.83; no tax; of a ridge its strength."""
    if stage.l1_ratio == 0.0:
        return f"a ridge of {figures(stage.alpha)}" if stage.alpha else "no penalty"
    if stage.taxes is None:
        return "no tax"
    low, high = map(figures, stage.taxes)
    return f"tax {low}" if low == high else f"taxes {low} to {high}"


def moved(features: Sequence[int], names: Sequence[str]) -> str:
    """The first few by name, and how many more."""
    few = [names[j] for j in features[:MOST_NAMED]]
    more = len(features) - len(few)
    return listing([*few, f"{more:,} more"] if more else few)
