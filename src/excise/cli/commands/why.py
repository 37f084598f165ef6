"""`excise why`: the account of one feature."""

from __future__ import annotations

import click

from excise.cli.app import Command
from excise.cli.options import At, Option
from excise.cli.terminal import Terminal


@click.command(
    "why",
    cls=Command,
    examples=[
        "excise why diabetes.excise.json glu",
        "excise why diabetes.excise.json glu --at min",
        "excise why diabetes.excise.json glu --json",
    ],
)
@click.argument("model", type=click.Path())
@click.argument("feature")
@click.option("--at", type=At(), cls=Option, help="At another penalty, value or rule.")
def command(terminal: Terminal, model: str, feature: str, at: str | float | None) -> None:
    """FEATURE is a column, or COLUMN=LEVEL for a level of a category."""
    from excise.cli.text.why import render
    from excise.model import load

    why = load(model).why(feature, at)
    terminal.show(render(why, terminal.page))
    terminal.show_json(model=model, why=why.to_dict())
