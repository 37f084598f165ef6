"""Streams: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from excise.cli.document import SCHEMA, plain
from excise.cli.text.cells import clean
from excise.cli.text.page import Page
from excise.exceptions import ExciseError, OutputError

PIPED_WIDTH = 80
LEAST_WIDTH = 20
SHOWN_WARNINGS = 5


@dataclass
class Globals:
    """Flags that every command takes, before or after its name."""

    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    color: Literal["auto", "always", "never"] = "auto"
    width: int | None = None
    ascii: bool = False
    json: bool = False
    threads: int | None = None
    arguments: tuple[str, ...] = ()

    @property
    def command_line(self) -> str:
        """The command as it was typed."""
        return shlex.join(["excise", *self.arguments])


@dataclass
class Terminal:
    """Where a command speaks; it collects warnings and says them once, at the end."""

    flags: Globals
    command: str = ""
    warnings: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    @property
    def page(self) -> Page:
        """The sheet that results are set on."""
        return Page(
            width=max(self.flags.width or self._stream_width(), LEAST_WIDTH),
            ascii=self.flags.ascii or not _encodes(sys.stdout.encoding),
            color=self._colors(sys.stdout),
        )

    @property
    def seconds(self) -> str:
        """Time since the command began."""
        return f"{time.perf_counter() - self.started:.1f} s"

    @property
    def live(self) -> bool:
        """Whether somebody watches standard error."""
        return not self.flags.quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, lines: Sequence[str]) -> None:
        """Results, to standard output (nothing with --json)."""
        if lines:
            self.write("\n".join(lines) + "\n")

    def write(self, text: str) -> None:
        """A result as it is, to standard output (nothing with --json)."""
        if not self.flags.json:
            _write(text)

    def show_json(self, **members: Any) -> None:
        """With --json only: one object with the schema, the command, these members, warnings."""
        if self.flags.json:
            head = {"schema": SCHEMA, "command": self.command or None}
            document = plain({**head, **members, "warnings": self.warnings})
            text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
            _write(f"{text}\n")

    def say(self, line: str) -> None:
        """A remark to standard error, unless -q."""
        if not self.flags.quiet:
            sys.stderr.write(clean(line) + "\n")

    def detail(self, line: str) -> None:
        """A remark to standard error with -v."""
        if self.flags.verbose:
            self.say(line)

    def warn(self, text: str) -> None:
        """Keep a warning (each once) for the end."""
        if text not in self.warnings:
            self.warnings.append(text)

    def say_warnings(self) -> None:
        """The warnings: at most five, and how many more there are."""
        most = len(self.warnings) if self.flags.verbose else SHOWN_WARNINGS
        for warning in self.warnings[:most]:
            self._say_block("warning", warning.split("\n"))
        if len(self.warnings) > most:
            self.say(f"and {len(self.warnings) - most} more (-v)")

    def say_error(self, error: ExciseError) -> None:
        """``error:`` and the fact, where, and what to try; also with -q."""
        self._say_block("error", error.lines(), always=True)

    def _say_block(
        self, word: Literal["error", "warning"], lines: Sequence[str], always: bool = False
    ) -> None:
        if self.flags.quiet and not always:
            return
        width = max(self.flags.width or PIPED_WIDTH, LEAST_WIDTH)
        page = Page(width, color=self._colors(sys.stderr))
        first, *rest = (clean(line) for line in lines)
        text = [f"{word}: {first}", *(f"  {line.strip()}" for line in rest)]
        if word == "warning":
            text = [part for line in text for part in page.wrap(line.strip(), _margin(line), "  ")]
        text[0] = text[0].replace(f"{word}:", page.paint(word, f"{word}:"), 1)
        sys.stderr.write("\n".join(text) + "\n")

    def _stream_width(self) -> int:
        if not sys.stdout.isatty():
            return PIPED_WIDTH
        return shutil.get_terminal_size((PIPED_WIDTH, 24)).columns

    def _colors(self, stream: Any) -> bool:
        if self.flags.color != "auto":
            return self.flags.color == "always"
        plain = os.environ.get("NO_COLOR") or os.environ.get("CI")
        return not plain and os.environ.get("TERM") != "dumb" and bool(stream.isatty())


class PipeClosed(Exception):  # noqa: N818 - not an error: the reader has seen enough
    """Nobody reads standard output any more."""


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise PipeClosed from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write to standard output: {reason}") from None


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _encodes(encoding: str | None) -> bool:
    """Whether the bars can be written in this encoding."""
    try:
        "▒█░┊…".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
