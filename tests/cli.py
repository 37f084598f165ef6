"""Run the command line in this process, as a person would, and look at what it says."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from excise.cli import app

ROOT = Path(app.__file__).parent
SCHEMA = json.loads((ROOT / "schema.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Said:
    """Exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output, checked against the published schema."""
        document: dict[str, Any] = json.loads(self.out, parse_constant=_refuse)
        validator("error" if "error" in document else document["command"]).validate(document)
        return document


def _refuse(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


@cache
def validator(kind: str) -> Draft202012Validator:
    """Of one kind of document, so that a failure names the member."""
    return Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{kind}"}]})


class _Terminal(io.TextIOWrapper):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@contextmanager
def _streams(tty: bool, stdin: bytes) -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    kind = _Terminal if tty else io.TextIOWrapper
    out, err = (kind(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(stdin)), out, err
    try:
        yield out, err
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def excise(*arguments: object, tty: bool = False, stdin: bytes = b"") -> Said:
    """Run ``excise arguments`` and return what it said."""
    with _streams(tty, stdin) as (out, err):
        code = app.run([str(argument) for argument in arguments])
        texts = []
        for stream in (out, err):
            stream.flush()
            texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    return Said(code, *texts)
