"""Where a table comes from: the bytes of a file or of standard input, and what they are."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from excise.exceptions import InputError
from excise.explain.words import closest

STANDARD_INPUT = "standard input"

_NOT_TABLES = {
    b"\x1f\x8b": ("is compressed with gzip", "gunzip -k {}"),
    b"PK\x03\x04": ("is a zip archive or a spreadsheet (xlsx, ods)", "save it as CSV"),
    b"\xd0\xcf\x11\xe0": ("is an old Excel workbook", "save it as CSV"),
    b"SQLite format 3": ("is a SQLite database", "export the table as CSV"),
    b"\x89HDF": ("is an HDF5 file", "write the table as Parquet or CSV"),
    b"\x93NUMPY": ("is a NumPy array without column names", "write it as CSV with a header"),
    b"%PDF": ("is a PDF document", "save the table as CSV"),
}
_KINDS = "excise reads CSV, TSV, Parquet and Arrow IPC"
_NOT_OFFERED = (".json", ".html", ".py", ".md")
_PICKLE_PROTOCOLS = range(2, 6)


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes with a name.

    Attributes
    ----------
    name : str
        As messages call it: the file's name, or "standard input".
    typed : str
        As a command would name it, quoted for the shell.
    data : bytes
    format : str
        "text", "parquet", "arrow" or "arrow stream".
    """

    name: str
    typed: str
    data: bytes
    format: str = "text"


def open_source(path: str | Path, retry: str = "") -> Source:
    """Read all of `path` ("-" is standard input) and tell the format by its first bytes.

    `retry` is a command with ``{}`` for the file, offered when a file name is mistyped.
    """
    if str(path) == "-":
        name, typed, data = STANDARD_INPUT, "-", sys.stdin.buffer.read()
    else:
        file = Path(path)
        name, typed, data = file.name, shlex.quote(str(path)), _read(file, retry)
    if not data.strip():
        raise InputError(f"{name} is empty", remedy="check what wrote it; a header is needed")
    return Source(name, typed, data, _format(data, name, typed))


def _read(file: Path, retry: str) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise _no_file(file, retry) from None
    except IsADirectoryError:
        raise _is_folder(file, retry) from None
    except PermissionError:
        raise InputError(
            f"cannot read {file}: permission denied", remedy=f"chmod u+r {shlex.quote(str(file))}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot read {str(file)!r}: {reason.lower()}") from None


def _no_file(file: Path, retry: str) -> InputError:
    folder = file.parent
    if not folder.is_dir():
        return InputError(
            f"no folder named {str(folder)!r}", [f"so there is no file {file.name!r}"]
        )
    near = closest(file.name, [n for n in _file_names(folder) if not n.endswith(_NOT_OFFERED)])
    return InputError(f"no file named {str(file)!r}", *_offer(folder, near, retry))


def _is_folder(folder: Path, retry: str) -> InputError:
    tables = [n for n in _file_names(folder) if n.endswith((".csv", ".tsv", ".parquet", ".arrow"))]
    return InputError(
        f"{str(folder)!r} is a folder, not a table", *_offer(folder, tables[:3], retry)
    )


def _offer(folder: Path, names: list[str], retry: str) -> tuple[list[str], str]:
    """The lines that offer files of `folder`, and the command with the first of them."""
    if not names:
        return [f"no table is near that name; {_KINDS}"], ""
    place = "in this folder" if folder == Path() else f"in {folder}"
    command = retry.replace("{}", shlex.quote(str(folder / names[0])))
    return [f"closest {place}: {', '.join(names)}"], command


def _file_names(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file())
    except OSError:
        return []


def _format(data: bytes, name: str, typed: str) -> str:
    """The format, by magic bytes first; the extension only says what a broken file should be."""
    if data[:4] == b"PAR1":
        return "parquet"
    if data[:6] == b"ARROW1":
        return "arrow"
    if data[:4] == b"\xff\xff\xff\xff":
        return "arrow stream"
    _refuse_other_kinds(data, name, typed)
    extension = Path(name).suffix.lower()
    if extension in (".parquet", ".pq"):
        raise InputError(f"{name} is not a Parquet file: it does not begin with PAR1", [_KINDS])
    if extension in (".arrow", ".feather", ".ipc"):
        raise InputError(f"{name} is not an Arrow file: it does not begin with ARROW1", [_KINDS])
    return "text"


def _refuse_other_kinds(data: bytes, name: str, typed: str) -> None:
    if data[0] == 0x80 and data[1:2] and data[1] in _PICKLE_PROTOCOLS:
        raise InputError(
            f"{name} is a pickle; excise never unpickles files, because that can run code",
            remedy="write the table as Parquet or CSV where it was pickled",
        )
    for magic, (kind, remedy) in _NOT_TABLES.items():
        if data.startswith(magic):
            raise InputError(f"{name} {kind}, not a table", [_KINDS], remedy.replace("{}", typed))
    head, tail = data[:64].lstrip().lower(), data[-64:].rstrip()
    if head.startswith((b"<!doctype", b"<html")):
        raise InputError(f"{name} is a web page, not a table", [_KINDS], "download the file itself")
    if (head[:1], tail[-1:]) in ((b"{", b"}"), (b"[", b"]")):
        raise InputError(f"{name} is JSON, not a table", [_KINDS], "write the table as CSV")
