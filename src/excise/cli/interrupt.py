"""Ctrl-C within a fifth of a second, whatever library is at work, and nothing half-written.

Python raises KeyboardInterrupt only between its own instructions; a long call into a library
that does not poll would hold it back. The signal also writes a byte to a pipe, where a thread
waits: if the main thread has not stopped soon after, the thread removes the temporary files and
ends the process.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

EXIT_CODE = 130
TEXT = "interrupted; no file is half-written"
PATIENCE = 0.12
"""Seconds that the main thread gets to stop by itself."""

_SHOW_CURSOR = b"\x1b[?25h"

temporary_files: set[Path] = set()
"""Files to remove when the process is interrupted while writing."""


def discard_temporary_files() -> None:
    """Remove what was begun and not finished."""
    for path in tuple(temporary_files):
        with suppress(OSError):
            path.unlink()
        temporary_files.discard(path)


def _wait_for_signal(pipe: int, stopped: threading.Event) -> None:
    caught = os.read(pipe, 1)
    os.close(pipe)
    if caught == bytes([signal.SIGINT]) and not stopped.wait(PATIENCE):
        discard_temporary_files()
        with suppress(OSError):
            os.write(2, _SHOW_CURSOR if os.isatty(2) else b"")
            os.write(2, f"\n{TEXT}\n".encode())
        os._exit(EXIT_CODE)


@contextmanager
def prompt_interrupt() -> Iterator[None]:
    """Guarantee a prompt end on Ctrl-C while the body runs (main thread only)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)
    stopped = threading.Event()
    before = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_signal, args=(ear, stopped), daemon=True).start()
    try:
        yield
    finally:
        stopped.set()
        signal.set_wakeup_fd(before)
        os.close(mouth)
        discard_temporary_files()
