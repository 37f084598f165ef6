"""The model record and its file."""

from excise.model.build import build_model
from excise.model.file import load
from excise.model.parts import (
    Column,
    CVRecord,
    PathRecord,
    Penalty,
    Point,
    Proof,
    Score,
    Target,
)
from excise.model.record import Model

__all__ = [
    "CVRecord",
    "Column",
    "Model",
    "PathRecord",
    "Penalty",
    "Point",
    "Proof",
    "Score",
    "Target",
    "build_model",
    "load",
]
