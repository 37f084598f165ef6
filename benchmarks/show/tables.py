"""Markdown tables of results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.null import DSYRK, GRAM, PASS

Result = dict[str, Any]
UNITS = (("us", 1e6), ("ms", 1e3))


def describe(result: Result) -> str:
    """One result as a titled table."""
    return TABLES[result["task"]](result)


def path(result: Result) -> str:
    """Time, certified gap and ratio of every tool on one path; other losses' violations too."""
    unit = result["seconds_per_pass"]
    more = result.get("loss", "squared") != "squared"
    groups = "worst_excess" in result["rows"][0]
    body = [
        (
            *peer(row, result),
            f"{row['seconds'] / unit:.0f}",
            gap(row),
            *([violation(row)] if more else []),
            *([f"{max(row['worst_excess'], 0.0):.0e}"] if groups else []),
        )
        for row in result["rows"]
    ]
    names = {PASS: "one read of X (`X.T @ y`)", DSYRK: "one Gram matrix, `dsyrk`"}
    names[GRAM] = "one Gram matrix, `X.T @ X`"
    blank = [""] * (1 + more + groups)
    for name, seconds in result.get("floors", {}).items():
        reads = f"{seconds / unit:.0f}"
        body.append((names[name], duration(seconds), over(seconds, result), reads, *blank))
    head = ("tool", "time", "over excise", "in reads of X", "worst relative gap")
    head += ("worst KKT violation",) * more + ("worst objective above ours",) * groups
    return titled(heading(result, "path"), table(head, body) + without(result))


def many(result: Result) -> str:
    """Total time over all small problems."""
    body = [(*peer(row, result), gap(row)) for row in result["rows"]]
    head = ("tool", "time", "over excise", "worst relative gap")
    return titled(heading(result, "paths"), table(head, body))


def cv(result: Result) -> str:
    """Time and ratio of every tool for one cross-validation."""
    body = [(*peer(row, result), f"{row['curve_difference']:.0e}") for row in result["rows"]]
    head = ("tool", "time", "over excise", "largest difference of its CV curve from ours")
    return titled(heading(result, f"{result['n_folds']}-fold CV"), table(head, body))


def threads(result: Result) -> str:
    """One thread against two."""
    counts = result["threads"]
    body = [
        (
            row["work"],
            *map(duration, row["seconds"]),
            times(row["seconds"][0] / row["seconds"][-1]),
            "yes" if row["same_bits"] else "**no**",
        )
        for row in result["rows"]
    ]
    head = ("work", *(f"{k} thread{'s' * (k > 1)}" for k in counts), "gain", "same to the last bit")
    return titled(heading(result, "threads"), table(head, body))


def memory(result: Result) -> str:
    """Peak above X per layout."""
    body = [(name, f"{value:.1%}") for name, value in result["share_of_X"].items()]
    title = f"Peak memory above X, path of {result['n_alphas']} alphas, {result['n']}x{result['p']}"
    return titled(title, table(("X", "share of X"), body))


def memory_map(result: Result) -> str:
    """Memory, reads and time of work on a file."""
    body = [
        (
            f"`{row['work']}`",
            duration(row["seconds"]),
            times(row["seconds"] / result["seconds_to_read"]),
            amount(row["peak_bytes"]),
            amount(row["anonymous_bytes"]),
            amount(row["file_bytes"]),
            "-" if row["passes_from_disk"] is None else f"{row['passes_from_disk']:.2f}",
        )
        for row in result["rows"]
    ]
    size = f"{result['n']}x{result['p']}, {result['gb']:g} GB in a file"
    title = f"{size}: {result['n_alphas']} alphas, {result['n_folds']} folds"
    head = (
        "work",
        "time",
        "over reading the file once",
        "peak resident",
        "of that its own, at most",
        "of that the file's, at most",
        "file read from disk",
    )
    return titled(title, table(head, body))


def scaling(result: Result) -> str:
    """Times and peaks of each series, their exponents, and the floors."""
    return "\n\n".join(growth(series) for series in result["series"])


