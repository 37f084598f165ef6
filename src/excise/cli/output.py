"""Files that appear whole or not at all, and never in the place of somebody else's work."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from excise.cli.interrupt import discard_temporary_files, temporary_files
from excise.exceptions import OutputError

Writer = Callable[[Path], object]
_MARKS = (b'"format": "excise', b'"format":"excise', b'<meta name="generator" content="excise')
_HEAD = 4096


def is_ours(path: Path) -> bool:
    """Whether the file says in its first bytes that excise wrote it."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return any(mark in head for mark in _MARKS)


def check_writable(path: Path, *, force: bool = False) -> None:
    """Raise `OutputError` when `path` cannot be written, before any work is done."""
    folder = path.parent
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder", remedy="-o with a file name")
    if not folder.is_dir():
        raise OutputError(
            f"cannot write {path}: there is no folder {folder}", remedy=f"mkdir -p {folder}"
        )
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied", remedy="-o with another name")
    if path.exists() and not force and not _safe_to_replace(path):
        raise OutputError(
            f"{path} exists and was not written by excise",
            remedy="-o with another name, or --force to overwrite it",
        )


def _safe_to_replace(path: Path) -> bool:
    return path.is_file() and (path.stat().st_size == 0 or is_ours(path))


def write_files(files: Mapping[Path, str | Writer]) -> dict[Path, int]:
    """Write all files, then move all into place; returns their sizes in bytes.

    A value is the text itself, or a function that writes to the path it is given.
    """
    staged: dict[Path, Path] = {}
    current = Path()
    try:
        for current, content in files.items():
            staged[current] = _stage(current, content)
        sizes = {path: temporary.stat().st_size for path, temporary in staged.items()}
        for current, temporary in staged.items():
            temporary.replace(current)
            temporary_files.discard(temporary)
        return sizes
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write {current}: {reason.lower()}", remedy="-o with another place"
        ) from error
    finally:
        discard_temporary_files()


def _stage(path: Path, content: str | Writer) -> Path:
    """A finished temporary file beside `path`, with the suffix and the permissions it will have."""
    handle, name = tempfile.mkstemp(prefix=".excise-", suffix=path.suffix, dir=path.parent)
    temporary = Path(name)
    temporary_files.add(temporary)
    with os.fdopen(handle, "wb") as file:
        if isinstance(content, str):
            file.write(content.encode("utf-8"))
    if not isinstance(content, str):
        content(temporary)
    temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else _default_mode())
    return temporary


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
