"""The model file: strict JSON with a checksum; never a pickle.

One format and no fallback: text that is not exactly a model of this format is refused with an
`InputError` that says why. Nothing in a file names code, and nothing is evaluated.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path as FilePath
from typing import Any, NoReturn

from excise._version import __version__
from excise.exceptions import InputError, OutputError
from excise.model import decode
from excise.model.encode import FORMAT, VERSION, members
from excise.model.fields import Fields, is_number
from excise.model.record import Model

MOST_BYTES = 200_000_000
MOST_DEPTH = 32
REFIT = "refit with 'excise fit' to write a .excise.json"
_VERSION = re.compile(r"([0-9]{1,4})\.[0-9]{1,4}")
_PICKLES = tuple(b"\x80" + bytes([protocol]) for protocol in range(1, 8))
_OLD_PICKLES = (b"(", b"c", b"]", b"}", b"I", b"S", b"V", b"N")


def to_json(model: Model) -> str:
    """The text of the model file: a member a line, the checksum last."""
    content = members(model)
    content["sha256"] = digest(content)
    lines = (f"{json.dumps(key)}: {_compact(value)}" for key, value in content.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(content: dict[str, Any]) -> str:
    """sha256 of all members but itself, as compact JSON with sorted keys."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    text = json.dumps(
        rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def save(model: Model, path: str | FilePath) -> int:
    """Write the model file; returns its size in bytes."""
    data = to_json(model).encode("utf-8")
    write_atomically(path, data)
    return len(data)


def write_atomically(path: str | FilePath, data: bytes) -> None:
    """Write beside the target and rename, so that no half-written file is ever seen."""
    path = FilePath(path)
    temporary: FilePath | None = None
    try:
        name = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
        with open(name, "xb") as file:
            temporary = name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        temporary = None
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {path}", [_reason(error)]) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def load(path: str | FilePath) -> Model:
    """Read a model file.

    Raises
    ------
    InputError
        No such file, a pickle, not JSON, truncated, altered, of a newer major version, or with
        members that are missing, ill-formed or inconsistent.
    """
    path = FilePath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}", [_reason(error)]) from None
    return _parse(data, path.name)


def from_json(text: str) -> Model:
    """Read the text of a model file."""
    return _parse(text.encode("utf-8", errors="surrogatepass"), "the text")


def _reason(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def _parse(data: bytes, name: str) -> Model:
    if data.startswith(_PICKLES) or (data.startswith(_OLD_PICKLES) and data.endswith(b".")):
        fact = "is a pickle; excise never unpickles files, because that can run code"
        raise InputError(f"{name} {fact}", remedy=REFIT)
    if len(data) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES // 1_000_000} MB", remedy=REFIT)
    content = _read(data, name)
    _check_envelope(content, name)
    try:
        return decode.model(Fields(content))
    except InputError as error:
        raise InputError(f"{name} is damaged", error.where, REFIT) from None


def _check_envelope(content: dict[str, Any], name: str) -> None:
    """Format, version, checksum."""
    if content.get("format") != FORMAT:
        said = f"its format is {content['format']!r}"[:70] if "format" in content else "no format"
        raise _no_model(name, said)
    version = _VERSION.fullmatch(str(content.get("version")))
    if version is None:
        raise InputError(f"{name} is damaged", ["'version' must be like 1.0"], REFIT)
    if int(version[1]) > int(VERSION.partition(".")[0]):
        raise InputError(
            f"{name} has format version {version[0]}; excise {__version__} reads up to {VERSION}",
            remedy="pip install --upgrade excise",
        )
    if content.get("sha256") != _digest_of_untrusted(content):
        raise InputError(f"{name} was altered: its sha256 does not match its content", remedy=REFIT)


def _digest_of_untrusted(content: dict[str, Any]) -> str:
    try:
        return digest(content)
    except ValueError:  # lone surrogates: not text
        return ""


def _read(data: bytes, name: str) -> dict[str, Any]:
    """Strict JSON: UTF-8, one object, no NaN, no repeated names, no deep nesting."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _no_model(name, "it is not UTF-8 text") from None
    if not text.strip():
        raise InputError(f"{name} is empty", remedy=REFIT)
    try:
        content = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float
        )
    except json.JSONDecodeError as error:
        raise _not_json(error, text, name) from None
    except RecursionError:
        raise _no_model(name, "it is nested too deeply") from None
    except ValueError as error:
        raise _no_model(name, str(error)[:70]) from None
    if not isinstance(content, dict):
        raise _no_model(name, "it is no JSON object")
    if _depth(content) > MOST_DEPTH:
        raise _no_model(name, "it is nested too deeply")
    return content


def _no_model(name: str, reason: str) -> InputError:
    return InputError(f"{name} is not an excise model", [reason], REFIT)


def _not_json(error: json.JSONDecodeError, text: str, name: str) -> InputError:
    ours = text.lstrip().startswith("{") and FORMAT in text[:200]
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if ours and cut:
        return InputError(f"{name} is truncated: it ends in the middle", remedy=REFIT)
    where = f"not JSON at line {error.lineno}, column {error.colno}: {error.msg.lower()}"
    return InputError(f"{name} is {'damaged' if ours else 'not an excise model'}", [where], REFIT)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("it repeats a name in one object")
    return content


def _constant(text: str) -> NoReturn:
    raise ValueError(f"it holds {text}, which is not JSON")


def _float(text: str) -> float:
    value = float(text)
    if not is_number(value):
        raise ValueError("it holds a number that is too large")
    return value


def _depth(content: Any) -> int:
    level, depth = [content], 0
    while level:
        depth += 1
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [x for items in inner for x in items if isinstance(x, (dict, list))]
    return depth
