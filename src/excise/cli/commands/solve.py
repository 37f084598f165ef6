"""`excise solve`: rows are equations, columns unknowns; the solution with the smallest sum |x|."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from excise.cli.app import Command
from excise.cli.options import Names, Option, reading_options
from excise.cli.terminal import Terminal
from excise.exceptions import InputError, UsageError

if TYPE_CHECKING:
    from excise.pursuit import Pursuit
    from excise.results import Floats
    from excise.table import Table

NOT_CERTIFIED = 4


@click.command(
    "solve",
    cls=Command,
    examples=[
        "excise solve mixtures.csv weight",
        "excise solve mixtures.csv weight --sigma 0.5",
        "excise solve mixtures.csv weight --budget 10 --drop id",
    ],
)
@click.argument("table", type=click.Path(allow_dash=True))
@click.argument("target")
@click.option("--sigma", type=float, metavar="S", cls=Option,
              help="Allow a residual of this Euclidean norm.")  # fmt: skip
@click.option("--budget", type=float, metavar="T", cls=Option,
              help="Fit best with a sum |x| of at most this.")  # fmt: skip
@click.option("--drop", type=Names(), cls=Option, help="Columns to leave out.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, metavar="N",
              cls=Option, help="Unknowns shown (0 = all).")  # fmt: skip
@reading_options
def command(
    terminal: Terminal,
    table: str,
    target: str,
    sigma: float | None,
    budget: float | None,
    drop: tuple[str, ...],
    limit: int,
    **reading: Any,
) -> int:
    """Each row is an equation: its numbers times the unknowns add up to TARGET.

    Of all solutions the one with the smallest sum of |x|, which tends to have few unknowns that are
    not zero, with a proof. No intercept, no scaling, no missing values.
    """
    typed = f"excise solve {shlex.quote(table)} {shlex.quote(target)}"
    if sigma is not None and budget is not None:
        raise UsageError("--sigma and --budget cannot both be given", remedy=f"{typed} --sigma 1")
    from excise.cli.text.solve import render
    from excise.pursuit import UnsolvableError, basis_pursuit
    from excise.table import read_table

    for name, value in (("--sigma", sigma), ("--budget", budget)):
        if value is not None and not 0.0 <= value < float("inf"):
            raise UsageError(f"{name} is {value}; it must be a finite number >= 0")
    retry = f"excise solve {{}} {shlex.quote(target)}"
    read = read_table(table, retry=retry, **reading)
    names, A, b = _equations(read, target, drop, f"excise solve {shlex.quote(table)} {{}}")
    try:
        found = basis_pursuit(A, b, sigma=sigma, budget=budget)
    except UnsolvableError as error:
        raise InputError(
            f"the {len(b):,} equations of {read.name} have no solution"
            + (f" with a residual of at most {sigma:g}" if sigma else ""),
            [f"the smallest residual that is possible has the norm {error.distance:.6g}"],
            f"{typed} --sigma {error.enough}",
        ) from None
    terminal.show(render(found, names, target, read.name, limit, terminal.page))
    terminal.show_json(target=target, rows=len(b), unknowns=len(names), **_members(found, names))
    return 0 if found.status.name == "OPTIMAL" else NOT_CERTIFIED


def _equations(
    table: Table, target: str, drop: tuple[str, ...], retry: str
) -> tuple[list[str], Floats, Floats]:
    """Names of the unknowns, A and b."""
    import numpy as np

    from excise.table import numbers_of, require_column

    for name in (target, *drop):
        require_column(table, name, retry if name == target else "")
    names = [name for name in table.frame.columns if name != target and name not in drop]
    rows = np.arange(table.frame.height)
    if not names or not len(rows):
        missing = "columns besides the target" if len(rows) else "rows"
        raise InputError(f"{table.name} has no {missing}: there is nothing to solve")
    columns = [numbers_of(table, name, rows, "an unknown") for name in names]
    return names, np.column_stack(columns), numbers_of(table, target, rows, "the target")


def _members(found: Pursuit, names: list[str]) -> dict[str, Any]:
    """What --json prints of a solution; every unknown that is not zero."""
    return {
        "form": found.form,
        "limit": found.limit,
        "solution": [{"unknown": names[j], "value": float(found.coef[j])} for j in found.support],
        "norm1": found.norm1,
        "residual_norm": found.residual_norm,
        "bound": found.bound,
        "gap": found.gap,
        "relative_gap": found.relative_gap,
        "infeasibility": found.infeasibility,
        "dual": found.dual,
        "unique": found.unique,
        "reason": found.reason,
        "twins": [[names[j] for j in twins] for twins in found.twins],
    }
