"""Arrays that lie in a file: a file that shrinks under its map ends the process that reads on.

The kernel sends SIGBUS for a page beyond the end of the file, which no handler can turn into an
exception. The size of the file is one cheap question, so it is asked before and while X is read.
"""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from excise.exceptions import InputError

STREAMED = 1 << 30
"""Bytes from which a map is read as a stream: pages are given back once they were read."""


def is_streamed(array: NDArray[Any]) -> bool:
    """Whether the array is large and lies in a map that nobody can have written to."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if isinstance(owner, np.memmap) and owner.mode == "r":
            return array.nbytes >= STREAMED and not array.flags.writeable
        owner = owner.base
    return False


def bytes_needed(array: NDArray[Any]) -> int:
    """Bytes that the file behind an array must have; 0 where there is none."""
    found = _map_behind(array)
    if found is None or (size := _size(found[0])) is None:
        return 0
    mapping, start = found
    # without NumPy's offset only the file as it is now is known to be enough
    return len(mapping) + start if start is not None else max(len(mapping), size)


def refuse_shrunk(array: NDArray[Any], needed: int) -> None:
    """Refuse to read an array whose file has fewer bytes than it `needed` at first."""
    found = _map_behind(array)
    size = _size(found[0]) if found else None
    if size is None or size >= needed:
        return
    raise InputError(
        f"the file behind X has shrunk from {needed} to {size} bytes",
        ["X is memory-mapped: reading what is no longer there would end the process"],
        "map the file again when it is written, or read it into memory: np.array(X)",
    )


def _map_behind(array: NDArray[Any]) -> tuple[mmap.mmap, int | None] | None:
    """The map that owns the memory, and where in the file it begins, if NumPy made it."""
    start: int | None = None
    owner: Any = array
    while isinstance(owner, (np.ndarray, memoryview)):
        if isinstance(owner, np.memmap) and owner.offset is not None:
            start = owner.offset - owner.offset % mmap.ALLOCATIONGRANULARITY
        owner = owner.obj if isinstance(owner, memoryview) else owner.base
    return (owner, start) if isinstance(owner, mmap.mmap) else None


def _size(mapping: mmap.mmap) -> int | None:
    """Size of the file now; None for a map of no file."""
    try:
        return mapping.size()
    except (OSError, ValueError):
        return None
