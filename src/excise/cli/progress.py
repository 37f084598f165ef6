"""What is being done: shown on a terminal once the work takes longer than a second."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from excise.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Display

PATIENCE = 1.0
"""Seconds of silence: rich is imported only after that."""


class Progress:
    """Names the stages of a long command; with -v also how long each took."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._stage = ""
        self._began = time.perf_counter()
        self._display: Display | None = None
        self._over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(PATIENCE, self._appear)
        self._timer.daemon = True

    def __enter__(self) -> Progress:
        if self._terminal.live:
            self._timer.start()
        return self

    def stage(self, name: str) -> None:
        """The next stage begins."""
        self._end_stage()
        self._stage, self._began = name, time.perf_counter()
        with self._lock:
            if self._display is not None:
                self._display.update(self._display.task_ids[0], description=name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._display is not None:
                self._display.stop()
            self._over = True
        if kind is None:
            self._end_stage()

    def _end_stage(self) -> None:
        if self._stage:
            self._terminal.detail(f"{self._stage}: {time.perf_counter() - self._began:.3f} s")
            self._stage = ""

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import Progress as Display
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        display = Display(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if self._over:
                return
            display.add_task(self._stage, total=None)
            display.start()
            self._display = display
