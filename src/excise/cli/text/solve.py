"""A solution of equations: how many unknowns, what is left, the proof, the values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from excise.cli.text.cells import clean, left, right, shorten, width
from excise.cli.text.page import Page
from excise.explain.words import count, figures
from excise.verdicts import shown_gap

if TYPE_CHECKING:
    from excise.pursuit import Pursuit

_UNIQUE = {True: "yes", False: "no", None: "not decided"}
MOST_TWINS = 3


def render(
    found: Pursuit, names: Sequence[str], target: str, table: str, limit: int, page: Page
) -> list[str]:
    """A heading, four facts, a line per unknown that is not zero, largest first."""
    equations, unknowns = count(len(found.dual), "equation"), count(len(names), "unknown")
    lines = page.wrap(clean(f"{table}: {equations}, {unknowns}, for {target}"), hang="  ")
    facts = {
        "Kept": f"{len(found.support):,} of {unknowns}; |x| adds up to {figures(found.norm1)}",
        "Left": _left(found),
        "Proof": f"optimal to {shown_gap(found.relative_gap)} (duality gap)",
        "Unique": f"{_UNIQUE[found.unique]}: {found.reason}{_twins(found, names)}",
    }
    lines.append("")
    for label, text in facts.items():
        head = f"  {label:<7}  "
        lines += page.wrap(clean(text), head, " " * len(head))
    order = sorted(found.support, key=lambda j: -abs(found.coef[j]))
    shown = order[: limit or None]
    if shown:
        cells = [shorten(clean(names[j]), page.width // 2, page.glyphs.ellipsis) for j in shown]
        values = [f"{found.coef[j]:+.6g}" for j in shown]
        wide = max(map(width, [*cells, "unknown"]))
        far = max(map(len, [*values, "value"]))
        lines += ["", f"  {left('unknown', wide)}  {right('value', far)}"]
        lines += [
            f"  {left(cell, wide)}  {right(value, far)}"
            for cell, value in zip(cells, values, strict=True)
        ]
    if len(order) > len(shown):
        lines.append(f"  and {len(order) - len(shown):,} more: --limit 0 shows all")
    return lines


def _left(found: Pursuit) -> str:
    """The residual, beside what was allowed."""
    if found.form == "equality":
        return f"nothing: every equation holds to {shown_gap(found.infeasibility)}"
    rest = f"a residual of norm {figures(found.residual_norm)}"
    if found.form == "noise":
        return f"{rest}; {figures(found.limit)} was allowed"
    return f"{rest}, the least with |x| adding up to at most {figures(found.limit)}"


def _twins(found: Pursuit, names: Sequence[str]) -> str:
    groups = [" and ".join(names[j] for j in twins) for twins in found.twins[:MOST_TWINS]]
    more = len(found.twins) - len(groups)
    tail = f", and {count(more, 'group')} more" if more else ""
    return f" ({'; '.join(groups)}{tail})" if groups else ""
