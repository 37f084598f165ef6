"""The few lines of the README that carry measured numbers."""

from __future__ import annotations

from typing import Any

from benchmarks.show.tables import duration, table, times

Result = dict[str, Any]


def sentences(results: list[Result], where: str) -> str:
    """A small table of paths and cross-validations against the fastest peer."""
    body = [row(result) for result in results if result["task"] in ("path", "cv")]
    head = ("work", "excise", "fastest peer, default tolerance", "ratio", "gap: excise, peer")
    note = f"Measured on {where}; medians of interleaved runs, every gap recomputed by `certify`."
    return f"{table(head, body)}\n\n{note}"


def row(result: Result) -> tuple[str, ...]:
    """One line of the table: ours, and the fastest of the others."""
    ours, *others = result["rows"]
    fastest = min(others, key=lambda other: other["seconds"])
    size = f"{result['n']}x{result['p']}"
    title = result["title"] if size in result["title"] else f"{result['title']} {size}"
    path = result["task"] == "path"
    return (
        f"{title}, {'path' if path else '10-fold CV'}",
        duration(ours["seconds"]),
        f"{fastest['peer']} {duration(fastest['seconds'])}",
        times(fastest["seconds"] / ours["seconds"]),
        f"{ours['worst_gap']:.0e}, {fastest['worst_gap']:.0e}" if path else "",
    )
