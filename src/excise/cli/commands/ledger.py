"""`excise ledger`: all features at the chosen or another penalty."""

from __future__ import annotations

from typing import Literal

import click

from excise.cli.app import Command
from excise.cli.options import At, Option
from excise.cli.terminal import Terminal


@click.command(
    "ledger",
    cls=Command,
    examples=[
        "excise ledger diabetes.excise.json",
        "excise ledger diabetes.excise.json --at min --limit 0",
        "excise ledger diabetes.excise.json --at 3",
    ],
)
@click.argument("model", type=click.Path())
@click.option(
    "--at", type=At(), cls=Option, help="min, 1se, a number of features (3) or a penalty (2.5)."
)
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, metavar="ROWS",
              cls=Option, help="Rows shown; 0 shows all.")  # fmt: skip
@click.option("--sort", type=click.Choice(["earns", "name", "file"]), default="earns",
              show_default=True, cls=Option, help="Order of the rows.")  # fmt: skip
def command(
    terminal: Terminal,
    model: str,
    at: str | float | None,
    limit: int,
    sort: Literal["earns", "name", "file"],
) -> None:
    """MODEL is a .excise.json file; it holds all that is needed."""
    from excise.cli.fit_document import staged
    from excise.cli.text import ledger as text
    from excise.cli.text.several import ledger_lines
    from excise.model import load

    loaded = load(model).at(at)
    ledger, page = loaded.ledger(), terminal.page
    rows = ledger_lines(loaded, page, limit=limit, sort=sort)
    terminal.show([*text.heading(loaded, page), "", *rows])
    terminal.show_json(
        model=model,
        penalty={"alpha": ledger.alpha, "tax": ledger.tax},
        intercept=loaded.intercept,
        outputs=list(loaded.outputs),
        **staged(loaded),
        ledger=ledger.to_dict(),
    )
