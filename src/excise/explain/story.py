"""What the stages of a schedule did, told in one breath."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from excise.explain.by_stage import StageSummary
from excise.explain.words import figures, listing

MOST_TOLD = 6
"""Stages that are told one by one; of more, the first three and the last two."""
MOST_NAMED = 3
"""Features named of those that leave a stage, or come back."""


class Run(NamedTuple):
    """Stages of one kind in a row, in all but the first of which nobody moves."""

    first: StageSummary
    last: StageSummary

    @property
    def label(self) -> str:
        """refine; step 2 to step 9."""
        first, last = self.first.name, self.last.name
        return first if first == last else f"{first} to {last}"


def runs(stages: Sequence[StageSummary]) -> list[Run]:
    """All stages, those in which nobody moves joined to the one before."""
    found: list[Run] = []
    for stage in stages:
        moves = stage.dropped or stage.returned
        if found and not moves and _stem(stage) == _stem(found[-1].first):
            found[-1] = found[-1]._replace(last=stage)
        else:
            found.append(Run(stage, stage))
    return found


def story(stages: Sequence[StageSummary], names: Sequence[str]) -> list[str]:
    """A clause per stage; steps in which nobody moves are one."""
    told = [_clause(run, names) for run in runs(stages)]
    if len(told) > MOST_TOLD:
        told = [*told[:3], f"and {len(told) - 5} more", *told[-2:]]
    return told


def _stem(stage: StageSummary) -> str:
    return stage.name.rstrip("0123456789")


def _clause(run: Run, names: Sequence[str]) -> str:
    first, last = run
    keep = "keeps" if first is last else "keep"
    said = [f"{run.label} ({tax_words(last)}) {keep} {last.kept:,}"]
    if first.dropped:
        leave = "leaves" if len(first.dropped) == 1 else "leave"
        said.append(f"{moved(first.dropped, names)} {leave}")
    if first.returned:
        come = "comes" if len(first.returned) == 1 else "come"
        said.append(f"{moved(first.returned, names)} {come} back")
    return ", ".join(said)


def tax_words(stage: StageSummary) -> str:
    """What is paid: tax 5.83; taxes 0.31 to 5.83; no tax; of a ridge its strength."""
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
