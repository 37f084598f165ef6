"""`excise fit`: read, path, cross-validation, choice, ledger, model file and report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from excise.cli.app import Command
from excise.cli.fit_options import FitOptions, fit_options
from excise.cli.output import check_writable, write_files
from excise.cli.progress import Progress
from excise.cli.terminal import Terminal

if TYPE_CHECKING:
    from excise.cli.fitting import Fitted
    from excise.model import Model
    from excise.table import Plan

NOT_CERTIFIED = 4


@click.command(
    "fit",
    cls=Command,
    examples=[
        "excise fit houses.csv price",
        "excise fit houses.csv price --drop 'id*' --rule min",
        "excise fit houses.csv price --schedule prune:0",
        "excise fit patients.csv months,died",
        "excise fit wines.csv alcohol,acidity,sugar",
        "cat houses.csv | excise fit - price -o houses --json",
    ],
)
@click.argument("table", type=click.Path(allow_dash=True))
@click.argument("target")
@fit_options
def command(terminal: Terminal, **flags: Any) -> int:
    """TABLE is CSV, TSV, Parquet or Arrow ('-' is standard input), TARGET the column to predict.

    Survival times are two columns, TIME,EVENT, the second 1 where the event came, 0 where the row
    is censored. Several responses are columns of numbers, A,B,C: a feature is in or out for all of
    them together. Two columns are TIME,EVENT where the second has two values at most or no numbers,
    else responses (with --task number always). Writes NAME.excise.json, the model, and
    NAME.report.html.
    """
    return fit(terminal, FitOptions(**flags))


def fit(terminal: Terminal, options: FitOptions) -> int:
    """Run a fit and show it; returns the exit code."""
    if not options.dry_run:
        for path in filter(None, (options.model_path, options.report_path)):
            check_writable(path, force=options.force)
    with Progress(terminal) as progress:
        progress.stage("loading")
        from excise.cli import fitting
        from excise.table import Plan

        flags = terminal.flags
        fitted = fitting.fit(options, flags.threads, flags.command_line, progress.stage)
        if isinstance(fitted, Plan):
            return _show_plan(terminal, options, fitted)
        progress.stage("writing")
        sizes = write_files(_texts(options, fitted.model))
    for detail in fitted.details:
        terminal.detail(detail)
    for warning in fitted.model.warnings:
        terminal.warn(warning)
    _show(terminal, options, fitted, sizes)
    strict = options.strict and bool(terminal.warnings)
    return NOT_CERTIFIED if strict or not fitted.certified else 0


def _texts(options: FitOptions, model: Model) -> dict[Path, str]:
    texts: dict[Path, str] = {}
    if options.model_path:
        texts[options.model_path] = model.to_json()
    if options.report_path:
        from excise.report import render_report

        texts[options.report_path] = render_report(model)
    return texts


def _show_plan(terminal: Terminal, options: FitOptions, planned: Plan) -> int:
    from excise.cli.fit_document import data
    from excise.cli.task import loss_for
    from excise.cli.text.fit import plan
    from excise.losses import task_of
    from excise.model.parts import joint_name

    loss = loss_for(planned, options)
    for warning in planned.warnings:
        terminal.warn(warning)
    terminal.show(plan(planned, terminal.page))
    terminal.show_json(
        data=data(planned, planned.summary()),
        task=task_of(loss),
        loss=loss.spec,
        target=joint_name(planned.target.responses) or planned.target.name,
        event=planned.target.event or None,
        offset=planned.target.offset or None,
        levels=list(planned.target.levels),
        outputs=list(planned.target.responses),
        dry_run=True,
    )
    return 0


def _show(terminal: Terminal, options: FitOptions, fitted: Fitted, sizes: dict[Path, int]) -> None:
    from excise.cli.fit_document import document
    from excise.cli.text.fit import next_line, render

    page = render(
        fitted.model,
        fitted.summary,
        terminal.page,
        tested=str(fitted.tested or ""),
        limit=options.limit,
        sort=options.sort,
    )
    if not terminal.flags.quiet:
        terminal.show(page)
    terminal.show_json(**document(fitted, sizes))
    if sizes:
        named = ", ".join(f"{path} ({_size(n)})" for path, n in sizes.items())
        terminal.say(f"wrote {named} in {terminal.seconds}")
    if options.model_path:
        terminal.say(next_line(fitted.model, str(options.model_path)))
    if options.open_report and options.report_path:
        import webbrowser

        webbrowser.open(options.report_path.absolute().as_uri())


def _size(n: int) -> str:
    return f"{max(round(n / 1000), 1):,} KB" if n < 1e6 else f"{n / 1e6:.1f} MB"
