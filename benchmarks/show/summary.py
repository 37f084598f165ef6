"""The few lines of the README that carry measured numbers."""

from __future__ import annotations

from typing import Any

from benchmarks.show.tables import duration, gap, named, others, ours, table, times
from benchmarks.tasks.path import GROUPS

Result = dict[str, Any]
WORKS = {"path": "path", "many": "paths", "cv": "10-fold CV"}
TOO_MUCH = ("khan", "ar5-1000x5000", "khan-classes", *GROUPS[2:5])
"""Paths that the README leaves to docs/benchmarks.md, but for those that we lose."""


def sentences(results: list[Result], where: str) -> str:
    """A small table of paths and cross-validations against the fastest peer."""
    body = [row(result) for result in results if shown(result)]
    head = ("work", "excise", "fastest peer, default tolerance", "ratio", "gap: excise, peer")
    note = f"Measured on {where}; medians of interleaved runs, every gap recomputed by `certify`."
    return f"{table(head, body)}\n\n{note}"


def shown(result: Result) -> bool:
    """Whether the README has a row for it."""
    if result["task"] not in WORKS:
        return False
    mine, theirs = ours(result), others(result)
    if mine is None or not theirs:
        return False
    lost = any(other["seconds"] < mine["seconds"] for other in theirs)
    return result["task"] != "path" or result["problem"] not in TOO_MUCH or lost


def row(result: Result) -> tuple[str, ...]:
    """One line of the table: ours, and the fastest of the others."""
    default = {other["peer"]: other for other in reversed(others(result))}  # its first line
    mine, fastest = ours(result), min(default.values(), key=lambda other: other["seconds"])
    assert mine is not None
    return (
        f"{named(result)}, {WORKS[result['task']]}",
        duration(mine["seconds"]),
        f"{fastest['peer']} {duration(fastest['seconds'])}",
        times(fastest["seconds"] / mine["seconds"]),
        f"{gap(mine)}, {gap(fastest)}" if "worst_gap" in mine else "",
    )