def growth(series: Result) -> str:
    """One series of sizes."""
    floors = series["floors"]
    body = [
        (
            f"{size}",
            f"{series['kept'][k]}",
            duration(series["seconds"][k]),
            *(times(series["seconds"][k] / seconds[k]) for seconds in floors.values()),
            amount(series["peak_bytes"][k]),
            f"{series['peak_bytes'][k] / series['data_bytes'][k]:.1%}",
        )
        for k, size in enumerate(series["sizes"])
    ]
    slope, peak = (power(series[key]) for key in ("exponent", "peak_exponent"))
    body.append(("**exponent**", "", f"**{slope}**", *[""] * len(floors), f"**{peak}**", ""))
    named = (f"in {'reads of X' if name == PASS else f'`{name}`'}" for name in floors)
    head = ("size", "kept", "time", *named, "peak above X", "of X")
    return titled(f"Growth with {series['title']}", table(head, body))


def startup(result: Result) -> str:
    """Seconds of whole commands, and their ratios."""
    seconds = [(f"`{name}`", duration(value)) for name, value in result["seconds"].items()]
    ratios = [(f"`{name}`", f"{value:.1f}") for name, value in result["ratios"].items()]
    return titled(
        "Start-up", table(("command", "time"), seconds) + "\n\n" + table(("ratio", ""), ratios)
    )


TABLES: dict[str, Callable[[Result], str]] = {
    "path": path,
    "many": many,
    "cv": cv,
    "threads": threads,
    "memory": memory,
    "map": memory_map,
    "scaling": scaling,
    "startup": startup,
}
"""How each task is shown, in the order of the tasks."""


def ours(result: Result) -> Result | None:
    """Our row, if we took part."""
    return next((row for row in result["rows"] if row["peer"] == "excise"), None)


def others(result: Result) -> list[Result]:
    """Everybody else's rows."""
    return [row for row in result["rows"] if row["peer"] != "excise"]


def peer(row: Result, result: Result) -> tuple[str, str, str]:
    """A tool, its time and its time over ours."""
    name = f"{row['peer']} {row['version']} (tol {row['tol']:.0e})"
    return name, duration(row["seconds"]), over(row["seconds"], result)


def over(seconds: float, result: Result) -> str:
    """A time over ours."""
    mine = ours(result)
    return times(seconds / mine["seconds"]) if mine else "-"


def gap(row: Result) -> str:
    """A certified gap, or a dash."""
    return "-" if row["worst_gap"] is None else f"{row['worst_gap']:.0e}"


def violation(row: Result) -> str:
    """A certified violation of the optimality conditions over alpha_max, or a dash."""
    return "-" if row["worst_kkt"] is None else f"{row['worst_kkt']:.0e}"


def without(result: Result) -> str:
    """Who did not take part, and why."""
    absent = result.get("absent", {})
    words = "; ".join(f"{name} ({why})" for name, why in absent.items())
    return f"\n\nNot measured: {words}." if words else ""


def named(result: Result) -> str:
    """Title of a problem with its size."""
    size = f"{result['n']}x{result['p']}"
    return result["title"] if size in result["title"] else f"{result['title']} {size}"


def heading(result: Result, what: str) -> str:
    """Title of a table: problem, size and depth."""
    depth = f"{result['n_alphas']} alphas to {result['alpha_min_ratio']:g} alpha_max"
    return f"{named(result)}: {what}, {depth}"


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


def amount(size: float) -> str:
    """Write a number of bytes."""
    unit, value = ("MB", size / 1e6) if size < 999.5e6 else ("GB", size / 1e9)
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def times(ratio: float) -> str:
    """Write a ratio of times."""
    return f"{ratio:.1f}x" if ratio < 9.95 else f"{ratio:.0f}x"


def power(exponent: float | None) -> str:
    """Write an exponent, or a dash."""
    return "-" if exponent is None else f"{exponent:.2f}"
