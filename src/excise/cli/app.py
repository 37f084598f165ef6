"""The command group, and what becomes of errors: text on standard error and an exit code.

Exit codes: 0 done; 1 a bug; 2 usage; 3 bad data or model file; 4 finished, but not certified or
warned under --strict; 5 output not writable; 130 interrupted; 141 the reader of a pipe went away.
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from importlib import import_module
from inspect import cleandoc
from typing import Any

import click

from excise.cli.interrupt import EXIT_CODE as INTERRUPTED
from excise.cli.interrupt import TEXT as INTERRUPTED_TEXT
from excise.cli.interrupt import prompt_interrupt
from excise.cli.options import Option, global_options, sections
from excise.cli.terminal import Globals, PipeClosed, Terminal
from excise.exceptions import ExciseError, ExciseWarning, InputError, OutputError, UsageError

COMMANDS = {
    "fit": "Read a table, choose the penalty, prove and explain the model.",
    "why": "Why one feature is kept or cut: an account that adds up.",
    "ledger": "All features at this or another penalty; no refit, no data.",
    "predict": "Add the prediction to the rows of a table.",
    "explain": "One row's prediction as a sum.",
    "solve": "Solve a table of equations with the smallest sum of |x|.",
    "demo": "Write a bundled table beside you and run fit on it.",
    "info": "Versions and threads, and what alpha is called elsewhere.",
    "completion": "The completion script of a shell.",
}
HELP_FLAGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
PIPE_CLOSED = 141
BUG = 1


class Page:
    """Help pages: examples first, options by section."""

    examples: tuple[str, ...] = ()

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, usage, what it does, options."""
        if self.examples:
            with formatter.section("Examples"):
                formatter.write("".join(f"  {line}\n" for line in self.examples))
            formatter.write_paragraph()
        super().format_help(ctx, formatter)  # type: ignore[misc]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A list per section."""
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        for title, options in sections(self.get_params(ctx)).items():  # type: ignore[attr-defined]
            records = [record for o in options if (record := o.get_help_record(ctx))]
            with formatter.section(title):
                formatter.write_dl(records, col_max=26)


