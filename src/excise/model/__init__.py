"""The model record and its file."""

from excise.explain import CVRecord, Point, Proof, Score
from excise.model.build import build_model
from excise.model.facts import Fact, facts
from excise.model.file import load
from excise.model.parts import Column, PathRecord, Penalty, Target
from excise.model.record import Model

__all__ = [
    "CVRecord",
    "Column",
    "Fact",
    "Model",
    "PathRecord",
    "Penalty",
    "Point",
    "Proof",
    "Score",
    "Target",
    "build_model",
    "facts",
    "load",
]
