"""`excise completion`: the script that a shell needs to complete commands and flags."""

from __future__ import annotations

import click

from excise.cli.app import PROGRAM, Command
from excise.cli.terminal import Terminal

_SHELLS = {
    "bash": "~/.local/share/bash-completion/completions/excise",
    "zsh": "~/.zfunc/_excise",
    "fish": "~/.config/fish/completions/excise.fish",
}


@click.command(
    "completion",
    cls=Command,
    examples=[f"excise completion {shell} > {place}" for shell, place in _SHELLS.items()],
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def command(terminal: Terminal, shell: str) -> None:
    """Write it where your shell looks for such scripts."""
    from click.shell_completion import get_completion_class

    completer = get_completion_class(shell)
    assert completer is not None
    script = completer(PROGRAM, {}, "excise", "_EXCISE_COMPLETE").source()
    terminal.show(script.splitlines())
    terminal.show_json(shell=shell, script=script)
