"""The stages of a schedule as a short table: tax, who is kept, who left, who came back."""

from __future__ import annotations

from excise.explain.story import Run, moved, runs, story, tax_words
from excise.model import Model
from excise.report.chart import Chart, Table
from excise.verdicts import shown_gap

QUESTION = "What did each stage do?"
HEAD = ("stage", "what is paid", "kept", "left", "came back", "gap / null loss")
CAPTION = "The stages of the schedule"
MOST_ROWS = 30
"""Of more, the first ones and the last."""


def stages_table(model: Model) -> Chart:
    """A sentence that tells all stages, and a row for each; steps without change share one."""
    told = runs(model.stages)
    if len(told) > MOST_ROWS:
        told = [*told[: MOST_ROWS - 1], told[-1]]
    words = "; ".join(story(model.stages, model.feature_names))
    table = Table(CAPTION, HEAD, tuple(_row(model, run) for run in told))
    return Chart("stages", QUESTION, f"{model.schedule}: {words}.", table=table)


def _row(model: Model, run: Run) -> tuple[str, ...]:
    first, last = run
    names = model.feature_names
    gap = max(first.rel_gap, last.rel_gap)
    return (
        run.label,
        tax_words(last),
        f"{last.kept:,}",
        moved(first.dropped, names),
        moved(first.returned, names),
        shown_gap(gap),
    )
