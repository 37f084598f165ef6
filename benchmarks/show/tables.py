"""Markdown tables of results."""

from __future__ import annotations

from typing import Any

Result = dict[str, Any]
UNITS = (("us", 1e6), ("ms", 1e3))


def describe(result: Result) -> str:
    """One result as a titled table."""
    return {"path": path, "cv": cv, "startup": startup, "memory": memory}[result["task"]](result)


def path(result: Result) -> str:
    """Time, certified gap and ratio of every tool on one path."""
    ours = result["rows"][0]["seconds"]
    body = [
        (
            f"{row['peer']} {row['version']} (tol {row['tol']:.0e})",
            duration(row["seconds"]),
            times(row["seconds"] / ours),
            f"{row['passes']:.0f}",
            f"{row['worst_gap']:.0e}",
        )
        for row in result["rows"]
    ]
    head = ("tool", "time", "over excise", "in reads of X", "worst relative gap")
    return titled(heading(result, "path"), table(head, body))


def cv(result: Result) -> str:
    """Time and ratio of every tool for one cross-validation."""
    ours = result["rows"][0]["seconds"]
    body = [
        (
            f"{row['peer']} {row['version']}",
            duration(row["seconds"]),
            times(row["seconds"] / ours),
            f"{row['curve_difference']:.0e}",
        )
        for row in result["rows"]
    ]
    head = ("tool", "time", "over excise", "largest difference of its CV curve from ours")
    return titled(heading(result, f"{result['n_folds']}-fold CV"), table(head, body))


def startup(result: Result) -> str:
    """Seconds of whole commands, and their ratios."""
    seconds = [(f"`{name}`", duration(value)) for name, value in result["seconds"].items()]
    ratios = [(f"`{name}`", f"{value:.1f}") for name, value in result["ratios"].items()]
    return titled(
        "Start-up", table(("command", "time"), seconds) + "\n\n" + table(("ratio", ""), ratios)
    )


def memory(result: Result) -> str:
    """Peak above X per layout."""
    body = [(name, f"{value:.1%}") for name, value in result["share_of_X"].items()]
    title = f"Peak memory above X, path of {result['n_alphas']} alphas, {result['n']}x{result['p']}"
    return titled(title, table(("X", "share of X"), body))


def heading(result: Result, what: str) -> str:
    """Title of a table: problem, size and depth."""
    size = f"{result['n']}x{result['p']}"
    title = result["title"] if size in result["title"] else f"{result['title']} {size}"
    return (
        f"{title}: {what}, {result['n_alphas']} alphas to {result['alpha_min_ratio']:g} alpha_max"
    )


def titled(title: str, body: str) -> str:
    """Put a bold title above a table."""
    return f"**{title}**\n\n{body}"


def table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    """Lay out a Markdown table; figures stand to the right."""
    rules = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, tuple(rules), *body))


def duration(seconds: float) -> str:
    """Write a time with two or three figures and a unit that fits."""
    unit, value = next(
        ((unit, seconds * factor) for unit, factor in UNITS if seconds * factor < 999.5),
        ("s", seconds),
    )
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def times(ratio: float) -> str:
    """Write a ratio of times."""
    return f"{ratio:.1f}x" if ratio < 9.95 else f"{ratio:.0f}x"
