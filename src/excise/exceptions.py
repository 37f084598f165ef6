"""What can go wrong, said the same way everywhere: one fact, where, and what to try.

The command line prints ``error: <fact>``, the indented ``where`` lines and ``try: <remedy>``;
in Python the same words are the message of a ``ValueError`` or ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Sequence


class ExciseError(Exception):
    """Base of every error that excise raises on purpose.

    Parameters
    ----------
    fact : str
        What is wrong, in one lower-case line.
    where : sequence of str, default=()
        Lines that say where or what exactly.
    remedy : str, default=""
        A command or change that works.
    """

    exit_code = 3

    def __init__(self, fact: str, where: Sequence[str] = (), remedy: str = "") -> None:
        self.fact = fact
        self.where = tuple(where)
        self.remedy = remedy
        super().__init__("\n".join(self.lines()))

    def lines(self) -> list[str]:
        """The message, a line each."""
        tail = [f"  try: {self.remedy}"] if self.remedy else []
        return [self.fact, *(f"  {line}" for line in self.where), *tail]


class InputError(ExciseError, ValueError):
    """Data, a model file or an argument has a value that cannot be used."""


class InputTypeError(ExciseError, TypeError):
    """Data or an argument is of a kind that cannot be used."""


class UsageError(ExciseError, ValueError):
    """The command line was called in a way that has no meaning."""

    exit_code = 2


class OutputError(ExciseError, OSError):
    """A result could not be written; nothing is left half-written."""

    exit_code = 5


class ExciseWarning(UserWarning):
    """Base of every warning of excise."""


class ConvergenceWarning(ExciseWarning):
    """The certified gap is above the tolerance; the text gives gap, target, consequence, cure."""


class DataWarning(ExciseWarning):
    """The data were usable, but something in them deserves a look."""
