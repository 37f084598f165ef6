"""Write the kept results into README.md, docs/benchmarks.md and docs/images/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.run import RESULTS
from benchmarks.show import goals, growth, picture, summary, tables
from benchmarks.tasks.path import CURVES

ROOT = Path(__file__).parents[2]
GROWTH = "![Time against rows, columns, features kept and folds](images/growth.svg)"


def main(results: Path = RESULTS, root: Path = ROOT) -> None:
    """Read everything that was measured and write what is shown of it."""
    kept = [json.loads(file.read_text()) for file in results.glob("*.json")]
    kept.sort(key=place)
    where = caption(kept)
    images = root / "docs/images"
    paths = [one for one in kept if one["task"] == "path" and one["problem"] in CURVES]
    (images / "gap.svg").write_text(
        picture.draw([one for one in sorted(paths, key=panel_place) if one["curves"]], where)
    )
    page = root / "docs/benchmarks.md"
    for one in kept:
        if one["task"] == "scaling":
            (images / "growth.svg").write_text(growth.draw(one, where))
            between(page, "growth", GROWTH)
    between(page, "goals", goals.goals(kept))
    everything = "\n\n".join([f"Measured on {where}.", *map(tables.describe, kept)])
    between(page, "results", everything)
    between(root / "README.md", "benchmarks", summary.sentences(kept, where))


def place(result: dict[str, Any]) -> tuple[int, bool, int, int]:
    """The order of the documents: by task, the squared loss first, then by size."""
    task = list(tables.TABLES).index(result["task"])
    other = result.get("loss", "squared") != "squared"
    return task, other, result.get("n", 0), result.get("p", 0)


def panel_place(result: dict[str, Any]) -> int:
    """The order of the panels."""
    return CURVES.index(result["problem"])


def caption(results: list[dict[str, Any]]) -> str:
    """Say where and when, in one line; more than one machine or day is said too."""
    machines = [result["machine"] for result in results]
    wheres = sorted({"{cores} cores of {processor}, {system}".format_map(one) for one in machines})
    days = sorted({one["date"] for one in machines})
    dates = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return f"{' and '.join(wheres)}, {dates}"


def between(file: Path, marker: str, text: str) -> None:
    """Replace what stands between the two comments named `marker`."""
    start, stop = f"<!-- {marker}: generated -->", f"<!-- {marker}: end -->"
    head, _, rest = file.read_text().partition(start)
    _, found, tail = rest.partition(stop)
    if not found:
        raise SystemExit(f"{file.name} has no place for {marker}")
    file.write_text(f"{head}{start}\n{text}\n{stop}{tail}")


if __name__ == "__main__":
    main()
