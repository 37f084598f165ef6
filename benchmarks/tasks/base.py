"""What every task is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import Peer
from benchmarks.problems import Problem

Result = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes
    ----------
    peers : tuple of Peer
        Who takes part, ours first.
    budget : float
        Seconds for a group of interleaved runs.
    ladder : sequence of str
        Names of the problems whose paths are measured at other tolerances too.
    quick : bool
        Cut sizes down to try the machinery.
    gb : float
        Size of the memory map's file in GB (1e9 bytes).
    folder : Path, optional
        Where to put that file; the system's place for temporary files if None.
    """

    peers: tuple[Peer, ...]
    budget: float = 6.0
    ladder: Sequence[str] = ()
    quick: bool = False
    gb: float = 2.0
    folder: Path | None = None


@dataclass(frozen=True)
class Task:
    """A kind of measurement: ``measure(settings)``, or that of each of `problems` too.

    `losses` says whether it takes problems of every loss, or of the squared one alone.
    """

    measure: Callable[..., Result]
    problems: tuple[str, ...] = ()
    losses: bool = False

    def takes(self, problem: Problem) -> bool:
        """Whether `problem` can be measured so."""
        return self.losses or problem.family == "squared"
