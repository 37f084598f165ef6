"""`excise demo`: a bundled table, written beside you and fitted."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from excise.cli.app import Command
from excise.cli.output import check_writable, write_files
from excise.cli.terminal import Terminal

DEFAULT = "diabetes"


@click.command(
    "demo",
    cls=Command,
    examples=["excise demo", "excise demo needles", "excise demo diabetes --rule min"],
    context_settings={"ignore_unknown_options": True},
)
@click.argument("name_and_flags", nargs=-1, type=click.UNPROCESSED, metavar="[NAME] [FIT FLAGS]")
@click.pass_context
def command(ctx: click.Context, terminal: Terminal, name_and_flags: tuple[str, ...]) -> int:
    """NAME is diabetes, breast-cancer or needles; the flags are those of fit."""
    from excise.cli.commands import fit
    from excise.table import DEMOS, demo_path

    named = bool(name_and_flags) and not name_and_flags[0].startswith("-")
    name, flags = (name_and_flags[0], name_and_flags[1:]) if named else (DEFAULT, name_and_flags)
    source = demo_path(name)
    demo = DEMOS[name]
    path = Path(source.name)
    if not (path.is_file() and path.read_bytes() == source.read_bytes()):
        check_writable(path, force="--force" in flags)
        write_files({path: source.read_text(encoding="utf-8")})
        terminal.say(f"wrote {path}: {demo.story}")
    arguments = [str(path), demo.target, *flags]
    terminal.say(f"$ {shlex.join(['excise', 'fit', str(path), demo.target, *flags])}")
    return int(fit.command.main(arguments, standalone_mode=False, obj=ctx.find_root().obj) or 0)
