"""What we want to be true of the measurements, and whether it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.peers.null import DSYRK
from benchmarks.show.tables import (
    amount,
    duration,
    gap,
    named,
    others,
    ours,
    table,
    times,
    violation,
)
from benchmarks.tasks.path import GROUPS

Result = dict[str, Any]
Reading = tuple[float, str]
"""A measured figure, and what it was measured against."""

CLOSE = 2e-5
"""The gap of the peers' tightest useful settings."""
PROVED = 1e-8
"""The KKT violation that counts as solved, over alpha_max."""
EQUAL = 1e-8
"""By how much an objective may be above ours, over the null loss, and still count as equal."""


@dataclass(frozen=True)
class Goal:
    """A figure of one result, and the bound it should keep."""

    task: str
    problem: str | None
    read: Callable[[Result], Reading | None]
    bound: float
    most: bool = False  # the figure should be at most `bound`, not at least
    show: Callable[[float], str] = times


def fastest(result: Result) -> Reading | None:
    """How much longer the fastest peer takes, at its default tolerance."""
    return compared(result, others(result))


def fastest_proved(result: Result) -> Reading | None:
    """`fastest`, if our own answers violate the optimality conditions by at most `PROVED`."""
    mine = ours(result)
    if mine is not None and not mine["worst_kkt"] <= PROVED:
        return 0.0, f"ours violates the optimality conditions by {violation(mine)}"
    return fastest(result)


def fastest_within(result: Result, bound: float) -> Reading | None:
    """How much longer the fastest peer takes whose gap is at most `bound`, at any tolerance."""
    points = [
        {"peer": name, **point}
        for name, curve in result["curves"].items()
        if name != "excise"
        for point in curve
    ]
    close = (row for row in [*points, *others(result)] if (row["worst_gap"] or 1.0) <= bound)
    return compared(result, close)


def fastest_equal(result: Result) -> Reading | None:
    """How much longer the fastest peer takes whose objective is as good as ours, with groups."""
    return compared(result, (row for row in others(result) if row["worst_excess"] <= EQUAL))


def compared(result: Result, rivals: Iterable[Result]) -> Reading | None:
    """The fastest of `rivals` over ours."""
    mine = ours(result)
    rival = min(rivals, key=lambda row: row["seconds"], default=None)
    if mine is None or rival is None:
        return None
    error = f", to {gap(rival)}" if "worst_gap" in rival else ""
    words = f"{rival['peer']}, {duration(rival['seconds'])}{error}"
    return rival["seconds"] / mine["seconds"], words


def over_gram(result: Result) -> Reading | None:
    """Our time over that of one Gram matrix."""
    mine, floor = ours(result), result.get("floors", {}).get(DSYRK)
    if mine is None or floor is None:
        return None
    return mine["seconds"] / floor, f"one Gram matrix (`dsyrk`), {duration(floor)}"


def share_of_x(result: Result) -> Reading:
    """Largest share of any layout."""
    layout, share = max(result["share_of_X"].items(), key=lambda item: item[1])
    return share, f"X ({layout} the worst)"


def peak(result: Result) -> Reading:
    """Largest peak of resident memory, pages of the file included."""
    return max(row["peak_bytes"] for row in result["rows"]), f"a file of {result['gb']:g} GB"


def passes(result: Result) -> Reading | None:
    """How often the file was read from the disk, at most."""
    read = [row["passes_from_disk"] for row in result["rows"]]
    return None if None in read else (max(read), "the file, read from disk")


within = partial(fastest_within, bound=CLOSE)

GOALS = (
    Goal("path", "ar5-1000x20000", fastest, 3),
    Goal("path", "ar5-1000x20000", within, 8),
    Goal("path", "nci60", fastest, 8),
    Goal("path", "khan", fastest, 8),
    Goal("path", "diabetes", fastest, 8),
    Goal("path", "ar5-200x5000", fastest, 5),
    Goal("path", "ar5-20000x500", over_gram, 1.5, most=True),
    Goal("path", "sparse-text", fastest, 2),
    Goal("path", "logistic-20000x300", fastest_proved, 4),
    Goal("path", "logistic-1000x10000", fastest_proved, 2),
    Goal("path", "breast-cancer", fastest_proved, 2),
    Goal("path", "khan-classes", fastest_proved, 2),
    Goal("path", "poisson-20000x300", fastest_proved, 2),
    Goal("path", "quantile-1000x50", fastest_proved, 2),
    Goal("path", "cox-2000x500", fastest_proved, 2),
    Goal("path", "digits", fastest_proved, 1),
    Goal("path", "multinomial-2000x500", fastest_proved, 1),
    *(Goal("path", name, fastest_equal, 1) for name in GROUPS),
    Goal("many", None, fastest, 4),
    Goal("cv", "ar5-20000x500", fastest, 40),
    Goal("cv", "ar5-1000x5000", fastest, 3),
    Goal("cv", "ar5-1000x5000", fastest, 6),
    Goal("memory", None, share_of_x, 0.25, most=True, show="{:.1%}".format),
    Goal("map", None, peak, 2e9, most=True, show=amount),
    Goal("map", None, passes, 2, most=True, show="{:.2f} passes".format),
)


def goals(results: list[Result]) -> str:
    """The table of all goals; one that is missed says so."""
    found = {(result["task"], result.get("problem")): result for result in results}
    found |= {(result["task"], None): result for result in results}
    head = ("work", "against", "measured", "goal", "")
    return table(head, [row(goal, found.get((goal.task, goal.problem))) for goal in GOALS])


def row(goal: Goal, result: Result | None) -> tuple[str, ...]:
    """One line of the table."""
    wanted = f"{'at most ' if goal.most else ''}{goal.show(goal.bound)}"
    reading = goal.read(result) if result is not None else None
    if result is None or reading is None:
        return (f"{goal.problem or ''} {goal.task}".strip(), "", "", wanted, "not measured")
    value, against = reading
    reached = value <= goal.bound if goal.most else value >= goal.bound
    verdict = "reached" if reached else "**missed**"
    return (work(result), against, goal.show(value), wanted, verdict)


def work(result: Result) -> str:
    """What was done, in words."""
    what = {
        "path": "path",
        "many": "paths",
        "cv": f"{result.get('n_folds')}-fold CV",
        "memory": "memory of a path above X",
        "map": "path and CV of a mapped file",
    }[result["task"]]
    size = named(result) if "title" in result else f"{result['n']}x{result['p']}"
    return f"{size}, {what}"
