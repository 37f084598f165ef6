"""The model file: strict JSON with a checksum; never a pickle."""

from __future__ import annotations

from pathlib import Path as FilePath

from excise.model.record import Model


def load(path: str | FilePath) -> Model:
    """Read a model file; every way it can be wrong is an `InputError` that says how."""
    raise NotImplementedError
