"""Write the kept results into README.md, docs/benchmarks.md and docs/images/gap.svg."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.run import RESULTS
from benchmarks.show import picture, summary, tables

ROOT = Path(__file__).parents[2]
ORDER = ("path", "cv", "startup", "memory")


def main() -> None:
    """Read everything that was measured and write what is shown of it."""
    kept = [json.loads(file.read_text()) for file in sorted(RESULTS.glob("*.json"))]
    kept.sort(key=lambda result: (ORDER.index(result["task"]), result.get("n", 0)))
    paths = [result for result in kept if result["task"] == "path" and result["curves"]]
    where = caption(kept[0]["machine"])
    (ROOT / "docs/images/gap.svg").write_text(picture.draw(paths, where))
    everything = "\n\n".join([f"Measured on {where}.", *map(tables.describe, kept)])
    between(ROOT / "docs/benchmarks.md", "results", everything)
    between(ROOT / "README.md", "benchmarks", summary.sentences(kept, where))


def caption(machine: dict[str, str]) -> str:
    """Say where and when, in one line."""
    return "{cores} cores of {processor}, {system}, {date}".format_map(machine)


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
