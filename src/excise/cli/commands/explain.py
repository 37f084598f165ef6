"""`excise explain`: one row's prediction as a sum."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from excise.cli.app import Command
from excise.cli.options import Option, Pairs, reading_options
from excise.cli.terminal import Terminal
from excise.exceptions import InputError

if TYPE_CHECKING:
    from excise.cli.scoring import Scored
    from excise.cli.text.explain_several import Sums
    from excise.model import Model


@click.command(
    "explain",
    cls=Command,
    examples=[
        "excise explain diabetes.excise.json diabetes.csv --row 1",
        "excise explain diabetes.excise.json diabetes.csv --row 442 --json",
    ],
)
@click.argument("model", type=click.Path())
@click.argument("table", type=click.Path(allow_dash=True))
@click.option("--row", type=click.IntRange(1), required=True, metavar="K", cls=Option,
              help="Which row, the first is 1 (the header does not count).")  # fmt: skip
@click.option("--rename", type=Pairs("THEIRS=OURS,..."), cls=Option,
              help="Names in the table = names in the model.")  # fmt: skip
@reading_options
def command(
    terminal: Terminal,
    model: str,
    table: str,
    row: int,
    rename: tuple[tuple[str, str], ...],
    **reading: Any,
) -> None:
    """The intercept, then coefficient times value of each kept feature, largest first.

    Of three classes or more, and of several responses, there is such a sum for each.
    """
    from excise.cli.scoring import actual_text, actual_value, score
    from excise.cli.text.explain import Outcome, Sum, Term, render
    from excise.cli.text.explain_several import render as render_several
    from excise.model import load

    loaded = load(model)
    place = f"{shlex.quote(model)} {shlex.quote(table)} --row {row}"
    scored = score(
        loaded, table, dict(rename), retry=f"excise explain {place} --rename {{}}", **reading
    )
    if row > len(scored.eta):
        raise InputError(
            f"{scored.table.name} has {len(scored.eta):,} rows; there is no row {row:,}",
            remedy=f"--row {len(scored.eta)}",
        )
    for text in scored.warnings:
        terminal.warn(text)
    where = f"row {row:,} of {scored.table.name}"
    if loaded.outputs:
        sums = _sums(scored, row - 1, where)
        terminal.show(render_several(sums, terminal.page))
        terminal.show_json(model=model, row=row, target=loaded.target.name, **sums.to_dict())
        return
    terms = [
        Term(column.name, float(value), float(coef))
        for column, value, coef in zip(loaded.columns, scored.X[row - 1], loaded.coef, strict=True)
        if coef
    ]
    if scored.offset is not None:
        name = f"{loaded.target.offset} (offset)"
        terms.append(Term(name, float(scored.offset[row - 1]), 1.0))
    actual, mean = actual_value(scored, row - 1), float(scored.mean[row - 1])
    found = Sum(where, loaded.predictor, loaded.intercept, terms, actual)
    if loaded.data_term.link != "identity":
        told = actual_text(scored, row - 1) if loaded.followup else ""
        found = replace(found, outcome=Outcome.of(loaded.target, loaded.data_term, mean, told))
    if loaded.followup:
        found = replace(found, start="constant")
    terminal.show(render(found, terminal.page))
    terminal.show_json(model=model, row=row, target=loaded.target.name, **found.to_dict())


def _sums(scored: Scored, row: int, where: str) -> Sums:
    """The scores of all classes in a row, or all its responses."""
    from excise.cli.scoring import actual_value, actual_values
    from excise.cli.text.explain_several import ClassSums, ResponseSums, Terms

    model: Model = scored.model
    columns = zip(model.columns, scored.X[row], model.coef, model.point.kept, strict=True)
    terms = tuple(Terms(c.name, float(x), tuple(b.tolist())) for c, x, b, kept in columns if kept)
    parts = where, model.outputs, tuple(model.intercept.tolist()), terms
    if model.target.responses:
        return ResponseSums(*parts, actual_values(scored, row))
    actual = actual_value(scored, row)
    named = None if actual is None else model.outputs[int(actual)]
    return ClassSums(*parts, tuple(scored.mean[row].tolist()), named)