class Command(Page, click.Command):
    """A command that takes the global flags and receives a `Terminal`."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs["context_settings"] = {**HELP_FLAGS, **(kwargs.get("context_settings") or {})}
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.help = f"{COMMANDS[str(self.name)]}\n\n{cleandoc(self.help or '')}"
        self.params += global_options(hidden=True)
        self.epilog = "Flags for every command: excise --help"

    def invoke(self, ctx: click.Context) -> int:
        """Run with Ctrl-C answered at once; the result is the exit code."""
        terminal = Terminal(ctx.find_root().ensure_object(Globals), command=str(self.name))
        ctx.params["terminal"] = terminal
        with prompt_interrupt(), _warnings_to(terminal):
            code = super().invoke(ctx) or 0
        terminal.say_warnings()
        return int(code)


@contextmanager
def _warnings_to(terminal: Terminal) -> Iterator[None]:
    """Warnings of excise become the terminal's; those of libraries are shown with -v only."""

    def keep(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, ExciseWarning) or terminal.flags.verbose:
            terminal.warn(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", ExciseWarning)
        warnings.showwarning = keep
        yield


class Commands(Page, click.Group):
    """The group; a command's module is imported when it is called."""

    examples = (
        "excise demo",
        "excise fit houses.csv price",
        "excise why houses.excise.json garden",
    )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"excise.cli.commands.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown name is answered with the closest, or with all."""
        name = args[0]
        if name not in COMMANDS and not ctx.resilient_parsing:
            near = get_close_matches(name, COMMANDS, n=1)
            where = f"closest: {near[0]}" if near else f"commands: {', '.join(COMMANDS)}"
            raise UsageError(f"no command named '{name}'", [where], "excise --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names and sentences, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from excise._version import __version__

        sys.stdout.write(f"excise {__version__}\n")
        ctx.exit()


def _version_option() -> Option:
    kwargs: dict[str, Any] = {"is_flag": True, "expose_value": False, "is_eager": True}
    return Option(["--version"], help="Show the version.", callback=_show_version, **kwargs)


PROGRAM = Commands(
    name="excise",
    help="Sparse linear models that come with a proof and an explanation.",
    params=[*global_options(hidden=False), _version_option()],
    context_settings=HELP_FLAGS,
)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; never raises; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    flags = Globals(
        json="--json" in arguments, debug="--debug" in arguments, arguments=tuple(arguments)
    )
    code = _run(list(arguments) or ["--help"], flags)
    try:
        sys.stdout.flush()
    except OSError:
        _discard_standard_output()
    return code


def _run(arguments: list[str], flags: Globals) -> int:
    terminal = Terminal(flags, command=next((a for a in arguments if a in COMMANDS), ""))
    try:
        return int(PROGRAM.main(arguments, "excise", standalone_mode=False, obj=flags) or 0)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write(f"\n{INTERRUPTED_TEXT}\n")
        return INTERRUPTED
    except click.ClickException as error:
        return _report(_usage_error(error), terminal)
    except ExciseError as error:
        return _report(error, terminal)
    except PipeClosed:
        return PIPE_CLOSED
    except SystemExit as exit:  # how click ends when it meets a closed pipe itself
        return PIPE_CLOSED if exit.code else 0
    except MemoryError:
        return _report(InputError("out of memory", remedy="--sample 100000"), terminal)
    except Exception as error:
        return _report_bug(error, terminal)


def _report(error: ExciseError, terminal: Terminal) -> int:
    if terminal.flags.debug:
        traceback.print_exception(error)
    what = {"exit_code": error.exit_code, "fact": error.fact, "where": list(error.where)}
    with suppress(PipeClosed, OutputError):
        terminal.show_json(error={**what, "try": error.remedy or None})
    terminal.say_error(error)
    return error.exit_code


class _BugError(ExciseError):
    exit_code = BUG


def _report_bug(error: Exception, terminal: Terminal) -> int:
    fact = f"unexpected {type(error).__name__}: {error}".splitlines()[0]
    where = (
        "this is a bug in excise: please open an issue with this command,",
        "its traceback (--debug) and the output of 'excise info'",
    )
    bug = _BugError(fact, where)
    bug.__cause__ = error
    return _report(bug, terminal)


def _usage_error(error: click.ClickException) -> UsageError:
    """The words of click in the shape of every other error."""
    context = getattr(error, "ctx", None)
    remedy = f"{context.command_path if context else 'excise'} --help"
    near = ", ".join(list(getattr(error, "possibilities", None) or ())[:3])
    where = [f"closest: {near}"] if near else []
    parameter = getattr(error, "param", None)
    if option := getattr(error, "option_name", ""):
        unknown = near or "such option" in error.message
        fact = f"no flag named {option}" if unknown else error.message
    elif isinstance(error, click.MissingParameter) and parameter:
        fact = f"{parameter.human_readable_name.upper()} is missing"
        where = [_usage_line(context)] if context else []
    elif isinstance(error, click.BadParameter) and parameter:
        name = parameter.opts[0] if parameter.param_type_name == "option" else ""
        fact = f"{name or parameter.human_readable_name.upper()}: {error.message}"
    else:
        fact = error.format_message()
    return UsageError(_lower(fact if fact.endswith("...") else fact.rstrip(".")), where, remedy)


def _usage_line(context: click.Context) -> str:
    pieces = context.command.collect_usage_pieces(context)
    return " ".join(["usage:", context.command_path, *pieces])


def _lower(sentence: str) -> str:
    """The first letter small, unless the first word is all capitals."""
    return sentence if sentence[:2].isupper() else sentence[:1].lower() + sentence[1:]


def _discard_standard_output() -> None:
    """Point standard output elsewhere, so that the interpreter does not complain at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())
