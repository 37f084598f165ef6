"""`excise predict`: the table with its predictions as further columns."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from excise.cli.app import Command
from excise.cli.options import Option, Pairs, Times, reading_options
from excise.cli.output import check_writable, write_files
from excise.cli.terminal import Terminal
from excise.exceptions import UsageError

if TYPE_CHECKING:
    from excise.cli.scoring import Scored

STANDARD_OUTPUT = "-"
ENDINGS = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".arrow", ".feather", ".ipc")


@click.command(
    "predict",
    cls=Command,
    examples=[
        "excise predict houses.excise.json new.csv > priced.csv",
        "excise predict houses.excise.json new.csv -o priced.parquet",
        "excise predict houses.excise.json new.csv --rename Area=area",
        "excise predict patients.excise.json new.csv --times 12,24",
    ],
)
@click.argument("model", type=click.Path())
@click.argument("table", type=click.Path(allow_dash=True))
@click.option("-o", "--output", metavar="FILE", default=STANDARD_OUTPUT, cls=Option,
              help="CSV, TSV, Parquet or Arrow, by its ending (CSV to stdout).")  # fmt: skip
@click.option("--rename", type=Pairs("THEIRS=OURS,..."), cls=Option,
              help="Names in the table = names in the model.")  # fmt: skip
@click.option("--times", type=Times(), cls=Option,
              help="Of survival times: probability of no event up to each.")  # fmt: skip
@reading_options
@click.option("--force", is_flag=True, cls=Option, help="Overwrite an existing file.")
def command(
    terminal: Terminal,
    model: str,
    table: str,
    output: str,
    rename: tuple[tuple[str, str], ...],
    times: tuple[float, ...] | None,
    force: bool,
    **reading: Any,
) -> None:
    """Adds TARGET_pred and, for classes, TARGET_prob, the probability of the positive one.

    Of three classes or more it adds TARGET_prob_CLASS for each, of several responses
    RESPONSE_pred for each. Of survival times it adds
    TIME_risk, the hazard over that of the average row of training, and TIME_survival_T for each of
    --times. A model that was fitted with an offset needs that column.
    Columns of cut features need not be there, and the order of columns is free.
    """
    path = None if output == STANDARD_OUTPUT else Path(output)
    if path:
        _check_ending(path)
        check_writable(path, force=force)
    from excise.cli import scoring
    from excise.model import load

    loaded = load(model)
    retry = f"excise predict {shlex.quote(model)} {shlex.quote(table)} --rename {{}}"
    scored = scoring.score(loaded, table, dict(rename), retry=retry, times=times or (), **reading)
    for text in scored.warnings:
        terminal.warn(text)
    frame = scoring.predictions(scored)
    added = {name: column.to_list() for name, column in scored.columns.items()}
    sizes = {}
    if path:
        kind = path.suffix.lower()
        sizes = write_files({path: lambda place: scoring.write_frame(frame, place, kind)})
        terminal.say(f"wrote {path} ({len(scored.eta):,} rows) in {terminal.seconds}")
    elif not terminal.flags.json:
        terminal.write(scoring.csv_text(frame))
    terminal.show_json(
        model=model,
        target=loaded.target.name,
        rows=len(scored.eta),
        predictions=None if path else _predictions(scored, added),
        probabilities=None if path else _probabilities(scored, added),
        survival=_survival(scored, shown=not path),
        positive=loaded.target.levels[-1]
        if loaded.task == "class" and not loaded.outputs
        else None,
        levels=list(loaded.target.levels),
        outputs=list(loaded.outputs),
        files=[{"path": str(place), "bytes": size} for place, size in sizes.items()],
    )


def _predictions(scored: Scored, added: dict[str, list[Any]]) -> list[Any]:
    """A value for each row; of several responses a list, in the order of the outputs."""
    if scored.model.target.responses:
        return list(scored.mean.tolist())
    return next(iter(added.values()))


def _probabilities(scored: Scored, added: dict[str, list[Any]]) -> list[Any] | None:
    """Of the positive class; of three or more a list for each row, in the order of the levels."""
    if scored.model.outputs and not scored.model.target.responses:
        return list(scored.mean.tolist())
    return added.get(f"{scored.model.target.name}_prob")


def _survival(scored: Scored, *, shown: bool) -> dict[str, Any] | None:
    """The times that were asked for and, unless they are in a file, the probabilities."""
    if scored.survival is None:
        return None
    rows = scored.survival.tolist() if shown else None
    return {"times": list(scored.times), "probabilities": rows}


def _check_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"cannot tell the format of {str(path)!r}",
            [f"known endings: {', '.join(ENDINGS)}"],
            f"-o {shlex.quote(str(path.with_suffix('.csv')))}",
        )
